"""The verbs of `manage.py dolt`, one module each.

A module has `help`, `add_arguments(parser)` and `handle(options, out)`, where `out` is an
`Output`: it prints for people, or, with `--json`, the one value that `out.data` is given.
All of them have `options["using"]`, the static alias of the database.
"""
