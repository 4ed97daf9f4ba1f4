"""Every database under its alias, with the tables in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import connections
from django.db.models.expressions import OrderBy

from dolt_router import aliases

from .servers import MariaDBServer, PostgresServer
from .tables import MODELS

DOLT, SIDE = "fuzz", "fuzz/side"  # the default branch, and another
# The order says who judges where several may: see `rules`.
REFERENCES = ("mariadb", "postgres", "sqlite")
_SERVERS = {"mariadb": MariaDBServer, "postgres": PostgresServer}


def available() -> list[str]:
    """The references that can be had on this system."""
    return [name for name in REFERENCES if name not in _SERVERS or _SERVERS[name].is_there()]


def _add_alias(name: str, entry: dict[str, Any]) -> None:
    handler = aliases.handler()
    configured = handler.configure_settings({"default": {}, name: {**entry, "CONN_MAX_AGE": None}})
    handler.settings[name] = configured[name]


def _make_tables(alias: str) -> None:
    with connections[alias].schema_editor() as editor:
        for model in MODELS:
            editor.create_model(model)


@contextmanager
def opened(host: str, port: int, references: Sequence[str] = REFERENCES) -> Iterator[list[str]]:
    """Aliases for a database on the Dolt server at `host`:`port` and for the references.

    The value is the list of the references. The Dolt database is dropped afterwards, the
    servers are stopped.
    """
    from dolt_router.models import Branch

    handler = aliases.handler()
    names = [name for name in references if name in available()]
    with ExitStack() as stack:
        dolt = {"ENGINE": "dolt_router.backends.dolt", "NAME": "fuzzer", "USER": "root"}
        entries = {DOLT: {**dolt, "HOST": host, "PORT": port}}
        for name in names:
            if name == "sqlite":
                entries[name] = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
            else:
                entries[name] = stack.enter_context(_SERVERS[name]()).entry
        for name, entry in entries.items():
            _add_alias(name, entry)
        OrderBy.as_postgresql = _nulls_as_in_mysql
        try:
            _create_database("CREATE DATABASE fuzzer")
            for name in entries:
                _make_tables(name)
            Branch.objects.using(DOLT).create(name="side", start_point="main")
            yield names
        finally:
            del OrderBy.as_postgresql
            handler.close_all()
            _create_database("DROP DATABASE fuzzer")
            for name in entries:
                connections[name].close()
                del handler.settings[name]


def _nulls_as_in_mysql(node: OrderBy, compiler: Any, connection: Any) -> tuple[str, Any]:
    """ORDER BY on PostgreSQL with NULL as the least value, as it is on the others."""
    if node.nulls_first or node.nulls_last:
        return node.as_sql(compiler, connection)
    copy = node.copy()
    copy.nulls_last, copy.nulls_first = node.descending or None, not node.descending or None
    return copy.as_sql(compiler, connection)


def _create_database(sql: str) -> None:
    with connections[DOLT]._nodb_cursor() as cursor:
        cursor.execute(sql)
