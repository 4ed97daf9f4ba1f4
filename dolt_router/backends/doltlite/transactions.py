"""Transactions of the embedded engine.

One write lock holds for a whole file, over all its branches. A transaction that is to write
takes it when it begins (BEGIN IMMEDIATE) and waits for it as long as the option `timeout` says:
one that began to read and wants to write later could only fail when others wrote meanwhile.
https://www.sqlite.org/lang_transaction.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.db.backends.utils import debug_transaction

from ...exceptions import AnotherBranchIsWriting
from ..dolt.statements import Kind, Statement
from ..dolt.transactions import DoltTransactions
from .collecting import housekeeper
from .engine import EmbeddedEngine
from .places import Half, Place
from .statements import unquoted

if TYPE_CHECKING:
    from .pool import FilePool

_SAVEPOINT = re.compile(
    r"\s*(?P<verb>savepoint|release|rollback)(?:\s+transaction)?(?:\s+to)?(?:\s+savepoint)?\s+"
    r"(?P<name>\S+)",
    re.I,
)


class EmbeddedTransactions(DoltTransactions):
    """The transaction half of the wrapper: on the default branch, of its two files."""

    engine = EmbeddedEngine()
    gc_growth: int
    timeout: float
    pool: FilePool | None

    def init_transactions(self) -> None:
        super().init_transactions()
        self.halves = {place: Half() for place in Place}
        self.savepoints: list[str] = []  # the names of those that are open
        self.upcoming = Place.VERSIONED  # where the statement goes that is looked at now

    def connect(self) -> None:
        self._forget()
        super().connect()

    def _forget(self) -> None:
        for half in self.halves.values():
            half.clear()
        self.savepoints.clear()

    @property
    def holds_lock(self) -> bool:
        """Whether this connection holds the write lock of the versioned file."""
        return self.halves[Place.VERSIONED].locked

    # -- before and after each statement ---------------------------------------------

    def before_statement(self, statement: Statement) -> bool:
        writes = statement.kind in (Kind.WRITE, Kind.SCHEMA)
        if self.plain:
            if writes or statement.verb == "begin":
                self._refuse_second_writer()
            return False
        if statement.kind is Kind.TRANSACTION:
            return False  # sent to the files that have a transaction, by `run_savepoint`
        one_shot = super().before_statement(statement)
        if self.server_transaction and (writes or self._reads_in_transaction):
            self._begin_half(self.upcoming, writes)
        return one_shot

    @property
    def _reads_in_transaction(self) -> bool:
        return not self.autocommit and not self.is_in_units_only

    def _check_write(self, statement: Statement) -> None:
        if statement.foreign == "main" or (self.is_home and statement.foreign == "shared"):
            statement = statement._replace(foreign="")  # SQLite's names for this very branch
        super()._check_write(statement)

    def after_statement(self, statement: Statement, rows: int) -> None:
        super().after_statement(statement, rows)
        if statement.kind in (Kind.WRITE, Kind.SCHEMA) and self.server_transaction:
            self.halves[self.upcoming].note(statement.tables)

    # -- begin, commit, roll back -------------------------------------------------------

    def _start_transaction_under_autocommit(self) -> None:
        """Called when `atomic` is entered; the transaction begins later, as ever."""

    def _send_begin(self) -> None:
        self._begin_half(self.upcoming, False)

    def _begin_half(self, place: Place, writes: bool) -> None:
        half = self.halves[place]
        if half.begun and (half.locked or not writes):
            return
        begin = self.engine.begin
        if place is Place.VERSIONED and self._other_writer() is not None:
            if writes:
                self._refuse_second_writer()
            begin = "BEGIN"  # it can read all the same
        self.send_to(place, begin)
        half.begun, half.locked = True, begin != "BEGIN"
        for name in self.savepoints:
            self.send_to(place, f"SAVEPOINT {self.ops.quote_name(name)}")

    def _other_writer(self) -> Any:
        return None if self.pool is None else self.pool.writer(self)  # type: ignore[arg-type]

    def _refuse_second_writer(self) -> None:
        other = self._other_writer()
        if other is not None:  # waiting for it would be waiting for ourselves
            raise AnotherBranchIsWriting(self.ref, other.ref)

    def send_to(self, place: Place, sql: str, args: tuple[Any, ...] | None = None) -> Any:
        """Send a statement to one of the files; the first row of its answer, or None."""
        raise NotImplementedError

    def _send(self, sql: str, args: tuple[Any, ...] | None = None) -> Any:
        try:
            return self.send_to(Place.VERSIONED, sql, args)
        except self.Database.Error as error:
            self.errors_occurred = True
            if translated := self.translate_error(error):
                raise translated from error
            raise

    def _before_dolt_commit(self) -> None:
        # Shared rows first, as between connections: what the branch's rows point to is there.
        self._end_half(Place.SHARED, "COMMIT")

    def _send_commit(self) -> None:
        with debug_transaction(self, "COMMIT"):
            for place in (Place.SHARED, Place.VERSIONED):
                self._end_half(place, "COMMIT")
        self._forget()

    def _send_rollback(self) -> None:
        with debug_transaction(self, "ROLLBACK"), self.wrap_database_errors:
            for place in Place:
                self._end_half(place, "ROLLBACK")
        self._forget()

    def _tell_commit(self) -> None:
        committed = self.to_tell is not None
        super()._tell_commit()
        if committed:
            housekeeper.after_commit(self.base_name, self.gc_growth, self.timeout)

    def _end_half(self, place: Place, verb: str) -> None:
        half = self.halves[place]
        if half.begun:
            # After some errors the engine has rolled back by itself.
            if self.in_transaction(place):
                self.send_to(place, verb)
            half.clear()

    def in_transaction(self, place: Place) -> bool:
        """Whether the file's connection has a transaction open."""
        raise NotImplementedError

    # -- savepoints ---------------------------------------------------------------------

    def _aim_savepoints(self) -> None:
        """Nothing to do: the engine keeps savepoints for the branch that is open."""

    def run_savepoint(self, sql: str) -> None:
        """Send SAVEPOINT, RELEASE or ROLLBACK TO to the files that have a transaction.

        The others get the savepoints that are open when they begin theirs. So a savepoint in
        a request that only reads costs nothing and takes no lock.
        """
        match = _SAVEPOINT.match(sql)
        assert match is not None
        verb, name = match["verb"].lower(), unquoted(match["name"].rstrip(";"))
        if verb != "savepoint" and name not in self.savepoints:
            raise self.Database.OperationalError(f"no such savepoint: {name}")
        for place, half in self.halves.items():
            if half.begun:
                self.send_to(place, sql)
        if verb == "savepoint":
            self.savepoints.append(name)
        else:
            at = len(self.savepoints) - 1 - self.savepoints[::-1].index(name)
            del self.savepoints[at + (verb == "rollback") :]
