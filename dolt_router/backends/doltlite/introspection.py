"""Introspection over both files, of a definition that doltlite has written anew.

doltlite stores CREATE statements in a form of its own: without the spaces before brackets and
after commas that Django's parsers look for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.sqlite3.introspection import (
    DatabaseIntrospection as SQLiteIntrospection,
)
from django.db.backends.sqlite3.introspection import TableInfo

from .places import Place

_TIGHT = re.compile(
    r"""(?P<literal>'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`)|\w(?=\()|,(?=\S)"""
)


def spaced(sql: str) -> str:
    """A definition as Django's parser expects it: a space before a bracket and after a comma."""
    sql = re.sub(r"^CREATE TABLE (\"(?:[^\"]|\"\")+\"|\w+)\(", r"CREATE TABLE \1 (", sql)
    sql = re.sub(r"(\"(?:[^\"]|\"\")+\")\(", r"\1 (", sql)
    return _TIGHT.sub(lambda m: m[0] if m["literal"] else f"{m[0]} ", sql)


class DatabaseIntrospection(SQLiteIntrospection):
    """Hides the engine's own tables; shows shared ones beside those of the branch."""

    def get_table_list(self, cursor: Any) -> list[TableInfo]:
        """Tables and views of this branch and shared ones, without `dolt_...`."""
        found: dict[str, TableInfo] = {}
        for place in Place:
            with self._looking_at(cursor, place) as looking:
                looking.execute(
                    "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')"
                )
                for name, kind in looking.fetchall():
                    if not name.startswith(("dolt_", "sqlite_")):
                        found.setdefault(name, TableInfo(name, kind[0]))
        return [found[name] for name in sorted(found)]

    def get_table_description(self, cursor: Any, table_name: str) -> Any:
        with self._looking_at(cursor, self._place_of(cursor, table_name)) as looking:
            return super().get_table_description(looking, table_name)

    def get_constraints(self, cursor: Any, table_name: str) -> Any:
        with self._looking_at(cursor, self._place_of(cursor, table_name)) as looking:
            return super().get_constraints(looking, table_name)

    def get_relations(self, cursor: Any, table_name: str) -> Any:
        with self._looking_at(cursor, self._place_of(cursor, table_name)) as looking:
            return super().get_relations(looking, table_name)

    def _place_of(self, cursor: Any, table: str) -> Place:
        """Where the table is; the branch's own one is before a shared one of the same name."""
        with self._looking_at(cursor, Place.VERSIONED) as looking:
            looking.execute("SELECT 1 FROM sqlite_master WHERE name = %s", [table])
            return Place.SHARED if looking.fetchone() is None else Place.VERSIONED

    @contextmanager
    def _looking_at(self, cursor: Any, place: Place) -> Iterator[Any]:
        """A cursor for which `sqlite_master` is that of one of the files."""
        connection: Any = self.connection
        if place is Place.SHARED and not connection.is_home:
            yield _OfShared(cursor)
            return
        before, connection.forced_place = connection.forced_place, place
        try:
            yield cursor
        finally:
            connection.forced_place = before

    # -- definitions ----------------------------------------------------------------------

    def _parse_table_constraints(self, sql: str, columns: Any) -> Any:
        return super()._parse_table_constraints(spaced(sql), columns)

    def _get_index_columns_orders(self, sql: str) -> Any:
        return super()._get_index_columns_orders(spaced(sql))


class _OfShared:
    """A cursor on a branch, reading the definitions in the file of the shared tables."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def execute(self, sql: str, params: Any = None) -> Any:
        sql = sql.replace("FROM sqlite_master", "FROM shared.sqlite_master")
        return self._cursor.execute(sql, params)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)
