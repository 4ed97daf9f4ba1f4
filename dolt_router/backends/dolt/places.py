"""How many digits a decimal has behind the point: Django forgets it in expressions."""

from __future__ import annotations

from decimal import Decimal
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

MOST = 30  # of DECIMAL
DIGITS = 65  # of DECIMAL, on both sides of the point
_OF_64_BITS = 20
# Django gives these the field of their first source.
_OF_ANY = (Case, Coalesce, Greatest, Least, When)
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


def wide_decimal(*expressions: Any) -> str:
    """A form for any of some expressions: a decimal that loses nothing of it.

    It has the most places there are, unless the digits before the point need the room: a number
    that has more of them is 0 for Dolt.
    """
    places = min(MOST, max(0, DIGITS - max(map(_digits_before_point, expressions))))
    return f"CAST({{}} AS DECIMAL({DIGITS}, {places}))"


def _digits_before_point(expression: Any) -> int:
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
    parts = [_digits_before_point(e) for e in expression.get_source_expressions() if e is not None]
    if isinstance(expression, CombinedExpression) and expression.connector == Combinable.MUL:
        return sum(parts)
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
