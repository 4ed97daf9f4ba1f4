"""The verbs of `manage.py dolt`, one module each.

A module has `help`, `add_arguments(parser)` and `handle(options, out)`, where `out` is an
`Output`: it prints for people, or, with `--json`, the one value that `out.data` is given.
`REVISIONS` names its options that are one commit each, named as in git (`HEAD~2`): they come to
`handle` as a branch, tag or whole hash.
All of them have `options["using"]`, the static alias of the database.
"""
