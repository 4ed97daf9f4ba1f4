"""LEFT JOINs.

Two faults of Dolt's planner (docs/dolt-notes.md):

* An INNER JOIN behind a LEFT JOIN makes a condition of WHERE on the outer table one of the
  join, so that rows come which it should keep out. Inner joins are written first.
* As a merge join it loses the last row of the left table when that has no partner and the ON
  clause says more than that two columns are equal. Such queries carry the hint that keeps it
  from joining so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models.sql.constants import INNER, LOUTER
from django.db.models.sql.datastructures import Join
from django.db.models.sql.where import WhereNode

HINT = "/*+ NO_MERGE_JOIN */ "


def inner_first(alias_map: dict[str, Any]) -> dict[str, Any]:
    """The joins of a query with the outer ones last; the same object when they are already.

    An inner join never leans on the table of an outer one, as Django makes both outer then;
    but the condition of a FilteredRelation may: see `bound_to_outer`.
    """
    outer: dict[str, Any] = {}
    inner: dict[str, Any] = {}
    out_of_order = False
    for alias, join in alias_map.items():
        if join.join_type == LOUTER:
            outer[alias] = join
        else:
            out_of_order = out_of_order or (bool(outer) and join.join_type == INNER)
            inner[alias] = join
    return {**inner, **outer} if out_of_order else alias_map


def bound_to_outer(query: Any) -> dict[str, Any]:
    """The inner joins behind an outer one that have a condition of their own, by their alias."""
    found, is_outer = {}, False
    for alias, join in query.alias_map.items():
        if join.join_type == LOUTER:
            is_outer = True
        elif is_outer and join.filtered_relation and query.alias_refcount[alias]:
            found[alias] = join
    return found


@contextmanager
def conditions_in_where(query: Any, joins: dict[str, Any]) -> Iterator[None]:
    """Write the conditions of inner joins into WHERE, where they say the same."""
    before, where = query.alias_map, query.where
    query.alias_map = {**before, **{alias: _bare(join) for alias, join in joins.items()}}
    conditions = [join.filtered_relation.resolved_condition for join in joins.values()]
    query.where = WhereNode([where, *conditions] if where else conditions)
    try:
        yield
    finally:
        query.alias_map, query.where = before, where


def _bare(join: Any) -> Join:
    return Join(
        join.table_name,
        join.parent_alias,
        join.table_alias,
        join.join_type,
        join.join_field,
        join.nullable,
    )


def loses_rows(query: Any) -> bool:
    """Whether one of the joins of `query` is of the second kind."""
    for alias, join in query.alias_map.items():
        if join.join_type != LOUTER or not query.alias_refcount[alias]:
            continue
        if join.filtered_relation or len(join.join_cols) > 1:
            return True
        if join.join_field.get_extra_restriction(join.table_alias, join.parent_alias):
            return True
    return False


def hinted(sql: str) -> str:
    """`sql` with the hint behind its first SELECT."""
    head, select, tail = sql.partition("SELECT ")
    return f"{head}{select}{HINT}{tail}"
