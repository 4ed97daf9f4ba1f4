"""What one commit changed in one object."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError
from django.db.models import Model

from .. import aliases
from .object_rows import Values
from .points import LogEntry
from .rows import MISSING, FieldChange


@dataclass(frozen=True)
class Version:
    """What one commit changed in one object.

    `kind` is added, modified or deleted; `date` is aware, in UTC; `author` is `Name <email>`;
    `changes` come in the order of the model's fields, with Python values as the fields give
    them: of a foreign key the raw key, of a many-to-many field a frozenset of keys (`texts`
    names them). `MISSING`, not None, stands where there was no such value: before the object
    was added, after it was deleted, and while its column was not there.
    """

    commit_hash: str
    author: str
    date: datetime.datetime
    message: str
    kind: str
    changes: list[FieldChange]
    parents: tuple[str, ...] = field(repr=False)
    model: type[Model] = field(repr=False)
    using: str = field(repr=False)

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]

    def texts(self, change: FieldChange) -> tuple[str, str]:
        """A change's old and new value for people: related objects and choices by their names.

        A related object is called what it was called then. Where it is found neither at this
        commit nor at its parent (a broken key), or can't be read, the key stands for it.
        """
        return self._text(change.field, change.old), self._text(change.field, change.new)

    def _text(self, name: str, value: Any) -> str:
        if value is MISSING or value is None:
            return "" if value is None else "-"
        of: Any = self.model._meta.get_field(name)
        if of.is_relation:
            keys = value if isinstance(value, frozenset) else [value]
            return ", ".join(sorted(self._name_of(of, key) for key in keys))
        named = [text for choice, text in getattr(of, "flatchoices", ()) if choice == value]
        return str(named[0] if named else value)

    def _name_of(self, relation: Any, key: Any) -> str:
        column = (
            relation.m2m_reverse_target_field_name()
            if relation.many_to_many
            else relation.target_field.attname
        )
        for commit in (self.commit_hash, *self.parents):
            alias = aliases.branch_alias(commit, self.using)
            rows = relation.related_model._base_manager.using(alias)
            try:
                found = rows.filter(**{column: key}).first()
            except DatabaseError:  # a table that is not, or not so, at this commit
                continue
            if found is not None:
                return str(found)
        return str(key)


def compare(before: Values, after: Values) -> list[FieldChange]:
    """The fields that differ, in the order of the fields; {} stands for no object."""
    found = []
    for name in after or before:
        old, new = before.get(name, MISSING), after.get(name, MISSING)
        if not same(old, new):
            found.append(FieldChange(name, old, new))
    return found


def same(one: Any, other: Any) -> bool:
    """Whether two values are no change: a column that comes in empty is none either."""
    return bool(one == other) or (_is_empty(one) and _is_empty(other))


def _is_empty(value: Any) -> bool:
    return value is None or value is MISSING or value == frozenset()


def version_of(
    entry: LogEntry, kind: str, changes: list[FieldChange], model: type[Model], root: str
) -> Version:
    """The Version of an object of `model` that a commit made."""
    return Version(
        entry.commit_hash,
        entry.author,
        entry.date,
        entry.message,
        kind,
        changes,
        entry.parents,
        model,
        root,
    )
