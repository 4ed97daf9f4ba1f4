"""One object back to what it was."""

from __future__ import annotations

from typing import Any

from dolt_router.management.output import Output
from dolt_router.versioning.history import restore

from . import objects

help = "Put an object, or some of its fields, back to what it was, by a new commit."


def add_arguments(parser: Any) -> None:
    objects.add_arguments(parser)
    parser.add_argument("to", help="a branch, tag, commit, or a moment as 2024-05-31T12:00")
    parser.add_argument(
        "--field", action="append", dest="fields", help="only this field; may be repeated"
    )
    parser.add_argument("-m", "--message", help="of the commit")
    parser.add_argument("--author", help="of the commit, as Name <email>")


def handle(options: dict[str, Any], out: Output) -> None:
    obj = objects.named(options)
    made = restore(
        obj, objects.point(options["to"]), options["fields"], options["message"], options["author"]
    )
    out.data({"hash": made})
    if made:
        out(f"Restored {obj._meta.label} {obj.pk} in commit {made[:8]}")
    else:
        out(f"{obj._meta.label} {obj.pk} is so already: nothing to restore.")
