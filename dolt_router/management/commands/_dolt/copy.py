"""Copy a database to another one, on either engine."""

from __future__ import annotations

from typing import Any

from dolt_router.management.output import Output
from dolt_router.versioning import copies

help = (
    "Copy the head of every branch, and the shared rows, to the database of another alias: "
    "to a Dolt server and back. History stays behind."
)


def add_arguments(parser: Any) -> None:
    parser.add_argument("--to", required=True, metavar="ALIAS", help="migrated, and empty")
    parser.add_argument("--force", action="store_true", help="replace the rows that it has")


def handle(options: dict[str, Any], out: Output) -> None:
    with out.progress("Copying rows") as advance:
        result = copies.copy(options["using"], options["to"], options["force"], advance)
    out.table(("branch", "commit"), result.branches.items())
    out(f"Copied {sum(result.rows.values())} rows of the default branch, and compared all.")
    for name in result.left_out:
        out(f"Left out: {name}")
    out.data(result)
