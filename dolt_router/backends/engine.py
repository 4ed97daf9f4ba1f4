"""What the two engines say differently, behind one interface: `connection.engine`.

`dolt/engine.py` speaks to a Dolt server in MySQL's words, `doltlite/engine.py` to the embedded
engine in SQLite's. Nothing above the backends asks which of them it has: it asks the engine of
its connection (or of its cursor: `cursor.db.engine`) for a statement, or for an answer. What an
engine can't do is told by its flags, and refused by `require`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from ..exceptions import UnsupportedByEngine

Query = tuple[str, list[Any]]  # a statement, and the values of its marks


class LogRow(NamedTuple):
    """A commit as an engine tells it; `date` is in UTC, and naive."""

    commit_hash: str
    parents: tuple[str, ...]
    committer: str
    email: str
    date: Any
    message: str


class MergeAnswer(NamedTuple):
    """What a merge did: `open` when it waits for conflicts to be resolved."""

    fast_forward: bool
    open: bool


class Collected(NamedTuple):
    """Bytes that a database takes before and after its garbage was collected."""

    before: int
    after: int


class Engine(ABC):
    """The words of one engine. Stateless: one instance serves every connection."""

    name: ClassVar[str]  # as users know it
    begin: ClassVar[str]  # the statement that begins a transaction which is to write
    null_safe_equal: ClassVar[str]  # the operator that finds NULL equal to NULL

    # -- abilities: False says what is missing; `require` refuses it ----------------------

    remotes: ClassVar[bool] = True
    untracking: ClassVar[bool] = True  # tables that are versioned can be made shared
    backup_files: ClassVar[bool] = False  # the database is files, and is backed up as such
    # Of two transactions at once that wrote to a shared table with a foreign key, one's rows go.
    shared_keys_lose_rows: ClassVar[bool] = True
    reads_many_refs: ClassVar[bool] = True  # a UNION may read a table at several refs
    garbage_modes: ClassVar[tuple[str, ...]] = ("default", "shallow", "full")

    def require(self, ability: str, what: str) -> None:
        """Refuse `what` unless the flag `ability` is set.

        Raises:
            UnsupportedByEngine: it is not.
        """
        if not getattr(self, ability):
            raise UnsupportedByEngine(what, self.name)

    # -- procedures ---------------------------------------------------------------------

    @abstractmethod
    def call(self, procedure: str, marks: str = "") -> str:
        """The statement that runs a procedure of Dolt's, for a cursor.

        Args:
            marks: the arguments as they stand in the SQL: literals, and `%s` for values.
        """

    def run(self, cursor: Any, procedure: str, *arguments: Any) -> tuple[Any, ...]:
        """Run a procedure of Dolt's; the first row of its answer, or ()."""
        marks = ", ".join(["%s"] * len(arguments))
        cursor.execute(self.call(procedure, marks), list(arguments))
        rows = cursor.fetchall()
        return tuple(rows[0]) if rows else ()

    @abstractmethod
    def apply(self, cursor: Any, procedure: str, *arguments: Any) -> tuple[str, bool]:
        """Run a revert or cherry-pick in a transaction: the new hash, and whether it conflicts."""

    @abstractmethod
    def merge(
        self, cursor: Any, source: str, strategy: str, message: str, author: str
    ) -> MergeAnswer:
        """Merge `source` into the branch of the cursor, in a transaction.

        Args:
            strategy: one of `versioning.merges`; or "open", which leaves the commit to the caller.

        Raises:
            ValueError: `strategy` is "ff-only", and it can't be fast-forwarded.
        """

    def conflict_rows(
        self, cursor: Any, table: str, limit: int, offset: int
    ) -> list[dict[str, Any]]:
        """Rows of `dolt_conflicts_<table>` in the merge under way."""
        cursor.execute(
            f"SELECT * FROM {cursor.db.ops.quote_name('dolt_conflicts_' + table)} "
            f"LIMIT {limit} OFFSET {offset}"
        )
        return fetch_dicts(cursor)

    def settles_whole_tables(self, cursor: Any, table: str) -> bool:
        """Whether the conflicts of this table can only be forgotten all at once."""
        return False

    def conflict_keys(self, cursor: Any, table: str, key: Sequence[str]) -> list[Sequence[Any]]:
        """The keys of all `conflict_rows`, in the same order: values of the columns `key`."""
        shown = keys_of_conflicts(cursor.db.ops.quote_name, key)
        name = cursor.db.ops.quote_name("dolt_conflicts_" + table)
        cursor.execute(f"SELECT {shown} FROM {name}")
        return list(cursor.fetchall())

    def take_side(self, cursor: Any, table: str, key: Sequence[str], side: str) -> bool:
        """Give the rows in conflict what a side has, by statements over all of them.

        What only one side changed of a row is merged, as ever. The conflicts stay noted until
        `settle_table`.

        Args:
            key: the columns of the primary key.
            side: "ours" or "theirs".

        Returns:
            Whether it was done: not for a table that has other columns on one of the sides.
        """
        q = cursor.db.ops.quote_name
        conflicts, rows = q("dolt_conflicts_" + table), q(table)
        cursor.execute(f"SELECT * FROM {conflicts} LIMIT 0")
        names = [str(column[0]) for column in cursor.description]
        mine, others = ("our", "their") if side == "ours" else ("their", "our")
        ours, theirs, base = (
            {name.removeprefix(prefix) for name in names if name.startswith(prefix)} - {"diff_type"}
            for prefix in ("our_", "their_", "base_")
        )
        if not ours == theirs == base:
            return False
        first = key[0]
        our, their = f"c.{q('our_' + first)}", f"c.{q('their_' + first)}"
        keys = ", ".join(map(q, key))
        if mine == "their":
            gone = ", ".join(f"c.{q('our_' + column)}" for column in key)
            cursor.execute(
                f"DELETE FROM {rows} WHERE ({keys}) IN "
                f"(SELECT {gone} FROM {conflicts} AS c WHERE {our} IS NOT NULL AND {their} IS NULL)"
            )
        values = {
            column: f"CASE WHEN c.{q('base_' + first)} IS NOT NULL AND "
            + self.is_same(f"c.{q(f'{mine}_{column}')}", f"c.{q('base_' + column)}")
            + f" THEN c.{q(f'{others}_{column}')} ELSE c.{q(f'{mine}_{column}')} END"
            for column in sorted(ours - set(key))
        }
        if values:
            on = " AND ".join(f"t.{q(c)} = c.{q('our_' + c)}" for c in key)
            where = f"{our} IS NOT NULL AND {their} IS NOT NULL"
            sets = {q(column): value for column, value in values.items()}
            cursor.execute(self.update_from(rows, conflicts, sets, on, where))
        if mine == "their":
            columns = sorted(ours)
            given = ", ".join(f"c.{q('their_' + column)}" for column in columns)
            cursor.execute(
                f"INSERT INTO {rows} ({', '.join(map(q, columns))}) SELECT {given} "
                f"FROM {conflicts} AS c WHERE {our} IS NULL AND {their} IS NOT NULL"
            )
        return True

    @abstractmethod
    def is_same(self, value: str, other: str) -> str:
        """A condition: two expressions have the same value, in the same letters; or none both."""

    @abstractmethod
    def update_from(
        self, rows: str, source: str, sets: Mapping[str, str], on: str, where: str
    ) -> str:
        """An update of the table `rows` (t) from the rows of `source` (c) that are joined."""

    def settle_table(self, cursor: Any, table: str) -> None:
        """Forget all of `dolt_conflicts_<table>`: the table says what is to be kept."""
        cursor.execute(f"DELETE FROM {cursor.db.ops.quote_name('dolt_conflicts_' + table)}")

    @abstractmethod
    def settle_conflict(self, cursor: Any, table: str, key: Sequence[str], row: Any) -> None:
        """Forget a row of `dolt_conflicts_<table>`: the table says what is to be kept."""

    @abstractmethod
    def violation_kind(self, error: Exception) -> str:
        """Which kind of constraint a driver's IntegrityError speaks of."""

    def broken_keys(self, cursor: Any) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
        """Foreign keys that are broken in a transaction, and would stop its commit.

        Returns:
            table, row and what is known of the key, one for each row. Empty on an engine that
            checks each statement.
        """
        return []

    @abstractmethod
    def reset_to_head(self, cursor: Any) -> None:
        """Make the branch's working set equal to its head, without tables that no commit knows."""

    def collect_garbage(self, cursor: Any, *options: str) -> Collected | None:
        """Free what nothing refers to (`dolt_gc`); None when the engine doesn't tell the sizes."""
        self.run(cursor, "dolt_gc", *options)
        return None

    def heed_ids(self, cursor: Any, before: str, after: str) -> None:
        """Let new rows get ids beyond those that came from elsewhere to the cursor's branch.

        Args:
            before, after: refs; what differs between them may have come.
        """
        return  # an engine that looks for the highest id in the table

    def heed_all_ids(self, cursor: Any) -> None:
        """`heed_ids` for every table, in a database that came from elsewhere as a whole."""
        return

    # -- tables and rows ----------------------------------------------------------------

    @abstractmethod
    def has_table(self, cursor: Any, table: str) -> bool:
        """Whether the cursor's branch has this table."""

    @abstractmethod
    def tables(self, cursor: Any) -> list[str]:
        """The names of all tables that the cursor's branch sees, shared ones included."""

    @abstractmethod
    def primary_key(self, cursor: Any, table: str) -> list[str]:
        """The columns of the table's primary key, in order; empty for a table without one."""

    @abstractmethod
    def key_at(self, cursor: Any, table: str, ref: str) -> list[str] | None:
        """`primary_key` at a ref; None when the table isn't there."""

    @abstractmethod
    def table_at(self, table: str, ref: str) -> Query:
        """What stands after FROM for a table as it was at a ref."""

    def columns_at(self, cursor: Any, table: str, ref: str) -> frozenset[str] | None:
        """The columns that the table had at a ref; None: those that a query of then shows."""
        return None

    @abstractmethod
    def generated_columns(self, cursor: Any, table: str) -> frozenset[str]:
        """The table's columns that the database computes, and takes no value for."""

    def is_unversioned(self, column: str, field: Any) -> bool:
        """Whether no commit holds the column's value: it's computed whenever it's read.

        Args:
            field: the model's field of that column, or None.
        """
        return getattr(field, "generated", False) and not field.db_persist

    @abstractmethod
    def row_diff(self, table: str, refs: Sequence[str]) -> Query:
        """The rows that differ between two refs, or in one `a...b`."""

    @abstractmethod
    def speaks_of_missing_names(self, error: BaseException) -> bool:
        """Whether a driver's error says that there is no such table or column."""

    def is_internal(self, table: str) -> bool:
        """Whether a table that a diff names is the engine's own."""
        return False

    @abstractmethod
    def renames_between(self, cursor: Any, before: str, after: str, table: str) -> list[str]:
        """The statements that changed the schema of a table between two commits."""

    @abstractmethod
    def schema_diff(self, cursor: Any, refs: Sequence[str]) -> list[tuple[str, str, str]]:
        """Tables whose definitions differ: the name, both definitions; '' where there is none."""

    # -- history ------------------------------------------------------------------------

    @abstractmethod
    def log(
        self, cursor: Any, ref: str, tables: Sequence[str], limit: int, offset: int
    ) -> list[LogRow]:
        """Commits of a ref, children before parents; with `tables`, those that changed one."""

    @abstractmethod
    def ancestry(
        self, cursor: Any, heads: Sequence[str], limit: int, offset: int
    ) -> list[tuple[str, tuple[str, ...]]]:
        """Commits that any of `heads` has, with their parents; children before parents."""

    def log_row(self, cursor: Any, commit_hash: str) -> LogRow:
        """One commit of the log."""
        return self.log(cursor, commit_hash, (), 1, 0)[0]

    @abstractmethod
    def parents(self, cursor: Any, commit_hash: str) -> list[str]:
        """The hashes of a commit's parents, first parent first."""

    @abstractmethod
    def touching(self, tables: Sequence[str]) -> Query:
        """The hashes of the commits on the connection's branch that changed one of `tables`."""

    # How many conflicts are better forgotten one by one than with their whole table.
    settles_quickly: ClassVar[float] = float("inf")

    # The hash of the branch's first commit.
    first_commit: ClassVar[str]
    # The hashes in the log, oldest first, of a range `a..b`.
    own_commits: ClassVar[str]
    # Where every commit hash is found by its first characters.
    all_commits: ClassVar[str]

    # -- merges to come -----------------------------------------------------------------

    @abstractmethod
    def preview(self, cursor: Any, into: str, source: str) -> list[tuple[str, int, int]]:
        """What a merge would conflict in: table, rows, differences of the schema."""

    @abstractmethod
    def preview_rows(
        self, cursor: Any, into: str, source: str, table: str, limit: int, offset: int
    ) -> list[dict[str, Any]]:
        """Rows of a table that a merge would conflict in, as in `dolt_conflicts_<table>`."""

    @abstractmethod
    def preview_keys(
        self, cursor: Any, into: str, source: str, table: str, key: Sequence[str]
    ) -> list[Sequence[Any]]:
        """The keys of all `preview_rows`, in the same order: values of the columns `key`."""

    # Whether previews can be asked for of commits; else the target is the cursor's branch.
    previews_commits: ClassVar[bool] = True

    # -- what may be wrong --------------------------------------------------------------

    def warning(self, cursor: Any) -> tuple[str, str] | None:
        """What is wrong with how the engine is set up, and what to do; None: nothing."""
        return None


def fetch_dicts(cursor: Any) -> list[dict[str, Any]]:
    """The rows of the last statement as dicts by column name."""
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def keys_of_conflicts(quote: Callable[[str], str], key: Sequence[str]) -> str:
    return ", ".join(
        "COALESCE(" + ", ".join(quote(f"{side}_{c}") for side in ("our", "their", "base")) + ")"
        for c in key
    )
