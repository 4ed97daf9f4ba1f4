"""Compilers that send what Dolt gets wrong in other words.

Each fault stands beside its rewriting, in the modules that are imported here; the SQL
that shows it is in docs/dolt-notes.md.
"""

from __future__ import annotations

from typing import Any

import django
from django.db import DatabaseError
from django.db.backends.mysql import compiler as mysql
from django.db.models.expressions import Col
from django.db.models.sql import compiler as base
from django.db.models.sql.compiler import PositionRef

from ..shared_reads import SharedReads
from . import (  # noqa: F401  (they mark what they rewrite)
    comparisons,
    constants,
    documents,
    moments,
    numbers,
    texts,
    totals,
    unsigned,
    windows,
)
from .differences import is_single_column, widen, widened_difference, without_brackets
from .grouping import any_group, is_refused
from .joins import bound_to_outer, conditions_in_where, hinted, inner_first, loses_rows
from .moments import kind_of
from .parts import in_form, unlike_columns
from .reading import read_moment
from .rewriting import found, rewrite_of, rewrites
from .slices import cut_afterwards, is_cut_outside
from .storing import storable
from .subqueries import (
    Having,
    has_subquery,
    select_first,
    selected_orders,
    taken_before_grouping,
)

IN_LISTS = django.VERSION < (6, 0)  # are parameters changed in place, as by IExact?


class _DoltCompiler(base.SQLCompiler):
    """Compiles some expressions of Django's in another form."""

    in_window = False  # see `windows`
    in_having = False  # see `subqueries`
    in_checked = False  # see `limits`
    selects = False  # is this a SELECT?

    def compile(self, node: Any) -> Any:
        try:
            rewrite = found[type(node)]
        except KeyError:
            rewrite = rewrite_of(type(node))
        if rewrite is None:  # as `plain`, without another call for each node
            return (getattr(node, "as_mysql", None) or node.as_sql)(self, self.connection)
        sql, params = rewrite(self, node)
        return sql, list(params) if IN_LISTS else params

    def execute_sql(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().execute_sql(*args, **kwargs)
        except DatabaseError as error:
            if not is_refused(error):
                raise
        with any_group(self.connection):
            return super().execute_sql(*args, **kwargs)

    def plain(self, node: Any) -> Any:
        """Compile `node` as Django does; what is inside it may be rewritten.

        The same as in the base class, which puts the method's name together for each node.
        """
        return (getattr(node, "as_mysql", None) or node.as_sql)(self, self.connection)


@rewrites(PositionRef)
def _ordered_by(compiler: _DoltCompiler, node: PositionRef) -> tuple[str, Any]:
    """ORDER BY 1 fails for an expression or a renamed column of a SELECT DISTINCT.

    With a LIMIT it isn't heeded for a subquery either.
    """
    query = compiler.query
    if query.combinator or node.contains_aggregate:
        return compiler.plain(node)  # type: ignore[no-any-return]
    if not isinstance(node.source, Col):
        return compiler.connection.ops.quote_name(node.refs), []
    if query.distinct:
        return compiler.compile(node.source)  # type: ignore[no-any-return]
    return compiler.plain(node)  # type: ignore[no-any-return]


class SQLCompiler(_DoltCompiler, SharedReads, mysql.SQLCompiler):
    selects = True
    needs_hint = False  # see `joins`
    forms: dict[int, str] = {}  # of the columns of a part of a combined query: see `parts`
    part_forms: dict[int, str]
    part_selects: list[list[Any]]
    having: Any

    def get_from_clause(self) -> Any:
        query = self.query
        if len(query.alias_map) < 2:
            return super().get_from_clause()
        self.needs_hint = loses_rows(query)
        before, query.alias_map = query.alias_map, inner_first(query.alias_map)
        try:
            return super().get_from_clause()
        finally:
            query.alias_map = before

    def pre_sql_setup(self, *args: Any, **kwargs: Any) -> tuple[Any, Any, Any]:
        extra, order_by, group_by = super().pre_sql_setup(*args, **kwargs)
        if self.having is not None:
            self.having = Having(self.having)
        if group_by:
            group_by = taken_before_grouping(self, order_by, group_by)
        return extra, order_by, group_by

    def get_extra_select(self, order_by: Any, select: Any) -> list[Any]:
        """With a LIMIT a subquery in ORDER BY isn't heeded, unless it is selected too."""
        extra: list[Any] = super().get_extra_select(order_by, select)
        if not extra and order_by and self.query.is_sliced and not self.query.combinator:
            extra = selected_orders(self, order_by)
        return extra

    def get_combinator_sql(self, combinator: str, all: bool) -> tuple[list[str], Any]:
        self.part_selects, self.part_forms = [], self.forms
        found = self._combined(combinator, all)
        if unlike := unlike_columns(self.part_selects):
            self.part_forms = unlike | self.forms
            found = self._combined(combinator, all)
        return found

    def _combined(self, combinator: str, all: bool) -> tuple[list[str], Any]:
        if combinator != "difference" or not is_single_column(self.query):
            parts, params = super().get_combinator_sql(combinator, all)
            return [without_brackets(" ".join(parts))], params
        return widened_difference(self, super().get_combinator_sql, all)

    def _get_combinator_part_sql(self, compiler: Any) -> tuple[str, Any]:
        compiler.forms = self.part_forms
        found: tuple[str, Any] = super()._get_combinator_part_sql(compiler)
        if compiler.query.combinator:
            self.part_selects.extend(compiler.part_selects)
        else:
            self.part_selects.append([expression for expression, _, _ in compiler.select])
        return found

    def get_select(self, *args: Any, **kwargs: Any) -> tuple[list[Any], Any, Any]:
        select, info, annotations = super().get_select(*args, **kwargs)
        if self.forms and not self.query.combinator:
            for index, form in self.forms.items():
                expression, (sql, params), alias = select[index]
                sql = in_form(expression, form).replace("{}", sql)
                select[index] = expression, (sql, params), alias
        return select, info, annotations

    def get_converters(self, expressions: Any) -> dict[int, Any]:
        converters: dict[int, Any] = super().get_converters(expressions)
        if getattr(self.query, "combinator", None):  # days beside moments come as text
            for index, expression in enumerate(expressions):
                if kind_of(expression) in ("DateField", "DateTimeField"):
                    others, _ = converters.get(index, ([], expression))
                    converters[index] = ([read_moment, *others], expression)
        return converters

    def as_sql(self, with_limits: bool = True, with_col_aliases: bool = False) -> tuple[str, Any]:
        if with_limits and is_cut_outside(self.query):
            sql, params = self.as_sql(with_limits=False, with_col_aliases=True)
            return cut_afterwards(sql, self.query), params
        if len(self.query.alias_map) > 2 and (joins := bound_to_outer(self.query)):
            with conditions_in_where(self.query, joins):
                sql, params = super().as_sql(with_limits, with_col_aliases)
        else:
            sql, params = super().as_sql(with_limits, with_col_aliases)
        if self.needs_hint:
            sql = hinted(sql)
        if getattr(self.query, "is_widened", False):
            sql = widen(sql)
        return sql, params


class SQLInsertCompiler(_DoltCompiler, mysql.SQLInsertCompiler):
    pass


class SQLDeleteCompiler(_DoltCompiler, mysql.SQLDeleteCompiler):
    pass


class SQLUpdateCompiler(_DoltCompiler, mysql.SQLUpdateCompiler):
    def as_sql(self) -> tuple[str, Any]:
        self.query.values = [
            storable(field, model, self._resolved(value))
            for field, model, value in self.query.values
        ]
        return super().as_sql()

    def _resolved(self, value: Any) -> Any:
        """`value` as Django would resolve it here: that of a parent's table isn't yet."""
        if hasattr(value, "resolve_expression"):
            return value.resolve_expression(self.query, allow_joins=False, for_save=True)
        return value

    def pre_sql_setup(self) -> Any:
        if has_subquery(self.query.where):
            select_first(self)
        return super().pre_sql_setup()


class SQLAggregateCompiler(_DoltCompiler, SharedReads, mysql.SQLAggregateCompiler):
    pass
