"""A column in the list of objects: which rows differ from the default branch, and in what.

One query for the rows of the page: the same rows on the default branch. There is no column on the
default branch itself.
"""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError
from django.forms import Media
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .. import aliases
from ..conf import conf
from ..versioning.points import Place
from ..versioning.session import verb_connection
from ..versioning.versions import same
from .object_texts import Texts
from .versioned import hidden_fields, place_of

MEDIA = Media(css={"all": ["dolt_router/objects.css"]})


class Marks:
    """What differs in the rows of one page of a list, found out when the first is drawn."""

    def __init__(self, model_admin: Any, request: HttpRequest, changelist: Any) -> None:
        self.model_admin, self.request, self.changelist = model_admin, request, changelist
        self.place = place_of(model_admin)
        self.model = model_admin.model
        self.texts = Texts(self.model, request, self.place, hidden_fields(model_admin, request))

    @cached_property
    def _fields(self) -> list[Any]:
        return [f for f in self.model._meta.concrete_fields if not f.primary_key]

    @cached_property
    def _here(self) -> dict[Any, Any]:
        rows = {obj.pk: obj for obj in self.changelist.result_list}
        if any(obj.get_deferred_fields() for obj in rows.values()):
            rows = self.model._base_manager.using(self._alias(self.place.ref)).in_bulk(list(rows))
        return rows

    def _alias(self, ref: str) -> str:
        return aliases.branch_alias(ref, self.place.root)

    @cached_property
    def _there(self) -> dict[Any, Any] | None:
        """The same rows on the default branch; None when they can't be read there."""
        default = str(conf.DEFAULT_BRANCH)
        rows = self.model._base_manager.using(self._alias(default))
        keys = list(self._here)
        try:
            return {obj.pk: obj for obj in rows.filter(pk__in=keys)}
        except DatabaseError:
            # A migration that only this branch has: what both have is compared.
            known = _columns(self.model, default, self.place)
            names = [field.name for field in self._fields if field.column in known]
            try:
                return {obj.pk: obj for obj in rows.filter(pk__in=keys).only("pk", *names)}
            except DatabaseError:
                return None

    def mark(self, obj: Any) -> tuple[str, list[str]]:
        """`added`, `changed`, `same` or `unknown`; and the labels of the fields that differ."""
        if self._there is None:
            return "unknown", []
        before, now = self._there.get(obj.pk), self._here.get(obj.pk, obj)
        if before is None:
            return "added", []
        missing = before.get_deferred_fields()
        labels = [
            self.texts.label(field.name)
            for field in self._fields
            if field.attname not in missing
            and not same(getattr(before, field.attname), getattr(now, field.attname))
            and not self.texts.is_hidden(field.name)
        ]
        return ("changed" if labels else "same"), labels


def _columns(model: Any, ref: str, place: Place) -> set[str]:
    """The columns that the model's tables have at a ref."""
    found: set[str] = set()
    with verb_connection(ref, place.root) as connection, connection.cursor() as cursor:
        for table in {field.model._meta.db_table for field in model._meta.concrete_fields}:
            try:
                shown, values = connection.engine.table_at(table, ref)
                cursor.execute(f"SELECT * FROM {shown} LIMIT 0", values)
            except DatabaseError:
                continue
            found |= {str(column[0]) for column in cursor.description}
    return found


def add_marks(model_admin: Any, request: HttpRequest, changelist: Any) -> Any:
    """Give a ChangeList the column, unless it shows the default branch or is a pop-up."""
    place = place_of(model_admin)
    if place.ref == conf.DEFAULT_BRANCH or changelist.is_popup:
        return changelist
    marks = Marks(model_admin, request, changelist)

    def dolt_mark(obj: Any) -> str:
        return _cell(*marks.mark(obj))

    dolt_mark.short_description = _("Against %(branch)s") % {  # type: ignore[attr-defined]
        "branch": conf.DEFAULT_BRANCH
    }
    changelist.list_display = [*changelist.list_display, dolt_mark]
    return changelist


_WORDS = {
    "added": _("Only here"),
    "changed": _("Changed"),
    "same": _("Same"),
    "unknown": _("Not known"),
}


def _cell(kind: str, labels: list[str]) -> str:
    """The words of a mark; the fields stand below them, and so are there for everybody."""
    if kind == "same":
        return format_html(
            '<span class="dolt-row-mark dolt-row-mark-same">'
            '<span class="visually-hidden">{}</span></span>',
            _WORDS[kind],
        )
    hint = {
        "added": gettext("This row isn’t on “%(branch)s”."),
        "changed": gettext("Not as on “%(branch)s”."),
        "unknown": gettext("The table can’t be read on “%(branch)s”."),
    }[kind] % {"branch": conf.DEFAULT_BRANCH}
    fields = ", ".join(labels)
    return format_html(
        '<span class="dolt-row-mark dolt-row-mark-{}" title="{}">{}</span>'
        '<span class="dolt-row-mark-fields">{}</span>',
        kind,
        f"{hint} {fields}".strip(),
        _WORDS[kind],
        fields,
    )
