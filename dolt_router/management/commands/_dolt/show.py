"""One commit."""

from __future__ import annotations

from typing import Any

from dolt_router.management.output import Output
from dolt_router.models import Commit
from dolt_router.versioning.diffs import diff

from .diff import print_rows, print_tables
from .log import as_dict, print_commit

help = "Show a commit and what it changed: per table, or with --rows field by field."
REVISIONS = ("commit",)


def add_arguments(parser: Any) -> None:
    parser.add_argument("commit", nargs="?", default="HEAD", help="HEAD when left out")
    parser.add_argument("--rows", action="store_true", help="row by row, field by field")


def handle(options: dict[str, Any], out: Output) -> None:
    commit: Any = Commit.objects.on(options["commit"], options["using"])[0]
    using, parents = options["using"], commit.parents()
    changes = diff(parents[0], commit.commit_hash, using) if parents else []
    out.data({**as_dict(commit), "parents": parents, "tables": changes})
    if out.as_json:
        return
    print_commit(commit, out)
    if options["rows"] and parents:
        print_rows(parents[0], commit.commit_hash, using, out)
    else:
        print_tables(changes, out)
