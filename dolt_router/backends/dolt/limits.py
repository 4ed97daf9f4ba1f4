"""Numbers that pass what their type holds.

Whole numbers past 64 bits wrap around, and floats become NULL, NaN or infinite, where MySQL has
error 1690. What may do so is checked: the sums and products of columns of 64 bits are counted
as decimals too. Of narrower columns none can, and nothing is added.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Aggregate, Case, Func, Max, Min, Value, When
from django.db.models.expressions import Col, Combinable, CombinedExpression, ExpressionWrapper
from django.db.models.functions import (
    Abs,
    Coalesce,
    Greatest,
    Least,
    Length,
    Lower,
    LTrim,
    Mod,
    Reverse,
    RTrim,
    Trim,
    Upper,
)
from django.db.models.lookups import Lookup
from django.db.models.sql.where import WhereNode

from .moments import kind_of

LEAST, MOST = -(2**63), 2**63 - 1
LARGEST = "1.7976931348623157e308"  # of floats
_COMPUTED = (Value, Func, Case, When, CombinedExpression, ExpressionWrapper, Lookup, WhereNode)
_OF_BITS = {
    *(Combinable.BITAND, Combinable.BITOR, Combinable.BITXOR),
    *(Combinable.BITLEFTSHIFT, Combinable.BITRIGHTSHIFT),
}
STEPS = (Combinable.ADD, Combinable.SUB, Combinable.MUL)
_BITS = {
    **{"SmallIntegerField": 15, "PositiveSmallIntegerField": 16, "BooleanField": 1},
    **{"IntegerField": 31, "PositiveIntegerField": 32, "AutoField": 31, "SmallAutoField": 15},
    **{"BigIntegerField": 63, "PositiveBigIntegerField": 64, "BigAutoField": 48},  # keys count up
}
_OF_ANY = (Coalesce, Greatest, Least)
# Of NULL these are NULL.
_OF_NULL = (ExpressionWrapper, Abs, Length, Lower, LTrim, Reverse, RTrim, Trim, Upper)


def refused(what: str, sql: str) -> str:
    """SQL that fails when it is evaluated, and is read as `OutOfRange`.

    It is a path that is none: there is no SIGNAL within an expression. It ends with `sql`, which
    the fault is about, and which is of a row: a constant (see `is_constant`) would be evaluated
    before it is known whether it is needed.
    """
    return f"JSON_LENGTH('[]', CONCAT('out of range for {what}: ', {sql}))"


def is_constant(node: Any) -> bool:
    """Whether `node` is the same for all rows."""
    if isinstance(node, _COMPUTED):
        return all(map(is_constant, node.get_source_expressions()))
    return False


def is_null(expression: Any) -> bool:
    """Whether this is NULL, and so of no type until it is cast to one."""
    while isinstance(expression, _OF_NULL):
        (expression,) = expression.get_source_expressions()[:1]
    if isinstance(expression, Coalesce):
        return all(map(is_null, expression.get_source_expressions()))
    return isinstance(expression, Value) and expression.value is None


def is_whole(node: Any) -> bool:
    """Whether what Dolt counts is a whole number, and not only said to be one: as `a / 2` is."""
    if isinstance(node, Value):
        return isinstance(node.value, int)
    if isinstance(node, CombinedExpression):
        return (
            node.connector in (*STEPS, Combinable.MOD) and is_whole(node.lhs) and is_whole(node.rhs)
        )
    if isinstance(node, Mod):
        return all(map(is_whole, node.get_source_expressions()))
    return isinstance(node, Col) and stored_kind(node) in _BITS


def results_of(node: Case) -> list[Any]:
    """What a CASE may give."""
    return [*(case.result for case in node.cases), node.default]


def stored_kind(node: Any) -> str | None:
    """`kind_of`, and of a foreign key that of the key that it refers to."""
    kind = kind_of(node)
    if kind in ("ForeignKey", "OneToOneField"):
        kind = node.output_field.target_field.get_internal_type()
    return kind


def limits(node: Any) -> tuple[int, int] | None:
    """The least and the highest whole number that `node` may be; None if it is none."""
    if isinstance(node, Value):
        number = node.value
        if number is None:
            return 0, 0
        return (int(number), int(number)) if isinstance(number, int) else None
    if isinstance(node, ExpressionWrapper):
        return limits(node.expression)
    kind = stored_kind(node)
    if kind not in _BITS:
        return None
    if isinstance(node, (Max, Min)):
        return limits(node.get_source_expressions()[0])
    if isinstance(node, Aggregate):  # counted as a decimal, or a float
        return 0, 0
    parts = None
    if isinstance(node, Case):
        parts = results_of(node)
    elif isinstance(node, _OF_ANY):
        parts = node.get_source_expressions()
    elif isinstance(node, CombinedExpression):
        return _combined(node, kind)
    if parts is not None and (known := [limits(part) for part in parts]) and None not in known:
        return min(low for low, _ in known), max(high for _, high in known)  # type: ignore[misc]
    high = 2 ** _BITS[kind]
    return -high, high - 1


def _combined(node: CombinedExpression, kind: str) -> tuple[int, int] | None:
    left, right = limits(node.lhs), limits(node.rhs)
    if node.connector in STEPS:
        return _of_step(node.connector, left, right)
    bits = _BITS[kind]
    if node.connector in _OF_BITS:  # to Django they are as wide as an IntegerField
        if node.connector == Combinable.BITAND and isinstance(node.rhs, Value) and right:
            return (0, right[1]) if right[0] >= 0 else (LEAST, MOST)
        sides = [*(left or (LEAST, MOST)), *(right or (LEAST, MOST))]
        if node.connector == Combinable.BITLEFTSHIFT or max(map(abs, sides)) > 2**bits:
            return LEAST, MOST
    return -(2**bits), 2**bits - 1


def _of_step(
    connector: str, left: tuple[int, int] | None, right: tuple[int, int] | None
) -> tuple[int, int] | None:
    if left is None or right is None:
        return None
    if connector == Combinable.ADD:
        return left[0] + right[0], left[1] + right[1]
    if connector == Combinable.SUB:
        return left[0] - right[1], left[1] - right[0]
    products = [one * other for one in left for other in right]
    return min(products), max(products)


def may_pass_64_bits(node: CombinedExpression) -> bool:
    """Whether one of the steps of `node` may give a number that has no room in 64 bits."""
    return not is_constant(node) and _steps(node)[1]


def _steps(node: Any) -> tuple[tuple[int, int] | None, bool]:
    """The limits of `node`, and whether one of its steps may pass 64 bits, in one pass."""
    if not _is_step(node) or stored_kind(node) not in _BITS:
        return limits(node), False
    (left, one), (right, another) = _steps(node.lhs), _steps(node.rhs)
    found = _of_step(node.connector, left, right)
    if found is None:  # beside a float, say: its whole parts are checked by themselves
        return None, False
    return found, one or another or not _has_room(found)


def _has_room(found: tuple[int, int]) -> bool:
    return found[0] >= LEAST and found[1] <= MOST


def _is_step(node: Any) -> bool:
    return isinstance(node, CombinedExpression) and node.connector in STEPS


def checked(compiler: Any, node: CombinedExpression, sql: str, params: Any) -> tuple[str, Any]:
    """`sql`, which is that of `node`, such that it fails when a step passes 64 bits."""
    tests: list[tuple[str, Any]] = []
    last, last_params = _as_decimal(compiler, node, tests)
    conditions = " OR ".join(f"{step} NOT BETWEEN {LEAST} AND {MOST}" for step, _ in tests)
    every = [param for _, step_params in tests for param in step_params]
    step, more = tests[0]
    refusal = refused("bigint", step)
    if _has_wide(node):  # a number past 2^63 is cut off when it gets a sign
        sql, params = f"CAST({last} AS SIGNED)", last_params
    return f"CASE WHEN {conditions} THEN {refusal} ELSE {sql} END", (*every, *more, *params)


def _has_wide(node: Any) -> bool:
    if isinstance(node, CombinedExpression):
        return _has_wide(node.lhs) or _has_wide(node.rhs)
    return stored_kind(node) == "PositiveBigIntegerField"


def as_decimal(compiler: Any, node: CombinedExpression) -> tuple[str, Any]:
    """`node`, counted in decimals."""
    before, compiler.in_checked = compiler.in_checked, True
    try:
        return _as_decimal(compiler, node, [])
    finally:
        compiler.in_checked = before


def _as_decimal(compiler: Any, node: Any, tests: list[tuple[str, Any]]) -> tuple[str, Any]:
    if isinstance(node, ExpressionWrapper):
        return _as_decimal(compiler, node.expression, tests)
    if not _is_step(node):
        compiler.in_checked = False  # what is inside is an expression by itself
        sql, params = compiler.compile(node)
        compiler.in_checked = True
        return f"CAST({sql} AS DECIMAL(65, 0))", params
    (left, params), (right, more) = (_as_decimal(compiler, s, tests) for s in (node.lhs, node.rhs))
    step = f"({left} {node.connector} {right})", (*params, *more)
    found = limits(node)
    if found is None or not _has_room(found):
        tests.append(step)
    return step


def finite(value: Any, expression: Any, connection: Any) -> Any:
    """Converter of a float that was computed.

    Raises:
        OutOfRange: it is infinite or no number.
    """
    if value is not None and value - value != 0:
        from ...exceptions import OutOfRange

        raise OutOfRange(1690, f"{value} is out of range for double")
    return value
