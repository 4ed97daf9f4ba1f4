"""The history of a ref."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dolt_router import aliases
from dolt_router.models import Commit

help = "Show the commits of a branch, tag or commit, newest first."


def add_arguments(parser: Any) -> None:
    parser.add_argument("ref", nargs="?", help="the active branch when left out")
    parser.add_argument("-n", "--max-count", type=int, default=20, help="how many (20)")
    parser.add_argument("--oneline", action="store_true", help="one line a commit")


def handle(options: dict[str, Any], write: Callable[[str], Any]) -> None:
    ref = options["ref"] or aliases.current_branch(options["using"])
    for commit in Commit.objects.on(ref, options["using"])[: options["max_count"]]:
        if options["oneline"]:
            write(f"{commit.commit_hash[:8]} {commit.subject}")
            continue
        write(f"commit {commit.commit_hash}")
        write(f"Author: {commit.author}")
        write(f"Date:   {commit.date:%Y-%m-%d %H:%M:%S %z}\n")
        write("\n".join("    " + line for line in commit.message.splitlines()) + "\n")
