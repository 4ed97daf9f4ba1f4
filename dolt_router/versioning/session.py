"""How a verb talks to the server: at once, outside the transaction of whoever calls it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_noop as _

from .. import access, aliases
from ..conf import conf
from ..exceptions import BranchDoesNotExist, BranchInUse, worded

if TYPE_CHECKING:
    from ..backends.dolt.base import DatabaseWrapper


def wrapper_of(ref: str, using: str | None = None) -> DatabaseWrapper:
    """The connection wrapper of a branch in this thread.

    Raises:
        BranchDoesNotExist, InvalidBranchName: there is no such branch.
    """
    return aliases.handler()[aliases.branch_alias(ref, using)]


@contextmanager
def verb_connection(ref: str, using: str | None = None) -> Iterator[DatabaseWrapper]:
    """A connection on branch `ref`, in autocommit mode, where statements are sent as they are.

    When this thread has a transaction open on the branch, the verb gets a connection of its
    own: it acts at once, and neither sees nor ends that transaction.
    """
    wrapper = wrapper_of(ref, using)
    if wrapper.server_transaction:
        with wrapper.second_connection() as second, second.plain_sql():
            second.ensure_connection()
            yield second
    else:
        with wrapper.plain_sql():
            wrapper.ensure_connection()
            yield wrapper


@contextmanager
def database_connection(using: str | None = None) -> Iterator[DatabaseWrapper]:
    """A `verb_connection` on the default branch; on any other when that isn't there yet.

    Raises:
        BranchDoesNotExist: the database has no branch at all.
    """
    ref = str(conf.DEFAULT_BRANCH)
    try:
        wrapper_of(ref, using).ensure_connection()
    except BranchDoesNotExist:
        names = wrapper_of(ref, using).list_branch_names()
        if not names:
            raise
        ref = names[0]
    with verb_connection(ref, using) as connection:
        yield connection


@contextmanager
def merging(ref: str, using: str | None = None) -> Iterator[tuple[DatabaseWrapper, Any]]:
    """Connection and cursor inside a transaction of the verb's own; an exception undoes it."""
    with verb_connection(ref, using) as connection, connection.cursor() as cursor:
        cursor.execute(connection.engine.begin)
        try:
            yield connection, cursor
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")


@contextmanager
def transaction_on(ref: str, using: str | None = None) -> Iterator[Any]:
    """A cursor inside a transaction of the verb's own; an exception rolls it back."""
    with merging(ref, using) as (_connection, cursor):
        yield cursor


def rows_of_stream(cursor: Any) -> Iterator[Any]:
    """The rows of a `streaming_cursor`, fetched some at a time."""
    while rows := cursor.fetchmany(200):
        yield from rows


def refuse_closed(
    branch: str,
    verb: str,
    using: str | None = None,
    act: str = "write",
) -> None:
    """Refuse a verb on a branch that takes none now.

    Args:
        act: what is asked of the gates: see `access.VERBS`.

    Raises:
        BranchProtected: it is protected, or a gate says so.
        BranchForbidden: whoever acts may not.
        BranchInUse: see `refuse_unfinished`.
    """
    access.require(act, branch, using)
    refuse_unfinished(branch, verb, using)


def refuse_unfinished(ref: str, verb: Any, using: str | None = None) -> None:
    """Refuse a verb on a branch that this thread has written to and not committed yet.

    Raises:
        BranchInUse: it has; the verb would leave those rows out.
    """
    target = aliases.Target(aliases.default_root(using), ref)
    wrapper = aliases.handler()._state().wrappers.get(target)
    if wrapper is not None and wrapper.server_transaction and wrapper.journal.versioned:
        text = _(
            "this request or atomic() block wrote to it and hasn't committed yet. %(verb)s after "
            "it is committed."
        )
        raise BranchInUse(ref, worded(text, verb=verb))
