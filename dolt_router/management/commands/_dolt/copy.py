"""Copy a database to another one, on either engine."""

from __future__ import annotations

from typing import Any

from dolt_router.management.output import Output
from dolt_router.versioning import copies

help = (
    "Copy the head of every branch, or the whole history, and the shared rows, to the database of "
    "another alias: to a Dolt server and back."
)


def add_arguments(parser: Any) -> None:
    parser.add_argument("--to", required=True, metavar="ALIAS", help="migrated, and empty")
    parser.add_argument("--force", action="store_true", help="replace the rows that it has")
    parser.add_argument(
        "--history",
        action="store_true",
        help="make every commit again, with its author, date, message and parents; all or nothing",
    )


def handle(options: dict[str, Any], out: Output) -> None:
    history = options["history"]
    with out.progress("Making commits" if history else "Copying rows") as advance:
        result = copies.copy(
            options["using"], options["to"], options["force"], advance, history=history
        )
    out.table(("branch", "commit"), result.branches.items())
    out(f"Copied {sum(result.rows.values())} rows of the default branch, and compared all.")
    if history:
        out(
            f"Made {len(result.commits)} commits, with their authors, dates, messages and parents, "
            f"and compared all rows of {result.compared} of them, besides the heads."
        )
    if result.migrations:
        out(
            f"{result.migrations} of them ran migrations: the rows of those before are in the "
            "tables of today."
        )
    for name in result.left_out:
        out(f"Left out: {name}")
    out.data(result)
