"""Merges and their previews."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from dolt_router import use_branch
from dolt_router.autocommit import commit_context
from dolt_router.exceptions import BranchDoesNotExist, BranchInUse, MergeConflict, NotFastForward
from dolt_router.models import Branch, Commit
from dolt_router.versioning.sharing import status
from tests.conftest import MakeBranch
from tests.inventory.models import Device, Site, Tag


def merge(name: str, **options: str) -> tuple[str, bool]:
    commit_hash, fast_forward = Branch.objects.get(name=name).merge(**options)
    return commit_hash, fast_forward


def head(ref: str = "main") -> Commit:
    return Commit.objects.on(ref)[0]


def test_fast_forward_takes_the_branchs_commits(feature: str) -> None:
    Device.objects.using(feature).create(name="a")
    assert merge(feature) == (head(feature).commit_hash, True)
    assert Device.objects.count() == 1


def test_three_way_merge_is_one_commit_with_two_parents(feature: str) -> None:
    Device.objects.using(feature).create(name="a")
    Device.objects.create(name="b")
    made, forward = merge(feature, message="Land it", author="Rev <rev@example.org>")
    commit = head()
    assert (commit.commit_hash, forward) == (made, False)
    assert (commit.message, commit.author) == ("Land it", "Rev <rev@example.org>")
    assert len(commit.parents()) == 2
    assert {d.name for d in Device.objects.all()} == {"a", "b"}
    assert status("main") == []


def test_words_come_from_the_context(feature: str) -> None:
    Device.objects.using(feature).create(name="a")
    with commit_context("In context", "Con <con@example.org>"):
        merge(feature, strategy="no-ff")
    assert (head().message, head().author) == ("In context", "Con <con@example.org>")
    assert len(head().parents()) == 2


def test_default_message_names_both(feature: str) -> None:
    Device.objects.using(feature).create(name="a")
    merge(feature, strategy="no-ff")
    assert head().message == 'Merge branch "feature/x" into "main"'


def test_squash_is_one_plain_commit(feature: str) -> None:
    for name in "abc":
        Device.objects.using(feature).create(name=name)
    before = Commit.objects.on("main").count()
    merge(feature, strategy="squash", message="All at once")
    assert Commit.objects.on("main").count() == before + 1
    assert (head().message, len(head().parents())) == ("All at once", 1)
    assert Device.objects.count() == 3
    assert status("main") == []


def test_ff_only_refuses_a_target_that_moved(feature: str) -> None:
    Device.objects.using(feature).create(name="a")
    Device.objects.create(name="b")
    before = head().commit_hash
    with pytest.raises(NotFastForward):
        merge(feature, strategy="ff-only")
    assert head().commit_hash == before


def test_unknown_strategy_names_the_known(feature: str) -> None:
    with pytest.raises(ValueError, match="no-ff"):
        merge(feature, strategy="octopus")


def test_nothing_to_merge(feature: str) -> None:
    result = Branch.objects.get(name=feature).merge()
    assert result.up_to_date and not result.fast_forward
    assert result.commit_hash == head().commit_hash


def test_conflict_lists_tables_and_rows_and_writes_nothing(dolt: None) -> None:
    devices = [Device.objects.create(name=f"d{i}", height=1) for i in range(3)]
    site = Site.objects.create(name="s")
    Branch.objects.create(name="one", start_point="main")
    for height, branch in ((2, "main"), (3, "one")):
        Device.objects.using(branch).filter(pk__in=[d.pk for d in devices[:2]]).update(
            height=height
        )
        Site.objects.using(branch).filter(pk=site.pk).update(name=branch)
    before = head().commit_hash
    preview = Branch.objects.get(name="one").preview_merge()
    with pytest.raises(MergeConflict, match=r"inventory_device \(2 rows\)") as caught:
        merge("one")
    assert caught.value.tables == {"inventory_device": 2, "inventory_site": 1}
    assert preview.conflicts == caught.value.tables and not preview.is_clean
    assert head().commit_hash == before
    assert status("main") == [] and status("one") == []
    assert {d.height for d in Device.objects.all()} == {1, 2}


def test_different_columns_of_one_row_merge(feature: str) -> None:
    device = Device.objects.create(name="a", height=1)
    Branch.objects.create(name="two", start_point="main")
    Device.objects.using("two").update(height=5)
    Device.objects.update(name="b")
    assert Branch.objects.get(name="two").preview_merge().is_clean
    merge("two")
    device.refresh_from_db()
    assert (device.name, device.height) == ("b", 5)


def test_constraint_that_the_result_would_break(dolt: None) -> None:
    site = Site.objects.create(name="s")
    Branch.objects.create(name="one", start_point="main")
    Device.objects.using("one").create(name="there", site_id=site.pk)
    site.delete()
    with pytest.raises(MergeConflict) as caught:
        merge("one")
    assert caught.value.tables == {"inventory_device": 1}
    assert not Device.objects.exists() and status("main") == []


def test_unique_value_made_on_both_sides(dolt: None) -> None:
    Branch.objects.create(name="one", start_point="main")
    Tag.objects.create(name="same")
    Tag.objects.using("one").create(name="same")
    with pytest.raises(MergeConflict) as caught:
        merge("one")
    assert "inventory_tag" in caught.value.tables
    assert Tag.objects.count() == 1 and status("main") == []


def test_rows_made_on_two_branches_have_different_keys(make_branch: MakeBranch) -> None:
    for name in ("one", "two"):
        make_branch(name)
        Device.objects.using(name).create(name=name)
    merge("one")
    merge("two")
    assert Device.objects.count() == 2


def test_merge_into_another_branch_than_main(make_branch: MakeBranch) -> None:
    make_branch("one")
    make_branch("two")
    Device.objects.using("one").create(name="a")
    merge("one", into="two")
    assert Device.objects.using("two").count() == 1
    assert not Device.objects.exists()


def test_unknown_target(feature: str) -> None:
    with pytest.raises(BranchDoesNotExist):
        merge(feature, into="nope")
    with pytest.raises(BranchDoesNotExist):
        Branch.objects.get(name=feature).preview_merge(into="nope")


def test_merge_in_a_request_that_wrote_to_the_target(feature: str) -> None:
    Device.objects.using(feature).create(name="a")
    with transaction.atomic():
        Device.objects.create(name="b")
        with pytest.raises(BranchInUse):
            merge(feature)
    merge(feature)
    assert Device.objects.count() == 2


def test_merge_conflict_in_a_view_is_409(manager: Client) -> None:
    Device.objects.create(name="d", height=1)
    Branch.objects.create(name="one", start_point="main")
    Device.objects.update(height=2)
    Device.objects.using("one").update(height=3)
    answer = manager.post("/merge_branch/?name=one", headers={"accept": "application/json"})
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:dolt-router:merge_conflict"
    assert answer.json()["tables"] == {"inventory_device": 1}


def test_branches_migrated_apart_merge(scratch_database: None) -> None:
    call_command("migrate", "inventory", "zero", verbosity=0)
    Branch.objects.create(name="apart", start_point="main")
    call_command("migrate", verbosity=0)
    call_command("migrate", database="apart", verbosity=0)
    with use_branch("apart"):
        Device.objects.create(name="there")
    Device.objects.create(name="here")
    merge("apart")
    assert {d.name for d in Device.objects.all()} == {"here", "there"}
    assert status("main") == []
