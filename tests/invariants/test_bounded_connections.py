"""Invariant 4: connections are bounded by concurrency, not by the number of branches."""

from __future__ import annotations

import gc

import psutil
from django.core.signals import request_finished
from django.db import connection, connections, transaction

from tests.conftest import MakeBranch
from tests.inventory.models import Device


def test_2000_branches_touched_by_one_thread(dolt: None) -> None:
    names = [f"many/{i}" for i in range(2000)]
    with connections["default"].plain_sql(), connection.cursor() as cursor:
        for name in names:
            cursor.execute("CALL dolt_branch(%s)", [name])
    process = psutil.Process()

    def connected() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SHOW PROCESSLIST")
            own = connections["default"].settings_dict["NAME"] + "/"
            return sum(str(row[3] or "").startswith(own) for row in cursor.fetchall())

    for name in names[:100]:
        Device.objects.using(name).count()
    gc.collect()
    before, memory = connected(), process.memory_info().rss
    for name in names:
        Device.objects.using(name).count()
    gc.collect()
    held = [c for c in connections.all() if getattr(c, "is_dolt", False) and c.connection]
    assert len(held) <= 2
    assert connected() <= before
    assert len(list(connections)) <= 5
    assert (process.memory_info().rss - memory) / len(names) < 2048  # bytes a branch
    with connections["default"].plain_sql(), connection.cursor() as cursor:
        for name in names:
            cursor.execute("CALL dolt_branch('-D', %s)", [name])


def test_open_cursor_and_transaction_keep_their_connection(make_branch: MakeBranch) -> None:
    names = [make_branch(f"b{i}") for i in range(20)]
    with transaction.atomic(using=names[0]), connections[names[1]].cursor() as cursor:
        Device.objects.using(names[0]).create(name="kept")
        cursor.execute("SELECT active_branch()")
        for name in names[2:] * 3:
            Device.objects.using(name).count()
        gc.collect()
        cursor.execute("SELECT active_branch()")
        assert cursor.fetchone()[0] == names[1]
        assert Device.objects.using(names[0]).count() == 1
    assert [Device.objects.using(name).count() for name in names] == [1] + [0] * 19


def test_connections_close_at_the_end_of_a_request_without_max_age(feature: str) -> None:
    entry = connections.settings["default"]
    connections.close_all()
    kept, entry["CONN_MAX_AGE"] = entry["CONN_MAX_AGE"], 0
    try:
        Device.objects.count()
        Device.objects.using(feature).count()
        request_finished.send(sender=None)
        opened = connections.all(initialized_only=True)
        assert not [c for c in opened if getattr(c, "is_dolt", False) and c.connection]
    finally:
        entry["CONN_MAX_AGE"] = kept
        connections.close_all()
