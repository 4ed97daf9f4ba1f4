"""Dolt's own permissions for SQL users, by branch.

https://docs.dolthub.com/sql-reference/server/branch-permissions
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..exceptions import UnsupportedByEngine
from .session import database_connection


def sql_users(using: str | None = None) -> tuple[str, list[str]]:
    """The SQL user of this site, and the names of all others that people made.

    Raises:
        UnsupportedByEngine: the engine has no users.
    """
    with database_connection(using) as connection, connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            raise UnsupportedByEngine("Mirroring permissions to SQL users", "the embedded engine")
        cursor.execute("SELECT CURRENT_USER()")
        own = str(cursor.fetchone()[0]).rpartition("@")[0]
        cursor.execute("SELECT DISTINCT user FROM mysql.user WHERE plugin <> '' OR user <> ''")
        found = {str(name) for (name,) in cursor.fetchall()}
    return own, sorted(
        name for name in found - {own, "event_scheduler", ""} if not name.startswith("__dolt")
    )


def matches(pattern: str, name: str) -> bool:
    """Whether a pattern of these tables matches a name: `%` and `_` as in LIKE, in any case.

    There is no escape: a `_` in a name is a pattern too.
    """
    marks = {"%": ".*", "_": "."}
    expression = "".join(marks.get(char, re.escape(char)) for char in pattern)
    return re.fullmatch(expression, name, re.IGNORECASE | re.DOTALL) is not None


def like(glob: str) -> str | None:
    """A glob as a pattern of these tables; None where there is none that says the same."""
    if any(char in glob for char in "[%_"):
        return None
    return glob.replace("*", "%").replace("?", "_")


def replace(
    using: str | None,
    rows: Iterable[tuple[str, str, str]],
    spaces: Iterable[tuple[str, str]],
) -> None:
    """Make these the permissions of this database: (pattern, user, level), (pattern, user).

    Rows for all databases (at first Dolt has one that lets everyone write) are left alone: those
    of one database are more exact, and win.
    """
    with database_connection(using) as connection, connection.cursor() as cursor:
        database = connection.base_name
        # Ours first: without a row of its own this connection could not go on.
        rows, spaces = list(rows), list(spaces)
        for pattern, user, level in rows:
            _put(cursor, database, pattern, user, level)
        for pattern, user in spaces:
            cursor.execute(
                "INSERT IGNORE INTO dolt_branch_namespace_control VALUES (%s, %s, %s, '%%')",
                [database, pattern, user],
            )
        _drop_others(cursor, "dolt_branch_control", database, {row[:2] for row in rows})
        _drop_others(cursor, "dolt_branch_namespace_control", database, set(spaces))


def _put(cursor: object, database: str, pattern: str, user: str, level: str) -> None:
    key = [database, pattern, user]
    cursor.execute(  # type: ignore[attr-defined]
        "DELETE FROM dolt_branch_control "
        "WHERE `database` = %s AND branch = %s AND user = %s AND host = '%%'",
        key,
    )
    cursor.execute(  # type: ignore[attr-defined]
        "INSERT INTO dolt_branch_control VALUES (%s, %s, %s, '%%', %s)", [*key, level]
    )


def _drop_others(cursor: object, table: str, database: str, keep: set[tuple[str, str]]) -> None:
    cursor.execute(  # type: ignore[attr-defined]
        f"SELECT `database`, branch, user, host FROM {table} WHERE `database` = %s",
        [database],
    )
    for there, pattern, user, host in cursor.fetchall():  # type: ignore[attr-defined]
        if there == database and host == "%" and (pattern, user) in keep:
            continue
        cursor.execute(  # type: ignore[attr-defined]
            f"DELETE FROM {table} "
            "WHERE `database` = %s AND branch = %s AND user = %s AND host = %s",
            [there, pattern, user, host],
        )
