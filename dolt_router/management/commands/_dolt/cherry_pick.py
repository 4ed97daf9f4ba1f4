"""Repeat a commit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dolt_router import aliases
from dolt_router.versioning import commits

help = "Repeat what a commit changed on the active branch. Exit code 1: conflicts."


def add_arguments(parser: Any) -> None:
    parser.add_argument("commit", help="its hash")


def handle(options: dict[str, Any], write: Callable[[str], Any]) -> None:
    branch = aliases.current_branch(options["using"])
    made = commits.cherry_pick(options["commit"], branch, using=options["using"])
    write(f'Picked onto "{branch}": {made}')
