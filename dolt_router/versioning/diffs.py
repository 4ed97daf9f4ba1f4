"""What two refs differ in, per table.

https://docs.dolthub.com/sql-reference/version-control/dolt-sql-functions#dolt_diff_stat
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ..names import validate_ref
from .branches import resolve
from .session import fetch_dicts, verb_connection

_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")


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
    for ref in (from_ref, to_ref):
        validate_ref(ref)
        resolve(ref, using)
    marks, refs = (
        ("%s", [f"{from_ref}...{to_ref}"]) if symmetric else ("%s, %s", [from_ref, to_ref])
    )
    with verb_connection(to_ref, using) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM dolt_diff_summary({marks})", refs)
        summary = fetch_dicts(cursor)
        cursor.execute(f"SELECT * FROM dolt_diff_stat({marks})", refs)
        stats = {row["table_name"]: row for row in fetch_dicts(cursor)}
        reshaped = _reshaped_tables(cursor, marks, refs) if summary else set()
    changes = []
    for row in summary:
        name = row["to_table_name"] or row["from_table_name"]
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


def _reshaped_tables(cursor: Any, marks: str, refs: list[str]) -> set[str]:
    """The tables whose columns, keys or options differ.

    `dolt_diff_summary` also calls it a schema change when only the AUTO_INCREMENT counter
    moved, as it does with every row that is added.
    """
    cursor.execute(f"SELECT * FROM dolt_schema_diff({marks})", refs)
    found = set()
    for row in fetch_dicts(cursor):
        before, after = (
            _COUNTER.sub("", row[key] or "")
            for key in ("from_create_statement", "to_create_statement")
        )
        if before != after:
            found.add(row["to_table_name"] or row["from_table_name"])
    return found
