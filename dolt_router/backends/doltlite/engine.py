"""The words of the embedded engine.

Procedures are functions: `SELECT dolt_commit(...)`; the past of a table, and its differences,
are table functions named after it. https://github.com/dolthub/doltlite
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from graphlib import TopologicalSorter
from typing import Any

from ...exceptions import DoltServerError
from ..engine import Collected, Engine, LogRow, MergeAnswer, Query, fetch_dicts
from . import collecting, driver

_CONFLICTS = re.compile(r"has \d+ conflict\(s\)|constraint violations|conflicts? detected")
_VIOLATIONS = {
    "UNIQUE": "unique index",
    "FOREIGN KEY": "foreign key",
    "CHECK": "check constraint",
    "NOT NULL": "not null",
}
_INDEX_ON = re.compile(r"\bON\s+(\"(?:[^\"]|\"\")+\"|\w+)", re.I)
_STRATEGY = {
    "merge": (),
    "no-ff": ("--no-ff",),
    "ff-only": (),  # checked before: the engine doesn't know the option
    "squash": ("--squash", "--no-commit"),  # else it may commit, with a message of its own
    "open": ("--no-ff", "--no-commit"),
}
_MISSING = re.compile(r"no such (?:table|column)|table not found|has no column named")
# The log has no column to sort by: only its order.
_OLDEST_FIRST = (
    "SELECT commit_hash FROM (SELECT commit_hash, ROW_NUMBER() OVER () AS place FROM {log}) "
    "ORDER BY place DESC"
)


class EmbeddedEngine(Engine):
    """SQLite's words, and Dolt's procedures as functions."""

    name = "the embedded engine"
    begin = "BEGIN IMMEDIATE"
    null_safe_equal = "IS"
    first_commit = f"{_OLDEST_FIRST.format(log='dolt_log')} LIMIT 1"
    own_commits = _OLDEST_FIRST.format(log="dolt_log(%s)")
    all_commits = "dolt_commit_ancestors"

    # Not measured for this package yet, though the engine has some.
    remotes = False
    # A versioned table can't leave version control and stay: shared tables are in another file.
    untracking = False
    shared_keys_lose_rows = False  # the file of the shared tables is plain SQLite
    # What a table lacked at a ref is told by another question.
    reads_many_refs = False
    garbage_modes = ("default",)
    backup_files = True
    previews_commits = False
    settles_quickly = 100  # each takes time in proportion to all that are left

    # -- procedures ---------------------------------------------------------------------

    def call(self, procedure: str, marks: str = "") -> str:
        return f"SELECT {procedure}({marks})"

    def apply(self, cursor: Any, procedure: str, *arguments: Any) -> tuple[str, bool]:
        try:
            made = str(self.run(cursor, procedure, *arguments)[0])
        except DoltServerError as error:
            if _CONFLICTS.search(str(error)):  # raised, and left open in the transaction
                return "", True
            raise
        if procedure == "dolt_cherry_pick":
            made = self._keep_author(cursor, str(arguments[0]), made)
        return made, False

    def _keep_author(self, cursor: Any, picked: str, made: str) -> str:
        """Give a commit that was picked its author and date, as git does; its new hash."""
        cursor.execute("SELECT committer, email, date, message FROM dolt_log(%s) LIMIT 1", [picked])
        name, email, date, message = cursor.fetchone()
        who = ["--author", f"{name} <{email}>", "--date", str(date).replace(" ", "T")]
        return str(self.run(cursor, "dolt_commit", "--amend", "-m", message, *who)[0])

    def settle_conflict(self, cursor: Any, table: str, key: Sequence[str], row: Any) -> None:
        # By its key: `dolt_conflict_id` counts the rows, and is another one's after a deletion.
        sides = ("our", "their", "base")
        where, values = [], []
        for column in key:
            listed = ", ".join(_quoted(f"{side}_{column}") for side in sides)
            where.append(f"COALESCE({listed}) = %s")
            values.append(next(v for s in sides if (v := row[f"{s}_{column}"]) is not None))
        cursor.execute(
            f"DELETE FROM {_quoted('dolt_conflicts_' + table)} WHERE {' AND '.join(where)}", values
        )

    def is_same(self, value: str, other: str) -> str:
        return f"({value} COLLATE BINARY) IS {other}"

    def update_from(
        self, rows: str, source: str, sets: Mapping[str, str], on: str, where: str
    ) -> str:
        given = ", ".join(f"{column} = {value}" for column, value in sets.items())
        return f"UPDATE {rows} AS t SET {given} FROM {source} AS c WHERE {on} AND {where}"

    def settle_table(self, cursor: Any, table: str) -> None:
        # It leaves the rows as they were written, and takes a moment where a DELETE of the
        # conflicts takes minutes for twenty thousand.
        self.run(cursor, "dolt_conflicts_resolve", "--ours", table)

    def violation_kind(self, error: Exception) -> str:
        text = str(error)
        return next((kind for words, kind in _VIOLATIONS.items() if words in text), "constraint")

    def broken_keys(self, cursor: Any) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
        cursor.execute("PRAGMA foreign_key_check")
        found = []
        for table, rowid, parent, number in cursor.fetchall():
            cursor.execute(f"SELECT * FROM {_quoted(table)} WHERE rowid = %s", [rowid])
            (row,) = fetch_dicts(cursor)
            cursor.execute(
                'SELECT "from", "to" FROM pragma_foreign_key_list(%s) WHERE id = %s',
                [table, number],
            )
            keys = cursor.fetchall()
            info = {
                "Columns": [ours for ours, _theirs in keys],
                "ReferencedTable": parent,
                "ReferencedColumns": [theirs for _ours, theirs in keys],
            }
            found.append((str(table), row, info))
        return found

    def merge(
        self, cursor: Any, source: str, strategy: str, message: str, author: str
    ) -> MergeAnswer:
        forward = self._is_ahead(cursor, source)
        if strategy == "ff-only" and not forward:
            raise ValueError("not a fast-forward")
        options = [*_STRATEGY[strategy], source]
        if strategy not in ("squash", "open"):
            options += ["-m", message, "--author", author]
        _hash, conflicts = self.apply(cursor, "dolt_merge", *options)
        return MergeAnswer(forward and "--no-ff" not in options and not conflicts, conflicts)

    @staticmethod
    def _is_ahead(cursor: Any, source: str) -> bool:
        """Whether `source` has every commit of the cursor's branch."""
        cursor.execute("SELECT dolt_merge_base('HEAD', %s) = dolt_hashof('HEAD')", [source])
        return bool(cursor.fetchone()[0])

    def reset_to_head(self, cursor: Any) -> None:
        self.run(cursor, "dolt_reset", "--hard")
        self.run(cursor, "dolt_clean")  # tables that no commit knows

    def collect_garbage(self, cursor: Any, *options: str) -> Collected:
        cursor.db._refuse_second_writer()
        with cursor.db.wrap_database_errors:
            return collecting.collect(cursor.db.connection, cursor.db.base_name)

    # -- tables and rows ----------------------------------------------------------------

    def has_table(self, cursor: Any, table: str) -> bool:
        cursor.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = %s", [table])
        return bool(cursor.fetchall())

    def tables(self, cursor: Any) -> list[str]:
        return list(cursor.db.introspection.table_names(cursor))

    def primary_key(self, cursor: Any, table: str) -> list[str]:
        cursor.execute("SELECT name FROM pragma_table_info(%s) WHERE pk ORDER BY pk", [table])
        return [str(name) for (name,) in cursor.fetchall()]

    def key_at(self, cursor: Any, table: str, ref: str) -> list[str] | None:
        # Known of the cursor's own branch only, which the caller has aimed at the newer side.
        return self.primary_key(cursor, table) or None

    def table_at(self, table: str, ref: str) -> Query:
        return f"{_quoted('dolt_at_' + table)}(%s)", [ref]

    def columns_at(self, cursor: Any, table: str, ref: str) -> frozenset[str] | None:
        # A query of then shows the columns of now, with NULL where there were none.
        cursor.execute(
            "SELECT from_create_statement FROM dolt_schema_diff(%s, 'HEAD') "
            "WHERE from_table_name = %s",
            [ref, table],
        )
        row = cursor.fetchone()
        if row is None or not row[0]:
            return None
        scratch = driver.Database.connect(":memory:")
        try:
            scratch.execute(row[0])
            named = scratch.execute("SELECT name FROM pragma_table_info(?)", (table,))
            return frozenset(name for (name,) in named)
        finally:
            scratch.close()

    def generated_columns(self, cursor: Any, table: str) -> frozenset[str]:
        # https://www.sqlite.org/pragma.html#pragma_table_xinfo: 2 is virtual, 3 is stored.
        cursor.execute("SELECT name FROM pragma_table_xinfo(%s) WHERE hidden IN (2, 3)", [table])
        return frozenset(str(name) for (name,) in cursor.fetchall())

    def row_diff(self, table: str, refs: Sequence[str]) -> Query:
        marks = ", ".join(["%s"] * len(refs))
        return f"SELECT * FROM {_quoted('dolt_diff_' + table)}({marks})", list(refs)

    def speaks_of_missing_names(self, error: BaseException) -> bool:
        return _MISSING.search(str(error)) is not None

    def is_internal(self, table: str) -> bool:
        return table.startswith("sqlite_")  # the counters of AUTOINCREMENT

    def renames_between(self, cursor: Any, before: str, after: str, table: str) -> list[str]:
        return []  # columns have no numbers that renaming keeps

    def schema_diff(self, cursor: Any, refs: Sequence[str]) -> list[tuple[str, str, str]]:
        marks = ", ".join(["%s"] * len(refs))
        cursor.execute(
            "SELECT from_create_statement, to_create_statement, to_table_name, from_table_name "
            f"FROM dolt_schema_diff({marks})",
            list(refs),
        )
        # Indexes are listed beside the tables, and belong to them.
        tables: dict[str, list[list[str]]] = {}
        for before, after, new_name, old_name in cursor.fetchall():
            sides = [before or "", after or ""]
            statement = sides[1] or sides[0]
            index = statement.upper().startswith(("CREATE INDEX", "CREATE UNIQUE INDEX"))
            match = _INDEX_ON.search(statement) if index else None
            name = match[1].strip('"') if match else str(new_name or old_name)
            for side, into in zip(sides, tables.setdefault(name, [[], []]), strict=True):
                if side:
                    into.append(_in_lines(side))
        return [
            (name, "\n".join(before), "\n".join(after))
            for name, (before, after) in sorted(tables.items())
        ]

    # -- history ------------------------------------------------------------------------

    def log(
        self, cursor: Any, ref: str, tables: Sequence[str], limit: int, offset: int
    ) -> list[LogRow]:
        chosen, values = _touching("found.commit_hash", tables) if tables else ("1", [])
        cursor.execute(
            "SELECT found.commit_hash, (SELECT group_concat(parent_hash) FROM (SELECT parent_hash "
            "FROM dolt_commit_ancestors WHERE commit_hash = found.commit_hash ORDER BY "
            "parent_index)), committer, email, date, message FROM dolt_log(%s) AS found "
            f"WHERE {chosen} LIMIT {limit} OFFSET {offset}",
            [ref, *values],
        )
        return [
            LogRow(row[0], tuple(filter(None, (row[1] or "").split(","))), *row[2:4], *_told(row))
            for row in cursor.fetchall()
        ]

    def ancestry(
        self, cursor: Any, heads: Sequence[str], limit: int, offset: int
    ) -> list[tuple[str, tuple[str, ...]]]:
        # dolt_log() takes one ref here. The table has the parents of every commit, in no order
        # that is promised.
        cursor.execute(
            "SELECT commit_hash, parent_hash FROM dolt_commit_ancestors ORDER BY parent_index"
        )
        parents: dict[str, list[str]] = {}
        for commit_hash, parent in cursor.fetchall():
            parents.setdefault(str(commit_hash), []).extend([str(parent)] if parent else [])
        graph = {head: parents.get(head, []) for head in heads}
        open_ends = list(graph)
        while open_ends:
            for parent in graph[open_ends.pop()]:
                if parent not in graph:
                    graph[parent] = parents.get(parent, [])
                    open_ends.append(parent)
        order = list(TopologicalSorter(graph).static_order())[::-1]
        return [(each, tuple(graph[each])) for each in order[offset : offset + limit]]

    def parents(self, cursor: Any, commit_hash: str) -> list[str]:
        cursor.execute("SELECT dolt_hashof(%s)", [commit_hash])
        (whole,) = cursor.fetchone()
        cursor.execute(
            "SELECT parent_hash FROM dolt_commit_ancestors WHERE commit_hash = %s AND "
            "parent_hash IS NOT NULL ORDER BY parent_index",
            [whole],
        )
        return [str(parent) for (parent,) in cursor.fetchall()]

    def touching(self, tables: Sequence[str]) -> Query:
        chosen, values = _touching("touched.commit_hash", tables)
        return f"SELECT commit_hash FROM dolt_log AS touched WHERE {chosen}", values

    # -- merges to come -----------------------------------------------------------------

    def preview(self, cursor: Any, into: str, source: str) -> list[tuple[str, int, int]]:
        found: dict[str, list[int]] = {}
        with self._tried(cursor, source):
            cursor.execute('SELECT "table", num_conflicts FROM dolt_conflicts')
            for table, rows in cursor.fetchall():
                found.setdefault(str(table), [0, 0])[0] = int(rows)
            cursor.execute("SELECT table_name, COUNT(*) FROM dolt_schema_conflicts GROUP BY 1")
            for table, schema in cursor.fetchall():
                found.setdefault(str(table), [0, 0])[1] = int(schema)
        return [(table, *found[table]) for table in sorted(found)]  # type: ignore[misc]

    def preview_rows(
        self, cursor: Any, into: str, source: str, table: str, limit: int, offset: int
    ) -> list[dict[str, Any]]:
        with self._tried(cursor, source):
            return self.conflict_rows(cursor, table, limit, offset)

    def preview_keys(
        self, cursor: Any, into: str, source: str, table: str, key: Sequence[str]
    ) -> list[Sequence[Any]]:
        with self._tried(cursor, source):
            return self.conflict_keys(cursor, table, key)

    @contextmanager
    def _tried(self, cursor: Any, source: str) -> Iterator[None]:
        """Merge into the cursor's branch and take it back: there is no other way to ask."""
        cursor.execute(self.begin)
        try:
            # A fast-forward would be done at once, and survive the ROLLBACK.
            self.apply(cursor, "dolt_merge", "--no-ff", "--no-commit", source)
            yield
        finally:
            cursor.execute("ROLLBACK")


def _in_lines(statement: str) -> str:
    """A CREATE TABLE with a column a line, as a server shows it: doltlite keeps it in one."""
    depth, lines = 0, [""]
    for token in _TOKENS.findall(statement):
        depth += (token == "(") - (token == ")")
        if token == ")" and depth == 0:
            lines.append(token)
        elif depth == 1 and token in "(,":
            lines[-1] += token
            lines.append("  ")
        elif not (token == " " and lines[-1] == "  "):
            lines[-1] += token
    return "\n".join(lines)


_TOKENS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[(),\s]|[^'\"(),\s]+")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _touching(commit: str, tables: Sequence[str]) -> Query:
    """A condition: that the commit differs in one of the tables from one of its parents."""
    marks = ", ".join(["%s"] * len(tables))
    return (
        # The first commit has no parent: compared with itself it differs in nothing.
        "EXISTS (SELECT 1 FROM dolt_commit_ancestors AS step CROSS JOIN "
        "dolt_diff_summary(COALESCE(step.parent_hash, step.commit_hash), step.commit_hash) "
        f"AS changed WHERE step.commit_hash = {commit} AND "
        f"(changed.to_table_name IN ({marks}) OR changed.from_table_name IN ({marks})))",
        [*tables, *tables],
    )


def _told(row: Sequence[Any]) -> tuple[Any, ...]:
    date = row[4]
    if isinstance(date, str):
        date = datetime.datetime.fromisoformat(date)
    return date, row[5]
