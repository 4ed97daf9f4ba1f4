"""Numbers of 64 bits without a sign beside others, which Dolt compares as floats.

So past 2^53 a PositiveBigIntegerField would equal its neighbours: a snowflake would be found under
another one's number. A literal beside a column is written as an unsigned one, which keeps its
indexes; anything else is compared as a decimal.
"""

from __future__ import annotations

from copy import copy
from decimal import ROUND_CEILING, ROUND_FLOOR
from typing import Any

from django.db import NotSupportedError
from django.db.models import Value
from django.db.models.expressions import Col, CombinedExpression, ExpressionList
from django.db.models.lookups import Range
from django.db.models.sql import Query

from .limits import limits, stored_kind
from .moments import kind_of
from .places import is_between_places, is_decimal_column, next_place, wide_decimal
from .retyped import FLOAT, WHOLE, Retyped, with_left
from .rewriting import rewrites
from .totals import EXACT

UNSIGNED = "CAST(%s AS UNSIGNED)"


def is_large(value: Any) -> bool:
    """Whether this is a number, or a `Value` of one, that a float may not hold."""
    number = value.value if isinstance(value, Value) else value
    return isinstance(number, int) and abs(number) >= EXACT


def is_unsigned(expression: Any) -> bool:
    """Whether it has 64 bits without a sign, by its field."""
    if isinstance(expression, CombinedExpression):  # computed with a sign: see `unsigned`
        return False
    return stored_kind(expression) == "PositiveBigIntegerField"


def are_mixed(expressions: list[Any]) -> bool:
    """Whether one is unsigned and another one is not, but may be as large."""
    signed = [expression for expression in expressions if not is_unsigned(expression)]
    if not 0 < len(signed) < len(expressions):
        return False
    return any(max(map(abs, limits(e) or (0, EXACT))) >= EXACT for e in signed)


def with_unsigned(sql: str, params: Any, sign: str) -> str:
    """`sql` with its large literals behind `sign` written as unsigned ones."""
    left, sign, right = sql.rpartition(sign)
    first, *pieces = right.split("%s")
    values = params[len(params) - len(pieces) :]
    return f"{left}{sign}{first}" + "".join(
        f"{UNSIGNED if is_large(value) and value > 0 else '%s'}{piece}"
        for value, piece in zip(values, pieces, strict=True)
    )


def compared_with_several(compiler: Any, node: Any, sign: str) -> tuple[str, Any]:
    """`IN` or `BETWEEN`, where `node.rhs` is a list of values, or an ExpressionList."""
    if isinstance(node.rhs, ExpressionList):
        every = [node.lhs, *node.rhs.get_source_expressions()]
        if are_mixed(every):
            node = with_left(node, WHOLE)
        elif {"DecimalField", "FloatField"} <= set(map(kind_of, every)):
            node = copy(node)
            node.lhs, *others = (Retyped(one, FLOAT) for one in every)
            node.rhs = ExpressionList(*others)
    elif not node.rhs_is_direct_value():  # a query of several, which Django took apart
        pass
    elif any(map(is_large, node.rhs)) and is_unsigned(node.lhs):
        if isinstance(node.lhs, Col):
            sql, params = compiler.plain(node)
            return with_unsigned(sql, params, sign), params
        node = with_left(node, WHOLE)
    elif is_decimal_column(node.lhs) and any(is_between_places(node.lhs, one) for one in node.rhs):
        node = with_left(node, wide_decimal(node.lhs))
    return compiler.plain(node)  # type: ignore[no-any-return]


def found_in_query(node: Any) -> Any:
    """`node`, an IN of a subquery of numbers of the other kind, as one of decimals.

    Raises:
        NotSupportedError: what the subquery gives is computed, and would be compared as a float.
    """
    if not are_mixed([node.lhs, node.rhs]):
        return node
    query = node.rhs
    if not (isinstance(query, Query) and len(query.select) == 1) or query.combinator:
        raise NotSupportedError(
            "Dolt compares numbers of 64 bits with and without a sign as floats here. Compare "
            "decimals: Cast(..., DecimalField(max_digits=20, decimal_places=0)) on both sides."
        )
    query.select = (Retyped(query.select[0], WHOLE),)
    return with_left(node, WHOLE)


@rewrites(Range)
def _range(compiler: Any, node: Range) -> tuple[str, Any]:
    if is_decimal_column(node.lhs) and node.rhs_is_direct_value():
        ends = [
            next_place(node.lhs, end, rounding) if is_between_places(node.lhs, end) else end
            for end, rounding in zip(node.rhs, (ROUND_CEILING, ROUND_FLOOR), strict=True)
        ]
        if ends != list(node.rhs):
            node = copy(node)
            node.rhs = ends
    return compared_with_several(compiler, node, " BETWEEN ")
