"""Merge a branch."""

from __future__ import annotations

from typing import Any

from dolt_router import aliases
from dolt_router.management.output import Output
from dolt_router.versioning.merges import merge

help = "Merge a branch into the active one; --into names another. Exit code 1: conflicts."


REVISIONS = ("source",)


def add_arguments(parser: Any) -> None:
    parser.add_argument("source", help="the branch to merge")
    parser.add_argument("--into", help="the active branch when left out")
    parser.add_argument("-m", "--message", help="of the merge commit")
    parser.add_argument("--resolve", choices=["ours", "theirs"], help="who wins a conflict")
    parser.add_argument("--author", help="of the merge commit: 'Name <email>'")
    strategy = parser.add_mutually_exclusive_group()
    for name in ("no-ff", "ff-only", "squash"):
        strategy.add_argument(f"--{name}", action="store_const", const=name, dest="strategy")


def handle(options: dict[str, Any], out: Output) -> None:
    into = options["into"] or aliases.current_branch(options["using"])
    result = merge(
        options["source"],
        into,
        options["message"],
        options["author"],
        options["strategy"] or "merge",
        options["using"],
        resolve=options["resolve"],
    )
    if result.up_to_date:
        out("Already up to date.")
    else:
        how = "Fast-forward" if result.fast_forward else "Merged"
        out(f'{how}: "{into}" is at {result.commit_hash}')
    out.data({**result._asdict(), "up_to_date": result.up_to_date})
