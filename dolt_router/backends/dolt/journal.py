"""What a transaction wrote so far: decides whether there is a commit, and tells its message.

Statements decide (`save`, `bulk_create`, `update`, raw SQL all end up as one); signals add
which objects, so that saving one device twice reads as one device.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import NamedTuple

FOLD_AT = 4096  # events after which the list is folded into sums, to bound memory

ADDED, CHANGED, DELETED, SCHEMA, OTHER = "added", "changed", "deleted", "schema", "other"
_ACTIONS = {
    "insert": ADDED,
    "replace": CHANGED,
    "load": ADDED,
    "update": CHANGED,
    "delete": DELETED,
    "truncate": DELETED,
}


class Change(NamedTuple):
    """`count` rows of `table` were `action`: added, changed, deleted, schema or other.

    `count` is 0 where the server doesn't say.
    """

    action: str
    table: str
    count: int  # type: ignore[assignment]  # tuple.count is not for anyone here


class _Event(NamedTuple):
    action: str
    table: str
    rows: int
    objects: frozenset[Hashable] | None  # by signal: primary keys; by statement: None


class Journal:
    """The writes of one transaction on one connection."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything: the transaction ended."""
        self.versioned = False  # anything that a Dolt commit is needed for
        self._events: list[_Event] = []
        self._marks: dict[str, tuple[int, bool]] = {}

    def statement(
        self, verb: str, tables: Iterable[str] | None, rows: int, versioned: bool
    ) -> None:
        """Note a statement that wrote `rows` rows of `tables` (None: not known)."""
        self.versioned = self.versioned or versioned
        action = _ACTIONS.get(verb, SCHEMA if verb in ("create", "alter", "drop") else OTHER)
        for table in tables or ("",):
            self._add(_Event(action, table, max(rows, 0), None))

    def objects(
        self, action: str, table: str, keys: Iterable[Hashable], rows: int | None = None
    ) -> None:
        """Note by signal that the objects with primary keys `keys` were `action`.

        `rows` is how many rows of the table the statements before it wrote for that: one for
        each object, unless it was a change of a many-to-many field (0).
        """
        told = frozenset(keys)
        self._add(_Event(action, table.lower(), len(told) if rows is None else rows, told))

    def _add(self, event: _Event) -> None:
        self._events.append(event)
        if len(self._events) >= FOLD_AT and not self._marks:
            self._fold()

    def mark(self, savepoint: str) -> None:
        """Remember this point under the savepoint's name."""
        self._marks[savepoint] = (len(self._events), self.versioned)

    def release(self, savepoint: str) -> None:
        """The savepoint is gone; what came after it stays."""
        self._marks.pop(savepoint, None)

    def rewind(self, savepoint: str) -> None:
        """Forget what was written since the savepoint."""
        if savepoint in self._marks:
            length, self.versioned = self._marks[savepoint]
            del self._events[length:]

    def _fold(self) -> None:
        folded: dict[tuple[str, str, bool], _Event] = {}
        for event in self._events:
            key = (event.action, event.table, event.objects is None)
            before = folded.get(key)
            if before is not None:
                joined = (
                    None if event.objects is None else event.objects | (before.objects or set())
                )
                event = event._replace(rows=before.rows + event.rows, objects=joined)
            folded[key] = event
        self._events = list(folded.values())

    def changes(self) -> list[Change]:
        """The sums, one per action and table, in the order of first writing.

        An object that a signal told of counts once however often it was saved, and as added
        when it was added in the same transaction.
        """
        rows: dict[tuple[str, str], int] = {}
        known: dict[tuple[str, str], set[Hashable]] = {}
        told: dict[tuple[str, str], int] = {}
        for event in self._events:
            key = (event.action, event.table)
            rows.setdefault(key, 0)
            if event.objects is None:
                rows[key] += event.rows
            else:
                known.setdefault(key, set()).update(event.objects)
                told[key] = told.get(key, 0) + event.rows
        found = []
        for (action, table), count in rows.items():
            objects = known.get((action, table), set())
            if action == CHANGED:
                objects = objects - known.get((ADDED, table), set())
            silent = max(count - told.get((action, table), 0), 0)
            total = len(objects) + silent
            if total or (not count and not known.get((action, table))):
                found.append(Change(action, table, total))
        return found
