"""The connection wrapper: Django's sqlite3 backend over doltlite, aimed at one branch of a file.

`NAME` is the path of the database file, or `file/branch`; `file/tag` and `file/commit` can be
read. Needs the extra `dolt-router[embedded]`.
https://github.com/dolthub/doltlite
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS
from django.db.backends.sqlite3._functions import register as register_functions
from django.utils.asyncio import async_unsafe

from ... import aliases
from ...exceptions import BranchDoesNotExist, DoltRouterError
from ...names import validate_ref
from ..dolt.statements import Kind, Statement
from ..dolt.testcases import guard
from ..wrapper import BranchConnection
from . import driver
from .client import DatabaseClient
from .collecting import GROWTH
from .creation import DatabaseCreation
from .cursor import DoltLiteCursor
from .errors import missing_branch, translate
from .features import DatabaseFeatures
from .files import create_shared_file, shared_file, split_name, uri
from .introspection import DatabaseIntrospection
from .loading import INSTALL
from .operations import DatabaseOperations
from .places import HERE, Place, Route, route
from .pool import FilePool
from .schema import DatabaseSchemaEditor
from .transactions import EmbeddedTransactions

Database = driver.Database

_Connection: Any = Database.Connection

TIMEOUT = 20  # seconds that a writer waits for others, unless OPTIONS says otherwise
PLAIN_SQLITE = b"SQLite format 3\0"  # how such a file begins
NO_NAMES: frozenset[str] = frozenset()

aliases.install()


class Session(_Connection):
    """A connection to a file, and what the next user of it must know."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.traces: set[str] = set()  # what differs from a new one: see `dolt.pool`
        super().__init__(*args, **kwargs)


class DatabaseWrapper(BranchConnection, EmbeddedTransactions, driver.base.DatabaseWrapper):
    """One branch of one database file, in one thread."""

    display_name = "Dolt, embedded"
    SchemaEditorClass = DatabaseSchemaEditor
    client_class = DatabaseClient
    creation_class = DatabaseCreation
    features_class = DatabaseFeatures
    introspection_class = DatabaseIntrospection
    ops_class = DatabaseOperations
    pool_class = FilePool

    connection: Session | None
    gc_growth: int = 0  # bytes; known when connected
    timeout: float = TIMEOUT
    is_branch = True  # rather than a tag or commit; known when connected

    def __init__(self, settings_dict: dict[str, Any], alias: str = DEFAULT_DB_ALIAS) -> None:
        super().__init__(settings_dict, alias)
        self.init_branch()
        self.init_transactions()
        self.shared_connection: Session | None = None
        self.forced_place: Place | None = None
        self._in_shared_file: frozenset[str] | None = None

    @staticmethod
    def split_name(name: Any) -> tuple[str, str]:
        return split_name(str(name or ""))

    # -- connecting ---------------------------------------------------------------

    def get_connection_params(self) -> dict[str, Any]:
        name = str(self.settings_dict["NAME"])
        if name.startswith("file:") or name == ":memory:":
            raise ImproperlyConfigured(
                f'NAME is "{name}", and the embedded engine needs the path of a file: '
                '"/path/inventory.db", or "/path/inventory.db/branch".'
            )
        params: dict[str, Any] = super().get_connection_params()
        params.setdefault("timeout", TIMEOUT)
        self.gc_growth = params.pop("gc_growth", GROWTH)
        if not isinstance(self.gc_growth, int) or self.gc_growth < 0:
            raise ImproperlyConfigured(
                f'OPTIONS["gc_growth"] is {self.gc_growth!r}. It is a number of bytes: garbage is '
                "collected when the file has grown by so many; 0 for never."
            )
        self.timeout = params["timeout"]
        params["database"] = f"{self.base_name}/{validate_ref(self.ref)}"
        params["isolation_level"] = None
        params["factory"] = Session
        params["uri"] = True  # for what is attached; NAME itself is no URI
        return params

    @async_unsafe
    def get_new_connection(self, conn_params: dict[str, Any]) -> Session:
        if self.pool is not None:
            self.pool.register(self)
        self._create_database(conn_params)
        try:
            session: Session = super().get_new_connection(conn_params)
        except Database.Error as error:
            if translated := translate(error, self):
                raise translated from error
            if "unable to open" in str(error) and self._is_plain_file():
                raise self._plain_file() from error
            raise
        try:
            self._check_engine(session)
            self._check_ref(session)
            self._attach(session, "shared", uri(create_shared_file(self.base_name), "ro"))
        except BaseException:
            session.close()
            raise
        return session

    def _create_database(self, conn_params: dict[str, Any]) -> None:
        """Make the file, as SQLite does, when it is not there; only for the default branch."""
        file = self.base_name
        if os.path.exists(file) and os.path.getsize(file):
            return
        if not self.is_home:
            raise BranchDoesNotExist(self.ref, self.root_alias)
        session = Database.connect(file, timeout=conn_params["timeout"], isolation_level=None)
        try:
            self._check_engine(session)
            if self.ref != "main":  # as the engine names the first one
                session.execute("SELECT dolt_branch('-m', 'main', ?)", (self.ref,))
        finally:
            session.close()

    def _check_engine(self, session: Session) -> None:
        """Refuse to work on plain SQLite, be it the library or the file; asked on every connect."""
        try:
            session.execute("SELECT dolt_version()").fetchone()
            (engine,) = session.execute("SELECT doltlite_engine()").fetchone()
        except Database.Error as error:
            raise ImproperlyConfigured(
                "Plain SQLite was loaded in the place of doltlite, and nothing is done on it. "
                f"Reinstall doltlite with: {INSTALL}"
            ) from error
        if engine != "prolly":
            raise self._plain_file()

    def _is_plain_file(self) -> bool:
        # Asked only when the engine can't open it at all: whoever closes a file gives up the
        # locks that the whole process has on it (POSIX), those of other threads' transactions.
        try:
            with open(self.base_name, "rb") as file:
                return file.read(len(PLAIN_SQLITE)) == PLAIN_SQLITE
        except OSError:
            return False

    def _plain_file(self) -> ImproperlyConfigured:
        return ImproperlyConfigured(
            f'"{self.base_name}" is a plain SQLite file and has no branches. Name another '
            "file, and bring the rows over with dumpdata and loaddata: see docs/embedded.md."
        )

    def _check_ref(self, session: Session) -> None:
        (branch,) = session.execute("SELECT active_branch()").fetchone()
        if branch is not None and branch != self.ref:
            raise missing_branch(self, self.ref)
        self.is_branch = branch is not None

    @staticmethod
    def _attach(session: Session, name: str, path: str) -> None:
        session.execute(f"ATTACH DATABASE ? AS {name}", (path,))

    def _open_shared(self) -> Session:
        """The connection to the file of the shared tables, which only the default branch has."""
        if self.shared_connection is None:
            assert self.is_home
            self.ensure_connection()
            params = self.get_connection_params()
            params |= {"database": uri(shared_file(self.base_name), "rw"), "uri": True}
            session = Session(**{k: v for k, v in params.items() if k != "factory"})
            register_functions(session)
            session.execute("PRAGMA foreign_keys = ON")
            session.execute("PRAGMA legacy_alter_table = OFF")
            session.execute("PRAGMA synchronous = FULL")
            session.execute("SELECT dolt_version()")
            path = uri(f"{self.base_name}/{self.ref}", "ro")
            self._attach(session, "versioned", path)
            self.shared_connection = session
        return self.shared_connection

    def _close(self) -> None:
        shared, self.shared_connection = self.shared_connection, None
        if shared is not None:
            shared.close()
        super()._close()

    def close_if_unusable_or_obsolete(self) -> None:
        super().close_if_unusable_or_obsolete()
        if self.connection is None or self.in_atomic_block or not self.is_branch:
            return
        # A connection goes on reading a branch that was deleted meanwhile.
        sql = "SELECT 1 FROM dolt_branches WHERE name = ?"
        if self.connection.execute(sql, (self.ref,)).fetchone() is None:
            self.close()

    def list_branch_names(self) -> list[str]:
        """The names of all branches, by a short connection of its own.

        Raises:
            Database.Error: the file can't be read.
        """
        session = Database.connect(uri(self.base_name, "ro"), uri=True)
        try:
            rows = session.execute("SELECT name FROM dolt_branches ORDER BY name")
            return [name for (name,) in rows]
        finally:
            session.close()

    def finds_ref(self, ref: str) -> bool:
        with self.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM dolt_branches WHERE lower(name) = lower(%s) UNION "
                "SELECT 1 FROM dolt_tags WHERE lower(tag_name) = lower(%s)",
                [ref, ref],
            )
            return cursor.fetchone() is not None

    @contextmanager
    def streaming_cursor(self) -> Iterator[Any]:
        with self.second_connection() as copy:
            copy.ensure_connection()
            yield copy.raw_cursor(Place.VERSIONED)

    def translate_error(self, error: Exception) -> DoltRouterError | None:
        return translate(error, self)

    def is_usable(self) -> bool:
        try:
            assert self.connection is not None
            self.connection.execute("SELECT 1")
        except Database.Error:
            return False
        return True

    def is_in_memory_db(self) -> bool:
        return False

    # -- the two files ------------------------------------------------------------------

    def create_cursor(self, name: str | None = None) -> DoltLiteCursor:
        cursor = DoltLiteCursor(self)
        self.open_cursors.add(cursor)
        return cursor

    def raw_cursor(self, place: Place) -> Any:
        """A cursor of the driver's, on one of the files; takes `%s` for values."""
        session = self.connection if place is Place.VERSIONED else self._open_shared()
        assert session is not None
        return session.cursor(factory=driver.base.SQLiteCursorWrapper)

    def send_to(self, place: Place, sql: str, args: tuple[Any, ...] | None = None) -> Any:
        cursor = self.raw_cursor(place)
        try:
            cursor.execute(sql, args)
            rows = cursor.fetchall()
            return rows[0] if rows else None
        finally:
            cursor.close()

    def in_transaction(self, place: Place) -> bool:
        session = self.connection if place is Place.VERSIONED else self.shared_connection
        return session is not None and bool(session.in_transaction)

    @property
    def looks_at_reads(self) -> bool:
        """Whether even a plain read needs a look: its place, or a transaction to begin."""
        return (
            self.begins_with_read
            or (self.server_transaction and self._reads_in_transaction)
            or bool(self.halves[Place.SHARED].written)
            or self.forced_place is not None
        )

    def route(self, statement: Statement, sql: str) -> Route:
        """Where a statement goes; always the versioned file on other branches, and for verbs."""
        if self.forced_place is not None:
            return Route(self.forced_place)
        if not self.is_home or self.plain:
            return HERE
        matters = statement.kind in (Kind.WRITE, Kind.SCHEMA) or self.halves[Place.SHARED].written
        return route(statement, sql, self.halves, self.in_shared_file if matters else NO_NAMES)

    @contextmanager
    def lending(self, tables: tuple[str, ...]) -> Iterator[None]:
        """Copy shared tables, as this transaction has them, into temporary ones for a while."""
        for table in tables:
            self._lend(table)
        try:
            yield
        finally:
            for table in tables:
                self.send_to(Place.VERSIONED, f"DROP TABLE temp.{self.ops.quote_name(table)}")

    def _lend(self, table: str) -> None:
        assert self.connection is not None
        quoted = self.ops.quote_name(table)
        listed = self._open_shared().execute(f"PRAGMA main.table_info({quoted})").fetchall()
        names = [self.ops.quote_name(name) for _, name, *_ in listed]
        columns = [
            f"{name} {row[2]}{' PRIMARY KEY' if row[5] == 1 else ''}"
            for name, row in zip(names, listed, strict=True)
        ]
        self.connection.execute(f"CREATE TEMP TABLE {quoted} ({', '.join(columns)})")
        # With + it is an expression, whose value is handed over as it is stored.
        rows = self._open_shared().execute(
            f"SELECT {', '.join('+' + name for name in names)} FROM main.{quoted}"
        )
        marks = ", ".join("?" * len(names))
        self.connection.executemany(f"INSERT INTO temp.{quoted} VALUES ({marks})", rows)

    @property
    def in_shared_file(self) -> frozenset[str]:
        """The tables and indexes in the file of the shared tables, in lower case."""
        if self._in_shared_file is None:
            rows = self._open_shared().execute(
                "SELECT lower(name) FROM main.sqlite_master WHERE name NOT LIKE 'sqlite_%'"
            )
            self._in_shared_file = frozenset(name for (name,) in rows)
        return self._in_shared_file

    def after_statement(self, statement: Statement, rows: int) -> None:
        super().after_statement(statement, rows)
        if statement.kind is Kind.SCHEMA:
            self._in_shared_file = None

    def _send_rollback(self) -> None:
        self._in_shared_file = None
        super()._send_rollback()

    def repeat_on_shared(self, sql: str) -> None:
        """Send a statement about both files to the other one as well."""
        if self.is_home and not self.plain:
            self.send_to(Place.SHARED, sql)

    def check_constraints(self, table_names: Any = None) -> None:
        super().check_constraints(table_names)
        if self.is_home and table_names is None:
            self.forced_place = Place.SHARED
            try:
                super().check_constraints()
            finally:
                self.forced_place = None


guard(DatabaseWrapper)
