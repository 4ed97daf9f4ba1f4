"""What becomes of pull requests when their branches are renamed, deleted or merged elsewhere."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.utils import timezone

from dolt_router.access import acting_as
from dolt_router.exceptions import BranchProtected, MergeConflict, ReviewRequired
from dolt_router.models import Branch
from dolt_router.review import landing
from dolt_router.review.models import BranchRule, PullRequest
from tests.inventory.models import Device
from tests.review.conftest import change


def fresh(pull_request: PullRequest) -> PullRequest:
    return PullRequest.objects.get(pk=pull_request.pk)


def test_follows_a_renamed_source(
    rule: BranchRule, pull_request: PullRequest, rob: Any, meg: Any
) -> None:
    pull_request.approve(rob)
    Branch.objects.get(name="feature/x").rename("feature/better")
    found = fresh(pull_request)
    assert found.source == "feature/better" and not found.source_gone
    found.merge(meg)
    assert Device.objects.exists()


def test_knows_that_its_source_is_gone(pull_request: PullRequest, rob: Any) -> None:
    last = pull_request.source_hash
    Branch.objects.get(name="feature/x").delete(force=True)
    found = fresh(pull_request)
    assert found.source_gone and not found.target_gone
    assert found.source_hash == last
    assert [reason.code for reason in found.readiness().reasons] == ["source_gone"]
    assert found.activities.last().kind == "branch_deleted"
    assert [each.table for each in found.diff()] == ["inventory_device"]


def test_branch_merge_of_an_approved_one_closes_it(
    rule: BranchRule, pull_request: PullRequest, rob: Any, meg: Any
) -> None:
    with pytest.raises(ReviewRequired):
        Branch.objects.get(name="feature/x").merge(into="main")
    pull_request.approve(rob)
    with acting_as(meg):
        result = Branch.objects.get(name="feature/x").merge(into="main")
    found = fresh(pull_request)
    assert (found.state, found.merge_commit) == ("merged", result.commit_hash)
    assert found.finished_by == meg


def test_merge_that_conflicts_leaves_no_claim(
    rule: BranchRule, pull_request: PullRequest, rob: Any
) -> None:
    device = Device.objects.using("feature/x").get()
    pull_request.approve(rob)
    from dolt_router.access import system

    with system():
        Device.objects.create(pk=device.pk, name="another")
    with pytest.raises(MergeConflict):
        Branch.objects.get(name="feature/x").merge(into="main")
    assert fresh(pull_request).claimed_at is None
    with pytest.raises(ReviewRequired):  # what was approved is merged as it is
        Branch.objects.get(name="feature/x").merge(into="main", resolve="theirs")
    assert Device.objects.get().name == "another"


def test_ruled_branch_takes_nothing_directly(rule: BranchRule, feature: str) -> None:
    for work in (
        lambda: Device.objects.create(name="x"),
        lambda: Branch.objects.get(name="main").delete(force=True),
        lambda: Branch.objects.get(name="main").rename("x"),
    ):
        with pytest.raises(BranchProtected):
            work()


def test_claim_of_a_dead_process_is_settled(pull_request: PullRequest, meg: Any) -> None:
    old = timezone.now() - datetime.timedelta(hours=1)
    PullRequest.objects.update(claimed_at=old, claimed_commit=pull_request.source_hash)
    pull_request.merge(meg)  # it was not merged: the claim is void
    assert fresh(pull_request).state == "merged"


def test_claim_whose_merge_was_made_is_settled_as_merged(
    pull_request: PullRequest, meg: Any
) -> None:
    commit = pull_request.source_hash
    token = landing.under_way.set(pull_request.pk)  # dies before it can say so
    Branch.objects.get(name="feature/x").merge(into="main")
    landing.under_way.reset(token)
    old = timezone.now() - datetime.timedelta(hours=1)
    PullRequest.objects.update(claimed_at=old, claimed_commit=commit)
    landing.recover(pull_request)
    found = fresh(pull_request)
    assert (found.state, found.merge_commit) == ("merged", commit)


def test_bringing_it_up_to_date_needs_another_look(
    rule: BranchRule, pull_request: PullRequest, rob: Any, ann: Any, meg: Any
) -> None:
    pull_request.approve(rob)
    change("main", "other")
    with acting_as(ann):
        Branch.objects.get(name="main").merge(into="feature/x")
    with pytest.raises(ReviewRequired):
        pull_request.merge(meg)
    pull_request.approve(rob)
    pull_request.merge(meg)
    assert Device.objects.count() == 2
