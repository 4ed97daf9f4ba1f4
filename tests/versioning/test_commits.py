"""Commits: the log, what one changed, revert and cherry-pick."""

from __future__ import annotations

import pytest

from dolt_router import use_branch
from dolt_router.autocommit import AutoDoltCommit, commit_context
from dolt_router.exceptions import (
    BranchDoesNotExist,
    DoltRouterError,
    MergeConflict,
    NothingToCommit,
    ReadOnlyRevision,
)
from dolt_router.models import Branch, Commit
from dolt_router.versioning.diffs import TableChange, diff
from dolt_router.versioning.sharing import status
from tests.inventory.models import Device, Site


def head(ref: str = "main") -> Commit:
    return Commit.objects.on(ref)[0]


def test_log_is_newest_first_and_sliced_by_the_server(feature: str) -> None:
    for name in "abc":
        with AutoDoltCommit(f"add {name}\n\nmore words", branch=feature):
            Device.objects.create(name=name)
    log = Commit.objects.on(feature)
    assert [commit.subject for commit in log[:3]] == ["add c", "add b", "add a"]
    assert log[1].message == "add b\n\nmore words"
    assert str(log[0]) == f"{log[0].commit_hash[:8]} add c"
    assert log.filter(message__startswith="add").count() == 3
    assert log[0].parents() == [log[1].commit_hash]
    assert Branch.objects.get(name=feature).commits()[0] == log[0]


def test_log_of_a_commit_ends_there(dolt: None) -> None:
    Device.objects.create(name="a")
    first = head()
    Device.objects.create(name="b")
    assert Commit.objects.on(first.commit_hash)[0] == first


def test_log_of_an_unknown_ref(dolt: None) -> None:
    with pytest.raises(BranchDoesNotExist):
        list(Commit.objects.on("nope"))


def test_diff_of_a_commit_counts_rows_by_table(dolt: None) -> None:
    kept = Device.objects.create(name="kept")
    gone = Device.objects.create(name="gone")
    with AutoDoltCommit():
        Device.objects.filter(pk=kept.pk).update(height=9)
        gone.delete()
        Site.objects.create(name="s")
    assert head().diff() == [
        TableChange("inventory_device", "modified", False, 0, 1, 1),
        TableChange("inventory_site", "modified", False, 1, 0, 0),
    ]


def test_diff_of_the_first_commit_is_empty(dolt: None) -> None:
    first = Commit.objects.on("main").order_by("commit_order")[0]
    assert first.parents() == [] and first.diff() == []


def test_diff_from_the_merge_base_leaves_the_targets_changes_out(feature: str) -> None:
    Device.objects.using(feature).create(name="a")
    Site.objects.create(name="s")
    assert [change.table for change in Branch.objects.get(name=feature).diff()] == [
        "inventory_device"
    ]
    assert [change.table for change in diff("main", feature)] == [
        "inventory_device",
        "inventory_site",
    ]


def test_revert_is_a_new_commit_in_the_callers_name(dolt: None) -> None:
    Device.objects.create(name="a")
    target = head()
    Site.objects.create(name="later")
    with commit_context(author="Ann <ann@example.org>"):
        made = target.revert()
    assert head().commit_hash == made
    assert head().author == "Ann <ann@example.org>"
    assert "Added 1 device" in head().message
    assert not Device.objects.exists() and Site.objects.exists()
    assert status("main") == []


def test_revert_on_a_named_branch(feature: str) -> None:
    Device.objects.using(feature).create(name="a")
    head(feature).revert(on=feature, author="Bob <bob@example.org>")
    assert not Device.objects.using(feature).exists()
    assert head(feature).author == "Bob <bob@example.org>"


def test_revert_of_what_was_changed_since(dolt: None) -> None:
    Device.objects.create(name="a", height=1)
    Device.objects.update(height=2)
    target = head()
    Device.objects.update(height=3)
    before = head().commit_hash
    with pytest.raises(MergeConflict) as caught:
        target.revert()
    assert caught.value.tables == {"inventory_device": 1}
    assert head().commit_hash == before and status("main") == []
    assert Device.objects.get().height == 3


def test_cherry_pick_keeps_the_author_unless_one_is_given(feature: str) -> None:
    with AutoDoltCommit("pick me", "Ann <ann@example.org>", branch=feature):
        Device.objects.create(name="a")
    Device.objects.using(feature).create(name="left out")
    target = Commit.objects.on(feature)[1]
    Branch.objects.create(name="second", start_point="main")
    target.cherry_pick(onto="main")
    made = target.cherry_pick(onto="second", author="Bob <bob@example.org>")
    assert (head().message, head().author) == ("pick me", "Ann <ann@example.org>")
    assert (head("second").commit_hash, head("second").author) == (made, "Bob <bob@example.org>")
    assert head("second").message == "pick me"
    for name in ("main", "second"):
        assert [d.name for d in Device.objects.using(name)] == ["a"]
        assert status(name) == []


def test_cherry_pick_conflict(feature: str) -> None:
    Device.objects.create(name="a", height=1)
    Branch.objects.create(name="third", start_point="main")
    Device.objects.using("third").update(height=2)
    target = head("third")
    Device.objects.update(height=3)
    with pytest.raises(MergeConflict):
        target.cherry_pick(onto="main")
    assert Device.objects.get().height == 3 and status("main") == []


def test_what_was_done_already_is_nothing_to_commit(feature: str) -> None:
    Device.objects.using(feature).create(name="a")
    commit = Commit.objects.on(feature)[0]
    commit.cherry_pick(onto="main")
    with pytest.raises(NothingToCommit, match='cherry-pick of .* on "main"'):
        commit.cherry_pick(onto="main")
    commit.revert(on="main")
    with pytest.raises(NothingToCommit, match="revert"):
        commit.revert(on="main")
    assert status("main") == [] and not Device.objects.exists()


def test_unknown_commit(dolt: None) -> None:
    with pytest.raises(BranchDoesNotExist):
        Commit(commit_hash="0" * 32).revert(on="main")


def test_commits_cannot_be_saved_or_deleted(dolt: None) -> None:
    with pytest.raises(DoltRouterError):
        head().save()
    with pytest.raises(ReadOnlyRevision):
        head().delete()


def test_objects_as_of_a_commit_are_read_only(dolt: None) -> None:
    Device.objects.create(name="then")
    then = head().commit_hash
    Device.objects.update(name="now")
    old = Device.objects.using(f"default/{then}").get()
    assert old.name == "then"
    with use_branch(then):
        assert Device.objects.get().name == "then"
    old.name = "forged"
    with pytest.raises(ReadOnlyRevision):
        old.save()


def test_order_of_the_log_holds_for_every_way_of_asking(dolt: None) -> None:
    for name in "abc":
        with AutoDoltCommit(f"add {name}"):
            Device.objects.create(name=name)
    log = Commit.objects.on("main")
    first = log.order_by("commit_order")[0]
    assert log.ordered
    assert [c.message for c in log[:3]] == ["add c", "add b", "add a"]
    assert log.first() == log[0] and log.last() == first
    assert log.reverse()[0] == first
    found = log.filter(message__startswith="add")
    assert [c.message for c in found] == ["add c", "add b", "add a"]
    assert found.first().message == "add c" and found.last().message == "add a"
    assert log.exclude(message="add c")[0].message == "add b"
    assert log.get(pk=first.pk) == first
    assert log.count() == len(list(log))
    assert "ORDER BY" not in str(log.query)
