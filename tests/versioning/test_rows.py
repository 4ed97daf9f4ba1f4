"""Row by row: what two refs differ in, and its exports."""

from __future__ import annotations

import csv
import json

import pytest
from django.contrib.auth import get_user_model
from django.db import connections

from dolt_router import use_branch
from dolt_router.exceptions import BranchDoesNotExist
from dolt_router.models import Branch, Commit
from dolt_router.versioning.exports import csv_lines, json_lines, sql_lines
from dolt_router.versioning.rows import (
    MISSING,
    FieldChange,
    RowChange,
    all_changes,
    names_of_related,
    page_of_changes,
    row_changes,
)
from tests.inventory.models import Device, Site, Tag


def sql(branch: str, *statements: str) -> None:
    with connections[branch].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def changes(table: str = "inventory_device", branch: str = "feature/x") -> list[RowChange]:
    return list(row_changes("main", branch, table))


def test_rows_have_their_fields_as_python_values(feature: str) -> None:
    site = Site.objects.create(name="s")
    kept = Device.objects.create(name="kept", site=site)
    gone = Device.objects.create(name="gone")
    Branch.objects.create(name="side", start_point="main")
    with use_branch("side"):
        Device.objects.filter(pk=kept.pk).update(height=9, site=None)
        Device.objects.filter(pk=gone.pk).delete()
        made = Device.objects.create(name="made")
    found = {row.pk: row for row in changes(branch="side")}
    assert {pk: row.kind for pk, row in found.items()} == {
        kept.pk: "modified",
        gone.pk: "removed",
        made.pk: "added",
    }
    assert sorted(found[kept.pk].fields) == [
        FieldChange("height", 1, 9),
        FieldChange("site", site.pk, None),
    ]
    assert found[made.pk].get("name") == FieldChange("name", None, "made")
    assert found[gone.pk].get("name") == FieldChange("name", "gone", None)
    assert found[kept.pk].model is Device
    assert found[kept.pk].get("name") is None


def test_change_has_the_object_before_and_after(feature: str) -> None:
    device = Device.objects.create(name="d", height=1)
    Branch.objects.create(name="side", start_point="main")
    with use_branch("side"):
        Device.objects.update(height=2)
        Device.objects.create(name="made", site=Site.objects.create(name="s"))
    Device.objects.create(name="main only")
    changed, made = list(row_changes("main", "side", Device, symmetric=True))
    assert isinstance(changed.old, Device) and isinstance(changed.new, Device)
    assert (changed.old, changed.old.height, changed.new.height) == (device, 1, 2)
    assert changed.new._state.db == "default/side"
    assert made.old is None and isinstance(made.new, Device)
    assert made.new.site.name == "s"
    (gone,) = [r for r in row_changes("side", "main", Device) if r.get("name")][:1]
    assert gone.new is None or gone.old is None


def test_page_is_cut_by_the_server(feature: str) -> None:
    with use_branch(feature):
        Device.objects.bulk_create([Device(name=f"d{i:02}") for i in range(25)])
    pages = [page_of_changes("main", feature, Device, limit=10, offset=o) for o in (0, 10, 20, 30)]
    assert [len(page) for page in pages] == [10, 10, 5, 0]
    assert [row for page in pages for row in page] == changes()


def test_many_to_many_is_folded_into_its_object(feature: str) -> None:
    with use_branch(feature):
        tags = [Tag.objects.create(name=name) for name in "ab"]
        device = Device.objects.create(name="d")
        device.tags.set(tags)
    (row,) = [row for row in all_changes("main", feature) if row.table == "inventory_device"]
    assert row.get("tags") == FieldChange("tags", set(), {tag.pk for tag in tags})
    before = Commit.objects.on(feature)[0].commit_hash
    with use_branch(feature):
        device.tags.remove(tags[0])
    assert list(all_changes(before, feature)) == [
        RowChange(
            "inventory_device",
            "modified",
            {"id": device.pk},
            [FieldChange("tags", {tags[0].pk}, set())],
        )
    ]
    raw = list(all_changes(before, feature, fold=False))
    assert [row.table for row in raw] == ["inventory_device_tags"]


def test_foreign_keys_are_shown_by_name(feature: str) -> None:
    user = get_user_model().objects.create_user("joe")
    with use_branch(feature):
        site = Site.objects.create(name="s")
        Device.objects.create(name="d", site=site, owner=user)
    found = names_of_related(changes(), feature)
    assert found[Site, site.pk] == str(site)
    assert found[get_user_model(), user.pk] == "joe"


def test_column_that_did_not_exist_is_missing_rather_than_none(feature: str) -> None:
    Site.objects.using(feature).create(name="s")
    before = Commit.objects.on(feature)[0].commit_hash
    sql(feature, "ALTER TABLE inventory_site ADD colour varchar(9)")
    sql(feature, "UPDATE inventory_site SET colour = 'red'")
    (row,) = row_changes(before, feature, "inventory_site")
    assert row.fields == [FieldChange("colour", MISSING, "red")]
    assert not MISSING and repr(MISSING) == "<missing>"


def test_table_without_a_model_or_a_key(feature: str) -> None:
    sql(feature, "CREATE TABLE loose (a int, b text)", "INSERT INTO loose VALUES (1, 'x')")
    (row,) = row_changes("main", feature, "loose")
    assert (row.model, row.pk, row.kind) == (None, None, "added")
    assert row.fields == [FieldChange("a", None, 1), FieldChange("b", None, "x")]


def test_dropped_table_shows_its_rows_as_removed(feature: str) -> None:
    Tag.objects.using(feature).create(name="t")
    before = Commit.objects.on(feature)[0].commit_hash
    sql(feature, "DROP TABLE inventory_device_tags", "DROP TABLE inventory_tag")
    (row,) = row_changes(before, feature, "inventory_tag")
    assert row.kind == "removed" and row.get("name") == FieldChange("name", "t", None)


def test_working_set_against_the_head(feature: str) -> None:
    with connections[feature].plain_sql(), connections[feature].cursor() as cursor:
        cursor.execute("INSERT INTO inventory_site (name) VALUES ('uncommitted')")
    (row,) = row_changes(feature, "WORKING", Site)
    assert row.get("name") == FieldChange("name", None, "uncommitted")


def test_three_dots_leave_out_what_the_other_side_did(feature: str) -> None:
    Site.objects.create(name="on main")
    Site.objects.using(feature).create(name="on feature")
    two = [row.kind for row in row_changes("main", feature, Site)]
    three = [row.kind for row in row_changes("main", feature, Site, symmetric=True)]
    assert sorted(two) == ["added", "removed"] and three == ["added"]


def test_unknown_ref(dolt: None) -> None:
    with pytest.raises(BranchDoesNotExist):
        list(row_changes("main", "nope", Device))
    with pytest.raises(BranchDoesNotExist):
        page_of_changes("nope", "main", Device)


def test_exports(feature: str) -> None:
    with use_branch(feature):
        Device.objects.create(name='a "quoted", name')
        Site.objects.create(name="s")
    lines = [json.loads(line) for line in json_lines(all_changes("main", feature))]
    assert [line["table"] for line in lines] == ["inventory_device", "inventory_site"]
    assert lines[0]["fields"]["name"] == {"old": None, "new": 'a "quoted", name'}
    table = list(csv.DictReader(csv_lines(all_changes("main", feature))))
    assert {"table": "inventory_site", "field": "name", "new": "s"}.items() <= table[-1].items()
    patch = "".join(sql_lines("main", feature))
    assert "INSERT INTO `inventory_site`" in patch
    assert "inventory_site" not in "".join(sql_lines("main", feature, tables=["inventory_device"]))


def test_sql_patch_makes_one_into_the_other(feature: str) -> None:
    with use_branch(feature):
        Device.objects.create(name="it's; DROP")
        sql(feature, "ALTER TABLE inventory_site ADD colour varchar(9)")
    statements = list(sql_lines("main", feature))
    from dolt_router.versioning.diffs import diff

    Branch.objects.create(name="copy", start_point="main")
    sql("copy", *statements)
    assert diff("copy", feature) == []
