"""SQL operations of Dolt."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import NotSupportedError, transaction
from django.db.backends.mysql.operations import DatabaseOperations as MySQLOperations
from django.db.models import Sum, Window
from django.db.models.expressions import Col
from django.utils.functional import cached_property

from . import zones
from .documents import refuse_unkept
from .limits import finite
from .reading import read_moment, read_whole
from .totals import check_exact, is_narrow_column

# MAKEDATE is missing.
_FIRST_OF_QUARTER = "CONCAT(LPAD(YEAR({}), 4, '0'), '-', LPAD(QUARTER({}) * 3 - 2, 2, '0'), '-01')"

_PARTS = {
    "year": "YEAR",
    "quarter": "QUARTER",
    "month": "MONTH",
    "day": "DAYOFMONTH",
    "hour": "HOUR",
    "minute": "MINUTE",
    "second": "SECOND",
    "microsecond": "MICROSECOND",
}


_AS_THEY_ARE = {"exact", "in", "gt", "gte", "lt", "lte", "isnull", "range"}
_PATTERNS = {"contains", "startswith", "endswith", "regex"}
_PATTERNS |= {"icontains", "istartswith", "iendswith", "iregex"}
# A date as text has a time of day to it, and a time is no text at all.
_WRITTEN = {
    "DateField": "DATE_FORMAT(%s, '%%%%Y-%%%%m-%%%%d')",
    "TimeField": "TIME_FORMAT(%s, '%%%%H:%%%%i:%%%%s.%%%%f')",
}


class DatabaseOperations(MySQLOperations):
    """MySQL's, with `flush` as one Dolt commit, and what Dolt needs said differently."""

    compiler_module = "dolt_router.backends.dolt.compiler"

    def date_extract_sql(self, lookup_type: str, sql: str, params: Any) -> tuple[str, Any]:
        # A column whose default has an EXTRACT makes its table unreadable.
        if self.connection.is_defining and (function := _PARTS.get(lookup_type)):
            return f"{function}({sql})", params
        if lookup_type == "week":
            # WEEK(..., 3) is 0 for the first days of a year that belong to the last week of
            # the year before.
            return f"CAST(YEARWEEK({sql}, 3) %% 100 AS SIGNED)", params
        return super().date_extract_sql(lookup_type, sql, params)  # type: ignore[no-any-return]

    def _convert_sql_to_tz(self, sql: str, params: Any, tzname: str | None) -> tuple[str, Any]:
        plain = super()._convert_sql_to_tz(sql, params, tzname)
        if not tzname or plain[0] == sql:
            return plain  # type: ignore[no-any-return]
        if self.connection.is_defining:
            # What is right takes TIMESTAMPDIFF, which Dolt writes so that it can't read it again.
            if zones.has_changes(tzname):
                raise NotSupportedError(
                    f"Dolt doesn't tell moments in {tzname} right around changes of its clocks, "
                    "and in the definition of a table nothing can be done about it. Take the "
                    "part in UTC (tzinfo=datetime.timezone.utc), or set the value in Python."
                )
            return plain  # type: ignore[no-any-return]
        own: str = self.connection.timezone_name
        if own != "UTC":
            sql, params = f"CONVERT_TZ({sql}, %s, 'UTC')", (*params, own)
        return zones.moved(sql, params, tzname) or plain

    def datetime_cast_date_sql(self, sql: str, params: Any, tzname: str | None) -> tuple[str, Any]:
        # What DATE() gives is not the same day as that of a DATE column to UNION and EXCEPT.
        sql, params = self._convert_sql_to_tz(sql, params, tzname)
        return f"CAST({sql} AS DATE)", params

    def date_trunc_sql(
        self, lookup_type: str, sql: str, params: Any, tzname: str | None = None
    ) -> tuple[str, Any]:
        if lookup_type == "day":
            return self.datetime_cast_date_sql(sql, params, tzname)
        if lookup_type == "week":
            sql, params = super().date_trunc_sql(lookup_type, sql, params, tzname)
            return f"CAST({sql} AS DATE)", params  # a moment remains one otherwise
        if lookup_type != "quarter":
            return super().date_trunc_sql(lookup_type, sql, params, tzname)  # type: ignore[no-any-return]
        sql, params = self._convert_sql_to_tz(sql, params, tzname)
        return f"CAST({_FIRST_OF_QUARTER} AS DATE)".replace("{}", sql), (*params, *params)

    def datetime_trunc_sql(
        self, lookup_type: str, sql: str, params: Any, tzname: str | None
    ) -> tuple[str, Any]:
        if lookup_type == "quarter":
            sql, params = self._convert_sql_to_tz(sql, params, tzname)
            sql = f"CAST({_FIRST_OF_QUARTER} AS DATETIME)".replace("{}", sql)
            params = (*params, *params)
        else:
            sql, params = super().datetime_trunc_sql(lookup_type, sql, params, tzname)
        # As columns are: with another kind of moment in a UNION it would become text.
        if sql.endswith(" AS DATETIME)"):
            sql = f"{sql[:-1]}(6))"
        return sql, params

    def combine_expression(self, connector: str, sub_expressions: list[str]) -> str:
        if connector in ("&", "|", "<<", "#"):
            # CONVERT(..., SIGNED) would make the highest number of a negative one: its bits
            # are read as signed by CONV to base -10. A signed number beside an unsigned one, as
            # 255 is, would be made a float first.
            operator = "^" if connector == "#" else connector
            bits = operator.join(f"CAST({part} AS UNSIGNED)" for part in sub_expressions)
            return f"CAST(CONV({bits}, 10, -10) AS SIGNED)"
        return str(super().combine_expression(connector, sub_expressions))

    def lookup_cast(self, lookup_type: str, internal_type: str | None = None) -> str:
        if lookup_type in _AS_THEY_ARE and internal_type != "JSONField":
            return "%s"  # as below, which is asked for each condition
        if internal_type in _WRITTEN and lookup_type in _PATTERNS:
            return _WRITTEN[internal_type]
        cast = str(super().lookup_cast(lookup_type, internal_type))
        if lookup_type in ("iexact", "icontains", "istartswith", "iendswith"):
            # Text compares by its bytes (utf8mb4_0900_bin), where MySQL's default heeds no case.
            return f"LOWER({cast})"
        return cast

    def get_db_converters(self, expression: Any) -> list[Any]:
        if type(expression) is Col:  # asked for each column of each query
            return self._converters_of(expression)
        converters: list[Any] = super().get_db_converters(expression)
        if isinstance(expression, Col):
            return converters
        kind = expression.output_field.get_internal_type()
        total = expression.source_expression if isinstance(expression, Window) else expression
        if isinstance(total, Sum) and is_narrow_column(total):
            converters.append(check_exact)
        elif kind == "FloatField":
            converters.append(finite)
        elif kind == "DurationField":
            # Of a column and a constant beside it COALESCE and others make a decimal.
            converters.insert(0, read_whole)
        elif kind == "DateTimeField":
            # COALESCE, GREATEST and others make text of a moment.
            converters.insert(0, read_moment)
        return converters

    def _converters_of(self, column: Col) -> list[Any]:
        """MySQL's converters of a column, which its type and USE_TZ decide."""
        key = column.output_field.get_internal_type()
        if key == "DateTimeField" and settings.USE_TZ:
            key = "DateTimeField with a zone"
        try:
            return self._column_converters[key]
        except KeyError:
            found = self._column_converters[key] = super().get_db_converters(column)
            return found

    @cached_property
    def _column_converters(self) -> dict[str, list[Any]]:
        return {}

    def adapt_json_value(self, value: Any, encoder: Any) -> Any:
        text = super().adapt_json_value(value, encoder)
        refuse_unkept(text)
        return text

    def prep_for_iexact_query(self, x: Any) -> str:
        return str(x)  # compared with `=`: nothing to escape

    def execute_sql_flush(self, sql_list: Iterable[str]) -> None:
        # TRUNCATE commits by itself as schema changes do, so the whole is deferred and ends
        # as one commit; foreign key checks are put back whatever happens.
        with self.connection.one_dolt_commit("Flush"):
            with transaction.atomic(using=self.connection.alias, savepoint=False):
                with self.connection.cursor() as cursor:
                    for sql in sql_list:
                        cursor.execute(sql)

    def explain_query_prefix(self, format: str | None = None, **options: Any) -> str:
        return str(super().explain_query_prefix(format or "TREE", **options))
