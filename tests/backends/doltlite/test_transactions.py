"""Transactions of the embedded engine: one writer, and what it writes stays or goes as a whole."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import (
    IntegrityError,
    NotSupportedError,
    connection,
    connections,
    transaction,
)

from dolt_router import use_branch
from dolt_router.autocommit import AutoDoltCommit
from dolt_router.exceptions import (
    AnotherBranchIsWriting,
    BranchDoesNotExist,
    CrossBranchWrite,
    DoltServerError,
    UnsupportedByEngine,
)
from dolt_router.models import Branch, Commit, Remote
from dolt_router.versioning.sharing import status
from tests.conftest import EMBEDDED
from tests.inventory.models import Device, Site

embedded = pytest.mark.skipif(not EMBEDDED, reason="DOLT_ROUTER_TEST_ENGINE is not doltlite")


@embedded
def test_waiting_writer_goes_on_when_the_other_is_done(dolt: None) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def other() -> None:
        with transaction.atomic():
            Site.objects.create(name="first")
            begun.set()
            go_on.wait(10)
        connections.close_all()

    thread = threading.Thread(target=other)
    thread.start()
    begun.wait(10)
    threading.Timer(0.3, go_on.set).start()
    with transaction.atomic():
        assert [site.name for site in Site.objects.all()] == ["first"]  # not the state before
        Site.objects.create(name="second")
    thread.join()
    assert Site.objects.count() == 2


@embedded
def test_two_branches_in_one_block_are_refused_at_once(feature: str) -> None:
    with pytest.raises(AnotherBranchIsWriting, match='"main".*"feature/x"'), AutoDoltCommit():
        Site.objects.using(feature).create(name="s")
        Site.objects.using("main").create(name="s")
    assert not Site.objects.exists() and not Site.objects.using(feature).exists()
    with AutoDoltCommit():
        Site.objects.using(feature).create(name="s")
        assert Site.objects.using("main").count() == 0  # reading is fine
        with pytest.raises(AnotherBranchIsWriting):
            Branch.objects.create(name="more")
    with use_branch(feature), transaction.atomic():
        Site.objects.create(name="t")
        with transaction.atomic(using="default/main"):
            assert Site.objects.using("main").count() == 0


@embedded
def test_lock_is_kept_whatever_else_the_process_does_with_the_file(feature: str) -> None:
    file = connection.base_name

    def locks() -> set[str]:
        inode = str(os.stat(file).st_ino)
        lines = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
        return {line[3] for line in lines if line[5].rpartition(":")[2] == inode}

    def others() -> None:
        Site.objects.using(feature).count()
        Branch.objects.count()
        for name in ("nowhere", "Feature/X"):
            with pytest.raises(BranchDoesNotExist):
                Site.objects.using(name).count()
        connections.close_all()

    with transaction.atomic():
        Site.objects.create(name="s")
        held = locks()
        assert "WRITE" in held
        thread = threading.Thread(target=others)
        thread.start()
        thread.join()
        others_here = connections[feature]
        others_here.ensure_connection()
        others_here.close()
        assert locks() == held


@embedded
def test_read_only_block_with_savepoints_takes_no_lock(feature: str) -> None:
    with AutoDoltCommit():
        assert Site.objects.count() == 0
        with transaction.atomic():
            pass  # a savepoint
        thread = threading.Thread(target=lambda: (_add("other"), connections.close_all()))
        thread.start()
        thread.join(15)
        assert not thread.is_alive()
    assert Site.objects.get().name == "other"


def _add(name: str) -> None:
    Site.objects.create(name=name)


@embedded
def test_write_that_gives_rows_back_is_counted_and_committed(dolt: None, log: Any) -> None:
    log.mark()
    Site.objects.bulk_create([Site(name="a"), Site(name="b")])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inventory_site SET name = name || '!' RETURNING name")
        assert cursor.fetchmany(1) == [("a!",)]
        assert cursor.fetchall() == [("b!",)]
    assert log() == ["Changed 2 sites", "Added 2 sites"]
    assert status("main") == []


@embedded
def test_deferred_key_that_is_broken_stops_the_commit_and_leaves_nothing(dolt: None) -> None:
    head = Commit.objects.all()[0]
    with pytest.raises(IntegrityError), transaction.atomic():
        Device.objects.create(name="d", site_id=4711)
        assert Device.objects.get().name == "d"  # the statement itself is fine
    assert not Device.objects.exists()
    assert Commit.objects.all()[0] == head and status("main") == []


@embedded
def test_rows_are_read_while_others_are_written(dolt: None) -> None:
    Site.objects.bulk_create([Site(name=f"s{i}") for i in range(500)])
    with transaction.atomic():
        for site in Site.objects.iterator(chunk_size=100):
            Device.objects.create(name=f"d{site.pk}", site=site)
    assert Device.objects.count() == 500


@embedded
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT dolt_checkout('main')",
        "SELECT dolt_connect_branch('main')",
        "CALL dolt_checkout('main')",
    ],
)
def test_connection_cannot_be_moved_to_another_branch(feature: str, sql: str) -> None:
    with pytest.raises(CrossBranchWrite), connections[feature].cursor() as cursor:
        cursor.execute(sql)


@embedded
def test_procedures_are_called_in_either_form(dolt: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CALL dolt_branch(%s)", ["one"])
        cursor.execute("SELECT dolt_branch(%s)", ["two"])
    assert {"one", "two"} <= {branch.name for branch in Branch.objects.all()}
    with pytest.raises(DoltServerError, match="already exists"), connection.cursor() as cursor:
        cursor.execute("CALL dolt_branch('one')")


@embedded
def test_ids_of_two_branches_do_not_collide(feature: str) -> None:
    Site.objects.using(feature).create(name="there")
    Site.objects.create(name="here")
    Branch.objects.get(name=feature).merge()
    assert {site.name for site in Site.objects.all()} == {"here", "there"}


@embedded
def test_what_the_engine_lacks_is_told(dolt: None) -> None:
    with pytest.raises(UnsupportedByEngine, match="the embedded engine.*docs/embedded.md") as told:
        Remote.objects.create(name="origin", url="file:///nowhere")
    assert isinstance(told.value, NotSupportedError)
