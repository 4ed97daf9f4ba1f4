"""Counters of AUTO_INCREMENT that the server has to be told of.

Dolt keeps the next id of each table name in memory, for all branches. A name that came in by
RENAME TABLE or by a fetch is not among them, and the first INSERT into it then waits for a
lock that it holds itself, for ever, when `innodb_autoinc_lock_mode` is 0 or 1 (the mode to run
Dolt in: docs/dolt-notes.md). Nor does it heed the ids of rows that came by a fetch.
`ALTER TABLE ... AUTO_INCREMENT = n` makes the counter, and moves it.
"""

from __future__ import annotations

import re
from typing import Any

from django.db import DatabaseError

_NAME = r"(?:`(?:[^`]|``)+`|[\w$]+)"
_RENAME_TABLE = re.compile(r"\s*rename\s+tables?\s", re.I)
_PAIR = re.compile(rf"({_NAME})\s+to\s+({_NAME})", re.I)
_ALTER_RENAME = re.compile(
    rf"\s*alter\s+table\s+({_NAME})\s+(?:.*,\s*)?rename\s+(?:to\s+|as\s+)?"
    rf"(?!(?:column|index|key)\b)({_NAME})\s*;?\s*$",
    re.I | re.S,
)
_LITERAL = re.compile(r"'(?:[^'\\]|\\.|'')*'", re.S)
_COUNTER = re.compile(r"\bAUTO_INCREMENT=(\d+)")


def renames(sql: str) -> list[tuple[str, str]]:
    """Old and new names, without quotes, of the tables that a statement renames."""
    if _RENAME_TABLE.match(sql):
        pairs = _PAIR.findall(sql)
    else:
        match = _ALTER_RENAME.match(sql)
        pairs = [match.groups()] if match else []
    return [(_bare(old), _bare(new)) for old, new in pairs]


def register(cursor: Any, table: str) -> None:
    """Make the counter of `table`, as it is on the branch of `cursor`; no other gets smaller.

    Tables without AUTO_INCREMENT are left alone.
    """
    _set(cursor, table, _next(cursor, table))


def register_renamed(cursor: Any, old: str, new: str) -> None:
    """Make the counter of `new`, which was `old`, beyond what any branch has under either name."""
    here = _next(cursor, new)
    if here is None:
        return
    cursor.execute("SELECT name FROM dolt_branches")
    branches = [name for (name,) in cursor.fetchall()]
    there = (_next(cursor, name, branch) for name in (old, new) for branch in branches)
    _set(cursor, new, max(here, *(number or 1 for number in there)))


def register_between(cursor: Any, before: str, after: str) -> None:
    """`register` the tables of the cursor's branch, `after`, that were otherwise at `before`."""
    cursor.execute(
        "SELECT to_table_name FROM dolt_diff_summary(%s, %s) WHERE to_table_name <> ''",
        [before, after],
    )
    for (table,) in cursor.fetchall():
        register(cursor, table)


def _next(cursor: Any, table: str, branch: str | None = None) -> int | None:
    """The next id of `table` on a branch, the cursor's if None; None: no such table, or no ids."""
    import MySQLdb  # where there is no driver, there is no server either

    try:
        if branch is None:
            cursor.execute(f"SHOW CREATE TABLE {_quoted(table)}")
        else:
            cursor.execute(f"SHOW CREATE TABLE {_quoted(table)} AS OF %s", [branch])
    except (MySQLdb.Error, DatabaseError):
        if branch is None:
            raise
        return None
    text = _LITERAL.sub("''", str(cursor.fetchone()[1]))
    if "AUTO_INCREMENT" not in text:
        return None
    counter = _COUNTER.search(text.rpartition("\n")[2])
    return int(counter[1]) if counter else 1


def _set(cursor: Any, table: str, number: int | None) -> None:
    if number is not None:
        cursor.execute(f"ALTER TABLE {_quoted(table)} AUTO_INCREMENT = {number}")


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _bare(name: str) -> str:
    return name[1:-1].replace("``", "`") if name[0] == "`" else name
