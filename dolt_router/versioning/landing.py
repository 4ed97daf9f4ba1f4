"""A merge in two steps: made aside, looked at, and only then put on its target.

The result is made on a scratch branch, so whatever looks at it (a check of a pull request) sees
just what the target will be; then the target is moved forward to that very commit, if it is
still where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from .. import aliases, context, signals
from ..conf import conf
from ..exceptions import MergeConflict, StaleWrite
from ..names import validate_branch, validate_ref
from ..wording import validate_author
from .arrivals import follow
from .branches import ahead_behind
from .merges import (
    STRATEGIES,
    MergeResult,
    _applied,
    _merge,
    _refuse_conflicts,
    refuse_unmigrated,
)
from .scratch import scratch_branch
from .session import merging, refuse_unfinished, verb_connection


class Landing(NamedTuple):
    """A merge that is made and not yet on its target.

    `branch` is the scratch branch that holds it, `commit_hash` its head.
    """

    source: str
    source_hash: str
    into: str
    target_hash: str
    strategy: str
    using: str
    branch: str
    commit_hash: str

    @property
    def is_empty(self) -> bool:
        """Whether the target has all of it already."""
        return self.commit_hash == self.target_hash

    @property
    def is_fast_forward(self) -> bool:
        """Whether the target becomes the source's own commit."""
        return self.commit_hash == self.source_hash


@contextmanager
def merged_aside(
    source: str,
    source_hash: str,
    into: str,
    target_hash: str,
    message: str | None = None,
    author: str | None = None,
    strategy: str = "merge",
    using: str | None = None,
) -> Iterator[Landing]:
    """Merge the commit `source_hash` into the commit `target_hash`, on a scratch branch.

    No gate is asked and no signal is sent: nothing has happened to anyone's branch yet. The
    scratch branch is gone when the block is left.

    Raises:
        MergeConflict, NotFastForward, BranchNeedsMigration, ValueError: as `merge`.
    """
    if strategy not in STRATEGIES:
        raise ValueError(f"Unknown strategy {strategy!r}. Use one of {', '.join(STRATEGIES)}.")
    for ref in (source_hash, target_hash):
        validate_ref(ref)
    validate_branch(into)
    words = context.describe([])
    text = message or context.message.get() or f'Merge branch "{source}" into "{into}"'
    who = validate_author(author) if author else words.author
    root = aliases.default_root(using)
    with scratch_branch(target_hash, using) as scratch:
        ahead, behind = ahead_behind(source_hash, target_hash, using)
        if ahead and behind:
            refuse_unmigrated(source_hash, target_hash, using)
        if ahead:
            with merging(scratch, using) as (connection, cursor):
                answer = _merge(cursor, source, source_hash, into, strategy, text, who)
                _refuse_conflicts(cursor, source, into, [])
                if answer.open or strategy == "squash":
                    arguments = ("-A", "--skip-empty", "-m", text, "--author", who)
                    connection.engine.run(cursor, "dolt_commit", *arguments)
        with verb_connection(scratch, using) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT dolt_hashof('HEAD')")
            head = str(cursor.fetchone()[0])
        yield Landing(source, source_hash, into, target_hash, strategy, root, scratch, head)


def land(landing: Landing) -> MergeResult:
    """Move the target to the merge, if it is still at `target_hash`.

    No gate is asked: whoever calls this has. The signals of a merge are sent.

    Raises:
        StaleWrite: the target moved meanwhile; nothing was written.
        BranchInUse: this request wrote to the target and hasn't committed yet.
        Refused: a receiver of `pre_merge` refused.
    """
    into, using = landing.into, landing.using
    refuse_unfinished(into, "Merge", using)
    about = {
        "using": using,
        "source": landing.source,
        "into": into,
        "strategy": landing.strategy,
    }
    signals.ask(signals.pre_merge, **about)
    is_home = into == conf.DEFAULT_BRANCH
    applied = _applied(into, using) if is_home else set()
    if not landing.is_empty:
        _forward(landing)
    if is_home:
        follow(_applied(into, using) - applied, aliases.default_alias(using))
    forward = landing.is_fast_forward and landing.strategy != "squash"
    result = MergeResult(landing.commit_hash, forward, landing.is_empty)
    signals.tell(signals.merged, **about, result=result)
    return result


def _forward(landing: Landing) -> None:
    try:
        with merging(landing.into, landing.using) as (connection, cursor):
            cursor.execute("SELECT dolt_hashof('HEAD')")
            if str(cursor.fetchone()[0]) != landing.target_hash:
                raise StaleWrite(landing.into)
            author = context.describe([]).author
            connection.engine.merge(cursor, landing.commit_hash, "ff-only", "", author)
    except (ValueError, MergeConflict) as error:  # it has commits of its own by now
        raise StaleWrite(landing.into) from error


__all__ = ["Landing", "land", "merged_aside"]
