"""Move the tables of SHARED_APPS out of version control."""

from __future__ import annotations

from typing import Any

from dolt_router.management.output import Output
from dolt_router.versioning.sharing import tracked_shared_tables, untrack, versioned_keys_to

help = "Move tables of SHARED_APPS that are versioned still out of version control."


def add_arguments(parser: Any) -> None:
    parser.add_argument("-n", "--dry-run", action="store_true", help="only say what would be done")


def handle(options: dict[str, Any], out: Output) -> None:
    tables = tracked_shared_tables(options["using"])
    if not tables:
        out("Every table of SHARED_APPS is shared already.")
        return
    for table in tables:
        out(f"share {table}")
    for table, name in versioned_keys_to(tables, options["using"]):
        out(f"drop foreign key {name} of {table}")
    if options["dry_run"]:
        return
    commit_hash = untrack(tables, options["using"])
    out(f"Done in commit {commit_hash}. Merge the default branch into the others.")
