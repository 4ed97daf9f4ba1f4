"""Merges, and what a merge would do.

https://docs.dolthub.com/sql-reference/version-control/merges
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from .. import access, aliases, context, signals
from ..backends.dolt.migrations import applied_migrations
from ..backends.engine import MergeAnswer
from ..conf import conf
from ..exceptions import (
    BranchNeedsMigration,
    DoltRouterError,
    DoltServerError,
    MergeConflict,
    NotFastForward,
)
from ..names import validate_branch, validate_ref
from ..shared import is_shared_app
from ..wording import validate_author
from .arrivals import follow
from .branches import ahead_behind, names
from .branches import resolve as resolve_ref
from .conflicts import Violation, broken_keys, rows_by_table, settle_violations, violations
from .resolving import Resolver, Sides, resolve_all, resolver_of
from .session import merging, refuse_unfinished, verb_connection

STRATEGIES = ("merge", "no-ff", "ff-only", "squash")


class _Result(NamedTuple):
    commit_hash: str
    fast_forward: bool


class MergeResult(_Result):
    """What a merge did: a pair (commit_hash, fast_forward).

    `commit_hash` is the head of the target afterwards. The attribute `up_to_date` says that
    there was nothing to merge.
    """

    up_to_date: bool

    def __new__(cls, commit_hash: str, fast_forward: bool, up_to_date: bool = False) -> MergeResult:
        self = super().__new__(cls, commit_hash, fast_forward)
        self.up_to_date = up_to_date
        return self


def merge(
    source: str,
    into: str,
    message: str | None = None,
    author: str | None = None,
    strategy: str = "merge",
    using: str | None = None,
    resolve: str | Mapping[str, Any] | Resolver | None = None,
    check_migrations: bool = True,
) -> MergeResult:
    """Merge `source` into the branch `into`: all of it or nothing.

    Args:
        message, author: of the merge commit; a fast-forward makes none.
        strategy: "merge" (fast-forward where possible), "no-ff", "ff-only" or "squash".
        resolve: what to do about conflicts: "ours" or "theirs" for all, a mapping of table
            to side, or a callable that is given each RowConflict and returns a resolution.
            Fields that only one side changed are merged in any case.
        check_migrations: refuse a source that lacks migrations of the target.

    Raises:
        MergeConflict: both changed the same cells, or the result breaks a constraint;
            `tables` counts the rows, `violations` and `schema_conflicts` tell more.
        NotFastForward: with "ff-only".
        ValueError: `author` has not the form `Name <email>`.
        BranchNeedsMigration: the source lacks migrations that the target has.
        BranchDoesNotExist: one of them isn't there.
        BranchInUse: this request wrote to one of them and hasn't committed yet.
        Refused: a receiver of `pre_merge` refused.
        StaleWrite: the target moved meanwhile.
    """
    if strategy not in STRATEGIES:
        raise ValueError(f"Unknown strategy {strategy!r}. Use one of {', '.join(STRATEGIES)}.")
    resolver = resolver_of(resolve)
    validate_ref(source)
    validate_branch(into)
    for ref in (source, into):
        refuse_unfinished(ref, "Merge", using)
    head, other = resolve_ref(into, using), resolve_ref(source, using)
    ahead, behind = (0, 0) if head == other else ahead_behind(source, into, using)
    if not ahead:
        return MergeResult(head, False, True)
    if check_migrations and behind:
        refuse_unmigrated(source, into, using)
    default = f'Merge branch "{source}" into "{into}"'
    words = context.describe([])
    text = message or context.message.get() or default
    who = validate_author(author) if author else words.author
    about = {
        "using": aliases.default_root(using),
        "source": source,
        "into": into,
        "strategy": strategy,
    }
    # To bring a branch up to date is to write to it.
    verb = "write" if source == conf.DEFAULT_BRANCH else "merge"
    asked: dict[str, Any] = {**about, "source_hash": other, "resolved": resolver is not None}
    del asked["into"]
    access.require(verb, into, target_hash=head, **asked)
    is_home = into == conf.DEFAULT_BRANCH
    try:
        signals.ask(signals.pre_merge, **about)
        applied = _applied(into, using) if is_home else set()
        with merging(into, using) as (connection, cursor):
            if access.are_gates_asked() and (now := _head(cursor)) != head:
                access.require(verb, into, target_hash=now, **asked)  # it has moved since
            # The commit, not the branch: what was asked about, and nothing that came since.
            answer = _merge(cursor, source, other, into, strategy, text, who)
            refused = []
            if answer.open and resolver is not None:
                if isinstance(resolver, Sides):
                    resolver.begin(other, _head(cursor))
                refused = resolve_all(connection, cursor, resolver)
                settle_violations(cursor)
                noted = rows_by_table(cursor, "dolt_constraint_violations")
                refused += [key for key in broken_keys(cursor) if key.table not in noted]
            _refuse_conflicts(cursor, source, into, refused)
            if answer.open or strategy == "squash":
                # A merge resolved to what was there already changes no row and is a merge all
                # the same: skipped as empty, it would stay open on the branch.
                empty = "--skip-empty" if strategy == "squash" else "--allow-empty"
                arguments = ("-A", empty, "-m", text, "--author", who)
                connection.engine.run(cursor, "dolt_commit", *arguments)
    except Exception as error:
        signals.tell(signals.merge_failed, **about, error=error)
        if isinstance(error, MergeConflict):
            signals.tell(signals.merge_conflicted, **about, error=error)
        raise
    after = resolve_ref(into, using)
    if source not in names(using):  # from a remote, perhaps: ids that this server has not given
        with verb_connection(into, using) as connection, connection.cursor() as cursor:
            connection.engine.heed_ids(cursor, head, after)
    if is_home:
        follow(_applied(into, using) - applied, aliases.default_alias(using))
    forward = answer.fast_forward and strategy != "squash"
    result = MergeResult(after, forward, after == head)
    signals.tell(signals.merged, **about, result=result)
    return result


def sync(branch: str, using: str | None = None, **options: Any) -> MergeResult:
    """Merge the default branch into `branch`; takes the options of `merge` and raises as it."""
    options.setdefault("message", f'Sync "{branch}" with "{conf.DEFAULT_BRANCH}"')
    return merge(str(conf.DEFAULT_BRANCH), branch, using=using, **options)


def refuse_unmigrated(source: str, into: str, using: str | None = None) -> None:
    """Refuse a source whose data no migration of the target has seen.

    Raises:
        BranchNeedsMigration: with the migrations that the source lacks.
    """
    there, here = (_applied(ref, using) for ref in (into, source))
    missing = sorted(".".join(name) for name in there - here)
    if missing and here:
        alias = aliases.branch_alias(source, using)
        raise BranchNeedsMigration(source, alias, missing, f'Can\'t merge into "{into}" yet')


def _applied(ref: str, using: str | None) -> set[tuple[str, str]]:
    with verb_connection(ref, using) as connection, connection.cursor() as cursor:
        # Those of shared apps are applied on the default branch, for all.
        return {key for key in applied_migrations(cursor) if not is_shared_app(key[0])}


def _head(cursor: Any) -> str:
    cursor.execute("SELECT dolt_hashof('HEAD')")
    return str(cursor.fetchone()[0])


def _refuse_conflicts(cursor: Any, source: str, into: str, refused: list[Violation]) -> None:
    """Raise what is left of conflicts in the transaction under way."""
    cursor.execute("SELECT table_name, description FROM dolt_schema_conflicts")
    schema = {str(table): str(text) for table, text in cursor.fetchall()}
    conflicts = rows_by_table(cursor, "dolt_conflicts")
    broken = rows_by_table(cursor, "dolt_constraint_violations")
    for violation in refused:
        if violation.table not in conflicts:  # a broken key that only the commit would meet
            broken.setdefault(violation.table, 0)
            broken[violation.table] += 1
    if schema or conflicts or broken:
        found = refused + (violations(cursor) if broken else [])
        raise MergeConflict(source, into, conflicts | broken, "merge", found, schema)


# Of tables that are made by the same statements Dolt says so too, in rare cases: dolt-notes.md.
_MADE_TWICE = re.compile(r"table with same name '(.+)' added in 2 commits")


def _merge(
    cursor: Any, source: str, commit: str, into: str, strategy: str, message: str, author: str
) -> MergeAnswer:
    try:
        answer: MergeAnswer = cursor.db.engine.merge(cursor, commit, strategy, message, author)
        return answer
    except ValueError as error:
        raise NotFastForward(source, into) from error
    except DoltRouterError as error:
        if twice := _MADE_TWICE.search(str(error)):
            made = {twice[1]: "made on both sides, with other columns"}
            raise MergeConflict(source, into, {}, schema_conflicts=made) from error
        raise


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
    for ref in (source, into):
        access.require_open(validate_ref(ref), aliases.default_root(using))
    with verb_connection(into, using) as connection, connection.cursor() as cursor:
        try:
            return previewed(cursor, into, source)
        except DoltServerError:
            for ref in (source, into):
                resolve_ref(ref, using)
            raise


def previewed(cursor: Any, into: str, source: str) -> MergePreview:
    """`preview_merge` with a cursor on `into`."""
    try:
        found = cursor.db.engine.preview(cursor, into, source)
    except DoltServerError as error:
        if twice := _MADE_TWICE.search(str(error)):
            return MergePreview({}, [twice[1]])
        raise
    conflicts, schema = {}, []
    for table, rows, schema_rows in found:
        if rows:
            conflicts[table] = rows
        if schema_rows:
            schema.append(table)
    return MergePreview(conflicts, schema)
