"""Queries that Django's own MySQL backend gets wrong on Dolt, against the answer Python gives."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import models
from django.db.models import (
    Avg,
    Count,
    DateTimeField,
    ExpressionWrapper,
    F,
    Q,
    Sum,
    TimeField,
    Value,
    Window,
)
from django.db.models.functions import Coalesce, Greatest, Now, Trunc, Upper
from django.test.utils import isolate_apps

from dolt_router import use_branch

from .things import table, values

UTC = dt.timezone.utc
DAYS = [dt.date(2024, 1, 1), dt.date(2023, 12, 31), dt.date(2024, 5, 17), dt.date(2024, 9, 30)]
MOMENTS = [
    dt.datetime(2024, 1, 1, 23, 59, 59, 123456, UTC),
    dt.datetime(2023, 12, 31, 12, 0, 0, 1, UTC),
    dt.datetime(2024, 5, 17, 8, 30, 0, 999999, UTC),
    dt.datetime(2024, 9, 30, 0, 0, 0, 0, UTC),
]
TIMES = [dt.time(1, 2, 3, 4), dt.time(23, 0), dt.time(0, 0), dt.time(12, 30, 0, 999999)]
LENGTHS = [
    dt.timedelta(days=1, microseconds=5),
    dt.timedelta(seconds=-3),
    dt.timedelta(hours=30),
    dt.timedelta(days=150_000),
]
NAMES = ["a%b", "A_b", "a\\b", "Éa"]
AMOUNTS = [Decimal("12345678901234567890.1234567891"), Decimal("1E-10"), Decimal(1), Decimal(0)]
COUNTS = [2**53 + 1, -5, 2**53 + 1, 12]


@pytest.fixture(params=["main", "feature/x"])
def readings(request: Any, feature: str) -> Iterator[Any]:
    """The manager of a model with four rows, on the default branch and on another."""
    with isolate_apps("tests.inventory"), use_branch(request.param):

        class Reading(models.Model):
            name = models.CharField(max_length=50)
            day = models.DateField()
            at = models.DateTimeField()
            time = models.TimeField()
            length = models.DurationField()
            amount = models.DecimalField(max_digits=30, decimal_places=10)
            count = models.BigIntegerField()

            class Meta:
                app_label = "inventory"

        with table(Reading, alias=request.param):
            fields = ["name", "day", "at", "time", "length", "amount", "count"]
            for row in zip(NAMES, DAYS, MOMENTS, TIMES, LENGTHS, AMOUNTS, COUNTS, strict=True):
                Reading.objects.create(**dict(zip(fields, row, strict=True)))
            yield Reading.objects.order_by("pk")


def start(moment: Any, unit: str) -> Any:
    if unit == "week":
        return moment - dt.timedelta(moment.weekday())
    month = {"year": 1, "quarter": (moment.month - 1) // 3 * 3 + 1}.get(unit, moment.month)
    return moment.replace(month=month, day=moment.day if unit == "day" else 1)


@pytest.mark.parametrize("unit", ["year", "month", "week", "day"])
@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_dates_and_datetimes_are_listed_in_order(readings: Any, unit: Any, order: Any) -> None:
    backwards = order == "DESC"
    expected = sorted({start(day, unit) for day in DAYS}, reverse=backwards)
    assert list(readings.dates("day", unit, order=order)) == expected
    midnight = dt.time(tzinfo=UTC)
    moments = readings.filter(day__in=DAYS).datetimes("at", unit, order=order, tzinfo=UTC)
    assert list(moments) == [dt.datetime.combine(day, midnight) for day in expected]


@pytest.mark.parametrize("unit", ["year", "quarter", "month", "week", "day"])
def test_dates_are_truncated(readings: Any, unit: str) -> None:
    assert values(readings, Trunc("day", unit)) == [start(day, unit) for day in DAYS]
    midnight = dt.time(tzinfo=UTC)
    assert values(readings, Trunc("at", unit, tzinfo=UTC)) == [
        dt.datetime.combine(start(day, unit), midnight) for day in DAYS
    ]


def test_distinct_annotation_is_ordered_by(readings: Any) -> None:
    found = readings.annotate(half=F("count") / 2 + 1).values_list("half", flat=True)
    assert list(found.distinct().order_by("half"))[-1] == max(found)
    union = readings.dates("day", "year").union(readings.dates("day", "month"))
    assert union.count() == 5
    grouped = readings.order_by().values("day__year").annotate(n=Count("pk"))
    assert list(grouped.order_by("day__year").values_list("day__year", "n")) == [
        (2023, 1),
        (2024, 3),
    ]


def test_durations_are_added_to_the_microsecond(readings: Any) -> None:
    def at(expression: Any) -> list[Any]:
        return values(readings, ExpressionWrapper(expression, DateTimeField()))

    step = dt.timedelta(days=1, seconds=2, microseconds=7)
    pairs = list(zip(MOMENTS, LENGTHS, strict=True))
    assert at(F("at") + step) == [moment + step for moment in MOMENTS]
    assert at(F("at") - step) == [moment - step for moment in MOMENTS]
    assert at(F("at") + F("length")) == [moment + length for moment, length in pairs]
    assert at(F("length") + F("at")) == [moment + length for moment, length in pairs]
    assert at(F("at") - F("length")) == [moment - length for moment, length in pairs]
    assert at(Value(MOMENTS[0]) + F("length")) == [MOMENTS[0] + length for length in LENGTHS]
    assert readings.filter(at__gt=F("at") + F("length")).count() == 1
    assert readings.filter(at__lt=Now() - dt.timedelta(days=1)).count() == 4
    readings.update(at=F("at") + dt.timedelta(microseconds=5))
    assert [r.at for r in readings] == [m + dt.timedelta(microseconds=5) for m in MOMENTS]


STEPS = [
    *(dt.timedelta(**{unit: n}) for unit in ("hours", "minutes", "seconds") for n in (1, 45)),
    *(dt.timedelta(days=n) for n in (1, 30, 365, 36_500)),
    # Dolt takes each of these numbers of microseconds for one of another width.
    *(dt.timedelta(milliseconds=n) for n in (1, 40, 65, 66, 2_200_000, 4_290_000)),
    *(dt.timedelta(microseconds=n) for n in (100, 128, 200, 255, 32_768, 65_535)),
]


def test_any_duration_is_added_and_taken_off(readings: Any) -> None:
    for step in STEPS:
        for expression, wanted in (
            (F("at") + step, [moment + step for moment in MOMENTS]),
            (F("at") - step, [moment - step for moment in MOMENTS]),
            (F("length") - step, [length - step for length in LENGTHS]),
            (Value(step) - F("length"), [step - length for length in LENGTHS]),
            (Value(step) - Value(step * 2), [-step] * len(MOMENTS)),
            (Coalesce(F("length"), step) - step, [length - step for length in LENGTHS]),
            (Greatest("length", step), [max(length, step) for length in LENGTHS]),
        ):
            assert values(readings, expression) == wanted, (step, expression)
        start = MOMENTS[0] - step
        earlier = readings.filter(at__lt=Value(MOMENTS[0]) - step)
        assert earlier.count() == sum(moment < start for moment in MOMENTS), step
        if step < dt.timedelta(days=100):  # the moments are of 2024 and before
            assert readings.filter(at__lte=Now() - step).count() == 4, step


def test_hour_before_a_day(readings: Any) -> None:
    hour = dt.timedelta(hours=1)
    moments = values(readings, ExpressionWrapper(F("day") - hour, DateTimeField()))
    assert [moment.replace(tzinfo=None) for moment in moments] == [
        dt.datetime.combine(day, dt.time()) - hour for day in DAYS
    ]


def test_durations_are_added_to_times_of_day(readings: Any) -> None:
    for step in (dt.timedelta(hours=2, microseconds=3), dt.timedelta(minutes=45)):
        for expression, sign in ((F("time") + step, 1), (F("time") - step, -1)):
            assert values(readings, ExpressionWrapper(expression, TimeField())) == [
                (dt.datetime.combine(DAYS[0], time) + sign * step).time() for time in TIMES
            ]


def test_sums_are_exact(readings: Any) -> None:
    found = readings.aggregate(
        money=Sum("amount"),
        whole=Sum("count"),
        some=Sum("count", filter=Q(count__gt=12)),
        each=Sum("count", distinct=True),
        time_spent=Sum("length"),
        nothing=Sum("count", filter=Q(count=7)),
    )
    assert found == {
        "money": Decimal("12345678901234567891.1234567892"),
        "whole": sum(COUNTS),
        "some": 2 * (2**53 + 1),
        "each": 2**53 + 1 + 7,
        "time_spent": sum(LENGTHS, dt.timedelta()),
        "nothing": None,
    }
    average = readings.filter(amount__gte=1).aggregate(average=Avg("amount"))["average"]
    assert str(average).startswith("6172839450617283945.56172839455")
    totals = readings.values("name").annotate(total=Sum("amount")).filter(total__gte=1)
    assert totals.count() == 2
    running = values(readings, Window(Sum("count"), order_by="pk"))
    assert len(running) == 4


def test_bits_of_negative_numbers(readings: Any) -> None:
    readings = readings.filter(count__lt=100)
    assert values(readings, F("count").bitor(8)) == [-5 | 8, 12 | 8]
    assert values(readings, F("count").bitxor(8)) == [-5 ^ 8, 12 ^ 8]
    assert values(readings, F("count").bitand(7)) == [-5 & 7, 12 & 7]
    assert values(readings, F("count").bitleftshift(2)) == [-5 << 2, 12 << 2]
    readings.update(count=F("count").bitor(16))
    assert [reading.count for reading in readings] == [-5 | 16, 12 | 16]


@pytest.mark.parametrize(
    ("lookup", "text", "expected"),
    [
        ("iexact", "A%B", ["a%b"]),
        ("iexact", "a_B", ["A_b"]),
        ("iexact", "éA", ["Éa"]),
        ("exact", "A%B", []),
        ("icontains", "A", NAMES),
        ("icontains", "_B", ["A_b"]),
        ("icontains", "A\\", ["a\\b"]),
        ("contains", "A", ["A_b"]),
        ("istartswith", "A%", ["a%b"]),
        ("istartswith", "é", ["Éa"]),
        ("startswith", "a%", ["a%b"]),
        ("iendswith", "%B", ["a%b"]),
        ("endswith", "\\b", ["a\\b"]),
    ],
)
def test_text_is_looked_up_as_it_stands(
    readings: Any, lookup: str, text: str, expected: list[str]
) -> None:
    found = readings.filter(**{f"name__{lookup}": text})
    assert [reading.name for reading in found] == expected


def test_text_is_looked_up_in_an_expression(readings: Any) -> None:
    for lookup in ("icontains", "istartswith", "iendswith"):
        assert readings.filter(**{f"name__{lookup}": Upper(F("name"))}).count() == 4
