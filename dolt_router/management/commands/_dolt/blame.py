"""Who last changed each field of one object."""

from __future__ import annotations

from typing import Any

from dolt_router.management.output import Output
from dolt_router.versioning.history import blame

from . import objects

help = "Show who last changed each field of an object."


def add_arguments(parser: Any) -> None:
    objects.add_arguments(parser)
    parser.add_argument("--ref", help="a branch, tag or commit; the active branch when left out")


def handle(options: dict[str, Any], out: Output) -> None:
    using = options["using"] if options["ref"] else None
    found = blame(objects.named(options), options["ref"], using)
    out.data({name: objects.facts(version) for name, version in found.items()})
    if out.as_json:
        return
    out.table(
        ["field", "value", "commit", "author", "date", "message"],
        [
            (
                name,
                version.texts(version.changes[0])[1],
                version.commit_hash[:8],
                version.author,
                f"{version.date:%Y-%m-%d %H:%M}",
                version.subject,
            )
            for name, version in found.items()
        ],
    )
