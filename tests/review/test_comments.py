"""Comments on the whole, an object and a field; suggested values; texts as safe HTML."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from dolt_router.exceptions import (
    BranchForbidden,
    NotThere,
    PullRequestForbidden,
    PullRequestRefused,
    StaleWrite,
)
from dolt_router.models import Commit
from dolt_router.review import commenting
from dolt_router.review.markdown import render
from dolt_router.review.models import BranchGrant, PullRequest
from tests.inventory.models import Device
from tests.review.conftest import give


@pytest.fixture
def device(pull_request: PullRequest, ann: Any, rob: Any) -> Device:
    """The device of the pull request; ann may change devices, rob may view them."""
    give(ann, "change_device")
    give(rob, "view_device")
    return Device.objects.using("feature/x").get()


def again(user: Any) -> Any:
    return type(user).objects.get(pk=user.pk)


def test_suggestion_is_applied_as_a_commit_of_who_applies_it(
    pull_request: PullRequest, device: Device, ann: Any, rob: Any
) -> None:
    comment = pull_request.comment(
        again(rob), "Taller?", table=Device, key=device.pk, field="height", suggestion="42"
    )
    assert comment.pk_of_object == device.pk and comment.model is Device
    commit_hash = pull_request.apply_suggestion(comment, again(ann))
    assert Device.objects.using("feature/x").get().height == 42
    commit = Commit.objects.on("feature/x")[0]
    assert commit.commit_hash == commit_hash and commit.committer == "ann"
    assert "Co-authored-by: rob <rob@example.org>" in commit.message
    comment.refresh_from_db()
    assert comment.applied_by == ann and comment.resolved_at
    with pytest.raises(PullRequestRefused):
        pull_request.apply_suggestion(comment, again(ann))


def test_suggestion_for_a_value_that_changed_since_is_stale(
    pull_request: PullRequest, device: Device, ann: Any, rob: Any
) -> None:
    comment = pull_request.comment(
        again(rob), "", table=Device, key=device.pk, field="height", suggestion=42
    )
    Device.objects.using("feature/x").update(height=7)
    with pytest.raises(StaleWrite):
        pull_request.apply_suggestion(comment, again(ann))
    assert Device.objects.using("feature/x").get().height == 7


@pytest.mark.parametrize("value", ["tall", -1, None])
def test_suggestion_must_be_a_value_of_the_field(
    pull_request: PullRequest, device: Device, rob: Any, value: Any
) -> None:
    with pytest.raises(ValidationError):
        pull_request.comment(
            again(rob), "", table=Device, key=device.pk, field="height", suggestion=value
        )


def test_suggestion_of_a_related_object(
    pull_request: PullRequest, device: Device, ann: Any, rob: Any
) -> None:
    with pytest.raises(PullRequestForbidden):  # it would tell which users there are
        pull_request.comment(
            again(rob), "", table=Device, key=device.pk, field="owner", suggestion=ann.pk
        )
    give(rob, "view_user")
    comment = pull_request.comment(
        again(rob), "", table=Device, key=device.pk, field="owner", suggestion=ann.pk
    )
    pull_request.apply_suggestion(comment, again(ann))
    assert Device.objects.using("feature/x").get().owner == ann
    with pytest.raises(ValidationError):  # a form would not leave it out either
        pull_request.comment(
            again(rob), "", table=Device, key=device.pk, field="owner", suggestion=None
        )


def test_who_may_not(pull_request: PullRequest, device: Device, ann: Any, rob: Any) -> None:
    stranger = type(ann).objects.create_user("stranger")
    with pytest.raises(PullRequestForbidden):
        pull_request.comment(None, "Hello")
    with pytest.raises(PullRequestForbidden):  # may not view devices
        pull_request.comment(stranger, "Hello", table=Device, key=device.pk)
    pull_request.comment(stranger, "On the whole.")
    comment = pull_request.comment(
        again(rob), "", table=Device, key=device.pk, field="height", suggestion=2
    )
    with pytest.raises(PullRequestForbidden):  # may view only
        pull_request.apply_suggestion(comment, again(rob))
    BranchGrant.objects.create(pattern="feature/*", verbs=["write"], user=rob)
    with pytest.raises(BranchForbidden):
        pull_request.apply_suggestion(comment, again(ann))
    assert Device.objects.using("feature/x").get().height == 1


def test_what_can_not_be_commented(pull_request: PullRequest, device: Device, rob: Any) -> None:
    user = again(rob)
    with pytest.raises(ValueError):
        pull_request.comment(user, "  ")
    with pytest.raises(NotThere):
        pull_request.comment(user, "x", table=Device, key=device.pk, field="weight")
    with pytest.raises(NotThere):
        pull_request.comment(user, "x", table=Device, key=999, field="height", suggestion=1)
    with pytest.raises(ValueError):
        pull_request.comment(user, "x", table=Device, key=device.pk, suggestion=1)
    with pytest.raises(PullRequestRefused):
        pull_request.comment(user, "x", table=Device, key=device.pk, field="id", suggestion=1)
    assert not pull_request.comments.exists()


def test_threads_are_resolved_and_answered(pull_request: PullRequest, ann: Any, rob: Any) -> None:
    first = pull_request.comment(rob, "Why?")
    answer = pull_request.comment(ann, "So.", reply_to=first)
    commenting.resolve(first, rob)
    first.refresh_from_db()
    assert list(first.replies.all()) == [answer] and first.resolved_by == rob
    commenting.resolve(first, rob, resolved=False)
    first.refresh_from_db()
    assert first.resolved_at is None


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "<img src=x onerror=alert(1)>",
        "![x](http://tracker.example/x.png)",
        "[x](data:text/html,<script>alert(1)</script>)",
        '<a href="#" onclick="x()">x</a>',
        "<style>*{display:none}</style>",
        "<form action=/x><input name=y></form>",
    ],
)
def test_texts_hold_nothing_that_runs_or_loads(text: str) -> None:
    html = render(text).lower()
    for bad in ("<script", "<img", "<style", "<form", "<input", 'href="javascript', 'href="data'):
        assert bad not in html
    assert "<a" not in html or "onclick=" not in html


def test_texts_are_markdown() -> None:
    html = render("**bold** ~~old~~ [x](https://example.org)\n\n| a |\n|---|\n| b |")
    for part in ("<strong>bold</strong>", "<s>old</s>", 'rel="noopener noreferrer nofollow"'):
        assert part in html
    assert "<td>b</td>" in html
