"""Commits outside of requests: scripts, shells, threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection, connections, transaction
from django.test import Client, override_settings

from dolt_router import use_branch
from dolt_router.autocommit import AutoDoltCommit, commit_context, retry_stale
from dolt_router.exceptions import BranchProtected, StaleWrite
from dolt_router.models import Commit
from dolt_router.versioning.sharing import status
from tests.inventory.models import Device, Site, Tag

Log = Callable[..., list[str]]


def commits(ref: str = "main") -> int:
    return Commit.objects.on(ref).count()


def test_single_save_is_its_own_commit_and_leaves_nothing_behind(dolt: None) -> None:
    before = commits()
    Device.objects.create(name="a")
    assert commits() == before + 1
    assert status() == []


def test_single_save_in_a_thread(dolt: None) -> None:
    before = commits()

    def work() -> None:
        Device.objects.create(name="a")
        connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert commits() == before + 1
    assert status() == []


def test_raw_write_in_autocommit_is_a_commit(dolt: None) -> None:
    before = commits()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO inventory_tag (name) VALUES ('raw')")
        assert cursor.lastrowid
    assert commits() == before + 1
    assert Commit.objects.on("main")[0].message == "Added 1 tag"


def test_thousand_saves_under_one_auto_dolt_commit(dolt: None) -> None:
    before = commits()
    with AutoDoltCommit(message="A thousand", author="Ann <ann@example.org>") as unit:
        for number in range(1000):
            Device.objects.create(name=f"d{number}")
    assert commits() == before + 1
    commit = Commit.objects.on("main")[0]
    assert (commit.commit_hash, commit.message) == (unit.commit_hash, "A thousand")
    assert commit.author == "Ann <ann@example.org>"


def test_exception_leaves_nothing(dolt: None) -> None:
    before = commits()
    with pytest.raises(RuntimeError), AutoDoltCommit():
        Device.objects.create(name="a")
        raise RuntimeError
    assert commits() == before
    assert not Device.objects.exists()


def test_nothing_written_is_no_commit(dolt: None) -> None:
    before = commits()
    with AutoDoltCommit("nothing") as unit:
        list(Device.objects.all())
    assert commits() == before
    assert unit.commit_hash is None


def test_nested_units_are_one_commit_and_inner_failure_can_be_caught(dolt: None) -> None:
    before = commits()
    with AutoDoltCommit("outer"):
        Device.objects.create(name="kept")
        with pytest.raises(ValueError), AutoDoltCommit("failed"):
            Device.objects.create(name="dropped")
            raise ValueError
        with AutoDoltCommit("inner"):
            Tag.objects.create(name="kept too")
    assert commits() == before + 1
    assert Commit.objects.on("main")[0].message == "outer\ninner"
    assert [d.name for d in Device.objects.all()] == ["kept"]


def test_atomic_is_one_commit_and_savepoints_roll_back(dolt: None) -> None:
    before = commits()
    with transaction.atomic():
        Device.objects.create(name="kept")
        with pytest.raises(ValueError), transaction.atomic():
            Site.objects.create(name="dropped")
            raise ValueError
    assert commits() == before + 1
    assert Commit.objects.on("main")[0].message == "Added 1 device"
    assert not Site.objects.exists()


def test_saving_one_object_twice_reads_as_one(dolt: None) -> None:
    device, site = Device.objects.create(name="a"), Site.objects.create(name="s")
    with transaction.atomic():
        device.height = 2
        device.save()
        device.height = 3
        device.save()
        Device.objects.create(name="b")
        site.delete()
    assert (
        Commit.objects.on("main")[0].message == "Changed 1 device, added 1 device, deleted 1 site"
    )


def test_unit_on_a_branch(feature: str) -> None:
    before = commits(feature)
    with AutoDoltCommit("there", branch=feature):
        Device.objects.create(name="a")
    assert commits(feature) == before + 1
    assert not Device.objects.exists()


def test_commit_context_sets_words_without_making_a_commit(dolt: None) -> None:
    with commit_context(message="By import", author="Robot <robot@example.org>"):
        Device.objects.create(name="a")
        Device.objects.create(name="b")
    first, second = Commit.objects.on("main")[:2]
    assert (first.message, second.message) == ("By import", "By import")
    assert first.author == "Robot <robot@example.org>"


def test_shared_write_makes_no_dolt_commit(dolt: None) -> None:
    before = commits()
    Group.objects.create(name="g")
    assert commits() == before
    assert status() == []
    assert Group.objects.count() == 1


def test_mixed_shared_and_versioned_write_on_main(dolt: None) -> None:
    before = commits()
    with transaction.atomic():
        Group.objects.create(name="g")
        Device.objects.create(name="a")
    assert commits() == before + 1
    assert {c.table for c in Commit.objects.on("main")[0].diff()} == {"inventory_device"}
    connections.close_all()
    assert Group.objects.count() == 1


def _conflict(device: Device) -> None:
    """Another connection changes the device while this thread's transaction is open."""

    def work() -> None:
        Device.objects.filter(pk=device.pk).update(height=50)
        connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_stale_write_raises_and_writes_nothing(dolt: None) -> None:
    device = Device.objects.create(name="a")
    with pytest.raises(StaleWrite), AutoDoltCommit("mine"):
        Device.objects.filter(pk=device.pk).update(height=60)
        _conflict(device)
    device.refresh_from_db()
    assert device.height == 50
    Device.objects.create(name="the connection still works")
    assert status() == []


def test_retry_stale_repeats_the_work(dolt: None) -> None:
    device = Device.objects.create(name="a")
    runs: list[int] = []

    @retry_stale(attempts=3)
    @AutoDoltCommit("again")
    def work() -> None:
        runs.append(1)
        Device.objects.filter(pk=device.pk).update(height=60)
        if len(runs) == 1:
            _conflict(device)

    work()
    device.refresh_from_db()
    assert (len(runs), device.height) == (2, 60)


@override_settings(DOLT_ROUTER={"PROTECTED_BRANCHES": ["main", "release/*"]})
def test_protected_branch_takes_no_direct_write_but_shared_rows_and_merges(feature: str) -> None:
    from dolt_router.models import Branch

    for write in (
        lambda: Device.objects.create(name="a"),
        lambda: Device.objects.bulk_create([Device(name="a")]),
        lambda: Device.objects.update(height=3),
        lambda: connection.cursor().execute("DELETE FROM inventory_device"),
        lambda: Branch.objects.get(name="main").delete(force=True),
        lambda: Commit.objects.on("main")[0].revert(on="main"),
    ):
        with pytest.raises(BranchProtected):
            write()
    Group.objects.create(name="users still log in")
    with use_branch(feature):
        Device.objects.create(name="a")
    Branch.objects.get(name=feature).merge(into="main")
    assert Device.objects.get().name == "a"


def test_session_variable_does_not_leak_to_the_next_branch(feature: str) -> None:
    with connections[feature].cursor() as cursor:
        cursor.execute("SET @leak = 1")
    connections[feature].discard_traces()
    with connections[feature].cursor() as cursor:
        cursor.execute("SELECT @leak")
        assert cursor.fetchone()[0] is None


def test_foreign_writer_is_not_in_this_commit(dolt: None) -> None:
    with AutoDoltCommit("mine") as unit:
        Device.objects.create(name="mine")

        def work() -> None:
            Site.objects.create(name="theirs")
            connections.close_all()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    commit = Commit.objects.on("main").get(commit_hash=unit.commit_hash)
    assert {c.table for c in commit.diff()} == {"inventory_device"}


def test_on_commit_sees_the_row(dolt: None) -> None:
    seen: list[Any] = []
    with transaction.atomic():
        device = Device.objects.create(name="a")
        transaction.on_commit(lambda: seen.append(Device.objects.filter(pk=device.pk).count()))
        assert seen == []
    assert seen == [1]


@override_settings(DOLT_ROUTER={"AUTO_COMMIT": False})
def test_without_auto_commit_only_a_unit_asked_for_commits(feature: str) -> None:
    before = commits(feature)
    with use_branch(feature):
        Device.objects.create(name="single")
        with transaction.atomic():
            Device.objects.create(name="atomic")
    assert (
        Client().get("/save/?name=request", headers={"x-dolt-branch": feature}).status_code == 200
    )
    assert commits(feature) == before
    assert [row["table_name"] for row in status(feature)] == ["inventory_device"]
    with AutoDoltCommit("asked for", branch=feature):
        Device.objects.create(name="unit")
    assert commits(feature) == before + 1
    assert status(feature) == []
    assert Commit.objects.on(feature)[0].diff()[0].rows_added == 4


@override_settings(DOLT_ROUTER={"AUTO_COMMIT": False})
def test_without_auto_commit_nothing_is_reset(dolt: None) -> None:
    Device.objects.create(name="uncommitted")
    with pytest.raises(ValueError), AutoDoltCommit(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE inventory_site ADD c int")
        raise ValueError
    assert Device.objects.get().name == "uncommitted"
    with connections["default"].plain_sql(), connection.cursor() as cursor:
        cursor.execute("CALL dolt_reset('--hard')")


def test_branch_first_used_inside_a_nested_unit_is_committed(feature: str, log: Log) -> None:
    log.mark(feature)
    with AutoDoltCommit("outer"):
        with AutoDoltCommit("inner", branch=feature):
            Device.objects.create(name="x")
    wrapper = connections[f"default/{feature}"]
    assert not wrapper.in_atomic_block and not wrapper.server_transaction
    assert len(log(feature)) == 1
