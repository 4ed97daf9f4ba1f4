"""Queries that the fuzzer found wrong, against the answers that other databases give."""

from __future__ import annotations

import datetime as dt
import decimal
from decimal import Decimal
from typing import Any

import pytest
from django.db import NotSupportedError, connection
from django.db.models import (
    Avg,
    Count,
    DateTimeField,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    RowRange,
    StdDev,
    Subquery,
    Sum,
    Value,
    Variance,
    Window,
)
from django.db.models.functions import (
    Coalesce,
    CumeDist,
    LastValue,
    Length,
    NthValue,
)

from .things import ROWS, found, table, values


def windowed(things: Any, function: Any, **options: Any) -> list[Any]:
    return values(things, Window(function, **options))


# -- aggregates and windows ---------------------------------------------------------------


def test_deviation_of_whole_numbers_is_not_rounded(things: Any) -> None:
    numbers = [row["small"] for row in ROWS]
    mean = sum(numbers) / 4
    variance = sum((number - mean) ** 2 for number in numbers) / 4
    answer = things.aggregate(v=Variance("small"), s=StdDev("small"), p=StdDev("price"))
    assert answer["v"] == pytest.approx(variance)
    assert answer["s"] == pytest.approx(variance**0.5)
    assert float(answer["p"]) == pytest.approx(46.2566, rel=1e-4)


def test_sum_and_average_of_an_expression_are_exact(things: Any) -> None:
    answer = things.filter(group__lt=3).aggregate(s=Sum(F("small") + F("big")), a=Avg("big"))
    assert answer["s"] == sum(row["small"] + row["big"] for row in ROWS[:3])
    assert answer["a"] == pytest.approx((2**53 + 1) / 3)
    prices = things.aggregate(s=Sum("price"), a=Avg("price"))
    assert prices == {"s": Decimal("103.74"), "a": Decimal("34.58")}
    assert str(prices["s"]) == "103.74"
    total = things.aggregate(s=Coalesce(Sum(F("price") * F("group")), Decimal("0.0")))["s"]
    assert str(total) == "108.74"


def test_sum_of_integers_that_a_float_cannot_hold_is_refused(things: Any) -> None:
    model = things.model
    many = [{**ROWS[1], "small": 2**31 - 1} for _ in range(3)]
    model.objects.bulk_create([model(**row) for row in many])
    assert things.aggregate(s=Sum("small"))["s"] == 4 * (2**31 - 1) + 5 - 1
    from dolt_router.backends.dolt.totals import check_exact

    with pytest.raises(NotSupportedError, match="DecimalField"):
        check_exact(float(2**53), Sum("small"), connection)
    assert check_exact(2**53 - 1, Sum("small"), connection) == 2**53 - 1


def test_window_sums_pass_the_type_of_the_column(things: Any) -> None:
    assert windowed(things, Sum("small"), order_by="pk") == [
        sum(row["small"] for row in ROWS[:n]) for n in range(1, 5)
    ]
    assert windowed(things, Sum("big"), order_by="pk") == [
        sum(row["big"] for row in ROWS[:n]) for n in range(1, 5)
    ]
    with decimal.localcontext(prec=60):
        exact = [sum(row["exact"] for row in ROWS[:n]) for n in range(1, 5)]
    assert windowed(things, Sum("exact"), order_by="pk") == exact
    assert windowed(things, Avg("big"))[0] == pytest.approx((2**53 + 8) / 4)
    assert windowed(things, Avg("small"))[0] == pytest.approx((2**31 + 3) / 4)
    assert windowed(things, Avg("price"))[0] == Decimal("34.58")
    assert str(windowed(things, Avg("exact"))[0]).startswith("3086419725308641973.34336776")


def test_window_of_nothing_but_null_is_null(things: Any) -> None:
    assert windowed(things, Sum("ratio"), partition_by="pk") == [2.5, -2.5, None, 0.5]
    assert windowed(things, Avg("ratio"), partition_by="pk") == [2.5, -2.5, None, 0.5]
    assert windowed(things, Avg("price"), partition_by="pk")[2] is None
    some = Sum("small", filter=Q(group=3))
    assert windowed(things, some, partition_by="pk") == [None, None, None, 5]


def test_running_window_ends_at_the_row_and_its_equals(things: Any) -> None:
    assert windowed(things, Max("group"), order_by="pk") == [1, 1, 2, 3]
    assert windowed(things, Count("pk"), order_by=F("pk").desc()) == [4, 3, 2, 1]
    assert windowed(things, Sum("group"), order_by="group") == [2, 2, 4, 7]
    assert windowed(things, Max("pk"), order_by="group")[0] == things[1].pk
    last = windowed(things, LastValue("name"), order_by=["group", "pk"])
    assert last == [row["name"] for row in ROWS]
    rows = RowRange(start=None, end=0)
    assert windowed(things, Sum("group"), order_by="day", frame=rows) != []


@pytest.mark.parametrize("order", ["-group", "day", ["group", "small"]])
def test_running_window_that_dolt_cannot_order_is_refused(things: Any, order: Any) -> None:
    with pytest.raises(NotSupportedError, match="primary key"):
        windowed(things, Sum("group"), order_by=order)


@pytest.mark.parametrize("function", [CumeDist(), NthValue("small", 2)])
def test_missing_window_function_is_told_of(things: Any, function: Any) -> None:
    with pytest.raises(NotSupportedError, match="Dolt has no"):
        windowed(things, function, order_by="pk")


# -- JSON, orders, combinations, updates ---------------------------------------------------------


def test_keys_beyond_ascii(things: Any) -> None:
    assert found(things, **{"data__é__endswith": '"'}) == [0]
    assert found(things, data__has_key="é") == [0]
    with pytest.raises(NotSupportedError, match="empty key"):
        found(things, data__has_key="")


def test_distinct_renamed_column_is_ordered_by(things: Any) -> None:
    days = things.annotate(x=F("day")).values_list("x", flat=True).distinct()
    assert list(days.order_by("x")) == [None, dt.date(2021, 1, 3), dt.date(2024, 1, 1)]


def test_first_rows_by_a_subquery(things: Any) -> None:
    outer = things.model.objects.filter(pk=OuterRef("parent")).values("group")[:1]
    keys = [thing.pk for thing in things]
    expected = [keys[3], keys[1], keys[2], keys[0]]
    sliced = things.annotate(x=Subquery(outer)).order_by("-x", "pk")
    assert [thing.pk for thing in sliced[:3]] == expected[:3]
    bare = things.order_by(Subquery(outer).desc(), "pk").values_list("pk", flat=True)
    assert list(bare[:3]) == expected[:3]
    last = F("x").asc(nulls_last=True)
    assert [thing.pk for thing in sliced.order_by(last, "pk")[:1]] == [keys[1]]
    bare_last = Subquery(outer).asc(nulls_last=True)
    assert things.order_by(bare_last, "pk")[:1].get().pk == keys[1]
    with pytest.raises(NotSupportedError, match="Annotate"):
        list(things.filter(pk__in=bare[:3]))


def test_rows_of_a_slice_are_found_among_others(things: Any) -> None:
    """Dolt loses some of them, and an UPDATE or DELETE finds the fewer."""
    model = things.model
    largest = model.objects.order_by("-exact")[:3]
    assert found(things, pk__in=largest) == [0, 1, 3]
    assert found(things, pk__in=Subquery(largest.values("pk"))) == [0, 1, 3]
    assert found(things, pk__in=model.objects.order_by("-exact")[1:3]) == [0, 3]
    assert things.exclude(pk__in=largest).get().name == ""
    assert found(things, exact__in=largest.values("exact")) == [0, 1, 3]
    assert things.filter(pk__in=largest).count() == 3
    assert found(things, parent__in=largest.values("pk")) == [1, 2]
    own = model.objects.filter(group=OuterRef("group")).order_by("-exact")
    assert found(things, pk__in=own[:1]) == [1, 2, 3]
    assert things.filter(pk__in=largest).update(group=9) == 3
    assert found(things, group=9) == [0, 1, 3]
    assert things.filter(pk__in=model.objects.order_by("-pk")[:2]).delete()[0] == 2
    assert [thing.name for thing in things] == ["a", "A"]


def test_subquery_beside_a_count_of_joined_rows(things: Any) -> None:
    outer = Subquery(things.model.objects.filter(pk=OuterRef("parent")).values("name")[:1])
    counted = things.annotate(x=outer, n=Count("parts"))
    assert list(counted.values_list("x", "n")) == [(None, 1), ("a", 1), ("A", 1), ("", 0)]
    grouped = things.order_by().annotate(x=outer).values("x").annotate(n=Count("parts"))
    assert set(grouped.values_list("x", "n")) == {(None, 1), ("a", 1), ("A", 1), ("", 0)}


def test_difference_tells_null_from_empty_text(things: Any) -> None:
    names = things.order_by().values_list("name", flat=True)
    notes = things.order_by().filter(note=None).values_list("note", flat=True)
    assert sorted(names.difference(notes)) == ["", "A", "a", "éa_b"]
    assert names.difference(notes).order_by("name").first() == ""
    assert names.difference(notes).count() == 4


def test_union_with_an_empty_side_is_counted(things: Any) -> None:
    nothing = things.order_by().filter(pk__in=[]).values_list("pk", flat=True)
    every = things.order_by().values_list("pk", flat=True)
    assert nothing.union(every).count() == 4


def test_update_by_a_subquery_counts_what_it_found(things: Any) -> None:
    parts = things.model.objects.filter(parent=OuterRef("pk"))
    assert things.filter(Exists(parts)).update(group=F("group")) == 3
    assert things.filter(~Exists(parts)).update(group=9) == 1
    assert found(things, group=9) == [3]


def test_database_default_is_written_without_a_cast(dolt: None) -> None:
    from django.db import models
    from django.test.utils import isolate_apps

    with isolate_apps("tests.inventory"):

        class Event(models.Model):
            day = models.DateField(db_default=dt.date(2024, 1, 1))
            at = models.DateTimeField(db_default=Value(dt.datetime(2024, 1, 1), DateTimeField()))

            class Meta:
                app_label = "inventory"

        with table(Event):
            Event.objects.create()
            assert Event.objects.values_list("day", flat=True).get() == dt.date(2024, 1, 1)


def test_length_is_left_alone(things: Any) -> None:
    assert values(things, Length("name")) == [1, 1, 0, 4]


def test_nothing_is_counted_of_nothing(things: Any) -> None:
    nothing = Count(Q(group__in=[]), filter=Q(small__gt=0))
    assert things.order_by().aggregate(n=nothing) == {"n": 0}
    assert things.order_by().aggregate(n=Count(Value(None))) == {"n": 0}


def test_times_are_counted_once_each_under_a_condition(things: Any) -> None:
    times = Count("clock", distinct=True, filter=Q(group__lt=3))
    assert things.order_by().aggregate(n=times) == {"n": 2}
