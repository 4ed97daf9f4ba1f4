"""Choices for conflicts are kept, count while their values do, and are merged with."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from dolt_router.exceptions import MergeConflict, PullRequestForbidden
from dolt_router.models import Branch
from dolt_router.review import resolutions
from dolt_router.review.models import BranchRule, PullRequest
from dolt_router.versioning.clashes import Clashes
from dolt_router.versioning.conflicts import RowConflict, conflicts
from tests.inventory.models import Device
from tests.review.conftest import give, person


@pytest.fixture
def boss(dolt: None) -> Any:
    return get_user_model().objects.create_superuser("boss", "boss@example.org", "pw")


@pytest.fixture
def clash(dolt: None) -> list[RowConflict]:
    """Two devices that main and feature/x have changed, each in name and height."""
    Device.objects.create(pk=1, name="a", height=1)
    Device.objects.create(pk=2, name="b", height=1)
    Branch.objects.create(name="feature/x", start_point="main")
    for pk in (1, 2):
        Device.objects.filter(pk=pk).update(name=f"main {pk}", height=10)
        Device.objects.using("feature/x").filter(pk=pk).update(name=f"feature {pk}", height=20)
    return list(conflicts("feature/x", "main"))


def rows(alias: str = "default") -> list[tuple[str, int]]:
    return list(Device.objects.using(alias).order_by("pk").values_list("name", "height"))


def test_choices_of_two_people_are_merged_with(clash: list[RowConflict], boss: Any) -> None:
    rob = give(person("rob", "merge_branch"), "view_device")
    resolutions.save("feature/x", "main", clash[0], {"name": "both", "height": "7"}, rob)
    with pytest.raises(MergeConflict):
        resolutions.merge("feature/x", "main", boss)
    resolutions.save("feature/x", "main", clash[1], "theirs", boss)
    kept = resolutions.load("feature/x", "main")
    assert kept == {
        resolutions.place_of(clash[0]): {"name": "both", "height": 7},
        resolutions.place_of(clash[1]): "theirs",
    }
    resolutions.merge("feature/x", "main", rob)
    assert rows() == [("both", 7), ("feature 2", 20)]
    assert resolutions.load("feature/x", "main") == {}


def test_fields_left_out_stay_as_they_are_on_the_target(
    clash: list[RowConflict], boss: Any
) -> None:
    resolutions.save("feature/x", "main", clash[0], {"name": "new"}, boss)
    resolutions.save("feature/x", "main", clash[1], "ours", boss)
    resolutions.merge("feature/x", "main", boss)
    assert rows() == [("new", 10), ("main 2", 10)]


def test_choice_for_values_that_changed_since_is_none(clash: list[RowConflict], boss: Any) -> None:
    for conflict in clash:
        resolutions.save("feature/x", "main", conflict, "theirs", boss)
    Device.objects.using("feature/x").filter(pk=1).update(height=21)
    assert list(resolutions.load("feature/x", "main").values()) == ["theirs"]
    with pytest.raises(MergeConflict):
        resolutions.merge("feature/x", "main", boss)
    assert rows() == [("main 1", 10), ("main 2", 10)]
    Device.objects.using("feature/x").filter(pk=1).update(height=20)
    resolutions.merge("feature/x", "main", boss)
    assert rows() == [("feature 1", 20), ("feature 2", 20)]


def test_last_choice_counts(clash: list[RowConflict], boss: Any) -> None:
    resolutions.save("feature/x", "main", clash[0], "theirs", boss)
    resolutions.save("feature/x", "main", clash[0], None, boss)
    assert resolutions.load("feature/x", "main", rows=clash[:1]) == {
        resolutions.place_of(clash[0]): None
    }
    resolutions.save("feature/x", "main", clash[1], "ours", boss)
    resolutions.merge("feature/x", "main", boss)
    assert rows() == [("main 2", 10)]


def test_conflicts_with_a_ruled_branch_are_resolved_on_the_source(
    clash: list[RowConflict], boss: Any
) -> None:
    BranchRule.objects.create(pattern="main")
    pull_request = PullRequest.objects.open(
        source="feature/x", target="main", title="T", author=person("ann")
    )
    rob = person("rob", "review_branch")
    pull_request.approve(rob)
    assert "conflicts" in [reason.code for reason in pull_request.readiness().reasons]
    resolutions.save("feature/x", "main", clash[0], {"name": "mine"}, boss)
    resolutions.save("feature/x", "main", clash[1], "theirs", boss)
    assert resolutions.goes_to("feature/x", "main", boss) == "feature/x"
    resolutions.merge("feature/x", "main", boss)
    assert rows() == [("main 1", 10), ("main 2", 10)]
    assert rows("feature/x") == [("mine", 10), ("feature 2", 20)]
    pull_request.forget_heads()
    assert [reason.code for reason in pull_request.readiness().reasons] == ["approvals"]
    pull_request.approve(rob)
    pull_request.merge(boss)
    assert rows() == [("mine", 10), ("feature 2", 20)]


def test_who_may_not_and_what_is_no_choice(clash: list[RowConflict], boss: Any) -> None:
    with pytest.raises(PullRequestForbidden):
        resolutions.save("feature/x", "main", clash[0], "ours", None)
    with pytest.raises(PullRequestForbidden):
        resolutions.save("feature/x", "main", clash[0], "ours", person("stranger"))
    for choice in ("mine", {"weight": 1}, {"id": 7}):
        with pytest.raises(ValueError):
            resolutions.save("feature/x", "main", clash[0], choice, boss)
    assert resolutions.load("feature/x", "main") == {}


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_side_of_a_whole_table_is_merged_with_in_either_direction(
    clash: list[RowConflict], boss: Any, side: str
) -> None:
    table = clash[0].table
    heads = Clashes("feature/x", "main").heads
    resolutions.save("feature/x", "main", clash[0], "ours", boss)
    resolutions.save_table("feature/x", "main", table, side, boss, heads)
    resolutions.save("feature/x", "main", clash[1], {"name": "mine"}, boss)
    BranchRule.objects.create(pattern="main")
    resolutions.merge("feature/x", "main", boss)
    first = ("main 1", 10) if side == "ours" else ("feature 1", 20)
    assert rows("feature/x") == [first, ("mine", 10)]
    assert rows() == [("main 1", 10), ("main 2", 10)]
    assert resolutions.load("feature/x", "main") == {}


def test_side_of_a_whole_table_is_for_who_may_see_it(clash: list[RowConflict], boss: Any) -> None:
    heads = Clashes("feature/x", "main").heads
    for user in (None, person("stranger")):
        with pytest.raises(PullRequestForbidden):
            resolutions.save_table("feature/x", "main", clash[0].table, "ours", user, heads)
    with pytest.raises(ValueError):
        resolutions.save_table("feature/x", "main", clash[0].table, "mine", boss, heads)
    assert resolutions.load("feature/x", "main") == {}


def test_side_of_a_whole_table_counts_for_rows_that_stayed(
    clash: list[RowConflict], boss: Any
) -> None:
    heads = Clashes("feature/x", "main").heads
    resolutions.save_table("feature/x", "main", clash[0].table, "theirs", boss, heads)
    Device.objects.using("feature/x").filter(pk=1).update(height=21)
    kept = resolutions.load("feature/x", "main")
    assert kept == {resolutions.place_of(clash[1]): "theirs"}
    with pytest.raises(MergeConflict) as caught:
        resolutions.merge("feature/x", "main", boss)
    assert caught.value.tables == {clash[0].table: 1}
