"""What two refs differ in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dolt_router import aliases
from dolt_router.conf import conf
from dolt_router.versioning.diffs import diff

help = "Show per table what differs between two refs."


def add_arguments(parser: Any) -> None:
    parser.add_argument("from_ref", nargs="?", help="the default branch when left out")
    parser.add_argument("to_ref", nargs="?", help="the active branch when left out")
    parser.add_argument(
        "--merge-base", action="store_true", help="compare with the merge base (three dots)"
    )


def handle(options: dict[str, Any], write: Callable[[str], Any]) -> None:
    using = options["using"]
    before = options["from_ref"] or str(conf.DEFAULT_BRANCH)
    after = options["to_ref"] or aliases.current_branch(using)
    for change in diff(before, after, using, symmetric=options["merge_base"]):
        schema = "  schema changed" if change.schema_changed else ""
        write(
            f"{change.kind:9} {change.table}  +{change.rows_added} ~{change.rows_modified} "
            f"-{change.rows_deleted}{schema}"
        )
