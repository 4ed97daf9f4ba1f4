"""Moving a branch: reset, rebase, and discarding what isn't committed.

https://docs.dolthub.com/sql-reference/version-control/dolt-sql-procedures#dolt_reset
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from django.utils.translation import gettext_noop as _

from .. import aliases, signals
from ..backends.dolt.restoring import reset_to_head
from ..conf import conf
from ..exceptions import BranchInUse, NothingToCommit, UnsupportedByEngine, worded
from ..names import validate_branch, validate_ref
from .branches import ahead_behind, resolve
from .commits import cherry_pick, parents, revert
from .merges import MergeResult, merge
from .scratch import scratch_branch
from .session import refuse_closed, transaction_on, verb_connection

if TYPE_CHECKING:
    from ..backends.engine import Collected


def reset(branch: str, to: str, force: bool = False, using: str | None = None) -> str:
    """Move `branch` to the commit that `to` stands for, and its working set with it.

    Returns:
        The hash of that commit.

    Raises:
        BranchProtected: the branch is protected.
        BranchInUse: it has commits that `to` has not, which would be lost from it, and
            `force` is not set; or this request has unfinished writes on it.
        BranchDoesNotExist: one of them isn't there.
    """
    validate_branch(branch)
    validate_ref(to)
    refuse_closed(branch, "Reset", using, "force")
    head, target = resolve(branch, using), resolve(to, using)
    if not force and head != target:
        lost, _gained = ahead_behind(branch, target, using)
        if lost:
            text = _(
                '%(n)d commit(s) of it are not in "%(to)s" and would be lost from it. Tag or '
                "branch them first, or reset with force=True (manage.py dolt reset --force)."
            )
            raise BranchInUse(branch, worded(text, n=lost, to=to))
    about = {"using": aliases.default_root(using), "branch": branch, "to": target}
    signals.ask(signals.pre_reset, **about)
    with verb_connection(branch, using) as connection, connection.cursor() as cursor:
        connection.engine.run(cursor, "dolt_reset", "--hard", target)
    signals.tell(signals.branch_reset, **about)
    return target


def rebase(branch: str, onto: str | None = None, using: str | None = None) -> list[str]:
    """Repeat the commits of `branch` on top of `onto` (the default branch), and move it there.

    Each keeps its message, author and date; merges and what `onto` has already are left out,
    as git's rebase does. It is
    done on a branch of its own, so a conflict leaves `branch` as it was.

    Returns:
        The hashes of the new commits, oldest first; empty when there was nothing to do.

    Raises:
        MergeConflict: a commit conflicts; nothing was moved.
        BranchProtected, BranchInUse, BranchDoesNotExist: as `reset`.
    """
    onto = onto or str(conf.DEFAULT_BRANCH)
    validate_branch(branch)
    validate_ref(onto)
    refuse_closed(branch, "Rebase", using, "force")
    head = resolve(branch, using)
    if not ahead_behind(branch, onto, using)[1]:
        return []
    picks = [
        commit for commit in _own_commits(branch, onto, using) if len(parents(commit, using)) < 2
    ]
    about = {"using": aliases.default_root(using), "branch": branch, "to": resolve(onto, using)}
    signals.ask(signals.pre_reset, **about)
    with scratch_branch(about["to"], using) as scratch:
        made = []
        for commit in picks:
            with suppress(NothingToCommit):  # `onto` has it already
                made.append(cherry_pick(commit, scratch, using=using))
        if resolve(branch, using) != head:
            text = _("someone else committed to it meanwhile. Rebase again.")
            raise BranchInUse(branch, worded(text))
        new_head = resolve(scratch, using)
        with verb_connection(branch, using) as connection, connection.cursor() as cursor:
            connection.engine.run(cursor, "dolt_reset", "--hard", new_head)
    signals.tell(signals.branch_reset, **{**about, "to": new_head})
    return made


def _own_commits(branch: str, onto: str, using: str | None) -> list[str]:
    with verb_connection(conf.DEFAULT_BRANCH, using) as connection, connection.cursor() as cursor:
        cursor.execute(connection.engine.own_commits, [f"{onto}..{branch}"])
        return [commit_hash for (commit_hash,) in cursor.fetchall()]


def revert_range(
    since: str,
    until: str,
    on: str,
    message: str | None = None,
    author: str | None = None,
    using: str | None = None,
) -> MergeResult:
    """Undo the commits after `since` up to `until`, newest first, as one new commit on `on`.

    Of a merge among them the whole branch that it brought is undone.

    Raises:
        MergeConflict: later commits changed the same cells; nothing was written.
        ValueError: `since` is not an ancestor of `until`, by first parents.
        BranchProtected, BranchDoesNotExist, BranchInUse: as `reset`.
    """
    validate_branch(on)
    refuse_closed(on, "Revert", using)
    first, commit = resolve(validate_ref(since), using), resolve(validate_ref(until), using)
    chain = []
    while commit != first:
        chain.append(commit)
        before = parents(commit, using)
        if not before:
            raise ValueError(f'"{since}" is not an ancestor of "{until}": nothing was reverted.')
        commit = before[0]
    with scratch_branch(resolve(on, using), using) as scratch:
        for commit in chain:
            with suppress(NothingToCommit):  # one of them was undone before
                revert(commit, scratch, author, using)
        text = message or f"Revert {len(chain)} commit(s): {first[:8]}..{until}"
        return merge(scratch, on, text, author, "squash", using)


def discard(
    branch: str | None = None, tables: list[str] | None = None, using: str | None = None
) -> None:
    """Throw away what is in the working set and not committed, of some tables or of all.

    With `AUTO_COMMIT` on there is such a thing only after another tool wrote to the branch.

    Raises:
        BranchProtected: the branch is protected.
        BranchInUse: this request has unfinished writes on it.
        BranchDoesNotExist: there is no such branch.
    """
    name = branch or aliases.current_branch(using)
    validate_branch(name)
    refuse_closed(name, "Discard", using)
    if tables is None:
        with verb_connection(name, using) as connection:
            reset_to_head(connection)
        return
    with transaction_on(name, using) as cursor:
        engine = cursor.db.engine
        for table in tables:
            engine.run(cursor, "dolt_checkout", "--", table)


def collect_garbage(mode: str = "default", using: str | None = None) -> Collected | None:
    """Free the space of what no branch, tag or working set refers to (`dolt_gc`).

    Args:
        mode: "default"; "shallow", quicker and incomplete; or "full", which also goes through
            what earlier collections have kept.

    Returns:
        The bytes of the database before and after; None on a server, which doesn't tell.

    Raises:
        ValueError: there is no such mode.
        DoltServerError: the server can't now, in its words.
        OperationalError: the embedded engine waited for a writer, longer than its timeout.
        AnotherBranchIsWriting: this thread is that writer.
    """
    if mode not in _GARBAGE:
        raise ValueError(f"Unknown mode {mode!r}. Use one of {', '.join(_GARBAGE)}.")
    with verb_connection(conf.DEFAULT_BRANCH, using) as connection, connection.cursor() as cursor:
        engine = connection.engine
        if mode not in engine.garbage_modes:
            raise UnsupportedByEngine(f'Garbage collection "{mode}"', engine.name)
        return engine.collect_garbage(cursor, *_GARBAGE[mode])


_GARBAGE = {"default": (), "shallow": ("--shallow",), "full": ("--full",)}
