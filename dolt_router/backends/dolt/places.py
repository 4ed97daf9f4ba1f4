"""How many digits a decimal has behind the point: Django forgets it in expressions."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from typing import Any

from django.core.exceptions import FieldError
from django.db.models import (
    Avg,
    Case,
    DecimalField,
    ExpressionWrapper,
    FloatField,
    Sum,
    Value,
    When,
)
from django.db.models.expressions import BaseExpression, Col, Combinable, CombinedExpression
from django.db.models.functions import Coalesce, Greatest, Least

from .moments import kind_of
from .retyped import FLOAT

MOST = 30  # of DECIMAL
DIGITS = 65  # of DECIMAL, on both sides of the point
_OF_64_BITS = 20
# Django gives these the field of their first source.
_OF_ANY = (Case, Coalesce, Greatest, Least, When)
_EXACT = Context(prec=400)
MORE_WHEN_DIVIDED = 4  # div_precision_increment


def places_of(expression: Any) -> int:
    """The places that MySQL would give `expression`; MOST when that isn't known."""
    if isinstance(expression, Value) and isinstance(expression.value, (int, Decimal)):
        exponent = Decimal(expression.value).as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else MOST
    if isinstance(expression, ExpressionWrapper):  # a name for what is inside
        return places_of(expression.expression)
    try:
        field = expression.output_field
    except (AttributeError, FieldError):
        return MOST
    if isinstance(field, FloatField):
        return MOST
    if not isinstance(field, DecimalField):
        return 0
    if field.decimal_places is not None and not isinstance(expression, _OF_ANY):
        return field.decimal_places
    parts = [places_of(e) for e in expression.get_source_expressions() if _is_number(e)]
    if not parts:
        return MOST
    if isinstance(expression, CombinedExpression) and expression.connector == Combinable.MUL:
        return min(sum(parts), MOST)
    divides = isinstance(expression, CombinedExpression) and expression.connector == Combinable.DIV
    places = parts[0] if divides else max(parts)
    return min(places + MORE_WHEN_DIVIDED * (divides or isinstance(expression, Avg)), MOST)


def is_decimal_column(expression: Any) -> bool:
    return isinstance(expression, Col) and isinstance(expression.output_field, DecimalField)


def is_between_places(column: Any, value: Any) -> bool:
    """Whether `value` has more places than the `column` of decimals beside it.

    Dolt would round it to those of the column, which then equals what it doesn't.
    """
    if not (isinstance(value, Decimal) and value.is_finite() and is_decimal_column(column)):
        return False
    with localcontext(_EXACT):
        return bool(value % Decimal(1).scaleb(-column.output_field.decimal_places))


def next_place(column: Any, value: Decimal, rounding: str) -> Decimal:
    """The number with the places of `column` that is next to `value`, above or below it."""
    with localcontext(_EXACT):
        place = Decimal(1).scaleb(-column.output_field.decimal_places)
        return value.quantize(place, rounding=rounding)


def comparable(*expressions: Any) -> str:
    """A form for a decimal that is compared with the other `expressions`.

    Beside a float it is one too: else the float would be rounded to the places of the decimal.
    """
    if any(kind_of(expression) == "FloatField" for expression in expressions):
        return FLOAT
    return wide_decimal(*expressions)


def wide_decimal(*expressions: Any) -> str:
    """A form for any of some expressions: a decimal that loses nothing of it.

    It has the most places there are, unless the digits before the point need the room: a number
    that has more of them is 0 for Dolt.
    """
    return _decimal_of(expressions, MOST)


def common_decimal(*expressions: Any) -> str:
    """A form for any of some expressions: a decimal with the places that one of them has."""
    return _decimal_of(expressions, max(map(places_of, expressions)))


def _decimal_of(expressions: Any, wanted: int) -> str:
    places = min(wanted, max(0, DIGITS - max(map(digits_before_point, expressions))))
    return f"CAST({{}} AS DECIMAL({DIGITS}, {places}))"


def digits_before_point(expression: Any) -> int:
    """The most digits before the point that `expression` may have."""
    if isinstance(expression, Col):
        field = expression.target
        if isinstance(field, DecimalField):
            return int((field.max_digits or DIGITS - MOST) - (field.decimal_places or 0))
        return _OF_64_BITS
    if isinstance(expression, Value):
        number = expression.value
        return max(0, Decimal(number).adjusted() + 1) if isinstance(number, (int, Decimal)) else 0
    if not isinstance(expression, BaseExpression):
        return 0
    parts = [digits_before_point(e) for e in expression.get_source_expressions() if e is not None]
    if isinstance(expression, CombinedExpression):
        if expression.connector == Combinable.MUL:
            return sum(parts)
        if expression.connector == Combinable.DIV:  # by the least number that the divisor holds
            return parts[0] + places_of(expression.rhs)
    more = (
        _OF_64_BITS if isinstance(expression, Sum) else isinstance(expression, CombinedExpression)
    )
    return max(parts, default=0) + more


def is_divided(expression: Any) -> bool:
    """Whether `expression` is a quotient, or is computed from one."""
    if isinstance(expression, CombinedExpression) and expression.connector == Combinable.DIV:
        return True
    if not isinstance(expression, (CombinedExpression, ExpressionWrapper)):
        return False
    return any(is_divided(part) for part in expression.get_source_expressions())


def _is_number(expression: Any) -> bool:
    try:
        return not getattr(expression, "conditional", False) and bool(expression.output_field)
    except (AttributeError, FieldError):
        return False
