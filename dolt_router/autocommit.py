"""Units of work: what is written inside one ends as one Dolt commit, or not at all.

`AutoDoltCommit` is the unit for scripts, tasks and tests; `DoltAutoCommitMiddleware` makes
one per request. This is Django's ATOMIC_REQUESTS idea, for every branch that is touched.
https://docs.djangoproject.com/en/stable/topics/db/transactions/#tying-transactions-to-http-requests
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import ContextDecorator, contextmanager
from contextvars import Token
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.db.transaction import Atomic

from . import context, wording
from .conf import conf
from .context import CommitDetails, Unit, use_branch
from .exceptions import StaleWrite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest

    from .backends.dolt.base import DatabaseWrapper
    from .backends.dolt.journal import Change

F = TypeVar("F", bound=Callable[..., Any])

MESSAGE_ATTRIBUTE = "dolt_commit_message"


class MadeCommit(NamedTuple):
    """A commit that a unit of work made: the branch's alias and the hash."""

    alias: str
    commit_hash: str


class UnitOfWork(Unit):
    """The writes of one piece of work, on every branch it touches.

    A connection joins when it is first used: it enters an `atomic` block, which costs
    nothing until something is written. `finish` commits all of them, `fail` none.
    """

    def __init__(
        self,
        message: str | None = None,
        author: str | None = None,
        request: HttpRequest | None = None,
        parent: UnitOfWork | None = None,
    ) -> None:
        self.message = message
        self.author = author
        self.request = request
        self.parent = parent
        self.commits: list[MadeCommit] = []
        self.failed = False
        self.ended = False
        # Connections belong to a thread: work that the context is copied into another
        # thread with is not part of this unit, and commits for itself.
        self.thread = threading.get_ident()
        self._members: dict[int, tuple[DatabaseWrapper, Atomic]] = {}
        self._joining: set[int] = set()

    def enrol(self, wrapper: DatabaseWrapper) -> None:
        if id(wrapper) in self._members or self.ended or threading.get_ident() != self.thread:
            return
        if self.parent is not None:
            # Its block looks the connection up, which asks this unit again: not in between.
            if id(wrapper) in self._joining:
                return
            self._joining.add(id(wrapper))
            try:
                self.parent.enrol(wrapper)
            finally:
                self._joining.discard(id(wrapper))
        if wrapper.deferring or wrapper.plain:
            return
        nested = wrapper.in_atomic_block
        block = Atomic(using=wrapper.alias, savepoint=nested, durable=False)
        block.is_unit_of_work = True  # type: ignore[attr-defined]
        self._members[id(wrapper)] = (wrapper, block)
        try:
            block.__enter__()
        except BaseException:
            del self._members[id(wrapper)]
            raise
        # DRF and others look here for whether a failed request is rolled back.
        if not wrapper.settings_dict["ATOMIC_REQUESTS"]:
            wrapper.settings_before_unit = wrapper.settings_dict
            wrapper.settings_dict = {**wrapper.settings_dict, "ATOMIC_REQUESTS": True}

    def describe(self, changes: list[Change]) -> CommitDetails:
        return wording.details(changes, self.message, self.author, self.request)

    def committed(self, alias: str, commit_hash: str) -> None:
        self.commits.append(MadeCommit(alias, commit_hash))

    @property
    def wrote(self) -> bool:
        """Whether any connection has begun a transaction on the server."""
        return any(wrapper.server_transaction for wrapper, _ in self._members.values())

    def release_readers(self) -> None:
        """Let connections go that have written nothing; they join again when used."""
        for key, (wrapper, block) in list(self._members.items()):
            if not wrapper.server_transaction:
                del self._members[key]
                self._leave(wrapper, block, None)

    def finish(self) -> None:
        """End the unit: commit everything, or roll everything back when `failed` is set.

        Shared tables go first, so that what the branch's rows point to is there. When one
        commit fails, those that haven't been made yet are rolled back.

        Raises:
            StaleWrite: someone else changed the same data first; nothing of that branch
                was written.
        """
        if self.ended:
            return
        self.ended = True
        members = sorted(self._members.values(), key=lambda member: not member[0].is_home)
        self._members = {}
        error: BaseException | None = None
        for wrapper, block in members:
            failure = error or (RolledBack() if self.failed else None)
            if failure is None and not wrapper.in_atomic_block:
                continue
            if failure is None and self.parent is None and len(wrapper.atomic_blocks) > 1:
                # The commit is made further out, by a block that knows no message.
                wrapper.inherited = self.describe(wrapper.journal.changes())
            try:
                self._leave(wrapper, block, failure)
            except BaseException as raised:  # every connection must be left in any case
                error = error or raised
        if error is not None:
            raise error

    def _leave(
        self, wrapper: DatabaseWrapper, block: Atomic, failure: BaseException | None
    ) -> None:
        if wrapper.settings_before_unit is not None:
            wrapper.settings_dict = wrapper.settings_before_unit
            wrapper.settings_before_unit = None
        try:
            # Hooks of on_commit() run in here: what they write is theirs, not this unit's.
            with context.setting(context.unit, _Committing(self, self.parent)):
                block.__exit__(type(failure) if failure else None, failure, None)
        finally:
            if self.parent is None:
                wrapper.discard_traces()


class RolledBack(Exception):
    """Stands for the reason of a rollback inside `UnitOfWork`; never reaches a caller."""


class _Committing(Unit):
    """In force while a unit commits: it words the commit, and takes no new connections."""

    def __init__(self, unit: UnitOfWork, parent: UnitOfWork | None) -> None:
        self.unit = unit
        self.parent = parent
        self.explicit = unit.explicit

    def enrol(self, wrapper: DatabaseWrapper) -> None:
        if self.parent is not None:
            self.parent.enrol(wrapper)

    def describe(self, changes: list[Change]) -> CommitDetails:
        return self.unit.describe(changes)

    def committed(self, alias: str, commit_hash: str) -> None:
        self.unit.committed(alias, commit_hash)


class AutoDoltCommit(ContextDecorator):
    """Everything written inside ends as one Dolt commit; an exception leaves nothing.

    Usable as a context manager and as a decorator. Inside another unit (a request) it is a
    part of that one's commit, and adds its message.

    Args:
        message: of the commit; told from the changes when left out.
        author: `Name <email>`; the setting's choice when left out.
        branch: the branch to work on; the active one when left out.

    Attributes:
        commit_hash: of the commit; None while inside, and when nothing was written.

    Raises:
        StaleWrite: on leaving, when someone else changed the same data first.
    """

    def __init__(
        self, message: str | None = None, author: str | None = None, branch: str | None = None
    ) -> None:
        if author is not None:
            author = wording.validate_author(author)
        self.message, self.author, self.branch = message, author, branch
        self.commit_hash: str | None = None
        self._entered: list[tuple[UnitOfWork, Token[Unit | None], use_branch | None]] = []

    def _recreate_cm(self) -> AutoDoltCommit:
        return type(self)(self.message, self.author, self.branch)

    def __enter__(self) -> AutoDoltCommit:
        scope = use_branch(self.branch) if self.branch is not None else None
        if scope is not None:
            scope.__enter__()
        outer = context.unit.get()
        parent = outer if isinstance(outer, UnitOfWork) and not outer.ended else None
        unit = UnitOfWork(self.message, self.author, parent=parent)
        unit.explicit = True
        self._entered.append((unit, context.unit.set(unit), scope))
        return self

    def __exit__(self, exc_type: Any, exc_value: BaseException | None, traceback: Any) -> None:
        unit, token, scope = self._entered.pop()
        context.unit.reset(token)
        unit.failed = exc_type is not None
        try:
            unit.finish()
            parent = unit.parent
            if parent is not None and not unit.failed:
                wording.merge_into_parent(unit, parent)
            if unit.commits:
                self.commit_hash = unit.commits[-1].commit_hash
        except BaseException:
            if exc_value is None:
                raise  # else the first exception is the one that tells
        finally:
            if scope is not None:
                scope.__exit__(None, None, None)


@contextmanager
def commit_context(message: str | None = None, author: str | None = None) -> Iterator[None]:
    """Sets message and author of the commits made inside, without making one itself.

    Raises:
        ValueError: `author` has not the form `Name <email>`.
    """
    if author is not None:
        author = wording.validate_author(author)
    with (
        context.setting(context.message, message or context.message.get()),
        context.setting(context.author, author or context.author.get()),
    ):
        yield


def commit_message(text: str) -> Callable[[F], F]:
    """Decorator for a view: the message of the commit that its request makes.

    `{request.path}`, `{request.user}` and the names of the view's keyword arguments in
    braces are filled in: `@commit_message("Rack {pk} re-cabled")`.
    """
    if not isinstance(text, str):
        raise ImproperlyConfigured('@commit_message needs a text: @commit_message("...")')

    def decorate(view: F) -> F:
        setattr(view, MESSAGE_ATTRIBUTE, text)
        return view

    return decorate


def retry_stale(attempts: int = 3) -> Callable[[F], F]:
    """Decorator: runs the function again when its work met a `StaleWrite`.

    The function must be a whole unit (it commits inside) and fit to be repeated. Between
    two attempts there is a short random pause.

    Args:
        attempts: how often it is run at most; the last StaleWrite is raised.
    """
    if attempts < 1:
        raise ValueError("attempts must be at least 1")

    def decorate(func: F) -> F:
        @wraps(func)
        def inner(*args: Any, **kwargs: Any) -> Any:
            for attempt in range(1, attempts):
                try:
                    return func(*args, **kwargs)
                except StaleWrite:
                    time.sleep(random.uniform(0, 0.01 * 2**attempt))
            return func(*args, **kwargs)

        return inner  # type: ignore[return-value]

    return decorate


def _describe_without_unit(changes: list[Change]) -> CommitDetails:
    return wording.details(changes)


context.describe_with(_describe_without_unit)

__all__ = [
    "AutoDoltCommit",
    "UnitOfWork",
    "commit_context",
    "commit_message",
    "conf",
    "retry_stale",
]
