"""What Dolt needs said differently in a query: each with the fault that it works round.

The faults and their SQL are in docs/dolt-notes.md.
"""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import FieldError
from django.db import connections
from django.db.backends.mysql import compiler as mysql
from django.db.models import Avg, DecimalField, Sum, Window
from django.db.models.expressions import Col, Combinable, DurationExpression
from django.db.models.functions import Cast
from django.db.models.sql import compiler as base
from django.db.models.sql.compiler import PositionRef

from ...shared import is_shared, shared_tables

_DAY = 86_400_000_000  # microseconds
_TEMPORAL = ("DateField", "DateTimeField", "TimeField")
# Whose sums pass the 2**53 up to which a float counts exactly.
_WIDE = ("BigIntegerField", "PositiveBigIntegerField", "DurationField")
_SPECIAL = (PositionRef, DurationExpression, Window, Sum, Avg)


class _DoltCompiler(base.SQLCompiler):
    """Compiles some expressions of Django's in another form."""

    _in_window = False

    def compile(self, node: Any) -> Any:
        if not isinstance(node, _SPECIAL):  # every node of every query comes by here
            return super().compile(node)
        if isinstance(node, PositionRef) and not isinstance(node.source, Col):
            # ORDER BY 1 of a SELECT DISTINCT fails when that is an expression; by its name it
            # doesn't. (A column has no name of its own here, and can be ordered by position.)
            return self.connection.ops.quote_name(node.refs), []
        if isinstance(node, DurationExpression):
            found = self._duration_arithmetic(node)
            if found is not None:
                return found
        if isinstance(node, Window):
            # OVER stands behind the bare function: nothing can be put around that.
            self._in_window, before = True, self._in_window
            try:
                return super().compile(node)
            finally:
                self._in_window = before
        if isinstance(node, (Sum, Avg)) and not self._in_window:
            return self._exact_total(node)
        return super().compile(node)

    def _duration_arithmetic(self, node: DurationExpression) -> tuple[str, tuple[Any, ...]] | None:
        """A point in time and a duration: `+ INTERVAL` loses the microseconds of a column."""
        left, right = _type_of(node.lhs), _type_of(node.rhs)
        if node.connector not in (Combinable.ADD, Combinable.SUB):
            return None
        if left in _TEMPORAL and right == "DurationField":
            point, duration = node.lhs, node.rhs
        elif left == "DurationField" and right in _TEMPORAL and node.connector == Combinable.ADD:
            point, duration = node.rhs, node.lhs
        else:
            return None
        point_sql, point_params = self.compile(point)
        sql, params = self.compile(duration)
        if node.connector == Combinable.SUB:
            sql = f"-({sql})"
        is_time = "TimeField" in (left, right)
        if is_time:
            # A time becomes one of a fixed day: Dolt would add the interval to now's date.
            point_sql = f"DATE_FORMAT({point_sql}, %s)"
            point_params = (*point_params, "2000-01-01 %H:%i:%s.%f")
        elif not isinstance(point, Col):
            point_sql = f"CAST({point_sql} AS DATETIME(6))"  # a value is sent as text
        # By days and the rest: Dolt counts in nanoseconds, of which 64 bits hold 292 years.
        days = f"TIMESTAMPADD(DAY, ({sql}) DIV {_DAY}, {point_sql})"
        moved = f"TIMESTAMPADD(MICROSECOND, ({sql}) %% {_DAY}, {days})"
        every = (*params, *params, *point_params)
        if is_time:
            return f"CAST(DATE_FORMAT({moved}, %s) AS TIME(6))", (*every, "%H:%i:%s.%f")
        return moved, every

    def _exact_total(self, node: Sum | Avg) -> tuple[str, Any]:
        """SUM and AVG are sent as floats; that of whole numbers is also counted in one."""
        kind = node.output_field.get_internal_type()
        if kind == "DecimalField":
            sql, params = super().compile(node)
            places = getattr(node.output_field, "decimal_places", None)
            scale = 30 if places is None else min(places + 4 * isinstance(node, Avg), 30)
            return f"CAST({sql} AS DECIMAL(65, {scale}))", params
        if kind in _WIDE and isinstance(node, Sum):
            exact = node.copy()
            first, *rest = exact.get_source_expressions()
            whole = DecimalField(max_digits=65, decimal_places=0)
            exact.set_source_expressions([Cast(first, whole), *rest])
            sql, params = super().compile(exact)
            wanted = "SIGNED" if kind == "DurationField" else "DECIMAL(65, 0)"
            return f"CAST({sql} AS {wanted})", params
        return super().compile(node)


def _type_of(expression: Any) -> str | None:
    try:
        return str(expression.output_field.get_internal_type())
    except (AttributeError, FieldError):
        return None


class _Reading(_DoltCompiler):
    """A query on a shared model, sent where the tables are that it reads.

    The router sends it home, where the live rows are, since it does not know the query. But
    at home the versioned tables that it may join are those of the default branch; on a branch
    the shared ones can be read as well. The other way round in a migration of a branch, which
    names the branch: after its first write it would see shared rows as they were before.
    """

    def as_sql(self, *args: Any, **options: Any) -> Any:
        sql, params = super().as_sql(*args, **options)
        branch: str = getattr(self.using, "asked_from", None) or ""
        away = branch not in ("", self.using)
        migrates = self.connection.deferring and not self.connection.is_home
        model = self.query.model
        if (away or migrates) and self.using and model is not None and is_shared(model):
            joins = not shared_tables().issuperset(n.lower() for n in _SOURCE.findall(sql))
            if joins and away:
                self.connection = connections[branch]
            elif migrates and not joins:
                self.connection = self.connection.home
        return sql, params


_SOURCE = re.compile(r"\b(?:FROM|JOIN) \(*`((?:[^`]|``)+)`")


class SQLCompiler(_Reading, mysql.SQLCompiler):
    pass


class SQLInsertCompiler(_DoltCompiler, mysql.SQLInsertCompiler):
    pass


class SQLDeleteCompiler(_DoltCompiler, mysql.SQLDeleteCompiler):
    pass


class SQLUpdateCompiler(_DoltCompiler, mysql.SQLUpdateCompiler):
    pass


class SQLAggregateCompiler(_Reading, mysql.SQLAggregateCompiler):
    pass
