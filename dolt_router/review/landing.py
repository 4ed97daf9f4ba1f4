"""A pull request is merged: exactly the commit that was approved, into exactly the commit that
its checks were run against, however many work on it at once.

1. The merge is made aside, on a scratch branch (`versioning.landing`).
2. It is claimed: in a transaction of its own the gates are asked on fresh rows, and the pull
   request's stamp is replaced. Whoever requested changes, withdrew, closed at the same moment
   replaces it too: one of both fails, and from now on these are refused.
3. The target is moved forward, if it is still where it was.
4. The pull request is marked as merged.

A process that dies between 2 and 4 leaves a claim; `recover` finds out what became of it.
"""

from __future__ import annotations

import datetime
from contextvars import ContextVar
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from dolt_router.access import acting_as, asking, require
from dolt_router.exceptions import (
    BranchDoesNotExist,
    DoltRouterError,
    PullRequestForbidden,
    PullRequestRefused,
    ReviewRequired,
    StaleWrite,
)
from dolt_router.versioning.branches import ahead_behind
from dolt_router.versioning.landing import Landing, land, merged_aside
from dolt_router.versioning.merges import MergeResult
from dolt_router.wording import user_author

from . import checking, rules
from .attempts import apart, refuse_claimed, renew, swap_stamp
from .events import record
from .lifecycle import refuse_finished
from .models import PullRequest

ATTEMPTS = 5  # merges made anew because the target moved meanwhile
STALE_CLAIM = datetime.timedelta(minutes=2)

# The pull request whose merge is under way here: the receivers of a merge's signals leave it be.
under_way: ContextVar[int | None] = ContextVar("dolt_review_landing", default=None)


def merge(pull_request: PullRequest, user: Any, strategy: str = "merge") -> MergeResult:
    """Merge it now, in the name of `user`; at once, whatever transaction this is called in.

    Raises:
        ReviewRequired: the rules, or its reviews, have something against it; `reasons` says it.
        BranchForbidden: the user may not merge into the target.
        PullRequestForbidden: nobody is logged in.
        PullRequestRefused: it is finished, a draft, or being merged.
        MergeConflict, BranchNeedsMigration, NotFastForward, ValueError: as `versioning.merge`.
        StaleWrite: its branches move faster than merges can be made.
    """
    if not getattr(user, "is_authenticated", False):
        raise PullRequestForbidden(_("Log in to merge a pull request."))
    return attempt(pull_request, user, strategy)


def attempt(
    pull_request: PullRequest, user: Any, strategy: str, run_checks: bool = False
) -> MergeResult:
    """`merge`, with the required checks run on the result first when `run_checks` says so."""
    for number in range(ATTEMPTS):
        try:
            return _attempt_once(pull_request, user, strategy, run_checks)
        except StaleWrite:
            if number == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _attempt_once(
    pull_request: PullRequest, user: Any, strategy: str, run_checks: bool
) -> MergeResult:
    recover(pull_request)
    _refuse_unready(pull_request)
    source_hash, target_hash = _both_heads(pull_request)
    with (
        acting_as(user),
        merged_aside(
            pull_request.source,
            source_hash,
            pull_request.target,
            target_hash,
            message=_message(pull_request),
            author=user_author(user),
            strategy=strategy,
            using=pull_request.database,
        ) as landing,
    ):
        if landing.is_empty:
            text = _("The target has all of its commits already.")
            raise PullRequestRefused("nothing_to_merge", text)
        if run_checks:
            _run_missing(pull_request, landing, user)
        with asking():  # which a scratch branch stops
            claim(pull_request, user, landing)
        try:
            token = under_way.set(pull_request.pk)
            try:
                result = land(landing)
            finally:
                under_way.reset(token)
        except BaseException:
            with apart():
                unclaim(pull_request)
            raise
        with apart():
            finish(pull_request, user, result.commit_hash, landing)
        return result


def _message(pull_request: PullRequest) -> str:
    # Not translated: it is stored, and not for whoever merges.
    first = f"Merge pull request #{pull_request.pk}: {pull_request.title}"
    return f"{first}\n\n{pull_request.source} -> {pull_request.target}"


def _both_heads(pull_request: PullRequest) -> tuple[str, str]:
    heads = pull_request.heads
    for name, head in zip((pull_request.source, pull_request.target), heads, strict=True):
        if head is None:
            raise BranchDoesNotExist(name, pull_request.database)
    assert heads.source is not None and heads.target is not None
    return heads.source, heads.target


def _refuse_unready(pull_request: PullRequest) -> None:
    """Refuse what no permission could change: before a merge is made for nothing."""
    renew(pull_request)
    refuse_finished(pull_request)
    if pull_request.state == PullRequest.DRAFT:
        raise PullRequestRefused("draft", _("A draft can't be merged. Mark it as ready first."))
    if pull_request.claimed_at is not None:
        refuse_claimed()


def _run_missing(pull_request: PullRequest, landing: Landing, user: Any) -> None:
    demand = rules.demand_of(landing.into, landing.using, user, fresh=True)
    with apart():
        missing = rules.missing_checks(
            pull_request, landing.source_hash, landing.target_hash, demand.required_checks
        )
    checking.run_on(pull_request, landing, missing)


def claim(pull_request: PullRequest, user: Any, landing: Landing) -> None:
    """Decide that this merge is made, where everyone sees it; or raise what is against it."""
    with apart(), acting_as(user):
        _refuse_unready(pull_request)
        if pull_request.heads.source != landing.source_hash:
            raise StaleWrite(landing.source)
        # Also where no rule names the target, a request for changes holds.
        found = rules.against_reviews(
            pull_request, landing.source_hash, landing.target_hash, rules.Demand(())
        )
        if found:
            raise ReviewRequired(landing.into, found)
        require(
            "merge",
            landing.into,
            landing.using,
            source=landing.source,
            source_hash=landing.source_hash,
            target_hash=landing.target_hash,
            strategy=landing.strategy,
        )
        swap_stamp(pull_request, claimed_at=timezone.now(), claimed_commit=landing.commit_hash)


def unclaim(pull_request: PullRequest) -> None:
    """Take a claim back: its merge was not made."""
    renew(pull_request)
    swap_stamp(pull_request, claimed_at=None, claimed_commit="")


def finish(
    pull_request: PullRequest, user: Any, merge_commit: str, landing: Landing | None = None
) -> None:
    """Mark it as merged."""
    renew(pull_request)
    if pull_request.state == PullRequest.MERGED:
        return
    source_hash = pull_request.source_hash if landing is None else landing.source_hash
    target_hash = pull_request.target_head if landing is None else landing.target_hash
    known = user if getattr(user, "is_authenticated", False) else None
    base = pull_request.base_head if landing is None else _base(landing) or pull_request.base_head
    swap_stamp(
        pull_request,
        state=PullRequest.MERGED,
        source_head=source_hash,
        target_head=target_hash,
        base_head=base,
        merge_commit=merge_commit,
        finished_by=known,
        finished_at=timezone.now(),
        claimed_at=None,
        claimed_commit="",
        queued_by=None,
        queued_at=None,
        merge_at=None,
    )
    data = {"merge_commit": merge_commit, "source_hash": source_hash}
    record(pull_request, "pull_request_merged", user, data, merge_commit=merge_commit)


def _base(landing: Landing) -> str | None:
    from dolt_router.versioning.points import merge_base

    return merge_base(landing.target_hash, landing.source_hash, landing.using)


def recover(pull_request: PullRequest) -> None:
    """Find out what became of a merge whose process died, and say so in the row."""
    renew(pull_request)
    since = pull_request.claimed_at
    if since is None or not pull_request.is_unfinished or timezone.now() - since < STALE_CLAIM:
        return
    with apart():
        renew(pull_request)
        if pull_request.claimed_at != since:
            return
        commit = pull_request.claimed_commit or pull_request.source_hash
        if _holds(pull_request, commit):
            finish(pull_request, None, commit)
        else:
            unclaim(pull_request)


def _holds(pull_request: PullRequest, commit: str) -> bool:
    """Whether the target has the commit."""
    if pull_request.heads.target is None:
        return False
    try:
        return ahead_behind(commit, pull_request.heads.target, pull_request.database)[0] == 0
    except DoltRouterError:  # it was on a scratch branch only, and is collected
        return False


__all__ = ["attempt", "claim", "finish", "merge", "recover", "unclaim", "under_way"]
