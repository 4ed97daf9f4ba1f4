"""Columns that can't be negative.

`stock - 1` is 18446744073709551615 where the stock is 0; as a signed number it is -1. And an
UPDATE, other than an INSERT, stores -1 as the highest number of the column, where MySQL refuses
it: so does the statement that is sent.
"""

from __future__ import annotations

from typing import Any

from django.db.models.expressions import Col, Combinable, CombinedExpression

from ...exceptions import OutOfRange
from .moments import kind_of
from .retyped import Retyped
from .rewriting import rewrites

_UNSIGNED = {"PositiveIntegerField", "PositiveSmallIntegerField", "PositiveBigIntegerField"}


@rewrites(CombinedExpression)
def _combined(compiler: Any, node: CombinedExpression) -> tuple[str, Any]:
    if node.connector in (Combinable.SUB, Combinable.ADD, Combinable.MUL):
        sides = [node.lhs, node.rhs]
        if any(_is_unsigned(side) for side in sides):
            node = node.copy()
            node.lhs, node.rhs = (
                Retyped(side, "CAST({} AS SIGNED)") if _is_unsigned(side) else side
                for side in sides
            )
    return compiler.plain(node)  # type: ignore[no-any-return]


def never_negative(field: Any, model: Any, value: Any) -> tuple[Any, Any, Any]:
    """A value of an UPDATE, such that it fails where it would store a negative number.

    Raises:
        OutOfRange: it is a negative number.
    """
    if field.get_internal_type() in _UNSIGNED:
        if hasattr(value, "resolve_expression"):
            if value.contains_aggregate or value.contains_over_clause:
                return field, model, value  # which Django refuses, and shows
            value = Retyped(value, _REFUSED.format(field.column), output_field=field)
        elif isinstance(value, int) and value < 0:
            raise OutOfRange(1264, f"{value} out of range for int: {field.column}")
    return field, model, value


# A path that is none, evaluated only then: there is no SIGNAL within an expression.
_REFUSED = "CASE WHEN ({{}}) < 0 THEN JSON_LENGTH('[]', 'out of range for int: {}') ELSE {{}} END"


def _is_unsigned(expression: Any) -> bool:
    return isinstance(expression, Col) and kind_of(expression) in _UNSIGNED
