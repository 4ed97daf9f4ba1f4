"""Reviewers, an author and mergers at once, in real threads: nothing unapproved is merged."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from dolt_router.exceptions import DoltRouterError, StaleWrite
from dolt_router.models import Branch, Commit
from dolt_router.review.models import BranchRule, PullRequest
from dolt_router.signals import pre_merge
from dolt_router.versioning.landing import land, merged_aside
from tests.inventory.models import Device
from tests.review.conftest import change


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run all in threads that start together; what each returned or raised."""
    barrier = threading.Barrier(len(works))
    found: list[Any] = [None] * len(works)

    def run(number: int) -> None:
        try:
            barrier.wait(30)
            found[number] = works[number]()
        except Exception as error:
            found[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    return found


def fresh(pull_request: PullRequest) -> PullRequest:
    return PullRequest.objects.get(pk=pull_request.pk)


def merged_states(pull_request: PullRequest) -> str:
    return fresh(pull_request).state


@pytest.mark.parametrize("turn", range(4))
def test_withdrawal_and_merge_at_once_are_one_after_the_other(
    turn: int, rule: BranchRule, pull_request: PullRequest, rob: Any, meg: Any
) -> None:
    pull_request.approve(rob)
    merge, withdraw = at_once(
        lambda: fresh(pull_request).merge(meg), lambda: fresh(pull_request).withdraw(rob)
    )
    is_merged = Device.objects.exists()
    assert isinstance(merge, Exception) != is_merged
    assert fresh(pull_request).state == ("merged" if is_merged else "open")
    # Merged: the withdrawal was refused, since it came too late. Or it came first.

    assert isinstance(withdraw, Exception) == is_merged, (merge, withdraw)
    assert fresh(pull_request).claimed_at is None


@pytest.mark.parametrize("turn", range(4))
def test_change_request_and_merge_at_once(
    turn: int, rule: BranchRule, pull_request: PullRequest, rob: Any, ria: Any, meg: Any
) -> None:
    pull_request.approve(rob)
    merge, request = at_once(
        lambda: Branch.objects.get(name="feature/x").merge(into="main"),
        lambda: fresh(pull_request).request_changes(ria, "Stop."),
    )
    is_merged = Device.objects.exists()
    assert isinstance(merge, Exception) != is_merged
    assert isinstance(request, Exception) == is_merged, (merge, request)


def test_two_reviewers_and_the_author_lose_nothing(
    rule: BranchRule, pull_request: PullRequest, rob: Any, ria: Any, ann: Any
) -> None:
    def each(work: Callable[[PullRequest, int], Any]) -> Callable[[], None]:
        def run() -> None:
            for number in range(5):
                work(fresh(pull_request), number)

        return run

    found = at_once(
        each(lambda pr, n: (pr.comment(rob, f"rob {n}"), pr.request_changes(rob, f"{n}"))),
        each(lambda pr, n: (pr.comment(ria, f"ria {n}"), pr.request_changes(ria, f"{n}"))),
        each(lambda pr, n: (change("feature/x", f"d{n}", ann), pr.update(ann, title=f"T{n}"))),
    )
    assert found == [None, None, None]
    assert pull_request.comments.count() == 10
    assert pull_request.reviews.count() == 10
    assert Device.objects.using("feature/x").count() == 6
    assert fresh(pull_request).title == "T4"
    assert pull_request.activities.filter(kind="updated").count() == 5


def test_source_that_moves_while_it_is_merged_is_not_merged_along(
    rule: BranchRule, pull_request: PullRequest, rob: Any, meg: Any, ann: Any
) -> None:
    pull_request.approve(rob)

    def sneak(**kwargs: Any) -> None:
        at_once(lambda: change("feature/x", "sneaked in", ann))

    pre_merge.connect(sneak)
    try:
        pull_request.merge(meg)
    finally:
        pre_merge.disconnect(sneak)
    assert [device.name for device in Device.objects.all()] == ["first"]


def test_two_pull_requests_merged_at_once_are_both_there(
    opened: Callable[..., PullRequest], make_branch: Callable[..., str], ann: Any, meg: Any
) -> None:
    first = opened()
    make_branch("feature/y")
    change("feature/y", "second", ann)
    second = PullRequest.objects.open(source="feature/y", target="main", title="2", author=ann)
    found = at_once(lambda: fresh(first).merge(meg), lambda: fresh(second).merge(meg))
    assert not any(isinstance(each, Exception) for each in found), found
    assert sorted(device.name for device in Device.objects.all()) == ["first", "second"]
    assert {fresh(first).state, fresh(second).state} == {"merged"}


def test_same_pull_request_merged_twice_at_once_is_merged_once(
    rule: BranchRule, pull_request: PullRequest, rob: Any, meg: Any
) -> None:
    pull_request.approve(rob)
    change("main", "other")
    found = at_once(*[lambda: fresh(pull_request).merge(meg)] * 3)
    assert sum(not isinstance(each, Exception) for each in found) == 1, found
    merges = Commit.objects.on("main").filter(message__contains=f"#{pull_request.pk}:")
    assert merges.count() == 1
    assert pull_request.activities.filter(kind="merged").count() == 1


def test_landing_never_overwrites_what_came_meanwhile(feature: str, ann: Any) -> None:
    change("feature/x", "new", ann)
    heads = dict(Branch.objects.values_list("name", "hash"))
    with merged_aside("feature/x", heads["feature/x"], "main", heads["main"]) as made:
        landed, written = at_once(lambda: land(made), lambda: change("main", "quick"))
    assert not isinstance(written, Exception)
    names = {device.name for device in Device.objects.all()}
    assert "quick" in names
    assert isinstance(landed, StaleWrite) == ("new" not in names), landed


# -- requests, whose reading of the tables of reviews may be old --------------------------------


def late_merge(request: HttpRequest) -> HttpResponse:
    """Reads and writes shared rows first, so its transaction is older than what comes then."""
    request.user.first_name = "busy"
    request.user.save()
    PullRequest.objects.get().reviews.count()
    HOOK()
    PullRequest.objects.get().merge(request.user)
    return HttpResponse("merged")


def late_branch_merge(request: HttpRequest) -> HttpResponse:
    request.user.first_name = "busy"
    request.user.save()
    PullRequest.objects.get().reviews.count()
    HOOK()
    Branch.objects.get(name="feature/x").merge(into="main")
    return HttpResponse("merged")


def HOOK() -> None:  # noqa: N802
    """What happens in another thread meanwhile; set by the test."""


urlpatterns = [path("late/", late_merge), path("late_branch/", late_branch_merge)]


@pytest.mark.parametrize("address", ["/late/", "/late_branch/"])
def test_request_with_an_old_transaction_merges_nothing_unapproved(
    address: str,
    rule: BranchRule,
    pull_request: PullRequest,
    rob: Any,
    meg: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pull_request.approve(rob)
    client = Client(raise_request_exception=False)
    client.force_login(meg)
    monkeypatch.setitem(
        globals(), "HOOK", lambda: at_once(lambda: fresh(pull_request).withdraw(rob))
    )
    with override_settings(ROOT_URLCONF=__name__):
        assert client.get(address).status_code == 403
        assert not Device.objects.exists()
        fresh(pull_request).approve(rob)
        monkeypatch.setitem(globals(), "HOOK", lambda: None)
        assert client.get(address).status_code == 200
    assert Device.objects.exists()
    assert fresh(pull_request).state == "merged"
    assert fresh(pull_request).finished_by == meg


def test_change_requested_in_a_request_that_ends_after_the_merge_is_refused(
    pull_request: PullRequest, rob: Any, meg: Any
) -> None:
    with pytest.raises((StaleWrite, DoltRouterError)):
        with transaction.atomic():
            pull_request.request_changes(rob, "No.")
            (merged,) = at_once(lambda: fresh(pull_request).merge(meg))
    if isinstance(merged, Exception):
        pytest.fail(f"the merge should have been first: {merged!r}")
    assert fresh(pull_request).state == "merged"
    assert not fresh(pull_request).reviews.exists()
