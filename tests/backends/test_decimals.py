"""Decimals of unlike places, of many digits, and beside floats: exact, as on MySQL."""

from __future__ import annotations

import operator
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    CharField,
    DecimalField,
    ExpressionWrapper,
    F,
    FloatField,
    Max,
    Model,
    Sum,
    Value,
    When,
)
from django.db.models.functions import (
    Abs,
    Cast,
    Ceil,
    Coalesce,
    Floor,
    Greatest,
    Least,
    NullIf,
)
from django.db.models.lookups import GreaterThan
from django.test.utils import isolate_apps

from .things import ROWS, found, table, values

SIGNS = {
    **{"exact": operator.eq, "gt": operator.gt, "gte": operator.ge},
    **{"lt": operator.lt, "lte": operator.le},
}


def test_decimals_are_compared_by_all_their_places(things: Any) -> None:
    assert found(things, price__lt=F("exact")) == [0, 1]
    assert found(things, price=F("exact")) == []
    assert found(things, price__gt=F("price") - F("exact") + F("price")) == [0, 1]
    assert found(things.annotate(x=F("price") * 1), x__gt=Decimal("1.251")) == [1, 3]
    assert values(things, NullIf("price", "exact"))[0] == Decimal("1.25")


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


def test_quotient_is_stored_and_written_with_its_places(things: Any) -> None:
    things.filter(group=2).update(exact=Decimal("3"))
    assert values(things, Cast(F("price") / F("exact"), CharField()))[3] == "1.000000"
    things.update(exact=Decimal(1) / F("exact"))
    assert things.get(group=2).exact == Decimal("0.3333333333")


def test_decimals_of_many_digits_before_the_point_are_compared(things: Any) -> None:
    things.filter(pk=things[0].pk).update(exact=Decimal("12345678901234567890.5"))
    large = [i for i, exact in enumerate(things.values_list("exact", flat=True)) if exact > 10**19]
    assert 0 in large
    squares = things.annotate(x=F("exact") * F("exact"))
    assert found(squares, x__gt=Decimal(10) ** 38) == large
    assert set(large) <= set(found(squares, x__gt=0))
    assert set(large) <= set(found(squares, x__gt=F("price")))
    greatest = things.annotate(x=Greatest(F("exact") * F("exact"), Value(Decimal("0.5"))))
    assert found(greatest, x__gt=Decimal(10) ** 38) == large
    assert not found(squares.annotate(y=NullIf("x", Value(Decimal(0)))), y__isnull=True, x__gt=1)
    fields = DecimalField(max_digits=40, decimal_places=2)  # as somebody may say, and be wrong
    tiny = things.annotate(x=Abs(ExpressionWrapper(F("exact") * F("exact"), output_field=fields)))
    assert found(tiny, x__gt=0) == [i for i, row in enumerate(things) if row.exact]


def test_distinct_sum_of_decimals_of_unlike_places(things: Any) -> None:
    things.update(price=Decimal("0.25"), exact=Decimal("0.25"))
    mixed = Case(When(group=1, then=F("price")), default=F("exact"), output_field=DecimalField())
    assert things.aggregate(x=Sum(mixed, distinct=True)) == {"x": Decimal("0.25")}


def test_decimal_column_is_compared_with_more_places_than_it_has(things: Any) -> None:
    """Dolt rounds the value to the places of the column."""
    for number in ("1.248", "1.25", "1.252", "-0.003", "2.5000001", "99.99"):
        value = Decimal(number)
        for sign, holds in SIGNS.items():
            wanted = [
                index
                for index, row in enumerate(ROWS)
                if row["price"] is not None and holds(row["price"], value)
            ]
            assert found(things, **{f"price__{sign}": value}) == wanted, (sign, value)
            test = Case(When(**{f"price__{sign}": value}, then=1), default=0)
            assert values(things, test) == [int(i in wanted) for i in range(4)], (sign, value)
    assert found(things, price__range=(Decimal("1.248"), Decimal("2.499"))) == [0]
    assert found(things, price__range=(Decimal("1.252"), Decimal("2.5"))) == [3]
    assert found(things, price__in=[Decimal("1.252")]) == []
    assert found(things, price__in=[Decimal("1.252"), Decimal("2.500")]) == [3]
    in_list = Case(When(price__in=[Decimal("1.252")], then=1), default=0)
    assert values(things, in_list) == [0] * 4


def test_decimals_and_floats_are_compared_as_floats(things: Any) -> None:
    """Dolt rounds the float to the places of the decimal."""
    things.update(ratio=1.252)
    assert found(things, ratio__gt=F("price")) == [0]
    assert found(things, ratio=F("price")) == []
    assert found(things, price__lt=F("ratio")) == [0]
    assert found(things, ratio__in=[F("price"), F("exact")]) == []
    assert found(things, ratio__range=(F("price"), F("price"))) == []
    least = Least(F("ratio"), F("price"), output_field=FloatField())
    assert values(things, least) == [1.25, 1.252, None, 1.252]
    null = NullIf(F("ratio"), F("price"), output_field=FloatField())
    assert values(things, null) == [1.252] * 4
    huge = ExpressionWrapper(F("exact") * Decimal("1E20"), output_field=DecimalField())
    assert found(things, GreaterThan(huge, F("ratio"))) == [0, 1, 3]


def test_decimal_beside_a_value_of_more_places_uses_its_index(dolt: None) -> None:
    with isolate_apps("tests.inventory"):

        class Priced(Model):
            price = DecimalField(max_digits=9, decimal_places=2, db_index=True)

            class Meta:
                app_label = "inventory"

        with table(Priced):
            Priced.objects.bulk_create(Priced(price=n) for n in range(1000))
            dear = Priced.objects.filter(price__gt=Decimal("995.123"))
            assert dear.count() == 4
            assert "IndexedTableAccess" in dear.explain()


def test_whole_numbers_above_and_below_large_decimals(things: Any) -> None:
    large = 12345678901234567890
    assert things.aggregate(x=Ceil(Max("exact")), y=Floor(Max("exact"))) == {
        "x": large + 1,
        "y": large,
    }
    total = things.order_by().values("name").annotate(x=Ceil(Sum("exact"))).order_by("x")
    assert list(total.values_list("x", flat=True)) == [0, 2, 3, large + 1]
    either = Coalesce(F("price"), F("exact"))
    things.filter(name="A").update(price=None)
    assert values(things, Ceil(either)) == [2, large + 1, 0, 3]
    assert values(things, Floor(either)) == [1, large, -1, 2]
