"""The verbs of `manage.py dolt`, one module each.

A module has `help`, `add_arguments(parser)` and `handle(options, write)`, where `write` prints
a line. All of them have `options["database"]`, the static alias.
"""
