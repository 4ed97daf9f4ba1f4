"""What two refs differ in, row by row: as model fields where there is a model.

Rows are streamed from the server in the order of the primary key, so a diff of a million rows
takes no more memory than one of ten.
https://docs.dolthub.com/sql-reference/version-control/dolt-sql-functions#dolt_diff
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldDoesNotExist

from .. import access, aliases
from ..exceptions import BranchDoesNotExist, DoltServerError
from ..names import validate_ref
from .branches import resolve
from .diffs import diff
from .row_change import (
    ADDED,
    MISSING,
    MODIFIED,
    REMOVED,
    WORKING,
    Column,
    FieldChange,
    Place,
    RowChange,
    Source,
)
from .session import rows_of_stream, verb_connection
from .values import field_of, model_of, reader

if TYPE_CHECKING:
    from django.db.models import Model

    from ..backends.dolt.base import DatabaseWrapper

_EXTRA = {"commit", "commit_date"}  # what Dolt adds to the columns of either side


def row_changes(
    from_ref: str,
    to_ref: str,
    table: str | type[Model],
    using: str | None = None,
    symmetric: bool = False,
    asked: str | None = None,
) -> Iterator[RowChange]:
    """The rows of one table that differ between two refs, streamed in key order.

    `to_ref` may be "WORKING", the working set of the branch `from_ref`.

    Args:
        symmetric: compare with the merge base instead of `from_ref` (git's three dots).
        asked: the branch whose connection is asked, else that of `to_ref`. Who asks for
            thousands of diffs names one, and needn't connect for each. The embedded engine
            knows the columns that this branch has.

    Raises:
        BranchDoesNotExist: a ref isn't there; at the first row that is asked for.
    """
    name = table if isinstance(table, str) else table._meta.db_table
    with _told(from_ref, to_ref, using, asked) as connection:
        sql, refs = _query(connection, from_ref, to_ref, name, symmetric)
        with connection.cursor() as cursor:
            key = _key_columns(cursor, name, from_ref, to_ref)
            sides = _columns_of_sides(cursor, name, from_ref, to_ref)
    with connection.streaming_cursor() as cursor:
        cursor.execute(sql, refs)
        place = Place(from_ref, to_ref, using, symmetric)
        change_of = _reader(connection, name, key, sides, cursor.description, place)
        yield from map(change_of, rows_of_stream(cursor))


def page_of_changes(
    from_ref: str,
    to_ref: str,
    table: str | type[Model],
    limit: int = 100,
    offset: int = 0,
    using: str | None = None,
    symmetric: bool = False,
    asked: str | None = None,
) -> list[RowChange]:
    """`limit` rows of `row_changes` from `offset` on, cut by the server.

    Raises:
        BranchDoesNotExist: a ref isn't there.
    """
    name = table if isinstance(table, str) else table._meta.db_table
    with _told(from_ref, to_ref, using, asked) as connection, connection.cursor() as cursor:
        sql, refs = _query(connection, from_ref, to_ref, name, symmetric)
        key = _key_columns(cursor, name, from_ref, to_ref)
        sides = _columns_of_sides(cursor, name, from_ref, to_ref)
        cursor.execute(f"{sql} LIMIT %s OFFSET %s", [*refs, limit, offset])
        place = Place(from_ref, to_ref, using, symmetric)
        change_of = _reader(connection, name, key, sides, cursor.description, place)
        return [change_of(row) for row in cursor.fetchall()]


@contextmanager
def _told(
    from_ref: str, to_ref: str, using: str | None, asked: str | None = None
) -> Iterator[DatabaseWrapper]:
    """A connection to ask for a diff; when the server misses a ref, the error names it."""
    refs = [validate_ref(ref) for ref in (from_ref, to_ref) if ref != WORKING]
    for ref in refs:
        access.require_open(ref, aliases.default_root(using))
    try:
        near = asked or (from_ref if to_ref == WORKING else to_ref)
        with verb_connection(near, using) as connection:
            yield connection
    except (DoltServerError, BranchDoesNotExist):
        for ref in refs:  # looked up only now: a diff is asked for more often than mistyped
            resolve(ref, using)
        raise


def _query(
    connection: DatabaseWrapper, from_ref: str, to_ref: str, table: str, symmetric: bool
) -> tuple[str, list[str]]:
    if to_ref == WORKING:
        return connection.engine.row_diff(table, ["HEAD", WORKING])
    refs = [f"{from_ref}...{to_ref}"] if symmetric else [from_ref, to_ref]
    return connection.engine.row_diff(table, refs)


def all_changes(
    from_ref: str,
    to_ref: str,
    using: str | None = None,
    tables: Iterable[str] | None = None,
    symmetric: bool = False,
    fold: bool = True,
) -> Iterator[RowChange]:
    """`row_changes` of every table that differs, or of some, table after table.

    Args:
        fold: tell changes of a many-to-many field's own table as changes of the objects that
            have the field: `old` is the set of keys that went, `new` of those that came.

    Raises:
        BranchDoesNotExist: a ref isn't there.
    """
    wanted = None if tables is None else {name.lower() for name in tables}
    differ = [change.table for change in diff(from_ref, to_ref, using, symmetric)]
    links: dict[str, dict[Any, list[FieldChange]]] = {}
    if fold:
        for name in list(differ):
            if (field := _link_field(name)) is not None:
                differ.remove(name)
                owner = field.model._meta.db_table
                if owner not in differ:
                    differ.append(owner)
                rows = row_changes(from_ref, to_ref, name, using, symmetric)
                _add_links(links.setdefault(owner, {}), field, rows)
    for name in sorted(differ):
        if wanted is not None and name.lower() not in wanted:
            continue
        linked = links.get(name, {})
        for row in row_changes(from_ref, to_ref, name, using, symmetric):
            more = linked.pop(row.pk, [])
            yield replace(row, fields=row.fields + more) if more else row
        key_name = _key_name(name)
        for key, changes in linked.items():
            yield RowChange(name, MODIFIED, {key_name: key}, changes)


def _link_field(table: str) -> Any:
    """The many-to-many field whose own table this is; None for any other table."""
    model = model_of(table)
    owner: Any = model._meta.auto_created if model is not None else None
    if not owner:
        return None
    return next(
        (f for f in owner._meta.local_many_to_many if f.remote_field.through is model), None
    )


def _add_links(found: dict[Any, list[FieldChange]], field: Any, rows: Iterable[RowChange]) -> None:
    went: dict[Any, set[Any]] = {}
    came: dict[Any, set[Any]] = {}
    for row in rows:
        values = {change.field: change for change in row.fields}
        own, other = values.get(field.m2m_field_name()), values.get(field.m2m_reverse_field_name())
        if row.kind != REMOVED and own and other:
            came.setdefault(own.new, set()).add(other.new)
        if row.kind != ADDED and own and other:
            went.setdefault(own.old, set()).add(other.old)
    for key in {**went, **came}:
        change = FieldChange(field.name, went.get(key, set()), came.get(key, set()))
        if change.old != change.new:
            found.setdefault(key, []).append(change)


def _key_name(table: str) -> str:
    model = model_of(table)
    return str(model._meta.pk.column) if model is not None and model._meta.pk else "id"


def names_of_related(
    changes: Iterable[RowChange], ref: str, using: str | None = None
) -> dict[tuple[type[Model], Any], str]:
    """What the objects that foreign keys in `changes` point to are called at `ref`.

    Returns:
        `str(object)` by (model, key); objects that don't exist there are left out.
    """
    wanted: dict[type[Model], set[Any]] = {}
    for change in changes:
        model = change.model
        for field in change.fields if model is not None else ():
            related = related_model(model, field.field)
            if related is None:
                continue
            for value in (field.old, field.new):
                keys = value if isinstance(value, set) else {value}
                wanted.setdefault(related, set()).update(
                    key for key in keys if key is not None and key is not MISSING
                )
    alias = aliases.branch_alias(ref, using)
    found: dict[tuple[type[Model], Any], str] = {}
    for related, keys in wanted.items():
        for key, instance in related._base_manager.using(alias).in_bulk(list(keys)).items():
            found[related, key] = str(instance)
    return found


def related_model(model: Any, name: str) -> Any:
    """The model that a field of `model` points to; None for other fields, and without a model."""
    try:
        return None if model is None else model._meta.get_field(name).related_model
    except FieldDoesNotExist:
        return None


def _key_columns(cursor: Any, table: str, from_ref: str, to_ref: str) -> list[str]:
    """The primary key at the new side, or at the old one when the table is gone."""
    for ref in (to_ref, from_ref):
        key: list[str] | None = cursor.db.engine.key_at(cursor, table, ref)
        if key is not None:
            return key
    return []


def _columns_of_sides(cursor: Any, table: str, from_ref: str, to_ref: str) -> dict[str, Any]:
    """The columns of either side, by the prefix that a diff gives them; None: all it shows."""
    return {
        prefix: None if ref == WORKING else cursor.db.engine.columns_at(cursor, table, ref)
        for prefix, ref in (("from_", from_ref), ("to_", to_ref))
    }


def _reader(
    connection: DatabaseWrapper,
    table: str,
    key: list[str],
    sides: dict[str, Any],
    description: Any,
    place: Place,
) -> Callable[[Sequence[Any]], RowChange]:
    """A function from a row of `dolt_diff` to its RowChange, with all look-ups done before."""
    labels = {str(column[0]): at for at, column in enumerate(description)}
    for prefix, columns_then in sides.items():
        if columns_then is not None:
            for label in [each for each in labels if each.startswith(prefix)]:
                if label.removeprefix(prefix) not in columns_then | _EXTRA:
                    del labels[label]
    after = [label[3:] for label in labels if label.startswith("to_")]
    before = [label[5:] for label in labels if label.startswith("from_")]
    columns = []
    for name in dict.fromkeys([*after, *before]):
        known = field_of(table, name)
        if name in _EXTRA or connection.engine.is_unversioned(name, known):
            continue
        columns.append(
            Column(
                name,
                name if known is None else known.name,
                None if known is None else known.attname,
                name in key,
                labels.get(f"from_{name}"),
                labels.get(f"to_{name}"),
                reader(connection, table, name),
            )
        )
    kind_at = labels["diff_type"]

    def change_of(row: Sequence[Any]) -> RowChange:
        kind = row[kind_at]
        fields, values = [], {}
        for name, label, _attname, is_key, old_at, new_at, read in columns:
            old = MISSING if old_at is None else row[old_at]
            new = MISSING if new_at is None else row[new_at]
            if kind == MODIFIED and old == new and not is_key:
                continue
            if read is not None:
                old = old if old is None or old is MISSING else read(old)
                new = new if new is None or new is MISSING else read(new)
            if is_key:
                values[name] = old if kind == REMOVED else new
                if kind == MODIFIED:
                    continue
            fields.append(FieldChange(label, old, new))
        return RowChange(table, kind, values, fields, Source(table, columns, row, place))

    return change_of


__all__ = [
    "MISSING",
    "WORKING",
    "FieldChange",
    "RowChange",
    "all_changes",
    "names_of_related",
    "page_of_changes",
    "related_model",
    "row_changes",
]
