"""Queries over several tables, and slices of them, that Dolt by itself answers wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import IntegrityError, connection, models
from django.db.models import (
    Count,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    Sum,
    Value,
)
from django.db.models.functions import Chr, ExtractMonth, ExtractYear, Now, Sign, StrIndex
from django.test.utils import isolate_apps

from dolt_router import use_branch
from dolt_router.exceptions import OutOfRange
from tests.inventory.models import Device, Site, Tag

from .things import ROWS, UTC


@pytest.fixture(params=["main", "feature/x"])
def inventory(request: Any, feature: str) -> Iterator[str]:
    """Sites a, b, c with 2, 1 and no devices; on the default branch and on another."""
    with use_branch(request.param):
        a, b, _ = [Site.objects.create(name=name) for name in "abc"]
        red, blue = Tag.objects.create(name="red"), Tag.objects.create(name="blue")
        for name, site, tags in (("d1", a, [red, blue]), ("d2", a, [red]), ("d3", b, [])):
            Device.objects.create(name=name, site=site, height=int(name[1])).tags.set(tags)
        yield request.param


def names(queryset: Any) -> list[str]:
    return list(queryset.values_list("name", flat=True))


def test_condition_on_an_outer_join_holds_before_a_join_that_orders(inventory: str) -> None:
    red, blue = Tag.objects.order_by("-name")
    found = (
        Device.objects.filter(tags=red)
        .filter(Q(name="d9") | Q(tags=blue))
        .order_by("site__name", "name")
    )
    assert names(found) == ["d1"]


def test_outer_join_with_two_conditions_keeps_the_last_row(inventory: str) -> None:
    tall = FilteredRelation("devices", condition=Q(devices__height__gt=100))
    found = Site.objects.annotate(tall=tall).order_by("pk").values_list("name", "tall__name")
    assert list(found) == [("a", None), ("b", None), ("c", None)]
    nothing = FilteredRelation("devices", condition=Q(pk=-1))
    assert names(Site.objects.annotate(lost=nothing).filter(lost=None).order_by("pk")) == [*"abc"]


def test_slice_without_an_end_is_sorted(inventory: str) -> None:
    assert names(Device.objects.order_by("-name")[1:]) == ["d2", "d1"]
    assert [d.site.name for d in Device.objects.select_related("site").order_by("-name")[1:]] == [
        "a",
        "a",
    ]
    assert Device.objects.order_by("-name")[1:].count() == 2
    inner = Device.objects.order_by("-name")[1:]
    assert names(
        Device.objects.filter(pk__in=list(inner.values("pk").values_list("pk", flat=True)))
    )


def test_slice_with_a_distant_end_leaves_the_server_alive(inventory: str) -> None:
    assert names(Device.objects.order_by("name")[: 2**31]) == ["d1", "d2", "d3"]
    assert names(Device.objects.order_by("name")[1 : 2**31]) == ["d2", "d3"]


def test_exists_is_compared_with_a_value(inventory: str) -> None:
    devices = Exists(Device.objects.filter(site=OuterRef("pk")))
    assert names(Site.objects.filter(Q(devices) & ~Q(name="a"))) == ["b"]
    assert names(Site.objects.annotate(has=devices).filter(has=Q(name="c"))) == []


def test_exists_over_several_tables_finds_a_row_once(inventory: str) -> None:
    red = Tag.objects.filter(
        Q(devices__site=OuterRef("pk")) | Q(devices__height=OuterRef("pk")), devices__height__gt=0
    )
    assert names(Site.objects.filter(Exists(red)).order_by("name")) == ["a"]
    user = User.objects.create_user("ann")
    group = Group.objects.create(name="g")
    user.groups.add(group)
    for codename in ("view_site", "add_site"):
        permission = Permission.objects.get(codename=codename)
        group.permissions.add(permission)
        user.user_permissions.add(permission)
    found = User.objects.with_perm("inventory.view_site", include_superusers=False)
    assert list(found) == [user]


def test_group_by_a_condition_on_another_table(inventory: str) -> None:
    has = Exists(Device.objects.filter(site=OuterRef("pk")))
    found = Site.objects.annotate(has=has).values("has").annotate(n=Count("pk")).order_by("has")
    assert [(bool(row["has"]), row["n"]) for row in found] == [(False, 1), (True, 2)]


def test_facets_of_a_filter_over_another_table_are_counted(inventory: str) -> None:
    sites = [
        Site.objects.annotate(n=Count("devices")).filter(n__gte=1, name__startswith=name)
        for name in ("", "a", "x" * 200)
    ]
    counts = {f"c{n}": Count("pk", filter=Q(pk__in=found)) for n, found in enumerate(sites)}
    assert Site.objects.aggregate(**counts) == {"c0": 2, "c1": 1, "c2": 0}


def test_raw_sql_is_refused_still_when_it_leaves_a_column_out_of_the_groups(inventory: str) -> None:
    Site.objects.values("name").annotate(n=Count("pk")).count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@sql_mode")
        assert "ONLY_FULL_GROUP_BY" in cursor.fetchone()[0]


@pytest.mark.parametrize("change", [-1, F("height") - 2, F("height") - F("height") - 1])
def test_number_below_zero_is_refused_by_a_positive_field(inventory: str, change: Any) -> None:
    device = Device.objects.get(name="d1")
    device.height = change
    with pytest.raises(IntegrityError) as caught:
        device.save()
    assert isinstance(caught.value, OutOfRange)
    assert Device.objects.get(name="d1").height == 1


def test_difference_of_positive_fields_is_negative(inventory: str) -> None:
    found = Device.objects.order_by("name").annotate(rest=F("height") - 2)
    assert list(found.values_list("rest", flat=True)) == [-1, 0, 1]
    Device.objects.update(height=F("height") + 1)
    assert Device.objects.aggregate(sum=Sum("height"))["sum"] == 9


def test_letters_have_their_numbers(inventory: str) -> None:
    found = Site.objects.filter(name="a").annotate(x=Chr(Value(233)), y=Chr(Value(97)))
    assert found.values_list("x", "y").get() == ("\u00e9", "a")
    assert names(Site.objects.filter(name=Chr(Value(97)))) == ["a"]
    assert Site.objects.filter(name="a").annotate(i=StrIndex("name", Value("a"))).get().i == 1


def test_sign_of_a_fraction(inventory: str) -> None:
    fraction = Value(0.25, output_field=models.FloatField())
    found = Site.objects.filter(name="a").annotate(up=Sign(fraction), down=Sign(0 - fraction))
    assert found.values_list("up", "down").get() == (1, -1)


def test_dates_before_the_year_1000_are_read(feature: str) -> None:
    import datetime

    long_ago = datetime.datetime(7, 6, 15, 14, 30, 50, 321, tzinfo=datetime.timezone.utc)
    User.objects.create(username="caesar", date_joined=long_ago)
    assert User.objects.get(username="caesar").date_joined == long_ago
    assert User.objects.dates("date_joined", "year").get() == datetime.date(7, 1, 1)


@isolate_apps("tests.inventory")
def test_part_of_a_date_in_the_definition_of_a_table_leaves_it_readable(feature: str) -> None:
    class Made(models.Model):
        year = models.IntegerField(db_default=ExtractYear(Now(), tzinfo=UTC))
        day = models.DateField(default="2024-05-17")
        month = models.GeneratedField(
            expression=ExtractMonth("day"), output_field=models.IntegerField(), db_persist=True
        )

        class Meta:
            app_label = "inventory"
            constraints = [models.CheckConstraint(condition=Q(day__day__gt=3), name="late")]

    with connection.schema_editor() as editor:
        editor.create_model(Made)
    try:
        Made.objects.create()
        assert Made.objects.get().year > 2000
        assert Made.objects.get().month == 5
        with pytest.raises(IntegrityError, match="late"):
            Made.objects.create(day="2024-05-02")
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(Made)


def test_search_in_dates_sees_no_time_of_day(feature: str) -> None:
    with isolate_apps("tests.inventory"):

        class Event(models.Model):
            day = models.DateField()
            time = models.TimeField()

            class Meta:
                app_label = "inventory"

    with connection.schema_editor() as editor:
        editor.create_model(Event)
    try:
        Event.objects.create(day="2024-12-31", time="10:20:30")
        assert Event.objects.filter(day__endswith="-31").count() == 1
        assert Event.objects.filter(day__icontains="12-3").count() == 1
        assert Event.objects.filter(day__contains="00:00").count() == 0
        assert Event.objects.filter(time__startswith="10:20").count() == 1
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(Event)


def test_condition_of_an_inner_join_behind_an_outer_one(things: Any) -> None:
    """A FilteredRelation that is filtered by, and whose condition is about an outer table."""
    first, second, third, fourth = things
    taller = FilteredRelation("parts", condition=Q(parts__group__gt=F("parent__group")))
    found = things.filter(Q(parent__name="A") | Q(name="a")).annotate(taller=taller)
    assert [t.name for t in found.filter(taller__name="éa_b")] == [third.name]
    assert [t.name for t in found.filter(taller__name="A")] == []
    assert list(found.filter(taller__group__lt=9).values_list("name", "taller__name")) == [
        (third.name, fourth.name)
    ]
    assert found.filter(taller__name="éa_b").count() == 1


def test_moments_and_days_meet_in_an_intersection(things: Any) -> None:
    moments, days = things.order_by().values_list("at"), things.order_by().values_list("day")
    assert [at for (at,) in moments.intersection(days)] == [dt.datetime(2024, 1, 1, tzinfo=UTC)]
    assert {at for (at,) in moments.difference(days)} == {
        row["at"] for row in ROWS if row["at"].hour
    }
