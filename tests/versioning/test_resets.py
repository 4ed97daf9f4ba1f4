"""Moving branches: reset, rebase, discard; tags; garbage."""

from __future__ import annotations

import pytest
from django.db import connections
from django.test import override_settings

from dolt_router import use_branch
from dolt_router.autocommit import AutoDoltCommit
from dolt_router.exceptions import (
    BranchDoesNotExist,
    BranchExists,
    BranchInUse,
    BranchProtected,
    InvalidBranchName,
    MergeConflict,
    ReadOnlyRevision,
)
from dolt_router.models import Branch, Commit, Tag
from dolt_router.versioning import resets
from dolt_router.versioning.branches import names
from dolt_router.versioning.sharing import status
from tests.inventory.models import Device, Site


def head(ref: str = "main") -> str:
    return Commit.objects.on(ref)[0].commit_hash


def dirty(branch: str) -> None:
    with connections[branch].plain_sql(), connections[branch].cursor() as cursor:
        cursor.execute("INSERT INTO inventory_site (name) VALUES ('uncommitted')")
        cursor.execute("INSERT INTO inventory_tag (name) VALUES ('uncommitted')")


def test_reset_forward_needs_no_force(feature: str) -> None:
    Device.objects.create(name="a")
    Branch.objects.get(name=feature).reset("main")
    assert head(feature) == head()
    assert Device.objects.using(feature).count() == 1


def test_reset_that_would_lose_commits_is_refused_without_force(feature: str) -> None:
    Device.objects.using(feature).create(name="a")
    with pytest.raises(BranchInUse, match="1 commit"):
        Branch.objects.get(name=feature).reset("main")
    assert Device.objects.using(feature).count() == 1
    Branch.objects.get(name=feature).reset("main", force=True)
    assert not Device.objects.using(feature).exists()


@override_settings(DOLT_ROUTER={"PROTECTED_BRANCHES": ["main"]})
def test_protected_branch_is_not_moved(feature: str) -> None:
    for verb in (
        lambda: resets.reset("main", feature, force=True),
        lambda: resets.rebase("main", feature),
        lambda: resets.discard("main"),
    ):
        with pytest.raises(BranchProtected):
            verb()


def test_rebase_keeps_message_and_author_and_moves_the_branch(feature: str) -> None:
    for name in "ab":
        with AutoDoltCommit(f"add {name}", "Ann <ann@example.org>", branch=feature):
            Device.objects.create(name=name)
    Site.objects.create(name="meanwhile")
    made = Branch.objects.get(name=feature).rebase()
    log = Commit.objects.on(feature)
    assert [c.commit_hash for c in log[:2]] == made[::-1]
    assert [(c.message, c.author) for c in log[:2]] == [
        ("add b", "Ann <ann@example.org>"),
        ("add a", "Ann <ann@example.org>"),
    ]
    assert log[2].commit_hash == head()
    assert Branch.objects.get(name=feature).ahead_behind() == (2, 0)
    assert sorted(names()) == ["feature/x", "main"]
    assert Branch.objects.get(name=feature).rebase() == []


def test_rebase_that_conflicts_leaves_the_branch(dolt: None) -> None:
    Device.objects.create(name="a", height=1)
    Branch.objects.create(name="side", start_point="main")
    Device.objects.using("side").update(height=2)
    Device.objects.update(height=3)
    before = head("side")
    with pytest.raises(MergeConflict):
        Branch.objects.get(name="side").rebase()
    assert head("side") == before
    assert sorted(names()) == ["main", "side"]


def test_discard_takes_all_or_some_tables(feature: str) -> None:
    dirty(feature)
    resets.discard(feature, ["inventory_site"])
    assert [row["table_name"] for row in status(feature)] == ["inventory_tag"]
    dirty_tables = "CREATE TABLE made (id int PRIMARY KEY)"
    with connections[feature].plain_sql(), connections[feature].cursor() as cursor:
        cursor.execute(dirty_tables)
    resets.discard(feature)
    assert status(feature) == []
    assert not Site.objects.using(feature).exists()


def test_unknown_refs(feature: str) -> None:
    for verb in (
        lambda: resets.reset(feature, "nope"),
        lambda: resets.reset("nope", "main"),
        lambda: resets.rebase("nope"),
        lambda: resets.rebase(feature, "nope"),
        lambda: Tag.objects.create(name="v1", ref="nope"),
        lambda: Tag(name="nope").delete(),
    ):
        with pytest.raises(BranchDoesNotExist):
            verb()


def test_tag_names_a_point_in_history(dolt: None) -> None:
    Device.objects.create(name="then")
    tag = Tag.objects.create(name="v1.0", message="First", author="Ann <ann@example.org>")
    Device.objects.create(name="later")
    try:
        assert tag.hash == Commit.objects.on("main")[1].commit_hash
        assert (tag.message, tag.tagger, tag.email) == ("First", "Ann", "ann@example.org")
        assert [d.name for d in Device.objects.using(tag.alias)] == ["then"]
        with pytest.raises(ReadOnlyRevision):
            Device.objects.using("default/v1.0").create(name="x")
        for taken in ("v1.0", "V1.0", "main"):
            with pytest.raises(BranchExists):
                Tag.objects.create(name=taken)
        with pytest.raises(InvalidBranchName):
            Tag.objects.create(name="-d")
    finally:
        tag.delete()
    assert not Tag.objects.exists()


def test_garbage_is_collected_while_connections_are_open(feature: str) -> None:
    Device.objects.using(feature).create(name="a")
    for mode in ("shallow", "default", "full"):
        resets.collect_garbage(mode)
    with pytest.raises(ValueError, match="shallow"):
        resets.collect_garbage("all")
    with use_branch(feature):
        Device.objects.create(name="b")
        assert Device.objects.count() == 2


def test_range_is_reverted_as_one_commit(dolt: None) -> None:
    start = head()
    Branch.objects.create(name="side", start_point="main")
    Device.objects.using("side").create(name="merged")
    for name in "abc":
        Device.objects.create(name=name)
    Branch.objects.get(name="side").merge()
    end, count = head(), Commit.objects.on("main").count()
    Site.objects.create(name="later")
    resets.revert_range(start, end, "main", author="Ann <ann@example.org>")
    assert not Device.objects.exists() and Site.objects.exists()
    assert Commit.objects.on("main").count() == count + 2
    assert Commit.objects.on("main")[0].author == "Ann <ann@example.org>"
    assert sorted(names()) == ["main", "side"] and status("main") == []


def test_range_that_conflicts_reverts_nothing(dolt: None) -> None:
    Device.objects.create(name="a", height=1)
    start = head()
    Device.objects.update(height=2)
    Site.objects.create(name="s")
    end = head()
    Device.objects.update(height=3)
    before = head()
    with pytest.raises(MergeConflict):
        resets.revert_range(start, end, "main")
    with pytest.raises(ValueError, match="not an ancestor"):
        resets.revert_range(end, start, "main")
    assert head() == before and names() == ["main"] and Site.objects.exists()


def test_archived_branch_is_a_tag_and_comes_back(feature: str) -> None:
    Device.objects.using(feature).create(name="a")
    tag = Branch.objects.get(name=feature).archive()
    try:
        assert tag.name == f"archive/{feature}" and names() == ["main"]
        assert [d.name for d in Device.objects.using(tag.alias)] == ["a"]
        Branch.objects.create(name=feature, start_point=tag.name)
        assert Device.objects.using(feature).count() == 1
        with pytest.raises(BranchExists):
            Branch.objects.get(name=feature).archive()
        assert feature in names()
        with pytest.raises(BranchProtected):
            Branch.objects.get(name="main").archive()
    finally:
        tag.delete()


def test_reverted_merge_takes_back_all_that_it_brought(feature: str) -> None:
    for name in "ab":
        Device.objects.using(feature).create(name=name)
    Device.objects.create(name="kept")
    Branch.objects.get(name=feature).merge()
    Commit.objects.on("main")[0].revert(on="main")
    assert [device.name for device in Device.objects.all()] == ["kept"]
    assert status("main") == []


def test_rebase_leaves_out_what_was_picked_already(feature: str) -> None:
    Device.objects.using(feature).create(name="picked")
    Commit.objects.on(feature)[0].cherry_pick(onto="main")
    Device.objects.create(name="main's own")
    Device.objects.using(feature).create(name="left")
    assert len(Branch.objects.get(name=feature).rebase()) == 1
    assert Branch.objects.get(name=feature).ahead_behind() == (1, 0)


def test_revert_of_a_range_passes_over_what_was_undone_before(dolt: None) -> None:
    start = Commit.objects.on("main")[0].commit_hash
    for name in ("a", "b"):
        Device.objects.create(name=name)
    Commit.objects.on("main")[0].revert(on="main")
    resets.revert_range(start, Commit.objects.on("main")[1].commit_hash, "main")
    assert not Device.objects.exists()
