"""List, create, rename and delete branches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError

from dolt_router import aliases
from dolt_router.models import Branch
from dolt_router.versioning import branches

help = "List, create, rename or delete branches."


def add_arguments(parser: Any) -> None:
    parser.add_argument("name", nargs="?", help="of the branch to create (or to rename or delete)")
    parser.add_argument("start", nargs="?", help="where it starts; with -m its new name")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("-m", "--move", action="store_true", help="rename <name> to <start>")
    action.add_argument("-d", "--delete", action="store_true", help="delete a merged branch")
    action.add_argument("-D", action="store_true", dest="force", help="delete it, merged or not")


def handle(options: dict[str, Any], write: Callable[[str], Any]) -> None:
    name, start, using = options["name"], options["start"], options["using"]
    if name is None:
        if options["move"] or options["delete"] or options["force"]:
            raise CommandError("Name the branch.")
        active = aliases.current_branch(using)
        for branch in Branch.objects.using(aliases.default_alias(using)):
            mark = "*" if branch.name == active else " "
            subject = branch.latest_commit_message.partition("\n")[0]
            write(f"{mark} {branch.name}  {branch.hash[:8]}  {subject}")
    elif options["move"]:
        if start is None:
            raise CommandError("Give the old name and the new one.")
        branches.rename(name, start, using)
        write(f'Renamed branch "{name}" to "{start}"')
    elif options["delete"] or options["force"]:
        branches.delete(name, options["force"], using)
        write(f'Deleted branch "{name}"')
    else:
        branches.create(name, start, using)
        write(f'Created branch "{name}" at "{start or aliases.current_branch(using)}"')
