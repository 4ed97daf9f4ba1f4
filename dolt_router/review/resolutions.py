"""Choices for conflicts, kept until the merge is made.

A choice is for three values of a row: its base, ours (the target's) and theirs (the source's). It
counts as long as all three are what they were; when a branch moved on and changed that row, it is
chosen anew. Whoever resolves with somebody else sees the other's choices; the last one counts.

What was approved is merged as it is. So conflicts with a branch that takes pull requests only are
resolved on the source: the target is merged into it, and what comes of that is reviewed again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils.translation import gettext as _

from dolt_router import aliases
from dolt_router.access import acting_as, require
from dolt_router.exceptions import PullRequestForbidden
from dolt_router.versioning.clashes import OTHER_SIDE, Clashes, Heads, WholeTables
from dolt_router.versioning.conflicts import (
    UNRESOLVED,
    RowConflict,
    conflicts,
    fingerprint,
    key_text,
)
from dolt_router.versioning.merges import MergeResult
from dolt_router.versioning.merges import merge as merge_branches
from dolt_router.visibility import may_view
from dolt_router.wording import user_author

from .models import Resolution
from .rules import demand_of

Choice = Any  # as `versioning.conflicts.Resolution`: a side, a mapping of values, None
Place = tuple[str, str]


def place_of(conflict: RowConflict) -> Place:
    """What `load` calls a row: its table, and its key as a text."""
    return conflict.table, key_text(conflict.key)


def save(
    source: str,
    into: str,
    conflict: RowConflict,
    choice: Choice,
    user: Any,
    using: str | None = None,
    heads: Heads | None = None,
) -> Resolution:
    """Keep a choice for a row that merging `source` into `into` conflicts in.

    Args:
        choice: "ours", "theirs", None (the row is to go), or a mapping of fields to values.
        heads: the commits that `conflict` was read from; those of now when left out.

    Raises:
        ValueError: the choice isn't one, or names a column that doesn't exist.
        PullRequestForbidden: nobody is logged in, or the model isn't theirs to see.
        BranchForbidden: a branch isn't theirs to read.
    """
    root = aliases.default_root(using)
    _require_reader(user, conflict.table, (source, into), root)
    conflict.resolved(choice)
    table, key = place_of(conflict)
    values = {"fingerprint": fingerprint(conflict), "user": user}
    values["heads"] = str(heads or Clashes(source, into, root).heads)
    with transaction.atomic(using=aliases.default_alias()):
        forget(source, into, using, conflict)
        return Resolution.objects.create(
            database=root,
            source=source,
            into=into,
            table=table,
            key=key,
            choice=_stored(conflict, choice),
            **values,
        )


def save_table(
    source: str, into: str, table: str, side: str, user: Any, heads: Heads, using: str | None = None
) -> Resolution:
    """Keep "ours" or "theirs" for all rows of a table, in the place of the choices for some.

    Args:
        heads: the commits that were looked at.

    Raises:
        ValueError: `side` isn't one.
        PullRequestForbidden, BranchForbidden: as `save`.
    """
    if side not in OTHER_SIDE:
        raise ValueError(f"Resolve with 'ours' or 'theirs': {side!r}")
    root = aliases.default_root(using)
    _require_reader(user, table, (source, into), root)
    with transaction.atomic(using=aliases.default_alias()):
        kept(source, into, using).filter(table=table).delete()
        return Resolution.objects.create(
            database=root,
            source=source,
            into=into,
            table=table,
            choice=side,
            heads=str(heads),
            user=user,
        )


def _require_reader(user: Any, table: str, branches: Iterable[str], root: str) -> None:
    if not getattr(user, "is_authenticated", False):
        raise PullRequestForbidden(_("Log in to resolve conflicts."))
    if not may_view(user, table):
        raise PullRequestForbidden(_("You may not see these objects."))
    with acting_as(user):
        for branch in branches:
            require("read", branch, root)


def forget(
    source: str, into: str, using: str | None = None, conflict: RowConflict | None = None
) -> None:
    """Drop the choice for one row, or all for this pair of branches."""
    found = kept(source, into, using)
    if conflict is not None:
        table, key = place_of(conflict)
        found = found.filter(table=table, key=key)
    found.delete()


def kept(source: str, into: str, using: str | None = None) -> Any:
    """All that is kept for merging `source` into `into`, whether it fits still or not."""
    root = aliases.default_root(using)
    return Resolution.objects.filter(database=root, source=source, into=into)


def load(
    source: str,
    into: str,
    using: str | None = None,
    rows: Iterable[RowConflict] | None = None,
) -> dict[Place, Choice]:
    """The choices that count still, by `place_of` their conflicts.

    Args:
        rows: the conflicts to look at, when the caller has them; else all are looked up.
    """
    if not kept(source, into, using).exists():
        return {}
    chosen = _chosen(Clashes(source, into, using))
    found: dict[Place, Choice] = {}
    for conflict in conflicts(source, into, using) if rows is None else rows:
        choice = chosen(conflict)
        if choice != UNRESOLVED:
            found[place_of(conflict)] = choice
    return found


def _chosen(clashes: Clashes, is_turned: bool = False) -> WholeTables:
    """What is kept, as `versioning.merge` takes it."""
    found = list(kept(clashes.source, clashes.into, clashes.root).order_by("pk"))
    # The newest of a row counts, should two have been kept at the same moment.
    single = {(each.table, each.key): each for each in found if each.key}
    keys: dict[str, set[str]] = {}
    for table, key in single:
        keys.setdefault(table, set()).add(key)

    def choice(conflict: RowConflict) -> Choice:
        return _turned(single, conflict) if is_turned else _choice_for(single, conflict)

    return WholeTables(clashes, whole_tables(clashes, found), choice, keys, is_turned)


def whole_tables(
    clashes: Clashes, found: Iterable[Resolution]
) -> dict[str, tuple[str, frozenset[str]]]:
    """By table, the side that is kept for all of it, and the rows that changed since."""
    whole = {}
    for each in found:
        then = None if each.key else Heads.read(each.heads)
        changed = None if then is None else clashes.changed_since(each.table, then)
        if changed is not None:
            whole[each.table] = (str(each.choice), changed)
    return whole


def _choice_for(single: dict[Place, Resolution], conflict: RowConflict) -> Choice:
    each = single.get(place_of(conflict))
    return UNRESOLVED if each is None else choice_of(each, conflict)


def choice_of(each: Resolution, conflict: RowConflict) -> Choice:
    """What is kept, when it is for this row as it is; UNRESOLVED for another."""
    if each.fingerprint != fingerprint(conflict):
        return UNRESOLVED
    return _read(conflict, each.choice)


def _stored(conflict: RowConflict, choice: Choice) -> Any:
    """The choice as JSON: a side's name, None, or `{column: text}`."""
    if choice is None or isinstance(choice, str):
        return choice
    return {name: _written(conflict, name, value) for name, value in choice.items()}


def _written(conflict: RowConflict, name: str, value: Any) -> Any:
    field = _field_of(conflict, name)
    if field is None or value is None:
        return json.loads(json.dumps(value, cls=DjangoJSONEncoder))
    holder = field.model()
    setattr(holder, field.attname, field.to_python(value))
    return field.value_to_string(holder)


def _read(conflict: RowConflict, stored: Any) -> Choice:
    if not isinstance(stored, dict):
        return stored
    values = {}
    for name, value in stored.items():
        field = _field_of(conflict, name)
        values[name] = value if field is None or value is None else field.to_python(value)
    return values


def _field_of(conflict: RowConflict, name: str) -> Any:
    model = conflict.model
    if model is None:
        return None
    for field in model._meta.local_fields:
        if name in (field.name, field.column):
            return field
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def goes_to(source: str, into: str, user: Any, using: str | None = None) -> str:
    """The branch that `merge` writes to: `into`, or `source` where the rules want a review."""
    demand = demand_of(into, aliases.default_root(using), user, fresh=True)
    return source if demand.needs_pull_request else into


def merge(source: str, into: str, user: Any, using: str | None = None) -> MergeResult:
    """Merge with the choices that are kept, in the name of `user`; see `goes_to`.

    Raises:
        MergeConflict: rows without a choice, or whose values have changed since; nothing was
            written.
        BranchForbidden and what else `versioning.merge` raises.
    """
    on = goes_to(source, into, user, using)
    chosen = _chosen(Clashes(source, into, using), is_turned=on != into)
    with acting_as(user):
        if on == into:
            result = merge_branches(
                source,
                into,
                author=user_author(user),
                using=using,
                resolve=chosen,
            )
        else:
            result = merge_branches(
                into,
                source,
                message=_("Resolve conflicts with “%(target)s”") % {"target": into},
                author=user_author(user),
                using=using,
                resolve=chosen,
            )
    forget(source, into, using)
    return result


def _turned(single: dict[Place, Resolution], conflict: RowConflict) -> Choice:
    """The choice for a conflict of the opposite merge, whose ours and theirs are exchanged."""
    as_chosen = replace(conflict, ours=conflict.theirs, theirs=conflict.ours)
    choice = _choice_for(single, as_chosen)
    if isinstance(choice, str):
        return OTHER_SIDE.get(choice, choice)
    if choice is None:
        return None
    # Fields that are left out stay as they are on the target: which isn't "ours" here.
    columns = {_column(as_chosen, name) for name in choice}
    left_out = {f.field: f.ours for f in as_chosen.fields if f.field not in columns}
    return left_out | choice


def _column(conflict: RowConflict, name: str) -> str:
    field = _field_of(conflict, name)
    return name if field is None else str(field.column)
