"""A diff as JSON lines, CSV or a SQL patch, written as it is read.

https://docs.dolthub.com/sql-reference/version-control/dolt-sql-functions#dolt_patch
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from io import StringIO
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from ..names import validate_ref
from .branches import resolve
from .rows import MISSING, RowChange
from .session import rows_of_stream, wrapper_of


def as_dict(change: RowChange) -> dict[str, Any]:
    """A RowChange as plain data; a column that did not exist on a side is left out there."""
    fields = {}
    for field in change.fields:
        sides = {"old": field.old, "new": field.new}
        fields[field.field] = {
            side: sorted(value, key=str) if isinstance(value, set) else value
            for side, value in sides.items()
            if value is not MISSING
        }
    return {"table": change.table, "kind": change.kind, "key": change.key, "fields": fields}


def json_lines(changes: Iterable[RowChange]) -> Iterator[str]:
    """One JSON object a line for each row that differs."""
    for change in changes:
        yield json.dumps(as_dict(change), cls=_Encoder) + "\n"


class _Encoder(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        return o.hex() if isinstance(o, bytes) else super().default(o)


def csv_lines(changes: Iterable[RowChange]) -> Iterator[str]:
    """CSV with a header: table, kind, key, field, old, new; a line for each field."""
    buffer = StringIO()
    writer = csv.writer(buffer)

    def line(cells: list[Any]) -> str:
        writer.writerow(cells)
        text = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        return text

    yield line(["table", "kind", "key", "field", "old", "new"])
    for change in changes:
        shown = as_dict(change)
        key = "/".join(str(value) for value in change.key.values())
        for name, sides in shown["fields"].items():
            old, new = _cell(sides.get("old")), _cell(sides.get("new"))
            yield line([change.table, change.kind, key, name, old, new])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, cls=_Encoder).strip('"')


def sql_lines(
    from_ref: str, to_ref: str, using: str | None = None, tables: Iterable[str] | None = None
) -> Iterator[str]:
    """The SQL statements that make `from_ref` into `to_ref`, schema changes included.

    Raises:
        BranchDoesNotExist: a ref isn't there; at the first line that is asked for.
    """
    refs = [resolve(validate_ref(ref), using) for ref in (from_ref, to_ref)]
    wanted = None if tables is None else {name.lower() for name in tables}
    with wrapper_of(to_ref, using).streaming_cursor() as cursor:
        cursor.execute("SELECT table_name, statement FROM dolt_patch(%s, %s)", refs)
        for table, statement in rows_of_stream(cursor):
            if wanted is None or str(table).lower() in wanted:
                yield f"{statement}\n"


FORMATS: dict[str, Callable[[Iterable[RowChange]], Iterator[str]]] = {
    "jsonl": json_lines,
    "csv": csv_lines,
}
