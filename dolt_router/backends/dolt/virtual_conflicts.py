"""Conflicts of tables with virtual columns, from diffs.

Dolt has no place for a virtual column in the rows of `dolt_conflicts_<table>` and
`dolt_preview_merge_conflicts`, though in their columns, so that values come under the names of
others, or the query fails (docs/dolt-notes.md). The diffs of both sides from the merge base are
right, and tell the same: a row conflicts when both sides changed a column of it to different
values, or one changed what the other deleted.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..engine import fetch_dicts
from .functional import generated_columns

GONE = "removed"


def has_virtual_columns(cursor: Any, table: str) -> bool:
    """Whether the table's conflicts must be read from here."""
    return any(not each.endswith(" STORED") for each in generated_columns(cursor, table).values())


def conflict_rows(
    cursor: Any,
    table: str,
    key: Sequence[str],
    sides: tuple[str, str],
    limit: int | None = None,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Rows as `dolt_conflicts_<table>` should have them, in the order of the key.

    Args:
        key: the columns of the primary key.
        sides: refs of ours and theirs.
        limit: None for all rows.
    """
    quote = cursor.db.ops.quote_name
    cursor.execute(f"SHOW COLUMNS FROM {quote(table)}")
    there = [str(row[0]) for row in cursor.fetchall()]
    computed = generated_columns(cursor, table)
    columns = [column for column in there if column not in computed]
    cursor.execute("SELECT dolt_merge_base(%s, %s)", sides)
    (base,) = cursor.fetchone()
    shown = []
    for column in columns:
        before, after = quote(f"from_{column}"), quote(f"to_{column}")
        old = f"COALESCE(o.{before}, t.{before})" if column in key else f"o.{before}"
        shown += [
            f"{old} AS {quote('base_' + column)}",
            f"o.{after} AS {quote('our_' + column)}",
            f"t.{after} AS {quote('their_' + column)}",
        ]
    keys = [
        [f"COALESCE({s}.{quote('to_' + c)}, {s}.{quote('from_' + c)})" for c in key] for s in "ot"
    ]
    same_row = " AND ".join(f"{ours} = {theirs}" for ours, theirs in zip(*keys, strict=True))
    literal = cursor.db.engine.table_literal(table)
    # Not with a huge number in place of none: Dolt makes room for as many rows as a LIMIT says.
    cut = "" if limit is None else f" LIMIT {limit} OFFSET {offset}"
    cursor.execute(
        f"SELECT {', '.join(shown)}, o.diff_type AS our_diff_type, t.diff_type AS their_diff_type "
        f"FROM dolt_diff(%s, %s, {literal}) o JOIN dolt_diff(%s, %s, {literal}) t ON {same_row} "
        f"WHERE {_conflicting([c for c in columns if c not in key], quote)} "
        f"ORDER BY {', '.join(keys[0])}{cut}",
        [base, sides[0], base, sides[1]],
    )
    rows = fetch_dicts(cursor)
    for row in rows:
        row["dolt_conflict_id"] = json.dumps(key_of(row, key), default=str)
    return rows


def key_of(row: dict[str, Any], key: Sequence[str]) -> list[Any]:
    """The key of one of `conflict_rows`, which one side at least still has."""
    return [row[f"our_{c}"] if row[f"our_{c}"] is not None else row[f"their_{c}"] for c in key]


def _conflicting(columns: Sequence[str], quote: Any) -> str:
    """The condition that two changes of one row don't go together."""
    differ = [
        f"(NOT (o.{after} <=> t.{after}) AND NOT (o.{before} <=> o.{after}) "
        f"AND NOT (t.{before} <=> t.{after}))"
        for before, after in ((quote(f"from_{c}"), quote(f"to_{c}")) for c in columns)
    ]
    one_is_gone = f"(o.diff_type = '{GONE}') <> (t.diff_type = '{GONE}')"
    both_there = f"o.diff_type <> '{GONE}' AND t.diff_type <> '{GONE}'"
    return f"({one_is_gone} OR ({both_there} AND ({' OR '.join(differ) or 'FALSE'})))"
