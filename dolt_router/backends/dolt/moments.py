"""Points in time, and durations added to them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FieldError
from django.db.models.expressions import Col, Combinable, DurationExpression

from .rewriting import rewrites

DAY = 86_400_000_000  # microseconds
SQL_TYPES = {"DateField": "DATE", "DateTimeField": "DATETIME(6)", "TimeField": "TIME(6)"}


def kind_of(expression: Any) -> str | None:
    """The internal type of what an expression gives; None when that isn't known."""
    try:
        return str(expression.output_field.get_internal_type())
    except (AttributeError, FieldError):
        return None


def of_one_kind(sql: str, node: Any) -> str:
    """`sql` of one of several values, which is text if these are points in time of two kinds."""
    wanted = SQL_TYPES.get(kind_of(node) or "")
    if wanted is None or all(isinstance(e, Col) for e in node.get_source_expressions()):
        return sql
    return f"CAST({sql} AS {wanted})"


@rewrites(DurationExpression)
def _moved(compiler: Any, node: DurationExpression) -> tuple[str, Any]:
    """A point in time and a duration: `+ INTERVAL` loses the microseconds of a column."""
    left, right = kind_of(node.lhs), kind_of(node.rhs)
    if node.connector not in (Combinable.ADD, Combinable.SUB):
        return compiler.plain(node)  # type: ignore[no-any-return]
    if left in SQL_TYPES and right == "DurationField":
        point, duration = node.lhs, node.rhs
    elif left == "DurationField" and right in SQL_TYPES and node.connector == Combinable.ADD:
        point, duration = node.rhs, node.lhs
    else:
        return compiler.plain(node)  # type: ignore[no-any-return]
    point_sql, point_params = compiler.compile(point)
    sql, params = compiler.compile(duration)
    if node.connector == Combinable.SUB:
        sql = f"(0 - ({sql}))"  # -(3600000000) is 694967296
    is_time = "TimeField" in (left, right)
    if is_time:
        # A time becomes one of a fixed day: Dolt would add the interval to now's date.
        point_sql = f"DATE_FORMAT({point_sql}, %s)"
        point_params = (*point_params, "2000-01-01 %H:%i:%s.%f")
    elif not isinstance(point, Col):
        point_sql = f"CAST({point_sql} AS DATETIME(6))"
    # By days and the rest: Dolt counts in nanoseconds, of which 64 bits hold 292 years.
    days = f"TIMESTAMPADD(DAY, ({sql}) DIV {DAY}, {point_sql})"
    moved = f"TIMESTAMPADD(MICROSECOND, ({sql}) %% {DAY}, {days})"
    every = (*params, *params, *point_params)
    if is_time:
        return f"CAST(DATE_FORMAT({moved}, %s) AS TIME(6))", (*every, "%H:%i:%s.%f")
    return moved, every
