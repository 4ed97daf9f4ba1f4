"""Differences of numbers that Dolt takes for ones without a sign: negative, as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DataError, models
from django.db.models import (
    Case,
    Count,
    ExpressionWrapper,
    F,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Subquery,
    Sum,
    Value,
    When,
    Window,
)
from django.db.models.functions import Abs, Cast, Coalesce, Lag, NullIf, Rank, RowNumber
from django.test.utils import isolate_apps

from .things import table, values

STOCK = [200, 7, 40_000]
# Dolt gives a literal the fewest bits, with a sign or without.
WIDTHS = [1, 127, 128, 200, 255, 256, 32_767, 40_000, 65_535, 70_000, 2**31, 3_600_000_000, 2**33]


@pytest.fixture
def stock(dolt: None) -> Iterator[Any]:
    """Rows whose `stock` is that of STOCK, and `wide` and `signed` as well."""
    with isolate_apps("tests.inventory"):

        class Part(models.Model):
            stock = models.PositiveIntegerField()
            wide = models.PositiveBigIntegerField()
            signed = models.IntegerField()

            class Meta:
                app_label = "inventory"

        with table(Part):
            Part.objects.bulk_create(Part(stock=n, wide=n, signed=n) for n in STOCK)
            yield Part.objects.order_by("pk")


def test_differences_of_constants(stock: Any) -> None:
    for first in WIDTHS:
        for second in WIDTHS:
            difference = Value(first) - Value(second)
            assert values(stock[:1], difference) == [first - second]
    assert values(stock, Abs(Value(200)) - Value(300)) == [-100] * 3
    wrapped = ExpressionWrapper(Value(40_000), IntegerField())
    assert values(stock, wrapped - Value(50_000)) == [-10_000] * 3
    assert values(stock, Value(200) * Value(300) - Value(70_000)) == [-10_000] * 3
    assert stock.filter(signed__gt=Value(40_000) - Value(50_000)).count() == 3
    assert stock.update(signed=Value(40_000) - Value(50_000)) == 3
    assert set(stock.values_list("signed", flat=True)) == {-10_000}


@pytest.mark.parametrize("name", ["stock", "wide", "signed"])
def test_what_comes_from_a_column_less_a_constant(stock: Any, name: str) -> None:
    same = stock.model.objects.filter(pk=OuterRef("pk")).values(name)[:1]
    for expression in (
        F(name),
        Abs(name),
        Coalesce(name, Value(300)),
        Coalesce(F(name), F(name)),
        NullIf(F(name), Value(1)),
        ExpressionWrapper(F(name), IntegerField()),
        Case(When(pk__gt=0, then=F(name)), default=Value(200)),
        Subquery(same),
        Window(Max(name), partition_by="pk"),
        F(name) + Value(0),
        Abs(name) + Value(200) - Value(200),
    ):
        for number in (128, 300, 65_535, 3_600_000_000):
            less = [stock - number for stock in STOCK]
            assert values(stock, expression - Value(number)) == less, expression
            assert values(stock, Value(number) - expression) == [-n for n in less], expression
    assert values(stock, Abs(name) - F(name) * 2) == [-n for n in STOCK]


def test_differences_of_aggregates(stock: Any) -> None:
    assert stock.aggregate(x=Max("stock") - 50_000, y=Min("wide") - Max("wide")) == {
        "x": -10_000,
        "y": 7 - 40_000,
    }
    assert stock.aggregate(x=Count("pk") - 200, y=Sum("stock") - 50_000) == {
        "x": -197,
        "y": sum(STOCK) - 50_000,
    }
    with pytest.raises(DataError):
        stock.aggregate(x=Max(Value(2**63 - 1)) + Max("signed"))


def test_ranks_and_the_row_before(stock: Any) -> None:
    ranks = Window(Rank(), order_by="stock") - Window(RowNumber(), order_by="pk")
    assert values(stock, ranks) == [1, -1, 0]
    before = Window(Lag("stock"), order_by="pk") - F("stock")
    assert values(stock, before) == [None, 193, 7 - 40_000]
    assert values(stock, Window(Lag("stock"), order_by="pk") - Value(300)) == [None, -100, -293]


def test_number_past_63_bits_keeps_its_digits(stock: Any) -> None:
    stock.filter(stock=7).update(wide=2**63 - 1)
    assert values(stock, F("wide") - 40_000) == [-39_800, 2**63 - 40_001, 0]
    top = stock.aggregate(x=Max("wide") - Value(1), y=Max("wide") - Min("wide"))
    assert top == {"x": 2**63 - 2, "y": 2**63 - 201}


def test_fraction_is_not_rounded_on_the_way(stock: Any) -> None:
    halves = Coalesce(F("signed") / 2, Value(200)) - Value(300)
    assert values(stock, ExpressionWrapper(halves * 2, models.FloatField())) == [
        n - 600 for n in STOCK
    ]
    assert values(stock, Cast("stock", models.FloatField()) / 2 - Value(300.5))[0] == -200.5
