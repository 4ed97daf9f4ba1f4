"""Slices that are cut in a derived table, or outside of one.

Of a UNION, INTERSECT or EXCEPT the rows that OFFSET skips are taken before they are sorted. Behind
IN some of the rows of a slice are lost. And for a slice without an end, or with a distant one, Dolt
sets memory aside for as many rows as LIMIT and OFFSET name before it sorts. For the
number that stands for "no limit" it panics, and for two billion it is killed. A derived table
is sorted first, and cut by its limit after that.
"""

from __future__ import annotations

from typing import Any

NO_LIMIT = 2**64 - 1
DISTANT = 100_000  # rows: some MB are set aside for so many


def is_cut_outside(query: Any) -> bool:
    """Whether Dolt gets the slice wrong, or needs much memory for it."""
    if not query.is_sliced or query.select_for_update:
        return False
    if query.combinator and query.low_mark:
        return True
    return query.high_mark is None or query.high_mark > DISTANT


def cut_afterwards(sql: str, query: Any) -> str:
    """`sql`, which has no limit of its own yet, with the one of `query` around it."""
    limit = NO_LIMIT if query.high_mark is None else query.high_mark - query.low_mark
    offset = f" OFFSET {query.low_mark}" if query.low_mark else ""
    return f"SELECT * FROM ({sql}) `sliced` LIMIT {limit}{offset}"


def listed(node: Any, sql: str) -> str:
    """`sql` of a subquery behind IN, such that it has all its rows if it is a slice."""
    query = getattr(node, "query", node)
    return f"(SELECT * FROM {sql} `listed`)" if query.is_sliced else sql
