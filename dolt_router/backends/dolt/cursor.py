"""The cursor: looks at each statement before it is sent, and notes what it wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db.backends.mysql.base import CursorWrapper, Database

from .errors import translate
from .sequences import register_renamed, renames
from .statements import Kind, Statement, classify

if TYPE_CHECKING:
    from .base import DatabaseWrapper


class DoltCursor(CursorWrapper):
    """A cursor of one branch. Not used by itself: Django wraps it for logging and errors."""

    def __init__(self, cursor: Any, wrapper: DatabaseWrapper) -> None:
        super().__init__(cursor)
        self.wrapper = wrapper
        self.is_open = True
        self._elsewhere: CursorWrapper | None = None  # the last statement was run there

    def execute(self, query: str, args: Any = None) -> Any:
        self._elsewhere = None
        statement = classify(query)
        wrapper = self.wrapper
        if statement is _PLAIN_READ and not (wrapper.begins_with_read or wrapper.snapshot_is_old):
            try:
                return super().execute(query, args)
            except Database.Error as error:
                self._raise(error)
        return self._run(statement, super().execute, query, args)

    def executemany(self, query: str, args: Sequence[Any]) -> Any:
        self._elsewhere = None
        return self._run(classify(query), super().executemany, query, args)

    def callproc(self, procname: str, args: Sequence[Any] = ()) -> Any:
        return self._run(
            classify(f"CALL {procname}"),
            lambda name, values: self.cursor.callproc(name, values),
            procname,
            args,
        )

    def _run(self, statement: Statement, send: Any, query: Any, args: Any) -> Any:
        wrapper = self.wrapper
        if wrapper.deferring and wrapper.belongs_home(statement):
            return self._run_at_home(send.__name__, query, args)
        one_shot = wrapper.before_statement(statement)
        try:
            result = send(query, args)
        except Database.Error as error:
            if one_shot:
                wrapper.abandon()
            self._raise(error)
        except BaseException:
            if one_shot:
                wrapper.abandon()
            raise
        if statement.kind is Kind.SCHEMA and isinstance(query, str):
            for old, new in renames(query):
                self._register(old, new)
        if statement.kind is not Kind.READ:
            wrapper.after_statement(statement, self.cursor.rowcount)
            if one_shot:
                wrapper.finish_one_shot()
        elif statement.traces:
            wrapper.connection.traces.update(statement.traces)  # type: ignore[union-attr]
        return result

    def _register(self, old: str, new: str) -> None:
        with self.wrapper.connection.cursor() as cursor:  # type: ignore[union-attr]
            register_renamed(cursor, old, new)

    def _run_at_home(self, how: str, query: Any, args: Any) -> Any:
        """Run a migration's write to shared tables on the default branch, where they live.

        The functions of data migrations write with `.using(schema_editor.connection.alias)`.
        """
        cursor = self.wrapper.home.cursor()
        try:
            result = getattr(cursor, how)(query, args)
        finally:
            cursor.close()
        self._elsewhere = cursor.cursor
        self.wrapper.snapshot_is_old = True
        return result

    @property
    def rowcount(self) -> int:
        return int((self._elsewhere or self.cursor).rowcount)

    @property
    def lastrowid(self) -> Any:
        return (self._elsewhere or self.cursor).lastrowid

    def _raise(self, error: Exception) -> Any:
        if translated := translate(error, self.wrapper):
            self.wrapper.errors_occurred = True
            raise translated from error
        raise error

    def close(self) -> None:
        self.is_open = False
        self.cursor.close()


_PLAIN_READ = classify("SELECT 1")
