"""Numbers, and casts to them."""

from __future__ import annotations

from typing import Any

from django.db.models import DecimalField, ExpressionWrapper
from django.db.models.expressions import Col
from django.db.models.functions import (
    Abs,
    Cast,
    Ceil,
    Coalesce,
    Exp,
    Floor,
    Power,
    Round,
    Sign,
)

from .comparisons import BY_BYTES
from .limits import LARGEST, LEAST, is_constant, is_null, refused
from .moments import kind_of, of_one_kind
from .places import digits_before_point, is_divided, places_of
from .retyped import SIGNED, with_source
from .rewriting import rewrites

# Points in time as MySQL writes them: always with all six places.
_WRITTEN = {
    "DateField": "DATE_FORMAT({}, '%%Y-%%m-%%d')",
    "TimeField": "TIME_FORMAT({}, '%%H:%%i:%%s.%%f')",
    "DateTimeField": "DATE_FORMAT({}, '%%Y-%%m-%%d %%H:%%i:%%s.%%f')",
}
_ROUNDED = "(FLOOR(({}) + 0.5) - (MOD({}, 2) = 0.5 OR MOD({}, 2) = -1.5))"
_TEXT = {"CharField", "TextField"}
_READABLE = {"TextField"}
_SIGNED = {"SmallIntegerField", "IntegerField", "BigIntegerField"}


@rewrites(Cast)
def _cast(compiler: Any, node: Cast) -> tuple[str, Any]:
    """CAST reads 0 out of any TEXT, fails for TIME, and leaves 1.5 as it is with no places."""
    source, field = node.get_source_expressions()[0], node.output_field
    kind, wanted = kind_of(source), field.get_internal_type()
    if wanted not in _TEXT and (kind in _READABLE or kind_of(_inside(source)) in _READABLE):
        node = with_source(node, "CONCAT({}, '')")
    elif kind in _WRITTEN and wanted in _TEXT:
        node = with_source(node, _WRITTEN[kind])
    elif kind == "DecimalField" and wanted in _TEXT and is_divided(source):
        # Of a quotient CAST shows thirty places.
        node = with_source(node, f"CAST({{}} AS DECIMAL(65, {places_of(source)}))")
    elif kind == "FloatField" and wanted in _SIGNED:
        # Halves go to the even number, as in MySQL and Python.
        node = with_source(node, _ROUNDED)
    if wanted in _TEXT:
        sql, params = compiler.plain(node)
        return f"({sql} {BY_BYTES})", params
    if isinstance(field, DecimalField) and field.decimal_places == 0:
        sql, params = compiler.compile(node.get_source_expressions()[0])
        return f"ROUND(CAST({sql} AS DECIMAL(65, 30)), 0)", params
    return compiler.plain(node)  # type: ignore[no-any-return]


def _inside(expression: Any) -> Any:
    while isinstance(expression, ExpressionWrapper):  # says it is of another type, and isn't
        expression = expression.expression
    return expression


@rewrites(Coalesce)
def _coalesce(compiler: Any, node: Coalesce) -> tuple[str, Any]:
    """COALESCE rounds decimals to the places of its last argument: that gets the most of all.

    And it fails for a TIME behind NULL, which is left out.
    """
    every = node.get_source_expressions()
    if 0 < len(known := [source for source in every if not is_null(source)]) < len(every):
        node = node.copy()
        node.set_source_expressions(known)
    if kind_of(node) != "DecimalField":
        sql, params = compiler.plain(node)
        return of_one_kind(sql, node), params
    sources = node.get_source_expressions()
    places = [places_of(source) for source in sources]
    if isinstance(sources[-1], Col) and places[-1] == max(places):
        return compiler.plain(node)  # type: ignore[no-any-return]
    *parts, (last, params) = (compiler.compile(source) for source in sources)
    sql = ", ".join([*(part for part, _ in parts), f"CAST({last} AS DECIMAL(65, {max(places)}))"])
    return f"COALESCE({sql})", (*(p for _, ps in parts for p in ps), *params)


@rewrites(Round)
def _round(compiler: Any, node: Round) -> tuple[str, Any]:
    """Of floats the halves go to the even number, as in MySQL and Python."""
    source, places = node.get_source_expressions()
    if kind_of(source) != "FloatField" or getattr(places, "value", None) not in range(16):
        return compiler.plain(node)  # type: ignore[no-any-return]
    sql, params = compiler.compile(source)
    shift = f"1e{places.value}"
    whole = _ROUNDED.replace("{}", f"({sql}) * {shift}")
    return f"({whole} / {shift})", tuple(params) * 3


@rewrites(Abs)
def _abs(compiler: Any, node: Abs) -> tuple[str, Any]:
    """ABS of the least INT is itself, and of the least BIGINT, which has no other."""
    (source,) = node.get_source_expressions()
    kind = kind_of(source)
    if kind in _SIGNED:
        form = SIGNED
        if kind == "BigIntegerField" and not is_constant(source):
            form = f"CASE WHEN {{}} = {LEAST} THEN {refused('bigint', '{}')} ELSE {form} END"
        node = with_source(node, form)
    return compiler.plain(node)  # type: ignore[no-any-return]


@rewrites(Exp)
def _exp(compiler: Any, node: Exp) -> tuple[str, Any]:
    """EXP is NULL when it is too large."""
    sql, params = compiler.plain(node)
    (source,) = node.get_source_expressions()
    test, more = compiler.compile(source)
    if is_constant(source):  # infinite, which is refused when it is fetched
        sql = f"CASE WHEN ({test}) > 709.782712893384 THEN 1E308 * 10 ELSE {sql} END"
        return sql, (*more, *params)
    refusal = refused("double", test)
    sql = f"CASE WHEN ({test}) > 709.782712893384 THEN {refusal} ELSE {sql} END"
    return sql, (*more, *more, *params)


@rewrites(Power)
def _power(compiler: Any, node: Power) -> tuple[str, Any]:
    """POW is infinite when it is too large, and NaN for a root of a negative number."""
    sql, params = compiler.plain(node)
    if is_constant(node):
        return sql, params
    refusal = refused("double", sql)
    sql = f"CASE WHEN NOT (ABS({sql}) <= {LARGEST}) THEN {refusal} ELSE {sql} END"
    return sql, (*params, *params, *params)


@rewrites(Sign)
def _sign(compiler: Any, node: Sign) -> tuple[str, Any]:
    """SIGN cuts its argument to a whole number first: that of 0.3 would be 0."""
    sql, params = compiler.compile(node.get_source_expressions()[0])
    return f"((({sql}) > 0) - (({sql}) < 0))", (*params, *params)


@rewrites(Ceil, Floor)
def _whole_number(compiler: Any, node: Any) -> tuple[str, Any]:
    """FLOOR and CEILING of a decimal stop at 2**63 - 1."""
    (source,) = node.get_source_expressions()
    if kind_of(source) != "DecimalField" or digits_before_point(source) <= 18:
        return compiler.plain(node)  # type: ignore[no-any-return]
    sql, params = compiler.compile(source)
    sign, step = (">", "+") if isinstance(node, Ceil) else ("<", "-")
    nearest = f"ROUND({sql}, 0)"
    return f"({nearest} {step} ({sql} {sign} {nearest}))", (*params, *params, *params)
