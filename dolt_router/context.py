"""The active branch, author and message, and the unit of work: four ContextVars.

This is all that the two halves of a request share: the selectors and the middleware write
it, the connections and the backend read it. A ContextVar belongs to one thread or one
asyncio task, and each setter here restores what it found, so nothing survives its scope.
https://docs.python.org/3/library/contextvars.html
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ContextDecorator, contextmanager
from contextvars import ContextVar, Token
from functools import wraps
from inspect import iscoroutinefunction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .names import validate_ref

if TYPE_CHECKING:
    from .backends.dolt.base import DatabaseWrapper
    from .backends.dolt.journal import Change

F = TypeVar("F", bound=Callable[..., Any])

ENVIRONMENT_VARIABLE = "DOLT_BRANCH"


class CommitDetails(NamedTuple):
    """What a Dolt commit is to say. `author` has the form `Name <email>`."""

    message: str
    author: str


class Unit:
    """What a unit of work offers to the connections: see `autocommit.UnitOfWork`."""

    # Asked for by name (AutoDoltCommit): commits to Dolt whatever AUTO_COMMIT says.
    explicit = False

    def enrol(self, wrapper: DatabaseWrapper) -> None:
        """Make `wrapper` part of this unit: its writes end with the unit, in one commit."""
        raise NotImplementedError

    def describe(self, changes: list[Change]) -> CommitDetails:
        """The message and author of the commit that holds `changes`."""
        raise NotImplementedError

    def committed(self, alias: str, commit_hash: str) -> None:
        """Told by the backend when a commit of this unit is done."""
        raise NotImplementedError


# The name of the active branch by alias of its database. Never mutated, only replaced.
_NONE: Mapping[str | None, str] = MappingProxyType({})
_branches: ContextVar[Mapping[str | None, str]] = ContextVar("dolt_router_branches", default=_NONE)  # noqa: B039
unit: ContextVar[Unit | None] = ContextVar("dolt_router_unit", default=None)
message: ContextVar[str | None] = ContextVar("dolt_router_message", default=None)
author: ContextVar[str | None] = ContextVar("dolt_router_author", default=None)
cache_prefix: ContextVar[str | None] = ContextVar("dolt_router_cache_prefix", default=None)


def active_branch(using: str, is_first: bool = True) -> str | None:
    """The branch that the context names for the database `using`, or None.

    `is_first` says whether `using` is the first Dolt alias, which a `use_branch` without
    `using` and the environment variable DOLT_BRANCH speak of. No query is made.
    """
    branches = _branches.get()
    if branches:
        for key in reversed(list(branches)):  # the innermost use_branch() is the last entry
            if key == using or (key is None and is_first):
                return branches[key]
    if is_first and (named := os.environ.get(ENVIRONMENT_VARIABLE)):
        return validate_ref(named)
    return None


class use_branch(ContextDecorator):
    """Makes `name` the active branch: `with use_branch("feature/x"): ...`.

    Also a decorator, on plain and on async functions. It nests and restores what was active
    before, whatever is raised. The name's form is checked at once; whether the branch
    exists is found out without a query of its own, when the first one is sent.

    Args:
        name: a branch; a tag or a commit hash gives a read-only view.
        using: alias of the database; the first Dolt alias when left out.

    Raises:
        InvalidBranchName: at construction, when `name` can't be a branch.
        BranchDoesNotExist: from the first query, when there is no such branch.
    """

    def __init__(self, name: str, using: str | None = None) -> None:
        self.name = validate_ref(name)
        self.using = using
        self._tokens: list[Token[Mapping[str | None, str]]] = []

    def __enter__(self) -> str:
        others = {key: name for key, name in _branches.get().items() if key != self.using}
        self._tokens.append(_branches.set({**others, self.using: self.name}))
        return self.name

    def __exit__(self, *exc_info: object) -> None:
        _branches.reset(self._tokens.pop())

    def __call__(self, func: F) -> F:
        # Each call gets an instance of its own: one that is shared by threads or tasks
        # would hand the token of one to another.
        if iscoroutinefunction(func):

            @wraps(func)
            async def async_inner(*args: Any, **kwargs: Any) -> Any:
                with use_branch(self.name, self.using):
                    return await func(*args, **kwargs)

            return async_inner  # type: ignore[return-value]

        @wraps(func)
        def inner(*args: Any, **kwargs: Any) -> Any:
            with use_branch(self.name, self.using):
                return func(*args, **kwargs)

        return inner  # type: ignore[return-value]


@contextmanager
def setting(variable: ContextVar[Any], value: Any) -> Iterator[None]:
    """Gives `variable` the `value` inside the block and what it had before after it."""
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


# Tells the message and author where no unit of work does; set by `autocommit` on import.
_describe: Callable[[list[Change]], CommitDetails] | None = None


def describe_with(describer: Callable[[list[Change]], CommitDetails]) -> None:
    """Set who words the commits that are made outside a unit of work."""
    global _describe
    _describe = describer


def describe(changes: list[Change]) -> CommitDetails:
    """The message and author for a commit that holds `changes`, here and now."""
    current = unit.get()
    if current is not None:
        return current.describe(changes)
    if _describe is None:
        from importlib import import_module

        import_module("dolt_router.autocommit")  # registers itself
    assert _describe is not None
    return _describe(changes)
