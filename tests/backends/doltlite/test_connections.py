"""Connections of the embedded engine: bounded, and never on what is gone."""

from __future__ import annotations

import os
import threading

import pytest
from django.db import (
    connection,
    connections,
)

from dolt_router.exceptions import (
    BranchDoesNotExist,
)
from dolt_router.models import Branch
from tests.conftest import EMBEDDED, MakeBranch
from tests.inventory.models import Site

embedded = pytest.mark.skipif(not EMBEDDED, reason="DOLT_ROUTER_TEST_ENGINE is not doltlite")


@embedded
def test_connections_are_bounded_whatever_the_number_of_branches(make_branch: MakeBranch) -> None:
    def descriptors() -> int:
        own = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
        paths = [os.readlink(fd) for fd in own if os.path.lexists(fd)]
        return sum(connection.base_name in path for path in paths)

    names = [make_branch(f"b/{i}") for i in range(60)]
    for name in names[:5]:
        Site.objects.using(name).count()
    before = descriptors()
    for name in names:
        Site.objects.using(name).count()
    assert descriptors() <= before
    assert len(list(connections)) < 10


@embedded
def test_branch_that_another_connection_deleted_is_noticed_before_the_next_request(
    feature: str,
) -> None:
    wrapper = connections[feature]
    assert Site.objects.using(feature).count() == 0
    thread = threading.Thread(target=_delete, args=(feature,))
    thread.start()
    thread.join()
    wrapper.close_if_unusable_or_obsolete()
    with pytest.raises(BranchDoesNotExist):
        wrapper.ensure_connection()


def _delete(name: str) -> None:
    Branch.objects.get(name=name).delete(force=True)
    connections.close_all()


@embedded
def test_write_to_a_branch_that_was_deleted_meanwhile_is_told(feature: str) -> None:
    wrapper = connections[feature]
    wrapper.ensure_connection()
    thread = threading.Thread(target=_delete, args=(feature,))
    thread.start()
    thread.join()
    with pytest.raises(BranchDoesNotExist), wrapper.cursor() as cursor:
        cursor.execute("INSERT INTO inventory_site (name) VALUES ('s')")


@embedded
def test_state_that_was_set_is_gone_after_the_request(dolt: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers = OFF")
        cursor.execute("CREATE TEMP TABLE t (n INTEGER)")
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM temp.sqlite_master WHERE type = 'table'")
        assert cursor.fetchall() == []
