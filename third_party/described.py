"""What the models of an app want of the database, and what is there.

Both as `Table`, so that they can be compared: with each other on Dolt, and Dolt's with what
Django's own backend makes on MariaDB.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import connections
from django.db.models import CheckConstraint, ForeignKey, UniqueConstraint
from django.db.models import Model as DjangoModel

from dolt_router.shared import is_shared


@dataclass
class Table:
    """Columns as `{name: "type"}`, with " null" behind where NULL may be; keys by columns."""

    columns: dict[str, str] = field(default_factory=dict)
    primary: list[str] = field(default_factory=list)
    unique: list[list[str]] = field(default_factory=list)
    indexes: list[list[str]] = field(default_factory=list)
    foreign_keys: list[list[Any]] = field(default_factory=list)  # [columns, table, column]
    checks: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)  # of indexes and constraints named in Meta


def models_of(labels: list[str]) -> list[type[DjangoModel]]:
    """The models of these apps that have a table of their own, many-to-many ones included."""
    found = []
    for label in labels:
        for model in apps.get_app_config(label).get_models(include_auto_created=True):
            if model._meta.managed and not model._meta.proxy and not model._meta.swapped:
                found.append(model)
    return found


def wanted(model: type[DjangoModel], alias: str) -> Table:
    """The table as the model's fields and Meta describe it."""
    connection, meta, table = connections[alias], model._meta, Table()
    is_dolt = hasattr(connection, "one_dolt_commit")
    for each in meta.local_concrete_fields:
        column = str(each.column)
        type_ = _plain_type(each.db_type(connection) or "")
        if getattr(connection, "mysql_is_mariadb", False):
            type_ = re.sub(r"^json\b", "longtext", type_)
        table.columns[column] = type_ + (" null" if each.null else "")
        if each.primary_key:
            table.primary = [column]
        elif each.unique:
            table.unique.append([column])
        elif each.db_index:
            table.indexes.append([column])
        if isinstance(each, ForeignKey) and each.db_constraint:
            other = each.remote_field.model
            # Between versioned and shared tables there is no constraint: how-it-works.md.
            if not (is_dolt and is_shared(other) != is_shared(model)):
                target = each.target_field.column
                table.foreign_keys.append([[column], other._meta.db_table, target])
    pk = meta.pk
    if pk is not None and not table.primary:  # a composite key
        table.primary = [f.column for f in getattr(pk, "fields", [])]
    for names in meta.unique_together:
        table.unique.append([str(meta.get_field(name).column) for name in names])
    for index in meta.indexes:
        if not index.expressions and not index.condition:
            table.indexes.append([str(meta.get_field(name).column) for name in _fields(index)])
            table.names.append(index.name)
    for constraint in meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            if not constraint.condition and not constraint.expressions:
                columns = [str(meta.get_field(name).column) for name in constraint.fields]
                table.unique.append(columns)
                table.names.append(constraint.name)
        elif isinstance(constraint, CheckConstraint):
            table.checks.append(constraint.name)
    return table


def _fields(index: Any) -> list[str]:
    return [name.lstrip("-") for name in index.fields]


def found(name: str, alias: str) -> Table:
    """The table as introspection of the alias gives it."""
    connection, table = connections[alias], Table()
    introspection: Any = connection.introspection
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW COLUMNS FROM {connection.ops.quote_name(name)}")
        types = {row[0]: _plain_type(_text(row[1])) for row in cursor.fetchall()}
        for info in introspection.get_table_description(cursor, name):
            table.columns[info.name] = types[info.name] + (" null" if info.null_ok else "")
        relations = introspection.get_relations(cursor, name)
        for constraint, entry in introspection.get_constraints(cursor, name).items():
            columns = list(entry["columns"])
            table.names.append(constraint)
            if entry["primary_key"]:
                table.primary = columns
            elif entry["unique"]:
                table.unique.append(columns)
            elif entry["index"]:
                table.indexes.append(columns)
            if entry["check"]:
                table.checks.append(constraint)
            if entry["foreign_key"]:
                other, column = entry["foreign_key"]
                table.foreign_keys.append([columns, other, column])
                if tuple(relations.get(columns[0], ())[:2]) != (column, other):
                    raise AssertionError(f"{name}.{constraint}: get_relations says otherwise")
    return table


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


_ALIASES = {"bool": "tinyint(1)", "numeric": "decimal", "double precision": "double"}


def _plain_type(type_: str) -> str:
    """A column type without its display width, as both servers and Django would spell it."""
    text = type_.lower().replace("auto_increment", "").replace(", ", ",").strip()
    text = re.sub(r"^integer\b", "int", text)
    text = re.sub(r"^(bool|numeric|double precision)\b", lambda m: _ALIASES[m[1]], text)
    text = re.sub(r"\b((?:small|medium|big)?int)\(\d+\)", r"\1", text)
    return re.sub(r" (?:character set|collate) \S+", "", text)


def missing(model: type[DjangoModel], alias: str) -> list[str]:
    """What the model's table lacks, or has otherwise; one sentence each."""
    name = model._meta.db_table
    connection = connections[alias]
    with connection.cursor() as cursor:
        tables = {table.lower() for table in connection.introspection.table_names(cursor)}
    if name.lower() not in tables:
        return [f"{name}: no such table"]
    want, have, told = wanted(model, alias), found(name, alias), list[str]()
    for column, type_ in want.columns.items():
        if column not in have.columns:
            told.append(f"{name}.{column}: no such column")
        elif have.columns[column] != type_:
            told.append(f"{name}.{column}: is {have.columns[column]}, not {type_}")
    told += [f"{name}.{column}: is too many" for column in set(have.columns) - set(want.columns)]
    if want.primary != have.primary:
        told.append(f"{name}: primary key is {have.primary}, not {want.primary}")
    for columns in want.unique:
        if columns not in have.unique and columns != have.primary:
            told.append(f"{name}: {columns} is not unique")
    for columns in want.indexes:
        if columns not in have.indexes + have.unique and not any(
            each[: len(columns)] == columns for each in have.indexes + have.unique + [have.primary]
        ):
            told.append(f"{name}: no index on {columns}")
    for key in want.foreign_keys:
        if key not in have.foreign_keys:
            told.append(f"{name}: no foreign key {key}")
    for key in have.foreign_keys:
        if key not in want.foreign_keys:
            told.append(f"{name}: foreign key {key} is too many")
    for columns in have.unique:
        if columns not in want.unique:
            told.append(f"{name}: {columns} is unique and should not be")
    for constraint in want.names + want.checks:
        if constraint not in have.names:
            told.append(f"{name}: no {constraint}")
    return told


def differences(ours: dict[str, Any], theirs: dict[str, Any], shared: set[str]) -> list[str]:
    """Where tables on Dolt differ from those that MySQL's backend made, as `{name: vars}`.

    A foreign key between a versioned and a shared table is a plain index here. And the index
    that comes with a foreign key goes by itself on MySQL when another one serves as well.
    """
    told = [f"{name}: only here" for name in sorted(ours.keys() - theirs.keys())]
    told += [f"{name}: only there" for name in sorted(theirs.keys() - ours.keys())]
    for name in sorted(ours.keys() & theirs.keys()):
        here, there = dict(ours[name]), dict(theirs[name])
        soft = [key for key in there["foreign_keys"] if key[1].lower() in shared]
        if name.lower() not in shared:
            there["foreign_keys"] = [key for key in there["foreign_keys"] if key not in soft]
            plain = [columns for columns, _other, _column in soft]
            for side in (here, there):
                side["indexes"] = [each for each in side["indexes"] if each not in plain]
        for part in ("columns", "primary", "unique", "indexes", "foreign_keys", "checks"):
            one, other = _comparable(part, here), _comparable(part, there)
            if part == "indexes":
                longer = [tuple(each) for each in here["indexes"] + here["unique"]]
                one = {
                    key
                    for key in one
                    if key in other
                    or not any(each[: len(key)] == key and each != key for each in longer)
                }
            if part == "checks":  # MariaDB has some of its own, on columns of JSON
                other &= one
            if one != other:
                told.append(
                    f"{name} {part}: {sorted(map(str, one - other))} here, "
                    f"{sorted(map(str, other - one))} there"
                )
    return told


def _comparable(part: str, table: dict[str, Any]) -> set[Any]:
    value = table[part]
    if part == "columns":
        # MariaDB has a type of its own for UUIDs, and none for JSON.
        named = {"uuid": "char(32)", "json": "longtext"}
        plain = (f"{name} {type_}" for name, type_ in value.items())
        return {re.sub(r" (uuid|json)\b", lambda m: " " + named[m[1]], text) for text in plain}
    if part == "checks":
        # Those of fields are named by Django or the server; MariaDB has some for JSON.
        return {
            name for name in value if not re.search(r"_chk_|^__unnamed_|_[0-9a-f]{8}_check$", name)
        } - set(table["columns"])
    if part == "primary":
        return {tuple(value)}
    if part == "foreign_keys":
        return {(tuple(columns), other.lower(), column) for columns, other, column in value}
    return {tuple(columns) for columns in value}
