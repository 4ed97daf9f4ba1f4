"""Rows of one database written to another one, as values of the models' fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any

from django.apps import apps
from django.db.models import Model, QuerySet, UniqueConstraint

from ..exceptions import CopyError
from ..shared import is_shared
from .fingerprints import plain
from .row_change import ADDED, REMOVED, RowChange
from .values import model_of

BATCH = 500  # rows sent by one statement, where the engine takes as many

Progress = Callable[[int], Any]  # told how much was done


def versioned() -> list[type[Model]]:
    """The models whose rows are on branches."""
    return [model for model in _models() if not is_shared(model)]


def shared() -> list[type[Model]]:
    """The models whose rows live once."""
    return [model for model in _models() if is_shared(model)]


def _models() -> Iterator[type[Model]]:
    for model in apps.get_models(include_auto_created=True):
        options = model._meta
        if options.managed and not options.proxy and not options.swapped:
            if model_of(options.db_table) is model:
                yield model


def rows_of(model: type[Model], alias: str) -> Any:
    """All rows of the model's own table, whatever its managers leave out."""
    return QuerySet(model, using=alias)


def fields_of(model: type[Model]) -> list[Any]:
    """The fields of the model's own table that can be written."""
    return [
        field
        for field in model._meta.local_concrete_fields
        if not getattr(field, "generated", False)
    ]


def apply(
    model: type[Model],
    differing: Callable[[], Iterator[RowChange]],
    connection: Any,
    progress: Progress,
    side: int = 1,
    check: bool = False,
) -> None:
    """Give a table, for the rows that differ between two points, what they are on one side.

    Args:
        differing: called for the rows that differ; twice, where one row may take over a unique
            value that a later one has to give up first.
        side: 1: as they are after; 0: as they were before.
        check: read them again, and invent no value for a field that came later.

    Raises:
        CopyError: a value that was read again isn't what was written; or there is none.
    """
    changes = differing()
    first = list(islice(changes, BATCH))
    if len(first) < BATCH or not _has_unique_values(model):
        for batch in _batches(chain(first, changes)):
            _delete(model, batch, connection)
            _write(model, batch, connection, progress, side, check)
        return
    for batch in _batches(chain(first, changes)):
        _delete(model, batch, connection)
    for batch in _batches(differing()):
        _write(model, batch, connection, progress, side, check)


def _batches(changes: Iterator[RowChange]) -> Iterator[list[RowChange]]:
    while batch := list(islice(changes, BATCH)):
        yield batch


def _has_unique_values(model: type[Model]) -> bool:
    options = model._meta
    return (
        any(field.unique and not field.primary_key for field in fields_of(model))
        or bool(options.unique_together)
        or any(isinstance(each, UniqueConstraint) for each in options.constraints)
    )


def _delete(model: type[Model], batch: list[RowChange], connection: Any) -> None:
    keys = [change.pk for change in batch]
    rows_of(model, connection.alias).filter(pk__in=keys)._raw_delete(connection.alias)


def _write(
    model: type[Model],
    batch: list[RowChange],
    connection: Any,
    progress: Progress,
    side: int,
    check: bool,
) -> None:
    lacking = REMOVED if side else ADDED
    names = {field.attname for field in fields_of(model)}
    found = [
        {name: value for name, value in change.source.values(side).items() if name in names}  # type: ignore[union-attr]
        for change in batch
        if change.kind != lacking
    ]
    if found and check:
        _refuse_invented(model, names - found[0].keys())
    insert(model, (model(**values) for values in found), connection, progress)
    if found and check:
        _check(model, found, connection)


def _refuse_invented(model: type[Model], lacking: set[str]) -> None:
    """Refuse fields that have no value but one that a migration wouldn't have given them."""
    for field in fields_of(model):
        if field.attname not in lacking or field.null or field.has_db_default():
            continue
        if field.has_default():
            known = not callable(field.default) or field.default in (dict, list)
        else:
            known = field.blank and field.empty_strings_allowed
        if not known:
            raise CopyError(f"{field.name} of {model._meta.db_table} has no value there")


def _check(model: type[Model], written: list[dict[str, Any]], connection: Any) -> None:
    keys = [model(**values).pk for values in written]
    names = list(written[0])
    read = rows_of(model, connection.alias).filter(pk__in=keys).values_list("pk", *names)
    rows = {row[0]: row[1:] for row in read}
    for key, values in zip(keys, written, strict=True):
        for name, here in zip(names, rows[key], strict=True):
            if plain(here) != plain(values[name]):
                raise CopyError(
                    f'{name} of {model._meta.db_table} "{key}" is {values[name]!r} there, '
                    f"{here!r} here"
                )


def insert(
    model: type[Model], objects: Iterator[Model], connection: Any, progress: Progress
) -> None:
    """Insert objects with the keys that they have; no signal, no parents' rows."""
    fields = fields_of(model)
    manager = rows_of(model, connection.alias)
    size = BATCH
    while batch := list(islice(objects, size)):
        size = max(min(BATCH, connection.ops.bulk_batch_size(fields, batch)), 1)
        for at in range(0, len(batch), size):
            part = batch[at : at + size]
            manager._insert(part, fields=fields, using=connection.alias, raw=True)
            progress(len(part))
