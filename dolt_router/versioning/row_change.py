"""One row that differs between two refs: its key, its fields, and the object on either side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import aliases
from .points import merge_base
from .values import model_of

if TYPE_CHECKING:
    from django.db.models import Model

ADDED, MODIFIED, REMOVED = "added", "modified", "removed"


class _Missing(Enum):
    """The value of a column that did not exist at that ref: one object, also when copied."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "<missing>"

    def __bool__(self) -> bool:
        return False


MISSING: Any = _Missing.MISSING


class FieldChange(NamedTuple):
    """One field of a row: its name and its values as Python values.

    `field` is the model field's name, or the column's where there is no model. A side where
    the column did not exist is `MISSING`.
    """

    field: str
    old: Any
    new: Any


class Column(NamedTuple):
    """How one column of a diff is read; a position is None where the column did not exist."""

    name: str
    field: str  # what a FieldChange calls it
    attname: str | None  # of the model's field; None without one
    is_key: bool
    old_at: int | None
    new_at: int | None
    read: Callable[[Any], Any] | None


@dataclass(frozen=True)
class Place:
    """What is compared with what; one for all rows of a diff."""

    from_ref: str
    to_ref: str
    using: str | None
    symmetric: bool

    @cached_property
    def aliases(self) -> tuple[str, str]:
        """The aliases of the old and the new side."""
        old = new = self.from_ref
        if self.to_ref != WORKING:
            new = self.to_ref
            if self.symmetric:
                old = merge_base(self.from_ref, new, self.using) or old
        return aliases.branch_alias(old, self.using), aliases.branch_alias(new, self.using)


class Source(NamedTuple):
    """A row as the server gave it, for whoever wants the whole object."""

    table: str
    columns: list[Column]
    row: Sequence[Any]
    place: Place

    def instance(self, side: int) -> Model | None:
        """The object on the old (0) or new (1) side; columns that it lacks there are deferred."""
        model = model_of(self.table)
        if model is None or model._meta.parents:
            # A row of a child's table is a part of an object only.
            return None if model is None else self._fetched(model, side)
        found = self.values(side)
        # In the order of the model, which from_db() takes them in.
        names = [f.attname for f in model._meta.concrete_fields if f.attname in found]
        return model.from_db(self.place.aliases[side], names, [found[name] for name in names])

    def values(self, side: int) -> dict[str, Any]:
        """The fields' values on the old (0) or new (1) side, by attname, as far as it has them."""
        found: dict[str, Any] = {}
        for column in self.columns:
            at = column.old_at if side == 0 else column.new_at
            if at is not None and column.attname is not None:
                value = self.row[at]
                read = None if value is None else column.read
                found[column.attname] = value if read is None else read(value)
        return found

    def _fetched(self, model: type[Model], side: int) -> Model | None:
        key = next(column for column in self.columns if column.is_key)
        at = key.old_at if side == 0 else key.new_at
        alias = self.place.aliases[side]
        return (
            None if at is None else model._base_manager.using(alias).filter(pk=self.row[at]).first()
        )


WORKING = "WORKING"


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row that differs.

    `kind` is "added", "modified" or "removed". `fields` has the changed fields in column
    order; all of them for a row that was added or removed.
    """

    table: str
    kind: str
    key: dict[str, Any]
    fields: list[FieldChange]
    source: Source | None = field(default=None, repr=False, compare=False)

    @property
    def old(self) -> Model | None:
        """The object as it was, on the old ref; None when it was not there, or has no model."""
        return None if self.kind == ADDED or self.source is None else self.source.instance(0)

    @property
    def new(self) -> Model | None:
        """The object as it is, on the new ref; None when it is gone, or has no model."""
        return None if self.kind == REMOVED or self.source is None else self.source.instance(1)

    @property
    def model(self) -> type[Model] | None:
        """The model of the table, if there is one."""
        return model_of(self.table)

    @property
    def pk(self) -> Any:
        """The primary key; a tuple when it has several columns, None without one."""
        values = tuple(self.key.values())
        return values[0] if len(values) == 1 else values or None

    def get(self, field: str) -> FieldChange | None:
        """The change of one field, or None when it is the same on both sides."""
        return next((change for change in self.fields if change.field == field), None)
