"""The columns of combined queries: each part gives them in a type that all of them have.

Dolt takes the type of a column, and the order of its rows, from the first part. So rows after an
untyped NULL, or after decimals of fewer places, come in no order; whole numbers beside floats are
text, floats beside a literal lose their small digits, and times beside one are NULL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import OperationalError
from django.db.models import Sum, Value
from django.db.models.expressions import Col

from .comparisons import BY_BYTES, TEXT
from .limits import LEAST, MOST, is_null, is_whole, stored_kind
from .moments import SQL_TYPES
from .places import common_decimal
from .retyped import FLOAT, SIGNED, WHOLE
from .wide import is_unsigned

_AS_TEXT = f"CAST({{}} AS CHAR) {BY_BYTES}"
_NUMBERS = {
    *("SmallIntegerField", "IntegerField", "BigIntegerField", "BooleanField", "DurationField"),
    *("PositiveSmallIntegerField", "PositiveIntegerField", "PositiveBigIntegerField"),
    *("SmallAutoField", "AutoField", "BigAutoField", "FloatField", "DecimalField"),
}
_WRITTEN = TEXT | {"FileField", "FilePathField", "UUIDField", "GenericIPAddressField"}
_OTHERS = {
    **{kind: f"CAST({{}} AS {sql_type})" for kind, sql_type in SQL_TYPES.items()},
    **{"JSONField": "CAST({} AS JSON)", "BinaryField": "CAST({} AS BINARY)"},
}


def unlike_columns(selects: Sequence[Sequence[Any]]) -> dict[int, str]:
    """The forms, SQL with `{}`, of the columns that the parts give in types of their own.

    Args:
        selects: for each part, the expressions that it selects.

    Raises:
        OperationalError: with MySQL's number; Dolt closes the connection, of EXCEPT and INTERSECT.
    """
    if len({len(select) for select in selects}) > 1:
        raise OperationalError(
            1222, "The used SELECT statements have a different number of columns"
        )
    columns = enumerate(zip(*selects, strict=True))
    return {index: form for index, column in columns if (form := _common_form(column))}


def in_form(expression: Any, form: str) -> str:
    """`form`, or none for what has its type already: a column of text."""
    return "{}" if form == _AS_TEXT and isinstance(expression, Col) else form


def _common_form(column: Sequence[Any]) -> str | None:
    first = column[0]
    if isinstance(first, Col) and all(_are_alike(first, other) for other in column[1:]):
        return None
    column = [one for one in column if not is_null(one)] or column
    kinds = {"BigIntegerField" if is_whole(one) else stored_kind(one) or "" for one in column}
    if kinds <= _WRITTEN:
        return _AS_TEXT
    if kinds <= _NUMBERS:
        return _common_number(kinds, column)
    if kinds == {"DateField", "DateTimeField"}:
        return _OTHERS["DateTimeField"]
    return _OTHERS.get(kinds.pop()) if len(kinds) == 1 else None


def _common_number(kinds: set[str], known: Sequence[Any]) -> str:
    if "FloatField" in kinds:
        return FLOAT
    if "DecimalField" in kinds:
        return common_decimal(*known)
    return WHOLE if any(map(_may_pass_64_bits, known)) else SIGNED


def _may_pass_64_bits(whole: Any) -> bool:
    if isinstance(whole, Value):
        return isinstance(whole.value, int) and not LEAST <= whole.value <= MOST
    return isinstance(whole, Sum) or is_unsigned(whole)


def _are_alike(first: Col, other: Any) -> bool:
    if not isinstance(other, Col):
        return False
    one, another = first.output_field, other.output_field
    if one is another:
        return True
    kind = stored_kind(first)
    if kind in _WRITTEN and stored_kind(other) in _WRITTEN:
        return True
    if kind != stored_kind(other):
        return False
    return kind != "DecimalField" or one.decimal_places == another.decimal_places
