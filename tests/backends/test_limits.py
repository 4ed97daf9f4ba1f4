"""Numbers past what 64 bits and floats hold: an error, as in MySQL, and never another number."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DataError, connection
from django.db.models import BigIntegerField, Case, DecimalField, F, Q, Sum, Value, When
from django.db.models.functions import Abs, Cast, Coalesce, Exp, Power
from django.test.utils import CaptureQueriesContext

from .things import ROWS, found, values

HIGHEST, LEAST = 2**63 - 1, -(2**63)


@pytest.mark.parametrize(
    "step",
    [
        lambda: F("big") + 1,
        lambda: F("big") * 2,
        lambda: Value(-5) - F("big") - F("big"),
        lambda: F("big") + F("small"),
        lambda: Coalesce(F("big"), 0) + F("group"),
        lambda: Case(When(group__gt=0, then=F("big") + 1), default=0),
        lambda: (F("big") + 1) - 1,
    ],
)
def test_number_past_64_bits_is_an_error(things: Any, step: Any) -> None:
    things.filter(small__gt=0).update(big=HIGHEST)
    with pytest.raises(DataError):
        values(things, step())
    with pytest.raises(DataError):
        list(things.annotate(x=step()).filter(x__lt=-100))
    with pytest.raises(DataError):
        things.update(big=step())
    assert things.filter(big=HIGHEST).count() == 3


def test_number_below_64_bits_is_an_error(things: Any) -> None:
    things.update(big=LEAST)
    for step in (F("big") - 1, -F("big"), F("big") * F("big"), Abs("big")):
        with pytest.raises(DataError):
            values(things, step)


def test_numbers_at_the_limits_are_right(things: Any) -> None:
    things.update(big=HIGHEST)
    assert values(things, F("big") - 1) == [HIGHEST - 1] * 4
    assert values(things, -F("big") - 1) == [LEAST] * 4
    assert values(things, Abs("big")) == [HIGHEST] * 4
    assert values(things, F("big") + Cast(None, BigIntegerField())) == [None] * 4
    things.update(big=F("big") - F("big") + 5)
    assert values(things, F("big") * F("small")) == [5 * row["small"] for row in ROWS]
    assert found(things, Q(big__gt=F("big") * 2 - 6)) == [0, 1, 2, 3]


def test_narrow_numbers_are_added_as_django_does(things: Any) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert values(things, F("small") + F("group") * F("small") + F("pk") * 0) == [
            row["small"] * (1 + row["group"]) for row in ROWS
        ]
    assert "CASE" not in queries[0]["sql"]


def test_float_out_of_range_is_an_error(things: Any) -> None:
    big = Value(1e308)
    for step in (
        Exp(Value(1000.0)),
        Exp(F("ratio") * 400),
        Power(F("ratio"), Value(0.5)),
        Power(Value(0.0), Value(-1.0)),
        Power("ratio", Value(2000)),
        F("ratio") * big,
        F("ratio") * big - F("ratio") * big,
    ):
        with pytest.raises(DataError):
            values(things, step)
    with pytest.raises(DataError):
        things.aggregate(x=Sum(F("ratio") * F("ratio") * 1e308))
    with pytest.raises(DataError):
        things.update(ratio=F("ratio") * big)
    with pytest.raises(DataError):
        found(things.annotate(x=Exp(F("ratio") * 400)), x__gt=1)


def test_floats_in_range_are_right(things: Any) -> None:
    assert values(things, Power("ratio", 2)) == [6.25, 6.25, None, 0.25]
    assert values(things, Exp("ratio"))[2:] == [None, pytest.approx(1.6487212707)]
    things.update(ratio=F("ratio") * 2)
    assert [thing.ratio for thing in things] == [5.0, -5.0, None, 1.0]


def test_sum_in_a_condition_on_groups_is_exact_or_an_error(things: Any) -> None:
    groups = things.order_by().values("group").annotate(s=Sum("small")).order_by("group")
    assert list(groups.filter(s__gt=0).values_list("group", "s")) == [(1, 2**32 - 2), (3, 5)]
    assert list(groups.filter(s__lt=F("group")).values_list("group")) == [(2,)]
    # 2**53 is passed only by millions of rows of the largest numbers: so by a product here.
    exact = Sum(Cast("big", DecimalField(max_digits=40, decimal_places=0)))
    assert list(things.order_by().values("group").annotate(s=exact).filter(s__gt=2**61)) == [
        {"group": 1, "s": 2**62 + 2**53 + 1}
    ]


def test_constants_are_no_reason_to_refuse(things: Any) -> None:
    for constant in (Abs(Value(36, BigIntegerField())), Value(36) * 1, Exp(Value(0.0)) + 35):
        assert found(things.annotate(x=constant), x=36) == [0, 1, 2, 3]
    assert found(things.annotate(x=Power(Value(6.0), 2)), x__gt=35) == [0, 1, 2, 3]
    things.update(ratio=Value(3.0) * 2, big=Abs(Value(-5)))
    assert set(things.values_list("ratio", "big")) == {(6.0, 5)}
    with pytest.raises(DataError):
        values(things, Exp(Value(1000.0)))
