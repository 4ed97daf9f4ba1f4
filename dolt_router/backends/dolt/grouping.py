"""Grouped queries that Dolt refuses though every column depends on what is grouped by.

With ONLY_FULL_GROUP_BY, which is on by default, it doesn't see that a subquery, a window or a
function such as PI() may stand beside an aggregate. What Django sends is complete, so when it
is refused for that it is sent again without the mode; raw SQL keeps the mode.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError

_SIGNS = ("only_full_group_by", "is not in GROUP BY clause", "in aggregated query without GROUP BY")


def is_refused(error: DatabaseError) -> bool:
    """Whether the server refused for the mode: told from the beginning, as texts are cut off."""
    text = str(error)
    return any(sign in text for sign in _SIGNS)


@contextmanager
def any_group(connection: Any) -> Iterator[None]:
    """Without ONLY_FULL_GROUP_BY on this connection, for a while."""
    with connection.connection.cursor() as cursor:
        cursor.execute("SELECT @@sql_mode")
        (mode,) = cursor.fetchone()
        cursor.execute("SET sql_mode = REPLACE(@@sql_mode, 'ONLY_FULL_GROUP_BY', '')")
        try:
            yield
        finally:
            cursor.execute("SET sql_mode = %s", [mode])
