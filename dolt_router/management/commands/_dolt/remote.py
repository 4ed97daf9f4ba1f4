"""List, add and remove remotes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from dolt_router.management.output import Output
from dolt_router.versioning import remotes

help = "List, add or remove remotes."


def add_arguments(parser: Any) -> None:
    parser.add_argument("action", nargs="?", choices=["add", "remove"], help="list when left out")
    parser.add_argument("name", nargs="?", help="of the remote")
    parser.add_argument("url", nargs="?", help="where it is")
    parser.add_argument("-v", action="store_true", dest="urls", help="list the URLs too")


def handle(options: dict[str, Any], out: Output) -> None:
    action, name, url, using = (options[key] for key in ("action", "name", "url", "using"))
    if action is None:
        found = remotes.list_remotes(using)
        columns = ("name", "url") if options["urls"] else ("name",)
        out.table(columns, [remote[: len(columns)] for remote in found])
        out.data(found)
    elif action == "add":
        if name is None or url is None:
            raise CommandError("Give the name and the URL: dolt remote add <name> <url>")
        added = remotes.add(name, url, using)
        out(f'Added remote "{added.name}" at {added.url}')
        out.data(added)
    else:
        if name is None or url is not None:
            raise CommandError("Give the name: dolt remote remove <name>")
        remotes.remove(name, using)
        out(f'Removed remote "{name}"')
        out.data({"removed": name})
