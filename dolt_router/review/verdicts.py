"""Which reviews of a pull request stand, and which approvals count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dolt_router.models import Commit
from dolt_router.wording import user_author

from .models import Review
from .permissions import allowed

if TYPE_CHECKING:
    from .models import PullRequest
    from .rules import Demand


def standing(pull_request: PullRequest) -> list[Review]:
    """The newest verdict of each reviewer that isn't dismissed, oldest first."""
    newest: dict[Any, Review] = {}
    reviews = Review.objects.filter(pull_request=pull_request, dismissed_at=None)
    for review in reviews.select_related("reviewer").order_by("pk"):
        # Of a user who was deleted each verdict stands for itself: who gave which is unknown.
        key = ("gone", review.pk) if review.reviewer_id is None else review.reviewer_id
        newest.pop(key, None)
        newest[key] = review
    return list(newest.values())


def approvers(
    pull_request: PullRequest,
    source_hash: str,
    demand: Demand,
    reviews: list[Review] | None = None,
) -> list[Any]:
    """The users whose approval counts for merging the commit `source_hash`.

    An approval counts when it is of this commit (unless the rules don't mind), when who gave it
    is active and may review the target still, and when they are no author, unless authors may
    approve.
    """
    found = []
    for review in standing(pull_request) if reviews is None else reviews:
        user = review.reviewer
        if user is None or review.verdict != Review.APPROVED:
            continue
        if demand.dismisses_stale and review.source_hash != source_hash:
            continue
        if not allowed(user, "review", pull_request.target, pull_request.database):
            continue
        found.append(user)
    if found and not demand.allows_self_approval:
        theirs = authors_of_commits(pull_request, source_hash)
        found = [
            user
            for user in found
            if user.pk != pull_request.author_id and not _is_among(user, theirs)
        ]
    return found


def _is_among(user: Any, authors: set[tuple[str, str]]) -> bool:
    name, _, email = user_author(user).rpartition(" <")
    email = email.rstrip(">").lower()
    return any(email == theirs or name == called for called, theirs in authors)


def authors_of_commits(pull_request: PullRequest, source_hash: str) -> set[tuple[str, str]]:
    """Name and e-mail (in lower case) of whoever made commits that the target lacks.

    A commit knows its author by these only: one that was made in another's name counts as
    theirs.
    """
    target = pull_request.target_hash
    if not source_hash or not target:
        return set()
    log = Commit.objects.on(source_hash, pull_request.database).not_in(target)
    return {(name, email.lower()) for name, email in log.values_list("committer", "email")}
