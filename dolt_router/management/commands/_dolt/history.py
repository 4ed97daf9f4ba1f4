"""The versions of one object."""

from __future__ import annotations

from typing import Any

from dolt_router.management.output import Output
from dolt_router.versioning.history import history_of

from . import objects

help = "Show who changed what in an object, newest first."


def add_arguments(parser: Any) -> None:
    objects.add_arguments(parser)
    parser.add_argument("--ref", help="a branch, tag or commit; the active branch when left out")
    parser.add_argument("-n", "--max-count", type=int, default=20, help="how many (20)")
    parser.add_argument("--before", help="go on after this commit, the last one of a page")


def handle(options: dict[str, Any], out: Output) -> None:
    obj = objects.named(options)
    versions = history_of(
        obj,
        ref=options["ref"],
        using=options["using"] if options["ref"] else None,
        limit=options["max_count"],
        before=options["before"],
    )
    out.data([objects.facts(version) for version in versions])
    if not versions:
        out(f"No version of {obj._meta.label} {obj.pk} there.")
    for version in versions if not out.as_json else ():
        out(f"commit {version.commit_hash}  ({version.kind})")
        out(f"Author: {version.author}")
        out(f"Date:   {version.date:%Y-%m-%d %H:%M:%S %z}")
        out(f"    {version.subject}")
        out.table(
            ["", "field", "before", "", "after"],
            [
                ("   ", change.field, old, "->", new)
                for change, (old, new) in ((c, version.texts(c)) for c in version.changes)
            ],
        )
        out()
