"""The words of a Dolt server.

https://docs.dolthub.com/sql-reference/version-control
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import DatabaseError

from ...exceptions import DoltRouterError
from ..engine import Engine, LogRow, MergeAnswer, Query, fetch_dicts, keys_of_conflicts
from . import virtual_conflicts
from .functional import generated_columns, is_hidden
from .sequences import register_between, register_renamed

UNKNOWN_COLUMN, UNKNOWN_ERROR, UNKNOWN_TABLE = 1054, 1105, 1146
_VIOLATIONS = {1062: "unique index", 1452: "foreign key", 1451: "foreign key"}
_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")
_STRATEGY = {
    "merge": (),
    "no-ff": ("--no-ff",),
    "ff-only": ("--ff-only",),
    "squash": ("--squash",),
    "open": ("--no-ff", "--no-commit"),
}


class ServerEngine(Engine):
    """MySQL's words, and Dolt's procedures by CALL."""

    name = "a Dolt server"
    begin = "START TRANSACTION"
    null_safe_equal = "<=>"
    first_commit = "SELECT commit_hash FROM dolt_log ORDER BY commit_order LIMIT 1"
    own_commits = "SELECT commit_hash FROM dolt_log(%s) ORDER BY commit_order"
    all_commits = "dolt_commits"

    # -- procedures ---------------------------------------------------------------------

    def call(self, procedure: str, marks: str = "") -> str:
        return f"CALL {procedure}({marks})"

    def apply(self, cursor: Any, procedure: str, *arguments: Any) -> tuple[str, bool]:
        row = self.run(cursor, procedure, *arguments)
        return str(row[0]), any(int(count or 0) for count in row[1:])

    def merge(
        self, cursor: Any, source: str, strategy: str, message: str, author: str
    ) -> MergeAnswer:
        options = [*_STRATEGY[strategy], source]
        if strategy not in ("squash", "open"):
            options += ["-m", message, "--author", author]
        try:
            row = self.run(cursor, "dolt_merge", *options)
        except DoltRouterError as error:
            if strategy == "ff-only" and "fast" in str(error).lower():
                raise ValueError("not a fast-forward") from error
            raise
        return MergeAnswer(bool(row[1]), bool(int(row[2])))

    def conflict_rows(
        self, cursor: Any, table: str, limit: int, offset: int
    ) -> list[dict[str, Any]]:
        if not virtual_conflicts.has_virtual_columns(cursor, table):
            return super().conflict_rows(cursor, table, limit, offset)
        cursor.execute("SELECT source_commit FROM dolt_merge_status")
        sides = ("HEAD", str(cursor.fetchone()[0]))
        key = self.primary_key(cursor, table)
        return virtual_conflicts.conflict_rows(cursor, table, key, sides, limit, offset)

    def settles_whole_tables(self, cursor: Any, table: str) -> bool:
        return virtual_conflicts.has_virtual_columns(cursor, table)

    def settle_conflict(self, cursor: Any, table: str, key: Sequence[str], row: Any) -> None:
        cursor.execute(
            f"DELETE FROM {_quoted('dolt_conflicts_' + table)} WHERE dolt_conflict_id = %s",
            [row["dolt_conflict_id"]],
        )

    def is_same(self, value: str, other: str) -> str:
        return f"BINARY {value} <=> BINARY {other}"  # a collation may heed no case

    def update_from(
        self, rows: str, source: str, sets: Mapping[str, str], on: str, where: str
    ) -> str:
        given = ", ".join(f"t.{column} = {value}" for column, value in sets.items())
        return f"UPDATE {rows} AS t JOIN {source} AS c ON {on} SET {given} WHERE {where}"

    def violation_kind(self, error: Exception) -> str:
        code = int(error.args[0]) if error.args else 0
        return _VIOLATIONS.get(code, "constraint")

    def reset_to_head(self, cursor: Any) -> None:
        self.run(cursor, "dolt_reset", "--hard")
        # Tables that no commit knows are left alone by the reset, as files are by git's.
        cursor.execute("SELECT table_name FROM dolt_status WHERE status = 'new table'")
        made = [name for (name,) in cursor.fetchall()]
        if made:
            cursor.execute("SET foreign_key_checks = 0")
            for name in made:
                cursor.execute(f"DROP TABLE {_quoted(name)}")
            cursor.execute("SET foreign_key_checks = 1")

    # -- tables and rows ----------------------------------------------------------------

    def heed_ids(self, cursor: Any, before: str, after: str) -> None:
        register_between(cursor, before, after)

    def heed_all_ids(self, cursor: Any) -> None:
        for table in self.tables(cursor):
            register_renamed(cursor, table, table)  # the highest id of any branch

    def has_table(self, cursor: Any, table: str) -> bool:
        cursor.execute("SHOW TABLES LIKE %s", [table])  # where _ stands for any character
        return any(name == table for (name,) in cursor.fetchall())

    def tables(self, cursor: Any) -> list[str]:
        cursor.execute("SHOW TABLES")
        return [str(row[0]) for row in cursor.fetchall()]

    def primary_key(self, cursor: Any, table: str) -> list[str]:
        cursor.execute(f"SHOW INDEX FROM {_quoted(table)}")  # Dolt ignores a WHERE here
        rows = [row for row in cursor.fetchall() if row[2] == "PRIMARY"]
        return [str(row[4]) for row in sorted(rows, key=lambda row: int(row[3]))]

    def key_at(self, cursor: Any, table: str, ref: str) -> list[str] | None:
        try:
            cursor.execute(f"SHOW COLUMNS FROM {_quoted(table)} AS OF %s", [ref])
        except DatabaseError:
            return None
        return [str(row[0]) for row in cursor.fetchall() if row[3] == "PRI"]

    def table_at(self, table: str, ref: str) -> Query:
        return f"{_quoted(table)} AS OF %s", [ref]

    def generated_columns(self, cursor: Any, table: str) -> frozenset[str]:
        return frozenset(generated_columns(cursor, table))

    def is_unversioned(self, column: str, field: Any) -> bool:
        return is_hidden(column) or super().is_unversioned(column, field)

    def row_diff(self, table: str, refs: Sequence[str]) -> Query:
        marks = ", ".join(["%s"] * len(refs))
        return f"SELECT * FROM dolt_diff({marks}, {self.table_literal(table)})", list(refs)

    @staticmethod
    def table_literal(table: str) -> str:
        """For table functions: they take the name of a table as a text literal only."""
        return "'" + table.replace("\\", "\\\\").replace("'", "''") + "'"

    def speaks_of_missing_names(self, error: BaseException) -> bool:
        code = error.args[0] if error.args else None
        if code in (UNKNOWN_COLUMN, UNKNOWN_TABLE):
            return True
        return code == UNKNOWN_ERROR and "could not be found in any table" in str(error)

    def renames_between(self, cursor: Any, before: str, after: str, table: str) -> list[str]:
        # Columns keep an inner number (tag) when they or their table are renamed; dolt_patch
        # is where SQL shows it. The filter spares it from comparing the rows.
        cursor.execute(
            "SELECT statement FROM dolt_patch(%s, %s, %s) WHERE diff_type = 'schema'",
            [before, after, table],
        )
        return [str(statement) for (statement,) in cursor.fetchall()]

    def schema_diff(self, cursor: Any, refs: Sequence[str]) -> list[tuple[str, str, str]]:
        # `dolt_diff_summary` also calls it a schema change when only the AUTO_INCREMENT counter
        # moved, as it does with every row that is added.
        marks = ", ".join(["%s"] * len(refs))
        cursor.execute(
            "SELECT COALESCE(NULLIF(to_table_name, ''), from_table_name), from_create_statement, "
            f"to_create_statement FROM dolt_schema_diff({marks})",
            list(refs),
        )
        return [
            (str(table), _COUNTER.sub("", before or ""), _COUNTER.sub("", after or ""))
            for table, before, after in cursor.fetchall()
        ]

    # -- history ------------------------------------------------------------------------

    def log(
        self, cursor: Any, ref: str, tables: Sequence[str], limit: int, offset: int
    ) -> list[LogRow]:
        chosen, values = (", '--tables', %s", [",".join(tables)]) if tables else ("", [])
        cursor.execute(
            "SELECT commit_hash, parents, committer, email, date, message "
            f"FROM dolt_log(%s, '--parents'{chosen}) LIMIT {limit} OFFSET {offset}",
            [ref, *values],
        )
        return [
            LogRow(row[0], tuple(parent for parent in row[1].split(", ") if parent), *row[2:])
            for row in cursor.fetchall()
        ]

    def log_row(self, cursor: Any, commit_hash: str) -> LogRow:
        # dolt_log reads every branch before its first row. Joined, since a commit with two
        # parents is error 1105 where dolt_commit_ancestors alone is asked for it.
        cursor.execute(
            "SELECT committer, email, date, message, parent_hash FROM dolt_commits AS found "
            "JOIN dolt_commit_ancestors AS step ON step.commit_hash = found.commit_hash "
            "WHERE found.commit_hash = %s AND step.commit_hash = %s ORDER BY parent_index",
            [commit_hash, commit_hash],
        )
        rows = cursor.fetchall()
        if not rows:
            return super().log_row(cursor, commit_hash)
        parents = tuple(str(row[4]) for row in rows if row[4])
        return LogRow(commit_hash, parents, *rows[0][:4])

    def ancestry(
        self, cursor: Any, heads: Sequence[str], limit: int, offset: int
    ) -> list[tuple[str, tuple[str, ...]]]:
        marks = ", ".join(["%s"] * len(heads))
        cursor.execute(
            f"SELECT commit_hash, parents FROM dolt_log({marks}, '--parents') "
            f"LIMIT {limit} OFFSET {offset}",
            list(heads),
        )
        return [
            (str(commit_hash), tuple(filter(None, parents.split(", "))))
            for commit_hash, parents in cursor.fetchall()
        ]

    def parents(self, cursor: Any, commit_hash: str) -> list[str]:
        # Not from dolt_commit_ancestors: Dolt takes commit_hash for unique there, and a commit
        # with two parents is error 1105.
        cursor.execute("SELECT parents FROM dolt_log(%s, '--parents') LIMIT 1", [commit_hash])
        return [parent for parent in str(cursor.fetchone()[0]).split(", ") if parent]

    def touching(self, tables: Sequence[str]) -> Query:
        # Without a ref it is the log of the connection's own branch, tag or commit.
        return "SELECT commit_hash FROM dolt_log('--tables', %s)", [",".join(tables)]

    # -- merges to come -----------------------------------------------------------------

    def preview(self, cursor: Any, into: str, source: str) -> list[tuple[str, int, int]]:
        cursor.execute("SELECT * FROM dolt_preview_merge_conflicts_summary(%s, %s)", [into, source])
        return [
            (str(table), int(rows or 0), int(schema or 0))
            for table, rows, schema in cursor.fetchall()
        ]

    def preview_rows(
        self, cursor: Any, into: str, source: str, table: str, limit: int, offset: int
    ) -> list[dict[str, Any]]:
        if virtual_conflicts.has_virtual_columns(cursor, table):
            key = self.primary_key(cursor, table)
            sides = (into, source)
            return virtual_conflicts.conflict_rows(cursor, table, key, sides, limit, offset)
        cursor.execute(
            "SELECT * FROM dolt_preview_merge_conflicts(%s, %s, %s) LIMIT %s OFFSET %s",
            [into, source, table, limit, offset],
        )
        return fetch_dicts(cursor)

    def preview_keys(
        self, cursor: Any, into: str, source: str, table: str, key: Sequence[str]
    ) -> list[Sequence[Any]]:
        if virtual_conflicts.has_virtual_columns(cursor, table):
            rows = virtual_conflicts.conflict_rows(cursor, table, key, (into, source))
            return [virtual_conflicts.key_of(row, key) for row in rows]
        shown = keys_of_conflicts(_quoted, key)
        cursor.execute(
            f"SELECT {shown} FROM dolt_preview_merge_conflicts(%s, %s, %s)", [into, source, table]
        )
        return list(cursor.fetchall())

    # -- what may be wrong --------------------------------------------------------------

    def warning(self, cursor: Any) -> tuple[str, str] | None:
        cursor.execute("SELECT @@GLOBAL.innodb_autoinc_lock_mode")
        (mode,) = cursor.fetchone()
        if int(mode) != 2:
            return None
        return (
            'The Dolt server of "{root}" may give two inserts at once the same id; one '
            "of the two is then refused as StaleWrite.",
            "Start it with `system_variables: {innodb_autoinc_lock_mode: 1}` in its "
            "YAML configuration. See docs/dolt-notes.md.",
        )


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
