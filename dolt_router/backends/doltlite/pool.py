"""The open connections of one thread to one database file.

A connection to a branch costs up to a few milliseconds, and a descriptor of the file. A thread
keeps as many as it has branches in use at once, and a few that are idle, not as many as it has
ever touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..holders import Holders

if TYPE_CHECKING:
    from .base import DatabaseWrapper

KEEP_IDLE = 2  # idle connections that a thread keeps


class FilePool(Holders):
    """The connections of one thread to one file."""

    def register(self, opener: DatabaseWrapper) -> None:
        """Note that `opener` is about to hold a connection; surplus idle ones are closed."""
        idle = [w for w in self.holders() if w is not opener and w.is_idle()]
        for wrapper in idle[: max(len(idle) - KEEP_IDLE + 1, 0)]:
            wrapper.close()
        super().register(opener)

    def writer(self, but: DatabaseWrapper) -> DatabaseWrapper | None:
        """Another wrapper of this thread that holds the file's write lock, or None."""
        return next((w for w in self.holders() if w is not but and w.holds_lock), None)
