"""Columns that can't be negative.

`stock - 1` is 18446744073709551615 where the stock is 0; as a signed number it is -1. And an
UPDATE, other than an INSERT, stores -1 as the highest number of the column, where MySQL refuses
it: so does the statement that is sent.
"""

from __future__ import annotations

from typing import Any

from django.db.models.expressions import Col, CombinedExpression

from ...exceptions import OutOfRange
from .limits import LARGEST, STEPS, as_decimal, checked, may_pass_64_bits, refused
from .moments import kind_of
from .places import DIGITS, MOST, is_divided
from .retyped import Retyped
from .rewriting import rewrites

_UNSIGNED = {"PositiveIntegerField", "PositiveSmallIntegerField", "PositiveBigIntegerField"}


@rewrites(CombinedExpression)
def _combined(compiler: Any, node: CombinedExpression) -> tuple[str, Any]:
    if node.connector not in STEPS:
        return compiler.plain(node)  # type: ignore[no-any-return]
    sides = [node.lhs, node.rhs]
    if any(_is_unsigned(side) for side in sides):
        signed = node.copy()
        signed.lhs, signed.rhs = (
            Retyped(side, "CAST({} AS SIGNED)") if _is_unsigned(side) else side for side in sides
        )
    else:
        signed = node
    if compiler.in_checked or not may_pass_64_bits(node):
        return compiler.plain(signed)  # type: ignore[no-any-return]
    if compiler.connection.is_defining:  # a column that can't hold the decimal says so
        return as_decimal(compiler, signed)
    compiler.in_checked = True
    try:
        sql, params = compiler.plain(signed)
        return checked(compiler, node, sql, params)
    finally:
        compiler.in_checked = False


def storable(field: Any, model: Any, value: Any) -> tuple[Any, Any, Any]:
    """A value of an UPDATE, such that it fails where it would store what MySQL refuses.

    Raises:
        OutOfRange: it is a negative number.
    """
    if field.get_internal_type() in _UNSIGNED:
        if hasattr(value, "resolve_expression"):
            if value.contains_aggregate or value.contains_over_clause:
                return field, model, value  # which Django refuses, and shows
            refusal = refused(f"int: {field.column}", "{}")
            form = f"CASE WHEN ({{}}) < 0 THEN {refusal} ELSE {{}} END"
            value = Retyped(value, form, output_field=field)
        elif isinstance(value, int) and value < 0:
            raise OutOfRange(1264, f"{value} out of range for int: {field.column}")
    elif field.get_internal_type() == "DecimalField" and is_divided(value):
        # A quotient is stored with four places more than its dividend has.
        places = min(MOST, DIGITS - field.max_digits + field.decimal_places)
        value = Retyped(value, f"CAST({{}} AS DECIMAL({DIGITS}, {places}))", output_field=field)
    elif field.get_internal_type() == "FloatField" and hasattr(value, "resolve_expression"):
        if not (value.contains_aggregate or value.contains_over_clause):
            # An infinite number would be stored.
            refusal = refused("double", "{}")
            form = f"CASE WHEN NOT (ABS({{}}) <= {LARGEST}) THEN {refusal} ELSE {{}} END"
            value = Retyped(value, form, output_field=field)
    return field, model, value


def _is_unsigned(expression: Any) -> bool:
    return isinstance(expression, Col) and kind_of(expression) in _UNSIGNED
