"""Rows that migrations of a branch write: versioned ones on it, shared ones where they live."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import override_settings

from dolt_router.models import Commit
from dolt_router.versioning.sharing import status
from tests.inventory.models import Site


@pytest.fixture
def migrated(feature: str) -> Iterator[str]:
    Permission.objects.filter(codename__endswith="_site").delete()
    with override_settings(MIGRATION_MODULES={"inventory": "tests.inventory.writing"}):
        call_command("migrate", "inventory", database=feature, verbosity=0)
        yield feature
        call_command("migrate", "inventory", "0001", database=feature, verbosity=0)


def names(branch: str) -> list[str]:
    return list(Site.objects.using(branch).order_by("id").values_list("name", flat=True))


def test_rows_written_without_an_alias_are_on_the_branch(migrated: str) -> None:
    assert names(migrated) == ["by default", "by alias"]
    assert names("main") == []
    assert Commit.objects.on(migrated)[0].message == "Migrate inventory.0002_rows"
    assert status(migrated) == [] and status("main") == []


def test_shared_rows_written_with_the_branchs_alias_are_in_the_shared_table(migrated: str) -> None:
    assert set(Group.objects.values_list("name", flat=True)) == {"one", "second", "four"}


def test_permissions_that_a_migration_makes_are_made(migrated: str) -> None:
    assert Permission.objects.filter(codename__endswith="_site").count() == 4


def test_a_migration_goes_backwards_on_the_branch(migrated: str) -> None:
    call_command("migrate", "inventory", "0001", database=migrated, verbosity=0)
    assert names(migrated) == []
    assert not Group.objects.exists()
    assert Commit.objects.on(migrated)[0].message == "Unmigrate inventory.0002_rows"


def test_a_command_on_a_branch_leaves_the_active_branch_as_it_was(migrated: str) -> None:
    Site.objects.create(name="on main")
    assert names("main") == ["on main"]
    assert "on main" not in names(migrated)
