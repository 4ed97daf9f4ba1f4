"""Moments in a time zone.

CONVERT_TZ takes the offset that the zone has when its own clocks show what the moment is in UTC.
Around a change of the clocks that is another one, for as long as the zone is from UTC. The right
one needs three of its answers, so they are asked only where the clocks of a zone may change.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAY, _SECOND = dt.timedelta(days=1), dt.timedelta(seconds=1)
FIRST, RECENT, END = (
    dt.datetime(year, 1, 1, tzinfo=dt.timezone.utc) for year in (1970, 2010, 2038)
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+\-/]*")


class Crossing(NamedTuple):
    """When a zone moved from one side of Greenwich to the other, and its offsets in seconds."""

    at: dt.datetime
    before: int
    after: int


class Changes(NamedTuple):
    """When the clocks of a zone change from `since` until END: in `months`, if at all."""

    since: dt.datetime
    months: tuple[int, ...]
    crossings: tuple[Crossing, ...]


@cache
def changes(name: str) -> Changes | None:
    """What is known of the zone of that name; None when it is an offset, or not known."""
    if not _NAME.fullmatch(name):
        return None
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    days = []
    before, day = FIRST.astimezone(zone).utcoffset(), FIRST
    while day < END:
        day += _DAY
        if (after := day.astimezone(zone).utcoffset()) != before:
            before = after
            days.append(day)
    # CONVERT_TZ is wrong for less than a day before and after; `day` ends the day of the change.
    touched = {day: {(day + n * _DAY).month for n in (-2, -1, 0, 1)} for day in days}
    months = set().union(*(touched[day] for day in days if day >= RECENT))
    others = [day for day in days if not touched[day] <= months]
    since = others[-1] + 2 * _DAY if others else FIRST
    return Changes(since, tuple(sorted(months)), tuple(_crossings(zone, days)))


def _crossings(zone: ZoneInfo, days: Sequence[dt.datetime]) -> Iterator[Crossing]:
    def offset(moment: dt.datetime) -> int:
        return int(moment.astimezone(zone).utcoffset().total_seconds())  # type: ignore[union-attr]

    for day in days:
        low, high = day - _DAY, day
        before, after = offset(low), offset(high)
        if before * after >= 0:
            continue
        while high - low > _SECOND:
            middle = low + (high - low) // 2
            low, high = (middle, high) if offset(middle) == before else (low, middle)
        yield Crossing(high.replace(microsecond=0), before, after)


def has_changes(name: str) -> bool:
    """Whether there are moments since 1970 that CONVERT_TZ shows wrongly in the zone."""
    found = changes(name)
    return found is not None and (bool(found.months) or found.since > FIRST)


def moved(sql: str, params: Sequence[Any], name: str) -> tuple[str, Any] | None:
    """The moment `sql`, which is in UTC, as the clocks of a zone show it.

    None when `name` is no zone, but an offset: CONVERT_TZ is right then.
    """
    found = changes(name)
    if found is None:
        return None

    def shown(moment: str) -> str:
        return f"CONVERT_TZ({moment}, 'UTC', '{name}')"

    # A day before and after. When the offsets differ, the clocks change on these days. East of
    # Greenwich CONVERT_TZ takes the later offset as soon as the zone's clocks, set to it, show
    # what it was given; in the west, set to the earlier one. So that is how it is given. Not so
    # where a zone moves from one side to the other, as when the date line passes over it: those
    # days are counted by the offsets that are known here.
    early = f"TIMESTAMPADD(DAY, 1, {shown('TIMESTAMPADD(DAY, -1, {})')})"
    late = f"TIMESTAMPADD(DAY, -1, {shown('TIMESTAMPADD(DAY, 1, {})')})"
    asked = f"CASE WHEN {early} > {{}} OR {late} > {{}} THEN {late} ELSE {early} END"
    offset = f"TIMESTAMPDIFF(SECOND, {asked}, {shown(asked)})"
    quiet = f"{{}} >= '{found.since:%Y-%m-%d}' AND {{}} < '{END:%Y-%m-%d}'"
    if found.months:
        quiet += f" AND MONTH({{}}) NOT IN ({', '.join(map(str, found.months))})"
    moves = ""
    for at, before, after in found.crossings:
        for start, end, seconds in ((at - _DAY, at, before), (at, at + _DAY, after)):
            moves += (
                f"WHEN {{}} >= '{start:%Y-%m-%d %H:%M:%S}' AND {{}} < '{end:%Y-%m-%d %H:%M:%S}' "
                f"THEN TIMESTAMPADD(SECOND, {seconds}, {{}}) "
            )
    form = (
        f"CASE {moves}WHEN {quiet} THEN {shown('{}')} WHEN {early} = {late} THEN {early} "
        f"WHEN {offset} = TIMESTAMPDIFF(SECOND, {{}}, {late}) THEN {late} ELSE {early} END"
    )
    if not sql.startswith("`") or params:
        sql = f"CAST({sql} AS DATETIME(6))"  # it may be text to Dolt
    return form.replace("{}", sql), tuple(params) * form.count("{}")
