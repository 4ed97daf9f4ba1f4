"""Who changed what in one object: its versions, who last changed each field, its past states.

The versions of an object are the commits in which its row, the rows of its parents (multi-table
inheritance) or its many-to-many rows differ from all parents of the commit. A merge that only
brings what was committed on one of its sides is therefore none, as in `git log <path>`.

Asking costs one look-up by key for each commit that touched one of the object's tables, until
enough versions are found; the rest of the log is not read. A server is asked for many of them by
one query, as long as the table kept its columns.
https://docs.dolthub.com/sql-reference/version-control/querying-history
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from django.db.models import Model

from .branches import resolve
from .object_rows import ObjectRows, not_there, rows_of
from .past import as_of, restore
from .points import LogEntry, NotThere, at, log_entries, merge_base, place_of
from .rows import MISSING, FieldChange
from .versions import Version, compare, same, version_of

CHUNK, CHUNK_AT_MOST = 40, 160  # commits that are looked at together: at first, and later on


def _changes(rows: ObjectRows, entry: LogEntry) -> tuple[str, list[FieldChange]] | None:
    """The kind and the changed fields of what `entry` did to the object; None: nothing."""
    now = rows.at(entry.commit_hash)
    befores = [rows.at(parent) for parent in entry.parents] or [None]
    there = [before for before in befores if before is not None]
    if now is None:
        if len(there) < len(befores):
            return None
        return "deleted", compare(there[0], {})
    if not there:
        return "added", compare({}, now)
    changes = [
        change
        for change in compare(there[0], now)
        if not any(same(before[change.field], change.new) for before in there[1:])
    ]
    return ("modified", changes) if changes else None


def _touching(rows: ObjectRows, head: str) -> Iterator[list[LogEntry]]:
    """The commits in which a table of the object's changed, under all the names it had.

    Some at a time, more each time: a former name turns up when they are looked at, where the newer
    one begins.
    """
    size = CHUNK
    known: list[str] = []
    seen: set[str] = set()
    while len(rows.tables) > len(known):
        known = list(rows.tables)
        entries = (
            entry
            for entry in log_entries(rows.cursor, head, known)
            if entry.commit_hash not in seen
        )
        while chunk := list(islice(entries, size)):
            yield chunk
            seen |= {entry.commit_hash for entry in chunk}
            size = min(2 * size, CHUNK_AT_MOST)


def history_of(
    obj: Model,
    ref: str | None = None,
    using: str | None = None,
    limit: int | None = None,
    before: str | None = None,
) -> list[Version]:
    """The versions of an object, newest first.

    Renamed columns and tables are followed. Only committed rows count.

    Args:
        ref: a branch, tag or commit; the branch the object is on when left out.
        limit: at most so many versions; all when left out.
        before: only versions that come after this commit in the list: for the next page,
            the `commit_hash` of the last version of this one.

    Returns:
        list of Version; empty when the object was never there.

    Raises:
        BranchDoesNotExist: there is no such ref.
        DoltRouterError: the model is shared and has no history.
        ValueError: the object has no primary key.
    """
    place = place_of(obj, using)
    head = resolve(ref or place.ref, place.root)
    found: list[Version] = []
    with rows_of(obj, place) as rows:
        waiting = before is not None
        for chunk in _touching(rows, head):
            hashes = [entry.commit_hash for entry in chunk]
            if waiting:
                waiting = before not in hashes
                chunk = [] if waiting else chunk[hashes.index(str(before)) + 1 :]
            rows.fetch([ref for entry in chunk for ref in (entry.commit_hash, *entry.parents)])
            for entry in chunk:
                changed = _changes(rows, entry)
                if changed is not None:
                    found.append(version_of(entry, *changed, type(obj), place.root))
            if limit is not None and len(found) >= limit:
                return found[:limit]
    return found


def changing_commits(obj: Model, ref: str | None = None, using: str | None = None) -> list[str]:
    """The hashes of the commits that changed an object, newest first: see `history_of`."""
    return [version.commit_hash for version in history_of(obj, ref, using)]


def blame(obj: Model, ref: str | None = None, using: str | None = None) -> dict[str, Version]:
    """Who last changed each field of an object.

    Each value is followed back through the commits, at a merge to the side it came from, until
    one where no parent has it. (`dolt_blame_<t>` knows whole rows, and blames merges.)

    Args:
        ref: a branch, tag or commit; the branch the object is on when left out.

    Returns:
        By field name, in the order of the fields: the Version in which the field came to its
        value, with the change of this field alone. Fields whose column is not at `ref` are
        left out.

    Raises:
        NotThere: the object is not at `ref`.
        BranchDoesNotExist, DoltRouterError, ValueError: as `history_of`.
    """
    place = place_of(obj, using)
    head = resolve(ref or place.ref, place.root)
    blamed: dict[str, Version] = {}
    with rows_of(obj, place) as rows:
        now = rows.at(head)
        if now is None:
            raise NotThere(not_there(obj, ref or place.ref))
        names = [name for name, value in now.items() if value is not MISSING]
        pending: dict[str, list[str]] = {head: names}
        touching = _Touching(rows, head)
        for entry in log_entries(rows.cursor, head):
            wanted = pending.pop(entry.commit_hash, None)
            if not wanted:
                if not pending:
                    break
                continue
            if len(entry.parents) == 1 and not touching.holds(entry.commit_hash):
                pending.setdefault(entry.parents[0], []).extend(wanted)
                continue
            after = rows.at(entry.commit_hash) or {}
            befores = [(parent, rows.at(parent)) for parent in entry.parents]
            for name in wanted:
                for parent, values in befores:
                    if values is not None and same(values[name], after[name]):
                        pending.setdefault(parent, []).append(name)
                        break
                else:
                    there = [values for _, values in befores if values is not None]
                    old = there[0][name] if there else MISSING
                    change = FieldChange(name, old, after[name])
                    kind = "modified" if there else "added"
                    blamed[name] = version_of(entry, kind, [change], type(obj), place.root)
    return {name: blamed[name] for name in names if name in blamed}


class _Touching:
    """The hashes of the commits that changed a table of the object's, under any name."""

    def __init__(self, rows: ObjectRows, head: str) -> None:
        self.rows, self.head = rows, head
        self.known: list[str] = []
        self.hashes: set[str] = set()

    def holds(self, commit: str) -> bool:
        if len(self.rows.tables) > len(self.known):
            self.known = list(self.rows.tables)
            with self.rows.connection.cursor() as cursor:
                entries = log_entries(cursor, self.head, self.known)
                self.hashes = {entry.commit_hash for entry in entries}
        return commit in self.hashes


__all__ = [
    "MISSING",
    "FieldChange",
    "LogEntry",
    "NotThere",
    "Version",
    "as_of",
    "at",
    "blame",
    "changing_commits",
    "history_of",
    "merge_base",
    "restore",
]
