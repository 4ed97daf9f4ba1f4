"""What a table holds, in a few bytes: the same on either engine, and in any order."""

from __future__ import annotations

import decimal
import hashlib
import json
from typing import Any, NamedTuple

from django.db.models import QuerySet

_CHUNK = 2000  # rows fetched at a time


class Fingerprint(NamedTuple):
    """The number of rows, and the sum of their hashes (64 bits)."""

    rows: int
    total: int


def fingerprint(queryset: QuerySet[Any], names: list[str]) -> Fingerprint:
    """The fingerprint of a query's rows, by their values of these fields."""
    rows = total = 0
    for row in queryset.order_by().values_list(*names).iterator(chunk_size=_CHUNK):
        text = repr([plain(value) for value in row]).encode()
        digest = hashlib.blake2b(text, digest_size=8).digest()
        rows, total = rows + 1, (total + int.from_bytes(digest, "big")) % 2**64
    return Fingerprint(rows, total)


def plain(value: Any) -> Any:
    """A value whose `repr` doesn't depend on where it was stored."""
    if isinstance(value, decimal.Decimal):
        return value.normalize()
    if isinstance(value, memoryview | bytearray):
        return bytes(value)
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True, default=str)
    return value
