"""The physical connections of one thread to one Dolt database.

A connection speaks of one branch at a time and is aimed at another by one cheap message
(COM_INIT_DB, about 0.1 ms, a tenth of a new connection). So a thread needs as many
connections as it has branches in use *at once*, not as many as it has ever touched: a
wrapper that needs one takes it over from a wrapper of the same thread that is idle.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from MySQLdb import OperationalError
from MySQLdb.connections import Connection

from ..holders import Holders

if TYPE_CHECKING:
    from .base import DatabaseWrapper

KEEP_IDLE = 2  # connections a thread keeps when CONN_MAX_AGE lets it keep any


class Session(Connection):  # type: ignore[misc]
    """A physical connection, and what the next user of it must know."""

    # What the session's state differs in from a new one: names of variables, locks, ...
    # A session with anything in here is closed rather than handed on.
    traces: set[str]
    close_at: float | None  # monotonic seconds; None: never
    savepoints_of: str  # the `db/branch` that the server keeps savepoints for; '' at first

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.traces = set()
        self.close_at = None
        self.savepoints_of = ""
        self.database: str = kwargs.get("database", "")
        super().__init__(*args, **kwargs)

    def finds(self, database: str) -> bool:
        """Whether the server knows a database or `database/branch`; stays where it was."""
        before = self.database
        try:
            self.select_db(database)
        except OperationalError as error:
            if error.args and error.args[0] == 1049:
                return False
            raise
        self.select_db(before)
        return True

    def select_db(self, database: str) -> None:
        """Aim the connection at another database or branch (COM_INIT_DB)."""
        super().select_db(database)
        self.database = database


class ThreadPool(Holders):
    """The connections of one thread, handed from idle wrappers to those that need one."""

    def take(self, taker: DatabaseWrapper) -> Session | None:
        """An idle connection of this thread for `taker`; None: open a new one.

        Surplus idle connections are closed on the way.
        """
        holders = [wrapper for wrapper in self.holders() if wrapper is not taker]
        idle = [wrapper for wrapper in holders if wrapper.is_idle()]
        keep = 1 if taker.settings_dict["CONN_MAX_AGE"] == 0 else KEEP_IDLE
        while len(idle) > keep:
            idle.pop(0).close()
        if len(idle) < keep:
            return None
        session = idle[0].surrender()
        if session.traces or (session.close_at is not None and time.monotonic() > session.close_at):
            session.close()
            return None
        return session
