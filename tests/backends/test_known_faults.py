"""Faults of Dolt that are left: docs/dolt-notes.md. When one of these passes, say so there."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any

import pytest
from django.db import DatabaseError
from django.db.models import Count, F, Value
from django.db.models.functions import Exp, TruncHour

from .things import UTC


@pytest.mark.xfail(strict=True, reason="CONVERT_TZ takes the offset of another hour")
def test_hour_after_the_clocks_change(things: Any) -> None:
    things.update(at=dt.datetime(2024, 3, 31, 1, 30, tzinfo=UTC))
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    hours = things.annotate(x=TruncHour("at", tzinfo=berlin)).values_list("x", flat=True)
    assert hours[0] == dt.datetime(2024, 3, 31, 3, tzinfo=berlin)


@pytest.mark.xfail(strict=True, reason="arithmetic past 64 bits wraps around")
def test_number_past_64_bits_is_an_error(things: Any) -> None:
    things.update(big=2**63 - 1)
    with pytest.raises(DatabaseError):
        list(things.annotate(x=F("big") + 1).values_list("x"))


@pytest.mark.xfail(strict=True, reason="it is NULL")
def test_float_out_of_range_is_an_error(things: Any) -> None:
    with pytest.raises(DatabaseError):
        list(things.annotate(x=Exp(Value(1000.0))).values_list("x"))


@pytest.mark.xfail(strict=True, reason="1105: does not exist in scope")
def test_same_aggregate_of_a_constant_twice(things: Any) -> None:
    both = things[:3].aggregate(a=Count(Value("a")), b=Count(Value("a")))
    assert both == {"a": 3, "b": 3}
