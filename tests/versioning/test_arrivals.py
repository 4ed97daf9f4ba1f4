"""Migrations that a merge brings to main: content types and permissions follow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connections
from django.test import override_settings

from dolt_router.models import Branch
from dolt_router.versioning.merges import merge, sync


@pytest.fixture
def renamed(feature: str) -> Iterator[str]:
    """A branch on which the model Tag is called Label."""
    call_command("migrate", verbosity=0)  # a flush took the content types
    with override_settings(MIGRATION_MODULES={"inventory": "tests.inventory.renaming"}):
        sync(feature)
        call_command("migrate", "inventory", database=feature, verbosity=0)
        yield feature
        ContentType.objects.filter(app_label="inventory", model="label").delete()
        call_command("migrate", "inventory", "0001", verbosity=0)


def test_content_type_of_a_renamed_model_is_renamed_by_the_merge(renamed: str) -> None:
    types = ContentType.objects.filter(app_label="inventory")
    before = types.get(model="tag").pk
    merge(renamed, "main")
    assert types.get(model="label").pk == before
    assert "inventory_label" in connections["default"].introspection.table_names()


def test_permissions_that_are_missing_are_made_by_the_merge(renamed: str) -> None:
    Permission.objects.filter(codename__endswith="_device").delete()
    merge(renamed, "main")
    assert Permission.objects.filter(codename__endswith="_device").count() == 4


def test_content_type_used_under_the_new_name_already_stays(renamed: str) -> None:
    types = ContentType.objects.filter(app_label="inventory")
    old, new = types.get(model="tag").pk, types.create(app_label="inventory", model="label").pk
    merge(renamed, "main")
    assert types.get(pk=old).model == "tag" and types.get(pk=new).model == "label"


def test_merge_into_another_branch_leaves_them_alone(renamed: str) -> None:
    Branch.objects.create(name="other")
    merge(renamed, "other")
    assert ContentType.objects.filter(app_label="inventory", model="tag").exists()
