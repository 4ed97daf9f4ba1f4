"""Conflicts of a merge: what each is, and how it is resolved.

A merge is tried in a transaction. Cells that both sides changed to different values, and rows
that one side changed and the other deleted, are conflicts; a resolver says what is to be. Cells
that only one side changed are merged whatever is chosen for the rest of the row.
https://docs.dolthub.com/sql-reference/version-control/merges#conflicts
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ..backends.engine import fetch_dicts
from .session import verb_connection
from .values import model_of, python_value, quote, reader

if TYPE_CHECKING:
    from django.db.models import Model

    from ..backends.dolt.base import DatabaseWrapper

PAGE = 500  # rows read at a time

# "ours" or "theirs"; or the values of the conflicting fields, by name (fields left out stay as
# they are on the target), None for "delete the row"; `UNRESOLVED` leaves it a conflict.
Resolution = str | Mapping[str, Any] | None
UNRESOLVED = "unresolved"
OURS, THEIRS = "ours", "theirs"


class FieldConflict(NamedTuple):
    """A field that both sides changed, with its three values as Python values."""

    field: str
    base: Any
    ours: Any
    theirs: Any


@dataclass(frozen=True)
class RowConflict:
    """A row that can't be merged by itself.

    `base`, `ours` and `theirs` map columns to Python values; None where the row isn't there.
    """

    table: str
    key: dict[str, Any]
    base: dict[str, Any] | None
    ours: dict[str, Any] | None
    theirs: dict[str, Any] | None
    conflict_id: str

    @property
    def model(self) -> type[Model] | None:
        """The model of the table, if there is one."""
        return model_of(self.table)

    @property
    def kind(self) -> str:
        """`modify/modify`, `modify/delete`, `delete/modify` or `add/add` (ours/theirs)."""
        if self.ours is None:
            return "delete/modify"
        if self.theirs is None:
            return "modify/delete"
        return "add/add" if self.base is None else "modify/modify"

    @property
    def fields(self) -> list[FieldConflict]:
        """The fields that both sides changed, each to a value of its own, in column order."""
        if self.ours is None or self.theirs is None:
            return []
        base = self.base or {}
        found = []
        for column, ours in self.ours.items():
            if column not in self.theirs:  # one side has added it
                continue
            before, theirs = base.get(column), self.theirs[column]
            if ours != theirs and (self.base is None or before not in (ours, theirs)):
                found.append(FieldConflict(column, before, ours, theirs))
        return found

    def resolved(self, resolution: Resolution) -> dict[str, Any] | None:
        """The row as it is to be: a mapping of columns, or None when it is to go.

        Raises:
            ValueError: the resolution isn't one, or names a column that doesn't exist.
        """
        if resolution is None:
            return None
        if isinstance(resolution, str):
            if resolution not in (OURS, THEIRS):
                raise ValueError(f"Resolve with 'ours', 'theirs', None or values: {resolution!r}")
            side = self.ours if resolution == OURS else self.theirs
            if side is None or self.ours is None or self.theirs is None:
                return side
            return self._merged() | {f.field: side[f.field] for f in self.fields}
        row = self._merged() if self.ours and self.theirs else dict(self.ours or self.theirs or {})
        names = {self._column(name): value for name, value in resolution.items()}
        if unknown := [name for name in names if name not in row]:
            raise ValueError(f"{self.table} has no column {', '.join(unknown)}.")
        if changed := [name for name in names if name in self.key and names[name] != row[name]]:
            raise ValueError(f"The key of a row can't be resolved: {', '.join(changed)}.")
        return row | names

    def _column(self, name: str) -> str:
        model = self.model
        fields = () if model is None else model._meta.local_fields
        return next((f.column for f in fields if name == f.name and f.column), name)

    def _merged(self) -> dict[str, Any]:
        assert self.ours is not None and self.theirs is not None
        merged = dict(self.ours)
        for column, theirs in self.theirs.items():
            # A column that they have added had no value before, and ours has it by the merge.
            is_ours = self.base is None or self.base.get(column) != merged.get(column)
            if column in merged and not is_ours:
                merged[column] = theirs
        return merged


class Violation(NamedTuple):
    """A row of the merged result that breaks a constraint.

    `kind` is `foreign key`, `unique index`, `check constraint` or `not null`; `info` is what
    the server says of the constraint.
    """

    table: str
    kind: str
    row: dict[str, Any]
    info: dict[str, Any]


def conflicts(
    source: str, into: str, using: str | None = None, table: str | None = None
) -> Iterator[RowConflict]:
    """The rows that merging `source` into `into` would conflict in, read page by page.

    Nothing is merged, and no branch is touched.

    Raises:
        BranchDoesNotExist: one of the branches isn't there.
    """
    with verb_connection(into, using) as connection, connection.cursor() as cursor:
        found = connection.engine.preview(cursor, into, source)
        tables = [table] if table else [name for name, rows, _schema in found if rows]
        keys = {name: connection.engine.primary_key(cursor, name) for name in tables}
        computed = {name: connection.engine.generated_columns(cursor, name) for name in tables}
    for name in tables:
        offset = 0
        while True:
            with verb_connection(into, using) as connection, connection.cursor() as cursor:
                rows = connection.engine.preview_rows(cursor, into, source, name, PAGE, offset)
                page = [
                    conflict_of(connection, name, keys[name], computed[name], row) for row in rows
                ]
            yield from page
            offset += len(page)
            if len(page) < PAGE:
                break


def conflict_of(
    connection: DatabaseWrapper,
    table: str,
    key: list[str],
    computed: frozenset[str],
    row: dict[str, Any],
) -> RowConflict:
    """The conflict in a row of `dolt_conflicts_<table>`, without the columns `computed`."""
    sides: dict[str, dict[str, Any] | None] = {}
    for side in ("base", "our", "their"):
        prefix = side + "_"
        values = {
            name[len(prefix) :]: python_value(connection, table, name[len(prefix) :], value)
            for name, value in row.items()
            if name.startswith(prefix)
            and name not in ("our_diff_type", "their_diff_type")
            and not name.endswith("_cardinality")
            and name[len(prefix) :] not in computed
        }
        there = any(values.get(column) is not None for column in key) if key else any(values)
        sides[side] = values if there else None
    known = sides["our"] or sides["their"] or sides["base"] or {}
    return RowConflict(
        table,
        {column: known.get(column) for column in key},
        sides["base"],
        sides["our"],
        sides["their"],
        str(row["dolt_conflict_id"]),
    )


def key_text(key: Mapping[str, Any]) -> str:
    """A row's key as a text: the same for the same values."""
    return json.dumps(key, sort_keys=True, default=_plain)


def _plain(value: Any) -> str:
    return f"{type(value).__name__}:{value!r}"


def key_texts(
    connection: DatabaseWrapper, table: str, key: list[str], rows: Iterable[Sequence[Any]]
) -> list[str]:
    """`key_text` of many rows of one table, from the driver's values of the columns `key`."""
    readers = [reader(connection, table, column) for column in key]
    return [
        key_text(
            {
                column: value if read is None or value is None else read(value)
                for column, read, value in zip(key, readers, row, strict=True)
            }
        )
        for row in rows
    ]


def fingerprint(conflict: RowConflict) -> str:
    """The same for as long as the row's key, base, ours and theirs are."""
    rows = [conflict.table, conflict.key, conflict.base, conflict.ours, conflict.theirs]
    text = json.dumps(rows, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def rows_by_table(cursor: Any, system_table: str) -> dict[str, int]:
    """`{table: rows}` from dolt_conflicts or dolt_constraint_violations."""
    cursor.execute(f"SELECT * FROM {system_table}")
    return {str(row[0]): int(row[1]) for row in cursor.fetchall()}


def violations(cursor: Any, limit: int = 1000) -> list[Violation]:
    """The constraint violations of the merge under way, `limit` a table at most."""
    found = []
    for table in rows_by_table(cursor, "dolt_constraint_violations"):
        cursor.execute(
            f"SELECT * FROM {quote('dolt_constraint_violations_' + table)} LIMIT %s", [limit]
        )
        for row in fetch_dicts(cursor):
            row.pop("from_root_ish", None)
            kind, info = str(row.pop("violation_type")), row.pop("violation_info")
            found.append(Violation(table, kind, row, _info(info)))
    return found


def broken_keys(cursor: Any) -> list[Violation]:
    """The violations of foreign keys that only the commit of the merge under way would meet."""
    found = cursor.db.engine.broken_keys(cursor)
    return [Violation(table, "foreign key", row, info) for table, row, info in found]


def settle_violations(cursor: Any) -> None:
    """Forget violations of foreign keys that the resolutions have mended.

    A merge notes them before any conflict is resolved. They can't be verified afresh: a
    `dolt_verify_constraints` that is rolled back spoils the session (docs/dolt-notes.md).
    """
    for found in violations(cursor, limit=10**9):
        if found.kind != "foreign key" or not found.info.get("ReferencedTable"):
            continue
        engine = cursor.db.engine
        key = engine.primary_key(cursor, found.table) or list(found.row)
        where = " AND ".join(f"{quote(column)} {engine.null_safe_equal} %s" for column in key)
        values = [found.row[column] for column in key]
        if _still_orphaned(cursor, found, where, values):
            continue
        cursor.execute(
            f"DELETE FROM {quote('dolt_constraint_violations_' + found.table)} "
            f"WHERE violation_type = 'foreign key' AND {where}",
            values,
        )


def _still_orphaned(cursor: Any, found: Violation, where: str, values: list[Any]) -> bool:
    """Whether the row is still there and what it refers to isn't."""
    columns = ", ".join(map(quote, found.info["Columns"]))
    cursor.execute(f"SELECT {columns} FROM {quote(found.table)} WHERE {where}", values)
    child = cursor.fetchone()
    if child is None or None in child:
        return False
    parent = " AND ".join(f"{quote(column)} = %s" for column in found.info["ReferencedColumns"])
    cursor.execute(
        f"SELECT 1 FROM {quote(found.info['ReferencedTable'])} WHERE {parent} LIMIT 1", child
    )
    return cursor.fetchone() is None


def _info(raw: Any) -> dict[str, Any]:
    try:
        loaded = json.loads(raw) if isinstance(raw, str | bytes) else raw
    except ValueError:
        loaded = {"text": str(raw)}
    return loaded if isinstance(loaded, dict) else {"text": str(loaded)}
