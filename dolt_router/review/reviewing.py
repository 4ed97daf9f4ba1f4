"""Reviewers approve, request changes, take it back; others dismiss.

A verdict is of one commit. Verdicts are added, never changed, so two reviewers at once don't
meet; what can stop a merge replaces the pull request's stamp, so it can't slip past one.
"""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from dolt_router.access import require
from dolt_router.exceptions import PullRequestForbidden, PullRequestRefused, StaleWrite

from .attempts import at_once, refuse_claimed, replace_stamp
from .events import record
from .lifecycle import refuse_finished
from .models import PullRequest, Review
from .permissions import allowed
from .verdicts import standing


def _require_reviewer(pull_request: PullRequest, user: Any) -> None:
    refuse_finished(pull_request)
    if not getattr(user, "is_authenticated", False):
        raise PullRequestForbidden(_("Log in to review a pull request."))
    for branch in (pull_request.source, pull_request.target):  # what can't be read isn't reviewed
        require("read", branch, pull_request.database)
    require("review", pull_request.target, pull_request.database)
    if pull_request.source_gone:
        text = _("The branch “%(name)s” does not exist any more.") % {"name": pull_request.source}
        raise PullRequestRefused("source_gone", text)


@at_once
def approve(
    pull_request: PullRequest, user: Any, text: str = "", source_hash: str | None = None
) -> Review:
    """Approve the source as it is.

    An author's own approval is recorded too; whether it counts is the rules' choice.

    Args:
        source_hash: the commit that the reviewer has seen. Give it from the page that they
            looked at, so that they can't approve what came since.

    Raises:
        BranchForbidden: the user may not review the target, or not read one of both.
        StaleWrite: the source has moved on from `source_hash`.
        PullRequestRefused, PullRequestForbidden.
    """
    _require_reviewer(pull_request, user)
    if source_hash is not None and source_hash != pull_request.source_hash:
        raise StaleWrite(pull_request.source)
    return _add(pull_request, user, Review.APPROVED, text)


@at_once
def request_changes(pull_request: PullRequest, user: Any, text: str) -> Review:
    """Stop it, until the same reviewer approves or somebody who may merge dismisses this.

    Raises:
        BranchForbidden: the user may not review the target, or not read one of both.
        PullRequestRefused: it is finished, or being merged.
        PullRequestForbidden, StaleWrite.
    """
    _require_reviewer(pull_request, user)
    replace_stamp(pull_request)
    return _add(pull_request, user, Review.CHANGES_REQUESTED, text)


def _add(pull_request: PullRequest, user: Any, verdict: str, text: str) -> Review:
    review = Review.objects.create(
        pull_request=pull_request,
        reviewer=user,
        verdict=verdict,
        text=text,
        source_hash=pull_request.source_hash,
    )
    data = {"verdict": verdict, "text": text, "source_hash": review.source_hash}
    record(pull_request, "pull_request_reviewed", user, data, review=review)
    return review


@at_once
def withdraw(pull_request: PullRequest, user: Any) -> None:
    """Take the user's standing verdict back.

    Raises:
        PullRequestRefused: there is none; or it is finished, or being merged.
    """
    refuse_finished(pull_request)
    own = [review for review in standing(pull_request) if review.reviewer_id == user.pk]
    if not own:
        raise PullRequestRefused("no_review", _("You have no verdict on this to take back."))
    _dismiss(pull_request, user, "")


def _dismiss(pull_request: PullRequest, user: Any, text: str, review: Review | None = None) -> None:
    reviewer = user.pk if review is None else review.reviewer_id
    replace_stamp(pull_request)
    # Earlier verdicts of the same reviewer would stand again, were only the newest dismissed.
    older = Review.objects.filter(pull_request=pull_request, dismissed_at=None)
    older = older.filter(pk=review.pk) if reviewer is None else older.filter(reviewer_id=reviewer)  # type: ignore[union-attr]
    newest = older.last()
    older.update(dismissed_at=timezone.now(), dismissed_by=user, dismissal=text)
    if newest is not None:
        newest.refresh_from_db()
        data = {"reviewer": str(newest.reviewer or ""), "text": text}
        record(pull_request, "pull_request_review_dismissed", user, data, review=newest)


def dismiss(pull_request: PullRequest, review: Review, user: Any, text: str) -> None:
    """Let a verdict of somebody else not count any more.

    For those who may merge into the target, but never for the author of the pull request: a
    request for changes is not theirs to lift.

    Raises:
        PullRequestForbidden, PullRequestRefused, StaleWrite.
        ValueError: no reason is given.
    """
    if not text.strip():
        raise ValueError(_("Say why the review is dismissed."))
    _dismiss_at_once(pull_request, user, review, text)


@at_once
def _dismiss_at_once(pull_request: PullRequest, user: Any, review: Review, text: str) -> None:
    refuse_finished(pull_request)
    if pull_request.claimed_at is not None:
        refuse_claimed()
    is_author = user is not None and user.pk == pull_request.author_id
    may = user is None or allowed(user, "merge", pull_request.target, pull_request.database)
    if is_author or not may or review.pull_request_id != pull_request.pk:
        raise PullRequestForbidden(
            _("Only those who may merge, and never its author, can dismiss a review.")
        )
    _dismiss(pull_request, user, text, review)
