"""Invariant 5: what was acknowledged survives SIGKILL of the server."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import MySQLdb

from dolt_router.testing import DoltServer

SETTINGS = """
from tests.settings import *
DATABASES = {{"default": DATABASES["default"]}}
DATABASES["default"].update(PORT={port}, HOST="{host}", NAME="kill")
"""

WRITER = """
import django, sys
django.setup()
from django.test import Client
client = Client()
number = 0
while True:
    number += 1
    if client.post(f"/save/?name={{number}}").status_code != 200:
        sys.exit(1)
    print(number, flush=True)
"""


MERGER = """
import django, sys
django.setup()
from dolt_router.models import Branch
from tests.inventory.models import Device
number = 0
while True:
    number += 1
    Branch.objects.create(name=f"b{{number}}", start_point="main")
    Device.objects.using(f"b{{number}}").create(name=f"branch {{number}}")
    Device.objects.create(name=f"main {{number}}")
    Branch.objects.get(name=f"b{{number}}").merge()
    print(number, flush=True)
"""

MIGRATE = """
import django, sys
django.setup()
from django.core.management import call_command
call_command("dolt", "migrate-branches", *sys.argv[1:])
"""


PUSHER = """
import django, sys
django.setup()
from dolt_router.versioning import remotes
from tests.inventory.models import Device
if not remotes.list_remotes():
    remotes.add("origin", sys.argv[1])
number = 0
while True:
    number += 1
    Device.objects.create(name=f"pushed {{number}}")
    remotes.push("main")
    print(number, flush=True)
"""


def _run(  # type: ignore[no-untyped-def]
    code: str, server: DoltServer, folder: Path, *arguments: str
):
    (folder / "kill_settings.py").write_text(SETTINGS.format(port=server.port, host=server.host))
    root = str(Path(__file__).resolve().parents[2])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), root]),
        "DJANGO_SETTINGS_MODULE": "kill_settings",
    }
    return subprocess.Popen(
        [sys.executable, "-u", "-c", code.format(), *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def test_acknowledged_requests_survive_sigkill(tmp_path: Path) -> None:
    with DoltServer(tmp_path / "data") as server:
        connection = MySQLdb.connect(host=server.host, port=server.port, user="root")
        connection.cursor().execute("CREATE DATABASE `kill`")
        migrate = _run(
            "import django; django.setup()\n"
            "from django.core.management import call_command\n"
            "call_command('migrate', verbosity=0)",
            server,
            tmp_path,
        )
        assert migrate.wait(60) == 0
        writer = _run(WRITER, server, tmp_path)
        acknowledged: list[int] = []
        enough = threading.Event()

        def read() -> None:
            for line in writer.stdout:
                acknowledged.append(int(line))
                if len(acknowledged) == 50:
                    enough.set()

        reader = threading.Thread(target=read)
        reader.start()
        assert enough.wait(60)
        server.kill()
        writer.wait(60)
        reader.join()
        server.restart()
        connection = MySQLdb.connect(
            host=server.host, port=server.port, user="root", database="kill/main"
        )
        cursor = connection.cursor()
        cursor.execute("SELECT name FROM inventory_device")
        kept = {int(name) for (name,) in cursor.fetchall()}
        assert set(acknowledged) <= kept
        cursor.execute("SELECT COUNT(*) FROM dolt_log WHERE message LIKE 'Added 1 device%'")
        assert cursor.fetchone()[0] == len(kept)
        cursor.execute("SELECT * FROM dolt_status")
        assert cursor.fetchall() == ()


def _prepare(server: DoltServer, folder: Path) -> None:
    connection = MySQLdb.connect(host=server.host, port=server.port, user="root")
    connection.cursor().execute("CREATE DATABASE `kill`")
    connection.close()
    migrate = _run(
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "call_command('migrate', verbosity=0)",
        server,
        folder,
    )
    assert migrate.wait(60) == 0


def _ask(server: DoltServer, sql: str, branch: str = "main") -> list[tuple[Any, ...]]:
    connection = MySQLdb.connect(
        host=server.host, port=server.port, user="root", database=f"kill/{branch}"
    )
    try:
        cursor = connection.cursor()
        cursor.execute(sql)
        return list(cursor.fetchall())
    finally:
        connection.close()


def test_merges_are_whole_or_not_there_after_sigkill(tmp_path: Path) -> None:
    with DoltServer(tmp_path / "data") as server:
        _prepare(server, tmp_path)
        merger = _run(MERGER, server, tmp_path)
        acknowledged = 0
        for line in merger.stdout:
            acknowledged = int(line)
            if acknowledged == 15:
                server.kill()
        assert merger.wait(60) != 0
        server.restart()
        names = {name for (name,) in _ask(server, "SELECT name FROM inventory_device")}
        assert {f"branch {number}" for number in range(1, acknowledged + 1)} <= names
        merges = _ask(
            server, "SELECT parents FROM dolt_log('--parents') WHERE message LIKE 'Merge branch%'"
        )
        merged = {name for name in names if name.startswith("branch")}
        assert len(merges) == len(merged)
        assert all(parents.count(",") == 1 for (parents,) in merges)
        assert _ask(server, "SELECT * FROM dolt_status") == []
        assert _ask(server, "SELECT * FROM dolt_conflicts") == []


def test_migrate_branches_goes_on_after_sigkill(tmp_path: Path) -> None:
    names = [f"old/{number}" for number in range(40)]
    with DoltServer(tmp_path / "data") as server:
        _prepare(server, tmp_path)
        (first,) = _ask(
            server,
            "SELECT commit_hash FROM dolt_log WHERE message LIKE 'Create django_migrations%'",
        )
        connection = MySQLdb.connect(
            host=server.host, port=server.port, user="root", database="kill/main"
        )
        for name in names:
            connection.cursor().execute("CALL dolt_branch(%s, %s)", (name, first[0]))
        connection.close()
        command = _run(MIGRATE, server, tmp_path, "old/*")
        for line in command.stdout:
            if line.startswith("migrated"):
                server.kill()
                break
        rest, _ = command.communicate(timeout=120)
        assert command.returncode != 0, rest
        server.restart()
        again = _run(MIGRATE, server, tmp_path, "old/*", "--discard")
        output, _ = again.communicate(timeout=120)
        assert again.returncode == 0, output
        for name in names:
            assert _ask(server, "SELECT COUNT(*) FROM inventory_device", name) == [(0,)]
            assert _ask(server, "SELECT * FROM dolt_status", name) == []


def test_push_is_whole_or_goes_on_after_sigkill(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/remote"
    with DoltServer(tmp_path / "data") as server:
        _prepare(server, tmp_path)
        pusher = _run(PUSHER, server, tmp_path, url)
        acknowledged = 0
        for line in pusher.stdout:
            acknowledged = int(line)
            if acknowledged == 8:
                server.kill()
        assert pusher.wait(60) != 0
        server.restart()
        connection = MySQLdb.connect(host=server.host, port=server.port, user="root")
        connection.cursor().execute("CALL dolt_clone(%s, 'copy')", (url,))
        connection.close()
        kept = {name for (name,) in _ask(server, "SELECT name FROM `copy/main`.inventory_device")}
        assert {f"pushed {number}" for number in range(1, acknowledged + 1)} <= kept
        again = _run(PUSHER, server, tmp_path, url)
        assert again.stdout.readline().strip() == "1"
        again.kill()
        again.wait(60)
