"""Push a branch to a remote."""

from __future__ import annotations

from typing import Any

from dolt_router import aliases
from dolt_router.management.output import Output
from dolt_router.versioning import remotes

help = "Push the commits of a branch to a remote. Shared tables are in no commit."


def add_arguments(parser: Any) -> None:
    parser.add_argument("remote", nargs="?", help="the branch's own, else origin")
    parser.add_argument("ref", nargs="?", metavar="branch", help="the active one when left out")
    parser.add_argument(
        "-f",
        "--force",
        nargs="?",
        const=True,
        default=False,
        choices=["always"],
        help="overwrite the branch there, unless it moved since the last fetch; "
        "--force=always: even then",
    )
    parser.add_argument(
        "--force-with-lease", action="store_const", const=True, dest="force", help="as --force"
    )
    parser.add_argument("-u", "--set-upstream", action="store_true", help="remember the remote")
    parser.add_argument(
        "--no-site-there",
        action="store_true",
        help="no site runs on that Dolt server's database: the default branch may be pushed to it",
    )
    parser.add_argument("--user", help="to log in as; the password is in DOLT_REMOTE_PASSWORD")


def handle(options: dict[str, Any], out: Output) -> None:
    using = options["using"]
    branch = options["ref"] or aliases.current_branch(using)
    remote = options["remote"] or remotes.default_remote(branch, using)
    with out.progress(f'Pushing "{branch}"'):
        result = remotes.push(
            branch,
            remote,
            options["force"],
            options["set_upstream"],
            options["user"],
            using,
            no_site_there=options["no_site_there"],
        )
    out.data(result)
    if result.up_to_date:
        out("Everything up-to-date")
        return
    url = next(known.url for known in remotes.list_remotes(using) if known.name == remote)
    out(f"To {url}")
    out(f"   {result.commit_hash[:8]}  {branch} -> {branch}")
