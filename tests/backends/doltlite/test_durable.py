"""Acknowledged is durable and attributed, with several processes and threads on one file."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from dolt_router.backends.doltlite.files import collections_file

from .conftest import Site

PROCESSES, THREADS, BRANCHES = 4, 8, 3  # threads of each process
GROWTH = 200_000  # bytes: garbage is collected all the time

# Writes units of two devices and one shared row until it is killed; says each that is done.
WORKER = """
import django; django.setup()
import os, sys, threading, uuid
from django.contrib.auth.models import Group
from dolt_router.autocommit import AutoDoltCommit
from tests.inventory.models import Device

stop = threading.Event()

def work(branches):
    number = 0
    while not stop.is_set():
        branch = branches[number % len(branches)]
        name, number = uuid.uuid4().hex, number + 1
        with AutoDoltCommit(name, branch=branch):
            Device.objects.create(name=f"{name}-a")
            Device.objects.bulk_create([Device(name=f"{name}-b")])
            Group.objects.create(name=name)
        os.write(1, f"{name} {branch}\\n".encode())

threads = [threading.Thread(target=work, args=(sys.argv[2:],)) for _ in range(int(sys.argv[1]))]
for thread in threads:
    thread.start()
sys.stdin.read()
stop.set()
for thread in threads:
    thread.join()
"""

CHECK = """
import django; django.setup()
import sys
from django.contrib.auth.models import Group
from dolt_router.models import Branch
from dolt_router.versioning.sharing import status
from django.db import connections

for branch in sys.argv[1:]:
    assert status(branch) == [], status(branch)
    with connections[branch].cursor() as cursor:
        cursor.execute("SELECT commit_hash, message FROM dolt_log")
        messages = dict(cursor.fetchall())
        cursor.execute(
            "SELECT to_commit, to_name FROM dolt_diff_inventory_device WHERE diff_type = 'added'"
        )
        for commit, name in cursor.fetchall():
            print(branch, messages[commit], name)
for name in Group.objects.values_list("name", flat=True):
    print("group", name, name)
"""


class Crew:
    """Worker processes, and what they said was done."""

    def __init__(self, site: Site, branches: list[str]) -> None:
        self.site, self.branches = site, branches
        self.said: list[Path] = []

    def start(self) -> subprocess.Popen[bytes]:
        """Start a worker."""
        path = self.site.folder / f"said-{len(self.said)}"
        self.said.append(path)
        with path.open("wb") as out, (self.site.folder / "errors").open("ab") as errors:
            return subprocess.Popen(
                [sys.executable, "-c", WORKER, str(THREADS), *self.branches],
                cwd=self.site.folder,
                env=self.site.env,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=errors,
            )

    def done(self) -> dict[str, str]:
        """The branch of each unit that was acknowledged, by its name."""
        lines = [line for path in self.said for line in path.read_text().splitlines()]
        return dict(line.split(" ") for line in lines)

    def wait_for(self, count: int) -> None:
        """Wait until this many units are done."""
        deadline = time.monotonic() + 90
        while len(self.done()) < count:
            errors = (self.site.folder / "errors").read_text()
            assert time.monotonic() < deadline, errors
            time.sleep(0.05)

    def check(self) -> None:
        """Every unit that was acknowledged is there, whole, on its branch, and in one commit."""
        shown = self.site.run("-c", CHECK, *self.branches)
        rows = [line.split(" ") for line in shown.splitlines()]
        groups = {name for place, name, _ in rows if place == "group"}
        found = Counter((place, message) for place, message, _ in rows if place != "group")
        for place, message, name in rows:
            if place != "group":
                assert name.partition("-")[0] == message  # in the commit of its own unit
        assert set(found.values()) <= {2}  # both devices or none
        for name, branch in self.done().items():
            assert found[branch, name] == 2 and name in groups
        for _branch, name in found:
            assert name in groups  # the shared row is committed first
        collected = Path(collections_file(str(self.site.database))).exists()
        assert collected == (str(GROWTH) in (self.site.folder / "embedded_settings.py").read_text())


@pytest.fixture(params=[0, GROWTH], ids=["no collections", "collections"])
def crew(migrated: Site, request: pytest.FixtureRequest) -> Crew:
    """Workers on a database with some branches; garbage is collected meanwhile, or not."""
    settings = migrated.folder / "embedded_settings.py"
    line = f'\nDATABASES["default"]["OPTIONS"] = {{"gc_growth": {request.param}}}\n'
    settings.write_text(settings.read_text() + line)
    branches = [f"b{number}" for number in range(BRANCHES)]
    for name in branches:
        migrated.manage("dolt", "branch", name)
    return Crew(migrated, branches)


def test_processes_and_threads_lose_and_misplace_nothing(crew: Crew) -> None:
    workers = [crew.start() for _ in range(PROCESSES)]
    crew.wait_for(150)
    for worker in workers:
        worker.communicate(b"")
        assert worker.returncode == 0, (crew.site.folder / "errors").read_text()
    crew.check()


def test_killed_writers_lose_and_misplace_nothing(crew: Crew) -> None:
    kills = int(os.environ.get("DOLT_ROUTER_TEST_KILLS", "5"))
    steady = crew.start()
    for _ in range(kills):
        victim = crew.start()
        crew.wait_for(len(crew.done()) + 8)
        time.sleep(random.uniform(0, 0.05))
        victim.send_signal(signal.SIGKILL)
        victim.wait()
    crew.wait_for(len(crew.done()) + 5)  # whoever is left goes on
    steady.communicate(b"")
    assert steady.returncode == 0, (crew.site.folder / "errors").read_text()
    crew.check()
