"""Checks are run on the merged result; what they raise or find is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import override_settings

from dolt_router import current_branch
from dolt_router.exceptions import DoltRouterError, MergeConflict, ReviewRequired
from dolt_router.models import Branch
from dolt_router.review.checking import CheckContext, Finding
from dolt_router.review.models import BranchRule, PullRequest
from tests.inventory.models import Device, Site
from tests.review.conftest import change

HERE = "tests.review.test_checks_of."


def broken(context: CheckContext) -> None:
    raise KeyError("gone")


def noisy(context: CheckContext) -> Iterator[Finding]:
    assert current_branch() == context.branch
    for change_ in context.changes():
        yield Finding("seen", change_.table, change_.pk)


CHECKS = {
    "full_clean": "dolt_router.review.checking.full_clean",
    "broken": HERE + "broken",
    "noisy": HERE + "noisy",
}


def test_full_clean_of_every_changed_row(pull_request: PullRequest, ann: Any) -> None:
    (run,) = pull_request.run_checks()
    assert (run.name, run.state, run.messages) == ("full_clean", "failed", run.messages)
    told = {(message["table"], message["field"]) for message in run.messages}
    assert told == {("inventory_device", "site"), ("inventory_device", "owner")}
    site = Site.objects.using("feature/x").create(name="s")
    Device.objects.using("feature/x").update(site=site, owner=ann)
    (run,) = pull_request.run_checks()
    assert (run.state, run.messages) == ("passed", [])


def test_full_clean_sees_what_the_target_has_by_now(pull_request: PullRequest, ann: Any) -> None:
    site = Site.objects.create(name="s")
    Branch.objects.get(name="main").merge(into="feature/x")
    Device.objects.using("feature/x").update(site=site, owner=ann, name="twin")
    assert pull_request.run_checks()[0].state == "passed"
    Device.objects.create(name="twin", site=site, owner=ann)  # unique together with the site
    with pytest.raises((MergeConflict, AssertionError)):
        assert pull_request.run_checks()[0].state == "passed"


def test_what_a_check_raises_is_no_pass(pull_request: PullRequest) -> None:
    with override_settings(DOLT_ROUTER={"CHECKS": CHECKS}):
        runs = {run.name: run for run in pull_request.run_checks(["broken", "noisy"])}
        assert runs["broken"].state == "error" and "KeyError" in runs["broken"].messages[0]["text"]
        assert runs["noisy"].messages[0]["table"] == "inventory_device"
        (unknown,) = pull_request.run_checks(["nowhere"])
        assert unknown.state == "error" and "no check" in unknown.messages[0]["text"]
    assert [branch.name for branch in Branch.objects.all()] == ["feature/x", "main"]


def test_check_counts_for_these_two_commits_only(
    pull_request: PullRequest, meg: Any, ann: Any
) -> None:
    BranchRule.objects.create(pattern="main", approvals=0, required_checks=["ok"])
    with override_settings(DOLT_ROUTER={"CHECKS": {"ok": "tests.review.test_checks_of.ok"}}):
        with pytest.raises(ReviewRequired):
            pull_request.merge(meg)
        pull_request.run_checks()
        change("main", "other")
        with pytest.raises(ReviewRequired):
            pull_request.merge(meg)
        with pytest.raises(ReviewRequired):
            Branch.objects.get(name="feature/x").merge(into="main")
        pull_request.run_checks()
        pull_request.merge(meg)
    assert Device.objects.count() == 2


def ok(context: CheckContext) -> None:
    return None


@pytest.mark.parametrize("value", ["nowhere.at.all", "tests.review.test_checks_of.HERE", 7])
def test_check_that_can_not_be_called_is_an_error_of_the_settings(value: Any) -> None:
    with override_settings(DOLT_ROUTER={"CHECKS": {"x": value}}):
        assert "dolt_router.E008" in [found.id for found in run_checks(tags=["dolt_router"])]
    assert issubclass(DoltRouterError, Exception)
