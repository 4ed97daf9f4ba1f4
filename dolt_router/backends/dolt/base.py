"""The connection wrapper: Django's mysql backend, aimed at one branch of a Dolt database.

What it adds: the physical connection is shared by the branches of a thread (`pool`), every
statement is looked at before it is sent (`cursor`), the transaction begins at the first
write, and the outermost commit is a Dolt commit when anything versioned was written
(`transactions`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS
from django.db.backends.mysql import base as mysql
from django.utils.asyncio import async_unsafe
from django.utils.functional import cached_property
from MySQLdb.cursors import SSCursor

from ... import aliases
from ...exceptions import BranchDoesNotExist, UnsupportedServer
from ...names import validate_ref
from ..wrapper import BranchConnection
from .client import DatabaseClient
from .creation import DatabaseCreation
from .cursor import DoltCursor
from .engine import ServerEngine
from .errors import translate
from .features import DatabaseFeatures
from .introspection import DatabaseIntrospection
from .operations import DatabaseOperations
from .pool import Session, ThreadPool
from .reading import CONVERSIONS, REPLACED
from .schema import DatabaseSchemaEditor
from .testcases import guard
from .transactions import DoltTransactions
from .validation import DatabaseValidation

if TYPE_CHECKING:
    from ...exceptions import DoltRouterError

Database = mysql.Database

MINIMUM_DOLT_VERSION = (1, 86, 0)  # what this package is tested on, without the patch level

# What a process found out about servers and branches, so that it is asked once.
_server_data: dict[tuple[str, str], dict[str, Any]] = {}
_checked_servers: set[tuple[str, str]] = set()
_seen_refs: dict[tuple[str, str, str], bool] = {}  # (host, port, db/ref) -> is it a branch?
KEEP_SEEN_REFS = 10_000

aliases.install()


class DatabaseWrapper(BranchConnection, DoltTransactions, mysql.DatabaseWrapper):
    """One branch of one database of a Dolt server, in one thread."""

    display_name = "Dolt"
    SchemaEditorClass = DatabaseSchemaEditor
    client_class = DatabaseClient
    creation_class = DatabaseCreation
    features_class = DatabaseFeatures
    introspection_class = DatabaseIntrospection
    ops_class = DatabaseOperations
    validation_class = DatabaseValidation
    # Both sides are lowered (`lookup_cast` does the left): text compares by its bytes. Without
    # BINARY an escaped % or _ near the start of a pattern finds nothing.
    operators = {
        **mysql.DatabaseWrapper.operators,
        **dict.fromkeys(("icontains", "istartswith", "iendswith"), "LIKE BINARY LOWER(%s)"),
        # Not LIKE: what stands on the right may be another column, which nobody escaped.
        "iexact": "= LOWER(%s)",
    }
    # In a literal Dolt takes '\_' for '_', where MySQL keeps the backslash.
    pattern_esc = r"REPLACE(REPLACE(REPLACE({}, '\\', '\\\\'), '%%', '\\%%'), '_', '\\_')"
    pattern_ops = {
        **mysql.DatabaseWrapper.pattern_ops,
        "icontains": "LIKE BINARY LOWER(CONCAT('%%', {}, '%%'))",
        "istartswith": "LIKE BINARY LOWER(CONCAT({}, '%%'))",
        "iendswith": "LIKE BINARY LOWER(CONCAT('%%', {}))",
    }

    engine = ServerEngine()
    pool_class = ThreadPool
    connection: Session | None
    is_defining = False  # is the default of a column being written? See `constants`

    def __init__(self, settings_dict: dict[str, Any], alias: str = DEFAULT_DB_ALIAS) -> None:
        super().__init__(settings_dict, alias)
        self.init_branch()
        self.init_transactions()

    # -- names --------------------------------------------------------------------

    @staticmethod
    def split_name(name: Any) -> tuple[str, str]:
        base, _, ref = str(name or "").partition("/")
        return base, ref

    # -- connecting ---------------------------------------------------------------

    @property
    def _server(self) -> tuple[str, str]:
        return str(self.settings_dict["HOST"]), str(self.settings_dict["PORT"])

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        if "isolation_level" not in self.settings_dict["OPTIONS"]:
            # Dolt knows one level, a snapshot, and ignores the SET: save the round trip.
            self.isolation_level = None
        if self.base_name:
            validate_ref(self.ref)
            params["database"] = f"{self.base_name}/{self.ref}"
        conversions = params["conv"]
        for kind, converter in CONVERSIONS.items():
            if conversions.get(kind) is REPLACED[kind]:
                conversions[kind] = converter
        params.setdefault("autocommit", True)  # else the driver switches it off, Django on
        return params

    @async_unsafe
    def get_new_connection(self, conn_params: dict[str, Any]) -> Session:
        database = conn_params.get("database")
        try:
            session = self._take_over(database)
            if session is None:
                session = Session(**conn_params)
                max_age = self.settings_dict["CONN_MAX_AGE"]
                session.close_at = None if max_age is None else time.monotonic() + max_age
        except Database.Error as error:
            self._check_server_of(error, conn_params)
            if translated := translate(error, self):
                raise translated from error
            raise
        try:
            self._check_server(session)
            if database is not None:
                self._check_ref(session, database)
        except BaseException:
            session.close()
            raise
        # Carried over with the connection: taking it over must not make it younger.
        self._carried_close_at = session.close_at
        if self.pool is not None:
            self.pool.register(self)
        return session

    def _take_over(self, database: str | None) -> Session | None:
        if self.pool is None or not database:
            return None
        session = self.pool.take(self)
        if session is None:
            return None
        try:
            session.select_db(database)
        except Database.Error as error:
            if error.args and error.args[0] == 1049:  # an answer, and the connection is fine
                session.close()
                raise
            session.close()  # gone away while idle
            return None
        return session

    def connect(self) -> None:
        super().connect()
        self.close_at = self._carried_close_at
        assert self.connection is not None
        # What receivers of connection_created SET belongs to every connection of this alias.
        self.connection.traces.clear()

    def _check_server_of(self, error: Exception, conn_params: dict[str, Any]) -> None:
        """Before an unknown database is taken for an unknown branch: is this Dolt at all?"""
        if not error.args or error.args[0] != 1049 or self._server in _checked_servers:
            return
        session = Session(**{k: v for k, v in conn_params.items() if k != "database"})
        try:
            self._check_server(session)
        finally:
            session.close()

    def _check_server(self, session: Session) -> None:
        """Refuse a server that isn't Dolt or is too old; asked once a server and process."""
        if self._server in _checked_servers:
            return
        try:
            version = self._fetch_one(session, "SELECT dolt_version()")[0]
        except Database.Error as error:
            raise UnsupportedServer(
                f"The server at {self._server[0]}:{self._server[1]} is not Dolt (it says "
                f"version {session.get_server_info()}). Start one with `dolt sql-server`, or "
                "use django.db.backends.mysql for this database."
            ) from error
        numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
        if numbers < MINIMUM_DOLT_VERSION:
            wanted = ".".join(map(str, MINIMUM_DOLT_VERSION))
            raise UnsupportedServer(
                f"Dolt {wanted} or later is required (found {version}). Update the server."
            )
        _checked_servers.add(self._server)

    def _check_ref(self, session: Session, database: str) -> None:
        """See once whether `ref` is a branch, spelled as the server knows it.

        Dolt finds branches without regard to case. Two spellings would be two aliases,
        two connections and a hole in rules about names, so only the true one is served.
        """
        key = (*self._server, database)
        if key in _seen_refs:
            return
        true_name = self._fetch_one(session, "SELECT active_branch()")[0]
        if true_name is not None and true_name != self.ref:
            raise BranchDoesNotExist(self.ref, self.root_alias, [true_name])
        if len(_seen_refs) >= KEEP_SEEN_REFS:
            _seen_refs.clear()
        _seen_refs[key] = true_name is not None

    @property
    def is_branch(self) -> bool:
        """Whether `ref` is a branch rather than a tag or commit; connects if needed."""
        self.ensure_connection()
        return _seen_refs.get((*self._server, f"{self.base_name}/{self.ref}"), True)

    def forget_ref(self) -> None:
        _seen_refs.pop((*self._server, f"{self.base_name}/{self.ref}"), None)

    def finds_ref(self, ref: str) -> bool:
        # Aiming a connection finds it in any case, whatever the number of branches.
        self.ensure_connection()
        assert self.connection is not None
        return self.connection.finds(f"{self.base_name}/{ref}")

    @contextmanager
    def streaming_cursor(self) -> Iterator[Any]:
        session = Session(**self.get_connection_params())
        try:
            yield session.cursor(SSCursor)
        finally:
            session.close()

    @staticmethod
    def _fetch_one(session: Session, sql: str) -> tuple[Any, ...]:
        cursor = session.cursor()
        try:
            cursor.execute(sql)
            return tuple(cursor.fetchone())
        finally:
            cursor.close()

    def list_branch_names(self) -> list[str]:
        """The names of all branches, by a short connection of its own.

        Raises:
            MySQLdb.Error: the database can't be reached.
        """
        params = {**self.get_connection_params(), "database": self.base_name}
        session = Session(**params)
        try:
            cursor = session.cursor()
            cursor.execute("SELECT name FROM dolt_branches ORDER BY name")
            return [name for (name,) in cursor.fetchall()]
        finally:
            session.close()

    # -- sharing the physical connection --------------------------------------------

    def translate_error(self, error: Exception) -> DoltRouterError | None:
        return translate(error, self)

    def is_usable(self) -> bool:
        # Another branch may have taken the connection over since it was last used.
        return self.connection is not None and bool(super().is_usable())

    def surrender(self) -> Session:
        """Hand the idle connection over; this wrapper opens another when it is used next."""
        session, self.connection = self.connection, None
        assert session is not None
        return session

    def create_cursor(self, name: str | None = None) -> DoltCursor:
        assert self.connection is not None
        cursor = DoltCursor(self.connection.cursor(), self)
        self.open_cursors.add(cursor)
        return cursor

    # -- server data, asked once a process rather than once a wrapper -----------------

    @cached_property
    def mysql_server_data(self) -> dict[str, Any]:
        if self._server not in _server_data:
            _server_data[self._server] = mysql.DatabaseWrapper.mysql_server_data.func(self)  # type: ignore[attr-defined]
        return _server_data[self._server]

    @cached_property
    def mysql_is_mariadb(self) -> bool:
        return False

    def check_database_version_supported(self) -> None:
        """Done in `_check_server`: the MySQL version that Dolt reports says nothing."""

    def init_connection_state(self) -> None:
        if self.isolation_level:
            super().init_connection_state()


guard(DatabaseWrapper)


__all__ = ["Database", "DatabaseWrapper", "ImproperlyConfigured"]
