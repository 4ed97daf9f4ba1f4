"""Throw away what isn't committed."""

from __future__ import annotations

from typing import Any

from dolt_router import aliases
from dolt_router.management.output import Output
from dolt_router.versioning import resets
from dolt_router.versioning.sharing import status

help = "Throw away what in the active branch's working set is not committed."


def add_arguments(parser: Any) -> None:
    parser.add_argument("tables", nargs="*", help="only of these tables")
    parser.add_argument("-n", "--dry-run", action="store_true", help="only say what would go")


def handle(options: dict[str, Any], out: Output) -> None:
    using, wanted = options["using"], options["tables"]
    branch = aliases.current_branch(using)
    found = [str(row["table_name"]) for row in status(branch, using)]
    going = [table for table in found if not wanted or table in wanted]
    for table in going:
        out(f"discard {table}")
    if not going:
        out("Nothing to discard.")
    elif not options["dry_run"]:
        resets.discard(branch, wanted or None, using)
    out.data({"branch": branch, "tables": going})
