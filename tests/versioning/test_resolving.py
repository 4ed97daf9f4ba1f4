"""A side taken for a whole table: the same rows as when each is resolved by itself."""

from __future__ import annotations

import datetime
import random
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connections
from django.db.backends.utils import CursorWrapper

from dolt_router.autocommit import AutoDoltCommit
from dolt_router.exceptions import MergeConflict
from dolt_router.models import Branch
from dolt_router.versioning.conflicts import UNRESOLVED, RowConflict, conflicts, key_text
from dolt_router.versioning.merges import merge
from dolt_router.versioning.resolving import Sides
from tests.inventory.models import Device, Site, Tag
from tests.versioning.objects import Rack

VALUES: dict[str, list[Any]] = {
    "price": [None, Decimal("0.10"), Decimal("0.1"), Decimal("99999.99")],
    "data": [None, {"a": 1}, {"a": 1, "b": [None, "ü"]}, [], "text", 0],
    "uid": [None, uuid.UUID(int=1), uuid.UUID(int=2)],
    "bought": [None, datetime.date(2024, 2, 29), datetime.date(1999, 1, 1)],
    "lease": [None, datetime.timedelta(days=-1, microseconds=3), datetime.timedelta(0)],
    "state": ["a", "s", "A"],
    "live": [True, False],
}


def disturb(alias: str, keys: list[int], chance: random.Random) -> None:
    with AutoDoltCommit(f"On {alias}", branch=alias.partition("/")[2]):
        for key in keys:
            names = chance.sample(sorted(VALUES), 3)
            rows = Rack.objects.using(alias).filter(pk=key)
            rows.update(**{name: chance.choice(VALUES[name]) for name in names})


def contents(branch: str, model: Any) -> list[tuple[Any, ...]]:
    names = [field.attname for field in model._meta.local_concrete_fields]
    rows = model._base_manager.using(f"default/{branch}").order_by("pk")
    return list(rows.values_list(*names))


def sent_while_merging(*args: Any, **options: Any) -> int:
    """The number of statements that write rows or forget conflicts."""
    count = 0
    original: Any = CursorWrapper._execute  # type: ignore[attr-defined]

    def execute(self: Any, sql: str, *rest: Any) -> Any:
        nonlocal count
        count += str(sql).split()[0] in ("UPDATE", "INSERT", "DELETE")
        return original(self, sql, *rest)

    CursorWrapper._execute = execute  # type: ignore[attr-defined]
    try:
        merge(*args, **options)
    finally:
        CursorWrapper._execute = original  # type: ignore[attr-defined]
    return count


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_values_of_all_types_are_as_row_by_row(scratch: None, side: str) -> None:
    chance = random.Random(side)
    keys = [Rack.objects.create(title=f"r{n}").pk for n in range(40)]
    Branch.objects.create(name="start")
    for name in ("theirs", "one", "two"):
        Branch.objects.create(name=name, start_point="start")
    disturb("default/theirs", keys, chance)
    seed = chance.random()
    for name in ("one", "two"):
        disturb(f"default/{name}", keys, random.Random(seed))
    assert len(list(conflicts("theirs", "one", table=Rack._meta.db_table))) > 9

    sent = sent_while_merging("theirs", "one", resolve=side)
    merge("theirs", "two", resolve=lambda conflict: side)

    assert contents("one", Rack) == contents("two", Rack)
    assert sent < 9


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_rows_that_went_or_came_on_a_side(dolt: None, side: str) -> None:
    tags = [Tag.objects.create(name=f"t{n}") for n in range(3)]
    devices = Device.objects.bulk_create([Device(name=f"d{n}", height=1) for n in range(12)])
    keys = [device.pk for device in Device.objects.order_by("pk")]
    Branch.objects.create(name="start")
    for name in ("theirs", "one", "two"):
        Branch.objects.create(name=name, start_point="start")
        rows = Device.objects.using(f"default/{name}")
        here = name == "theirs"
        mark = "t" if here else "o"
        with AutoDoltCommit(f"On {name}", branch=name):
            rows.filter(pk__in=keys[:4]).update(height=2 if here else 3)
            if here:
                rows.filter(pk__in=keys[2:4]).update(name="named there")
            gone, kept = (keys[4:6], keys[6:8]) if here else (keys[6:8], keys[4:6])
            rows.filter(pk__in=gone).delete()
            rows.filter(pk__in=kept).update(height=9)
            rows.bulk_create([Device(pk=9000 + n, name=f"{mark}{n}") for n in range(3)])
            rows.filter(pk=keys[8]).update(name="ALPHA" if here else "alpha")
            Tag.objects.using(f"default/{name}").filter(pk=tags[0].pk).update(name=mark)
    assert len(devices) == 12

    sent_while_merging("theirs", "one", resolve=side)
    merge("theirs", "two", resolve=lambda conflict: side)

    assert contents("one", Device) == contents("two", Device)
    heights = {pk: height for pk, *_rest, height in contents("one", Device)}
    gone = keys[6:8] if side == "ours" else keys[4:6]
    assert not heights.keys() & set(gone)
    assert [heights[key] for key in keys[:4]] == [3 if side == "ours" else 2] * 4
    named = Device.objects.using("default/one").get(pk=keys[2]).name
    assert named == "named there"


def test_row_that_needs_another_table_first_is_let_in(dolt: None) -> None:
    site = Site.objects.create(name="Zurich")
    device = Device.objects.create(name="a", height=1)
    Branch.objects.create(name="side")
    there = Device.objects.using("default/side")
    with AutoDoltCommit("There", branch="side"):
        there.filter(pk=device.pk).update(site_id=site.pk, height=2)
        Site.objects.using("default/side").filter(pk=site.pk).update(name="Bern")
    Device.objects.filter(pk=device.pk).update(height=3)
    site_key = site.pk
    site.delete()
    merge("side", "main", resolve="theirs")
    assert Device.objects.get(pk=device.pk).site_id == site_key
    assert Site.objects.get(pk=site_key).name == "Bern"


class Excepting(Sides):
    """All of theirs, but what `rows` says of some."""

    def __init__(self, rows: dict[str, Any]) -> None:
        super().__init__({}, "theirs")
        self.rows, self.begun = rows, ("", "")

    def begin(self, source_hash: str, into_hash: str) -> None:
        self.begun = (source_hash, into_hash)

    def exceptions(self, table: str) -> list[str]:
        return list(self.rows)

    def __call__(self, conflict: RowConflict) -> Any:
        return self.rows.get(key_text(conflict.key), "theirs")


def test_single_rows_may_be_excepted(dolt: None) -> None:
    keys = [Device.objects.create(name=f"d{n}", height=1).pk for n in range(6)]
    Branch.objects.create(name="side")
    with AutoDoltCommit("There", branch="side"):
        Device.objects.using("default/side").update(height=2)
    with AutoDoltCommit("Here"):
        Device.objects.update(height=3)
        Device.objects.filter(pk=keys[4]).delete()
    heads = Branch.objects.get(name="side").hash, Branch.objects.get(name="main").hash
    text = [key_text({"id": key}) for key in keys]

    with pytest.raises(MergeConflict) as caught:
        merge("side", "main", resolve=Excepting({text[0]: UNRESOLVED}))
    assert caught.value.tables == {"inventory_device": 1}
    chosen = Excepting({text[0]: "ours", text[1]: {"height": 7}, text[2]: None, text[4]: "ours"})
    sent = sent_while_merging("side", "main", resolve=chosen)

    assert chosen.begun == heads
    assert dict(Device.objects.values_list("pk", "height")) == {
        keys[0]: 3,
        keys[1]: 7,
        keys[3]: 2,
        keys[5]: 2,
    }
    assert sent < 9


def test_many_rows_by_a_callable_are_all_resolved(dolt: None) -> None:
    Device.objects.bulk_create([Device(name=f"d{n}", height=1) for n in range(130)])
    Branch.objects.create(name="side")
    with AutoDoltCommit("There", branch="side"):
        Device.objects.using("default/side").update(height=2)
    Device.objects.update(height=3)
    odd = {device.pk for device in Device.objects.all() if device.pk % 2}
    with pytest.raises(MergeConflict) as caught:
        merge("side", "main", resolve=lambda c: UNRESOLVED if c.key["id"] in odd else "theirs")
    assert caught.value.tables == {"inventory_device": len(odd)}
    merge("side", "main", resolve=lambda c: "ours" if c.key["id"] in odd else "theirs")
    assert {d.height for d in Device.objects.all() if d.pk in odd} == {3}
    assert {d.height for d in Device.objects.all() if d.pk not in odd} == {2}


@pytest.mark.parametrize("added_on", ["side", "main"])
@pytest.mark.parametrize("resolve", ["theirs", lambda conflict: "theirs"])
def test_column_that_one_side_added_is_no_conflict(dolt: None, added_on: str, resolve: Any) -> None:
    device = Device.objects.create(name="a", height=1)
    Branch.objects.create(name="side")
    Device.objects.filter(pk=device.pk).update(height=3)
    Device.objects.using("default/side").filter(pk=device.pk).update(height=2)
    with connections[f"default/{added_on}"].cursor() as cursor:
        cursor.execute("ALTER TABLE inventory_device ADD colour varchar(9)")
        cursor.execute("UPDATE inventory_device SET colour = 'red'")
    try:
        (conflict,) = Branch.objects.get(name="side").conflicts()
        assert [each.field for each in conflict.fields] == ["height"]
        merge("side", "main", resolve=resolve)
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT height, colour FROM inventory_device")
            assert list(cursor.fetchall()) == [(2, "red")]
    finally:
        connections.close_all()
        with connections["default"].cursor() as cursor:
            try:
                cursor.execute("ALTER TABLE inventory_device DROP COLUMN colour")
            except DatabaseError:
                pass
