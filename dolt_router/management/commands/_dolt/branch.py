"""List, create, rename and delete branches."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from dolt_router import aliases
from dolt_router.management.output import Output
from dolt_router.models import Branch
from dolt_router.versioning import branches, revisions, tags

help = "List, create, rename or delete branches."


def add_arguments(parser: Any) -> None:
    parser.add_argument("name", nargs="?", help="of the branch to create (or to rename or delete)")
    parser.add_argument("start", nargs="?", help="where it starts; with -m its new name")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("-m", "--move", action="store_true", help="rename <name> to <start>")
    action.add_argument("-d", "--delete", action="store_true", help="delete a merged branch")
    action.add_argument(
        "--archive", action="store_true", help="delete it and keep its head as the tag archive/NAME"
    )
    action.add_argument("-D", action="store_true", dest="force", help="delete it, merged or not")


def handle(options: dict[str, Any], out: Output) -> None:
    name, start, using = options["name"], options["start"], options["using"]
    if name is None:
        if options["move"] or options["delete"] or options["force"] or options["archive"]:
            raise CommandError("Name the branch.")
        active = aliases.current_branch(using)
        found = list(Branch.objects.using(aliases.default_alias(using)))
        out.data([{"name": b.name, "hash": b.hash, "active": b.name == active} for b in found])
        if out.is_terminal:
            rows = [
                (
                    "*" if b.name == active else "",
                    b.name,
                    b.hash[:8],
                    b.latest_committer,
                    b.latest_commit_message.partition("\n")[0],
                )
                for b in found
            ]
            out.table(["", "branch", "commit", "by", "message"], rows)
            return
        for branch in found:
            mark = "*" if branch.name == active else " "
            subject = branch.latest_commit_message.partition("\n")[0]
            out(f"{mark} {branch.name}  {branch.hash[:8]}  {subject}")
    elif options["move"]:
        if start is None:
            raise CommandError("Give the old name and the new one.")
        branches.rename(name, start, using)
        out(f'Renamed branch "{name}" to "{start}"')
    elif options["archive"]:
        out(f'Archived branch "{name}" as tag "{tags.archive(name, using=using)}"')
    elif options["delete"] or options["force"]:
        branches.delete(name, options["force"], using)
        out(f'Deleted branch "{name}"')
    else:
        begin = revisions.named(start, using) if start else None
        start = branches.create(name, begin, using)
        out(f'Created branch "{name}" at "{start}"')
