"""git's ways of naming a commit: HEAD, `main~2`, `feature/x^`, a hash cut short, `a..b`.

For people at a keyboard. What programs hand over is a branch, tag or whole hash.
https://git-scm.com/docs/gitrevisions
"""

from __future__ import annotations

import re
from typing import NamedTuple

from django.utils.translation import gettext_noop as _

from .. import aliases
from ..exceptions import BranchDoesNotExist, NotThere, worded
from ..names import is_commit_hash, validate_ref
from .branches import resolve
from .commits import parents
from .session import database_connection

_STEPS = re.compile(r"(?:[~^]\d*)+\Z")
_SHORT_HASH = re.compile(r"\A(?:[0-9a-v]{4,31}|[0-9a-f]{32,39})\Z")


class Span(NamedTuple):
    """`before..after`; `from_merge_base` when written with three dots. '' is a side left out."""

    before: str
    after: str
    from_merge_base: bool


def span(text: str) -> Span | None:
    """The two sides of a range; None when `text` is none."""
    before, dots, after = text.partition("...")
    if dots:
        return Span(before, after, True)
    before, dots, after = text.partition("..")
    return Span(before, after, False) if dots else None


def named(text: str, using: str | None = None) -> str:
    """The branch, tag or commit hash that `text` names; a branch stays its name.

    `HEAD` and `@` are the active branch. `~n` goes back n first parents, `^n` to the n-th
    parent. A hash may be cut to four characters or more, when only one commit begins so.

    Raises:
        BranchDoesNotExist: nothing is named so.
        NotThere: history doesn't go back that far.
        InvalidBranchName: nothing can be.
        ValueError: more than one commit begins with these characters.
    """
    steps = _STEPS.search(text)
    ref = text[: steps.start()] if steps else text
    ref = aliases.current_branch(using) if ref in ("HEAD", "@") else validate_ref(ref)
    if _SHORT_HASH.match(ref):
        ref = _whole(ref, using)
    if steps is None:
        return ref
    commit_hash = resolve(ref, using)
    for sign, number in re.findall(r"([~^])(\d*)", steps.group()):
        count = int(number or 1)
        hops = [0] * count if sign == "~" else [count - 1] * min(count, 1)
        for parent in hops:
            before = parents(commit_hash, using)
            if parent >= len(before):
                told = _('"%(text)s" goes back too far: %(commit)s has no such parent.')
                raise NotThere(worded(told, text=text, commit=commit_hash))
            commit_hash = before[parent]
    return commit_hash


def _whole(ref: str, using: str | None) -> str:
    """The hash that begins with `ref`, unless a branch or tag has that name."""
    try:
        resolve(ref, using)
        return ref
    except BranchDoesNotExist:
        with database_connection(using) as connection, connection.cursor() as cursor:
            every = connection.engine.all_commits
            cursor.execute(
                f"SELECT DISTINCT commit_hash FROM {every} WHERE commit_hash LIKE %s LIMIT 2",
                [f"{ref}%"],
            )
            found = [str(row[0]) for row in cursor.fetchall()]
        if len(found) > 1:
            told = _('More than one commit begins with "%(ref)s". Give more of its hash.')
            raise ValueError(worded(told, ref=ref)) from None
        if not found:
            raise
        assert is_commit_hash(found[0])
        return found[0]
