"""Counters of AUTO_INCREMENT that the server has to be told of.

Dolt keeps the next id of each table name in memory, for all branches. A name that came in by
RENAME TABLE or by a fetch is not among them, and the first INSERT into it then waits for a
lock that it holds itself, for ever, when `innodb_autoinc_lock_mode` is 0 or 1 (the mode to run
Dolt in: docs/dolt-notes.md). `ALTER TABLE ... AUTO_INCREMENT = n` makes the counter.
"""

from __future__ import annotations

import re
from typing import Any

_NAME = r"(?:`(?:[^`]|``)+`|[\w$]+)"
_RENAME_TABLE = re.compile(r"\s*rename\s+tables?\s", re.I)
_PAIR = re.compile(rf"{_NAME}\s+to\s+({_NAME})", re.I)
_ALTER_RENAME = re.compile(
    rf"\s*alter\s+table\s+{_NAME}\s+(?:.*,\s*)?rename\s+(?:to\s+|as\s+)?"
    rf"(?!(?:column|index|key)\b)({_NAME})\s*;?\s*$",
    re.I | re.S,
)
_COUNTER = re.compile(r"\bAUTO_INCREMENT=(\d+)")


def renamed_to(sql: str) -> list[str]:
    """The names, without quotes, that a statement gives to tables; empty for any other."""
    if _RENAME_TABLE.match(sql):
        names = _PAIR.findall(sql)
    else:
        match = _ALTER_RENAME.match(sql)
        names = [match[1]] if match else []
    return [name[1:-1].replace("``", "`") if name[0] == "`" else name for name in names]


def register(cursor: Any, table: str) -> None:
    """Make the counter of `table`, as it is on the branch of `cursor`; no other gets smaller.

    Tables without AUTO_INCREMENT are left alone.
    """
    quoted = "`" + table.replace("`", "``") + "`"
    cursor.execute(f"SHOW CREATE TABLE {quoted}")
    text = str(cursor.fetchone()[1])
    if "AUTO_INCREMENT" in text:
        counter = _COUNTER.search(text.rpartition("\n")[2])
        cursor.execute(f"ALTER TABLE {quoted} AUTO_INCREMENT = {counter[1] if counter else 1}")
