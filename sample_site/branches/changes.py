"""Changed rows with their values, in the words of the models.

`branch.diff()` counts per table; `page_of_changes()` gives the rows, each with the object as it
was and as it is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.apps import apps
from django.db import models

from dolt_router import branch_alias
from dolt_router.versioning import rows
from dolt_router.versioning.diffs import TableChange
from dolt_router.versioning.rows import page_of_changes

SHOWN = 50  # rows per table
TITLE_FIELDS = ("device", "name", "address")  # a row of any table is named by those it has


class FieldChange(NamedTuple):
    """A field's label with its value before and after; None where there was or is none."""

    label: str
    before: str | None
    after: str | None


class RowChange(NamedTuple):
    """A row that was added, modified or removed."""

    kind: str
    name: str
    fields: list[FieldChange]


class TableRows(NamedTuple):
    """A table's counts, and its first changed rows."""

    label: str
    summary: TableChange
    rows: list[RowChange]

    @property
    def hidden(self) -> int:
        """How many changed rows are not shown."""
        summary = self.summary
        counted = summary.rows_added + summary.rows_modified + summary.rows_deleted
        return max(counted - len(self.rows), 0)


def is_empty(*values: Any) -> bool:
    """Whether there is nothing to show: NULL and '' are both told by a dash."""
    return all(value in (None, "") for value in values)


def value_of(instance: models.Model | None, field: Any) -> Any:
    """The field's value; None without the object, and where the column did not exist yet."""
    return None if instance is None else instance.__dict__.get(field.attname)


class Comparison:
    """Two refs, and how the values of their rows read.

    Args:
        before, after: branches or commit hashes.
        since_fork: compare `after` with where it left `before`, as a merge does.
    """

    def __init__(self, before: str, after: str, since_fork: bool = False) -> None:
        self.before, self.after, self.since_fork = before, after, since_fork
        self.aliases = [branch_alias(after), branch_alias(before)]
        self.names: dict[tuple[type[models.Model], Any], str] = {}

    def tables(self, summary: list[TableChange]) -> list[TableRows]:
        """Each changed table that a model has, with its first changed rows."""
        known = {
            model._meta.db_table: model for model in apps.get_models(include_auto_created=True)
        }
        found = []
        for change in summary:
            model = known.get(change.table)
            # A table that came or went, or belongs to no model, is told by its counts alone.
            rows = self.rows(model) if model and change.kind == "modified" else []
            label = str(model._meta.verbose_name_plural) if model else change.table
            found.append(TableRows(label, change, rows))
        return found

    def rows(self, model: type[models.Model]) -> list[RowChange]:
        """The first changed rows of a table, by primary key."""
        page = page_of_changes(
            self.before, self.after, model, limit=SHOWN, symmetric=self.since_fork
        )
        return [self.row(model, change) for change in page]

    def row(self, model: type[models.Model], change: rows.RowChange) -> RowChange:
        """One changed row; of a modified one only the fields that differ."""
        before, after = change.old, change.new
        named: list[str] = []
        fields: list[FieldChange] = []
        for field in model._meta.concrete_fields:
            if field.primary_key or not field.editable:
                continue
            old, new = value_of(before, field), value_of(after, field)
            if field.name in TITLE_FIELDS or model._meta.auto_created:
                named.append(self.shown(field, old if after is None else new))
            if change.kind == "modified" and old == new:
                continue
            if change.kind != "modified" and (field.name in TITLE_FIELDS or is_empty(old, new)):
                continue
            told = None if is_empty(old) else self.shown(field, old)
            now = None if after is None else self.shown(field, new)
            fields.append(FieldChange(str(field.verbose_name), told, now))
        fields = [] if model._meta.auto_created else fields
        return RowChange(change.kind, " · ".join(named) or f"#{change.pk}", fields)

    def shown(self, field: Any, value: Any) -> str:
        """A value as the site shows it elsewhere: related objects and choices by name."""
        if is_empty(value):
            return "—"
        if field.many_to_one:
            return self.name_of(field.related_model, value)
        if isinstance(field, models.BooleanField):
            return "yes" if value else "no"
        return str(dict(field.flatchoices).get(value, value))

    def name_of(self, model: type[models.Model], pk: Any) -> str:
        """The object's name on the newer side, else on the older one."""
        if (model, pk) not in self.names:
            found = None
            for alias in self.aliases:
                found = found or model._default_manager.using(alias).filter(pk=pk).first()
            self.names[model, pk] = str(found or f"#{pk}")
        return self.names[model, pk]
