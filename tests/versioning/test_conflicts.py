"""Conflicts as objects, and ways to resolve them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from dolt_router.autocommit import AutoDoltCommit
from dolt_router.exceptions import BranchNeedsMigration, MergeConflict
from dolt_router.models import Branch, Commit
from dolt_router.versioning.conflicts import UNRESOLVED, FieldConflict, RowConflict
from dolt_router.versioning.sharing import status
from tests.inventory.models import Device, Site, Tag


@pytest.fixture
def devices(dolt: None) -> dict[str, int]:
    """`main` and `side` disagree about three devices: changed, deleted there, deleted here."""
    keys = {}
    for name in ("changed", "gone there", "gone here", "untouched"):
        keys[name] = Device.objects.create(name=name, height=1).pk
    Branch.objects.create(name="side", start_point="main")
    ours, theirs = Device.objects.using("default/main"), Device.objects.using("side")
    ours.filter(name="changed").update(height=2)
    theirs.filter(name="changed").update(height=3, name="renamed there")
    ours.filter(name="gone there").update(height=2)
    theirs.filter(name="gone there").delete()
    ours.filter(name="gone here").delete()
    theirs.filter(name="gone here").update(height=3)
    return keys


def state() -> dict[str, int]:
    return dict(Device.objects.values_list("name", "height"))


def merge(resolve: Any) -> None:
    Branch.objects.get(name="side").merge(resolve=resolve, message="Resolved")


def test_conflicts_show_each_row_and_field(devices: dict[str, int]) -> None:
    found = {c.key["id"]: c for c in Branch.objects.get(name="side").conflicts()}
    assert {key: c.kind for key, c in found.items()} == {
        devices["changed"]: "modify/modify",
        devices["gone there"]: "modify/delete",
        devices["gone here"]: "delete/modify",
    }
    changed = found[devices["changed"]]
    assert changed.table == "inventory_device" and changed.model is Device
    assert changed.fields == [FieldConflict("height", 1, 2, 3)]
    assert changed.theirs is not None and changed.theirs["name"] == "renamed there"
    assert found[devices["gone there"]].theirs is None
    assert status("main") == []


@pytest.mark.parametrize(
    ("resolve", "expected"),
    [
        ("ours", {"renamed there": 2, "gone there": 2, "untouched": 1}),
        ("theirs", {"renamed there": 3, "gone here": 3, "untouched": 1}),
        ({"inventory_device": "theirs"}, {"renamed there": 3, "gone here": 3, "untouched": 1}),
        (
            lambda c: {"height": 9},
            {"renamed there": 9, "gone there": 9, "gone here": 9, "untouched": 1},
        ),
        (lambda c: None, {"untouched": 1}),
        (
            lambda c: {"height": max(f.ours for f in c.fields) * 10} if c.fields else "theirs",
            {"renamed there": 20, "gone here": 3, "untouched": 1},
        ),
    ],
    ids=["ours", "theirs", "by table", "values", "delete", "callable"],
)
def test_resolved_merge_is_one_merge_commit(
    devices: dict[str, int], resolve: Any, expected: dict[str, int]
) -> None:
    merge(resolve)
    assert state() == expected
    head = Commit.objects.on("main")[0]
    assert head.message == "Resolved" and len(head.parents()) == 2
    assert status("main") == []
    assert Branch.objects.get(name="side").merge().up_to_date


@pytest.mark.parametrize("strategy", ["merge", "no-ff", "squash"])
def test_merge_resolved_to_what_was_there_is_finished(dolt: None, strategy: str) -> None:
    device = Device.objects.create(name="d", height=1)
    Branch.objects.create(name="side", start_point="main")
    Device.objects.update(height=2)
    Device.objects.using("side").filter(pk=device.pk).delete()
    side = Branch.objects.get(name="side")
    side.merge(resolve="ours", strategy=strategy)
    assert Device.objects.get().height == 2
    assert status("main") == []
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT is_merging FROM dolt_merge_status")
        assert cursor.fetchone() == (0,)
    if strategy != "squash":
        assert side.merge().up_to_date
    Device.objects.create(name="goes on")
    Branch.objects.create(name="next", start_point="side")
    Site.objects.using("next").create(name="s")
    Branch.objects.get(name="next").merge(resolve="ours")
    assert Site.objects.count() == 1 and status("main") == []


@pytest.mark.parametrize("left", ["changed", "gone there", "gone here"])
def test_what_stays_unresolved_stops_the_merge(devices: dict[str, int], left: str) -> None:
    before = state(), Commit.objects.on("main")[0]

    def resolve(conflict: RowConflict) -> Any:
        return UNRESOLVED if conflict.key["id"] == devices[left] else "ours"

    with pytest.raises(MergeConflict) as caught:
        merge(resolve)
    assert caught.value.tables == {"inventory_device": 1}
    assert (state(), Commit.objects.on("main")[0]) == before
    assert status("main") == []


@pytest.mark.parametrize(
    "resolve",
    ["mine", lambda c: {"colour": 1}, lambda c: {"id": 5}, lambda c: "both"],
    ids=["side", "column", "key", "answer"],
)
def test_resolution_that_is_none_is_refused(devices: dict[str, int], resolve: Any) -> None:
    before = state()
    with pytest.raises(ValueError):
        merge(resolve)
    assert state() == before and status("main") == []


def test_foreign_key_is_resolved_to_an_object_by_field_name(dolt: None) -> None:
    sites = [Site.objects.create(name=name) for name in "abc"]
    device = Device.objects.create(name="d", site=sites[0])
    Branch.objects.create(name="side", start_point="main")
    Device.objects.filter(pk=device.pk).update(site=sites[1])
    Device.objects.using("side").filter(pk=device.pk).update(site_id=sites[2].pk)
    merge(lambda conflict: {"site": sites[0]})
    assert Device.objects.get().site_id == sites[0].pk


def test_violations_are_told_by_kind(dolt: None) -> None:
    site = Site.objects.create(name="s")
    Branch.objects.create(name="side", start_point="main")
    Tag.objects.create(name="same")
    Tag.objects.using("side").create(name="same")
    Device.objects.using("side").create(name="d", site_id=site.pk)
    site.delete()
    with pytest.raises(MergeConflict, match="would break a constraint of") as caught:
        merge(None)
    kinds = {(v.table, v.kind) for v in caught.value.violations}
    assert kinds == {("inventory_tag", "unique index"), ("inventory_device", "foreign key")}
    assert "foreign key" in str(caught.value) and "unique index" in str(caught.value)
    assert not caught.value.schema_conflicts


def test_resolution_that_breaks_a_foreign_key_is_a_violation(devices: dict[str, int]) -> None:
    with pytest.raises(MergeConflict) as caught:
        merge(lambda conflict: {"site": 987654})
    assert [v.kind for v in caught.value.violations][:1] == ["foreign key"]
    assert status("main") == []


@pytest.mark.parametrize("resolve", ["ours", "theirs"])
@pytest.mark.parametrize("deleted_on", ["default/main", "side"])
def test_link_to_a_row_that_one_side_deleted_stands_or_falls_with_the_row(
    dolt: None, deleted_on: str, resolve: str
) -> None:
    pk, tag = Device.objects.create(name="d", height=1).pk, Tag.objects.create(name="t").pk
    Branch.objects.create(name="side", start_point="main")
    kept_on = "side" if deleted_on == "default/main" else "default/main"
    with AutoDoltCommit(branch=kept_on.removeprefix("default/")):
        Device.objects.filter(pk=pk).update(height=2)
        Device.objects.get(pk=pk).tags.add(tag)
    Device.objects.using(deleted_on).filter(pk=pk).delete()
    head = Commit.objects.on("main")[0]

    with pytest.raises(MergeConflict) as caught:
        merge(None)
    assert "inventory_device" in caught.value.tables
    if (resolve == "ours") == (kept_on == "default/main"):
        merge(resolve)
        assert Device.objects.get(pk=pk).height == 2
        assert Device.objects.get(pk=pk).tags.count() == 1
    else:
        with pytest.raises(MergeConflict) as caught:
            merge(resolve)
        assert [found.kind for found in caught.value.violations] == ["foreign key"]
        assert Commit.objects.on("main")[0] == head
    assert status("main") == []
    Device.objects.create(name="the session can go on writing")


def test_schema_conflict_is_told_as_such(dolt: None) -> None:
    Branch.objects.create(name="side", start_point="main")
    for branch, kind in (("default/main", "varchar(10)"), ("side", "int")):
        with connections[branch].cursor() as cursor:
            cursor.execute(f"ALTER TABLE inventory_site ADD colour {kind}")
    try:
        with pytest.raises(MergeConflict, match="schema of inventory_site") as caught:
            merge(None)
        assert list(caught.value.schema_conflicts) == ["inventory_site"]
        assert Branch.objects.get(name="side").preview_merge().schema_conflicts == [
            "inventory_site"
        ]
        assert status("main") == []
    finally:
        with connections["default"].cursor() as cursor:
            cursor.execute("ALTER TABLE inventory_site DROP COLUMN colour")


def test_many_conflicts_are_resolved_page_by_page(
    dolt: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dolt_router.versioning import conflicts

    monkeypatch.setattr(conflicts, "PAGE", 7)
    Device.objects.bulk_create([Device(name=f"d{i}", height=1) for i in range(40)])
    Branch.objects.create(name="side", start_point="main")
    Device.objects.update(height=2)
    Device.objects.using("side").update(height=3)
    assert len(list(Branch.objects.get(name="side").conflicts())) == 40
    odd = [d.pk for d in Device.objects.all() if d.pk % 2]

    def leave_odd(conflict: RowConflict) -> Any:
        return UNRESOLVED if conflict.key["id"] in odd else "theirs"

    with pytest.raises(MergeConflict) as caught:
        merge(leave_odd)
    assert caught.value.tables == {"inventory_device": len(odd)}
    merge("theirs")
    assert set(Device.objects.values_list("height", flat=True)) == {3}


def test_branch_behind_on_migrations_is_refused_with_the_command(
    scratch_database: None, dolt_command: Callable[..., str] | None = None
) -> None:
    Branch.objects.create(name="side", start_point="main")
    Site.objects.using("side").create(name="s")
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) "
            "VALUES ('inventory', '0002_later', '2026-01-01')"
        )
    with pytest.raises(BranchNeedsMigration, match="migrate --database=default/side") as caught:
        merge(None)
    assert caught.value.missing == ["inventory.0002_later"]
    Branch.objects.get(name="side").sync()
    merge(None)
    assert Site.objects.count() == 1


def test_table_made_on_both_sides_with_other_columns_is_a_schema_conflict(dolt: None) -> None:
    Branch.objects.create(name="side")
    for ref, kind in (("main", "INT"), ("side", "VARCHAR(9)")):
        with connections[ref].cursor() as cursor:
            cursor.execute(f"CREATE TABLE made_twice (id INT PRIMARY KEY, n {kind})")
    try:
        assert Branch.objects.get(name="side").preview_merge().schema_conflicts == ["made_twice"]
        with pytest.raises(MergeConflict, match="both changed the schema of made_twice") as caught:
            Branch.objects.get(name="side").merge()
        assert list(caught.value.schema_conflicts) == ["made_twice"]
    finally:
        with connections["main"].cursor() as cursor:
            cursor.execute("DROP TABLE made_twice")
