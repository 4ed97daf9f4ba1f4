"""Shared tables are written by all requests at once, on whatever branch: no row is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection, connections, transaction
from django.db.models import F

from dolt_router.checks import check_shared_tables
from dolt_router.exceptions import StaleWrite
from dolt_router.versioning.sharing import drop_keys_of_shared_tables, keys_of_shared_tables


def meanwhile(work: Callable[[], Any]) -> None:
    """Do it in another thread, with connections of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()


@pytest.fixture
def membership(dolt: None) -> Any:
    """The table between users and groups, which points to both."""
    through = get_user_model().groups.through
    user = get_user_model().objects.create_user("ann")
    for name in ("a", "b", "c"):
        Group.objects.create(name=name)
    through.objects.create(user=user, group=Group.objects.get(name="a"))
    return through


def test_rows_of_two_transactions_at_once_are_both_kept(membership: Any) -> None:
    user = get_user_model().objects.get()
    b, c = Group.objects.get(name="b"), Group.objects.get(name="c")
    with transaction.atomic():
        assert membership.objects.count() == 1
        meanwhile(lambda: membership.objects.create(user=user, group=b))
        membership.objects.create(user=user, group=c)
    assert sorted(membership.objects.values_list("group__name", flat=True)) == ["a", "b", "c"]


def test_same_cell_of_two_transactions_is_a_stale_write(membership: Any) -> None:
    b, c = Group.objects.get(name="b"), Group.objects.get(name="c")
    with pytest.raises(StaleWrite):
        with transaction.atomic():
            assert membership.objects.count() == 1
            meanwhile(lambda: membership.objects.update(group=b))
            membership.objects.update(group=c)
    assert membership.objects.get().group == b


def test_shared_tables_are_made_without_foreign_keys(dolt: None) -> None:
    assert keys_of_shared_tables() == []


def test_keys_from_before_are_dropped(membership: Any) -> None:
    table = membership._meta.db_table
    with connection.cursor() as cursor:
        key = "CONSTRAINT old FOREIGN KEY (user_id) REFERENCES auth_user (id)"
        cursor.execute(f"ALTER TABLE {table} ADD {key}")
    assert keys_of_shared_tables() == [(table, "old")]
    assert [(w.id, table in w.msg) for w in check_shared_tables(None, ["default"])] == [
        ("dolt_router.W032", True)
    ]
    assert drop_keys_of_shared_tables() == [(table, "old")]
    assert check_shared_tables(None, ["default"]) == []
    assert keys_of_shared_tables() == []
    membership.objects.update(id=F("id"))
