"""Repeat a branch's commits on top of another."""

from __future__ import annotations

from typing import Any

from dolt_router import aliases
from dolt_router.management.output import Output
from dolt_router.versioning import resets

help = "Repeat the active branch's commits on top of another branch. Exit code 1: conflicts."


REVISIONS = ("onto",)


def add_arguments(parser: Any) -> None:
    parser.add_argument("onto", nargs="?", help="the default branch when left out")


def handle(options: dict[str, Any], out: Output) -> None:
    branch = aliases.current_branch(options["using"])
    made = resets.rebase(branch, options["onto"], options["using"])
    out(f'Rebased {len(made)} commit(s) of "{branch}"' if made else "Already up to date.")
    out.data({"branch": branch, "commits": made})
