"""The merge queue: when ready, at a moment, on the merged result, again when the target moved."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import override_settings
from django.utils import timezone

from dolt_router.access import system
from dolt_router.exceptions import BranchForbidden, PullRequestForbidden
from dolt_router.models import Branch
from dolt_router.review import queueing
from dolt_router.review.checking import CheckContext
from dolt_router.review.models import BranchRule, CheckRun, PullRequest
from tests.inventory.models import Device, Site
from tests.review.conftest import change, person

HERE = "tests.review.test_queue."


def at_most_two(context: CheckContext) -> list[str]:
    """A site's own check, on the merged result: the active branch."""
    names = sorted(Device.objects.values_list("name", flat=True))
    return [] if len(names) <= 2 else [f"too many: {', '.join(names)}"]


def someone_is_quicker(context: CheckContext) -> None:
    """A check during which the target moves, once."""
    if not Device.objects.using("default/main").filter(name="quick").exists():
        change("main", "quick")


@pytest.fixture
def checks() -> Iterator[None]:
    names = {"few": HERE + "at_most_two", "slow": HERE + "someone_is_quicker"}
    with override_settings(DOLT_ROUTER={"CHECKS": names}):
        yield


def reasons(pull_request: PullRequest) -> list[str]:
    found = pull_request.activities.filter(kind="dequeued").values_list("data", flat=True)
    return [data["reason"] for data in found]


def test_is_merged_when_the_last_approval_is_there(
    rule: BranchRule, pull_request: PullRequest, rob: Any, meg: Any
) -> None:
    pull_request.merge_when_ready(meg, "squash")
    assert queueing.process() == []
    pull_request.approve(rob)
    assert queueing.process() == [pull_request]
    pull_request.refresh_from_db()
    assert (pull_request.state, pull_request.finished_by) == ("merged", meg)
    assert Device.objects.get().name == "first"
    assert queueing.process() == []


def test_scheduled_waits_for_its_moment(pull_request: PullRequest, meg: Any) -> None:
    pull_request.schedule(meg, timezone.now() + datetime.timedelta(hours=1))
    assert queueing.process() == []
    PullRequest.objects.update(merge_at=timezone.now())
    assert queueing.process() == [pull_request]


def test_cancelled_is_not_merged(pull_request: PullRequest, ann: Any, meg: Any) -> None:
    pull_request.merge_when_ready(meg)
    with pytest.raises(PullRequestForbidden):
        pull_request.cancel_scheduled(person("nobody"))
    pull_request.cancel_scheduled(ann)
    assert queueing.process() == []
    assert not Device.objects.exists()


def test_only_who_may_merge_can_queue(pull_request: PullRequest, rob: Any) -> None:
    with pytest.raises(BranchForbidden):
        pull_request.merge_when_ready(rob)
    with pytest.raises(PullRequestForbidden):
        pull_request.merge_when_ready(None)


def test_who_lost_the_permission_merges_nothing(pull_request: PullRequest, meg: Any) -> None:
    pull_request.merge_when_ready(meg)
    meg.user_permissions.clear()
    assert queueing.process() == []
    pull_request.refresh_from_db()
    assert pull_request.queued_at is None and pull_request.state == "open"
    assert len(reasons(pull_request)) == 1


def test_required_check_runs_on_the_merged_result(
    checks: None, pull_request: PullRequest, meg: Any
) -> None:
    BranchRule.objects.create(pattern="main", approvals=0, required_checks=["few"])
    change("main", "a")
    change("main", "b")  # each side is good by itself: two and one
    pull_request.merge_when_ready(meg)
    assert queueing.process() == []
    run = CheckRun.objects.get()
    assert run.state == "failed"
    assert run.messages == [{"text": "too many: a, b, first"}]
    assert "few" in reasons(pull_request)[0]
    assert Device.objects.count() == 2
    with system():
        Device.objects.filter(name="a").delete()
    pull_request.merge_when_ready(meg)
    assert queueing.process() == [pull_request]


def test_target_that_moves_meanwhile_is_checked_again(
    checks: None, pull_request: PullRequest, meg: Any
) -> None:
    BranchRule.objects.create(pattern="main", approvals=0, required_checks=["few", "slow"])
    pull_request.merge_when_ready(meg)
    merged = queueing.process()
    assert merged == [pull_request]
    pairs = {(run.source_hash, run.target_hash) for run in CheckRun.objects.all()}
    assert len(pairs) == 2  # the second merge was made and checked on what had come
    assert {device.name for device in Device.objects.all()} == {"quick", "first"}


def test_conflict_leaves_the_queue(pull_request: PullRequest, meg: Any, ann: Any) -> None:
    device = Device.objects.using("feature/x").get()
    Device.objects.create(pk=device.pk, name="another")
    pull_request.merge_when_ready(meg)
    assert queueing.process() == []
    assert "It conflicts with the target in 1 table." in reasons(pull_request)[0]
    assert Device.objects.get().name == "another"


def test_what_the_server_says_of_rows_is_not_told_to_all(
    pull_request: PullRequest, meg: Any, feature: str
) -> None:
    # Both are merged cleanly, and then two objects have what only one may have.
    site = Site.objects.create(name="Bern")
    Branch.objects.get(name=feature).sync()
    for branch in ("main", feature):
        Device.objects.using(branch).create(name="zqnamezq", site_id=site.pk)
    pull_request.merge_when_ready(meg)
    assert queueing.process() == []
    assert "zqnamezq" not in reasons(pull_request)[0]
    assert "inventory" not in reasons(pull_request)[0]


def test_first_come_first_merged_and_the_second_on_top(
    opened: Callable[..., PullRequest], make_branch: Callable[..., str], ann: Any, meg: Any
) -> None:
    first = opened()
    make_branch("feature/y")
    change("feature/y", "second", ann)
    second = PullRequest.objects.open(source="feature/y", target="main", title="Other", author=ann)
    second.merge_when_ready(meg)
    first.merge_when_ready(meg)
    assert queueing.process() == [second, first]
    assert Device.objects.count() == 2


def test_command_works_the_queue_once(pull_request: PullRequest, meg: Any) -> None:
    pull_request.merge_when_ready(meg)
    out = StringIO()
    call_command("dolt", "queue", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert told["merged"][0]["id"] == pull_request.pk
    assert told["merged"][0]["commit_hash"] == Branch.objects.get(name="main").hash
