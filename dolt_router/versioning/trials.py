"""What a revert or a cherry-pick would do, found out by doing it on a branch of its own.

No signal is sent: nothing has happened. Dolt has previews of merges only.
https://docs.dolthub.com/sql-reference/version-control/dolt-sql-procedures#dolt_cherry_pick
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from ..exceptions import DoltServerError
from ..names import validate_branch, validate_ref
from .branches import resolve
from .conflicts import rows_by_table
from .scratch import scratch_branch
from .session import transaction_on


class Trial(NamedTuple):
    """What came of it: `head` is the branch's commit, `result` that commit with the change.

    `result` is None where there are conflicts, counted by table, or nothing to change.
    """

    head: str
    result: str | None
    conflicts: dict[str, int]


class _InConflict(Exception):
    """Ends the transaction of a trial."""


@contextmanager
def trial_of_revert(commit_hash: str, on: str, using: str | None = None) -> Iterator[Trial]:
    """What undoing a commit on branch `on` would do; `result` can be read inside the block.

    Raises:
        BranchDoesNotExist: there is no such commit or branch.
    """
    with _tried("dolt_revert", commit_hash, on, using) as trial:
        yield trial


@contextmanager
def trial_of_cherry_pick(commit_hash: str, onto: str, using: str | None = None) -> Iterator[Trial]:
    """What repeating a commit on branch `onto` would do; `result` can be read inside the block.

    Raises:
        BranchDoesNotExist: there is no such commit or branch.
    """
    with _tried("dolt_cherry_pick", commit_hash, onto, using) as trial:
        yield trial


@contextmanager
def _tried(procedure: str, commit_hash: str, on: str, using: str | None) -> Iterator[Trial]:
    validate_ref(commit_hash)
    head = resolve(validate_branch(on), using)
    resolve(commit_hash, using)
    with scratch_branch(head, using) as name:
        conflicts: dict[str, int] = {}
        result = None
        try:
            with transaction_on(name, using) as cursor:
                made, in_conflict = cursor.db.engine.apply(cursor, procedure, commit_hash)
                if in_conflict:
                    conflicts = rows_by_table(cursor, "dolt_conflicts")
                    raise _InConflict
                result = made
        except _InConflict:
            pass
        except DoltServerError as error:
            if "nothing to commit" not in str(error) and "no changes" not in str(error):
                raise
        yield Trial(head, result, conflicts)
