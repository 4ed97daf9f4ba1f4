"""What a merge would conflict in."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from dolt_router import aliases
from dolt_router.management.output import Output, shown
from dolt_router.versioning.conflicts import conflicts
from dolt_router.versioning.merges import preview_merge

help = (
    "Show the rows that merging a branch into the active one would conflict in. Exit code 1: some."
)


def add_arguments(parser: Any) -> None:
    parser.add_argument("source", help="the branch to merge")
    parser.add_argument("--into", help="the active branch when left out")
    parser.add_argument("--table", help="only of this table")


def handle(options: dict[str, Any], out: Output) -> None:
    using = options["using"]
    into = options["into"] or aliases.current_branch(using)
    preview = preview_merge(options["source"], into, using)
    found = 0
    for conflict in conflicts(options["source"], into, using, options["table"]):
        found += 1
        key = "/".join(str(value) for value in conflict.key.values())
        out(f"{conflict.table} {key}: {conflict.kind}")
        for name, base, ours, theirs in conflict.fields:
            out(f"  {name}: {shown(base)} -> {shown(ours)} (ours), {shown(theirs)} (theirs)")
        out.each([{**vars(conflict), "kind": conflict.kind, "fields": conflict.fields}])
    for table in preview.schema_conflicts:
        out(f"{table}: schema conflict")
    if found or preview.schema_conflicts:
        raise CommandError(f"{found} row(s) in conflict.", returncode=1)
    out("No conflicts.")
