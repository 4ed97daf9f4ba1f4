"""Queries that the fuzzer found wrong, against the answers that other databases give."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import NotSupportedError, connection
from django.db.models import (
    Avg,
    Case,
    CharField,
    Count,
    DateField,
    DateTimeField,
    DecimalField,
    Exists,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    RowRange,
    StdDev,
    Subquery,
    Sum,
    Value,
    Variance,
    When,
    Window,
)
from django.db.models.functions import (
    MD5,
    Abs,
    Cast,
    Ceil,
    Coalesce,
    CumeDist,
    ExtractHour,
    ExtractWeek,
    Floor,
    Greatest,
    JSONObject,
    LastValue,
    Least,
    Length,
    LPad,
    NthValue,
    NullIf,
    Round,
    RPad,
    StrIndex,
    Trunc,
    TruncDate,
    Upper,
)

from .things import ROWS, UTC, table_of_things


@pytest.fixture
def things(dolt: None) -> Iterator[Any]:
    with table_of_things("default") as model:
        yield model.objects.order_by("pk")


def values(queryset: Any, expression: Any) -> list[Any]:
    return list(queryset.annotate(found=expression).values_list("found", flat=True))


def found(queryset: Any, *conditions: Any, **lookups: Any) -> list[int]:
    """The positions in ROWS of what a filter finds."""
    first = queryset[0].pk
    keys = queryset.filter(*conditions, **lookups).values_list("pk", flat=True)
    return [key - first for key in keys]


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


# -- texts ----------------------------------------------------------------------------------


def test_texts_that_are_no_columns_heed_case(things: Any) -> None:
    case = Case(When(group=9, then=Value("z")), default=F("name"), output_field=CharField())
    assert found(things.annotate(x=case), x="A") == [1]
    same = things.model.objects.filter(pk=OuterRef("pk")).values("name")[:1]
    assert found(things.annotate(x=Subquery(same)), x="A") == [1]
    assert found(things.annotate(x=Cast("name", CharField(max_length=9))), x="A") == [1]
    assert found(things.annotate(x=Value("AB")), x="ab") == []
    assert found(things.annotate(x=Upper(Value("a"))), x="a") == []
    assert found(things.annotate(x=MD5("note")), x__gt="Z", note="") == [1]
    labels = things.annotate(x=Case(When(group=1, then=Value("b")), default=Value("B")))
    assert labels.order_by().values("x").distinct().count() == 2
    assert set(labels.order_by().values_list("x").annotate(n=Count("pk"))) == {("b", 2), ("B", 2)}


def test_text_is_found_in_text_with_regard_to_case(things: Any) -> None:
    assert values(things, StrIndex("name", Value("A"))) == [0, 1, 0, 0]
    assert values(things, StrIndex(Value("xa_by"), "note")) == [0, 1, 2, None]


def test_text_is_looked_up_in_another_column(things: Any) -> None:
    things.filter(group=1).update(name="x_y", note="x")
    assert found(things, name__startswith=F("note")) == [0, 1]
    assert found(things, note__endswith=F("name")) == [2]
    things.update(name="\\a", note="\\A")
    assert found(things, note__iexact=F("name")) == [0, 1, 2, 3]
    assert found(things, note__icontains=F("name")) == [0, 1, 2, 3]
    assert found(things, note__contains=F("name")) == []
    own = Subquery(things.model.objects.filter(pk=OuterRef("pk")).values("name")[:1])
    things.filter(group=3).update(name="other")
    assert found(things, name__startswith=own) == [0, 1, 2, 3]


def test_text_is_padded_by_letters(things: Any) -> None:
    assert values(things, LPad("name", 5, Value("é"))) == ["éééé\u0061", "ééééA", "ééééé", "ééa_b"]
    assert values(things, RPad("name", 2, Value(" "))) == ["a ", "A ", "  ", "éa"]


def test_text_column_is_read_as_a_number(things: Any) -> None:
    assert values(things, Cast("note", IntegerField())) == [100, 0, 0, None]
    price = Cast("note", DecimalField(max_digits=9, decimal_places=2))
    assert values(things, price) == [Decimal("100.00"), 0, 0, None]


def test_text_column_is_put_into_json(things: Any) -> None:
    assert values(things, JSONObject(n="note"))[0] == {"n": "100%"}


def test_greatest_and_least_of_every_kind(things: Any) -> None:
    noon = Value(dt.time(12))
    assert values(things, Greatest("clock", noon))[:3] == [dt.time(12, 30, 15), dt.time(12), None]
    assert values(things, Least("name", "note", output_field=CharField())) == ["100%", "", "", None]
    assert values(things, Least("day", Value(dt.date(2022, 1, 1))))[0] == dt.date(2021, 1, 3)
    assert values(things, Greatest("price", "exact"))[:2] == [ROWS[0]["exact"], ROWS[1]["exact"]]
    assert values(things, Least("big", "small"))[0] == 2**31 - 1
    assert values(things, Greatest("big", "small"))[0] == 2**53 + 1
    assert values(things, Least(Value("a"), "name"))[1] == "A"


# -- numbers -----------------------------------------------------------------------------------


def test_decimals_are_compared_by_all_their_places(things: Any) -> None:
    assert found(things, price__lt=F("exact")) == [0, 1]
    assert found(things, price=F("exact")) == []
    assert found(things, price__gt=F("price") - F("exact") + F("price")) == [0, 1]
    assert found(things.annotate(x=F("price") * 1), x__gt=Decimal("1.251")) == [1, 3]
    assert values(things, NullIf("price", "exact"))[0] == Decimal("1.25")


def test_column_is_not_less_or_equal_itself_when_null(things: Any) -> None:
    assert found(things, price__gte=F("price")) == [0, 1, 3]
    assert found(things, ~Q(price__gte=F("price"))) == [2]


def test_null_is_neither_more_nor_less_than_a_number(things: Any) -> None:
    def names(*conditions: Any, **lookups: Any) -> list[str]:
        return [thing.name for thing in things.order_by().filter(*conditions, **lookups)]

    assert names(ratio__gte=0) == ["a", "éa_b"]
    assert names(ratio__lte=0) == ["A"]
    assert names(price__gte=2) == ["A", "éa_b"]
    assert names(price__lte=2) == ["a"]
    assert names(price__lte=F("price")) == ["a", "A", "éa_b"]
    assert names(group__gte=F("ratio")) == ["A", "éa_b"]
    assert names(parent__gte=things[0].pk) == ["A", "", "éa_b"]
    assert names(~Q(ratio__gt=0)) == ["A", ""]


def test_mixed_types_are_no_trouble_in_a_condition(things: Any) -> None:
    assert found(things, name__startswith=Coalesce("note", Value("é"))) == [1, 3]
    assert found(things, big__gt=Coalesce("small", "big")) == [0, 1, 3]
    total = things.aggregate(s=Sum(Greatest("price", "exact")))["s"]
    assert total == Decimal("12345678901234567893.8734710411")


def test_coalesce_keeps_the_places_of_decimals(things: Any) -> None:
    assert values(things, Coalesce("price", Decimal("0.5"))) == [
        Decimal("1.25"),
        Decimal("99.99"),
        Decimal("0.5"),
        Decimal("2.50"),
    ]
    assert values(things, Coalesce("exact", "price"))[0] == ROWS[0]["exact"]


def test_cast_to_a_decimal_without_places_rounds(things: Any) -> None:
    whole = Cast("price", DecimalField(max_digits=9, decimal_places=0))
    assert values(things, whole) == [1, 100, None, 3]


def test_halves_of_floats_go_to_the_even_number(things: Any) -> None:
    assert values(things, Cast("ratio", IntegerField())) == [2, -2, None, 0]
    assert values(things, Round("ratio")) == [2.0, -2.0, None, 0.0]


def test_numbers_at_the_edge(things: Any) -> None:
    assert values(things, Abs("small"))[2] == 2**31
    assert values(things, Floor("exact")) == [1, 12345678901234567890, -1, 2]
    assert values(things, Ceil("exact")) == [2, 12345678901234567891, 0, 3]


# -- points in time -------------------------------------------------------------------------------


def test_time_is_in_a_list(things: Any) -> None:
    assert found(things, clock__in=[dt.time(12, 30, 15), dt.time(0)]) == [0, 1]


def test_week_of_the_first_days_of_a_year(things: Any) -> None:
    assert values(things, ExtractWeek("day")) == [53, 1, 1, None]
    assert found(things, day__week=53) == [0]


def test_constant_points_in_time(things: Any) -> None:
    hour = ExtractHour(Value(dt.time(7, 5)))
    assert values(things, hour) == [7] * 4
    assert values(things, Coalesce("clock", Value(dt.time(1))))[2] == dt.time(1)
    assert values(things, Value(dt.time(23)) + dt.timedelta(hours=2))[0] == dt.time(1)


def test_day_of_a_moment_is_that_of_a_date_column(things: Any) -> None:
    days = things.order_by().annotate(x=TruncDate("at", tzinfo=UTC)).values_list("x", flat=True)
    own = things.order_by().annotate(x=F("day")).values_list("x", flat=True)
    assert days.union(own).count() == 5
    assert dt.date(2024, 1, 1) not in days.difference(own)
    same = things.order_by().annotate(x=Trunc("day", "day")).values_list("x", flat=True)
    assert list(own.difference(same)) == []
    weeks = things.order_by().annotate(x=Trunc("at", "week", output_field=DateField(), tzinfo=UTC))
    assert weeks.filter(group=1).values("x").distinct().count() == 1


def test_one_of_several_points_in_time(things: Any) -> None:
    moments = [row["at"] for row in ROWS]
    assert values(things, Coalesce("at", Trunc("at", "year", tzinfo=UTC))) == moments
    early = Case(When(group=9, then=Trunc("at", "year", tzinfo=UTC)), default="at")
    assert values(things, early) == moments
    assert values(things, Greatest("at", Trunc("at", "year", tzinfo=UTC))) == moments


def test_points_in_time_as_text(things: Any) -> None:
    moments = values(things, Cast("at", CharField(max_length=40)))
    assert moments[0] == "2021-01-03 10:00:00.500000"
    assert values(things, Cast("clock", CharField(max_length=40)))[:2] == [
        "12:30:15.000000",
        "00:00:00.000000",
    ]
    assert things.aggregate(n=Count("clock", distinct=True)) == {"n": 3}


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

        with connection.schema_editor() as editor:
            editor.create_model(Event)
        Event.objects.create()
        assert Event.objects.values_list("day", flat=True).get() == dt.date(2024, 1, 1)
        with connection.schema_editor() as editor:
            editor.delete_model(Event)


def test_length_is_left_alone(things: Any) -> None:
    assert values(things, Length("name")) == [1, 1, 0, 4]
