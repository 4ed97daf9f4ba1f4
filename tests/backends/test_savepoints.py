"""Savepoints roll back on every branch, in whatever order a connection visits them.

Dolt keeps savepoints for the head that a session has checked out, not for the branch in the
name of its current database: see docs/dolt-notes.md.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction
from django.test import Client

from dolt_router import use_branch
from dolt_router.autocommit import AutoDoltCommit
from tests.conftest import MakeBranch
from tests.inventory.models import Device


def _dropped() -> None:
    with pytest.raises(ValueError), transaction.atomic():
        Device.objects.create(name="dropped")
        raise ValueError


def _write_first() -> None:
    with transaction.atomic():
        Device.objects.create(name="kept")
        _dropped()


def _savepoint_first() -> None:
    with transaction.atomic():
        _dropped()
        Device.objects.create(name="kept")


def _in_a_unit() -> None:
    with AutoDoltCommit("unit"):
        _dropped()
        Device.objects.create(name="kept")
        _dropped()


def _two_deep() -> None:
    with transaction.atomic():
        Device.objects.create(name="kept")
        with pytest.raises(ValueError), transaction.atomic():
            Device.objects.create(name="dropped too")
            _dropped()
            raise ValueError


def _by_hand() -> None:
    with transaction.atomic():
        Device.objects.create(name="kept")
        sid = connection.savepoint()
        Device.objects.create(name="dropped")
        connection.savepoint_rollback(sid)


def _raw() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        Device.objects.create(name="kept")
        cursor.execute("SAVEPOINT here")
        Device.objects.create(name="dropped")
        cursor.execute("ROLLBACK TO SAVEPOINT here")


@pytest.mark.parametrize(
    "way", [_write_first, _savepoint_first, _in_a_unit, _two_deep, _by_hand, _raw]
)
@pytest.mark.parametrize("branch", ["main", "feature/x", "odd'`%x"])
def test_savepoint_rolls_back(
    make_branch: MakeBranch, way: Callable[[], None], branch: str
) -> None:
    if branch != "main":
        make_branch(branch)
    with use_branch(branch):
        way()
        assert [device.name for device in Device.objects.all()] == ["kept"]


def test_one_connection_alternating_between_branches(make_branch: MakeBranch) -> None:
    names = ["main", make_branch("a"), make_branch("b")]
    for name in names * 3:
        with use_branch(name):
            _write_first()
    for name in names:
        assert [d.name for d in Device.objects.using(name)] == ["kept"] * 3


def test_branch_that_savepoints_were_for_is_gone(make_branch: MakeBranch) -> None:
    from dolt_router.versioning import branches

    gone = make_branch("gone")
    with use_branch(gone):
        _write_first()
    branches.delete(gone, force=True)
    _write_first()
    assert [device.name for device in Device.objects.all()] == ["kept"]


def test_request_that_recovers_from_a_failed_block(feature: str) -> None:
    answer = Client().get("/recover/", headers={"x-dolt-branch": feature})
    assert answer.status_code == 200
    assert [d.name for d in Device.objects.using(feature)] == ["kept"]
    assert connections[feature].connection.savepoints_of.endswith("/" + feature)
