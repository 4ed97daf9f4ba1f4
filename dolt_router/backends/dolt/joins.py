"""LEFT JOINs.

Two faults of Dolt's planner (docs/dolt-notes.md):

* An INNER JOIN behind a LEFT JOIN makes a condition of WHERE on the outer table one of the
  join, so that rows come which it should keep out. Inner joins are written first.
* As a merge join it loses the last row of the left table when that has no partner and the ON
  clause says more than that two columns are equal. Such queries carry the hint that keeps it
  from joining so.
"""

from __future__ import annotations

from typing import Any

from django.db.models.sql.constants import INNER, LOUTER

HINT = "/*+ NO_MERGE_JOIN */ "


def inner_first(alias_map: dict[str, Any]) -> dict[str, Any]:
    """The joins of a query with the outer ones last; the same object when they are already.

    An inner join never leans on the table of an outer one, as Django makes both outer then;
    but the condition of a FilteredRelation may, and is left where it is.
    """
    outer: dict[str, Any] = {}
    inner: dict[str, Any] = {}
    out_of_order = False
    for alias, join in alias_map.items():
        if join.join_type == LOUTER:
            outer[alias] = join
        else:
            if outer and join.join_type == INNER:
                if join.filtered_relation:
                    return alias_map
                out_of_order = True
            inner[alias] = join
    return {**inner, **outer} if out_of_order else alias_map


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
