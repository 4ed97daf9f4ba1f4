"""What an UPDATE stores: as given, or refused, where Dolt stores something else.

Other than an INSERT it cuts a whole number to what its column holds, and stores -1 as the highest
number of a column without a sign, infinite floats as they are, and quotients with more places
than their column has. MySQL refuses the first three.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.mysql.operations import DatabaseOperations
from django.db.models import Case, Value
from django.db.models.functions import Coalesce

from ...exceptions import OutOfRange
from .limits import LARGEST, is_whole, limits, refused, results_of
from .places import DIGITS, MOST, is_divided
from .retyped import WHOLE, Retyped
from .totals import EXACT

_RANGES = DatabaseOperations.integer_field_ranges | {
    "AutoField": DatabaseOperations.integer_field_ranges["IntegerField"]
}


def storable(field: Any, model: Any, value: Any) -> tuple[Any, Any, Any]:
    """A value of an UPDATE, such that it fails where it would store what MySQL refuses.

    Raises:
        OutOfRange: it is a number that the column can't hold.
    """
    if len(targets := getattr(field, "foreign_related_fields", ())) > 1:
        return field, model, value  # Django says what is wrong with it
    kind = (targets[0] if targets else field).get_internal_type()
    if kind in _RANGES:
        return field, model, _within(field, value, *_RANGES[kind])
    if not hasattr(value, "resolve_expression"):
        return field, model, value
    if kind == "DecimalField" and is_divided(value):
        # A quotient is stored with four places more than its dividend has.
        places = min(MOST, DIGITS - field.max_digits + field.decimal_places)
        value = Retyped(value, f"CAST({{}} AS DECIMAL({DIGITS}, {places}))", output_field=field)
    elif kind == "FloatField" and not _is_refused(value):
        refusal = refused("double", "{}")
        # A decimal would be compared as one, which LARGEST isn't.
        form = f"CASE WHEN NOT (ABS(({{}}) + 0E0) <= {LARGEST}) THEN {refusal} ELSE {{}} END"
        value = Retyped(value, form, output_field=field)
    return field, model, value


def _within(field: Any, value: Any, low: int, high: int) -> Any:
    if hasattr(value, "resolve_expression"):
        if _is_refused(value) or _is_known_within(value, low, high):
            return value
        refusal = refused(f"int: {field.column}", "{}")
        test = f"({{}}) < {low} OR ({{}}) > {high}"
        if high >= EXACT:  # beside a number without a sign it is compared as a float
            test += f" OR {WHOLE} > {high}"
        form = f"CASE WHEN {test} THEN {refusal} ELSE {{}} END"
        return Retyped(value, form, output_field=field)
    if isinstance(value, int) and not low <= value <= high:
        raise OutOfRange(1264, f"{value} out of range for int: {field.column}")
    return value


def _is_refused(expression: Any) -> bool:
    """Whether Django refuses it, and shows it as it was written."""
    return bool(expression.contains_aggregate or expression.contains_over_clause)


def _is_known_within(expression: Any, low: int, high: int) -> bool:
    parts = [expression]
    if isinstance(expression, Case):
        parts = results_of(expression)
    elif isinstance(expression, Coalesce):
        parts = expression.get_source_expressions()
    for part in parts:
        if isinstance(part, Value) and part.value is None:
            continue
        found = limits(part) if is_whole(part) else None
        if found is None or found[0] < low or found[1] > high:
            return False
    return True
