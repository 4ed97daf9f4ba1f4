"""What an UPDATE stores: the number that was given, or an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import models
from django.db.models import Case, F, IntegerField, OuterRef, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce, Length, Power
from django.test.utils import isolate_apps

from dolt_router import use_branch
from dolt_router.exceptions import OutOfRange

from .things import table

RANGES = {
    "small": (-(2**15), 2**15 - 1),
    "number": (-(2**31), 2**31 - 1),
    "big": (-(2**63), 2**63 - 1),
    "count": (0, 2**16 - 1),
    "stock": (0, 2**32 - 1),
}


@pytest.fixture(params=["main", "feature/x"])
def rows(request: Any, feature: str) -> Iterator[Any]:
    """One row of zeros, of a column of each width; on the default branch and on another."""
    with isolate_apps("tests.inventory"), use_branch(request.param):

        class Row(models.Model):
            small = models.SmallIntegerField(default=0)
            number = models.IntegerField(default=0)
            big = models.BigIntegerField(default=0)
            count = models.PositiveSmallIntegerField(default=0)
            stock = models.PositiveIntegerField(default=0)
            ratio = models.FloatField(default=0)
            price = models.DecimalField(max_digits=5, decimal_places=2, default=0)
            parent = models.ForeignKey("self", models.SET_NULL, null=True)

            class Meta:
                app_label = "inventory"

        with table(Row, alias=request.param):
            Row.objects.create(pk=1)
            yield Row.objects.order_by("pk")


@pytest.mark.parametrize("name", RANGES)
def test_number_at_the_end_of_its_column_is_stored_and_the_next_refused(
    rows: Any, name: str
) -> None:
    for end, beyond in zip(RANGES[name], (-1, 1), strict=True):
        for stored in (end, Value(end) + 0 if abs(end) < 2**62 else end):
            assert rows.update(**{name: stored}) == 1
            assert rows.values_list(name, flat=True).get() == end
        row = rows.get()
        for change in (
            end + beyond,
            F(name) + beyond,
            Coalesce(F(name), 0) + beyond,
            Case(When(pk=1, then=F(name) + beyond), default=0),
        ):
            with pytest.raises(OutOfRange):
                rows.update(**{name: change})
            setattr(row, name, change)
            with pytest.raises(OutOfRange):
                row.save()
            with pytest.raises(OutOfRange):
                rows.bulk_update([row], [name])
        assert rows.values_list(name, flat=True).get() == end


def test_number_of_a_wider_column_or_another_kind_is_refused_by_a_narrow_one(rows: Any) -> None:
    rows.update(big=2**40, ratio=1e12)
    same = rows.model.objects.filter(pk=OuterRef("pk")).values("big")[:1]
    for change in (
        F("big"),
        F("ratio"),
        Subquery(same),
        Cast("ratio", models.BigIntegerField()),
        Power(Value(10), 12),
        Coalesce(F("small"), F("big")) + F("big"),
    ):
        with pytest.raises(OutOfRange, match=r"1690, .out of range for int: number: 1"):
            rows.update(number=change)
    assert rows.get().number == 0
    with pytest.raises(OutOfRange, match="Decimal"):
        rows.update(price=F("big"))


def test_number_that_fits_is_stored_whatever_computes_it(rows: Any) -> None:
    rows.update(big=40_000, ratio=12.0)
    same = rows.model.objects.filter(pk=OuterRef("pk")).values("big")[:1]
    for change, number in (
        (F("big"), 40_000),
        (F("ratio") * 2, 24),
        (Subquery(same), 40_000),
        (F("number") + 1, 40_001),
        (Coalesce(F("parent_id"), 7), 7),
        (Length(Value("abc")), 3),
        (Case(When(pk=1, then=None), default=5, output_field=IntegerField()), None),
    ):
        if number is not None:
            assert rows.update(number=change) == 1
            assert rows.get().number == number
    assert rows.update(parent=1) == 1
    assert rows.update(parent=None) == 1
    assert rows.update(parent=F("id")) == 1
    assert rows.get().parent_id == 1


def test_decimal_and_whole_number_are_stored_as_a_float(rows: Any) -> None:
    rows.update(big=2**40)
    assert rows.update(ratio=Cast("big", models.DecimalField(max_digits=20, decimal_places=2))) == 1
    assert rows.get().ratio == 2.0**40
    assert rows.update(ratio=F("big") + 1) == 1
    assert rows.get().ratio == 2.0**40 + 1
