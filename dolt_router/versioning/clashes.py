"""The conflicts that a merge of two branches would have, a page at a time.

What two commits conflict in never changes: the number of rows and their keys are remembered by the
commits' hashes. So is which rows changed from one pair of commits to another, which tells whether
a choice that was made then still fits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from .. import access, aliases
from ..exceptions import BranchDoesNotExist, DoltServerError, StaleWrite
from .branches import resolve
from .conflicts import (
    OURS,
    THEIRS,
    UNRESOLVED,
    Resolution,
    RowConflict,
    conflict_of,
    key_text,
    key_texts,
)
from .diffs import TableChange, diff
from .merges import MergePreview, previewed
from .points import merge_base
from .resolving import Sides
from .rows import row_changes
from .session import verb_connection

OTHER_SIDE = {OURS: THEIRS, THEIRS: OURS}
NO_KEY = key_text({})
GAP = 50  # rows that are rather read and left out than passed over by another query


class Heads(NamedTuple):
    """The commits that a merge is of: hashes of the source, the target, and their base."""

    source: str
    into: str
    base: str

    def __str__(self) -> str:
        return ":".join(self)

    @classmethod
    def read(cls, text: str) -> Heads | None:
        """What `str` made of them; None for anything else."""
        parts = text.split(":")
        return cls(*parts) if len(parts) == 3 else None

    @classmethod
    def of(cls, source_hash: str, into_hash: str, using: str | None = None) -> Heads:
        """Of two commits, whose base is looked up."""
        return cls(source_hash, into_hash, merge_base(source_hash, into_hash, using) or "")


class Clashes:
    """The conflicts of merging `source` into `into`, as the branches are now.

    Raises:
        BranchDoesNotExist: one of them isn't there.
    """

    def __init__(self, source: str, into: str, using: str | None = None) -> None:
        self.source, self.into, self.root = source, into, aliases.default_root(using)
        self.heads = Heads.of(resolve(source, using), resolve(into, using), using)

    @cached_property
    def preview(self) -> MergePreview:
        """The numbers of rows in conflict, and the tables whose definitions are."""
        return _preview(self.root, self.into, self.heads)

    @property
    def counts(self) -> dict[str, int]:
        """The number of rows by table; nothing while the tables themselves are in conflict."""
        return {} if self.preview.schema_conflicts else self.preview.conflicts

    def rows(self, table: str, positions: Sequence[int]) -> list[RowConflict]:
        """The rows of a table at these places in the order of its conflicts, from 0 on.

        Args:
            positions: ascending.
        """
        found: list[RowConflict] = []
        for run in _runs(positions):
            first = run[0]
            page = self._page(table, run[-1] - first + 1, first)
            found += [page[at - first] for at in run if at - first < len(page)]
        return found

    def every(self, table: str, size: int = 500) -> Iterator[tuple[int, RowConflict]]:
        """All rows of a table with their places, read some at a time."""
        offset = 0
        while page := self._page(table, size, offset):
            yield from enumerate(page, offset)
            offset += len(page)

    def _page(self, table: str, limit: int, offset: int) -> list[RowConflict]:
        with _reading(self.root, self.into, self.heads) as (cursor, ours):
            connection, engine = cursor.db, cursor.db.engine
            key = engine.primary_key(cursor, table)
            computed = engine.generated_columns(cursor, table)
            rows = engine.preview_rows(cursor, ours, self.heads.source, table, limit, offset)
            return [conflict_of(connection, table, key, computed, row) for row in rows]

    def keys(self, table: str) -> tuple[str, ...]:
        """The `key_text` of each row in conflict, in their order; none for a table without key."""
        return _keys(self.root, self.into, self.heads, table)

    def changed_since(self, table: str, then: Heads) -> frozenset[str] | None:
        """See `changed_between`."""
        return changed_between(self.root, table, then, self.heads)


def changed_between(root: str, table: str, then: Heads, now: Heads) -> frozenset[str] | None:
    """The rows, by `key_text`, whose base, ours or theirs is another one now than then.

    Returns:
        None when it can't be told by row: the table was made, dropped or altered meanwhile, or the
        commits of then are gone.
    """
    found: frozenset[str] = frozenset()
    for before, after in zip(then, now, strict=True):
        part = _changed(root, before, after, table) if before != after else frozenset()
        if part is None or NO_KEY in part:
            return None
        found |= part
    return found


class WholeTables(Sides):
    """What was chosen for whole tables while branches were at some heads, and for single rows.

    Args:
        clashes: the merge; with branches at other heads `StaleWrite` is raised.
        chosen: by table: the side, and the rows that it was not chosen for, by their `key_text`.
        single: the choice for a row, or UNRESOLVED.
        keys: the rows that there are single choices for.
        is_turned: the merge goes the other way, of `into` into the source, to resolve there.
    """

    def __init__(
        self,
        clashes: Clashes,
        chosen: Mapping[str, tuple[str, Collection[str]]],
        single: Callable[[RowConflict], Resolution],
        keys: Mapping[str, Collection[str]],
        is_turned: bool = False,
    ) -> None:
        sides = {
            table: OTHER_SIDE[side] if is_turned else side for table, (side, _) in chosen.items()
        }
        super().__init__({table.lower(): side for table, side in sides.items()})
        self._clashes, self._chosen, self._single, self._keys = clashes, chosen, single, keys
        self._is_turned = is_turned

    def begin(self, source_hash: str, into_hash: str) -> None:
        """Refuse other commits than what was chosen for."""
        merged = (into_hash, source_hash) if self._is_turned else (source_hash, into_hash)
        if self._chosen and merged != self._clashes.heads[:2]:
            raise StaleWrite(self._clashes.into)

    def exceptions(self, table: str) -> Collection[str]:
        """Rows with a choice of their own, and those that changed since."""
        _side, changed = self._chosen.get(table, ("", ()))
        return {*changed, *self._keys.get(table, ())}

    def __call__(self, conflict: RowConflict) -> Resolution:
        """The row's own choice, or that for its table."""
        found = self._single(conflict)
        if found != UNRESOLVED:
            return found
        _side, changed = self._chosen.get(conflict.table, ("", ()))
        if key_text(conflict.key) in changed:
            return UNRESOLVED
        return self.side_of(conflict.table)


@contextmanager
def _reading(root: str, into: str, heads: Heads) -> Iterator[tuple[Any, str]]:
    """A cursor that previews can be read with, and what to call the target there."""
    with verb_connection(into, root) as connection, connection.cursor() as cursor:
        if connection.engine.previews_commits:
            yield cursor, heads.into
            return
        yield cursor, into
        cursor.execute("SELECT dolt_hashof('HEAD')")
        if str(cursor.fetchone()[0]) != heads.into:
            raise StaleWrite(into)


@lru_cache(maxsize=256)
def _preview(root: str, into: str, heads: Heads) -> MergePreview:
    with _reading(root, into, heads) as (cursor, ours):
        return previewed(cursor, ours, heads.source)


@lru_cache(maxsize=16)
def _keys(root: str, into: str, heads: Heads, table: str) -> tuple[str, ...]:
    with _reading(root, into, heads) as (cursor, ours):
        engine = cursor.db.engine
        key = engine.primary_key(cursor, table)
        rows = engine.preview_keys(cursor, ours, heads.source, table, key) if key else []
        return tuple(key_texts(cursor.db, table, key, rows))


@lru_cache(maxsize=256)
def _diff(root: str, before: str, after: str) -> list[TableChange]:
    return diff(before, after, root)


@lru_cache(maxsize=64)
def _changed(root: str, before: str, after: str, table: str) -> frozenset[str] | None:
    if not before or not after:
        return None
    try:
        with access.system():  # what is found out is not shown to anyone
            change = {each.table: each for each in _diff(root, before, after)}.get(table)
            if change is None:
                return frozenset()
            if change.schema_changed or change.kind != "modified":
                return None
            rows = row_changes(before, after, table, root)
            return frozenset(key_text(row.key) for row in rows)
    except (BranchDoesNotExist, DoltServerError):
        return None


def _runs(positions: Sequence[int]) -> Iterator[list[int]]:
    """Places that are near enough to each other to be read at once."""
    run: list[int] = []
    for at in positions:
        if run and at - run[-1] > GAP:
            yield run
            run = []
        run.append(at)
    if run:
        yield run
