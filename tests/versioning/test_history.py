"""The versions of an object: who changed what."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
from django.utils import timezone

from dolt_router import aliases, use_branch
from dolt_router.autocommit import AutoDoltCommit
from dolt_router.exceptions import (
    BranchDoesNotExist,
    DoltRouterError,
)
from dolt_router.models import Branch
from dolt_router.versioning.history import (
    MISSING,
    FieldChange,
    NotThere,
    as_of,
    blame,
    history_of,
    merge_base,
    restore,
)
from tests.conftest import MakeBranch
from tests.inventory.models import Device, Site, Tag
from tests.versioning.objects import ANN, BOB, KEYS, Part, Rack, change, head, sql, told

# -- history_of ---------------------------------------------------------------------------


def test_versions_newest_first_with_commit_author_date_and_message(dolt: None) -> None:
    start = timezone.now() - datetime.timedelta(seconds=1)
    with AutoDoltCommit("Found in the cellar", ANN) as unit:
        device = Device.objects.create(name="a")
    Device.objects.create(name="another")
    change(device, "Measured\n\nwith a ruler", BOB, height=3)
    measured, found = history_of(device)
    assert (found.commit_hash, found.author, found.kind) == (unit.commit_hash, ANN, "added")
    assert found.message == "Found in the cellar"
    assert (measured.commit_hash, measured.author) == (head(), BOB)
    assert (measured.subject, measured.kind) == ("Measured", "modified")
    assert measured.changes == [FieldChange("height", 1, 3)]
    assert start <= found.date <= measured.date <= timezone.now()
    assert found.date.utcoffset() == datetime.timedelta(0)
    assert {c.field: (c.old, c.new) for c in found.changes} == {
        "id": (MISSING, device.pk),
        "name": (MISSING, "a"),
        "height": (MISSING, 1),
    }


def test_deleted_and_added_again(dolt: None) -> None:
    device = Device.objects.create(name="a")
    pk = device.pk
    device.delete()
    with pytest.raises(ValueError, match="no primary key"):
        history_of(device)
    Device.objects.create(pk=pk, name="b")
    versions = history_of(Device(pk=pk))
    assert [version.kind for version in versions] == ["added", "deleted", "added"]
    assert FieldChange("name", "a", MISSING) in versions[1].changes


def test_pages(dolt: None) -> None:
    device = Device.objects.create(name="a")
    for height in range(2, 7):
        change(device, height=height)
    everything = history_of(device)
    assert len(everything) == 6
    first = history_of(device, limit=4)
    assert first == everything[:4]
    assert history_of(device, limit=4, before=first[-1].commit_hash) == everything[4:]
    assert history_of(device, before=everything[-1].commit_hash) == []


def test_object_on_a_branch_has_the_branchs_history(feature: str) -> None:
    device = Device.objects.using(feature).create(name="a")
    change(device, height=2)
    assert len(history_of(device)) == 2
    assert history_of(device, ref="main") == []
    assert history_of(Device(pk=device.pk)) == []
    with use_branch(feature):
        assert len(history_of(Device(pk=device.pk))) == 2
    assert len(history_of(device, ref=head(feature))) == 2
    with pytest.raises(BranchDoesNotExist, match='"nope"'):
        history_of(device, ref="nope")


def test_merge_that_only_brings_commits_is_no_version(feature: str) -> None:
    device = Device.objects.create(name="a")
    Branch.objects.get(name="main").merge(into=feature)
    change(device, "main's", ANN, height=2)
    change(Device.objects.using(feature).get(), "feature's", BOB, name="b")
    Device.objects.using(feature).create(name="new there")
    Branch.objects.get(name=feature).merge()
    assert {version.message for version in history_of(device)} == {
        "main's",
        "feature's",
        "Added 1 device",
    }
    new = Device.objects.get(name="new there")
    assert [version.kind for version in history_of(new)] == ["added"]


def test_merge_that_made_a_value_of_its_own_is_a_version(feature: str) -> None:
    device = Device.objects.create(name="a")
    Branch.objects.get(name="main").merge(into=feature)
    change(device, height=2)
    change(Device.objects.using(feature).get(), height=3)
    with connections["default"].plain_sql(), connection.cursor() as cursor:
        cursor.execute("START TRANSACTION")
        cursor.execute("CALL dolt_merge(%s)", [feature])
        cursor.execute("UPDATE inventory_device SET height = 5")
        cursor.execute("DELETE FROM dolt_conflicts_inventory_device")
        cursor.execute("CALL dolt_commit('-A', '-m', 'Settle it', '--author', %s)", [BOB])
        cursor.execute("COMMIT")
    newest = history_of(device)[0]
    assert (newest.message, newest.changes) == ("Settle it", [FieldChange("height", 2, 5)])
    assert blame(device)["height"].message == "Settle it"


def test_foreign_keys_are_keys_and_shown_by_the_names_of_then(dolt: None) -> None:
    ann = User.objects.create(username="ann")
    device = Device.objects.create(name="a")
    other = Device.objects.create(name="its own name")
    change(device, owner=ann)
    version = history_of(device)[0]
    assert version.changes == [FieldChange("owner", None, ann.pk)]
    assert version.texts(version.changes[0]) == ("", "ann")
    assert history_of(other)[0].texts(FieldChange("height", MISSING, 1)) == ("-", "1")


def test_many_to_many_rows_are_sets_of_keys(dolt: None) -> None:
    device = Device.objects.create(name="a")
    red, blue = Tag.objects.create(name="red"), Tag.objects.create(name="blue")
    with AutoDoltCommit("Tag it"):
        device.tags.add(red, blue)
    red_pk = red.pk
    device.tags.remove(red)
    red.delete()
    removed, tagged, _added = history_of(device)
    assert (removed.kind, tagged.message) == ("modified", "Tag it")
    assert tagged.changes == [FieldChange("tags", frozenset(), frozenset({red_pk, blue.pk}))]
    assert removed.changes[0].new == frozenset({blue.pk})
    assert tagged.texts(tagged.changes[0])[1].count("Tag object") == 2


def test_multi_table_inheritance_and_python_types(scratch: None) -> None:
    uid, day = uuid.uuid4(), datetime.date(2024, 2, 29)
    lease = datetime.timedelta(days=400, microseconds=7)
    rack = Rack.objects.create(
        pk=next(KEYS), title="r", price=Decimal("1.50"), data={"u": [1, None]}, uid=uid
    )
    with AutoDoltCommit("All of it"):
        rack.title, rack.price, rack.data, rack.live = "R", Decimal("2.25"), "text", False
        rack.bought, rack.lease, rack.state, rack.blob = day, lease, "s", b"\x00\xff"
        rack.save()
    modified, added = history_of(rack)
    before = {c.field: c.new for c in added.changes}
    assert before["data"] == {"u": [1, None]} and before["live"] is True
    assert before["price"] == Decimal("1.50") and type(before["price"]) is Decimal
    assert before["uid"] == uid
    assert before["created"].utcoffset() == datetime.timedelta(0)
    after = {c.field: c.new for c in modified.changes}
    assert after.pop("changed") == rack.changed
    assert after == {
        "title": "R",
        "price": Decimal("2.25"),
        "data": "text",
        "live": False,
        "bought": day,
        "lease": lease,
        "state": "s",
        "blob": b"\x00\xff",
    }
    shown = {c.field: modified.texts(c) for c in modified.changes}
    assert shown["state"] == ("Active", "Spare")
    assert blame(rack)["uid"].commit_hash == added.commit_hash


def test_renamed_added_and_dropped_columns(scratch: None) -> None:
    part = Part.objects.create(pk=next(KEYS), name="a")
    sql("ALTER TABLE histories_part DROP COLUMN name")
    sql("ALTER TABLE histories_part ADD COLUMN label varchar(20) NOT NULL DEFAULT 'x'")
    sql("UPDATE histories_part SET label = 'b'")
    sql("ALTER TABLE histories_part ADD COLUMN gone json FIRST")
    sql("ALTER TABLE histories_part RENAME COLUMN label TO name")
    change(part, name="c")
    sql("ALTER TABLE histories_part DROP COLUMN gone")
    change(part, name="d")
    assert [(v.kind, *(c for c in v.changes if c.field == "name")) for v in history_of(part)] == [
        ("modified", ("name", "c", "d")),
        ("modified", ("name", "b", "c")),
        ("modified", ("name", "x", "b")),
        ("modified", ("name", MISSING, "x")),
        ("modified", ("name", "a", MISSING)),
        ("added", ("name", MISSING, "a")),
    ]


def test_column_that_was_not_there_yet_is_missing_not_none(scratch: None) -> None:
    part = Part.objects.create(pk=next(KEYS), name="a")
    sql("ALTER TABLE histories_part DROP COLUMN name")
    without = head()
    sql("ALTER TABLE histories_part ADD COLUMN name varchar(20) NULL")
    change(part, name="b")
    assert told(history_of(part, limit=1)) == [("modified", {"name": (None, "b")})]
    view = as_of(part, without)
    assert view.get_deferred_fields() == {"name"} and view.pk == part.pk
    with pytest.raises(NotThere, match='"name"'):
        restore(part, without, fields=["name"])
    assert restore(part, without) is None


def test_history_goes_on_before_the_table_and_its_key_were_renamed(scratch: None) -> None:
    part = Part.objects.create(pk=next(KEYS), name="a")
    sql("DROP TABLE histories_rack_parts")
    sql(
        "CREATE TABLE old_part (number int PRIMARY KEY, name varchar(20))",
        "INSERT INTO old_part VALUES (77, 'first')",
        "UPDATE old_part SET name = 'second'",
        "DROP TABLE histories_part",
        "RENAME TABLE old_part TO histories_part",
        "ALTER TABLE histories_part RENAME COLUMN number TO id",
        "ALTER TABLE histories_part MODIFY COLUMN id bigint",
        "UPDATE histories_part SET name = 'third'",
    )
    assert told(history_of(Part(pk=77))) == [
        ("modified", {"name": ("second", "third")}),
        ("modified", {"name": ("first", "second")}),
        ("added", {"id": (MISSING, 77), "name": (MISSING, "first")}),
    ]
    assert blame(Part(pk=77))["id"].kind == "added"
    assert history_of(part) == []  # another table had that name, and was dropped


def test_column_of_another_type_then(scratch: None) -> None:
    part = Part.objects.create(pk=next(KEYS), name="12")
    sql("ALTER TABLE histories_part MODIFY COLUMN name int")
    change(part, name=13)
    assert history_of(part)[0].changes == [FieldChange("name", 12, 13)]


def test_shared_model_has_no_history(dolt: None) -> None:
    with pytest.raises(DoltRouterError, match="shared"):
        history_of(User.objects.create(username="ann"))


def test_rows_that_are_not_committed_yet_are_not_in_the_history(dolt: None) -> None:
    device = Device.objects.create(name="a")
    with AutoDoltCommit("later"):
        Device.objects.update(height=9)
        assert len(history_of(device)) == 1
    assert len(history_of(device)) == 2


def test_name_that_went_over_to_another_column(scratch: None) -> None:
    part = Part.objects.create(pk=next(KEYS), name="a")
    sql(
        "ALTER TABLE histories_part RENAME COLUMN name TO title",
        "ALTER TABLE histories_part ADD COLUMN name varchar(20) NOT NULL DEFAULT ''",
        "ALTER TABLE histories_part RENAME COLUMN name TO label",
        "ALTER TABLE histories_part RENAME COLUMN title TO name",
    )
    assert told(history_of(part)) == [("added", {"id": (MISSING, part.pk), "name": (MISSING, "a")})]
    assert as_of(part, history_of(part)[0].commit_hash).name == "a"


# -- blame --------------------------------------------------------------------------------


def test_blame_names_the_last_change_of_each_field(dolt: None) -> None:
    with AutoDoltCommit("make", ANN):
        device = Device.objects.create(name="a")
    change(device, "taller", BOB, height=2)
    with AutoDoltCommit("tag", BOB):
        device.tags.add(Tag.objects.create(name="red"))
    found = blame(device)
    assert {name: (v.message, v.author) for name, v in found.items()} == {
        "id": ("make", ANN),
        "name": ("make", ANN),
        "site": ("make", ANN),
        "owner": ("make", ANN),
        "height": ("taller", BOB),
        "tags": ("tag", BOB),
    }
    assert found["height"].changes == [FieldChange("height", 1, 2)]
    with pytest.raises(NotThere, match="does not exist"):
        blame(Device(pk=device.pk + 999))


def test_blame_follows_each_value_to_the_side_it_came_from(feature: str) -> None:
    with AutoDoltCommit("make", ANN):
        device = Device.objects.create(name="a")
    Branch.objects.get(name="main").merge(into=feature)
    there = Device.objects.using(feature).get()
    change(there, "feature's height", BOB, height=7)
    change(there, "back again", BOB, height=1)
    change(device, "main's name", ANN, name="main")
    change(there, "feature's height again", BOB, height=8)
    Branch.objects.get(name=feature).merge()
    Site.objects.create(name="a commit that does not touch it")
    found = blame(device)
    assert found["name"].message == "main's name"
    assert found["height"].message == "feature's height again"
    assert found["id"].message == "make"


# -- merge_base ---------------------------------------------------------------------------


def test_merge_base(make_branch: MakeBranch) -> None:
    Device.objects.create(name="a")
    base = head()
    name = make_branch()
    Device.objects.create(name="b")
    Device.objects.using(name).create(name="c")
    assert merge_base("main", name) == base == merge_base(name, "main")
    assert merge_base("main", base) == base
    with pytest.raises(BranchDoesNotExist):
        merge_base("main", "nope")


def test_asking_leaves_no_connection_of_its_own(feature: str) -> None:
    device = Device.objects.using(feature).create(name="a")
    history_of(device)
    blame(device)
    as_of(device, feature)
    open_ones = [w for w in aliases.handler()._state().wrappers.values() if w.connection]
    assert len(open_ones) <= 2
