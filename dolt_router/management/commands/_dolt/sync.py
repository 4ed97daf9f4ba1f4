"""Bring a branch up to date with the default branch."""

from __future__ import annotations

from typing import Any

from dolt_router import aliases
from dolt_router.management.output import Output
from dolt_router.versioning.merges import sync

help = "Merge the default branch into the active one. Exit code 1: conflicts."


def add_arguments(parser: Any) -> None:
    parser.add_argument("--resolve", choices=["ours", "theirs"], help="who wins a conflict")


def handle(options: dict[str, Any], out: Output) -> None:
    branch = aliases.current_branch(options["using"])
    result = sync(branch, options["using"], resolve=options["resolve"])
    out("Already up to date." if result.up_to_date else f'"{branch}" is at {result.commit_hash}')
    out.data({**result._asdict(), "up_to_date": result.up_to_date})
