"""Commits: parents, what one changed, revert and cherry-pick.

https://docs.dolthub.com/sql-reference/version-control/dolt-sql-procedures#dolt_revert
"""

from __future__ import annotations

from .. import aliases, context, signals
from ..conf import conf
from ..exceptions import DoltServerError, MergeConflict, NothingToCommit
from ..names import validate_branch, validate_ref
from ..wording import validate_author
from .branches import resolve
from .conflicts import rows_by_table
from .diffs import TableChange, diff
from .session import refuse_closed, transaction_on, verb_connection


def parents(commit_hash: str, using: str | None = None) -> list[str]:
    """The hashes of the commit's parents, first parent first; empty for the first commit.

    Raises:
        BranchDoesNotExist: there is no such commit.
    """
    validate_ref(commit_hash)
    with verb_connection(conf.DEFAULT_BRANCH, using) as connection, connection.cursor() as cursor:
        try:
            return connection.engine.parents(cursor, commit_hash)
        except DoltServerError:
            resolve(commit_hash, using)
            raise


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
        NothingToCommit: it is undone already.
        BranchProtected: `on` takes no direct commits.
    """
    return _apply("dolt_revert", "revert", commit_hash, on, author, using)


def cherry_pick(
    commit_hash: str, onto: str, author: str | None = None, using: str | None = None
) -> str:
    """Repeat what a commit changed by a new one on branch `onto`.

    As in git the new commit keeps message, author and date, unless an author is given here
    or by `commit_context`.

    Returns:
        The hash of the new commit.

    Raises:
        MergeConflict: `onto` has other values in the same cells; nothing was written.
        NothingToCommit: `onto` has these changes already.
        BranchProtected: `onto` takes no direct commits.
    """
    return _apply("dolt_cherry_pick", "cherry-pick", commit_hash, onto, author, using)


def _apply(
    procedure: str, verb: str, commit_hash: str, on: str, author: str | None, using: str | None
) -> str:
    validate_ref(commit_hash)
    validate_branch(on)
    refuse_closed(on, verb.capitalize(), using)
    resolve(commit_hash, using)
    resolve(on, using)
    author = validate_author(author) if author else None
    who = author or context.describe([]).author
    about = {"using": aliases.default_root(using), "commit_hash": commit_hash, "branch": on}
    if procedure == "dolt_revert":
        signals.ask(signals.pre_revert, **about)
    with transaction_on(on, using) as cursor:
        try:
            arguments = [commit_hash] + (["--author", who] if procedure == "dolt_revert" else [])
            made, conflicts = cursor.db.engine.apply(cursor, procedure, *arguments)
        except DoltServerError as error:
            if "nothing to commit" in str(error) or "no changes" in str(error):
                raise NothingToCommit(commit_hash, on, verb) from error
            raise
        if conflicts:
            raise MergeConflict(commit_hash, on, rows_by_table(cursor, "dolt_conflicts"), verb)
        other = author or context.author.get()
        if procedure == "dolt_cherry_pick" and other:
            cursor.execute("SELECT message FROM dolt_log LIMIT 1")
            (message,) = cursor.fetchone()
            arguments = ["--amend", "-m", message, "--author", other]
            made = str(cursor.db.engine.run(cursor, "dolt_commit", *arguments)[0])
    if procedure == "dolt_revert":
        signals.tell(signals.reverted, **about, new_hash=made)
    return made


def head(ref: str, using: str | None = None) -> str:
    """The commit hash that `ref` (the alias's active branch, a tag, ...) stands for."""
    return resolve(ref or aliases.current_branch(using), using)
