"""The cursor: looks at each statement before it is sent, and notes what it wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from ..dolt.statements import Kind, Statement
from ..shared_reads import reads_shared_only
from .driver import Database
from .places import Place
from .statements import READ, classify, in_sqlite

if TYPE_CHECKING:
    from .base import DatabaseWrapper


class DoltLiteCursor:
    """A cursor of one branch; on the default branch, of either of its files.

    Not used by itself: Django wraps it for logging and errors.
    """

    def __init__(self, wrapper: DatabaseWrapper) -> None:
        self.wrapper = wrapper
        self.is_open = True
        self._cursors: dict[Place, Any] = {}
        self._cursor = self._on(Place.VERSIONED)
        self._home: DoltLiteCursor | None = None
        self._rows: list[Any] | None = None  # the answer of a write, read to its end

    def _on(self, place: Place) -> Any:
        if place not in self._cursors:
            self._cursors[place] = self.wrapper.raw_cursor(place)
        return self._cursors[place]

    def execute(self, query: str, params: Any = None) -> Any:
        query = in_sqlite(query)
        return self._run(query, lambda cursor: cursor.execute(query, params))

    def executemany(self, query: str, param_list: Sequence[Any]) -> Any:
        return self._run(query, lambda cursor: cursor.executemany(query, param_list))

    def _run(self, query: str, send: Callable[[Any], Any]) -> Any:
        wrapper = self.wrapper
        statement = classify(query)
        self._rows = None
        if wrapper.deferring and (
            wrapper.belongs_home(statement)
            or (statement.kind is Kind.READ and not wrapper.is_home and reads_shared_only(query))
        ):
            self._cursor = self._at_home()
            send(self._cursor)
            return self
        if statement is READ and not wrapper.looks_at_reads:
            self._cursor = self._on(Place.VERSIONED)
            self._send(send, self._cursor)
            return self
        if statement.kind is Kind.TRANSACTION and not wrapper.plain:
            self._send(lambda _cursor: wrapper.run_savepoint(query), None)
            return self
        try:
            route = wrapper.route(statement, query)
            wrapper.upcoming = route.place
            one_shot = wrapper.before_statement(statement)
        except Database.Error as error:
            self._raise(error)
        self._cursor = self._on(wrapper.upcoming)
        try:
            with wrapper.lending(route.lent) if route.lent else nullcontext():
                self._send(send, self._cursor)
                if route.lent and statement.kind is Kind.READ:
                    self._rows = self._fetch_all()
            if statement.kind is Kind.LOCK:
                wrapper.repeat_on_shared(query)
            elif statement.kind is not Kind.READ:
                self._after(statement)
        except BaseException:
            if one_shot:
                wrapper.abandon()
            raise
        if statement.kind is not Kind.READ and one_shot:
            wrapper.finish_one_shot()
        return self

    def _at_home(self) -> DoltLiteCursor:
        """For what a migration does to shared tables: one on the default branch, their home.

        The functions of data migrations write with `.using(schema_editor.connection.alias)`; on
        the branch the transaction would go on to see the shared rows that it saw first.
        """
        if self._home is None:
            home = self.wrapper.home
            home.ensure_connection()
            self._home = home.create_cursor()
        return self._home

    def _after(self, statement: Statement) -> None:
        if self._cursor.description is not None:
            # RETURNING, or a procedure: it has done its work only when its rows are read, and
            # a transaction can't be committed before.
            self._rows = self._fetch_all()
        self.wrapper.after_statement(statement, self._cursor.rowcount)

    def _fetch_all(self) -> list[Any]:
        try:
            return list(self._cursor.fetchall())
        except Database.Error as error:
            self._raise(error)
            raise

    def _send(self, send: Callable[[Any], Any], cursor: Any) -> None:
        try:
            send(cursor)
        except Database.Error as error:
            self._raise(error)

    def _raise(self, error: Exception) -> Any:
        if translated := self.wrapper.translate_error(error):
            self.wrapper.errors_occurred = True
            raise translated from error
        raise error

    # -- the answer ---------------------------------------------------------------------

    def fetchone(self) -> Any:
        if self._rows is None:
            return self._cursor.fetchone()
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        size = self.arraysize if size is None else size
        if self._rows is None:
            return list(self._cursor.fetchmany(size))
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken

    def fetchall(self) -> list[Any]:
        if self._rows is None:
            return list(self._cursor.fetchall())
        taken, self._rows = self._rows, []
        return taken

    def __iter__(self) -> Iterator[Any]:
        while (row := self.fetchone()) is not None:
            yield row

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # of a cursor that was never made
            raise AttributeError(name)
        return getattr(self._cursor, name)

    def close(self) -> None:
        self.is_open = False
        for cursor in (*self._cursors.values(), *filter(None, [self._home])):
            cursor.close()
