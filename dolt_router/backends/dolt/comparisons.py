"""Comparisons: of decimals with unlike places, of texts with patterns, of times with lists.

Those of numbers of 64 bits with and without a sign: `wide`.
"""

from __future__ import annotations

from copy import copy
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from django.db.models import Subquery, Value
from django.db.models.expressions import Col, Combinable
from django.db.models.functions import NullIf
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    LessThan,
    LessThanOrEqual,
    PatternLookup,
)
from django.db.models.sql import Query

from .limits import is_constant
from .moments import kind_of
from .places import comparable, is_between_places, next_place, places_of, wide_decimal
from .retyped import WHOLE, Retyped, with_left, with_right
from .rewriting import rewrites
from .wide import (
    are_mixed,
    compared_with_several,
    found_in_query,
    is_large,
    is_unsigned,
    with_unsigned,
)

TEXT = {"CharField", "TextField", "SlugField"}
BY_BYTES = "COLLATE utf8mb4_0900_bin"  # as columns do
_IN_LISTS = {"TimeField": "CAST(%s AS TIME(6))", "BinaryField": "CAST(%s AS BINARY)"}
UNFOLDED = "(SELECT {})"  # evaluated, rather than folded to a constant: see `_is_folded`
NUMBERS = {
    *("SmallIntegerField", "IntegerField", "BigIntegerField", "FloatField", "DecimalField"),
    *("PositiveSmallIntegerField", "PositiveIntegerField", "PositiveBigIntegerField"),
    *("BooleanField", "DurationField", "ForeignKey", "OneToOneField"),
}


def is_decimal(expression: Any) -> bool:
    return kind_of(expression) == "DecimalField"


@rewrites(Exact, GreaterThan, LessThan)
def _compared(compiler: Any, node: Any) -> tuple[str, Any]:
    sql, params = _placed(compiler, node)
    return (UNFOLDED.format(sql) if _is_folded(compiler, node) else sql), params


def _placed(compiler: Any, node: Any) -> tuple[str, Any]:
    """The right side is rounded to the places of the left one: that gets the most there are."""
    left = node.lhs
    if node.rhs_is_direct_value():
        if is_large(node.rhs) and is_unsigned(left):
            if isinstance(left, Col):
                sql, params = compiler.plain(node)
                return with_unsigned(sql, params, " "), params
            return compiler.plain(with_left(node, WHOLE))  # type: ignore[no-any-return]
        if isinstance(left, Col):
            if isinstance(node.rhs, Decimal):
                node = _on_places(node)
            return compiler.plain(node)  # type: ignore[no-any-return]
    elif are_mixed([left, node.rhs]):
        return compiler.plain(with_left(node, WHOLE))  # type: ignore[no-any-return]
    if isinstance(left, Value) and kind_of(left) in TEXT and left.value is not None:
        node = with_left(node, f"{{}} {BY_BYTES}")  # two constants heed no case
    elif is_decimal(left):
        right = node.rhs
        if not isinstance(right, Combinable) or places_of(right) != places_of(left):
            node = with_left(node, comparable(left, right))
    elif is_decimal(node.rhs) and kind_of(left) == "FloatField":
        node = with_right(node, comparable(left, node.rhs))
    return compiler.plain(node)  # type: ignore[no-any-return]


def _is_folded(compiler: Any, node: Any) -> bool:
    """Whether Dolt may make a constant NULL of this comparison: as a condition that panics."""
    if not is_constant(node.lhs) or compiler.connection.is_defining:
        return False
    sides = [node.lhs] if node.rhs_is_direct_value() else [node.lhs, node.rhs]
    if all(isinstance(side, Value) and side.value is not None for side in sides):
        return False
    return all(map(is_constant, sides))


def _on_places(node: Any) -> Any:
    """`node`, a column beside a value, in the places of the column: its index is still used."""
    if not is_between_places(node.lhs, node.rhs):
        return node
    if isinstance(node, Exact):
        return with_left(node, wide_decimal(node.lhs))
    below = isinstance(node, (GreaterThan, LessThanOrEqual))
    changed = copy(node)
    changed.rhs = next_place(node.lhs, node.rhs, ROUND_FLOOR if below else ROUND_CEILING)
    return changed


@rewrites(GreaterThanOrEqual, LessThanOrEqual)
def _or_equal(compiler: Any, node: Any) -> tuple[str, Any]:
    """Dolt finds NULL too: it takes `a >= b` of two numbers for `NOT a < b`."""
    sql, params = _compared(compiler, node)
    if not (_may_be_null(node.lhs) or _may_be_null(node.rhs)):
        return sql, params
    sign = ">" if isinstance(node, GreaterThanOrEqual) else "<"
    left, _, right = sql.partition(f" {sign}= ")
    if "%s" in left:
        return sql, params  # not a column by itself: Dolt evaluates it the long way
    return f"({left} {sign} {right} OR {left} = {right})", (*params, *params)


def _may_be_null(side: Any) -> bool:
    return isinstance(side, Col) and side.target.null and side.target.get_internal_type() in NUMBERS


@rewrites(NullIf)
def _null_if(compiler: Any, node: NullIf) -> tuple[str, Any]:
    first, second = node.get_source_expressions()
    if kind_of(first) == "FloatField" and is_decimal(second):
        node = node.copy()
        node.set_source_expressions([first, Retyped(second, comparable(first, second))])
    mixed = are_mixed([first, second])
    if not (is_decimal(first) or mixed):
        return compiler.plain(node)  # type: ignore[no-any-return]
    (left, params), (right, more) = compiler.compile(first), compiler.compile(second)
    decimal = WHOLE if mixed else comparable(first, second)
    sql = f"CASE WHEN {decimal.format(left)} = {right} THEN NULL ELSE {left} END"
    return sql, (*params, *more, *params)


@rewrites(In)
def _in(compiler: Any, node: In) -> tuple[str, Any]:
    """A TIME is IN no list of texts, and a BLOB in none of bytes."""
    folded = _is_folded(compiler, node)
    if isinstance(node.rhs, (Subquery, Query)):
        node = copy(node)
        node.rhs = copy(node.rhs)
        node.rhs.is_list = True  # nothing may stand between IN and its brackets: see `texts`
        sql, params = compiler.plain(found_in_query(node))
    else:
        sql, params = compared_with_several(compiler, node, " IN ")
    wanted = _IN_LISTS.get(kind_of(node.lhs) or "")
    if wanted is not None and node.rhs_is_direct_value():
        left, word, right = sql.rpartition(" IN ")
        sql = f"{left}{word}{right.replace('%s', wanted)}"
    return (UNFOLDED.format(sql) if folded else sql), params


@rewrites(PatternLookup)
def _found_in(compiler: Any, node: Any) -> tuple[str, Any]:
    """Dolt makes one pattern of a subquery, whatever row it refers to. INSTR needs none."""
    if node.rhs_is_direct_value() or node.bilateral_transforms:
        return compiler.plain(node)  # type: ignore[no-any-return]
    text, params = node.process_lhs(compiler, compiler.connection)
    part, more = node.process_rhs(compiler, compiler.connection)
    if kind_of(node.rhs) != "CharField" or not isinstance(node.rhs, Col):
        part = f"CONCAT({part}, '')"  # a TEXT isn't looked for
    name = node.lookup_name
    if name.startswith("i"):
        part, name = f"LOWER({part})", name[1:]
    if name == "endswith":
        text, part = f"REVERSE({text})", f"REVERSE({part})"
    return f"INSTR({text}, {part}) {'> 0' if name == 'contains' else '= 1'}", (*params, *more)
