"""Unions, intersections and differences: types, order and slices of what their parts give."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models import (
    BigIntegerField,
    CharField,
    DateField,
    DateTimeField,
    DecimalField,
    ExpressionWrapper,
    F,
    Field,
    FloatField,
    IntegerField,
    JSONField,
    Sum,
    TextField,
    TimeField,
    Value,
)

from .things import ROWS, UTC

FIELDS: dict[str, Field[Any, Any]] = {
    **{"name": CharField(), "note": TextField(), "small": IntegerField()},
    **{"big": BigIntegerField(), "ratio": FloatField(), "exact": DecimalField()},
    **{"day": DateField(), "at": DateTimeField(), "clock": TimeField()},
}


def sorted_column(name: str) -> list[Any]:
    """The values of a column of ROWS as the database sorts them: None first, and once."""
    return [None, *sorted({row[name] for row in ROWS} - {None})]


def given(things: Any, expression: Any) -> Any:
    """A part of a combined query that gives `expression` for each row."""
    return things.order_by().annotate(x=expression).values_list("x", flat=True)


# -- slices ---------------------------------------------------------------------------------


def test_second_page_of_a_sorted_union(things: Any) -> None:
    either = things.order_by().filter(group=1).union(things.order_by().exclude(group=1))
    names = [row.name for row in either.order_by("-exact")]
    assert names == ["A", "éa_b", "a", ""]
    assert [row.name for row in either.order_by("-exact")[1:3]] == names[1:3]
    assert [row.name for row in either.order_by("-exact")[2:]] == names[2:]
    assert [row.name for row in either.order_by("-exact")[1:500_000]] == names[1:]
    assert either.order_by("-exact")[1].name == names[1]


def test_second_page_of_a_sorted_intersection_and_difference(things: Any) -> None:
    every = things.order_by().values_list("exact", flat=True)
    numbers = sorted_column("exact")[1:]
    assert list(every.intersection(every).order_by("exact")[1:3]) == numbers[1:3]
    assert list(every.difference(every.none()).order_by("-exact")[1:3]) == numbers[2:0:-1]


def test_rows_are_sought_in_a_page_of_a_union(things: Any) -> None:
    keys = things.order_by().values_list("pk", flat=True)
    page = keys.union(keys).order_by("-pk")[1:3]
    with_page = things.filter(pk__in=list(page))
    assert [row.name for row in with_page] == ["A", ""]
    assert page.count() == 2


# -- types ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FIELDS)
def test_null_beside_a_column_leaves_its_type_and_order(things: Any, name: str) -> None:
    null = given(things, Value(None, output_field=FIELDS[name]))
    column = given(things, F(name))
    assert list(null.union(column).order_by("x")) == sorted_column(name)
    assert list(column.union(null).order_by("x")) == sorted_column(name)
    assert list(null.union(column).order_by("-x")[:2]) == sorted_column(name)[:-3:-1]
    wrapped = given(things, ExpressionWrapper(Value(None), output_field=FIELDS[name]))
    assert list(wrapped.union(column).order_by("x")) == sorted_column(name)


def test_null_beside_a_document(things: Any) -> None:
    null = given(things, Value(None, output_field=JSONField()))
    documents = list(null.union(given(things, F("data")), all=True))
    assert documents.count(None) == 5
    assert all(row["data"] in documents for row in ROWS)


def test_nothing_but_null_is_combined(things: Any) -> None:
    null = given(things, Value(None, output_field=DecimalField()))
    assert list(null.union(null)) == [None]
    assert list(null.difference(null)) == []


def test_whole_numbers_beside_floats_are_numbers_in_order(things: Any) -> None:
    numbers = [None, -(2**31), -2.5, 0.5, 2.5, 5, 2**31 - 1]
    for first, second in (("small", "ratio"), ("ratio", "small")):
        mixed = given(things, F(first)).union(given(things, F(second)))
        assert list(mixed.order_by("x")) == numbers
    assert list(given(things, F("big")).intersection(given(things, Value(7.0)))) == [7]


def test_floats_beside_a_constant_keep_their_digits(things: Any) -> None:
    things.filter(group=2).update(ratio=1e300)
    things.filter(group=3).update(ratio=1.5e-9)
    mixed = given(things, Value(1.5)).union(given(things, F("ratio")))
    assert list(mixed.order_by("x")) == [-2.5, 1.5e-9, 1.5, 2.5, 1e300]


def test_times_and_days_beside_a_constant(things: Any) -> None:
    noon, day = dt.time(12, 0, 0, 5), dt.date(2022, 2, 2)
    times = given(things, F("clock")).union(given(things, Value(noon)))
    assert list(times.order_by("x")) == [
        *(None, dt.time(0, 0), noon, dt.time(12, 30, 15), dt.time(23, 59, 59, 999999)),
    ]
    days = given(things, Value(day)).union(given(things, F("day")))
    assert list(days.order_by("x")) == [None, dt.date(2021, 1, 3), day, dt.date(2024, 1, 1)]


def test_days_beside_moments(things: Any) -> None:
    mixed = given(things, F("day")).union(given(things, F("at")))
    moments = [row["at"].replace(tzinfo=None) for row in ROWS]
    days = [dt.datetime(2021, 1, 3), dt.datetime(2024, 1, 1)]
    found = list(mixed.order_by("x"))
    assert found[0] is None
    assert [moment.replace(tzinfo=None) for moment in found[1:]] == sorted({*moments, *days})
    reverse = given(things, F("at")).union(given(things, F("day"))).order_by("-x")
    assert reverse.first() == dt.datetime(2024, 5, 17, 8, 30, 0, 1, UTC)


def test_texts_beside_a_constant_are_sorted_by_their_bytes(things: Any) -> None:
    mixed = given(things, Value("B")).union(given(things, F("name")))
    assert list(mixed.order_by("x")) == ["", "A", "B", "a", "éa_b"]


def test_decimals_of_unlike_places_are_sorted(things: Any) -> None:
    numbers = [
        *(None, Decimal("-0.5"), Decimal("1.25"), Decimal("1.2500142520"), Decimal("2.4999999999")),
        *(Decimal("2.5"), Decimal("99.99"), Decimal("12345678901234567890.1234567891")),
    ]
    for first, second in (("price", "exact"), ("exact", "price")):
        mixed = given(things, F(first)).union(given(things, F(second)))
        assert list(mixed.order_by("x")) == numbers
        outer = given(things, Value(Decimal(1))).union(mixed)
        assert list(outer.order_by("x")) == [*numbers[:2], Decimal(1), *numbers[2:]]
    small = given(things, F("group")).union(given(things, F("exact")))
    assert list(small.order_by("x")[1:4]) == [1, Decimal("1.2500142520"), 2]


def test_sums_beside_counts(things: Any) -> None:
    sums = things.order_by().values("group").annotate(n=Sum("big")).values_list("group", "n")
    keys = things.order_by().values_list("group", "small")
    assert list(keys.union(sums).order_by("small"))[0] == (2, -(2**62))
    assert list(sums.union(keys).order_by("-n"))[0] == (1, 2**53 + 1 + 2**62)


def test_parts_of_unlike_width_are_refused(things: Any) -> None:
    """Dolt closes the connection."""
    one, two = things.order_by().values_list("small"), things.order_by().values_list("small", "big")
    for combined in (one.union(two), two.difference(one), two.intersection(one)):
        with pytest.raises(OperationalError, match="different number of columns"):
            list(combined)
    assert things.count() == 4
