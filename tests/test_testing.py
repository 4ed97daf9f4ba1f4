"""What the package ships for the tests of a site."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import MySQLdb
import psutil
import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.db import connections, transaction
from django.test import Client, SimpleTestCase, TestCase

from dolt_router import current_branch, use_branch
from dolt_router.contrib.cache import make_key
from dolt_router.exceptions import UnsupportedServer
from dolt_router.models import Branch, Commit
from dolt_router.testing import BranchTestCase, DoltServer
from dolt_router.testing.binary import DoltNotFound, find_binary
from tests.inventory.models import Device


class BranchCase(BranchTestCase):
    """`BranchTestCase` as a site would use it."""

    def test_runs_on_a_branch_of_its_own_with_real_commits(self) -> None:
        assert current_branch() == self.branch
        before = Commit.objects.on(self.branch).count()
        with transaction.atomic():
            Device.objects.create(name="a")
        assert Commit.objects.on(self.branch).count() == before + 1
        assert not Device.objects.using("default/main").exists()

    def test_request_without_a_branch_is_on_it_too(self) -> None:
        assert Client().get("/names/").json()["branch"] == self.branch


class ListedBranchCase(TestCase):
    """Django's own TestCase, with a branch among its databases: all of it is rolled back."""

    databases = {"default", "feature/listed"}

    @classmethod
    def setUpClass(cls) -> None:
        Branch.objects.create(name="feature/listed", start_point="main")
        super().setUpClass()

    @classmethod
    def tearDownClass(cls) -> None:
        super().tearDownClass()
        Branch.objects.get(name="feature/listed").delete(force=True)

    @classmethod
    def setUpTestData(cls) -> None:
        cls.device = Device.objects.using("feature/listed").create(name="set up")

    def test_first(self) -> None:
        self.write_and_check()

    def test_second(self) -> None:
        self.write_and_check()

    def write_and_check(self) -> None:
        before = Commit.objects.on("feature/listed").count()
        with use_branch("feature/listed"):
            Device.objects.create(name="rolled back")
        self.assertEqual(Device.objects.using("feature/listed").count(), 2)
        self.assertEqual(Device.objects.count(), 0)
        self.assertEqual(Commit.objects.on("feature/listed").count(), before)


def test_fixture_gives_a_branch(dolt_branch: str) -> None:
    assert current_branch() == dolt_branch
    Device.objects.create(name="a")
    assert not Device.objects.using("default/main").exists()


def test_no_branch_of_an_earlier_test_is_left(dolt: None) -> None:
    assert [branch.name for branch in Branch.objects.all()] == ["main"]


def test_server_keeps_data_over_kill_and_restart(tmp_path: Path) -> None:
    with DoltServer(tmp_path / "data") as server, DoltServer() as other:
        assert server.port != other.port
        connection = MySQLdb.connect(host=server.host, port=server.port, user="root")
        connection.cursor().execute("CREATE DATABASE kept")
        server.kill()
        with pytest.raises(MySQLdb.Error):
            MySQLdb.connect(host=server.host, port=server.port, user="root")
        server.restart()
        MySQLdb.connect(host=server.host, port=server.port, user="root", database="kept")
    with pytest.raises(MySQLdb.Error):
        MySQLdb.connect(host=server.host, port=server.port, user="root")


def test_inserts_at_once_get_an_id_each(tmp_path: Path) -> None:
    with DoltServer(tmp_path / "data") as server:

        def connect() -> Any:
            return MySQLdb.connect(host=server.host, port=server.port, user="root", autocommit=True)

        first = connect().cursor()
        first.execute("CREATE DATABASE d")
        first.execute("CREATE TABLE d.t (id BIGINT AUTO_INCREMENT PRIMARY KEY, n INT)")
        first.execute("USE d")
        first.execute("CALL dolt_commit('-Am', 'table')")
        for _ in range(30):
            together = threading.Barrier(6)

            def insert(number: int, together: Any = together) -> int:
                cursor = connect().cursor()
                cursor.execute("USE d")
                together.wait()
                for _ in range(6):
                    cursor.execute("START TRANSACTION")
                    cursor.execute("INSERT INTO t (n) VALUES (%s)", [number])
                    cursor.execute("CALL dolt_commit('-Am', 'row')")
                    cursor.execute("COMMIT")
                return 6

            with ThreadPoolExecutor(6) as pool:
                assert sum(pool.map(insert, range(6))) == 36
        first.execute("SELECT COUNT(*) FROM t")
        assert first.fetchone() == (30 * 36,)


def test_server_in_the_environment_comes_first(
    dolt: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = connections.settings["default"]
    monkeypatch.delenv("DOLT_ROUTER_OWN_SERVER", raising=False)
    monkeypatch.setenv("DOLT_BIN", str(tmp_path / "missing"))
    with DoltServer() as server:
        assert (server.host, server.port) == (entry["HOST"], entry["PORT"])
        with pytest.raises(RuntimeError, match="data_dir"):
            server.kill()
        with pytest.raises(RuntimeError, match="DOLT_HOST"):
            server.restart()
    assert Device.objects.count() == 0  # and is not stopped


def test_stopped_server_leaves_nothing_behind() -> None:
    with DoltServer() as server:
        data = server.data_dir
    children = [p.info["cmdline"] or [] for p in psutil.process_iter(["cmdline"])]
    assert not data.exists()
    assert not [words for words in children if "send-metrics" in words]


def test_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with DoltServer() as server:
        with pytest.raises(RuntimeError, match="did not start on port"):
            DoltServer(tmp_path / "data", port=server.port).start()


def test_program_that_is_no_dolt_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOLT_BIN", str(tmp_path / "missing"))
    with pytest.raises(DoltNotFound, match="missing"):
        find_binary()


def test_server_that_is_not_dolt_is_refused_when_connecting(
    dolt: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dolt_router.backends.dolt import base

    with monkeypatch.context() as patch:
        patch.setattr(base, "_checked_servers", set())
        patch.setattr(base, "MINIMUM_DOLT_VERSION", (99, 0, 0))
        connections.close_all()
        with pytest.raises(UnsupportedServer, match=r"Dolt 99.0.0 or later .* \(found 1\."):
            Device.objects.count()


PINNED = """
from tests import settings
settings.DATABASES["pinned"] = {**settings.DATABASES["default"]}
settings.DATABASES["pinned"]["NAME"] += "/feature-x"
import django
django.setup()
from dolt_router import use_branch
from tests.inventory.models import Device
with use_branch("main"):
    Device.objects.using("pinned").create(name="a")
    device = Device.objects.using("pinned").get()
assert device._state.db == "pinned"
device.name = "b"
device.save()
print(Device.objects.using("feature-x").get().name, Device.objects.count())
"""


def test_pinned_alias_in_settings_is_its_branch(scratch_database: None) -> None:
    Branch.objects.create(name="feature-x")
    environment = {**os.environ, "TEST_DATABASE": str(connections.settings["default"]["NAME"])}
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(
        [sys.executable, "-c", PINNED], env=environment, cwd=root, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("b 0\n", "")


def test_cache_keys_keep_branches_apart(feature: str) -> None:
    cache = LocMemCache("branches", {"KEY_FUNCTION": make_key})
    cache.set("a", "main")
    with use_branch(feature):
        assert cache.get("a") is None
        cache.set("a", "feature")
    assert cache.get("a") == "main"


def test_test_cases_without_a_database_leave_a_branchs_connection_as_it_was(feature: str) -> None:
    class Case(SimpleTestCase):
        def test_nothing(self) -> None:
            pass

    connections[feature].ensure_connection()
    for _ in range(2):  # the first must not leave what the second takes for its own
        result = unittest.TestResult()
        unittest.TestSuite([Case("test_nothing")]).run(result)
        assert (result.testsRun, result.errors) == (1, [])
    assert not Device.objects.using(feature).exists()


def test_each_worker_of_xdist_has_a_server_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\ndolt_server = true\n")
    (tmp_path / "test_address.py").write_text(
        "import os, pathlib, time, pytest\n"
        "@pytest.mark.parametrize('number', range(8))\n"
        "def test_address(number, dolt_server, worker_id):\n"
        "    time.sleep(0.2)\n"
        "    assert str(dolt_server.port) == os.environ['DOLT_PORT']\n"
        "    pathlib.Path(worker_id).write_text(str(dolt_server.port))\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DOLT_", "PYTEST"))}
    for kept in ("DOLT_BIN", "DOLT_ROUTER_CACHE"):
        if kept in os.environ:
            environment[kept] = os.environ[kept]
    command = ["-m", "pytest", "-q", "-n", "2", "-p", "no:django", "-p", "no:asyncio"]
    done = subprocess.run(
        [sys.executable, *command, "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ports = [(tmp_path / worker).read_text() for worker in ("gw0", "gw1")]
    assert len(set(ports)) == 2
