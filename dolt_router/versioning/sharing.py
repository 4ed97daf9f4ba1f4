"""Moving tables that are tracked already out of version control, for SHARED_APPS.

https://docs.dolthub.com/sql-reference/version-control/dolt-sql-procedures#dolt_rm
"""

from __future__ import annotations

from .. import aliases, context
from ..backends.engine import fetch_dicts
from ..conf import conf
from ..shared import shared_tables
from .session import verb_connection


def tracked_shared_tables(using: str | None = None) -> list[str]:
    """The shared tables that exist on the default branch and are still versioned, sorted."""
    with verb_connection(conf.DEFAULT_BRANCH, using) as connection, connection.cursor() as cursor:
        # SHOW TABLES AS OF lists nonlocal tables too. What differs between the first commit,
        # which is empty, and the head is what the head really holds.
        cursor.execute(connection.engine.first_commit)
        (first,) = cursor.fetchone()
        cursor.execute("SELECT to_table_name FROM dolt_diff_summary(%s, 'HEAD')", [first])
        tracked = {row[0].lower(): row[0] for row in cursor.fetchall() if row[0]}
    return sorted(tracked[name] for name in shared_tables() & tracked.keys())


def versioned_keys_to(tables: list[str], using: str | None = None) -> list[tuple[str, str]]:
    """Foreign keys of versioned tables to `tables`, as (table, constraint name)."""
    wanted = {table.lower() for table in tables}
    found = []
    with verb_connection(conf.DEFAULT_BRANCH, using) as connection, connection.cursor() as cursor:
        listed = connection.introspection.get_table_list(cursor)
        for info in listed:
            if info.type != "t" or info.name.lower() in shared_tables():
                continue
            constraints = connection.introspection.get_constraints(cursor, info.name)
            for name, entry in constraints.items():
                if entry["foreign_key"] and entry["foreign_key"][0].lower() in wanted:
                    found.append((info.name, name))
    return found


def untrack(tables: list[str], using: str | None = None) -> str | None:
    """Take `tables` out of version control on the default branch, keeping table and rows.

    They are named in `dolt_ignore` and `dolt_nonlocal_tables`, so every branch made from
    here on sees the live rows. Foreign keys of versioned tables to them are dropped: see
    `backends.schema.soft_keys` for why Dolt can't keep them.

    Returns:
        The hash of the one commit that this makes; None when there was nothing to do.
    """
    if not tables:
        return None
    home = str(conf.DEFAULT_BRANCH)
    keys = versioned_keys_to(tables, using)
    with verb_connection(home, using) as connection, connection.cursor() as cursor:
        connection.engine.require("untracking", "Making a versioned table shared")
        quote = connection.ops.quote_name
        for table, name in keys:
            cursor.execute(f"ALTER TABLE {quote(table)} DROP FOREIGN KEY {quote(name)}")
        cursor.execute("START TRANSACTION")
        try:
            for table in tables:
                cursor.execute("REPLACE INTO dolt_ignore VALUES (%s, true)", [table])
            marks = ", ".join(["%s"] * len(tables))
            cursor.execute(f"CALL dolt_rm('--cached', {marks})", tables)
            for table in tables:
                cursor.execute(
                    "REPLACE INTO dolt_nonlocal_tables (table_name, target_ref, options) "
                    "VALUES (%s, %s, 'immediate')",
                    [table, home],
                )
            words = context.describe([])._replace(message=f"Share {', '.join(tables)}")
            # -A leaves out what dolt_ignore names, and takes the removals that are staged.
            commit_hash = connection.dolt_commit(words)
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")
    return commit_hash


def keys_of_shared_tables(using: str | None = None) -> list[tuple[str, str]]:
    """Foreign keys that shared tables have, as (table, constraint name), sorted.

    New ones are made without: see `backends.schema.soft_keys`.
    """
    found = []
    with verb_connection(conf.DEFAULT_BRANCH, using) as connection, connection.cursor() as cursor:
        if not connection.engine.shared_keys_lose_rows:
            return []
        for info in connection.introspection.get_table_list(cursor):
            if info.type != "t" or info.name.lower() not in shared_tables():
                continue
            constraints = connection.introspection.get_constraints(cursor, info.name)
            found += [(info.name, n) for n, entry in constraints.items() if entry["foreign_key"]]
    return sorted(found)


def drop_keys_of_shared_tables(using: str | None = None) -> list[tuple[str, str]]:
    """Drop the foreign keys that shared tables have; those that were dropped."""
    keys = keys_of_shared_tables(using)
    with verb_connection(conf.DEFAULT_BRANCH, using) as connection, connection.cursor() as cursor:
        quote = connection.ops.quote_name
        for table, name in keys:
            cursor.execute(f"ALTER TABLE {quote(table)} DROP FOREIGN KEY {quote(name)}")
    return keys


def status(ref: str | None = None, using: str | None = None) -> list[dict[str, object]]:
    """The working set against the head: dicts with table_name, staged and status."""
    with (
        verb_connection(ref or aliases.current_branch(using), using) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT table_name, staged, status FROM dolt_status")
        internal = connection.engine.is_internal
        return [row for row in fetch_dicts(cursor) if not internal(row["table_name"])]
