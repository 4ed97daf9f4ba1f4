"""Pull requests, rules of branches and permissions on them: an app of its own.

Its tables are shared (see `dolt_router.shared`): they live once, on the default branch, and are
in no commit. Importing this imports no model.
"""
