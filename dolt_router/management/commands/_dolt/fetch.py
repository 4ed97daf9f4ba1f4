"""Get the commits of a remote."""

from __future__ import annotations

from typing import Any

from dolt_router.management.output import Output
from dolt_router.versioning import remotes

help = "Get the commits and tags of a remote; no branch moves."


def add_arguments(parser: Any) -> None:
    parser.add_argument("remote", nargs="?", default="origin", help="origin when left out")
    parser.add_argument("ref", nargs="?", metavar="branch", help="this branch only")
    parser.add_argument("-p", "--prune", action="store_true", help="forget what is gone there")
    parser.add_argument("--user", help="to log in as; the password is in DOLT_REMOTE_PASSWORD")


def handle(options: dict[str, Any], out: Output) -> None:
    with out.progress("Fetching"):
        result = remotes.fetch(
            options["remote"], options["ref"], options["prune"], options["user"], options["using"]
        )
    out.data(result)
    if not result.updated:
        out("Already up to date.")
    out.table(
        ("before", "after", "ref"),
        [
            ((update.before or "new")[:8], (update.after or "gone")[:8], update.name)
            for update in result.updated
        ],
    )
