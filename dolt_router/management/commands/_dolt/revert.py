"""Undo a commit."""

from __future__ import annotations

from typing import Any

from dolt_router import aliases
from dolt_router.management.output import Output
from dolt_router.versioning import commits, resets, revisions

help = "Undo a commit by a new one on the active branch. Exit code 1: conflicts."


def add_arguments(parser: Any) -> None:
    parser.add_argument(
        "commit", help="its hash, or HEAD; a range as since..until is undone as a whole"
    )
    parser.add_argument("-m", "--message", help="of the new commit, for a range")
    parser.add_argument("--author", help="of the new commit: 'Name <email>'")


def handle(options: dict[str, Any], out: Output) -> None:
    branch = aliases.current_branch(options["using"])
    using, found = options["using"], revisions.span(options["commit"])
    if found:
        made = resets.revert_range(
            revisions.named(found.before or "HEAD", using),
            revisions.named(found.after or "HEAD", using),
            branch,
            options["message"],
            options["author"],
            using,
        ).commit_hash
    else:
        commit = revisions.named(options["commit"], using)
        made = commits.revert(commit, branch, options["author"], using)
    out(f'Reverted on "{branch}": {made}')
    out.data({"branch": branch, "hash": made})
