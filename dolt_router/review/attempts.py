"""How a change to a pull request is made: on fresh rows, in a transaction, so that none is lost.

Dolt has no row locks: of two transactions that write different values to a cell, the one that
commits later fails (`StaleWrite`). So whatever can stop a merge, and the merge itself, replaces
the pull request's stamp. On the embedded engine the second one waits, and then finds another
stamp than it had read.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dolt_router import aliases, context
from dolt_router.access import acting_as
from dolt_router.exceptions import PullRequestRefused, StaleWrite

from .models.pull_requests import PullRequest, new_stamp

F = TypeVar("F", bound=Callable[..., Any])

ATTEMPTS = 9


def at_once(verb: F) -> F:
    """Decorator for `verb(pull_request, user, ...)`: fresh rows, one transaction, as `user`.

    Outside any transaction a verb that met another one is repeated; inside (in a request) its
    conflict is found when the outer one commits, as a StaleWrite.
    """

    @wraps(verb)
    def inner(pull_request: PullRequest, user: Any, *args: Any, **kwargs: Any) -> Any:
        alias = aliases.default_alias()
        outermost = not aliases.handler()[alias].in_atomic_block
        for attempt in range(ATTEMPTS if outermost else 1):
            try:
                with acting_as(user), transaction.atomic(using=alias):
                    renew(pull_request)
                    return verb(pull_request, user, *args, **kwargs)
            except StaleWrite:
                if not outermost or attempt == ATTEMPTS - 1:
                    raise
                time.sleep(random.uniform(0, 0.01 * 2**attempt))

    return inner  # type: ignore[return-value]


def renew(pull_request: PullRequest) -> None:
    """Read the row again, and look its branches up again when they are asked for."""
    pull_request.refresh_from_db(using=aliases.default_alias())
    pull_request.forget_heads()


def replace_stamp(pull_request: PullRequest, **values: Any) -> None:
    """Write `values` and a new stamp, unless somebody else has meanwhile.

    Raises:
        PullRequestRefused: it is being merged.
        StaleWrite: somebody else was quicker.
    """
    if pull_request.claimed_at is not None:
        refuse_claimed()
    swap_stamp(pull_request, **values)


def swap_stamp(pull_request: PullRequest, **values: Any) -> None:
    """`replace_stamp` for the merge itself, which has claimed it."""
    values |= {"stamp": new_stamp(), "updated": timezone.now()}
    rows = PullRequest.objects.using(aliases.default_alias()).filter(
        pk=pull_request.pk, stamp=pull_request.stamp
    )
    if rows.update(**values) != 1:
        raise StaleWrite(pull_request.target)
    for name, value in values.items():
        setattr(pull_request, name, value)


def refuse_claimed() -> None:
    """Raise: it is being merged."""
    raise PullRequestRefused("merging", _("This pull request is being merged right now."))


@contextmanager
def apart(using: str | None = None) -> Iterator[None]:
    """A transaction of its own on the shared tables, committed at the end of the block.

    In a request the tables of reviews are read as they were when its transaction began, and
    what it writes is seen by others when it ends. A merge happens at once and can't be undone,
    so what it rests on must be fresh, and what it claims must be seen. Inside, this thread's
    default branch is another connection.

    The embedded engine has one writer a file: a transaction that has written there reads what
    is current, and nobody else can write before it ends, so it is used as it is.
    """
    handler = aliases.handler()
    alias = aliases.default_alias(using)
    target = handler.target(alias)
    assert target is not None
    wrapper = handler[alias]
    if not wrapper.in_atomic_block or (wrapper.vendor == "sqlite" and wrapper.server_transaction):
        with context.setting(context.unit, None), transaction.atomic(using=alias):
            yield
        return
    state = handler._state()
    with wrapper.second_connection() as second, context.setting(context.unit, None):
        state.wrappers[target] = state.held[target] = second
        try:
            with transaction.atomic(using=alias):
                yield
        finally:
            state.wrappers[target] = state.held[target] = wrapper
