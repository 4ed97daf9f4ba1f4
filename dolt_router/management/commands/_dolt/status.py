"""The working set."""

from __future__ import annotations

from typing import Any

from dolt_router import aliases
from dolt_router.management.output import Output
from dolt_router.versioning.sharing import status

help = "Show what in the active branch's working set is not committed."


def add_arguments(parser: Any) -> None:
    """No arguments of its own."""


def handle(options: dict[str, Any], out: Output) -> None:
    branch = aliases.current_branch(options["using"])
    found = status(branch, options["using"])
    out(f'On branch "{branch}"')
    out.data({"branch": branch, "changes": found})
    for row in found:
        out(f"  {row['status']}: {row['table_name']}{' (staged)' if row['staged'] else ''}")
    if not found:
        out("Nothing to commit, the working set is clean.")
    else:
        out("These rows go into the next commit, whoever makes it.")
