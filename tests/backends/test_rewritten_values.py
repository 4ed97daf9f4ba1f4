"""Texts, numbers and moments that the fuzzer found wrong, against the answers of others."""

from __future__ import annotations

import datetime as dt
import operator
from decimal import Decimal
from typing import Any

from django.db.models import (
    BinaryField,
    Case,
    CharField,
    Count,
    DateField,
    DateTimeField,
    DecimalField,
    ExpressionWrapper,
    F,
    FloatField,
    IntegerField,
    Model,
    OuterRef,
    Q,
    Subquery,
    Sum,
    TimeField,
    Value,
    When,
)
from django.db.models.functions import (
    MD5,
    Abs,
    Cast,
    Ceil,
    Chr,
    Coalesce,
    ExtractHour,
    ExtractWeek,
    Floor,
    Greatest,
    JSONObject,
    Least,
    Left,
    Lower,
    LPad,
    Mod,
    NullIf,
    Round,
    RPad,
    StrIndex,
    Trunc,
    TruncDate,
    Upper,
)
from django.db.models.lookups import Exact, GreaterThan
from django.test.utils import isolate_apps

from .things import ROWS, UTC, found, table, values

SIGNS = {
    **{"exact": operator.eq, "gt": operator.gt, "gte": operator.ge},
    **{"lt": operator.lt, "lte": operator.le},
}

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


def test_letter_by_its_number(things: Any) -> None:
    letter = Case(When(group=1, then=Chr(Value(233))), output_field=CharField())
    assert values(things, letter) == ["é", "é", None, None]
    assert values(things, Chr(F("group") + 64)) == ["A", "A", "B", "C"]


def test_text_is_padded_by_letters(things: Any) -> None:
    assert values(things, LPad("name", 5, Value("é"))) == ["éééé\u0061", "ééééA", "ééééé", "ééa_b"]
    assert values(things, RPad("name", 2, Value(" "))) == ["a ", "A ", "  ", "éa"]


def test_text_column_is_read_as_a_number(things: Any) -> None:
    assert values(things, Cast("note", IntegerField())) == [100, 0, 0, None]
    price = Cast("note", DecimalField(max_digits=9, decimal_places=2))
    assert values(things, price) == [Decimal("100.00"), 0, 0, None]


def test_text_column_is_put_into_json(things: Any) -> None:
    assert values(things, JSONObject(n="note"))[0] == {"n": "100%"}


def test_least_of_constants_heeds_case(things: Any) -> None:
    for function, expected in ((Least, "Ab"), (Greatest, "a")):
        things.update(name=function(Value("Ab"), Value("a")))
        assert set(things.values_list("name", flat=True)) == {expected}


def test_text_column_called_otherwise_is_cast(things: Any) -> None:
    things.update(note="2024")
    called = ExpressionWrapper(F("note"), output_field=CharField())
    assert values(things, Cast(called, IntegerField()))[0] == 2024


def test_text_of_columns_of_two_kinds_is_put_into_json(things: Any) -> None:
    notes = values(things, JSONObject(n=Coalesce("note", "name")))
    assert notes == [
        {"n": row["note"] or row["name"]} if row["note"] != "" else {"n": ""} for row in ROWS
    ]
    greatest = JSONObject(n=Greatest("name", "note"))
    assert values(things, greatest)[0] == {"n": max(ROWS[0]["name"], ROWS[0]["note"])}


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


def test_bytes_are_in_a_list(dolt: None) -> None:
    with isolate_apps("tests.inventory"):

        class Blob(Model):
            content = BinaryField()

            class Meta:
                app_label = "inventory"

        with table(Blob):
            for content in (b"", b"abc", b"\xff\x00'%s"):
                Blob.objects.create(content=content)
                assert Blob.objects.get(content__in=[content, b"else"]).content == content
                assert Blob.objects.filter(content__in=[content + b"x"]).count() == 0


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
    years = things.order_by().annotate(x=Trunc("at", "year", tzinfo=UTC)).values_list("x")
    assert sorted(years.union(things.order_by().values_list("at")))[-1] == (moments[3],)


def test_points_in_time_as_text(things: Any) -> None:
    moments = values(things, Cast("at", CharField(max_length=40)))
    assert moments[0] == "2021-01-03 10:00:00.500000"
    assert values(things, Cast("clock", CharField(max_length=40)))[:2] == [
        "12:30:15.000000",
        "00:00:00.000000",
    ]
    assert things.aggregate(n=Count("clock", distinct=True)) == {"n": 3}


def test_text_is_the_same_as_a_rewritten_one_but_for_case(things: Any) -> None:
    assert found(things, name__iexact=LPad(Value("A"), 1)) == [0, 1]
    assert found(things, name__iexact=Coalesce(Lower("name"), Value(""))) == [0, 1, 2, 3]


def test_null_among_values_has_no_type_of_its_own(things: Any) -> None:
    for name, field in (
        *(("name", CharField()), ("ratio", FloatField()), ("exact", DecimalField())),
        *(("day", DateField()), ("at", DateTimeField()), ("clock", TimeField())),
    ):
        column, null = [row[name] for row in ROWS], Value(None, output_field=field)
        assert values(things, Coalesce(null, F(name))) == column
        assert values(things, Coalesce(F(name), null)) == column
        assert values(things, Greatest(null, F(name))) == [None] * 4
        assert values(things, Least(F(name), null)) == [None] * 4
    nothing = Value(None, output_field=CharField())
    assert found(things.annotate(x=nothing), x="a") == []
    for order in ([], ["pk"]):
        for lookup in ({"x": "a"}, {"x__gte": "a"}, {"x__in": ["a", "b"]}, {"x": F("name")}):
            assert list(things.order_by(*order).annotate(x=nothing).filter(**lookup)) == []
        assert list(things.order_by(*order).exclude(Q(Exact(nothing, Value("a"))))) == []
    assert found(things.annotate(x=Coalesce(nothing, Value("A"))), x="a") == []


def test_condition_of_constants_that_is_null_finds_nothing(things: Any) -> None:
    """Dolt panics."""
    nothing, zero = Value(None, output_field=CharField()), Value(0.0)
    for condition in (
        Exact(Value("a"), nothing),
        GreaterThan(Value("a"), Left(nothing, 4)),
        GreaterThan(Left(nothing, 4), Value("")),
        Exact(NullIf(Value("a"), Value("a")), Value("b")),
        GreaterThan(Value(1.0) / zero, Value(2.0)),
        Exact(Case(When(Exact(Value(1), 2), then=Value("a"))), Value("b")),
    ):
        assert list(things.order_by().filter(condition)) == []
        assert list(things.order_by().exclude(Q(condition))) == []
    assert things.filter(Exact(Left(Value("Ab"), 1), Value("A"))).count() == 4
    assert things.filter(Exact(Left(Value("Ab"), 1), Value("a"))).count() == 0


def test_rest_of_a_division_beside_larger_numbers(things: Any) -> None:
    smalls = [row["small"] for row in ROWS]
    assert values(things, Coalesce(F("small"), F("big") % 7)) == smalls
    rest = Coalesce(F("small"), Mod("group", 2), output_field=IntegerField())
    assert values(things, rest) == smalls
    prices = [Decimal("1.25"), Decimal("1.99"), None, Decimal("0.50")]
    assert values(things, Mod(F("price"), 2)) == prices
