"""A backup is the database as it was at one moment, both files and every branch of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import Site
from .test_durable import WORKER

WRITE = """
import django; django.setup()
from django.contrib.auth.models import Group
from dolt_router.models import Branch
from tests.inventory.models import Site
Site.objects.create(name="kept")
Group.objects.create(name="kept")
Branch.objects.create(name="side")
Site.objects.using("side").create(name="side only")

"""
LATER = """
import django; django.setup()
from django.contrib.auth.models import Group
from tests.inventory.models import Site
Site.objects.create(name="later")
Group.objects.create(name="later")
"""
SHOW = """
import django; django.setup()
from django.contrib.auth.models import Group
from dolt_router.models import Branch
from dolt_router.versioning.sharing import status
from tests.inventory.models import Site
for branch in Branch.objects.all():
    names = Site.objects.using(branch.name).order_by("name").values_list("name", flat=True)
    print(branch.name, branch.hash, *names, *status(branch.name), sep="|")
print(*Group.objects.order_by("name").values_list("name", flat=True))
"""
# Each unit is two devices on a branch and a group of the same name.
WHOLE = """
import django; django.setup()
import sys
from django.contrib.auth.models import Group
from dolt_router.versioning.sharing import status
from tests.inventory.models import Device
groups = set(Group.objects.values_list("name", flat=True))
units = set()
for branch in sys.argv[1:]:
    assert status(branch) == []
    names = set(Device.objects.using(branch).values_list("name", flat=True))
    assert len(names) % 2 == 0
    units |= {name.partition("-")[0] for name in names}
assert units == groups, (len(units), len(groups))
print(len(units))
"""


def at(site: Site, database: Path) -> Site:
    """The same project on another file."""
    settings = site.folder / "embedded_settings.py"
    settings.write_text(
        settings.read_text() + f'\nDATABASES["default"]["NAME"] = {str(database)!r}\n'
    )
    return site


def refused(site: Site, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", "dolt", "backup", *words],
        cwd=site.folder,
        env=site.env,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 128, done.stdout + done.stderr
    return done.stderr


def test_backup_is_a_database_with_every_branch_and_the_shared_rows(migrated: Site) -> None:
    migrated.run("-c", WRITE)
    shown = migrated.run("-c", SHOW)
    backup = migrated.folder / "backup.db"
    told = json.loads(migrated.manage("dolt", "backup", "create", str(backup), "--json"))
    assert told == {"backup": str(backup)}
    migrated.run("-c", LATER)
    assert migrated.run("-c", SHOW) != shown
    assert at(migrated, backup).run("-c", SHOW) == shown
    left = {path.name for path in migrated.folder.iterdir() if "backup" in path.name}
    assert left <= {"backup.db", "backup.db-shared", ".backup.db-lock"} | {
        f"backup.db-shared{end}" for end in ("-wal", "-shm")
    }


def test_backup_is_restored_over_the_database_and_where_there_is_none(migrated: Site) -> None:
    migrated.run("-c", WRITE)
    shown = migrated.run("-c", SHOW)
    backup = str(migrated.folder / "backup.db")
    migrated.manage("dolt", "backup", "create", backup)
    migrated.run("-c", LATER)
    assert "would be lost" in refused(migrated, "restore", backup)
    assert "later" in migrated.run("-c", SHOW)
    migrated.manage("dolt", "backup", "restore", backup, "--force")
    assert migrated.run("-c", SHOW) == shown
    migrated.run("-c", LATER)
    elsewhere = at(migrated, migrated.folder / "elsewhere.db")
    assert elsewhere.manage("dolt", "backup", "restore", backup).startswith("Restored")
    assert elsewhere.run("-c", SHOW) == shown


def test_open_connections_go_on_with_what_was_restored(migrated: Site) -> None:
    backup = str(migrated.folder / "backup.db")
    code = (
        "import django; django.setup()\n"
        "import subprocess, sys\n"
        "from django.contrib.auth.models import Group\n"
        "from tests.inventory.models import Site\n"
        "def manage(*words):\n"
        "    command = [sys.executable, 'manage.py', 'dolt', 'backup', *words]\n"
        "    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)\n"
        "Site.objects.create(name='kept'); Group.objects.create(name='kept')\n"
        f"manage('create', {backup!r})\n"
        "Site.objects.create(name='later'); Group.objects.create(name='later')\n"
        f"manage('restore', {backup!r}, '--force')\n"
        "for model in (Site, Group): print(*model.objects.values_list('name', flat=True))\n"
        "Site.objects.create(name='new'); Group.objects.create(name='new')\n"
    )
    assert migrated.run("-c", code).split() == ["kept", "kept"]
    shown = migrated.run("-c", SHOW)
    assert "|kept|new" in shown and "kept new" in shown


def test_backups_made_while_processes_write_are_whole(migrated: Site) -> None:
    branches = ["a", "b"]
    for name in branches:
        migrated.manage("dolt", "branch", name)
    words = [sys.executable, "-c", WORKER, "2", *branches]
    said = migrated.folder / "said"
    with said.open("wb") as out:
        workers = [
            subprocess.Popen(
                words, cwd=migrated.folder, env=migrated.env, stdin=subprocess.PIPE, stdout=out
            )
            for _ in range(2)
        ]
    paths = [migrated.folder / f"backup-{number}.db" for number in range(4)]
    counts = []
    for path in paths:
        before = len(said.read_bytes().splitlines())
        deadline = time.monotonic() + 60
        while len(said.read_bytes().splitlines()) < before + 10:
            assert time.monotonic() < deadline
        migrated.manage("dolt", "backup", "create", str(path))
    for worker in workers:
        worker.communicate(b"")
        assert worker.returncode == 0
    for path in paths:
        counts.append(int(at(migrated, path).run("-c", WHOLE, *branches)))
    assert counts == sorted(counts) and counts[0] > 0


@pytest.mark.parametrize("taken", ["backup.db", "backup.db-shared"])
def test_backup_over_a_file_is_refused(migrated: Site, taken: str) -> None:
    (migrated.folder / taken).write_text("mine")
    words = refused(migrated, "create", str(migrated.folder / "backup.db"))
    assert f'{taken}" exists already' in words
    assert (migrated.folder / taken).read_text() == "mine"


def test_backup_into_a_folder_that_is_missing_is_refused(migrated: Site) -> None:
    assert "There is no folder" in refused(migrated, "create", "missing/backup.db")
    assert not (migrated.folder / "missing").exists()


def test_what_is_no_backup_is_not_restored(migrated: Site) -> None:
    shown = migrated.run("-c", SHOW)
    (migrated.folder / "text").write_text("no database")
    (migrated.folder / "text-shared").write_text("nor this")
    for path in ("missing.db", "text", "plain.sqlite3"):
        assert "is no backup" in refused(migrated, "restore", path, "--force")
    words = refused(migrated, "restore", str(migrated.database), "--force")
    assert "is the database itself" in words
    assert migrated.run("-c", SHOW) == shown
