"""A table of awkward values, for the tests of rewritten queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django.db import connections, models
from django.test.utils import isolate_apps

UTC = dt.timezone.utc
ROWS: list[dict[str, Any]] = [
    {
        "name": "a",
        "note": "100%",
        "small": 2**31 - 1,
        "big": 2**53 + 1,
        "price": Decimal("1.25"),
        "exact": Decimal("1.2500142520"),
        "ratio": 2.5,
        "day": dt.date(2021, 1, 3),
        "at": dt.datetime(2021, 1, 3, 10, 0, 0, 500000, UTC),
        "clock": dt.time(12, 30, 15),
        "data": {"é": 'x"', "k": [1]},
        "group": 1,
    },
    {
        "name": "A",
        "note": "",
        "small": 2**31 - 1,
        "big": 2**62,
        "price": Decimal("99.99"),
        "exact": Decimal("12345678901234567890.1234567891"),
        "ratio": -2.5,
        "day": dt.date(2024, 1, 1),
        "at": dt.datetime(2020, 12, 31, 23, 59, 59, 999999, UTC),
        "clock": dt.time(0, 0),
        "data": {"k": 5},
        "group": 1,
    },
    {
        "name": "",
        "note": "a_b",
        "small": -(2**31),
        "big": -(2**62),
        "price": None,
        "exact": Decimal("-0.5"),
        "ratio": None,
        "day": dt.date(2024, 1, 1),
        "at": dt.datetime(2024, 1, 1, tzinfo=UTC),
        "clock": None,
        "data": None,
        "group": 2,
    },
    {
        "name": "éa_b",
        "note": None,
        "small": 5,
        "big": 7,
        "price": Decimal("2.50"),
        "exact": Decimal("2.4999999999"),
        "ratio": 0.5,
        "day": None,
        "at": dt.datetime(2024, 5, 17, 8, 30, 0, 1, UTC),
        "clock": dt.time(23, 59, 59, 999999),
        "data": [1],
        "group": 3,
    },
]


@contextmanager
def table(*made: type[models.Model], alias: str = "default") -> Iterator[None]:
    """The tables of models, in this order, while the context lasts."""
    with connections[alias].schema_editor() as editor:
        for model in made:
            editor.create_model(model)
    try:
        yield
    finally:
        with connections[alias].schema_editor() as editor:
            for model in reversed(made):
                editor.delete_model(model)


@contextmanager
def table_of_things(alias: str) -> Iterator[type[models.Model]]:
    """The model `Thing` with ROWS in its table on the branch `alias`; each but the first has
    the one before as parent."""
    with isolate_apps("tests.inventory"):

        class Thing(models.Model):
            name = models.CharField(max_length=50)
            note = models.TextField(null=True)
            small = models.IntegerField()
            big = models.BigIntegerField()
            price = models.DecimalField(max_digits=12, decimal_places=2, null=True)
            exact = models.DecimalField(max_digits=30, decimal_places=10)
            ratio = models.FloatField(null=True)
            day = models.DateField(null=True)
            at = models.DateTimeField()
            clock = models.TimeField(null=True)
            data = models.JSONField(null=True)
            group = models.IntegerField()
            parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="parts")

            class Meta:
                app_label = "inventory"

        with table(Thing, alias=alias):
            parent = None
            for row in ROWS:
                parent = Thing.objects.using(alias).create(parent=parent, **row)
            yield Thing


def values(queryset: Any, expression: Any) -> list[Any]:
    return list(queryset.annotate(found=expression).values_list("found", flat=True))


def found(queryset: Any, *conditions: Any, **lookups: Any) -> list[int]:
    """The positions in ROWS of what a filter finds."""
    first = queryset[0].pk
    keys = queryset.filter(*conditions, **lookups).values_list("pk", flat=True)
    return [key - first for key in keys]
