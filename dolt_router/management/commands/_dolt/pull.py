"""Fetch a branch of a remote and merge it."""

from __future__ import annotations

from typing import Any

from dolt_router import aliases
from dolt_router.management.output import Output
from dolt_router.versioning import remotes

help = "Fetch a branch of a remote and merge it into the same one here. Exit code 1: conflicts."


def add_arguments(parser: Any) -> None:
    parser.add_argument("remote", nargs="?", help="the branch's own, else origin")
    parser.add_argument("ref", nargs="?", metavar="branch", help="the active one when left out")
    parser.add_argument("-m", "--message", help="of the merge commit")
    parser.add_argument("--author", help="of the merge commit: 'Name <email>'")
    parser.add_argument("--user", help="to log in as; the password is in DOLT_REMOTE_PASSWORD")
    strategy = parser.add_mutually_exclusive_group()
    for name in ("no-ff", "ff-only", "squash"):
        strategy.add_argument(f"--{name}", action="store_const", const=name, dest="strategy")


def handle(options: dict[str, Any], out: Output) -> None:
    using = options["using"]
    branch = options["ref"] or aliases.current_branch(using)
    with out.progress(f'Pulling "{branch}"'):
        result = remotes.pull(
            branch,
            options["remote"] or remotes.default_remote(branch, using),
            options["message"],
            options["author"],
            options["strategy"] or "merge",
            options["user"],
            using,
        )
    out.data(result)
    if result.up_to_date:
        out("Already up to date.")
    else:
        how = "Fast-forward" if result.fast_forward else "Merged"
        out(f'{how}: "{branch}" is at {result.commit_hash}')
