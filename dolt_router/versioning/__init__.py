"""Version control verbs: functions on refs. No HTTP, no models of the site.

The models, the commands and the pages call these; the SQL stands here and in `backends`.
"""
