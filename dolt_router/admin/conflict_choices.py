"""What was chosen for the conflicts of a merge, kept from one request to the next.

Where `dolt_router.review` is installed, rows that are decided are kept there: every reviewer sees
them, and a merge of the pull request takes them. Rows that are decided in part, and all of them
without that app, are kept in the session of who chose.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest

from ..versioning import merges
from ..versioning.conflicts import OURS, THEIRS, UNRESOLVED, Resolution, RowConflict
from ..versioning.merges import MergeResult
from ..versioning.values import field_of

SESSION_KEY = "dolt-conflicts"

# By column: "ours", "theirs", or a list of one: a value of its own.
Picks = dict[str, Any]


def fingerprint(conflict: RowConflict) -> str:
    """The same for as long as the row's key and its three versions are."""
    rows = [conflict.table, conflict.key, conflict.base, conflict.ours, conflict.theirs]
    text = json.dumps(rows, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def is_whole(conflict: RowConflict) -> bool:
    """Whether one side can only be taken for the row as a whole: the other deleted it."""
    return not conflict.fields or not conflict.key


def columns_of(conflict: RowConflict) -> list[str]:
    """What is to be decided: the columns in conflict, or "" for the row as a whole."""
    return [""] if is_whole(conflict) else [each.field for each in conflict.fields]


def is_decided(conflict: RowConflict, picks: Mapping[str, Any] | None) -> bool:
    """Whether something was picked for all that is to be decided."""
    return picks is not None and all(column in picks for column in columns_of(conflict))


def resolution_of(conflict: RowConflict, picks: Mapping[str, Any] | None) -> Resolution:
    """The picks as `versioning.merge(resolve=)` takes them; `UNRESOLVED` until all are made."""
    if picks is None or not is_decided(conflict, picks):
        return UNRESOLVED
    chosen = [picks[column] for column in columns_of(conflict)]
    for side in (OURS, THEIRS):
        if all(pick == side for pick in chosen):
            return side
    sides = {OURS: conflict.ours or {}, THEIRS: conflict.theirs or {}}
    found = {}
    for column in columns_of(conflict):
        pick = picks[column]
        found[column] = sides[pick][column] if isinstance(pick, str) else pick[0]
    return found


def _picks_of(conflict: RowConflict, resolution: Resolution) -> Picks | None:
    """A resolution that is kept, column by column; None for one that isn't for this row."""
    if resolution == UNRESOLVED:
        return None
    if is_whole(conflict):
        if resolution is None:
            resolution = OURS if conflict.ours is None else THEIRS
        return {"": resolution} if isinstance(resolution, str) else None
    if isinstance(resolution, str):
        return dict.fromkeys(columns_of(conflict), resolution)
    if not isinstance(resolution, Mapping):
        return None
    found: Picks = {}
    for each in conflict.fields:
        field = field_of(conflict.table, each.field)
        names = (each.field, getattr(field, "name", each.field))
        name = next((name for name in names if name in resolution), None)
        if name is None:
            found[each.field] = OURS  # left out: as it is on the target
        elif resolution[name] == each.ours:
            found[each.field] = OURS
        elif resolution[name] == each.theirs:
            found[each.field] = THEIRS
        else:
            found[each.field] = [resolution[name]]
    return found


class Choices:
    """The choices for merging `source` into `into`, as far as they fit the conflicts of now.

    Attributes:
        outdated: the number of choices of this session that fit no more, and were dropped.
    """

    def __init__(
        self, request: HttpRequest, source: str, into: str, found: Iterable[RowConflict]
    ) -> None:
        self.request, self.source, self.into = request, source, into
        self.found = {fingerprint(conflict): conflict for conflict in found}
        self._place = f"{source}\n{into}"
        self._store: Any = None
        if apps.is_installed("dolt_router.review"):
            self._store = import_module("dolt_router.review.resolutions")
        own = self._session()
        fitting = {mark: picks for mark, picks in own.items() if mark in self.found}
        self.outdated = len(own) - len(fitting)
        if self.outdated:
            self._keep(fitting)
        self._own = {mark: self._read(mark, picks) for mark, picks in fitting.items()}
        self._shared: dict[str, Picks] = {}
        if self._store is not None:
            kept = self._store.load(source, into, rows=self.found.values())
            for mark, conflict in self.found.items():
                place = self._store.place_of(conflict)
                if place in kept and (picks := _picks_of(conflict, kept[place])) is not None:
                    self._shared[mark] = picks

    def _session(self) -> dict[str, Any]:
        every = self.request.session.get(SESSION_KEY)
        own = every.get(self._place) if isinstance(every, dict) else None
        return dict(own) if isinstance(own, dict) else {}

    def _keep(self, own: Mapping[str, Any]) -> None:
        every = dict(self.request.session.get(SESSION_KEY) or {})
        every[self._place] = own
        if not own:
            del every[self._place]
        self.request.session[SESSION_KEY] = every

    def _read(self, mark: str, written: Mapping[str, Any]) -> Picks:
        conflict = self.found[mark]
        found: Picks = {}
        for column, pick in written.items():
            field = field_of(conflict.table, column)
            if isinstance(pick, list) and field is not None and pick[0] is not None:
                pick = [field.to_python(pick[0])]
            found[column] = pick
        return found

    def _write(self, conflict: RowConflict, picks: Picks) -> dict[str, Any]:
        written = {}
        for column, pick in picks.items():
            field = field_of(conflict.table, column)
            if isinstance(pick, list):
                value = pick[0]
                if field is not None and value is not None:
                    holder = field.model()
                    setattr(holder, field.attname, value)
                    value = field.value_to_string(holder)
                pick = json.loads(json.dumps([value], cls=DjangoJSONEncoder))
            written[column] = pick
        return written

    def picks(self, mark: str) -> Picks:
        """What is picked for the row with this fingerprint; {} when nothing is."""
        return self._shared.get(mark) or self._own.get(mark) or {}

    def pick(self, mark: str, picks: Picks) -> None:
        """Keep picks for a row: all that is known of it now, in part or whole."""
        self.pick_many({mark: picks})

    def pick_many(self, chosen: Mapping[str, Picks]) -> None:
        """`pick` for several rows."""
        own = self._session()
        for mark, picks in chosen.items():
            conflict = self.found[mark]
            if self._store is not None and is_decided(conflict, picks):
                if self._shared.get(mark) != picks:
                    resolution = resolution_of(conflict, picks)
                    user = getattr(self.request, "user", None)
                    self._store.save(self.source, self.into, conflict, resolution, user)
                self._shared[mark] = picks
                own.pop(mark, None)
                self._own.pop(mark, None)
            elif picks:
                own[mark] = self._write(conflict, picks)
                self._own[mark] = picks
        self._keep(own)

    def is_decided(self, mark: str) -> bool:
        """Whether the row with this fingerprint is decided."""
        return is_decided(self.found[mark], self.picks(mark))

    def _resolve(self, conflict: RowConflict) -> Resolution:
        mark = fingerprint(conflict)
        return resolution_of(conflict, self.picks(mark)) if mark in self.found else UNRESOLVED

    def goes_to(self) -> str:
        """The branch that `merge` writes to: `source` where `into` wants a review of it first."""
        if self._store is None:
            return self.into
        user = getattr(self.request, "user", None)
        return str(self._store.goes_to(self.source, self.into, user))

    def merge(self) -> MergeResult:
        """Merge with these choices; raises as `versioning.merges.merge`."""
        if self._store is not None:
            user = getattr(self.request, "user", None)
            result: MergeResult = self._store.merge(self.source, self.into, user)
        else:
            result = merges.merge(self.source, self.into, resolve=self._resolve)
        self._keep({})
        return result
