"""Signals before and after what happens to branches and commits.

A receiver of a `pre_` signal can refuse by raising `Refused("the reason")`: nothing is done
then, whichever way it was asked for (Python, command, request). The others are sent when it
is done; an exception of their receivers is logged and changes nothing.
Every signal has the argument `using` (the alias of the database) and those listed with it.
https://docs.djangoproject.com/en/stable/topics/signals/
"""

from __future__ import annotations

from typing import Any

from django.dispatch import Signal

# name, start_point
pre_branch_create = Signal()
branch_created = Signal()
# name, new_name
pre_branch_rename = Signal()
branch_renamed = Signal()
# name, force
pre_branch_delete = Signal()
branch_deleted = Signal()
# name (None: the default branch), request
branch_switched = Signal()
# branch, changes (list of Change), message, author; commit_hash when done
pre_commit = Signal()
committed = Signal()
# source, into, strategy; result (MergeResult) when done
pre_merge = Signal()
merged = Signal()
# source, into, error (MergeConflict): the merge was not made
merge_conflicted = Signal()
# source, into, strategy, error (any exception): the merge was asked for and not made
merge_failed = Signal()
# commit_hash, branch; new_hash when done
pre_revert = Signal()
reverted = Signal()
# branch, to (a commit hash)
pre_reset = Signal()
branch_reset = Signal()
# branch, remote, force; result when done
pre_push = Signal()
pushed = Signal()
# branch, remote; result when done
pre_pull = Signal()
pulled = Signal()


def ask(signal: Signal, **arguments: Any) -> None:
    """Send a `pre_` signal.

    Raises:
        Refused: a receiver refused; any other exception of a receiver passes through too.
    """
    if signal.has_listeners():
        signal.send(sender=None, **arguments)


def tell(signal: Signal, **arguments: Any) -> None:
    """Send a signal of what is done; a receiver's exception is logged."""
    if signal.has_listeners():
        signal.send_robust(sender=None, **arguments)
