"""What two refs differ in, per table.

https://docs.dolthub.com/sql-reference/version-control/dolt-sql-functions#dolt_diff_stat
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..backends.engine import fetch_dicts
from ..names import validate_ref
from .branches import resolve
from .session import verb_connection


class TableChange(NamedTuple):
    """How one table differs: numbers of rows.

    `kind` is added, dropped, renamed or modified.
    """

    table: str
    kind: str
    schema_changed: bool
    rows_added: int
    rows_modified: int
    rows_deleted: int


def diff(
    from_ref: str, to_ref: str, using: str | None = None, symmetric: bool = False
) -> list[TableChange]:
    """What changed from one ref to another, a TableChange per table, by table name.

    Args:
        symmetric: compare with the merge base instead of `from_ref`: what a merge of
            `to_ref` into `from_ref` would bring (git's three dots).

    Raises:
        BranchDoesNotExist: a ref isn't there.
    """
    marks, refs = _between(from_ref, to_ref, using, symmetric)
    with verb_connection(to_ref, using) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM dolt_diff_summary({marks})", refs)
        internal = connection.engine.is_internal
        summary = [row for row in fetch_dicts(cursor) if not internal(_name_in(row))]
        cursor.execute(f"SELECT * FROM dolt_diff_stat({marks})", refs)
        stats = {row["table_name"]: row for row in fetch_dicts(cursor)}
        reshaped = {change.table for change in _schema_changes(cursor, refs)} if summary else set()
    changes = []
    for row in summary:
        name = _name_in(row)
        stat = stats.get(name, {})
        changes.append(
            TableChange(
                name,
                row["diff_type"],
                name in reshaped,
                int(stat.get("rows_added") or 0),
                int(stat.get("rows_modified") or 0),
                int(stat.get("rows_deleted") or 0),
            )
        )
    # A table whose AUTO_INCREMENT counter alone moved differs in nothing that is anyone's data.
    return sorted(change for change in changes if change.kind != "modified" or any(change[2:]))


def _name_in(row: dict[str, Any]) -> str:
    return str(row["to_table_name"] or row["from_table_name"])


def _between(
    from_ref: str, to_ref: str, using: str | None, symmetric: bool
) -> tuple[str, list[str]]:
    """The marks and the values of the refs for a table function; both refs are there."""
    for ref in (from_ref, to_ref):
        validate_ref(ref)
        resolve(ref, using)
    if symmetric:
        return "%s", [f"{from_ref}...{to_ref}"]
    return "%s, %s", [from_ref, to_ref]


class SchemaChange(NamedTuple):
    """How the definition of one table differs: two CREATE statements, None where there is none.

    A moved AUTO_INCREMENT counter is no difference, and is left out of both.
    """

    table: str
    before: str | None
    after: str | None


def schema_changes(
    from_ref: str, to_ref: str, using: str | None = None, symmetric: bool = False
) -> list[SchemaChange]:
    """The tables whose columns, keys or options differ between two refs, by table name.

    Raises:
        BranchDoesNotExist: a ref isn't there.
    """
    _marks, refs = _between(from_ref, to_ref, using, symmetric)
    with verb_connection(to_ref, using) as connection, connection.cursor() as cursor:
        return _schema_changes(cursor, refs)


def _schema_changes(cursor: Any, refs: list[str]) -> list[SchemaChange]:
    found = cursor.db.engine.schema_diff(cursor, refs)
    changes = [
        SchemaChange(table, before or None, after or None)
        for table, before, after in found
        if before != after
    ]
    return sorted(changes, key=lambda change: change.table)
