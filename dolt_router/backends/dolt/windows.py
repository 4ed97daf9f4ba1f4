"""Window functions, and the frames that Dolt gets wrong.

Without a frame a window with an order ends at the last row that is equal in that order. Dolt
ends SUM and AVG at the row itself, and MAX at the end of the partition. With RANGE it looks at
the first column of the order only, and only upwards.
"""

from __future__ import annotations

from typing import Any

from django.db import NotSupportedError
from django.db.models import Aggregate, Avg, Count, RowRange, Sum, ValueRange, Window
from django.db.models.expressions import Col, OrderBy
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.db.models.functions import CumeDist, LastValue, NthValue

from .moments import kind_of
from .places import places_of
from .retyped import WHOLE, with_source
from .rewriting import rewrites
from .totals import is_narrow_column
from .wide import is_unsigned

_HALF = 2**32
_FLOAT_DIGITS = 15
_LIMB = 9  # digits


@rewrites(CumeDist, NthValue)
def _missing(compiler: Any, node: Any) -> tuple[str, Any]:
    raise NotSupportedError(
        f"Dolt has no {node.function}(). Fetch the rows, and compute it in Python."
    )


@rewrites(Window)
def _window(compiler: Any, node: Window) -> tuple[str, Any]:
    function = node.source_expression
    if node.order_by is not None and isinstance(function, (Aggregate, LastValue)):
        node = _framed(compiler, node)
    before, compiler.in_window = compiler.in_window, True
    try:
        if not isinstance(function, (Sum, Avg)):
            return compiler.plain(node)  # type: ignore[no-any-return]
        # Of nothing but NULL the sum is 0 and the average NaN, where both should be NULL.
        count, count_params = compiler.plain(_over_another(node, Count))
        total, params = _total(compiler, node)
        return f"CASE WHEN {count} > 0 THEN {total} END", (*count_params, *params)
    finally:
        compiler.in_window = before


def _framed(compiler: Any, node: Window) -> Window:
    """`node` with the frame said in the one form that Dolt understands."""
    frame = node.frame
    if isinstance(frame, RowRange):
        return node
    start, end = (None, 0) if frame is None else (frame.start.value, frame.end.value)
    if (start, end) == (None, None):
        return node
    orders = [
        (o.expression, o.descending, o.nulls_first or o.nulls_last)
        if isinstance(o, OrderBy)
        else (o, False, None)
        for o in node.order_by.get_source_expressions()  # type: ignore[union-attr]
    ]
    if not orders:
        return node
    node = node.copy()
    if (start, end) == (None, 0) and any(_is_unique(compiler, e) for e, *_ in orders):
        node.frame = RowRange(start=None, end=0)
        return node
    expression, descending, nulls = orders[0]
    if len(orders) > 1 or descending or nulls or not _is_filled(compiler, expression):
        raise NotSupportedError(
            "Dolt can't take rows together that are equal in the order of a window, unless that "
            "is one column without NULL, upwards. Let the order end with the primary key, or "
            "give frame=RowRange(start=None, end=0)."
        )
    node.frame = ValueRange(start=start, end=end)
    return node


def _is_filled(compiler: Any, expression: Any) -> bool:
    """Whether this is a column of the queried table that is never NULL."""
    return (
        isinstance(expression, Col)
        and not expression.target.null
        and expression.alias == compiler.query.base_table
    )


def _is_unique(compiler: Any, expression: Any) -> bool:
    """Whether no two rows of the query have the same value of this."""
    if not (_is_filled(compiler, expression) and expression.target.unique):
        return False
    query = compiler.query
    joined = (join for name, join in query.alias_map.items() if query.alias_refcount[name])
    fields = (getattr(join, "join_field", None) for join in joined)
    return not any(isinstance(f, ForeignObjectRel) and f.multiple for f in fields)


def _total(compiler: Any, node: Window) -> tuple[str, Any]:
    """SUM or AVG, which get the type of what they add up, whatever comes out."""
    function = node.source_expression
    source = function.get_source_expressions()[0]
    kind = kind_of(source) or ""
    if kind == "DecimalField":
        return _decimal_total(compiler, node, source.output_field)
    if kind == "FloatField":
        return compiler.plain(node)  # type: ignore[no-any-return]
    if is_narrow_column(function):
        if isinstance(function, Avg):
            return _over(compiler, node, "(({}) + 0E0)")
        return _over(compiler, node, WHOLE)
    # The upper and the lower half of each number, which floats add up exactly.
    summed = _over_another(node, Sum)
    upper = f"(({{}}) DIV {_HALF})"
    if is_unsigned(source):  # is divided as a float, which must be whole without the lower half
        upper = f"((({{}}) - ({{}}) MOD {_HALF}) DIV {_HALF})"
    high, params = _over(compiler, summed, upper)
    low, more_params = _over(compiler, summed, f"(({{}}) MOD {_HALF})")
    wanted = "SIGNED" if kind == "DurationField" else "DECIMAL(65, 0)"
    total = f"CAST({high} AS DECIMAL(65, 0)) * {_HALF} + CAST({low} AS DECIMAL(65, 0))"
    params = (*params, *more_params)
    if isinstance(function, Avg):
        count, more_params = compiler.plain(_over_another(node, Count))
        total, params = f"CAST({total} AS DECIMAL(65, 20)) / {count}", (*params, *more_params)
        wanted = "SIGNED" if kind == "DurationField" else "DECIMAL(65, 20)"
    return f"CAST({total} AS {wanted})", params


def _decimal_total(compiler: Any, node: Window, field: Any) -> tuple[str, Any]:
    function = node.source_expression
    # An expression's digits aren't known: as many as are likely.
    places = min(places_of(function.get_source_expressions()[0]), 15)
    digits = 45 if field.max_digits is None else field.max_digits
    more = 4 * isinstance(function, Avg)
    if digits <= _FLOAT_DIGITS:
        return _over(compiler, node, f"CAST({{}} AS DECIMAL(65, {min(places + more, 30)}))")
    # Whole numbers of a few digits each, which floats add up exactly.
    summed = _over_another(node, Sum)
    size = 10**_LIMB
    parts, every = [], ()
    for limb in range(-(-digits // _LIMB)):
        lower = 10 ** (limb * _LIMB)
        scaled = f"({{}}) * {10**places}"
        form = f"CAST(MOD(({scaled} - MOD({scaled}, {lower})) / {lower}, {size}) AS SIGNED)"
        sql, params = _over(compiler, summed, form)
        parts.append(f"CAST({sql} AS DECIMAL(65, 0)) * {lower}")
        every = (*every, *params)
    total = f"CAST(({' + '.join(parts)}) * {10**-places:.{places}f} AS DECIMAL(65, {places}))"
    if not more:
        return total, every
    count, params = compiler.plain(_over_another(node, Count))
    return f"CAST({total} / {count} AS DECIMAL(65, {places + more}))", (*every, *params)


def _over_another(node: Window, kind: type[Aggregate]) -> Window:
    """The same window with another aggregate of the same values."""
    changed = node.copy()
    changed.source_expression = kind(node.source_expression.get_source_expressions()[0])
    changed.source_expression.filter = node.source_expression.filter
    return changed


def _over(compiler: Any, node: Window, form: str) -> tuple[str, Any]:
    changed = node.copy()
    changed.source_expression = with_source(node.source_expression, form)
    return compiler.plain(changed)  # type: ignore[no-any-return]
