"""What two refs differ in."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff
from itertools import islice
from typing import Any

from dolt_router import aliases
from dolt_router.conf import conf
from dolt_router.management.output import Output, shown
from dolt_router.versioning import revisions
from dolt_router.versioning.diffs import SchemaChange, TableChange, diff, schema_changes
from dolt_router.versioning.exports import FORMATS, as_dict, sql_lines
from dolt_router.versioning.rows import (
    WORKING,
    RowChange,
    all_changes,
    names_of_related,
    related_model,
)

help = "Show what differs between two refs: per table, row by row, or as a file."
_MARKS = {"added": "+", "removed": "-", "modified": "~"}


def add_arguments(parser: Any) -> None:
    parser.add_argument(
        "from_ref", nargs="?", help="the default branch when left out; also from..to"
    )
    parser.add_argument("to_ref", nargs="?", help="the active branch when left out")
    parser.add_argument(
        "--merge-base", action="store_true", help="compare with the merge base (three dots)"
    )
    parser.add_argument("--stat", action="store_true", help="rows per table, as without it")
    parser.add_argument("--schema", action="store_true", help="the definitions of tables")
    parser.add_argument("--rows", action="store_true", help="row by row, field by field")
    parser.add_argument("--table", action="append", dest="tables", help="only of this table")
    parser.add_argument("--format", choices=[*FORMATS, "sql"], help="as a file, to the output")


def handle(options: dict[str, Any], out: Output) -> None:
    using, tables, symmetric = options["using"], options["tables"], options["merge_base"]
    before = options["from_ref"] or str(conf.DEFAULT_BRANCH)
    after = options["to_ref"] or aliases.current_branch(using)
    if not options["to_ref"] and (span := revisions.span(before)):
        before, after = span.before or "HEAD", span.after or "HEAD"
        symmetric = symmetric or span.from_merge_base
    before, after = (
        ref if ref == WORKING else revisions.named(ref, using) for ref in (before, after)
    )
    if options["schema"]:
        _print_schema(schema_changes(before, after, using, symmetric), tables, out)
        return
    if options["format"] == "sql":
        for line in sql_lines(before, after, using, tables):
            out.stdout.write(line)
        return
    if options["format"] or options["rows"]:
        rows = all_changes(before, after, using, tables, symmetric)
        if options["format"]:
            for line in FORMATS[options["format"]](rows):
                out.stdout.write(line)
            return
        _print_pages(rows, before, after, using, out)
        return
    found = [c for c in diff(before, after, using, symmetric) if not tables or c.table in tables]
    out.data(found)
    print_tables(found, out)


def print_rows(before: str, after: str, using: str | None, out: Output) -> None:
    """All that differs, field by field."""
    _print_pages(all_changes(before, after, using), before, after, using, out)


def _print_pages(
    rows: Iterator[RowChange], before: str, after: str, using: str | None, out: Output
) -> None:
    while page := list(islice(rows, 200)):
        names = {} if out.as_json else _names(page, before, after, using)
        for row in page:
            _print_row(row, names, out)


def print_tables(found: list[TableChange], out: Output) -> None:
    """A table on a terminal, a line a table in a pipe."""
    if out.is_terminal:
        out.table(
            ["table", "change", "added", "modified", "deleted", "schema"],
            [(c.table, c.kind, *c[3:], "changed" if c.schema_changed else "") for c in found],
        )
        return
    for change in found:
        schema = "  schema changed" if change.schema_changed else ""
        out(
            f"{change.kind:9} {change.table}  +{change.rows_added} ~{change.rows_modified} "
            f"-{change.rows_deleted}{schema}"
        )


Names = dict[tuple[Any, Any], str]


def _names(page: list[RowChange], before: str, after: str, using: str | None) -> Names:
    """What the objects that foreign keys point to are called, before and after."""
    names: Names = {}
    for ref in (before, after):
        if ref != WORKING:
            names |= names_of_related(page, ref, using)
    return names


def _print_schema(changes: list[SchemaChange], tables: list[str] | None, out: Output) -> None:
    """As a unified diff of the CREATE statements."""
    wanted = [change for change in changes if not tables or change.table in tables]
    out.data(wanted)
    for change in wanted:
        before, after = (change.before or "").splitlines(), (change.after or "").splitlines()
        for line in unified_diff(before, after, change.table, change.table, lineterm=""):
            out(line)


def _print_row(change: RowChange, names: Names, out: Output) -> None:
    key = "/".join(str(value) for value in change.key.values())
    out(f"{_MARKS[change.kind]} {change.table} {key}")
    for field in change.fields:
        old, new = (_shown(change, field.field, side, names) for side in (field.old, field.new))
        if change.kind == "modified":
            out(f"    {field.field}: {old} -> {new}")
        else:
            out(f"    {field.field}: {old if change.kind == 'removed' else new}")
    out.each([as_dict(change)])


def _shown(change: RowChange, field: str, value: Any, names: Names) -> str:
    related = related_model(change.model, field)
    if related is None or value is None:
        return shown(value)
    if isinstance(value, set | frozenset):
        each = (_shown(change, field, one, names) for one in sorted(value, key=str))
        return "{" + ", ".join(each) + "}"
    name = names.get((related, value))
    return f"{shown(value)} ({name})" if name else shown(value)
