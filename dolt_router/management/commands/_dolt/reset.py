"""Move a branch."""

from __future__ import annotations

from typing import Any

from dolt_router import aliases
from dolt_router.management.output import Output
from dolt_router.versioning import resets

help = "Move the active branch to another commit. Commits that would be lost need --force."


REVISIONS = ("to",)


def add_arguments(parser: Any) -> None:
    parser.add_argument("to", help="a branch, tag or commit")
    parser.add_argument("--hard", action="store_true", help="accepted, as git's: always so here")
    parser.add_argument("-f", "--force", action="store_true", help="also when commits get lost")


def handle(options: dict[str, Any], out: Output) -> None:
    branch = aliases.current_branch(options["using"])
    commit_hash = resets.reset(branch, options["to"], options["force"], options["using"])
    out(f'"{branch}" is at {commit_hash}')
    out.data({"branch": branch, "hash": commit_hash})
