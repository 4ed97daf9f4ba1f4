"""Move the tables of SHARED_APPS out of version control."""

from __future__ import annotations

from typing import Any

from dolt_router.management.output import Output
from dolt_router.versioning.sharing import (
    drop_keys_of_shared_tables,
    keys_of_shared_tables,
    tracked_shared_tables,
    untrack,
    versioned_keys_to,
)

help = (
    "Move tables of SHARED_APPS that are versioned still out of version control, and drop the "
    "foreign keys that shared tables have."
)


def add_arguments(parser: Any) -> None:
    parser.add_argument("-n", "--dry-run", action="store_true", help="only say what would be done")


def handle(options: dict[str, Any], out: Output) -> None:
    using = options["using"]
    tables = tracked_shared_tables(using)
    keys = versioned_keys_to(tables, using) + keys_of_shared_tables(using)
    if not tables and not keys:
        out("Every table of SHARED_APPS is shared already.")
        return
    for table in tables:
        out(f"share {table}")
    for table, name in keys:
        out(f"drop foreign key {name} of {table}")
    if options["dry_run"]:
        return
    commit_hash = untrack(tables, using)
    drop_keys_of_shared_tables(using)
    if commit_hash is not None:
        out(f"Done in commit {commit_hash}. Merge the default branch into the others.")
