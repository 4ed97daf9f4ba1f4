"""One object as it was at any commit: its columns then, as the fields of its model now.

Rows are read by `SELECT ... AS OF <commit> WHERE <primary key>`, a look-up by index each.
`dolt_history_<t>` and `dolt_diff_<t>` would be one query, and are not used: once a column was
dropped, `dolt_history_<t>` answers a look-up by key with the values of other columns, or with
error 1105; `dolt_diff_<t>` leaves commits out where branches were merged, says NULL for a
renamed column, and ends where the type of the primary key changed.
https://docs.dolthub.com/sql-reference/version-control/querying-history#as-of-queries
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple

from django.db import DatabaseError
from django.db.models import Field, Model
from django.utils.translation import gettext_noop as _

from ..exceptions import DoltRouterError, worded
from ..shared import shared_tables
from .branches import resolve
from .points import Place, quoted
from .rows import MISSING
from .session import database_connection

Values = dict[str, Any]  # by field name; sets of keys for many-to-many fields

_NAME = r"`((?:[^`]|``)+)`"
_RENAMED_COLUMN = re.compile(rf"ALTER TABLE {_NAME} RENAME COLUMN {_NAME} TO {_NAME}")
_RENAMED_TABLE = re.compile(rf"RENAME TABLE {_NAME} TO {_NAME}")


class _Names(NamedTuple):
    """What a table and its columns were called at a commit, by their names of now."""

    table: str
    columns: dict[str, str]


class _KeySet(NamedTuple):
    """A many-to-many field of the object's: a set of keys in its through table."""

    name: str
    table: str
    source_column: str
    source: str  # name of the field of the object that the through table points to
    target_column: str
    target: Field[Any, Any]


def key_sets(model: type[Model]) -> list[_KeySet]:
    """The many-to-many fields of a model and its parents whose tables are versioned."""
    found = []
    for field in model._meta.many_to_many:
        through: Any = field.remote_field.through
        if through._meta.db_table.lower() in shared_tables():
            continue
        source = through._meta.get_field(field.m2m_field_name())
        target = through._meta.get_field(field.m2m_reverse_field_name())
        found.append(
            _KeySet(
                field.name,
                through._meta.db_table,
                source.column,
                source.target_field.name,
                target.column,
                target.target_field,
            )
        )
    return found


def tables_of(model: type[Model]) -> list[str]:
    """The tables that a model's objects are stored in: parents' and through tables included."""
    concrete = model._meta.concrete_model or model
    parents = [parent._meta.db_table for parent in concrete._meta.get_parent_list()]
    own = [concrete._meta.db_table, *parents, *(keys.table for keys in key_sets(concrete))]
    return list(dict.fromkeys(own))


def refuse_unversioned(model: type[Model]) -> None:
    """Refuse a model whose rows have no history.

    Raises:
        DoltRouterError: its app is in SHARED_APPS.
    """
    if model._meta.db_table.lower() in shared_tables():
        raise DoltRouterError(
            f"{model._meta.label} is shared (SHARED_APPS): its rows are not versioned and have "
            "no history. Django's admin log tells who changed it."
        )


class ObjectRows:
    """Reads one object at any commit.

    Args:
        connection, cursor: of a verb, on any branch.
        named_at: a commit whose tables and columns are called as the model has it: the
            head of the branch the object is on.
    """

    def __init__(
        self, model: type[Model], pk: Any, connection: Any, cursor: Any, named_at: str
    ) -> None:
        refuse_unversioned(model)
        self.model: type[Model] = model._meta.concrete_model or model
        self.pk = pk
        self.connection = connection
        self.cursor = cursor
        self.named_at = named_at
        self.tables = tables_of(self.model)  # grows by former names when they are met
        self._renames: dict[tuple[str, ...], _Names] = {}
        # Where a table was last found, and what it was called there: names are compared with
        # those, since over many changes at once Dolt may take a renamed table for a new one.
        self._found: dict[str, tuple[str, _Names]] = {}
        self._seen: dict[str, Values | None] = {}
        self._ahead: dict[tuple[str, Any, str], list[Values]] = {}  # see `fetch`
        self._converters: dict[Any, tuple[Any, list[Any]]] = {}

    @cached_property
    def _key_sets(self) -> list[_KeySet]:
        return key_sets(self.model)

    def at(self, commit: str) -> Values | None:
        """The object's values at a commit, by field name; None when it did not exist."""
        if commit not in self._seen:
            values = self._read(self.model, self.pk, commit)
            if values is not None:
                for keys in self._key_sets:
                    values[keys.name] = self._read_keys(keys, values[keys.source], commit)
            self._seen[commit] = values
        return self._seen[commit]

    def fetch(self, commits: Sequence[str]) -> None:
        """Read the object at many commits at once: one query a table instead of one a commit.

        For `at`, which then finds them. What can't be read so (the table was another then) is
        left for it to read.
        """
        options: Any = self.model._meta
        engine = self.connection.engine
        wanted = [commit for commit in dict.fromkeys(commits) if commit not in self._seen]
        if len(wanted) < 4 or not engine.reads_many_refs or len(_key_fields(options)) > 1:
            return
        # A UNION gives the values of all one type: the tables must have been the same.
        reshaped = engine.schema_diff(self.cursor, [wanted[-1], wanted[0]])
        if {name for name, _, _ in reshaped} & set(self.tables):
            half = len(wanted) // 2
            self.fetch(wanted[:half])
            self.fetch(wanted[half:])
            return
        key = options.pk.get_db_prep_value(self.pk, self.connection)
        for model in [self.model, *options.get_parent_list()]:
            own = [field.column for field in model._meta.local_concrete_fields]
            self._fetch(model._meta.db_table, model._meta.pk.column, key, own, wanted)
        for keys in self._key_sets:
            if keys.source == options.pk.name:
                table, column = keys.table, keys.source_column
                self._fetch(table, column, self.pk, [keys.target_column], wanted)

    def _fetch(
        self, table: str, column: str, key: Any, columns: list[str], commits: Sequence[str]
    ) -> None:
        if self._last_found(table)[1] != _Names(table, {}):
            return
        parts, values = [], []
        shown = ", ".join(quoted(each) for each in columns)
        for at, commit in enumerate(commits):
            then, refs = self.connection.engine.table_at(table, commit)
            parts.append(f"SELECT {at}, {shown} FROM {then} WHERE {quoted(column)} = %s")
            values += [*refs, key]
        try:
            self.cursor.execute(" UNION ALL ".join(parts), values)
        except DatabaseError:  # not there, or not so, at one of them
            return
        found: dict[str, list[Values]] = {commit: [] for commit in commits}
        for at, *row in self.cursor.fetchall():
            found[commits[int(at)]].append(dict(zip(columns, row, strict=True)))
        self._ahead.update({(table, key, commit): rows for commit, rows in found.items()})

    def _read(self, model: type[Model], key: Any, commit: str) -> Values | None:
        options: Any = model._meta
        fields = _key_fields(options)
        wanted = dict(
            zip(
                [field.column for field in fields],
                [
                    field.get_db_prep_value(value, self.connection)
                    for field, value in zip(fields, key if len(fields) > 1 else [key], strict=True)
                ],
                strict=True,
            )
        )
        local = options.local_concrete_fields
        rows = self._select(options.db_table, wanted, [f.column for f in local], commit)
        if not rows:
            return None
        values = {field.name: self.to_python(field, rows[0][field.column]) for field in local}
        for parent, link in options.parents.items():
            if link is not None:
                above = self._read(parent, values[link.name], commit)
                if above is None:
                    above = {field.name: MISSING for field in parent._meta.concrete_fields}
                values = {**above, **values}
        return values

    def _read_keys(self, keys: _KeySet, source: Any, commit: str) -> Any:
        wanted = {keys.source_column: source}
        rows = self._select(keys.table, wanted, [keys.target_column], commit)
        if rows is None:
            return MISSING
        return frozenset(self.to_python(keys.target, row[keys.target_column]) for row in rows)

    def to_python(self, field: Any, raw: Any) -> Any:
        """A value of the driver's as the field gives it; as it is when the field can't.

        It can't when the column had another type then.
        """
        if raw is MISSING:
            return raw
        if field not in self._converters:
            column = field.get_col(field.model._meta.db_table)  # a foreign key's is of its target
            self._converters[field] = (
                column,
                [
                    *self.connection.ops.get_db_converters(column),
                    *column.get_db_converters(self.connection),
                ],
            )
        column, converters = self._converters[field]
        value = raw
        try:
            for convert in converters:
                value = convert(value, column, self.connection)
            if type(value) is str and not hasattr(column.output_field, "from_db_value"):
                value = column.output_field.to_python(value)
            return value
        except Exception:
            return raw

    # -- the row then, whatever its table and columns were called ------------------------

    def _select(
        self, table: str, wanted: Values, columns: list[str], commit: str
    ) -> list[Values] | None:
        """The rows then, by column names of now; None when there was no such table."""
        _, names = self._last_found(table)
        ahead = self._ahead.get((table, *wanted.values(), commit)) if len(wanted) == 1 else None
        if ahead is not None and names == _Names(table, {}):
            self._found[table] = commit, names
            return ahead
        answer = self._select_as_of(names, wanted, commit)
        if answer is None:
            names = self._renamed(table, commit)
            answer = self._select_as_of(names, wanted, commit)
            if answer is None:
                return None
        there, rows = answer
        if any(names.columns.get(column, column) not in there for column in columns):
            key = (table, *there)
            if key not in self._renames:
                self._renames[key] = self._renamed(table, commit)
            names = self._renames[key]
        self._found[table] = commit, names
        return [{column: _value(row, names, column) for column in columns} for row in rows]

    def _select_as_of(
        self, names: _Names, wanted: Values, commit: str
    ) -> tuple[list[str], list[Values]] | None:
        where = " AND ".join(f"{quoted(names.columns.get(c, c))} = %s" for c in wanted)
        quoted(names.table)
        engine = self.connection.engine
        then, refs = engine.table_at(names.table, commit)
        try:
            self.cursor.execute(f"SELECT * FROM {then} WHERE {where}", [*refs, *wanted.values()])
        except DatabaseError as error:
            if any(
                engine.speaks_of_missing_names(each) for each in (error, error.__cause__) if each
            ):
                return None
            raise
        shown = [column[0] for column in self.cursor.description]
        rows = [dict(zip(shown, row, strict=True)) for row in self.cursor.fetchall()]
        known = engine.columns_at(self.cursor, names.table, commit)
        if known is None:
            return shown, rows
        there = [name for name in shown if name in known]
        return there, [{name: row[name] for name in there} for row in rows]

    def _last_found(self, table: str) -> tuple[str, _Names]:
        return self._found.get(table) or (self.named_at, _Names(table, {}))

    def _renamed(self, table: str, commit: str) -> _Names:
        found_at, names = self._last_found(table)
        then, former = quoted(names.table)[1:-1], {}
        engine = self.connection.engine
        for statement in engine.renames_between(self.cursor, commit, found_at, names.table):
            if renamed := _RENAMED_TABLE.match(statement):
                then = renamed[1]
                self.tables = list(dict.fromkeys([*self.tables, then]))
            elif renamed := _RENAMED_COLUMN.match(statement):
                former[renamed[3]] = renamed[2]
        # A column that has the name now which another one had then is no column of then.
        others = dict.fromkeys(former.values(), "")
        columns = {now: former.get(name, name) for now, name in names.columns.items()}
        return _Names(then, {**others, **former, **columns})


def _key_fields(options: Any) -> list[Any]:
    return getattr(options, "pk_fields", None) or [options.pk]


def _value(row: Values, names: _Names, column: str) -> Any:
    then = names.columns.get(column, column)
    if then and then not in row:
        then = column  # one of this name was dropped, and made again under another name
    return row.get(then, MISSING)


def _key_of(obj: Model) -> Any:
    if obj.pk is None:
        raise ValueError(
            f"This {obj._meta.verbose_name} has no primary key: it was not saved, or was deleted "
            f"through this instance. Name it by its key: {type(obj).__name__}(pk=...)."
        )
    return obj.pk


@contextmanager
def rows_of(obj: Model, place: Place) -> Iterator[ObjectRows]:
    """The object's rows at any commit, its columns called as they are at the place's head."""
    key = _key_of(obj)
    head = resolve(place.ref, place.root)
    with database_connection(place.root) as connection, connection.cursor() as cursor:
        yield ObjectRows(type(obj), key, connection, cursor, head)


def not_there(obj: Model, where: object) -> Any:
    """The sentence that says so, translated when it is shown."""
    text = _(
        '%(model)s %(key)s does not exist at "%(where)s". Its history tells when it did: '
        "manage.py dolt history %(label)s %(key)s"
    )
    about = obj._meta
    return worded(text, model=about.verbose_name, key=obj.pk, where=where, label=about.label)
