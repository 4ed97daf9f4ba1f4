"""The pages of pull requests."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dolt_router.review.models import BranchGrant, BranchRule, Comment, PullRequest
from tests.admin_pages.conftest import MakeUser, client_of
from tests.admin_pages.test_pages import head, text_of
from tests.inventory.models import Device, Site

MAY = ("view_device", "change_device", "merge_branch", "review_branch")


def page_of(pull_request: PullRequest) -> str:
    return reverse("admin:dolt_review_pullrequest_change", args=[pull_request.pk])


def do(client: Client, pull_request: PullRequest, verb: str, **data: Any) -> str:
    url = reverse("admin:dolt_review_pullrequest_act", args=[pull_request.pk, verb])
    return text_of(client.post(url, data, follow=True))


@pytest.fixture
def ann(make_user: MakeUser) -> Client:
    return client_of(make_user("ann", *MAY))


@pytest.fixture
def bob(make_user: MakeUser) -> Client:
    return client_of(make_user("bob", *MAY))


@pytest.fixture
def proposed(ann: Client, bob: Client, feature: str) -> PullRequest:
    """A pull request of Ann's: a device of main is changed and one added."""
    Device.objects.create(name="old-1")
    from dolt_router.models import Branch

    Branch.objects.get(name=feature).sync()
    Device.objects.using(feature).update(height=7)
    Device.objects.using(feature).create(name="new-1")
    data = {"source": feature, "target": "main", "title": "Higher", "description": "*now*"}
    ann.post(reverse("admin:dolt_review_pullrequest_add"), data)
    return PullRequest.objects.get()


def test_opened_from_the_bar_with_a_look_at_what_it_brings(ann: Client, feature: str) -> None:
    Device.objects.using(feature).create(name="new-1")
    bar = text_of(ann.get("/admin/", HTTP_X_DOLT_BRANCH=feature))
    url = f"{reverse('admin:dolt_review_pullrequest_add')}?source=feature%2Fx&amp;target=main"
    assert f'href="{url}"' in bar
    page = text_of(ann.get(url.replace("&amp;", "&")))
    assert "new-1" in page and 'value="feature/x"' in page


def test_page_shows_description_changes_and_reasons(bob: Client, proposed: PullRequest) -> None:
    BranchRule.objects.create(pattern="main", approvals=1)
    page = text_of(bob.get(page_of(proposed)))
    assert "<em>now</em>" in page and "0 of 1 approval" in page
    assert '<ins class="dolt-value">7</ins>' in page and "new-1" in page


def test_list_is_filtered_by_who_and_state(ann: Client, bob: Client, proposed: PullRequest) -> None:
    url = reverse("admin:dolt_review_pullrequest_changelist")
    assert "#1 Higher".replace("#1", f"#{proposed.pk}") in text_of(ann.get(url, {"who": "mine"}))
    assert "Higher" not in text_of(bob.get(url, {"who": "waiting"}))
    proposed.reviewers.add(2 and bob.session["_auth_user_id"])
    assert "Higher" in text_of(bob.get(url, {"who": "waiting"}))
    do(bob, proposed, "approve", source_hash=head("feature/x"))
    assert "Higher" not in text_of(bob.get(url, {"who": "waiting"}))
    assert "Higher" not in text_of(bob.get(url, {"state__exact": "closed"}))


def test_approve_of_what_moved_meanwhile_is_refused(bob: Client, proposed: PullRequest) -> None:
    seen = head("feature/x")
    Device.objects.using("feature/x").create(name="late")
    do(bob, proposed, "approve", source_hash=seen)
    assert not proposed.reviews.exists()
    do(bob, proposed, "approve", source_hash=head("feature/x"))
    assert proposed.reviews.get().verdict == "approved"


def test_changes_requested_with_a_reason_and_taken_back(bob: Client, proposed: PullRequest) -> None:
    assert "Say what is to be changed" in do(bob, proposed, "changes", text=" ")
    assert "Changes are requested by bob" in do(bob, proposed, "changes", text="lower")
    assert "Changes are requested" not in do(bob, proposed, "withdraw")


def test_comment_on_a_field_with_a_suggestion_that_the_author_applies(
    ann: Client, bob: Client, proposed: PullRequest
) -> None:
    device = Device.objects.get()
    data = {"table": "inventory_device", "key": json.dumps({"id": device.pk}), "field": "height"}
    page = do(bob, proposed, "comment", text="too high", suggestion="3", **data)
    assert "too high" in page and "Apply the suggestion" in page
    comment = Comment.objects.get()
    do(ann, proposed, "apply", comment=comment.pk)
    assert Device.objects.using("feature/x").get(pk=device.pk).height == 3
    comment.refresh_from_db()
    assert comment.applied_at is not None


@pytest.mark.parametrize("key", ["", "x", "[1]", "{}", '{"id": ["x"]}'])
def test_key_that_is_none_is_told(bob: Client, proposed: PullRequest, key: str) -> None:
    page = do(bob, proposed, "comment", text="hm", table="inventory_device", key=key, field="")
    assert page.count("messagelist") == 1


def test_whole_way_to_the_merge(ann: Client, bob: Client, proposed: PullRequest) -> None:
    BranchRule.objects.create(pattern="main", approvals=1)
    do(ann, proposed, "merge", source_hash=head("feature/x"))
    assert not Device.objects.filter(name="new-1").exists()
    do(bob, proposed, "approve", source_hash=head("feature/x"))
    do(ann, proposed, "merge", source_hash=head("feature/x"))
    assert Device.objects.filter(name="new-1").exists()
    page = text_of(ann.get(page_of(proposed)))
    assert "Merged" in page and "Merge now" not in page


def test_closed_and_opened_again(ann: Client, proposed: PullRequest) -> None:
    do(ann, proposed, "close")
    proposed.refresh_from_db()
    assert proposed.state == "closed"
    do(ann, proposed, "reopen")
    proposed.refresh_from_db()
    assert proposed.state == "open"


def test_queued_scheduled_and_taken_out(ann: Client, proposed: PullRequest) -> None:
    assert "as soon as it is ready" in do(ann, proposed, "queue")
    do(ann, proposed, "cancel")
    assert "It is to be merged at" in do(ann, proposed, "schedule", at="2099-01-02T03:04")
    assert "Enter a valid date/time" in do(ann, proposed, "schedule", at="soon")


def test_people_are_called_by_their_names(
    ann: Client, bob: Client, proposed: PullRequest, make_user: MakeUser
) -> None:
    proposed.author.first_name, proposed.author.last_name = "Ann <i>", "O'Lee"
    proposed.author.save()
    rob = make_user("rob", first_name="Rob", last_name="Roy")
    proposed.update(proposed.author, reviewers=[rob])
    do(ann, proposed, "comment", text="hm")
    page = do(bob, proposed, "changes", text="lower")
    shown = '<span title="ann">Ann &lt;i&gt; O&#x27;Lee</span>'
    assert f"{shown} proposes to merge" in page and "<i>" not in page
    assert f"<strong>{shown}</strong> opened it" in page and f"<strong>{shown}</strong> ·" in page
    assert '<span title="rob">Rob Roy</span>' in page
    assert '<strong><span title="bob">bob</span></strong>' in page  # who has no other name
    assert "Changes are requested by bob" in page
    assert shown in text_of(bob.get(reverse("admin:dolt_review_pullrequest_changelist")))
    edit = reverse("admin:dolt_review_pullrequest_edit", args=[proposed.pk])
    assert "Rob Roy (rob)</option>" in text_of(ann.get(edit))
    do(bob, proposed, "withdraw")
    do(ann, proposed, "merge", source_hash=head("feature/x"))
    assert f"· {shown}" in text_of(bob.get(page_of(proposed)))


def test_edited(ann: Client, proposed: PullRequest) -> None:
    url = reverse("admin:dolt_review_pullrequest_edit", args=[proposed.pk])
    ann.post(url, {"title": "Lower", "description": ""})
    proposed.refresh_from_db()
    assert proposed.title == "Lower"


def test_page_of_a_finished_one_whose_branch_is_gone(ann: Client, proposed: PullRequest) -> None:
    do(ann, proposed, "merge", source_hash=head("feature/x"))
    from dolt_router.versioning import branches

    branches.delete("feature/x", force=True)
    assert "new-1" in text_of(ann.get(page_of(proposed)))


def test_reader_without_the_model_sees_no_row_and_no_comment_on_one(
    bob: Client, proposed: PullRequest, make_user: MakeUser
) -> None:
    key = json.dumps({"id": Device.objects.get().pk})
    do(bob, proposed, "comment", text="secret", table="inventory_device", key=key, field="")
    page = text_of(client_of(make_user("eve")).get(page_of(proposed)))
    assert "2 rows of tables that you may not see" in page
    assert "old-1" not in page and "new-1" not in page and "secret" not in page


def test_reader_of_neither_branch_finds_no_pull_request(
    proposed: PullRequest, make_user: MakeUser
) -> None:
    ann = PullRequest.objects.get().author
    BranchGrant.objects.create(pattern="feature/*", verbs=["read"], user=ann)
    eve = client_of(make_user("eve", *MAY))
    assert eve.get(page_of(proposed)).status_code == 404
    url = reverse("admin:dolt_review_pullrequest_changelist")
    assert "Higher" not in text_of(eve.get(url))
    act = reverse("admin:dolt_review_pullrequest_act", args=[proposed.pk, "close"])
    assert eve.post(act).status_code == 404


def test_forms_of_rules_and_permissions(root: Client, dolt: None) -> None:
    url = reverse("admin:dolt_review_branchgrant_add")
    data = {"pattern": "release/*", "verbs": ["merge", "force"], "everyone": "on"}
    assert root.post(url, data).status_code == 302
    assert BranchGrant.objects.get().verbs == ["merge", "force"]
    url = reverse("admin:dolt_review_branchrule_add")
    assert root.post(url, {"pattern": "main", "approvals": "2"}).status_code == 302
    assert BranchRule.objects.get().required_checks == []
    for name in ("branchgrant", "branchrule", "webhook", "delivery", "previewlink"):
        assert root.get(reverse(f"admin:dolt_review_{name}_changelist")).status_code == 200


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "[x](javascript:alert(1))"])
def test_markdown_is_safe(ann: Client, proposed: PullRequest, text: str) -> None:
    proposed.update(proposed.author, description=text)
    Site.objects.create(name="x")
    page = do(ann, proposed, "comment", text=text)
    assert "<script>alert" not in page and 'href="javascript' not in page


def test_acts_need_post_and_a_token(
    ann: Client, proposed: PullRequest, make_user: MakeUser
) -> None:
    url = reverse("admin:dolt_review_pullrequest_act", args=[proposed.pk, "close"])
    assert ann.get(url).status_code == 405
    assert client_of(proposed.author, enforce_csrf_checks=True).post(url).status_code == 403
    proposed.refresh_from_db()
    assert proposed.state == "open"
