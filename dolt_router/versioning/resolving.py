"""Resolving the conflicts of a merge under way: row by row, or a whole table by statements.

What is to be is said by a resolver. One that takes a side for whole tables says so (`Sides`): the
database then does in a few statements what Python does for each row otherwise.
https://docs.dolthub.com/sql-reference/version-control/merges#conflicts
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError

from . import conflicts
from .conflicts import (
    OURS,
    THEIRS,
    UNRESOLVED,
    Resolution,
    RowConflict,
    Violation,
    conflict_of,
    key_text,
    key_texts,
    rows_by_table,
)
from .values import database_value, quote

if TYPE_CHECKING:
    from ..backends.dolt.base import DatabaseWrapper

SAVEPOINT = "dolt_router_table"  # before a table is resolved as a whole

Resolver = Callable[[RowConflict], Resolution]


class Sides:
    """A resolver that takes a side for whole tables, and perhaps says otherwise of some rows.

    Args:
        sides: "ours" or "theirs" by table, in small letters; for tables that aren't named.
        otherwise: the side for all other tables.
    """

    def __init__(self, sides: Mapping[str, str], otherwise: str = UNRESOLVED) -> None:
        self._sides, self._otherwise = sides, otherwise

    def begin(self, source_hash: str, into_hash: str) -> None:
        """Told which commits are merged, inside the transaction of the merge."""

    def side_of(self, table: str) -> str:
        """The side that is taken for all rows of a table but the `exceptions`."""
        return self._sides.get(table.lower(), self._otherwise)

    def exceptions(self, table: str) -> Collection[str]:
        """The rows, by their `key_text`, that are asked about one by one all the same."""
        return ()

    def __call__(self, conflict: RowConflict) -> Resolution:
        """The side that the row's table takes."""
        return self.side_of(conflict.table)


def resolver_of(resolve: str | Mapping[str, Any] | Resolver | None) -> Resolver | None:
    """A callable from what `merge(resolve=)` takes: a side, one per table, or a callable.

    Raises:
        ValueError: it is none of these.
    """
    if resolve is None or callable(resolve):
        return resolve
    if isinstance(resolve, str):
        if resolve not in (OURS, THEIRS):
            raise ValueError(f"resolve is {resolve!r}; it can be 'ours' or 'theirs'.")
        return Sides({}, resolve)
    return Sides({str(table).lower(): side for table, side in resolve.items()})


def resolve_all(connection: DatabaseWrapper, cursor: Any, resolver: Resolver) -> list[Violation]:
    """Resolve the conflicts of the merge under way on this connection, as far as it says.

    A row that a constraint doesn't let in yet (its parent is in conflict as well) is tried
    again after the others.

    Returns:
        The rows that no order of writing let in.
    """
    tables = list(rows_by_table(cursor, "dolt_conflicts"))
    while True:
        progress = 0
        refused: list[Violation] = []
        for table in tables:
            progress += _resolve_table(connection, cursor, table, resolver, refused)
        if not refused or not progress:
            return refused


def _resolve_table(
    connection: DatabaseWrapper,
    cursor: Any,
    table: str,
    resolver: Resolver,
    refused: list[Violation],
) -> int:
    """Resolve what can be of one table; the number of rows that were."""
    engine = connection.engine
    key = engine.primary_key(cursor, table)
    computed = engine.generated_columns(cursor, table)
    rows = rows_by_table(cursor, "dolt_conflicts").get(table, 0)
    if isinstance(resolver, Sides) and key and not computed:
        if _take_side(connection, cursor, table, key, resolver):
            return rows
    whole = engine.settles_whole_tables(cursor, table)
    if key and (whole or rows > engine.settles_quickly):
        found = _conflicts_of(connection, cursor, table, key, computed)
        resolutions = [resolver(conflict) for conflict in found]
        if not any(map(_is_open, resolutions)):
            waiting = list(zip(found, resolutions, strict=True))
            return _write_all(connection, cursor, table, waiting, refused)
        if whole:
            return 0
    left = done = 0
    while True:
        rows_read = engine.conflict_rows(cursor, table, conflicts.PAGE, left)
        for raw in rows_read:
            conflict = conflict_of(connection, table, key, computed, raw)
            resolution = resolver(conflict)
            if _is_open(resolution):
                left += 1
                continue
            if not key:
                _resolve_keyless(cursor, table, resolution)
                return len(rows_read)
            try:
                _write(connection, cursor, conflict, conflict.resolved(resolution))
            except IntegrityError as error:
                refused.append(_violation_of(connection, conflict, error))
                left += 1
                continue
            engine.settle_conflict(cursor, table, key, raw)
            done += 1
        if len(rows_read) < conflicts.PAGE:
            return done


def _is_open(resolution: Resolution) -> bool:
    return isinstance(resolution, str) and resolution == UNRESOLVED


def _take_side(
    connection: DatabaseWrapper, cursor: Any, table: str, key: list[str], resolver: Sides
) -> bool:
    """Resolve a table by statements over all its rows; False when it has to go row by row."""
    side = resolver.side_of(table)
    if side not in (OURS, THEIRS):
        return False
    found = _exceptions_of(connection, cursor, table, key, resolver)
    resolutions = [resolver(conflict) for conflict in found]
    if any(map(_is_open, resolutions)):
        return False
    cursor.execute(f"SAVEPOINT {SAVEPOINT}")
    try:
        if not connection.engine.take_side(cursor, table, key, side):
            return False
        for conflict, resolution in zip(found, resolutions, strict=True):
            as_taken = replace(conflict, ours=conflict.resolved(side))
            _write(connection, cursor, as_taken, conflict.resolved(resolution))
    except IntegrityError:  # row by row it is found out which one it is
        cursor.execute(f"ROLLBACK TO SAVEPOINT {SAVEPOINT}")
        return False
    connection.engine.settle_table(cursor, table)
    return True


def _exceptions_of(
    connection: DatabaseWrapper, cursor: Any, table: str, key: list[str], resolver: Sides
) -> list[RowConflict]:
    wanted = resolver.exceptions(table)
    if not wanted:
        return []
    keys = connection.engine.conflict_keys(cursor, table, key)
    texts = key_texts(connection, table, key, keys)
    pages = sorted({at // conflicts.PAGE for at, text in enumerate(texts) if text in wanted})
    found = []
    for page in pages:
        size = conflicts.PAGE
        rows = connection.engine.conflict_rows(cursor, table, size, page * size)
        read = (conflict_of(connection, table, key, frozenset(), raw) for raw in rows)
        found += [conflict for conflict in read if key_text(conflict.key) in wanted]
    return found


def _conflicts_of(
    connection: DatabaseWrapper, cursor: Any, table: str, key: list[str], computed: frozenset[str]
) -> list[RowConflict]:
    found: list[RowConflict] = []
    while len(found) % conflicts.PAGE == 0:
        rows = connection.engine.conflict_rows(cursor, table, conflicts.PAGE, len(found))
        if not rows:
            break
        found += [conflict_of(connection, table, key, computed, raw) for raw in rows]
    return found


def _write_all(
    connection: DatabaseWrapper,
    cursor: Any,
    table: str,
    waiting: list[tuple[RowConflict, Resolution]],
    refused: list[Violation],
) -> int:
    """Resolve all conflicts of a table or, when a constraint keeps one out, none; how many."""
    count = len(waiting)
    cursor.execute(f"SAVEPOINT {SAVEPOINT}")
    while waiting:
        again = []
        failed: list[Violation] = []
        for conflict, resolution in waiting:
            try:
                _write(connection, cursor, conflict, conflict.resolved(resolution))
            except IntegrityError as error:
                failed.append(_violation_of(connection, conflict, error))
                again.append((conflict, resolution))
        if len(again) == len(waiting):
            # None of them is settled, so none may count: they would be written for ever.
            cursor.execute(f"ROLLBACK TO SAVEPOINT {SAVEPOINT}")
            refused += failed
            return 0
        waiting = again
    connection.engine.settle_table(cursor, table)
    return count


def _violation_of(
    connection: DatabaseWrapper, conflict: RowConflict, error: IntegrityError
) -> Violation:
    kind = connection.engine.violation_kind(error)
    return Violation(conflict.table, kind, dict(conflict.key), {"text": str(error.args[-1])})


def _resolve_keyless(cursor: Any, table: str, resolution: Resolution) -> None:
    if resolution not in (OURS, THEIRS):
        raise ValueError(f"{table} has no primary key: resolve it with 'ours' or 'theirs'.")
    cursor.db.engine.run(cursor, "dolt_conflicts_resolve", f"--{resolution}", table)


def _write(
    connection: DatabaseWrapper, cursor: Any, conflict: RowConflict, row: dict[str, Any] | None
) -> None:
    table, key = quote(conflict.table), conflict.key
    where = " AND ".join(f"{quote(column)} = %s" for column in key)
    values = [database_value(connection, conflict.table, c, v) for c, v in key.items()]
    if row is None:
        if conflict.ours is not None:
            cursor.execute(f"DELETE FROM {table} WHERE {where}", values)
        return
    given = {
        column: database_value(connection, conflict.table, column, value)
        for column, value in row.items()
    }
    if conflict.ours is None:
        columns = ", ".join(map(quote, given))
        marks = ", ".join(["%s"] * len(given))
        cursor.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(given.values()))
    elif row != conflict.ours:
        changed = {c: v for c, v in given.items() if c not in key}
        sets = ", ".join(f"{quote(column)} = %s" for column in changed)
        cursor.execute(f"UPDATE {table} SET {sets} WHERE {where}", [*changed.values(), *values])
