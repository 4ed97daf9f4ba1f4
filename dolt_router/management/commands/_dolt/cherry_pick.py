"""Repeat a commit."""

from __future__ import annotations

from typing import Any

from dolt_router import aliases
from dolt_router.management.output import Output
from dolt_router.versioning import commits

help = "Repeat what a commit changed on the active branch. Exit code 1: conflicts."


REVISIONS = ("commit",)


def add_arguments(parser: Any) -> None:
    parser.add_argument("commit", help="its hash, or a branch: its last commit")


def handle(options: dict[str, Any], out: Output) -> None:
    branch = aliases.current_branch(options["using"])
    made = commits.cherry_pick(options["commit"], branch, using=options["using"])
    out(f'Picked onto "{branch}": {made}')
    out.data({"branch": branch, "hash": made})
