"""A backup brings back all of a database: branches, tags, shared rows, what isn't committed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connections

from dolt_router.exceptions import DoltRouterError, RemoteError
from dolt_router.models import Branch, Commit, Tag
from dolt_router.versioning import backups
from dolt_router.versioning.sharing import status
from tests.inventory.models import Site


def everything() -> Any:
    """What a reader sees of the database, and what isn't committed."""
    listed = sorted(Branch.objects.values_list("name", "hash"))
    return (
        listed,
        sorted(Tag.objects.values_list("name", flat=True)),
        {name: sorted(Site.objects.using(name).values_list("name")) for name, _hash in listed},
        {name: status(name) for name, _hash in listed},
        sorted(Group.objects.values_list("name", flat=True)),
        sorted(Group.objects.using("side").values_list("name", flat=True)),
    )


@pytest.fixture
def backup(scratch_database: None, tmp_path: Path) -> str:
    """The path of a backup of a database with a branch, a tag, and an uncommitted row."""
    Site.objects.create(name="kept")
    Group.objects.create(name="kept")
    Branch.objects.create(name="side", start_point="main")
    Site.objects.using("side").create(name="on the side")
    call_command("dolt", "tag", "v1", "side")
    with connections["side"].plain_sql(), connections["side"].cursor() as cursor:
        cursor.execute("INSERT INTO inventory_site (name) VALUES ('uncommitted')")
    path = str(tmp_path / "backup.db")
    assert backups.create(path).endswith(path)
    return path


def test_restore_brings_back_what_was_there_and_nothing_since(backup: str) -> None:
    before = everything()
    Site.objects.create(name="later")
    Group.objects.all().delete()
    Branch.objects.create(name="later", start_point="main")
    Branch.objects.get(name="side").delete(force=True)
    backups.restore(backup, force=True)
    assert everything() == before
    assert before[3]["side"]  # the uncommitted row is among it


def test_restored_database_takes_writes(backup: str) -> None:
    backups.restore(backup, force=True)
    site = Site.objects.create(name="new")
    Group.objects.create(name="new")
    assert site.pk not in Site.objects.exclude(name="new").values_list("pk", flat=True)
    assert Commit.objects.on("main")[0].message == "Added 1 site"
    assert Group.objects.using("side").filter(name="new").exists()


def test_restore_over_a_database_asks_for_force(backup: str) -> None:
    Site.objects.create(name="later")
    before = everything()
    with pytest.raises(DoltRouterError, match="exist"):
        backups.restore(backup)
    assert everything() == before


def test_restore_of_nothing_leaves_the_database(backup: str, tmp_path: Path) -> None:
    before = everything()
    with pytest.raises(DoltRouterError, match="nothing"):
        backups.restore(str(tmp_path / "nothing"), force=True)
    assert everything() == before


def test_backup_to_what_is_no_place_is_refused(scratch_database: None) -> None:
    if not connections["default"].engine.backup_files:
        with pytest.raises(RemoteError):
            backups.create("nowhere://x")
    else:
        with pytest.raises(DoltRouterError, match="There is no folder"):
            backups.create("/nowhere/x")
