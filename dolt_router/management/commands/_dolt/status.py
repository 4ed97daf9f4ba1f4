"""The working set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dolt_router import aliases
from dolt_router.versioning.sharing import status

help = "Show what in the active branch's working set is not committed."


def add_arguments(parser: Any) -> None:
    """No arguments of its own."""


def handle(options: dict[str, Any], write: Callable[[str], Any]) -> None:
    branch = aliases.current_branch(options["using"])
    found = status(branch, options["using"])
    write(f'On branch "{branch}"')
    for row in found:
        write(f"  {row['status']}: {row['table_name']}{' (staged)' if row['staged'] else ''}")
    if not found:
        write("Nothing to commit, the working set is clean.")
    else:
        write("These rows go into the next commit, whoever makes it.")
