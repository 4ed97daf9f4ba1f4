"""The verbs that `versioning.py` times, and their bare counterparts."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import MySQLdb
import psutil
from django.core.management import call_command
from django.db import connections
from MySQLdb.cursors import SSCursor

from dolt_router.models import Branch, Commit
from dolt_router.versioning.rows import page_of_changes, row_changes
from tests.inventory.models import Device

Compare = Callable[[Callable[[int], Any], Callable[[int], Any], int], tuple[float, float]]


def fill(rows: int) -> None:
    """`rows` devices on main, doubled by the server."""
    with connections["default"]._nodb_cursor() as cursor:
        cursor.execute("CREATE DATABASE bench")
    call_command("migrate", database="default", verbosity=0)
    Device.objects.bulk_create([Device(name=f"d{number}") for number in range(1000)])
    have = 1000
    with connections["default"].cursor() as cursor:
        while have < rows:
            cursor.execute(
                "INSERT INTO inventory_device (name, height) "
                "SELECT CONCAT('r', id), 1 FROM inventory_device LIMIT %s",
                [rows - have],
            )
            have += cursor.rowcount


def change(branch: str, start: int, count: int, height: int) -> None:
    """`count` devices of a branch, from the `start`th on, get another height."""
    Branch.objects.create(name=branch, start_point="main")
    first = Device.objects.order_by("pk").values_list("pk", flat=True)[start]
    Device.objects.using(branch).filter(pk__gte=first, pk__lt=first + count).update(height=height)


def report(server: Any, rows: int, changed: int, differ: int, compare: Compare) -> Iterator[str]:
    """The figures, line by line."""
    fill(rows)
    yield f"table of {rows} rows"
    change("few", 0, changed, 2)
    change("many", rows // 2, differ, 3)
    bare = MySQLdb.connect(
        host=server.host, port=server.port, user="root", database="bench/main", autocommit=True
    )

    def ask(sql: str, *arguments: Any) -> Any:
        cursor = bare.cursor()
        cursor.execute(sql, arguments)
        found = cursor.fetchall()
        cursor.close()
        return found

    def line(name: str, seconds: tuple[float, float]) -> str:
        ours, theirs = seconds
        return f"{name:34} {ours * 1000:9.2f} ms / {theirs * 1000:9.2f} ms = {ours / theirs:5.2f}"

    yield line(
        "create branch",
        compare(
            lambda n: Branch.objects.create(name=f"a{n}", start_point="main"),
            lambda n: ask("CALL dolt_branch(%s, 'main')", f"b{n}"),
            30,
        ),
    )
    log = "SELECT commit_hash, committer, email, date, message FROM dolt_log LIMIT 20"
    yield line(
        "log, a page of 20",
        compare(lambda n: list(Commit.objects.on("main")[:20]), lambda n: ask(log), 30),
    )
    table = "dolt_diff('main', 'many', 'inventory_device')"
    yield line(
        "diff, the first 100 rows",
        compare(
            lambda n: page_of_changes("main", "many", Device, 100),
            lambda n: ask(f"SELECT * FROM {table} LIMIT 100"),
            10,
        ),
    )

    def stream(number: int) -> None:
        cursor = bare.cursor(SSCursor)
        cursor.execute(f"SELECT * FROM {table}")
        while cursor.fetchmany(200):
            pass
        cursor.close()

    gc.collect()
    before = psutil.Process().memory_info().rss
    count = sum(1 for _ in row_changes("main", "many", Device))
    grown = psutil.Process().memory_info().rss - before
    yield line(
        f"diff, all {count} rows",
        compare(lambda n: sum(1 for _ in row_changes("main", "many", Device)), stream, 2),
    )
    yield f"memory grown by the whole diff: {grown / 1e6:.1f} MB"
    preview = "SELECT * FROM dolt_preview_merge_conflicts_summary('main', 'few')"
    yield line(
        f"preview of {changed} changed rows",
        compare(lambda n: Branch(name="few").preview_merge(), lambda n: ask(preview), 10),
    )
    last = Device.objects.order_by("-pk")[0].pk  # changed on the target: a three-way merge

    def ours(number: int) -> None:
        Branch.objects.get(name="few").merge(into=f"ours{number}", strategy="no-ff")

    def theirs(number: int) -> None:
        bare.select_db(f"bench/bare{number}")
        ask("START TRANSACTION")
        ask("CALL dolt_merge('few', '--no-ff', '-m', 'x', '--author', 'a <b@c>')")
        ask("COMMIT")
        bare.select_db("bench/main")

    for number in range(9):
        for name in ("ours", "bare"):
            Branch.objects.create(name=f"{name}{number}", start_point="main")
            Device.objects.using(f"{name}{number}").filter(pk=last).update(height=98)
    yield line(f"merge of {changed} changed rows", compare(ours, theirs, 8))
