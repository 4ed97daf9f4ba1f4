"""Which wrappers of one thread hold a connection, whichever engine is below them."""

from __future__ import annotations

from typing import Any
from weakref import ref


class Holders:
    """The wrappers that hold a connection, least recently opened first; none is kept alive."""

    def __init__(self) -> None:
        self._holders: list[ref[Any]] = []

    def holders(self) -> list[Any]:
        """The wrappers that hold a connection now."""
        alive = [wrapper for held in self._holders if (wrapper := held()) is not None]
        alive = [wrapper for wrapper in alive if wrapper.connection is not None]
        self._holders = [ref(wrapper) for wrapper in alive]
        return alive

    def register(self, wrapper: Any) -> None:
        """Note that `wrapper` holds a connection now."""
        self._holders.append(ref(wrapper))
