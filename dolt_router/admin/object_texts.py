"""The values of an object's fields as people read them, without what they may not see.

A related object is called by its name only where the user may view its model; its key stands for
it otherwise. Fields that the ModelAdmin keeps hidden have no value here.
"""

from __future__ import annotations

import datetime
import decimal
import json
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from django.db import DatabaseError
from django.db.models import JSONField
from django.http import HttpRequest
from django.utils import formats
from django.utils.text import capfirst
from django.utils.timezone import template_localtime  # type: ignore[attr-defined]
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import aliases
from ..versioning.points import Place
from ..versioning.rows import MISSING, FieldChange
from ..visibility import may_view

SHORT = 120  # characters of a value in a list
LONG_ENOUGH = 24  # characters from which on the words that differ are marked
MOST_WORDS = 600  # of a text beyond which they aren't looked for: it costs their square


class Piece(NamedTuple):
    """A part of a text; `changed` when the other side hasn't got it."""

    text: str
    changed: bool


class Told(NamedTuple):
    """A change as it is shown: the field's name and label, both texts, and their pieces."""

    field: str
    label: str
    old: str
    new: str
    hidden: bool
    is_text: bool

    @property
    def pieces(self) -> tuple[list[Piece], list[Piece]]:
        """Both texts, cut where they differ; whole when there is nothing to gain."""
        if not self.is_text:
            return [Piece(self.old, False)], [Piece(self.new, False)]
        return differing_pieces(self.old, self.new)

    @property
    def old_pieces(self) -> list[Piece]:
        return self.pieces[0]

    @property
    def new_pieces(self) -> list[Piece]:
        return self.pieces[1]


class Texts:
    """Words the values of one model's fields; related names are fetched all at once.

    Args:
        place: where related objects are called as they are now.
        hidden: names of fields whose values aren't shown.
    """

    def __init__(
        self, model: Any, request: HttpRequest, place: Place, hidden: Iterable[str] = ()
    ) -> None:
        self.model, self.request, self.place = model, request, place
        self.hidden = set(hidden)
        self._names: dict[tuple[Any, Any], str] = {}
        self._asked: set[tuple[Any, Any]] = set()
        self._viewable: dict[Any, bool] = {}

    def may_view(self, related: Any) -> bool:
        if related not in self._viewable:
            self._viewable[related] = may_view(
                getattr(self.request, "user", None), related, self.request
            )
        return self._viewable[related]

    def is_hidden(self, name: str) -> bool:
        """Whether a field's values are kept from this user."""
        if name in self.hidden:
            return True
        field = self._field(name)
        return bool(field and field.many_to_many and not self.may_view(field.related_model))

    def _field(self, name: str) -> Any:
        stored = [*self.model._meta.concrete_fields, *self.model._meta.many_to_many]
        return next((each for each in stored if each.name == name), None)

    def label(self, name: str) -> str:
        field = self._field(name)
        return capfirst(str(field.verbose_name)) if field is not None else name

    def fetch(self, values: Iterable[tuple[str, Any]], refs: Iterable[str] = ()) -> None:
        """Look up what the keys among `(field, value)` are called: a query a related model.

        Args:
            refs: commits at which those are looked for that are no more.
        """
        wanted: dict[Any, set[Any]] = {}
        for name, value in values:
            field = self._field(name)
            related = getattr(field, "related_model", None)
            if related is None or not self.may_view(related):
                continue
            attname = _target(field)
            for key in value if isinstance(value, frozenset | set) else [value]:
                if key is not None and key is not MISSING and (field, key) not in self._asked:
                    wanted.setdefault((related, attname), set()).add(key)
        for (related, attname), keys in wanted.items():
            for ref in dict.fromkeys((self.place.ref, *refs)):
                keys -= self._fetch(related, attname, keys, ref)
                if not keys:
                    break

    def _fetch(self, related: Any, attname: str, keys: set[Any], ref: str) -> set[Any]:
        rows = related._base_manager.using(aliases.branch_alias(ref, self.place.root))
        found = set()
        try:
            for each in rows.filter(**{f"{attname}__in": keys}):
                key = getattr(each, attname)
                self._names.setdefault((related, key), str(each))
                found.add(key)
        except DatabaseError:  # a table that is not, or not so, at this commit
            pass
        return found

    def text(self, name: str, value: Any) -> str:
        """A value of the field `name` for people."""
        if value is MISSING:
            return ""
        field = self._field(name)
        related = getattr(field, "related_model", None)
        if related is not None:
            if isinstance(value, frozenset | set):
                return ", ".join(sorted(self._name(related, key) for key in value))
            return "" if value is None else self._name(related, value)
        return value_text(field, value)

    def _name(self, related: Any, key: Any) -> str:
        return self._names.get((related, key), f"#{key}")

    def told(self, changes: Iterable[FieldChange], short: bool = False) -> list[Told]:
        """The changes as they are shown, in their order."""
        found = []
        for change in changes:
            if self.is_hidden(change.field):
                found.append(Told(change.field, self.label(change.field), "", "", True, False))
                continue
            old, new = (self.text(change.field, each) for each in (change.old, change.new))
            if short:
                old, new = shortened(old), shortened(new)
            is_text = min(len(old), len(new)) >= LONG_ENOUGH
            found.append(Told(change.field, self.label(change.field), old, new, False, is_text))
        return found


def _target(field: Any) -> str:
    if field.many_to_many:
        return str(field.m2m_reverse_target_field_name())
    return str(field.target_field.attname)


def value_text(field: Any, value: Any) -> str:
    """A value that is no relation for people: choices by their names, moments in their zone."""
    if value is None:
        return ""
    for choice, text in getattr(field, "flatchoices", None) or ():
        if choice == value:
            return str(text)
    if isinstance(field, JSONField):
        return json.dumps(value, ensure_ascii=False, indent=2, cls=field.encoder)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime.datetime):
        return str(formats.localize(template_localtime(value)))
    if isinstance(value, datetime.date | datetime.time):
        return str(formats.localize(value))
    if isinstance(value, float | decimal.Decimal):
        return str(formats.number_format(value))
    if isinstance(value, bytes | memoryview | bytearray):
        count = len(bytes(value))
        return ngettext("%(count)d byte", "%(count)d bytes", count) % {"count": count}
    return str(value)


def shortened(text: str) -> str:
    """A text for a list: one line, `SHORT` characters at most."""
    line = " ".join(text.split())
    return line if len(line) <= SHORT else line[: SHORT - 1] + "…"


def differing_pieces(old: str, new: str) -> tuple[list[Piece], list[Piece]]:
    """Two texts cut into pieces, word by word: what both have, and what only one has."""
    one, other = _words(old), _words(new)
    if max(len(one), len(other)) > MOST_WORDS:
        return [Piece(old, False)], [Piece(new, False)]
    before: list[Piece] = []
    after: list[Piece] = []
    for kind, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        changed = kind != "equal"
        if a < b:
            before.append(Piece("".join(one[a:b]), changed))
        if c < d:
            after.append(Piece("".join(other[c:d]), changed))
    return before, after


def _words(text: str) -> list[str]:
    words: list[str] = []
    for character in text:
        if words and character.isalnum() and words[-1][-1].isalnum():
            words[-1] += character
        else:
            words.append(character)
    return words
