"""How values and objects read: as the admin shows them elsewhere, for rows of any commit."""

from __future__ import annotations

import datetime
import difflib
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.contrib.admin import AdminSite
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _

from ..aliases import default_alias
from ..shared import is_shared
from ..versioning.row_change import MISSING, RowChange
from ..versioning.values import field_of, model_of
from ..visibility import may_view

LONGEST = 2000  # characters of a value that are shown
LINES = 400  # lines of a text that are compared one by one

Key = tuple[type[models.Model], Any]


class Line(NamedTuple):
    """A line of a text that changed: `kind` is added, removed or same."""

    kind: str
    text: str


class Value(NamedTuple):
    """A value as it is shown; `is_empty` where there is none."""

    text: str
    is_empty: bool = False


def field_label(table: str, name: str) -> str:
    """What people call a field: its verbose name; the column's name where there is no model."""
    model = model_of(table)
    if model is None:
        return name
    try:
        return capfirst(str(model._meta.get_field(name).verbose_name))  # type: ignore[union-attr]
    except (FieldDoesNotExist, AttributeError):
        return name


def table_label(table: str) -> str:
    """What people call the rows of a table."""
    model = model_of(table)
    if model is None:
        return table
    if model._meta.auto_created:
        owner: Any = model._meta.auto_created
        for field in owner._meta.local_many_to_many:
            if field.remote_field.through is model:
                return f"{capfirst(owner._meta.verbose_name_plural)}: {field.verbose_name}"
    return str(capfirst(model._meta.verbose_name_plural))


def kind_label(table: str) -> str:
    """What people call one row of a table."""
    model = model_of(table)
    return _("row") if model is None else str(model._meta.verbose_name)


def shown(table: str, name: str, value: Any, names: dict[Key, str]) -> Value:
    """A field's value for a page.

    Args:
        names: what related objects are called, by model and key; others are shown by their key.
    """
    if value is MISSING:
        return Value(_("(no such field)"), True)
    if value is None or value == "" or value == set():
        return Value(_("(empty)"), True)
    field = _field(table, name)
    related = getattr(field, "related_model", None)
    if related is not None:
        keys = sorted(value, key=str) if isinstance(value, set) else [value]
        return Value(", ".join(names.get((related, key), f"#{key}") for key in keys))
    choices = getattr(field, "flatchoices", None)
    if choices and not isinstance(value, list | dict):
        for choice, label in choices:
            if choice == value:
                return Value(str(label))
    return Value(Truncator(_text(value)).chars(LONGEST))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime.datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        return str(formats.localize(local))
    if isinstance(value, bytes | memoryview):
        return _("%(n)d bytes") % {"n": len(value)}
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=str)
    if isinstance(value, datetime.date | datetime.time):
        return str(formats.localize(value))
    return str(value)


def lines(old: Any, new: Any) -> list[Line]:
    """Two texts of several lines, compared line by line; empty when that is of no use."""
    if not (isinstance(old, str) and isinstance(new, str)):
        return []
    before, after = old.splitlines(), new.splitlines()
    if max(len(before), len(after)) < 3 or len(before) + len(after) > LINES:
        return []
    kinds = {"+": "added", "-": "removed", " ": "same"}
    compared = [each for each in difflib.ndiff(before, after) if each[0] in kinds]
    return _near_changes([Line(kinds[each[0]], each[2:][:LONGEST]) for each in compared])


def _near_changes(every: list[Line], around: int = 2) -> list[Line]:
    near = {
        at + step
        for at, line in enumerate(every)
        if line.kind != "same"
        for step in range(-around, around + 1)
    }
    found: list[Line] = []
    for at, line in enumerate(every):
        if at in near:
            found.append(line)
        elif not found or found[-1].kind != "gap":
            found.append(Line("gap", "⋯"))
    return found


def _field(table: str, name: str) -> Any:
    model = model_of(table)
    if model is None:
        return None
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return field_of(table, name)


class Labels:
    """What the objects of changed rows are called, found with few queries for many rows."""

    def __init__(self, request: HttpRequest, site: AdminSite) -> None:
        self.request, self.site = request, site

    def of(self, changes: list[RowChange]) -> list[str]:
        """`str(object)` of each row, as it is, or as it was where it is gone."""
        objects = self._objects(changes)
        self._fetch_related(objects)
        return [
            _called(obj) or self._key_of(change)
            for change, obj in zip(changes, objects, strict=True)
        ]

    @staticmethod
    def _key_of(change: RowChange) -> str:
        shown_key = ", ".join(str(value) for value in change.key.values())
        return f"{kind_label(change.table)} #{shown_key}" if shown_key else kind_label(change.table)

    @staticmethod
    def _objects(changes: list[RowChange]) -> list[models.Model | None]:
        if not changes or (model := changes[0].model) is None or model._meta.auto_created:
            return [None] * len(changes)
        if not model._meta.parents:
            return [change.new or change.old for change in changes]
        # A row of a child's table is a part of its objects: the rest is fetched for all at once.
        found: dict[tuple[int, Any], models.Model] = {}
        for side in (0, 1):
            keys = [change.pk for change in changes if (change.kind != "removed") == bool(side)]
            if keys and changes[0].source is not None:
                alias = changes[0].source.place.aliases[side]
                for key, obj in model._base_manager.using(alias).in_bulk(keys).items():
                    found[side, key] = obj
        return [found.get((int(change.kind != "removed"), change.pk)) for change in changes]

    @staticmethod
    def _fetch_related(objects: list[models.Model | None]) -> None:
        """Fetch what `__str__` follows: learnt from the first object, fetched for all others."""
        first: dict[Any, models.Model] = {}
        for obj in objects:
            if obj is not None:
                first.setdefault(obj._state.db, obj)
        for alias, obj in first.items():
            _called(obj)
            paths = list(_followed(obj))
            others = [each for each in objects if each is not None and each._state.db == alias]
            if paths:
                models.prefetch_related_objects(others, *paths)

    def names(self, changes: Iterable[RowChange]) -> dict[Key, str]:
        """What the objects are called that foreign keys in `changes` point to, on either side.

        Those of models that the reader may not view are left out.
        """
        wanted: dict[tuple[str, type[models.Model]], set[Any]] = {}
        for change in changes:
            if change.source is None:
                continue
            for field in change.fields:
                related = getattr(_field(change.table, field.field), "related_model", None)
                if related is None or not may_view(self._user, related, self.request):
                    continue
                # The name of today is the better one, where there are two.
                old, new = change.source.place.aliases
                for alias, value in ((new, field.new), (old, field.old)):
                    at = default_alias() if is_shared(related) else alias
                    keys = value if isinstance(value, set) else {value}
                    wanted.setdefault((at, related), set()).update(keys - {None, MISSING})
        found: dict[Key, str] = {}
        for (alias, related), keys in wanted.items():
            missing = [key for key in keys if (related, key) not in found]
            if missing:
                fetched = related._base_manager.using(alias).in_bulk(missing)
                self._fetch_related(list(fetched.values()))
                for key, obj in fetched.items():
                    found[related, key] = _called(obj) or f"#{key}"
        return found

    @property
    def _user(self) -> Any:
        return self.request.user

    def url(self, change: RowChange) -> str:
        """The page of a row's object in this admin; '' where there is none."""
        model = change.model
        if model is None or change.kind == "removed" or not self.site.is_registered(model):
            return ""
        options = model._meta
        try:
            name = f"{self.site.name}:{options.app_label}_{options.model_name}_change"
            return reverse(name, args=[_quoted(change.pk)])
        except NoReverseMatch:
            return ""


def _quoted(key: Any) -> str:
    from django.contrib.admin.utils import quote

    return str(quote(key))


def _called(obj: models.Model | None) -> str:
    """`str(obj)`; '' where that can't be told.

    Any model's `__str__` is asked about rows of any time: it may need a column that wasn't there
    yet, or an object that is gone. A page of history must not end there.
    """
    if obj is None:
        return ""
    try:
        return Truncator(str(obj)).chars(120)
    except Exception:
        return ""


def _followed(obj: models.Model, depth: int = 3) -> Iterable[str]:
    for name, related in obj._state.fields_cache.items():
        if isinstance(related, models.Model) and depth:
            deeper = list(_followed(related, depth - 1))
            yield from (f"{name}__{path}" for path in deeper) if deeper else (name,)


def mark(kind: str, text: str) -> SafeString:
    """A small word in a frame."""
    return format_html('<span class="dolt-mark dolt-mark-{}">{}</span>', kind, text)
