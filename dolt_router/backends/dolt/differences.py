"""Combined queries.

`difference()` of one column: EXCEPT takes NULL for the empty text there. With a second column
beside it doesn't, so each side gets one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def is_single_column(query: Any) -> bool:
    """Whether a combined query selects one column."""
    first = query.combined_queries[0]
    if query.values_select and not first.values_select:  # Django gives them to the others
        first = query
    return not first.default_cols and len(first.select) + len(first.annotation_select) == 1


def widened_difference(
    compiler: Any, make: Callable[[str, bool], tuple[list[str], Any]], all: bool
) -> tuple[list[str], Any]:
    """The SQL of the combined queries, each with another column, and only the first kept."""
    query = compiler.query
    before = query.combined_queries
    query.combined_queries = tuple(combined.clone() for combined in before)
    for combined in query.combined_queries:
        combined.is_widened = True
    try:
        parts, params = make("difference", all)
    finally:
        query.combined_queries = before
    name = next(iter(query.annotation_select), "x")
    name = compiler.connection.ops.quote_name(name)
    sql = without_brackets(" ".join(parts))
    return [f"SELECT {name} FROM ({sql}) widened ({name}, filling)"], params


def without_brackets(sql: str) -> str:
    """`sql` without brackets around all of it, as when one query alone is left.

    Dolt takes no brackets within those of a derived table.
    """
    depth = 0
    for position, sign in enumerate(sql):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return sql[1:-1] if position == len(sql) - 1 > 0 else sql
    return sql


def widen(sql: str) -> str:
    """`sql` with a second column, the same in every row."""
    return f"SELECT narrow.*, 1 FROM ({sql}) narrow"
