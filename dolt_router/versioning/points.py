"""Points in history: the log with parents, what a datetime stands for, querysets at a point.

https://docs.dolthub.com/sql-reference/version-control/dolt-sql-functions#dolt_log
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from .. import access, aliases
from ..exceptions import DoltServerError, worded
from ..exceptions import NotThere as NotThere
from ..names import is_commit_hash, validate_ref
from .branches import resolve
from .session import database_connection

M = TypeVar("M", bound=Model)
Point = str | datetime.datetime  # a branch, tag or commit hash; or a moment on a branch

CHUNK = 500  # commits of a log fetched by one query
_IDENTIFIER = re.compile(r"[^`,\x00-\x1f]{1,64}")


class LogEntry(NamedTuple):
    """A commit with its parents, first parent first. `date` is aware, in UTC."""

    commit_hash: str
    parents: tuple[str, ...]
    author: str
    date: datetime.datetime
    message: str

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]


def quoted(name: str) -> str:
    """An identifier of a model's (table or column) in backticks.

    Raises:
        ValueError: it has a backtick, a comma or a control character, or no or over 64
            characters.
    """
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError(f"{name!r} can't be the name of a table or column here.")
    return f"`{name}`"


def log_entries(cursor: Any, ref: str, tables: Sequence[str] = ()) -> Iterator[LogEntry]:
    """The log of `ref`, children before parents, fetched in chunks while it is read.

    Args:
        ref: best a commit hash: a branch may move from one chunk to the next.
        tables: only commits in which one of these differs from a parent.
    """
    validate_ref(ref)
    for table in tables:
        quoted(table)
    offset = 0
    while True:
        rows = cursor.db.engine.log(cursor, ref, tables, CHUNK, offset)
        yield from map(_entry, rows)
        if len(rows) < CHUNK:
            return
        offset += CHUNK


def log_page(commit_hash: str, limit: int, offset: int, using: str | None = None) -> list[LogEntry]:
    """Some commits of the log of `commit_hash`, newest first, cut by the server.

    Raises:
        BranchDoesNotExist: there is no such commit.
    """
    validate_ref(commit_hash)
    with database_connection(using) as connection, connection.cursor() as cursor:
        return [
            _entry(row) for row in connection.engine.log(cursor, commit_hash, (), limit, offset)
        ]


def entry_of(commit_hash: str, using: str | None = None) -> LogEntry:
    """One commit, with its parents.

    Raises:
        BranchDoesNotExist: there is no such commit.
    """
    validate_ref(commit_hash)
    with database_connection(using) as connection, connection.cursor() as cursor:
        try:
            return _entry(connection.engine.log_row(cursor, commit_hash))
        except (DoltServerError, IndexError):
            resolve(commit_hash, using)
            raise


def _entry(row: Any) -> LogEntry:
    date = row.date.replace(tzinfo=datetime.timezone.utc)
    author = f"{row.committer} <{row.email}>"
    return LogEntry(row.commit_hash, row.parents, author, date, row.message)


def commit_at(point: Point, branch: str, using: str | None = None) -> str:
    """The commit hash that a branch, tag, commit hash or datetime stands for.

    A datetime stands for the newest commit at or before it on the first-parent line of
    `branch`: what was merged later, though committed before, is not on it. A fast-forward
    leaves no trace of when it was made, so its commits count from their own dates. A naive
    datetime is in the current time zone, as Django has it.

    Raises:
        BranchDoesNotExist: there is no such ref.
        NotThere: the branch has no commit that old.
    """
    if not isinstance(point, datetime.datetime):
        return resolve(point, using)
    moment = timezone.make_aware(point) if timezone.is_naive(point) else point
    wanted = resolve(branch, using)
    with database_connection(using) as connection, connection.cursor() as cursor:
        for entry in log_entries(cursor, wanted):
            if entry.commit_hash != wanted:
                continue
            if entry.date <= moment:
                return entry.commit_hash
            if not entry.parents:
                break
            wanted = entry.parents[0]
    text = _(
        'Branch "%(branch)s" has no commit at or before %(moment)s. Its first one is of %(first)s: '
        "name a later moment."
    )
    first = entry.date.isoformat()
    raise NotThere(worded(text, branch=branch, moment=moment.isoformat(), first=first))


def at(queryset: QuerySet[M], point: Point, using: str | None = None) -> QuerySet[M]:
    """The queryset on the data as it was at a branch, tag, commit or datetime; read-only.

    A branch stands for its head of now. A datetime is looked up on the queryset's branch.
    What the queryset fetches has `_state.db == "default/<hash>"`. Rows are read with the
    models of today: from before a migration that added a column it reads, the query raises
    `BranchNeedsMigration` or Django's OperationalError; `as_of(obj, ...)` can do without.

    Raises:
        BranchDoesNotExist: there is no such ref.
        NotThere: the branch has no commit that old.
    """
    target = aliases.handler().target(using or queryset.db)
    root = aliases.default_root(using or queryset.db)
    branch = target.ref if target is not None else aliases.current_branch(root)
    return queryset.using(aliases.branch_alias(commit_at(point, branch, root), root))


class Place(NamedTuple):
    """Where an object is: the alias of the database and a branch (or tag, or commit)."""

    root: str
    ref: str


def place_of(obj: Model, using: str | None = None) -> Place:
    """The branch that `obj` was fetched from or saved to; the active one when it was neither."""
    alias = using or obj._state.db
    target = aliases.handler().target(alias) if alias else None
    if target is not None:
        return Place(target.root, target.ref)
    root = aliases.default_root()
    return Place(root, aliases.current_branch(root))


def merge_base(a: str, b: str, using: str | None = None) -> str | None:
    """The hash of the newest common ancestor of two refs; None when they have none.

    Raises:
        BranchDoesNotExist: a ref isn't there.
    """
    root = aliases.default_root(using)
    first, second = (_hash_of(ref, root) for ref in (a, b))
    return _base_of(root, first, second)


def _hash_of(ref: str, root: str) -> str:
    if not is_commit_hash(validate_ref(ref)):
        return resolve(ref, root)
    access.require_open(ref, root)
    return ref


@lru_cache(maxsize=4096)
def _base_of(root: str, first: str, second: str) -> str | None:
    # Of two commits it is the same for ever.
    with database_connection(root) as connection, connection.cursor() as cursor:
        try:
            cursor.execute("SELECT dolt_merge_base(%s, %s)", [first, second])
        except DoltServerError as error:
            if "no common ancestor" in str(error).lower():
                return None
            for commit_hash in (first, second):
                resolve(commit_hash, root)
            raise
        (found,) = cursor.fetchone()
        return str(found) if found else None
