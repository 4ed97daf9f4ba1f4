"""What two commits differ in, for a page: by table and object, field by field, page by page.

A table that the reader may not see is not named; the number of its rows is all they learn.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from django.contrib.admin import AdminSite
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.http import urlencode

from ..aliases import current_branch, default_root
from ..selectors import QUERY_PARAMETER
from ..versioning.diffs import TableChange, diff
from ..versioning.row_change import MODIFIED, RowChange
from ..versioning.rows import page_of_changes
from ..versioning.values import field_of, model_of
from ..visibility import viewable_tables
from .values import Labels, Line, Value, field_label, lines, shown, table_label

ROWS = 50  # of one table, on a page of its own
FIRST_ROWS = 20  # of each table, where several are shown
OPEN_TABLES = 3  # whose rows are shown at once; of others the numbers


class ShownField(NamedTuple):
    """A field of a changed row. `lines` compare a text of several lines."""

    name: str
    label: str
    old: Value
    new: Value
    lines: list[Line]


class ShownRow(NamedTuple):
    """A changed row: `kind` is added, modified or removed."""

    change: RowChange
    kind: str
    label: str
    url: str
    fields: list[ShownField]

    @property
    def key(self) -> str:
        """The row's key, as JSON: what a form hands back."""
        return json.dumps(self.change.key, cls=DjangoJSONEncoder, sort_keys=True)

    @property
    def place(self) -> str:
        """The row's table and key, in one text."""
        return place_of(self.change.table, self.change.key)


class ShownTable(NamedTuple):
    """A changed table; `rows` is None while its rows are left out of this page."""

    table: str
    label: str
    summary: TableChange
    rows: list[ShownRow] | None
    page: int
    has_next: bool
    is_link: bool  # the table of a many-to-many field

    @property
    def total(self) -> int:
        """How many rows changed."""
        return rows_of(self.summary)

    @property
    def previous(self) -> int:
        """The number of the page before."""
        return self.page - 1

    @property
    def next(self) -> int:
        """The number of the page after."""
        return self.page + 1

    @property
    def first(self) -> int:
        """The number of the first row shown."""
        return (self.page - 1) * ROWS + 1

    @property
    def last(self) -> int:
        """The number of the last row shown."""
        return self.first + len(self.rows or ()) - 1


def place_of(table: str, key: Any) -> str:
    """A table and a key, in one text; the key as it is, or as JSON gave it back."""
    return f"{table} {json.dumps(key, cls=DjangoJSONEncoder, sort_keys=True)}"


def rows_of(change: TableChange) -> int:
    """How many rows of a table changed."""
    return change.rows_added + change.rows_modified + change.rows_deleted


@lru_cache(maxsize=256)
def _summary(root: str, old: str, new: str) -> list[TableChange]:
    # Of two commits, by their hashes, it is the same for ever.
    return diff(old, new, root)


class Comparison:
    """Two commits, and what a reader may see of their difference.

    Args:
        old, new: commit hashes.
        on: the branch on which changed objects are to be looked at.
    """

    def __init__(
        self, request: HttpRequest, site: AdminSite, old: str, new: str, on: str | None = None
    ) -> None:
        self.request, self.old, self.new = request, old, new
        self.on = on
        self.labels = Labels(request, site)

    @cached_property
    def summary(self) -> list[TableChange]:
        """Every table that differs."""
        return [] if self.old == self.new else _summary(default_root(), self.old, self.new)

    @cached_property
    def visible(self) -> list[TableChange]:
        """The tables whose rows the reader may see."""
        names = viewable_tables(
            self.request.user, [change.table for change in self.summary], self.request
        )
        return [change for change in self.summary if change.table in names]

    @property
    def hidden_tables(self) -> int:
        """How many tables differ that the reader may not see."""
        return len(self.summary) - len(self.visible)

    @property
    def hidden_rows(self) -> int:
        """How many of their rows differ."""
        return sum(map(rows_of, self.summary)) - sum(map(rows_of, self.visible))

    @property
    def totals(self) -> dict[str, int]:
        """The numbers of rows added, modified and deleted, of what the reader may see."""
        return {
            "added": sum(change.rows_added for change in self.visible),
            "modified": sum(change.rows_modified for change in self.visible),
            "removed": sum(change.rows_deleted for change in self.visible),
        }

    @cached_property
    def chosen(self) -> str:
        """The table that `?table=` names, if it differs and may be seen."""
        wanted = self.request.GET.get("table", "")
        return wanted if wanted in {change.table for change in self.visible} else ""

    @property
    def page(self) -> int:
        """The page of its rows that `?p=` names, from 1 on."""
        text = self.request.GET.get("p", "")
        return max(int(text), 1) if text.isdecimal() and len(text) < 8 else 1

    @cached_property
    def tables(self) -> list[ShownTable]:
        """The tables of this page."""
        if self.chosen:
            return [self._page_of(change) for change in self.visible if change.table == self.chosen]
        alone = len(self.visible) == 1
        found = []
        for at, change in enumerate(self.visible):
            if at < OPEN_TABLES and rows_of(change):
                found.append(self._page_of(change, ROWS if alone else FIRST_ROWS))
            else:
                found.append(self._shown(change, None, False))
        return found

    def _page_of(self, change: TableChange, limit: int = ROWS) -> ShownTable:
        page = self.page if self.chosen else 1
        rows = page_of_changes(self.old, self.new, change.table, limit, (page - 1) * ROWS)
        return self._shown(change, self.rows(rows), rows_of(change) > (page - 1) * ROWS + limit)

    def _shown(
        self, change: TableChange, rows: list[ShownRow] | None, has_next: bool
    ) -> ShownTable:
        model = model_of(change.table)
        is_link = model is not None and bool(model._meta.auto_created)
        page = self.page if self.chosen else 1
        label = table_label(change.table)
        return ShownTable(change.table, label, change, rows, page, has_next, is_link)

    def rows(self, changes: list[RowChange]) -> list[ShownRow]:
        """Rows of one table, as they are shown."""
        names = self.labels.names(changes)
        found = []
        for change, label in zip(changes, self.labels.of(changes), strict=True):
            fields = list(self._fields(change, names))
            if change.model is not None and change.model._meta.auto_created:
                told = [field.new if change.kind != "removed" else field.old for field in fields]
                label, fields = " – ".join(value.text for value in told), []
            found.append(ShownRow(change, change.kind, label, self._url(change), fields))
        return found

    def _url(self, change: RowChange) -> str:
        url = self.labels.url(change)
        if url and self.on and self.on != current_branch():
            return f"{url}?{urlencode({QUERY_PARAMETER: self.on})}"
        return url

    @staticmethod
    def _fields(change: RowChange, names: dict[Any, str]) -> Iterable[ShownField]:
        for field in change.fields:
            is_key = any(field.field in (name, _attname(change, name)) for name in change.key)
            old = shown(change.table, field.field, field.old, names)
            new = shown(change.table, field.field, field.new, names)
            if change.kind != MODIFIED and (is_key or (old.is_empty and new.is_empty)):
                continue
            compared = lines(field.old, field.new) if change.kind == MODIFIED else []
            label = field_label(change.table, field.field)
            yield ShownField(field.field, label, old, new, compared)


def _attname(change: RowChange, column: str) -> str:
    field = field_of(change.table, column)
    return column if field is None else field.name


def parameters(request: HttpRequest) -> str:
    """The query string without the table and its page: what links to tables add to."""
    query = request.GET.copy()
    for name in ("table", "p"):
        query.pop(name, None)
    return query.urlencode()
