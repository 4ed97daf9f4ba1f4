"""The connection wrappers of one thread, by the branch they speak of."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from .backends.dolt.base import DatabaseWrapper
    from .backends.dolt.pool import ThreadPool

KEEP_WRAPPERS = 8  # per thread: wrappers kept for reuse although nothing is under way on them


class Target(NamedTuple):
    """A branch (or tag, or commit) `ref` of the database with the static alias `root`."""

    root: str
    ref: str


class ThreadState:
    """The wrappers of one thread."""

    def __init__(self) -> None:
        # All that are alive, for whoever still holds one that is forgotten here.
        self.wrappers: WeakValueDictionary[Target, DatabaseWrapper] = WeakValueDictionary()
        # Those that are served, oldest first, and which of them must not be forgotten: the
        # default branches, and any that was set.
        self.held: dict[Target, DatabaseWrapper] = {}
        self.fixed: set[Target] = set()
        self.pools: dict[str, ThreadPool] = {}

    def hold(self, target: Target, wrapper: DatabaseWrapper, fixed: bool = False) -> None:
        """Keep `wrapper`, and forget what was least recently made and is not in use."""
        self.wrappers[target] = self.held[target] = wrapper
        if fixed:
            self.fixed.add(target)
        surplus = len(self.held) - len(self.fixed) - KEEP_WRAPPERS
        if surplus > 0:
            self.forget_idle(surplus, but=target)

    def forget_idle(self, surplus: int | None = None, but: Target | None = None) -> None:
        """Let go of wrappers that are not in use: the oldest `surplus`, or all of them.

        Django asks for a connection by its alias each time it needs one, so a wrapper with
        a transaction open must be the one that it finds again.
        """
        idle = (
            target
            for target, wrapper in self.held.items()
            if target not in self.fixed and target != but and wrapper.is_forgettable
        )
        for target in list(islice(idle, surplus)):
            del self.held[target]

    def drop(self, target: Target) -> None:
        """Close the wrapper of `target`, and forget it unless a transaction depends on it."""
        wrapper = self.wrappers.get(target)
        if wrapper is None:
            return
        wrapper.close()
        if not wrapper.in_atomic_block:  # else Django leaves the block by asking for it
            del self.wrappers[target]
            self.held.pop(target, None)
            self.fixed.discard(target)

    def drop_renamed(self) -> None:
        """Drop wrappers that mean another branch since a setting was changed."""
        for target, wrapper in list(self.wrappers.items()):
            if wrapper.ref != target.ref:
                self.drop(target)
