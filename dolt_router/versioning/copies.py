"""A copy of a database in another one, on either engine: the heads of its branches, or all commits.

The engines store history in formats of their own, and neither reads the other's remotes
(docs/embedded.md). So it is rows that go over, as Python values of the models' fields: of every
branch its head, and the commit where it left the default branch, so that branches of the copy
merge as those of the original do. Commits in between stay behind, unless the history is asked for:
then they are made again one by one (`replays`).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Model

from .. import aliases
from ..backends.dolt.migrations import missing_migrations
from ..conf import conf
from ..exceptions import CopyError
from ..shared import is_shared
from . import branches, replays, tags
from .diffs import diff
from .fingerprints import fingerprint
from .points import LogEntry, log_entries, merge_base
from .rows import row_changes
from .session import merging, verb_connection, wrapper_of
from .sharing import status
from .values import model_of
from .written_rows import BATCH, Progress, apply, fields_of, insert, rows_of, shared, versioned


class CopyResult(NamedTuple):
    """What `copy` did; hashes of `branches` are those of the new commits."""

    branches: dict[str, str]  # name -> commit hash
    tags: list[str]
    rows: dict[str, int]  # table -> rows, on the default branch
    left_out: list[str]  # tags of other commits, tables without a model; commits of a history
    commits: dict[str, str]  # hash there -> hash here
    compared: int = 0  # commits of a history whose rows were compared, besides the heads
    migrations: int = 0  # commits of a history that ran some


def copy(
    source: str,
    target: str,
    force: bool = False,
    progress: Progress = lambda done: None,
    history: bool = False,
) -> CopyResult:
    """Copy all branches, and the shared rows, to the database of another alias.

    The copy is compared with the original at the end, row by row. Nobody should write to the
    original meanwhile.

    Args:
        source, target: static aliases. The target is migrated, and has one branch.
        force: replace rows that are in the target.
        progress: told how many rows were written, or commits made.
        history: make every commit again, instead of the heads only. All or nothing.

    Raises:
        CopyError: they are one database; a branch lacks migrations or has uncommitted rows; the
            target has branches, or rows without `force`; the copy isn't equal to the original; a
            commit can't be made again.
    """
    source, target = aliases.default_root(source), aliases.default_root(target)
    home = str(conf.DEFAULT_BRANCH)
    names = [home, *(name for name in branches.names(source) if name != home)]
    _refuse(source, target, names, force)
    heads = {name: branches.resolve(name, source) for name in names}
    how = _copy_history if history else _copy_heads
    result = how(source, target, heads, progress)
    first = _log(home, source)[-1].commit_hash
    left = [*result.left_out, *_tables_without_a_model(source, first, heads)]
    return result._replace(left_out=left)


def _copy_heads(source: str, target: str, heads: dict[str, str], progress: Progress) -> CopyResult:
    home, *others = heads
    _copy_shared(source, target, progress)
    log = _log(home, source)
    first = log[-1].commit_hash
    starts = {name: merge_base(heads[home], heads[name], source) or first for name in others}
    stops = {*starts.values(), heads[home]}
    made: dict[str, str] = {}  # hash there -> hash here
    before = first
    _clear(target, versioned())
    for entry in reversed([entry for entry in log if entry.commit_hash in stops]):
        made[entry.commit_hash] = _replay(source, target, home, before, entry, progress)
        before = entry.commit_hash
    for name in others:
        head = heads[name]
        branches.create(name, made.get(head, made[starts[name]]), target)
        if head not in made:
            entry = _log(name, source, 1)[0]
            made[head] = _replay(source, target, name, starts[name], entry, progress)
    copied, left = _copy_tags(source, target, made)
    for name in heads:
        _compare(source, target, name)
    return _result(target, heads, copied, left, made)


def _copy_history(
    source: str, target: str, heads: dict[str, str], progress: Progress
) -> CopyResult:
    home, *others = heads
    before = branches.resolve(home, target)
    tagged = [branches.resolve(name, source) for name in tags.names(source)]
    entries = replays.history(source, [*heads.values(), *tagged])
    with replays.Replay(source, target, entries) as replay:
        replay.run(progress)
        replay.refuse_lost(heads)
        _copy_shared(source, target, lambda rows: None)
        try:
            _reset(target, home, replay.made[heads[home]])
            for name in others:
                branches.create(name, replay.made[heads[name]], target)
            compared = replay.compare(heads)
            for name in heads:
                _compare(source, target, name, "no branch was copied")
        except BaseException:
            for name in set(branches.names(target)).intersection(others):
                branches.delete(name, force=True, using=target)
            _reset(target, home, before)
            raise
        gone = {left.entry.commit_hash for left in replay.left_out}
        made = {there: here for there, here in replay.made.items() if there not in gone}
        copied, left = _copy_tags(source, target, made)
    if replay.left_out:
        first = replay.left_out[0]
        left.append(
            f"{len(replay.left_out)} commit(s) that the tables of today can't hold; what they "
            f"changed is in the next one. The first is {first}"
        )
    result = _result(target, heads, copied, left, made)
    return result._replace(compared=compared, migrations=len(replay.migrations))


def _result(
    target: str, heads: Iterable[str], copied: list[str], left: list[str], made: dict[str, str]
) -> CopyResult:
    home = f"{target}/{conf.DEFAULT_BRANCH}"
    return CopyResult(
        {name: branches.resolve(name, target) for name in heads},
        copied,
        {model._meta.db_table: rows_of(model, home).count() for model in versioned()},
        left,
        made,
    )


def _reset(target: str, branch: str, commit: str) -> None:
    with verb_connection(branch, target) as connection, connection.cursor() as cursor:
        connection.engine.run(cursor, "dolt_reset", "--hard", commit)


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
    for model in [*versioned(), *shared()]:
        made_by_migrate = model._meta.app_label == "contenttypes" or (
            model._meta.label == "auth.Permission"
        )
        if not made_by_migrate and rows_of(model, f"{target}/{home}").exists():
            raise CopyError(
                f'"{target}" has rows in {model._meta.db_table}. To replace all that it has, '
                "copy with force=True (manage.py dolt copy --force)."
            )


def _log(ref: str, using: str, limit: int | None = None) -> list[LogEntry]:
    with verb_connection(ref, using) as connection, connection.cursor() as cursor:
        return list(islice(log_entries(cursor, ref), limit))


# -- writing ------------------------------------------------------------------------------


def _copy_shared(source: str, target: str, progress: Progress) -> None:
    """All rows of shared tables, with their keys: versioned rows refer to them."""
    there = f"{source}/{conf.DEFAULT_BRANCH}"
    wrapper: Any = wrapper_of(str(conf.DEFAULT_BRANCH), target)
    models = shared()
    with wrapper.constraint_checks_disabled(), transaction.atomic(using=wrapper.alias):
        for model in models:
            rows_of(model, wrapper.alias)._raw_delete(wrapper.alias)
        for model in models:
            names = [field.attname for field in fields_of(model)]
            values = rows_of(model, there).values_list(*names).iterator(chunk_size=BATCH)
            made = (model(**dict(zip(names, row, strict=True))) for row in values)
            insert(model, made, wrapper, progress)


def _clear(target: str, models: Iterable[type[Model]]) -> None:
    """Delete what migrations have put into versioned tables; committed with the first copy."""
    with merging(str(conf.DEFAULT_BRANCH), target) as (connection, _cursor):
        with connection.constraint_checks_disabled():
            for model in models:
                rows_of(model, connection.alias)._raw_delete(connection.alias)


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
                    differing = partial(row_changes, before, after, model, source)
                    apply(model, differing, connection, progress)
        date = entry.date.strftime("%Y-%m-%dT%H:%M:%S")
        said = f"{entry.message}\n\nCopied with what was before it: {source} {after}"
        words = [
            "-A",
            "--allow-empty",
            "-m",
            said,
            "--author",
            replays.author_of(entry),
            "--date",
            date,
        ]
        return str(connection.engine.run(cursor, "dolt_commit", *words)[0])


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


def _compare(source: str, target: str, branch: str, rest: str = "all the rest was copied") -> None:
    models = versioned()
    if branch == conf.DEFAULT_BRANCH:
        models += shared()
    for model in models:
        names = [field.attname for field in fields_of(model)]
        sides = [
            fingerprint(rows_of(model, f"{root}/{branch}"), names) for root in (source, target)
        ]
        if sides[0] != sides[1]:
            raise CopyError(
                f'{model._meta.db_table} on "{branch}" differs from the original: '
                f"{sides[0].rows} rows there, {sides[1].rows} here"
                f"{_example(model, f'{source}/{branch}', f'{target}/{branch}', names)}. "
                "Either someone wrote meanwhile: delete the copy and make it again. Or this "
                f"engine can't hold the value (docs/embedded.md); {rest}."
            )


def _example(model: type[Model], there: str, here: str, names: list[str]) -> str:
    """A value that differs, for people; '' when it is whole rows that do."""
    rows = rows_of(model, there).values_list("pk", *names).iterator(chunk_size=BATCH)
    while batch := list(islice(rows, BATCH)):
        found = rows_of(model, here).filter(pk__in=[row[0] for row in batch])
        copied = {row[0]: row for row in found.values_list("pk", *names)}
        for row in batch:
            for name, old, new in zip(names, row[1:], copied.get(row[0], row)[1:], strict=True):
                if old != new:
                    return f' (for example {name} of "{row[0]}" is {old!r} there, {new!r} here)'
    return ""
