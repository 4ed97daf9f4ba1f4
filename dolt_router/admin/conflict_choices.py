"""What was chosen for the conflicts of a merge, kept from one request to the next.

Where `dolt_router.review` is installed, rows that are decided are kept there: every reviewer sees
them, and a merge of the pull request takes them. Rows that are decided in part, and all of them
without that app, are kept in the session of who chose.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Any

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest

from ..versioning import merges
from ..versioning.clashes import Clashes, Heads, WholeTables
from ..versioning.conflicts import (
    OURS,
    THEIRS,
    UNRESOLVED,
    Resolution,
    RowConflict,
    fingerprint,
    key_text,
)
from ..versioning.merges import MergeResult
from ..versioning.values import field_of

SESSION_KEY = "dolt-conflicts"

# By column: "ours", "theirs", or a list of one: a value of its own.
Picks = dict[str, Any]
# A side that is taken for a whole table, and the keys of rows that changed since.
Whole = tuple[str, frozenset[str]]


def mark_of(conflict: RowConflict) -> str:
    """What forms call a row: the same for as long as its key and its three versions are."""
    return fingerprint(conflict)[:32]


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
    """The choices for merging two branches, as far as they fit the conflicts of now.

    A choice is kept with the heads that it was made at. While these are as they were it fits; else
    it does when its row hasn't changed since. So no conflict has to be read to count what is open.

    Attributes:
        outdated: the number of choices of this session that fit no more, and were dropped.
    """

    def __init__(self, request: HttpRequest, clashes: Clashes) -> None:
        self.request, self.clashes = request, clashes
        self.outdated = 0
        self._place = f"{clashes.source}\n{clashes.into}"
        self._own, self._whole = self._of_session()
        self._shared: dict[str, dict[str, Any]] = {}
        self._store: Any = None
        if apps.is_installed("dolt_router.review"):
            self._store = import_module("dolt_router.review.resolutions")
            kept = list(self._store.kept(clashes.source, clashes.into).order_by("pk"))
            self._whole = self._store.whole_tables(clashes, kept)
            for each in kept:
                if each.key and self._fits(each.table, each.key, each.heads):
                    self._shared.setdefault(each.table, {})[each.key] = each

    def _fits(self, table: str, key: str, heads: str) -> bool:
        then = Heads.read(heads)
        if then is None or table not in self.clashes.counts:
            return False
        changed = self.clashes.changed_since(table, then)
        return changed is not None and key not in changed

    # -- the session ----------------------------------------------------------------------

    def _of_session(self) -> tuple[dict[str, dict[str, Any]], dict[str, Whole]]:
        """What is kept there and fits: for rows by table and key, and for whole tables."""
        every = self.request.session.get(SESSION_KEY)
        kept = every.get(self._place) if isinstance(every, dict) else None
        if not isinstance(kept, dict) or kept.keys() != {"rows", "tables"}:
            return {}, {}
        rows: dict[str, dict[str, Any]] = {}
        whole: dict[str, Whole] = {}
        for table, of_table in kept["rows"].items():
            for key, own in of_table.items():
                if self._fits(table, key, own["heads"]):
                    rows.setdefault(table, {})[key] = own
                else:
                    self.outdated += 1
        for table, (side, heads) in kept["tables"].items():
            then = Heads.read(heads)
            changed = None if then is None else self.clashes.changed_since(table, then)
            if changed is None or table not in self.clashes.counts:
                self.outdated += 1
            else:
                whole[table] = (side, changed)
        self._tables = {table: kept["tables"][table] for table in whole}
        if self.outdated:
            self._own, self._whole = rows, whole
            self._keep()
        return rows, whole

    _tables: Mapping[str, Any] = MappingProxyType({})  # of whole tables, as the session has them

    def _keep(self) -> None:
        every = dict(self.request.session.get(SESSION_KEY) or {})
        every.pop(self._place, None)
        if self._own or self._tables:
            every[self._place] = {"rows": self._own, "tables": dict(self._tables)}
        self.request.session[SESSION_KEY] = every

    def _read(self, conflict: RowConflict, written: Mapping[str, Any]) -> Picks:
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

    # -- rows -----------------------------------------------------------------------------

    def picks(self, conflict: RowConflict) -> Picks:
        """What is picked for a row; {} when nothing is."""
        table, key = conflict.table, key_text(conflict.key)
        shared = self._shared.get(table, {}).get(key)
        if shared is not None:
            picks = _picks_of(conflict, self._store.choice_of(shared, conflict))
            if picks is not None:
                return picks
        own = self._own.get(table, {}).get(key)
        if own is not None and own["mark"] == mark_of(conflict):
            return self._read(conflict, own["picks"])
        side, changed = self._whole.get(table, ("", frozenset()))
        if side and key not in changed:
            return dict.fromkeys(columns_of(conflict), side)
        return {}

    def pick_many(self, chosen: Iterable[tuple[RowConflict, Picks]]) -> None:
        """Keep picks for rows: all that is known of them now, in part or whole."""
        for conflict, picks in chosen:
            table, key = conflict.table, key_text(conflict.key)
            own = self._own.setdefault(table, {})
            decided = is_decided(conflict, picks)
            if self._store is not None and decided:
                if self.picks(conflict) != picks:
                    resolution = resolution_of(conflict, picks)
                    self._shared.setdefault(table, {})[key] = self._store.save(
                        self.clashes.source,
                        self.clashes.into,
                        conflict,
                        resolution,
                        self._user,
                        heads=self.clashes.heads,
                    )
                own.pop(key, None)
            elif picks:
                own[key] = {
                    "mark": mark_of(conflict),
                    "heads": str(self.clashes.heads),
                    "picks": self._write(conflict, picks),
                    "decided": decided,
                }
            if not own:
                del self._own[table]
        self._keep()

    def take_all(self, table: str, side: str) -> None:
        """Take a side for all rows of a table, whatever was picked for some of them."""
        heads = self.clashes.heads
        if self._store is not None:
            source, into = self.clashes.source, self.clashes.into
            self._store.save_table(source, into, table, side, self._user, heads)
        else:
            self._tables = {**self._tables, table: [side, str(heads)]}
        self._own.pop(table, None)
        self._shared.pop(table, None)
        self._whole[table] = (side, frozenset())
        self._keep()

    @property
    def _user(self) -> Any:
        return getattr(self.request, "user", None)

    def is_decided(self, conflict: RowConflict) -> bool:
        """Whether a row is decided."""
        return is_decided(conflict, self.picks(conflict))

    # -- numbers ----------------------------------------------------------------------------

    def _single(self, table: str) -> set[str]:
        """The keys of the rows of a table that are decided by themselves."""
        own = self._own.get(table, {})
        return {*self._shared.get(table, ()), *(key for key in own if own[key]["decided"])}

    def open_places(self, table: str) -> Sequence[int]:
        """The places of the undecided rows, in the order of the table's conflicts."""
        every = range(self.clashes.counts.get(table, 0))
        single = self._single(table)
        if table not in self._whole:
            if not single or not self.clashes.keys(table):
                return every[len(single) :] if single else every
            keys = self.clashes.keys(table)
            return [at for at, key in enumerate(keys) if key not in single]
        changed = self._whole[table][1] - single
        if not changed:
            return ()
        return [at for at, key in enumerate(self.clashes.keys(table)) if key in changed]

    def decided(self, table: str) -> int:
        """How many rows of a table are decided."""
        count = self.clashes.counts.get(table, 0)
        if table not in self._whole:
            return min(len(self._single(table)), count)
        return count - len(self.open_places(table))

    # -- the merge ----------------------------------------------------------------------------

    def goes_to(self) -> str:
        """The branch that `merge` writes to: `source` where `into` wants a review of it first."""
        if self._store is None:
            return self.clashes.into
        return str(self._store.goes_to(self.clashes.source, self.clashes.into, self._user))

    def merge(self) -> MergeResult:
        """Merge with these choices; raises as `versioning.merges.merge`."""
        source, into = self.clashes.source, self.clashes.into
        if self._store is not None:
            result: MergeResult = self._store.merge(source, into, self._user)
        else:
            keys = {table: self._single(table) for table in self._own}
            chosen = WholeTables(self.clashes, self._whole, self._resolve, keys)
            result = merges.merge(source, into, resolve=chosen)
        self._own, self._tables = {}, {}
        self._keep()
        return result

    def _resolve(self, conflict: RowConflict) -> Resolution:
        own = self._own.get(conflict.table, {}).get(key_text(conflict.key))
        if own is None or own["mark"] != mark_of(conflict):
            return UNRESOLVED
        return resolution_of(conflict, self._read(conflict, own["picks"]))
