"""Moments shown in a time zone, in the hours around a change of its clocks."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any

import pytest
from django.db import NotSupportedError, connection, models
from django.db.models import F, Max
from django.db.models.functions import (
    Coalesce,
    ExtractHour,
    ExtractYear,
    Now,
    TruncDate,
    TruncTime,
)
from django.test.utils import isolate_apps

from .things import UTC

HALF_AN_HOUR = dt.timedelta(minutes=30)
ZONES = [
    *("Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kolkata", "Europe/London"),
    *("Atlantic/Azores", "Australia/Lord_Howe", "Africa/Casablanca", "America/St_Johns"),
    *("Pacific/Apia", "Pacific/Kwajalein", "Pacific/Kiritimati"),  # the date line passed over
]
# In one of these zones, or nearby; some of before 1970, one of after 2038.
CHANGES = [
    *((1916, 4, 30, 22), (1966, 4, 24, 7), (1986, 4, 27, 6), (1992, 9, 27, 1), (2024, 3, 31, 1)),
    *((2024, 4, 6, 15), (2024, 10, 27, 1), (2024, 11, 3, 6), (2023, 4, 23, 2), (2055, 3, 28, 1)),
    *((2011, 12, 30, 10), (1993, 8, 21, 12), (1994, 12, 31, 10), (1995, 1, 1, 10)),
]


@pytest.fixture
def moments(things: Any) -> Any:
    """Things at each half an hour of 15 hours before and after each of CHANGES."""
    values = {
        field.attname: getattr(things[0], field.attname) for field in things.model._meta.fields
    }
    del values["id"]
    things.delete()
    begins = [dt.datetime(*change, tzinfo=UTC) for change in CHANGES]  # type: ignore[misc]
    every = [begin + n * HALF_AN_HOUR for begin in begins for n in range(-30, 31)]
    things.model.objects.bulk_create([things.model(**{**values, "at": at}) for at in every])
    return things


@pytest.mark.parametrize("zone", ZONES)
def test_moment_is_shown_as_the_clocks_of_the_zone_show_it(moments: Any, zone: str) -> None:
    clock = zoneinfo.ZoneInfo(zone)
    shown = moments.annotate(
        time=TruncTime("at", tzinfo=clock),
        date=TruncDate("at", tzinfo=clock),
        hour=ExtractHour(Coalesce("at", "at"), tzinfo=clock),
    )
    rows = list(shown.values_list("at", "date", "time", "hour"))
    assert len(rows) == 61 * len(CHANGES)
    for at, *parts in rows:
        local = at.astimezone(clock)
        assert parts == [local.date(), local.time(), local.hour], at


def test_moment_in_a_zone_is_found_and_grouped(moments: Any) -> None:
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    hours = moments.filter(at__year=2024, at__month=3).annotate(h=ExtractHour("at", tzinfo=berlin))
    assert not hours.filter(h=2, at__day=31, at__hour__lt=3).exists()
    days = moments.annotate(d=TruncDate("at", tzinfo=berlin)).order_by("d").values("d")
    last = dict(days.annotate(m=Max("at")).values_list("d", "m"))
    assert last[dt.date(2024, 3, 30)] == dt.datetime(2024, 3, 30, 22, 30, tzinfo=UTC)
    assert (
        moments.annotate(d=TruncDate(F("at"), tzinfo=berlin)).filter(d=dt.date(2024, 3, 31)).count()
    )


@isolate_apps("tests.inventory")
def test_zone_in_the_definition_of_a_table_is_refused_where_it_would_be_wrong(feature: str) -> None:
    def year(zone: str) -> Any:
        return ExtractYear(Now(), tzinfo=zoneinfo.ZoneInfo(zone))

    class Made(models.Model):
        there = models.IntegerField(db_default=year("Europe/Berlin"))

        class Meta:
            app_label = "inventory"

    class Fixed(models.Model):
        there = models.IntegerField(db_default=year("Etc/GMT-9"))

        class Meta:
            app_label = "inventory"

    with pytest.raises(NotSupportedError, match="Take the part in UTC"):
        with connection.schema_editor() as editor:
            editor.create_model(Made)
    with connection.schema_editor() as editor:
        editor.create_model(Fixed)
    try:
        Fixed.objects.create()
        assert Fixed.objects.get().there > 2000
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(Fixed)


def test_fixed_offset_is_no_zone_that_changes(moments: Any) -> None:
    east = dt.timezone(dt.timedelta(hours=5, minutes=30))
    for at, time in moments.annotate(t=TruncTime("at", tzinfo=east)).values_list("at", "t"):
        assert time == at.astimezone(east).time()
