"""What two refs differ in, per table."""

from __future__ import annotations

import pytest
from django.db import connections

from dolt_router import use_branch
from dolt_router.exceptions import BranchDoesNotExist
from dolt_router.models import Branch
from dolt_router.versioning.diffs import TableChange, diff, schema_changes
from tests.inventory.models import Device, Site


def sql(branch: str, *statements: str) -> None:
    with connections[branch].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_rows_added_modified_and_deleted(dolt: None) -> None:
    for name in "abc":
        Device.objects.create(name=name)
    Branch.objects.create(name="x", start_point="main")
    with use_branch("x"):
        Device.objects.filter(name="a").update(height=9)
        Device.objects.filter(name="b").delete()
        Device.objects.create(name="d")
        Site.objects.create(name="s")
    assert Branch.objects.get(name="x").diff() == [
        TableChange("inventory_device", "modified", False, 1, 1, 1),
        TableChange("inventory_site", "modified", False, 1, 0, 0),
    ]
    assert diff("main", "main") == []


def test_schema_changes_are_told_apart_from_moved_counters(feature: str) -> None:
    sql(feature, "ALTER TABLE inventory_site ADD colour varchar(9) NOT NULL DEFAULT ''")
    Device.objects.using(feature).create(name="a")
    assert {(c.table, c.schema_changed) for c in diff("main", feature)} == {
        ("inventory_site", True),
        ("inventory_device", False),
    }


def test_tables_that_come_and_go(feature: str) -> None:
    sql(feature, "CREATE TABLE made (id int PRIMARY KEY)", "INSERT INTO made VALUES (1), (2)")
    sql(feature, "DROP TABLE inventory_device_tags")
    found = {change.table: change for change in diff("main", feature)}
    assert found["made"].kind == "added" and found["made"].rows_added == 2
    assert found["inventory_device_tags"].kind == "dropped"
    back = {change.table: change.kind for change in diff(feature, "main")}
    assert back == {"made": "dropped", "inventory_device_tags": "added"}


def test_table_without_a_key(feature: str) -> None:
    sql(feature, "CREATE TABLE loose (a int)", "INSERT INTO loose VALUES (1), (1)")
    (change,) = diff("main", feature)
    assert (change.table, change.rows_added) == ("loose", 2)


@pytest.mark.parametrize("refs", [("main", "nope"), ("nope", "main")])
def test_unknown_ref(dolt: None, refs: tuple[str, str]) -> None:
    with pytest.raises(BranchDoesNotExist, match='"nope"'):
        diff(*refs)


def test_schema_changes_show_both_definitions(feature: str) -> None:
    sql(
        feature,
        "ALTER TABLE inventory_site ADD colour varchar(9)",
        "CREATE TABLE made (id int PRIMARY KEY)",
        "DROP TABLE inventory_device_tags",
    )
    Device.objects.using(feature).create(name="only a row")
    found = {change.table: change for change in schema_changes("main", feature)}
    assert set(found) == {"inventory_site", "made", "inventory_device_tags"}
    assert "`colour`" not in str(found["inventory_site"].before)
    assert "`colour` varchar(9)" in str(found["inventory_site"].after)
    assert found["made"].before is None and found["inventory_device_tags"].after is None
