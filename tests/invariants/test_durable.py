"""Invariant 5: what was acknowledged survives SIGKILL of the server."""

from __future__ import annotations

import threading
from pathlib import Path

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


def _run(code: str, server: DoltServer, folder: Path):  # type: ignore[no-untyped-def]
    import os
    import subprocess
    import sys

    (folder / "kill_settings.py").write_text(SETTINGS.format(port=server.port, host=server.host))
    root = str(Path(__file__).resolve().parents[2])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), root]),
        "DJANGO_SETTINGS_MODULE": "kill_settings",
    }
    return subprocess.Popen(
        [sys.executable, "-c", code.format()],
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
