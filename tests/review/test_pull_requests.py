"""A pull request's life: opened, reviewed, merged; closed and opened again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dolt_router.exceptions import (
    BranchDoesNotExist,
    BranchForbidden,
    PullRequestForbidden,
    PullRequestRefused,
    ReviewRequired,
    StaleWrite,
)
from dolt_router.models import Branch, Commit
from dolt_router.review.models import BranchRule, PullRequest
from tests.inventory.models import Device
from tests.review.conftest import change


def codes(pull_request: PullRequest, user: Any = None) -> list[str]:
    return [reason.code for reason in pull_request.readiness(user).reasons]


def test_whole_story(rule: BranchRule, pull_request: PullRequest, rob: Any, meg: Any) -> None:
    assert codes(pull_request) == ["approvals"]
    pull_request.approve(rob, "Good.")
    assert codes(pull_request) == []
    source_hash = pull_request.source_hash
    result = pull_request.merge(meg)
    assert [device.name for device in Device.objects.all()] == ["first"]
    assert Branch.objects.get(name="main").hash == result.commit_hash
    pull_request.refresh_from_db()
    assert pull_request.state == "merged"
    assert pull_request.merge_commit == result.commit_hash
    assert pull_request.source_hash == source_hash
    assert pull_request.finished_by == meg
    kinds = [activity.kind for activity in pull_request.activities.all()]
    assert kinds == ["opened", "reviewed", "merged"]
    assert [change.table for change in pull_request.diff()] == ["inventory_device"]


def test_merge_commit_is_the_mergers(pull_request: PullRequest, meg: Any) -> None:
    change("main", "other")
    pull_request.merge(meg)
    head = Commit.objects.on("main")[0]
    assert head.committer == "meg" and "More devices" in head.message
    assert len(head.parents()) == 2


def test_unapproved_is_not_merged(rule: BranchRule, pull_request: PullRequest, meg: Any) -> None:
    head = Branch.objects.get(name="main").hash
    with pytest.raises(ReviewRequired) as caught:
        pull_request.merge(meg)
    assert [reason.code for reason in caught.value.reasons] == ["approvals"]
    assert Branch.objects.get(name="main").hash == head
    assert [branch.name for branch in Branch.objects.all()] == ["feature/x", "main"]
    pull_request.refresh_from_db()
    assert pull_request.state == "open" and pull_request.claimed_at is None


def test_approval_falls_when_the_source_moves(
    rule: BranchRule, pull_request: PullRequest, rob: Any, meg: Any, ann: Any
) -> None:
    pull_request.approve(rob)
    change("feature/x", "second", ann)
    pull_request.forget_heads()
    assert codes(pull_request) == ["approvals"]
    with pytest.raises(ReviewRequired):
        pull_request.merge(meg)
    BranchRule.objects.update(dismiss_stale=False)
    assert codes(pull_request) == []


def test_approval_of_what_the_reviewer_has_not_seen_is_stale(
    pull_request: PullRequest, rob: Any, ann: Any
) -> None:
    seen = pull_request.source_hash
    change("feature/x", "second", ann)
    with pytest.raises(StaleWrite):
        pull_request.approve(rob, source_hash=seen)
    assert not pull_request.reviews.exists()


def test_change_request_stops_until_its_reviewer_approves(
    pull_request: PullRequest, rob: Any, ria: Any, meg: Any
) -> None:
    pull_request.request_changes(rob, "No.")
    pull_request.approve(ria)
    assert codes(pull_request) == ["changes_requested"]
    with pytest.raises(ReviewRequired):
        pull_request.merge(meg)
    pull_request.approve(rob)
    assert codes(pull_request) == []
    pull_request.merge(meg)


def test_change_request_is_dismissed_by_who_may_merge_but_not_by_the_author(
    opened: Callable[..., PullRequest], rob: Any, meg: Any, ann: Any
) -> None:
    pull_request = opened(author=meg)
    review = pull_request.request_changes(rob, "No.")
    for user in (meg, ann, rob):
        with pytest.raises(PullRequestForbidden):
            pull_request.dismiss(review, user, "I know better.")
    other = type(meg).objects.create_superuser("boss", "boss@example.org", "pw")
    with pytest.raises(ValueError):
        pull_request.dismiss(review, other, " ")
    pull_request.dismiss(review, other, "Out of date.")
    assert codes(pull_request) == []


def test_withdrawn_approval_does_not_count(
    rule: BranchRule, pull_request: PullRequest, rob: Any
) -> None:
    pull_request.approve(rob)
    pull_request.approve(rob)
    pull_request.withdraw(rob)
    assert codes(pull_request) == ["approvals"]
    with pytest.raises(PullRequestRefused):
        pull_request.withdraw(rob)


def test_draft_is_not_merged(opened: Callable[..., PullRequest], meg: Any, ann: Any) -> None:
    pull_request = opened(draft=True)
    assert codes(pull_request) == ["draft"]
    with pytest.raises(PullRequestRefused):
        pull_request.merge(meg)
    pull_request.mark_ready(ann)
    pull_request.merge(meg)


def test_close_and_reopen(pull_request: PullRequest, ann: Any, rob: Any, meg: Any) -> None:
    with pytest.raises(PullRequestForbidden):
        pull_request.close(rob)
    pull_request.close(ann)
    assert codes(pull_request) == ["closed"]
    with pytest.raises(PullRequestRefused):
        pull_request.merge(meg)
    with pytest.raises(PullRequestRefused):
        pull_request.approve(rob)
    pull_request.reopen(ann)
    assert pull_request.state == "open"
    pull_request.merge(meg)
    with pytest.raises(PullRequestRefused):
        pull_request.close(ann)


def test_what_can_not_be_opened(feature: str, ann: Any) -> None:
    def open_(source: str = "feature/x", author: Any = ann, title: str = "T") -> PullRequest:
        return PullRequest.objects.open(source=source, target="main", title=title, author=author)

    with pytest.raises(PullRequestRefused):  # nothing to merge
        open_()
    change("feature/x", "a", ann)
    with pytest.raises(BranchDoesNotExist):
        open_("feature/nowhere")
    with pytest.raises(PullRequestRefused):
        open_("main")
    with pytest.raises(ValueError):
        open_(title="  ")
    with pytest.raises(PullRequestForbidden):
        open_(author=None)
    open_()
    with pytest.raises(PullRequestRefused):  # there is one
        open_()


def test_reviewing_and_merging_need_their_permissions(
    pull_request: PullRequest, ann: Any, rob: Any
) -> None:
    for verb in (pull_request.approve, lambda user: pull_request.request_changes(user, "No.")):
        with pytest.raises(BranchForbidden):
            verb(ann)
    with pytest.raises(BranchForbidden):
        pull_request.merge(rob)
    with pytest.raises(PullRequestForbidden):
        pull_request.merge(None)


def test_own_approval_does_not_count(
    rule: BranchRule, opened: Callable[..., PullRequest], rob: Any, ria: Any
) -> None:
    pull_request = opened(author=rob)
    pull_request.approve(rob)
    assert codes(pull_request) == ["approvals"]
    change("feature/x", "by ria", ria)
    pull_request.forget_heads()
    pull_request.approve(ria)
    assert codes(pull_request) == ["approvals"]  # she made a commit of it
    BranchRule.objects.update(allow_self_approval=True)
    assert codes(pull_request) == []


def test_approval_of_someone_who_may_not_review_any_more_does_not_count(
    rule: BranchRule, pull_request: PullRequest, rob: Any
) -> None:
    pull_request.approve(rob)
    rob.user_permissions.clear()
    assert codes(pull_request) == ["approvals"]
