"""Values that the driver doesn't read as Dolt writes them."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from MySQLdb.constants import FIELD_TYPE
from MySQLdb.converters import conversions
from MySQLdb.times import Date_or_None, DateTime_or_None


def date_or_none(text: str | bytes) -> Any:
    """A date; Dolt writes years before 1000 with fewer than four digits."""
    found = Date_or_None(text)
    return Date_or_None(_padded(text)) if found is None else found


def datetime_or_none(text: str | bytes) -> Any:
    """A date and time; as `date_or_none`."""
    found = DateTime_or_None(text)
    if found is None or not isinstance(found, datetime.datetime):
        return DateTime_or_None(_padded(text))
    return found


def read_moment(value: Any, expression: Any, connection: Any) -> Any:
    """Converter of a moment that Dolt may have made text of."""
    return parse_datetime(value) if isinstance(value, str) else value


def read_whole(value: Any, expression: Any, connection: Any) -> Any:
    """Converter of a whole number that Dolt may have made a decimal of."""
    return None if value is None else int(value)


def _padded(text: str | bytes) -> str:
    written = text.decode() if isinstance(text, bytes) else str(text)
    year, dash, rest = written.partition("-")
    return f"{year:0>4}{dash}{rest}"


CONVERSIONS = {
    FIELD_TYPE.DATE: date_or_none,
    FIELD_TYPE.DATETIME: datetime_or_none,
    FIELD_TYPE.TIMESTAMP: datetime_or_none,
}
# What the driver would use: an alias that brings converters of its own keeps them.
REPLACED = {kind: conversions[kind] for kind in CONVERSIONS}
