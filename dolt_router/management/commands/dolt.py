"""`manage.py dolt <verb>`: git's verbs, on a Dolt database.

    manage.py dolt branch feature/x            create a branch (-m rename, -d delete)
    manage.py dolt log [ref]                   the history of a ref, newest first
    manage.py dolt show [commit]               one commit and what it changed
    manage.py dolt diff [from] [to]            what differs: per table, --rows, --format
    manage.py dolt history, blame, restore     one object: its versions, who set what, back to one
    manage.py dolt merge feature/x             merge into the active branch
    manage.py dolt conflicts feature/x         what a merge would conflict in
    manage.py dolt sync, rebase                bring a branch up to date
    manage.py dolt revert <commit>             undo a commit by a new one
    manage.py dolt cherry-pick <commit>        repeat a commit on the active branch
    manage.py dolt reset <ref>                 move the active branch
    manage.py dolt tag v1.0                    name a commit
    manage.py dolt remote, fetch, push, pull, clone
    manage.py dolt status, discard             what isn't committed
    manage.py dolt on feature/x -- <command>   any command, on a branch
    manage.py dolt migrate-branches            migrate all branches
    manage.py dolt share                       move the tables of SHARED_APPS out of versioning
    manage.py dolt queue                       merge queued pull requests, send messages
    manage.py dolt permissions                 who may do what; --mirror: for direct SQL users too
    manage.py dolt gc                          free space
    manage.py dolt backup create, restore      the whole database, while the site runs
    manage.py dolt copy --to other             heads and shared rows, to either engine

The active branch is DEFAULT_BRANCH, unless --branch or the variable DOLT_BRANCH names another.
--as, or the variable DOLT_USER, names the user who acts; without one it is the system itself.
A commit is named as in git: by a branch, a tag, its hash (or how it begins), HEAD, main~2.
"""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from contextlib import ExitStack
from importlib import import_module
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.connection import ConnectionDoesNotExist

from dolt_router import aliases
from dolt_router.access import acting_as, user_called
from dolt_router.context import use_branch
from dolt_router.exceptions import DoltRouterError, MergeConflict
from dolt_router.management.output import Output
from dolt_router.versioning import revisions

VERBS = (
    "branch",
    "log",
    "show",
    "diff",
    "history",
    "blame",
    "restore",
    "merge",
    "conflicts",
    "sync",
    "rebase",
    "revert",
    "cherry-pick",
    "reset",
    "tag",
    "remote",
    "fetch",
    "push",
    "pull",
    "clone",
    "status",
    "discard",
    "on",
    "migrate-branches",
    "share",
    "queue",
    "permissions",
    "gc",
    "backup",
    "copy",
)


class Command(BaseCommand):
    """Dispatches to the modules in `_dolt`."""

    help = __doc__ or ""
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs.setdefault("formatter_class", RawDescriptionHelpFormatter)
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", metavar="verb", required=True)
        for name in VERBS:
            module = _module(name)
            sub = verbs.add_parser(name, help=module.help, description=module.help)
            sub.add_argument(
                "--using", help="the alias of the database; the first Dolt alias when left out"
            )
            sub.add_argument("--branch", help="the branch to work on, as the active one")
            sub.add_argument(
                "--as",
                dest="as_user",
                metavar="USER",
                help="act as this user: with their permissions, and as author of the commits",
            )
            sub.add_argument("--json", action="store_true", help="print the result as JSON")
            module.add_arguments(sub)

    def handle(self, *args: Any, **options: Any) -> None:
        module = _module(options["verb"])
        out = Output(self.stdout, bool(options.get("json")))
        try:
            options["using"] = aliases.default_root(options.get("using"))
            with ExitStack() as scope:
                if options.get("as_user"):
                    scope.enter_context(acting_as(user_called(options["as_user"])))
                if options.get("branch"):
                    scope.enter_context(use_branch(options["branch"], options["using"]))
                for key in getattr(module, "REVISIONS", ()):
                    if options[key]:
                        options[key] = revisions.named(options[key], options["using"])
                module.handle(options, out)
        except MergeConflict as error:
            raise CommandError(str(error), returncode=1) from error
        except (DoltRouterError, ConnectionDoesNotExist, ValueError) as error:
            raise CommandError(str(error), returncode=128) from error


def _module(verb: str) -> Any:
    return import_module(f"{__package__}._dolt.{verb.replace('-', '_')}")
