"""List, create and delete tags."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from dolt_router import aliases
from dolt_router.management.output import Output
from dolt_router.models import Tag
from dolt_router.versioning import tags

help = "List, create or delete tags."


REVISIONS = ("ref",)


def add_arguments(parser: Any) -> None:
    parser.add_argument("name", nargs="?", help="of the tag to create (or to delete)")
    parser.add_argument("ref", nargs="?", help="what it names; the active branch when left out")
    parser.add_argument("-m", "--message", help="of the tag; its name when left out")
    parser.add_argument("-d", "--delete", action="store_true", help="delete the tag")


def handle(options: dict[str, Any], out: Output) -> None:
    name, using = options["name"], options["using"]
    if name is None:
        if options["delete"]:
            raise CommandError("Name the tag.")
        found = list(Tag.objects.using(aliases.default_alias(using)))
        out.table(["tag", "commit", "message"], [(t.name, t.hash[:8], t.message) for t in found])
        out.data([{"name": t.name, "hash": t.hash, "message": t.message} for t in found])
    elif options["delete"]:
        tags.delete(name, using)
        out(f'Deleted tag "{name}"')
        out.data({"deleted": name})
    else:
        commit_hash = tags.create(name, options["ref"], options["message"], using=using)
        out(f'Tagged {commit_hash[:8]} as "{name}"')
        out.data({"name": name, "hash": commit_hash})
