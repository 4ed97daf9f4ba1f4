"""Commits: parents, what one changed, revert and cherry-pick.

https://docs.dolthub.com/sql-reference/version-control/dolt-sql-procedures#dolt_revert
"""

from __future__ import annotations

from .. import aliases, context
from ..backends.dolt.transactions import is_protected
from ..conf import conf
from ..exceptions import BranchProtected, MergeConflict
from ..names import validate_branch, validate_ref
from .branches import resolve
from .diffs import TableChange, diff
from .session import refuse_unfinished, transaction_on, verb_connection


def parents(commit_hash: str, using: str | None = None) -> list[str]:
    """The hashes of the commit's parents, first parent first; empty for the first commit."""
    with verb_connection(conf.DEFAULT_BRANCH, using) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT parent_hash FROM dolt_commit_ancestors WHERE commit_hash = %s "
            "AND parent_hash IS NOT NULL ORDER BY parent_index",
            [commit_hash],
        )
        return [parent for (parent,) in cursor.fetchall()]


def changes_of(commit_hash: str, using: str | None = None) -> list[TableChange]:
    """What the commit changed against its first parent; empty for the first commit."""
    before = parents(commit_hash, using)
    return diff(before[0], commit_hash, using) if before else []


def revert(commit_hash: str, on: str, author: str | None = None, using: str | None = None) -> str:
    """Undo a commit by a new one on branch `on`.

    Returns:
        The hash of the new commit.

    Raises:
        MergeConflict: later commits changed the same cells; nothing was written.
        BranchProtected: `on` takes no direct commits.
    """
    return _apply("dolt_revert", "revert", commit_hash, on, author, using)


def cherry_pick(
    commit_hash: str, onto: str, author: str | None = None, using: str | None = None
) -> str:
    """Repeat what a commit changed by a new one on branch `onto`.

    Returns:
        The hash of the new commit.

    Raises:
        MergeConflict: `onto` has other values in the same cells; nothing was written.
        BranchProtected: `onto` takes no direct commits.
    """
    return _apply("dolt_cherry_pick", "cherry-pick", commit_hash, onto, author, using)


def _apply(
    procedure: str, verb: str, commit_hash: str, on: str, author: str | None, using: str | None
) -> str:
    validate_ref(commit_hash)
    validate_branch(on)
    if is_protected(on):
        raise BranchProtected(on)
    refuse_unfinished(on, verb.capitalize(), using)
    resolve(commit_hash, using)
    resolve(on, using)
    who = author or context.describe([]).author
    with transaction_on(on, using) as cursor:
        if procedure == "dolt_revert":
            cursor.execute("CALL dolt_revert(%s, '--author', %s)", [commit_hash, who])
        else:
            cursor.execute("CALL dolt_cherry_pick(%s)", [commit_hash])
        row = cursor.fetchone()
        if any(int(count or 0) for count in row[1:]):
            cursor.execute("SELECT * FROM dolt_conflicts")
            tables = {str(found[0]): int(found[1]) for found in cursor.fetchall()}
            raise MergeConflict(commit_hash, on, tables, verb)
    return str(row[0])


def head(ref: str, using: str | None = None) -> str:
    """The commit hash that `ref` (the alias's active branch, a tag, ...) stands for."""
    return resolve(ref or aliases.current_branch(using), using)
