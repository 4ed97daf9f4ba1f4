"""Aggregates: Dolt adds up in floats, whatever the type of what is added."""

from __future__ import annotations

from typing import Any

from django.db import NotSupportedError
from django.db.models import Avg, Case, CharField, Count, StdDev, Sum, Value, Variance
from django.db.models.expressions import Col
from django.db.models.functions import Coalesce

from .limits import refused, results_of
from .moments import kind_of
from .places import MOST, places_of
from .retyped import with_source
from .rewriting import rewrites

EXACT = 2**53  # up to which a float counts whole numbers exactly
INEXACT = "Dolt counts it inexactly. Add up DecimalField(max_digits=40, decimal_places=0) instead"
_NARROW = {"SmallIntegerField", "PositiveSmallIntegerField", "IntegerField", "PositiveIntegerField"}
_WIDE = {"BigIntegerField", "PositiveBigIntegerField", "DurationField"}
_WHOLE = _NARROW | _WIDE | {"AutoField", "SmallAutoField", "BigAutoField"}


def is_narrow_column(node: Any) -> bool:
    """Whether the sum of this passes 2**53 only with millions of the largest numbers.

    So it is of a column of up to 32 bits, of a small constant, and of a choice among such.
    """
    return _is_narrow(node.get_source_expressions()[0])


def _is_narrow(source: Any) -> bool:
    if isinstance(source, Col):
        return source.output_field.get_internal_type() in _NARROW
    if isinstance(source, Value):
        return source.value is None or (isinstance(source.value, int) and abs(source.value) < 2**31)
    if isinstance(source, Case):
        return all(map(_is_narrow, results_of(source)))
    return isinstance(source, Coalesce) and all(map(_is_narrow, source.get_source_expressions()))


@rewrites(Sum, Avg)
def _total(compiler: Any, node: Any) -> tuple[str, Any]:
    if compiler.in_window:
        return compiler.plain(node)  # type: ignore[no-any-return]
    kind = kind_of(node) or ""
    is_average = isinstance(node, Avg)
    if kind == "DecimalField":
        source = node.get_source_expressions()[0]
        places = places_of(source)
        # 0.01 and 0.010, of a choice among columns of unlike places, are two numbers for DISTINCT.
        if (is_average or node.distinct) and not isinstance(source, Col):
            node = with_source(node, f"CAST({{}} AS DECIMAL(65, {min(places, 26)}))")
        sql, params = compiler.plain(node)
        return f"CAST({sql} AS DECIMAL(65, {min(places + 4 * is_average, MOST)}))", params
    if kind_of(node.get_source_expressions()[0]) not in _WHOLE:
        return compiler.plain(node)  # type: ignore[no-any-return]
    if is_narrow_column(node):
        if is_average and not isinstance(node.get_source_expressions()[0], Col):
            # A choice among columns with and without a sign is a decimal, of four places more.
            return compiler.plain(with_source(node, "(({}) + 0E0)"))  # type: ignore[no-any-return]
        sql, params = compiler.plain(node)
        if compiler.in_having and not is_average:  # `check_exact` doesn't see it
            refusal = refused(f"a sum: {INEXACT}", sql)
            sql = f"CASE WHEN ABS({sql}) >= {EXACT} THEN {refusal} ELSE {sql} END"
            params = (*params, *params, *params)
        return sql, params
    places = 20 if is_average else 0
    sql, params = compiler.plain(with_source(node, f"CAST({{}} AS DECIMAL(65, {places}))"))
    wanted = "SIGNED" if kind == "DurationField" else f"DECIMAL(65, {places})"
    return f"CAST({sql} AS {wanted})", params


def check_exact(value: Any, expression: Any, connection: Any) -> Any:
    """Converter of a sum of narrow numbers: it was counted in a float, which costs nothing.

    Raises:
        NotSupportedError: the float may have left something out.
    """
    if value is not None and not -EXACT < value < EXACT:
        raise NotSupportedError(
            f"Dolt counts a sum of {value:.0f} inexactly. Add up "
            'Cast("field", DecimalField(max_digits=40, decimal_places=0)) instead.'
        )
    return value


@rewrites(Count)
def _count(compiler: Any, node: Count) -> tuple[str, Any]:
    """COUNT(DISTINCT ...) of a TIME fails, and COUNT(NULL) counts the rows of the table."""
    source = node.get_source_expressions()[0]
    if getattr(node, "distinct", False) and kind_of(source) == "TimeField":
        node = with_source(node, "TIME_FORMAT({}, '%%H:%%i:%%s.%%f')", CharField())
    sql, params = compiler.plain(node)
    if sql == "COUNT(NULL)" or (sql == "COUNT(%s)" and params[0] is None):
        return "COUNT(NULLIF(1, 1))", ()
    return sql, params


@rewrites(StdDev, Variance)
def _deviation(compiler: Any, node: Any) -> tuple[str, Any]:
    """It is given the type of its argument, rounded and cut off: so that is made a float."""
    source = node.get_source_expressions()[0]
    if kind_of(source) != "FloatField":
        node = with_source(node, "(({}) + 0E0)")
    return compiler.plain(node)  # type: ignore[no-any-return]
