"""An object as it was, and back to what it was."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from django.db.models import F
from django.test import override_settings
from django.utils import timezone

from dolt_router import use_branch
from dolt_router.autocommit import AutoDoltCommit
from dolt_router.exceptions import (
    BranchDoesNotExist,
    BranchNeedsMigration,
    BranchProtected,
    ReadOnlyRevision,
)
from dolt_router.models import Branch, Commit
from dolt_router.versioning.history import (
    FieldChange,
    NotThere,
    as_of,
    at,
    history_of,
    restore,
)
from tests.inventory.models import Device, Site, Tag
from tests.versioning.objects import BOB, KEYS, Part, Rack, change, head, sql

# -- as_of, at ----------------------------------------------------------------------------


def test_as_of_a_commit_tag_branch_and_datetime(feature: str) -> None:
    device = Device.objects.create(name="a", site=Site.objects.create(name="s"))
    first = head()
    moment = Commit.objects.on("main")[0].date
    sql("CALL dolt_tag('v1')")
    change(device, name="b")
    Site.objects.update(name="renamed")
    for point in (first, "v1", moment, timezone.make_naive(moment)):
        then = as_of(device, point)
        assert (then.name, then.site.name) == ("a", "s")
        assert then._state.db == f"default/{first}" and not then._state.adding
    assert as_of(device, "main").name == "b"
    with pytest.raises(ReadOnlyRevision):
        then.save()
    with pytest.raises(Device.DoesNotExist, match=feature):
        as_of(device, feature)
    with pytest.raises(NotThere, match="no commit at or before"):
        as_of(device, datetime.datetime(1999, 1, 1, tzinfo=datetime.timezone.utc))


def test_datetime_means_the_branch_then_not_what_was_merged_later(feature: str) -> None:
    device = Device.objects.create(name="a")
    Branch.objects.get(name="main").merge(into=feature)
    change(Device.objects.using(feature).get(), "on the branch", height=7)
    change(device, "on main", name="b")
    moment = Commit.objects.on("main")[0].date
    Branch.objects.get(name=feature).merge()
    assert as_of(device, moment).height == 1
    assert as_of(device, timezone.now()).height == 7
    assert at(Device.objects.all(), moment).get().height == 1


def test_as_of_through_renamed_columns(scratch: None) -> None:
    sql("ALTER TABLE histories_part RENAME COLUMN name TO label")
    sql("INSERT INTO histories_part (id, label) VALUES (999, 'then')")
    then = head()
    sql("ALTER TABLE histories_part RENAME COLUMN label TO name")
    part = Part.objects.get()
    change(part, name="now")
    assert as_of(part, then).name == "then"
    with pytest.raises(Exception, match="name") as caught:
        list(at(Part.objects.all(), then))
    assert not isinstance(caught.value, BranchNeedsMigration)


def test_at_puts_a_queryset_on_a_revision(feature: str) -> None:
    Device.objects.create(name="a")
    first = head()
    Device.objects.update(height=F("height") + 1)
    Device.objects.using(feature).create(name="there")
    then = at(Device.objects.filter(name="a"), first)
    assert [device.height for device in then] == [1]
    assert as_of(Device.objects, first).get().height == 1
    assert at(Device.objects.all(), feature).get().name == "there"
    assert not at(Device.objects.using(feature), timezone.now()).filter(name="a").exists()
    with pytest.raises(ReadOnlyRevision):
        then.update(height=2)
    with pytest.raises(BranchDoesNotExist):
        at(Device.objects.all(), "nope")


# -- restore ------------------------------------------------------------------------------


def test_restore_one_field_is_one_commit(dolt: None) -> None:
    device = Device.objects.create(name="a")
    first = head()
    change(device, name="b", height=9)
    made = restore(device, first, fields=["height"], author=BOB)
    assert made == head()
    newest = history_of(device)[0]
    assert newest.author == BOB and newest.changes == [FieldChange("height", 9, 1)]
    assert newest.message == f"Restore height of device to {first[:8]}"
    assert Device.objects.get().name == "b"
    assert restore(device, first, fields=["height"]) is None
    assert restore(device, first, message="all") == head()
    assert Device.objects.get().name == "a"
    with pytest.raises(ValueError, match='no stored field "heigth"'):
        restore(device, first, fields=["heigth"])


def test_restore_on_the_branch_of_the_object(feature: str) -> None:
    Device.objects.create(name="a")
    first = head()
    Branch.objects.get(name="main").merge(into=feature)
    there = Device.objects.using(feature).get()
    change(there, height=4)
    before = head()
    assert restore(there, first) == head(feature)
    assert Device.objects.using(feature).get().height == 1
    assert head() == before
    change(there, height=5)
    with use_branch(feature):
        assert restore(as_of(there, first), first) == head(feature)
    there.refresh_from_db()
    assert there.height == 1


def test_deleted_object_comes_back_with_its_many_to_many_rows(dolt: None) -> None:
    site = Site.objects.create(name="s")
    device = Device.objects.create(name="a", height=3, site=site)
    device.tags.add(Tag.objects.create(name="red"), Tag.objects.create(name="blue"))
    then, pk = head(), device.pk
    Device.objects.get(pk=pk).delete()
    with pytest.raises(ValueError, match="deleted"):
        restore(device, then, fields=["height"])
    before = Commit.objects.on("main").count()
    assert restore(Device(pk=pk), then) == head()
    assert Commit.objects.on("main").count() == before + 1
    back = Device.objects.get()
    assert (back.pk, back.name, back.height, back.site) == (pk, "a", 3, site)
    assert {tag.name for tag in back.tags.all()} == {"red", "blue"}


def test_what_it_pointed_to_must_exist_still(dolt: None) -> None:
    site, tag = Site.objects.create(name="s"), Tag.objects.create(name="t")
    device = Device.objects.create(name="a", site=site)
    device.tags.add(tag)
    then = head()
    change(device, site=None)
    Tag.objects.all().delete()
    with pytest.raises(NotThere, match="tag"):
        restore(device, then)
    Site.objects.all().delete()
    before = head()
    with pytest.raises(NotThere, match="site"):
        restore(device, then)
    assert head() == before and Device.objects.get().site is None


def test_restore_of_what_did_not_exist_is_refused(dolt: None) -> None:
    first = head()
    device = Device.objects.create(name="a")
    before = head()
    with pytest.raises(NotThere, match="does not exist at"):
        restore(device, first)
    assert head() == before


def test_restore_puts_inherited_and_automatic_fields_back_exactly(scratch: None) -> None:
    rack = Rack.objects.create(pk=next(KEYS), title="r", price=Decimal("1.50"), data={"a": 1})
    then = head()
    created, changed, pk = rack.created, rack.changed, rack.pk
    rack.title, rack.data = "other", None
    rack.save()
    assert restore(rack, then) == head()
    rack.refresh_from_db()
    assert (rack.title, rack.data, rack.changed) == ("r", {"a": 1}, changed)
    Rack.objects.get().delete()
    restore(Rack(pk=pk), then)
    back = Rack.objects.get()
    assert (back.title, back.price, back.created) == ("r", Decimal("1.50"), created)
    assert back.changed == changed


def test_restore_inside_a_unit_of_work_is_part_of_its_commit(dolt: None) -> None:
    device = Device.objects.create(name="a")
    first = head()
    change(device, height=9)
    before = Commit.objects.on("main").count()
    with AutoDoltCommit("outer"):
        Site.objects.create(name="s")
        assert restore(device, first) is None
    assert Commit.objects.on("main").count() == before + 1
    assert Device.objects.get().height == 1


def test_restore_on_a_protected_branch_is_refused(dolt: None) -> None:
    device = Device.objects.create(name="a")
    first = head()
    changed = change(device, height=9)
    with override_settings(DOLT_ROUTER={"PROTECTED_BRANCHES": ["main"]}):
        with pytest.raises(BranchProtected):
            restore(device, first)
    assert head() == changed
