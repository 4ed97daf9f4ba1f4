"""Constants that stand in a query as `Value()`."""

from __future__ import annotations

from typing import Any

from django.db.models import Value, aggregates

from .comparisons import BY_BYTES, TEXT
from .moments import SQL_TYPES, kind_of
from .rewriting import rewrites

StringAggDelimiter = getattr(aggregates, "StringAggDelimiter", None)  # from Django 6.0 on


if StringAggDelimiter is not None:

    @rewrites(StringAggDelimiter)
    def _delimiter(compiler: Any, node: Any) -> tuple[str, Any]:
        """SEPARATOR takes a literal only."""
        before, compiler.selects = compiler.selects, False
        try:
            return compiler.plain(node)  # type: ignore[no-any-return]
        finally:
            compiler.selects = before


@rewrites(Value)
def _value(compiler: Any, node: Value) -> tuple[str, Any]:
    """It is text to Dolt: HOUR(), CASE and others take that for another point in time.

    And two texts that are no columns compare without regard to case.
    """
    sql, params = compiler.plain(node)
    if sql != "%s" or params[0] is None or compiler.connection.is_defining:
        return sql, params
    kind = kind_of(node) or ""
    if kind in SQL_TYPES:
        return f"CAST(%s AS {SQL_TYPES[kind]})", params
    if kind in TEXT and compiler.selects:
        return f"(%s {BY_BYTES})", params
    return sql, params
