"""Subqueries, where Dolt wants them elsewhere: in an UPDATE, and in ORDER BY with a LIMIT."""

from __future__ import annotations

from typing import Any

from django.db import NotSupportedError
from django.db.models import Exists, Subquery
from django.db.models.sql import Query
from django.db.models.sql.constants import MULTI
from django.db.models.sql.where import OR, XOR

from .rewriting import rewrites

_NULLS = (" IS NOT NULL", " IS NULL")  # how Django asks MySQL for nulls_first and nulls_last


def has_subquery(node: Any) -> bool:
    """Whether a condition asks another table, or the same one again."""
    if isinstance(node, (Subquery, Query)):
        return True
    inner = getattr(node, "children", None)
    if inner is None:
        inner = node.get_source_expressions() if hasattr(node, "get_source_expressions") else ()
    return any(has_subquery(part) for part in inner)


@rewrites(Exists)
def _exists(compiler: Any, node: Exists) -> tuple[str, Any]:
    """Without brackets `EXISTS(...) = x` is a syntax error."""
    sql, params = compiler.plain(node)
    if compiler.in_having and node.get_external_cols():
        return f"ANY_VALUE({sql})", params  # see `taken_before_grouping`
    if _multiplies(node.query):
        return f"(({sql}) = 1)", params
    return f"({sql})", params


def _multiplies(query: Any) -> bool:
    """Whether Dolt would make a join of EXISTS that gives a row once for each row within.

    That is so for several tables with an OR about the outer row. Compared with a value, it is
    computed for each row instead.
    """
    tables = sum(1 for alias in query.alias_map if query.alias_refcount[alias])
    return tables > 1 and _has_or(query.where)


def _has_or(node: Any) -> bool:
    children = getattr(node, "children", ())
    either = getattr(node, "connector", "") in (OR, XOR) and len(children) > 1
    return either or any(_has_or(child) for child in children)


def select_first(compiler: Any) -> None:
    """Replace the condition of an update by the primary keys that it finds.

    Dolt makes a join of it, which fails for NOT EXISTS (1105, "column in foreign key cannot be
    found"), and which counts the rows that changed rather than those that were found.
    """
    query = compiler.query.chain(klass=Query)
    query.select_related = False
    query.clear_ordering(force=True)
    query.extra = {}
    query.select = ()
    meta = query.get_meta()
    query.add_fields([meta.pk.name])
    composite = getattr(meta, "is_composite_pk", False)
    found = query.get_compiler(compiler.using).execute_sql(MULTI)
    keys = [row if composite else row[0] for rows in found for row in rows]
    compiler.query.clear_where()
    compiler.query.add_filter("pk__in", keys)


def selected_orders(compiler: Any, order_by: list[Any]) -> list[Any]:
    """What a sliced query must select beside its columns, in the form of `get_extra_select`.

    `order_by` is changed: it refers to what is selected.
    """
    quote = compiler.connection.ops.quote_name
    extra: list[Any] = []

    def select(expression: Any, sql: str, params: Any) -> str:
        name = f"__order{len(extra)}"
        extra.append((expression, (sql, params), name))
        return str(quote(name))

    for index, (order, (sql, params, is_ref)) in enumerate(order_by):
        nulls = next((test for test in _NULLS if f"{test}, " in sql), "")
        if not has_subquery(order) or (is_ref and not nulls):
            continue
        if compiler.query.subquery:
            raise NotSupportedError(
                "Dolt doesn't order a sliced subquery by another subquery. Annotate the rows "
                "with it, and order them by the annotation."
            )
        shown, _ = compiler.compile(order.expression)
        source = getattr(order.expression, "source", order.expression)
        bare, bare_params = compiler.compile(source)
        if nulls:
            named = select(source, f"{bare}{nulls}", bare_params)
            sql = sql.replace(f"{shown}{nulls}", named, 1)
        if not is_ref:
            sql, params = sql.replace(shown, select(source, bare, bare_params)), ()
        order_by[index] = (order, (sql, params, True))
    return extra


class Having:
    """The condition on groups; what is compiled in it knows so."""

    def __init__(self, condition: Any) -> None:
        self.condition = condition

    def __getattr__(self, name: str) -> Any:
        return getattr(self.condition, name)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        compiler.in_having = True
        try:
            return compiler.compile(self.condition)  # type: ignore[no-any-return]
        finally:
            compiler.in_having = False


def taken_before_grouping(compiler: Any, order_by: list[Any], group_by: Any) -> list[Any]:
    """Put subqueries of a grouped query into ANY_VALUE(); returns the new GROUP BY.

    Beside a GROUP BY Dolt reads the columns that a subquery refers to from other places of the
    row: that fails (1105, "unable to find field"), or is silently another column.
    """
    positions = {}
    for index, (expression, (sql, params), alias) in enumerate(compiler.select):
        if not expression.contains_aggregate and has_subquery(expression):
            compiler.select[index] = (expression, (f"ANY_VALUE({sql})", params), alias)
            positions[str(index + 1)] = (sql, params)
    for index, (order, (sql, params, is_ref)) in enumerate(order_by):
        if not is_ref and not order.contains_aggregate and has_subquery(order):
            bare, _ = compiler.compile(order.expression)
            order_by[index] = (order, (sql.replace(bare, f"ANY_VALUE({bare})"), params, is_ref))
    if not positions:
        return list(group_by)
    return [positions.get(sql, (sql, params)) for sql, params in group_by]
