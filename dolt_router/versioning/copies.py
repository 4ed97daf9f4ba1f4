"""A copy of a database in another one, on either engine: the heads of its branches.

The engines store history in formats of their own, and neither reads the other's remotes
(docs/embedded.md). So it is rows that go over, as Python values of the models' fields: of every
branch its head, and the commit where it left the default branch, so that branches of the copy
merge as those of the original do. Commits in between stay behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from django.apps import apps
from django.db import transaction
from django.db.models import Model, QuerySet

from .. import aliases
from ..backends.dolt.migrations import missing_migrations
from ..conf import conf
from ..exceptions import CopyError
from ..shared import is_shared
from . import branches, tags
from .diffs import diff
from .fingerprints import fingerprint
from .points import LogEntry, log_entries, merge_base
from .row_change import ADDED, REMOVED, RowChange
from .rows import row_changes
from .session import merging, verb_connection, wrapper_of
from .sharing import status
from .values import model_of

BATCH = 500  # rows sent by one statement, where the engine takes as many

Progress = Callable[[int], Any]  # told how many rows were written


class CopyResult(NamedTuple):
    """What `copy` did; hashes are those of the new commits."""

    branches: dict[str, str]  # name -> commit hash
    tags: list[str]
    rows: dict[str, int]  # table -> rows, on the default branch
    left_out: list[str]  # tags of other commits, and tables without a model


def copy(
    source: str,
    target: str,
    force: bool = False,
    progress: Progress = lambda rows: None,
) -> CopyResult:
    """Copy the heads of all branches, and the shared rows, to the database of another alias.

    The copy is compared with the original at the end, row by row. Nobody should write to the
    original meanwhile.

    Args:
        source, target: static aliases. The target is migrated, and has one branch.
        force: replace rows that are in the target.

    Raises:
        CopyError: they are one database; a branch lacks migrations or has uncommitted rows; the
            target has branches, or rows without `force`; the copy isn't equal to the original.
    """
    source, target = aliases.default_root(source), aliases.default_root(target)
    home = str(conf.DEFAULT_BRANCH)
    names = [home, *(name for name in branches.names(source) if name != home)]
    _refuse(source, target, names, force)
    _copy_shared(source, target, progress)

    log = _log(home, source)
    first = log[-1].commit_hash
    heads = {name: branches.resolve(name, source) for name in names}
    starts = {name: merge_base(heads[home], heads[name], source) or first for name in names[1:]}
    stops = {*starts.values(), heads[home]}
    made: dict[str, str] = {}  # hash there -> hash here
    before = first
    _clear(target, _versioned())
    for entry in reversed([entry for entry in log if entry.commit_hash in stops]):
        made[entry.commit_hash] = _replay(source, target, home, before, entry, progress)
        before = entry.commit_hash
    for name in names[1:]:
        head = heads[name]
        branches.create(name, made.get(head, made[starts[name]]), target)
        if head not in made:
            entry = _log(name, source, 1)[0]
            made[head] = _replay(source, target, name, starts[name], entry, progress)
    copied, left = _copy_tags(source, target, made)
    for name in names:
        _compare(source, target, name)
    return CopyResult(
        {name: branches.resolve(name, target) for name in names},
        copied,
        {model._meta.db_table: _rows(model, f"{target}/{home}").count() for model in _versioned()},
        [*left, *_tables_without_a_model(source, first, heads)],
    )


def _refuse(source: str, target: str, names: list[str], force: bool) -> None:
    home = str(conf.DEFAULT_BRANCH)
    if source == target:
        raise CopyError(f'"{source}" can\'t be copied to itself. Name another alias.')
    for name in names:
        if missing_migrations(wrapper_of(name, source)):
            raise CopyError(
                f'Branch "{name}" of "{source}" lacks migrations. Run: '
                f"manage.py dolt migrate-branches --using {source}"
            )
        if changes := status(name, source):
            tables = ", ".join(str(change["table_name"]) for change in changes)
            raise CopyError(
                f'Branch "{name}" of "{source}" has changes that are not committed ({tables}). '
                "Commit or discard them first (manage.py dolt status)."
            )
    if missing_migrations(wrapper_of(home, target)):
        raise CopyError(f"The copy needs its tables. Run: manage.py migrate --database={target}")
    others = [name for name in branches.names(target) if name != home]
    if others:
        raise CopyError(f'"{target}" has branches ({", ".join(others)}). Name a new database.')
    if force:
        return
    for model in [*_versioned(), *_shared()]:
        made_by_migrate = model._meta.app_label == "contenttypes" or (
            model._meta.label == "auth.Permission"
        )
        if not made_by_migrate and _rows(model, f"{target}/{home}").exists():
            raise CopyError(
                f'"{target}" has rows in {model._meta.db_table}. To replace all that it has, '
                "copy with force=True (manage.py dolt copy --force)."
            )


def _versioned() -> list[type[Model]]:
    return [model for model in _models() if not is_shared(model)]


def _shared() -> list[type[Model]]:
    return [model for model in _models() if is_shared(model)]


def _models() -> Iterator[type[Model]]:
    for model in apps.get_models(include_auto_created=True):
        options = model._meta
        if options.managed and not options.proxy and not options.swapped:
            if model_of(options.db_table) is model:
                yield model


def _rows(model: type[Model], alias: str) -> Any:
    return QuerySet(model, using=alias)


def _log(ref: str, using: str, limit: int | None = None) -> list[LogEntry]:
    with verb_connection(ref, using) as connection, connection.cursor() as cursor:
        return list(islice(log_entries(cursor, ref), limit))


# -- writing ------------------------------------------------------------------------------


def _copy_shared(source: str, target: str, progress: Progress) -> None:
    """All rows of shared tables, with their keys: versioned rows refer to them."""
    there = f"{source}/{conf.DEFAULT_BRANCH}"
    wrapper: Any = wrapper_of(str(conf.DEFAULT_BRANCH), target)
    models = _shared()
    with wrapper.constraint_checks_disabled(), transaction.atomic(using=wrapper.alias):
        for model in models:
            _rows(model, wrapper.alias)._raw_delete(wrapper.alias)
        for model in models:
            names = [field.attname for field in _fields(model)]
            values = _rows(model, there).values_list(*names).iterator(chunk_size=BATCH)
            made = (model(**dict(zip(names, row, strict=True))) for row in values)
            _insert(model, made, wrapper, progress)


def _clear(target: str, models: Iterable[type[Model]]) -> None:
    """Delete what migrations have put into versioned tables; committed with the first copy."""
    with merging(str(conf.DEFAULT_BRANCH), target) as (connection, _cursor):
        with connection.constraint_checks_disabled():
            for model in models:
                _rows(model, connection.alias)._raw_delete(connection.alias)


def _replay(
    source: str, target: str, branch: str, before: str, entry: LogEntry, progress: Progress
) -> str:
    """Make on a branch of the target, which is as `before` was, what the commit is; its hash."""
    after = entry.commit_hash
    with merging(branch, target) as (connection, cursor):
        with connection.constraint_checks_disabled():
            for change in diff(before, after, source):
                model = model_of(change.table)
                if model is not None and not is_shared(model):
                    _apply(model, row_changes(before, after, model, source), connection, progress)
        date = entry.date.strftime("%Y-%m-%dT%H:%M:%S")
        said = f"{entry.message}\n\nCopied with what was before it: {source} {after}"
        words = ["-A", "--allow-empty", "-m", said, "--author", entry.author, "--date", date]
        return str(connection.engine.run(cursor, "dolt_commit", *words)[0])


def _apply(
    model: type[Model], changes: Iterator[RowChange], connection: Any, progress: Progress
) -> None:
    while batch := list(islice(changes, BATCH)):
        gone = [change.source.values(0) for change in batch if change.kind != ADDED]  # type: ignore[union-attr]
        come = [change.source.values(1) for change in batch if change.kind != REMOVED]  # type: ignore[union-attr]
        key = model._meta.pk.attname
        if gone:
            keys = [values[key] for values in gone]
            _rows(model, connection.alias).filter(pk__in=keys)._raw_delete(connection.alias)
        _insert(model, (model(**_writable(model, values)) for values in come), connection, progress)


def _writable(model: type[Model], values: dict[str, Any]) -> dict[str, Any]:
    names = {field.attname for field in _fields(model)}
    return {name: value for name, value in values.items() if name in names}


def _fields(model: type[Model]) -> list[Any]:
    """The fields of the model's own table that can be written."""
    return [
        field
        for field in model._meta.local_concrete_fields
        if not getattr(field, "generated", False)
    ]


def _insert(
    model: type[Model], objects: Iterator[Model], connection: Any, progress: Progress
) -> None:
    fields = _fields(model)
    manager = _rows(model, connection.alias)
    size = BATCH
    while batch := list(islice(objects, size)):
        size = max(min(BATCH, connection.ops.bulk_batch_size(fields, batch)), 1)
        for at in range(0, len(batch), size):
            part = batch[at : at + size]
            manager._insert(part, fields=fields, using=connection.alias, raw=True)
            progress(len(part))


# -- tags, and what has no place -----------------------------------------------------------


def _copy_tags(source: str, target: str, made: dict[str, str]) -> tuple[list[str], list[str]]:
    copied, left = [], []
    for name in tags.names(source):
        commit_hash = branches.resolve(name, source)
        if commit_hash in made:
            tags.create(name, made[commit_hash], using=target)
            copied.append(name)
        else:
            left.append(f"tag {name}")
    return copied, left


def _tables_without_a_model(source: str, first: str, heads: dict[str, str]) -> list[str]:
    tables = {
        change.table
        for head in set(heads.values())
        for change in diff(first, head, source)
        if model_of(change.table) is None
    }
    return [f"table {name}" for name in sorted(tables - _OWN)]


_OWN = {"django_migrations", "dolt_ignore", "dolt_nonlocal_tables"}


def _compare(source: str, target: str, branch: str) -> None:
    models = _versioned()
    if branch == conf.DEFAULT_BRANCH:
        models += _shared()
    for model in models:
        names = [field.attname for field in _fields(model)]
        sides = [fingerprint(_rows(model, f"{root}/{branch}"), names) for root in (source, target)]
        if sides[0] != sides[1]:
            raise CopyError(
                f'{model._meta.db_table} on "{branch}" differs from the original: '
                f"{sides[0].rows} rows there, {sides[1].rows} here"
                f"{_example(model, f'{source}/{branch}', f'{target}/{branch}', names)}. "
                "Either someone wrote meanwhile: delete the copy and make it again. Or this "
                "engine can't hold the value (docs/embedded.md); all the rest was copied."
            )


def _example(model: type[Model], there: str, here: str, names: list[str]) -> str:
    """A value that differs, for people; '' when it is whole rows that do."""
    rows = _rows(model, there).values_list("pk", *names).iterator(chunk_size=BATCH)
    while batch := list(islice(rows, BATCH)):
        found = _rows(model, here).filter(pk__in=[row[0] for row in batch])
        copied = {row[0]: row for row in found.values_list("pk", *names)}
        for row in batch:
            for name, old, new in zip(names, row[1:], copied.get(row[0], row)[1:], strict=True):
                if old != new:
                    return f' (for example {name} of "{row[0]}" is {old!r} there, {new!r} here)'
    return ""
