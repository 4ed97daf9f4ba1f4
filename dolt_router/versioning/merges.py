"""Merges, and what a merge would do.

https://docs.dolthub.com/sql-reference/version-control/merges
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import context
from ..exceptions import DoltRouterError, MergeConflict
from ..names import validate_branch, validate_ref
from .branches import ahead_behind, resolve
from .session import refuse_unfinished, transaction_on, verb_connection

STRATEGIES = {
    "merge": (),
    "no-ff": ("--no-ff",),
    "ff-only": ("--ff-only",),
    "squash": ("--squash",),
}


class MergeResult(NamedTuple):
    """What a merge did.

    `commit_hash` is the head of the target afterwards. `up_to_date` says that there was
    nothing to merge.
    """

    commit_hash: str
    fast_forward: bool
    up_to_date: bool = False


class NotFastForward(DoltRouterError, ValueError):
    """`ff-only` was asked for, and the target has commits of its own."""

    code = "not_fast_forward"


def merge(
    source: str,
    into: str,
    message: str | None = None,
    author: str | None = None,
    strategy: str = "merge",
    using: str | None = None,
) -> MergeResult:
    """Merge `source` into the branch `into`: all of it or nothing.

    Args:
        message, author: of the merge commit; a fast-forward makes none.
        strategy: "merge" (fast-forward where possible), "no-ff", "ff-only" or "squash".

    Raises:
        MergeConflict: both changed the same cells, or the result breaks a constraint;
            `tables` counts the rows.
        NotFastForward: with "ff-only".
        BranchDoesNotExist: one of them isn't there.
        BranchInUse: this request wrote to one of them and hasn't committed yet.
        StaleWrite: the target moved meanwhile.
    """
    if strategy not in STRATEGIES:
        raise ValueError(f"Unknown strategy {strategy!r}. Use one of {', '.join(STRATEGIES)}.")
    validate_ref(source)
    validate_branch(into)
    for ref in (source, into):
        refuse_unfinished(ref, "Merge", using)
    head, other = resolve(into, using), resolve(source, using)
    if head == other or not ahead_behind(source, into, using)[0]:
        return MergeResult(head, False, True)
    default = f'Merge branch "{source}" into "{into}"'
    words = context.describe([])
    text, who = message or context.message.get() or default, author or words.author
    with transaction_on(into, using) as cursor:
        row = _call_merge(cursor, source, into, strategy, text, who)
        conflicts = int(row[2])
        broken = _count(cursor, "dolt_constraint_violations")
        if conflicts or broken:
            raise MergeConflict(source, into, _count(cursor, "dolt_conflicts") | broken)
        if strategy == "squash":
            cursor.execute(
                "CALL dolt_commit('-A', '--skip-empty', '-m', %s, '--author', %s)", [text, who]
            )
    after = resolve(into, using)
    return MergeResult(after, bool(row[1]) and strategy != "squash", after == head)


def _call_merge(
    cursor: Any, source: str, into: str, strategy: str, message: str, author: str
) -> tuple[Any, ...]:
    options = [*STRATEGIES[strategy], source]
    if strategy != "squash":
        options += ["-m", message, "--author", author]
    marks = ", ".join(["%s"] * len(options))
    try:
        cursor.execute(f"CALL dolt_merge({marks})", options)
    except DoltRouterError as error:
        if strategy == "ff-only" and "fast" in str(error).lower():
            raise NotFastForward(
                f'"{into}" has commits that "{source}" lacks, so it can\'t be fast-forwarded. '
                f'Merge "{into}" into "{source}" first, or merge with another strategy.'
            ) from error
        raise
    return tuple(cursor.fetchone())


def _count(cursor: Any, system_table: str) -> dict[str, int]:
    """`{table: rows}` from dolt_conflicts or dolt_constraint_violations."""
    cursor.execute(f"SELECT * FROM {system_table}")
    return {str(row[0]): int(row[1]) for row in cursor.fetchall()}


class MergePreview(NamedTuple):
    """What a merge would meet: `{table: rows}` in conflict, and tables in schema conflict."""

    conflicts: dict[str, int]
    schema_conflicts: list[str]

    @property
    def is_clean(self) -> bool:
        """Whether the merge would succeed as far as can be told without doing it."""
        return not self.conflicts and not self.schema_conflicts


def preview_merge(source: str, into: str, using: str | None = None) -> MergePreview:
    """What merging would conflict in, without touching any branch.

    Raises:
        BranchDoesNotExist: one of them isn't there.
    """
    resolve(source, using)
    resolve(into, using)
    with verb_connection(into, using) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM dolt_preview_merge_conflicts_summary(%s, %s)", [into, source])
        conflicts, schema = {}, []
        for table, rows, schema_rows in cursor.fetchall():
            if rows:
                conflicts[str(table)] = int(rows)
            if schema_rows:
                schema.append(str(table))
        return MergePreview(conflicts, schema)
