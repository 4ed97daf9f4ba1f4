"""Undo a commit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dolt_router import aliases
from dolt_router.versioning import commits

help = "Undo a commit by a new one on the active branch. Exit code 1: conflicts."


def add_arguments(parser: Any) -> None:
    parser.add_argument("commit", help="its hash")
    parser.add_argument("--author", help="of the new commit: 'Name <email>'")


def handle(options: dict[str, Any], write: Callable[[str], Any]) -> None:
    branch = aliases.current_branch(options["using"])
    made = commits.revert(options["commit"], branch, options["author"], options["using"])
    write(f'Reverted on "{branch}": {made}')
