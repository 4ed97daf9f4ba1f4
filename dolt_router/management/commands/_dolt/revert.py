"""Undo a commit."""

from __future__ import annotations

from typing import Any

from dolt_router import aliases
from dolt_router.management.output import Output
from dolt_router.versioning import commits, resets

help = "Undo a commit by a new one on the active branch. Exit code 1: conflicts."


def add_arguments(parser: Any) -> None:
    parser.add_argument("commit", help="its hash; a range as since..until is undone as a whole")
    parser.add_argument("-m", "--message", help="of the new commit, for a range")
    parser.add_argument("--author", help="of the new commit: 'Name <email>'")


def handle(options: dict[str, Any], out: Output) -> None:
    branch = aliases.current_branch(options["using"])
    since, dots, until = options["commit"].partition("..")
    if dots:
        made = resets.revert_range(
            since, until or branch, branch, options["message"], options["author"], options["using"]
        ).commit_hash
    else:
        made = commits.revert(options["commit"], branch, options["author"], options["using"])
    out(f'Reverted on "{branch}": {made}')
    out.data({"branch": branch, "hash": made})
