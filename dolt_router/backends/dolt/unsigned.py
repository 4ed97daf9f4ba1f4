"""Numbers that can't be negative: columns, and constants from 128 on.

`stock - 1` is 18446744073709551615 where the stock is 0; as a signed number it is -1. So are
`MAX(stock) - 200` and `200 - 300`, but not `200 - 1`: 1 has a sign.
"""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import Case, ExpressionWrapper, Max, Min, Subquery, Value, Window
from django.db.models.expressions import Col, Combinable, CombinedExpression, Ref
from django.db.models.functions import (
    Abs,
    Cast,
    Ceil,
    Coalesce,
    DenseRank,
    FirstValue,
    Floor,
    Greatest,
    Lag,
    LastValue,
    Lead,
    Least,
    Mod,
    NthValue,
    Ntile,
    NullIf,
    Rank,
    Round,
    RowNumber,
)
from django.db.models.sql import Query

from .limits import STEPS, as_decimal, checked, is_whole, may_pass_64_bits, results_of
from .moments import kind_of
from .retyped import SIGNED, with_left, with_right
from .rewriting import rewrites

_OF_ANY = (Coalesce, Greatest, Least)
_RANKS = (DenseRank, Ntile, Rank, RowNumber)
_OF_FIRST = (
    *(Abs, Ceil, ExpressionWrapper, FirstValue, Floor, Lag, LastValue, Lead),
    *(Max, Min, NthValue, NullIf, Ref, Round),
)
_UNSIGNED = {"PositiveIntegerField", "PositiveSmallIntegerField", "PositiveBigIntegerField"}


@rewrites(Mod)
def _rest(compiler: Any, node: Mod) -> tuple[str, Any]:
    """A decimal of as many digits as the divisor: too few for what COALESCE has beside it."""
    sql, params = compiler.plain(node)
    return (SIGNED.format(sql) if is_whole(node) else sql), params


@rewrites(CombinedExpression)
def _combined(compiler: Any, node: CombinedExpression) -> tuple[str, Any]:
    if node.connector not in STEPS:
        sql, params = compiler.plain(node)
        return (SIGNED.format(sql) if is_whole(node) else sql), params
    left, right = node.lhs, node.rhs
    lacks_sign = may_lack_sign if node.connector == Combinable.SUB else _is_unsigned
    signed = node
    if lacks_sign(left):
        signed = with_left(signed, SIGNED)
    if _is_unsigned(right):
        signed = with_right(signed, SIGNED)
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


def _is_unsigned(expression: Any) -> bool:
    return isinstance(expression, Col) and kind_of(expression) in _UNSIGNED


def may_lack_sign(expression: Any) -> bool:
    """Whether Dolt may take a whole number for one without a sign."""
    if isinstance(expression, Col):
        return _is_unsigned(expression)
    if isinstance(expression, Value):
        number = expression.value
        if isinstance(number, datetime.timedelta):
            return number > datetime.timedelta(microseconds=127)
        return isinstance(number, int) and number > 127  # those below are of 8 bits with a sign
    if isinstance(expression, CombinedExpression):
        # Of two columns the sides have got their sign, and the rest of the signs give decimals.
        sides = [expression.lhs, expression.rhs]
        return expression.connector in (Combinable.ADD, Combinable.MUL) and not any(
            isinstance(side, Col) or not may_lack_sign(side) for side in sides
        )
    if isinstance(expression, Cast):
        return kind_of(expression) in _UNSIGNED
    if isinstance(expression, Window) and isinstance(expression.source_expression, _RANKS):
        return True
    parts = [part for part in _one_of(expression) if getattr(part, "value", part) is not None]
    return bool(parts) and all(map(may_lack_sign, parts))


def _one_of(expression: Any) -> list[Any]:
    """The expressions that `expression` has its value from, one row's or another's."""
    if isinstance(expression, Window):
        expression = expression.source_expression
    if isinstance(expression, (Subquery, Query)):  # from Django 6.1 on the one becomes the other
        query: Any = getattr(expression, "query", expression)
        return [*query.select, *query.annotation_select.values()]
    if isinstance(expression, Case):
        return results_of(expression)
    if isinstance(expression, _OF_ANY):
        return expression.get_source_expressions()
    return expression.get_source_expressions()[:1] if isinstance(expression, _OF_FIRST) else []
