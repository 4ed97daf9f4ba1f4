"""The file is kept small while the site runs, and nobody's rows or requests suffer from it."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dolt_router.backends.doltlite import collecting
from dolt_router.backends.doltlite.collecting import NEVER, Collection, Housekeeper
from dolt_router.backends.doltlite.loading import load_driver

from .conftest import Site

MB = 2**20

# One device, whose name is long and changes with each commit: most of the file is garbage.
WRITE = """
import django; django.setup()
import sys
from django.db import connections
from tests.inventory.models import Site
site, _ = Site.objects.get_or_create(pk=1)
for number in range(int(sys.argv[1])):
    Site.objects.filter(pk=1).update(name=f"{number:0100d}")
from dolt_router.backends.doltlite.collecting import housekeeper
assert housekeeper._last or len(sys.argv) < 3, "no commit was noticed"
"""


def wait_until(condition: Callable[[], bool], why: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, why
        time.sleep(0.02)


def with_growth(site: Site, growth: int) -> Site:
    settings = site.folder / "embedded_settings.py"
    text = settings.read_text() + f'\nDATABASES["default"]["OPTIONS"] = {{"gc_growth": {growth}}}\n'
    settings.write_text(text)
    return site


def note_of(site: Site) -> Path:
    return Path(collecting.collections_file(str(site.database)))


def collector_is_running(site: Site) -> bool:
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes()
        except OSError:
            continue
        if b"collecting" in words and os.fsencode(site.database) in words:
            return True
    return False


def test_due_when_grown_by_so_many_bytes_and_by_half() -> None:
    assert not collecting.is_due(64 * MB - 1, NEVER, 64 * MB)
    assert collecting.is_due(64 * MB, NEVER, 64 * MB)
    large = Collection(200 * MB, 1.0)
    assert not collecting.is_due(299 * MB, large, 64 * MB)
    assert collecting.is_due(300 * MB, large, 64 * MB)
    assert not collecting.is_due(1000 * MB, large, 0)


def test_file_that_holds_little_garbage_is_due_later() -> None:
    tenth = Collection(200 * MB, 1.0, 0.1)
    assert not collecting.is_due(599 * MB, tenth, 64 * MB)
    assert collecting.is_due(600 * MB, tenth, 64 * MB)
    half = Collection(200 * MB, 1.0, 0.5)
    assert not collecting.is_due(399 * MB, half, 64 * MB)
    assert collecting.is_due(400 * MB, half, 64 * MB)


def test_writes_of_a_process_start_a_collector_that_outlives_it(migrated: Site) -> None:
    site = with_growth(migrated, 100_000)
    site.run("-c", WRITE, "200", "watched")
    wait_until(lambda: note_of(site).exists() and note_of(site).stat().st_size > 0, "no note")
    wait_until(lambda: not collector_is_running(site), "it doesn't end")
    size, _seconds, garbage = note_of(site).read_text().split()
    assert int(size) <= site.database.stat().st_size
    assert 0 < float(garbage) < 1
    assert len(json.loads(site.manage("dolt", "log", "-n", "1000", "--json"))) > 200
    files = {path.name for path in site.folder.iterdir() if "inventory.db" in path.name}
    assert files <= {
        "inventory.db",
        "inventory.db-shared",
        "inventory.db-shared-wal",
        "inventory.db-shared-shm",
        ".inventory.db-lock",
        ".inventory.db-gc",
    }


def test_growth_of_zero_collects_nothing(migrated: Site) -> None:
    site = with_growth(migrated, 0)
    site.run("-c", WRITE, "50")
    assert not note_of(site).exists() and not collector_is_running(site)


@pytest.mark.parametrize("growth", ["-1", "'64M'", "1.5"])
def test_growth_that_is_no_number_of_bytes_is_refused(site: Site, growth: str) -> None:
    settings = site.folder / "embedded_settings.py"
    line = f'\nDATABASES["default"]["OPTIONS"] = {{"gc_growth": {growth}}}\n'
    settings.write_text(settings.read_text() + line)
    code = (
        "import django; django.setup()\n"
        "from django.core.exceptions import ImproperlyConfigured\n"
        "from django.db import connection\n"
        "try: connection.ensure_connection()\n"
        "except ImproperlyConfigured as error: print(error)\n"
    )
    assert "is a number of bytes" in site.run("-c", code)


def test_two_collectors_do_the_work_once(migrated: Site) -> None:
    migrated.run("-c", WRITE, "50")
    inode = migrated.database.stat().st_ino
    words = [sys.executable, "-m", collecting.__name__, str(migrated.database), "1000"]
    running = [subprocess.Popen(words, env=migrated.env) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
    after = note_of(migrated).read_text()
    assert migrated.database.stat().st_ino != inode
    done = subprocess.run(words, env=migrated.env)
    assert done.returncode == 0 and note_of(migrated).read_text() == after


def filled(path: Path) -> Any:
    """A connection to a new file of about 20 MB, most of which is kept."""
    driver: Any = load_driver()
    connection = driver.connect(str(path), isolation_level=None)
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, text)")
    connection.execute("BEGIN IMMEDIATE")
    rows = ((os.urandom(100).hex(),) for _ in range(100_000))
    connection.executemany("INSERT INTO t (text) VALUES (?)", rows)
    connection.execute("SELECT dolt_commit('-A', '-m', 'rows')").fetchall()
    if connection.in_transaction:
        connection.execute("COMMIT")
    return connection


def test_collector_that_takes_too_long_ends_itself_and_leaves_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.db"
    connection = filled(path)
    size = path.stat().st_size
    words = [sys.executable, "-m", collecting.__name__, str(path), str(MB), "0.05"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == collecting.TOO_LONG
    assert done.stderr.startswith("It took longer than 0.05 seconds, and writers were waiting.")
    assert collecting.last_collection(str(path)) == Collection(size, 0.05)
    connection.execute("UPDATE t SET text = '' WHERE id = 1")
    assert connection.execute("SELECT count(*) FROM t").fetchall() == [(100_000,)]
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert {each.name for each in tmp_path.iterdir()} <= {
        "large.db",
        ".large.db-lock",
        ".large.db-gc",
    }
    connection.execute("SELECT dolt_gc()").fetchall()  # it holds nobody up from its grave
    # From now on it is left to a quiet hour.
    monkeypatch.setattr(Housekeeper, "_run", lambda *words: pytest.fail("it was started again"))
    with path.open("r+b") as file:
        file.truncate(2 * size)
    with caplog.at_level(logging.WARNING, "dolt_router"):
        Housekeeper().after_commit(str(path), MB, 0.2)
    assert "Run `manage.py dolt gc` in a quiet hour." in caplog.text


def test_collector_waits_for_its_turn_and_is_not_charged_for_that(tmp_path: Path) -> None:
    path = tmp_path / "busy.db"
    connection = filled(path)
    inode = path.stat().st_ino
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE t SET text = '' WHERE id = 1")
    words = [sys.executable, "-m", collecting.__name__, str(path), str(MB), "5"]
    collector = subprocess.Popen(words)
    with pytest.raises(subprocess.TimeoutExpired):
        collector.wait(7)
    assert path.stat().st_ino == inode
    connection.execute("COMMIT")
    assert collector.wait(60) == 0
    assert path.stat().st_ino != inode


def test_collector_of_a_file_that_is_gone_makes_none(tmp_path: Path) -> None:
    path = tmp_path / "gone.db"
    done = subprocess.run(
        [sys.executable, "-m", collecting.__name__, str(path)], capture_output=True
    )
    assert done.returncode != 0
    assert not path.exists()


def test_file_that_would_keep_writers_waiting_is_left_to_a_quiet_hour(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = str(tmp_path / "large.db")
    with open(database, "wb") as file:
        file.truncate(300 * MB)
    collecting.note(database, Collection(100 * MB, 4.0))
    started = []
    monkeypatch.setattr(Housekeeper, "_run", lambda *words: started.append(words))
    keeper = Housekeeper()
    with caplog.at_level(logging.WARNING, "dolt_router"):
        keeper.after_commit(database, 64 * MB, 20)
        keeper.after_commit(database, 64 * MB, 20)
    assert [record.message for record in caplog.records] == [
        f'"{database}" has grown to 300 MB, and collecting its garbage may keep writers waiting '
        "for 12 seconds. Run `manage.py dolt gc` in a quiet hour."
    ]
    assert started == []


def test_gc_command_tells_the_sizes_and_notes_them(migrated: Site) -> None:
    migrated.run("-c", WRITE, "200")
    before = migrated.database.stat().st_size
    told = json.loads(migrated.manage("dolt", "gc", "--json"))
    assert told["before"] == before and told["after"] == migrated.database.stat().st_size
    assert told["after"] < before
    assert note_of(migrated).read_text().split()[0] == str(told["after"])
    assert "before," in migrated.manage("dolt", "gc")


# Begins a write, and collects in the same thread; and while another thread is at it.
OWN = """
import django; django.setup()
from django.db import transaction
from dolt_router.exceptions import AnotherBranchIsWriting
from dolt_router.models import Branch
from dolt_router.versioning.resets import collect_garbage
from tests.inventory.models import Site
Branch.objects.create(name="side")
for alias in ("default", "side"):
    try:
        with transaction.atomic(using=alias):
            Site.objects.using(alias).create(name="s")
            collect_garbage()
    except AnotherBranchIsWriting:
        print("refused")
    assert not Site.objects.using(alias).exists()
"""


def test_collection_inside_a_transaction_that_writes_is_refused_at_once(migrated: Site) -> None:
    assert migrated.run("-c", OWN).split() == ["refused", "refused"]
