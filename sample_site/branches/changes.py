"""Changed rows with their values, in the words of the models.

`branch.diff()` counts per table. For the values this reads Dolt's table function
`dolt_diff` with a plain cursor: raw SQL works on branches as it does anywhere.
https://docs.dolthub.com/sql-reference/version-control/dolt-sql-functions#dolt_diff
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.apps import apps
from django.db import connections, models

from dolt_router import branch_alias
from dolt_router.versioning.diffs import TableChange

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


class Comparison:
    """Two refs, and how the values of their rows read.

    Args:
        before, after: branches or commit hashes.
        since_fork: compare `after` with where it left `before`, as a merge does.
    """

    def __init__(self, before: str, after: str, since_fork: bool = False) -> None:
        self.refs = [f"{before}...{after}"] if since_fork else [before, after]
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
        key = model._meta.pk.column
        marks = ", ".join(["%s"] * (len(self.refs) + 1))
        with connections[self.aliases[0]].cursor() as cursor:
            cursor.execute(
                f"SELECT * FROM dolt_diff({marks}) "
                f"ORDER BY COALESCE(`to_{key}`, `from_{key}`) LIMIT {SHOWN}",
                [*self.refs, model._meta.db_table],
            )
            columns = [column[0] for column in cursor.description]
            rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        return [self.row(model, row) for row in rows]

    def row(self, model: type[models.Model], row: dict[str, Any]) -> RowChange:
        """One changed row; of a modified one only the fields that differ."""
        kind = row["diff_type"]
        side = "from" if kind == "removed" else "to"
        named: list[str] = []
        fields: list[FieldChange] = []
        for field in model._meta.concrete_fields:
            if field.primary_key or not field.editable:
                continue
            old, new = row.get(f"from_{field.column}"), row.get(f"to_{field.column}")
            if field.name in TITLE_FIELDS or model._meta.auto_created:
                named.append(self.shown(field, row.get(f"{side}_{field.column}")))
            if kind == "modified" and old == new:
                continue
            if kind != "modified" and (field.name in TITLE_FIELDS or is_empty(old, new)):
                continue
            before = None if is_empty(old) else self.shown(field, old)
            after = None if kind == "removed" else self.shown(field, new)
            fields.append(FieldChange(str(field.verbose_name), before, after))
        fields = [] if model._meta.auto_created else fields
        return RowChange(kind, " · ".join(named) or f"#{row[f'{side}_id']}", fields)

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
