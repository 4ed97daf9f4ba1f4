"""Taking back schema changes: a branch's working set goes back to its head.

A schema change commits the SQL transaction it stands in, as in MySQL, so ROLLBACK can't take
it back, nor the rows written before it. They would stay in the working set and be swept into
whatever commit comes next. But Dolt knows the head: what a failed migration or request left
behind is reset to it.
https://docs.dolthub.com/sql-reference/version-control/dolt-sql-procedures#dolt_reset
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import DatabaseWrapper

logger = logging.getLogger("dolt_router")


def is_clean(wrapper: DatabaseWrapper) -> bool:
    """Whether the branch's working set equals its head, shared tables aside.

    Asked outside the wrapper's transaction, which would show its own rows.
    """
    scope: AbstractContextManager[DatabaseWrapper] = (
        wrapper.second_connection() if wrapper.server_transaction else nullcontext(wrapper)
    )
    with scope as asked, asked.plain_sql(), asked.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM dolt_status")
        return not cursor.fetchone()[0]


def reset_to_head(wrapper: DatabaseWrapper) -> None:
    """Make the working set equal to the head; call it only where it was so before.

    Errors are logged: an exception is on its way already when this is called.
    """
    try:
        with wrapper.plain_sql(), wrapper.cursor() as cursor:
            wrapper.engine.reset_to_head(cursor)
    except Exception:
        logger.exception(
            'The working set of branch "%s" could not be reset. See: manage.py dolt status '
            "--branch %s",
            wrapper.ref,
            wrapper.ref,
        )
