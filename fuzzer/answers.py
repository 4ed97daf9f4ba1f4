"""A query is a Python text; its answer is what it gives on one database, made comparable.

In the text `items`, `places` and `tags` are the rows of the database that is asked, and
`Item.objects` and so on stand in subqueries. A text that ends in `.update(...)`, `.delete()` or
`.bulk_update(...)` is rolled back; its answer holds the rows that it left.
"""

from __future__ import annotations

import datetime
import math
import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import django.db.models as models
import django.db.models.functions as functions
import django.db.models.lookups as lookups
from django.db import connections, transaction
from django.db.models.fields.json import KT
from django.db.models.query import QuerySet
from django.test.utils import CaptureQueriesContext

from .tables import Item, Place, Tag

COMPARISONS = ["Exact", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"]
NAMES: dict[str, Any] = {
    **{name: getattr(functions, name) for name in functions.__all__},
    **{name: getattr(models, name) for name in models.__all__},
    **{name: getattr(lookups, name) for name in COMPARISONS},
    **{"KT": KT, "Item": Item, "Place": Place, "Tag": Tag},
    **{"datetime": datetime, "Decimal": Decimal, "UUID": uuid.UUID, "ZoneInfo": ZoneInfo},
}
_GONE = (2006, 2013)  # the server has ended, or closed the connection
_DIGITS = 12  # of a float: the rest is the order in which a server adds up


class Answer(NamedTuple):
    """`value` when `error` is None."""

    value: Any
    error: BaseException | None = None

    @property
    def failure(self) -> str:
        return f"{type(self.error).__name__}: {self.error}" if self.error else ""

    def __str__(self) -> str:
        return self.failure or repr(self.value)


def is_write(code: str) -> bool:
    return code.startswith("bulk_update(") or code.endswith(".delete()") or ".update(" in code


def ask(code: str, alias: str) -> Answer:
    """What `code` gives on the database `alias`.

    Raises:
        NameError, SyntaxError: `code` is no query; every database would give the same "answer".
    """
    names = {
        **NAMES,
        "items": Item.objects.using(alias),
        "places": Place.objects.using(alias),
        "tags": Tag.objects.using(alias),
        "bulk_update": _bulk_update,
    }
    try:
        if is_write(code):
            with transaction.atomic(using=alias):
                found = eval(code, names)
                left = list(Item.objects.using(alias).order_by("pk").values_list())
                value = comparable([found, left])
                transaction.set_rollback(True, using=alias)
        else:
            value = comparable(eval(code, names))
    except (NameError, SyntaxError):
        raise
    except Exception as error:
        if getattr(error, "args", None) and error.args[0] in _GONE:
            connections[alias].close()
        return Answer(None, error)
    return Answer(value)


def _bulk_update(rows: QuerySet[Any], field: str, values: list[Any]) -> int:
    objects = list(rows.order_by("pk")[: len(values)])
    for instance, value in zip(objects, values, strict=False):
        setattr(instance, field, value)
    return rows.bulk_update(objects, [field])


def sql(code: str, alias: str) -> str:
    """The statements that `code` sends to the database `alias`."""
    with CaptureQueriesContext(connections[alias]) as queries:
        ask(code, alias)
    wanted = [q["sql"] for q in queries if not q["sql"].startswith(("BEGIN", "ROLLBACK", "COMMIT"))]
    return "\n".join(wanted)


def comparable(value: Any) -> Any:
    """`value` in a form where two are equal if the answers are."""
    if isinstance(value, models.Model):
        return (type(value).__name__, value.pk)
    if isinstance(value, QuerySet):
        return [comparable(row) for row in value]
    if isinstance(value, dict):
        return {"dict": sorted(((repr(k), comparable(v)) for k, v in value.items()), key=repr)}
    if isinstance(value, (list, tuple)):
        return [comparable(part) for part in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, Decimal, float)):
        return Number(value)
    if isinstance(value, datetime.timedelta):
        return Span(value)
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return [comparable(part) for part in value]
    return value


class Number:
    """A number by its value, whatever its type; equal to about as many digits as it can be."""

    def __init__(self, value: int | float | Decimal) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Number):
            return NotImplemented
        mine, its = self.value, other.value
        if mine == its or (mine != mine and its != its):  # the latter is NaN
            return True
        if isinstance(mine, int) and isinstance(its, int):
            return False
        if isinstance(mine, float) or isinstance(its, float):
            return math.isclose(mine, its, rel_tol=10**-_DIGITS, abs_tol=1e-14)
        places = min(_places(mine), _places(its))
        if places >= 4 and _places(mine) != _places(its):
            return abs(Decimal(mine) - Decimal(its)) <= Decimal(1).scaleb(-places)
        return max(_places(mine), _places(its)) > 15 and math.isclose(mine, its, rel_tol=1e-12)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return str(self.value) if not isinstance(self.value, float) else repr(self.value)


def _places(value: int | float | Decimal) -> int:
    exponent = value.as_tuple().exponent if isinstance(value, Decimal) else 0
    return -exponent if isinstance(exponent, int) else 0


class Span:
    """A duration; equal to the microsecond, which averages are rounded to in different ways."""

    def __init__(self, value: datetime.timedelta) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        one = datetime.timedelta(microseconds=1)
        return isinstance(other, Span) and abs(self.value - other.value) <= one

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self.value)


def rounded(value: Any, digits: int) -> Any:
    """A comparable value with so many digits left of its floats."""
    if isinstance(value, Number):
        return Number(float(f"{value.value:.{digits}g}")) if type(value.value) is float else value
    if isinstance(value, dict):
        return {key: rounded(part, digits) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(rounded(part, digits) for part in value)
    return value


def same(mine: Any, its: Any, in_order: bool) -> bool:
    """Whether two comparable values are the same answer."""
    if mine == its:
        return True
    if in_order or not (isinstance(mine, list) and isinstance(its, list)):
        return False
    rest = list(its)
    for row in mine:
        if row not in rest:
            return False
        rest.remove(row)
    return not rest
