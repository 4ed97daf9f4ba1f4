"""The open connections of one thread to one database file.

A connection to a branch costs up to a few milliseconds, and a descriptor of the file. A thread
keeps as many as it has branches in use at once, and a few that are idle, not as many as it has
ever touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import ref

if TYPE_CHECKING:
    from .base import DatabaseWrapper

KEEP_IDLE = 2  # idle connections that a thread keeps


class FilePool:
    """Which wrappers of this thread hold a connection, least recently opened first."""

    def __init__(self) -> None:
        self._holders: list[ref[DatabaseWrapper]] = []

    def holders(self) -> list[DatabaseWrapper]:
        """The wrappers that hold a connection now."""
        alive = [wrapper for held in self._holders if (wrapper := held()) is not None]
        alive = [wrapper for wrapper in alive if wrapper.connection is not None]
        self._holders = [ref(wrapper) for wrapper in alive]
        return alive

    def register(self, opener: DatabaseWrapper) -> None:
        """Note that `opener` is about to hold a connection; surplus idle ones are closed."""
        idle = [w for w in self.holders() if w is not opener and w.is_idle()]
        for wrapper in idle[: max(len(idle) - KEEP_IDLE + 1, 0)]:
            wrapper.close()
        self._holders.append(ref(opener))

    def writer(self, but: DatabaseWrapper) -> DatabaseWrapper | None:
        """Another wrapper of this thread that holds the file's write lock, or None."""
        return next((w for w in self.holders() if w is not but and w.holds_lock), None)
