"""Indexes and unique constraints over expressions: `UniqueConstraint(Lower("name"), name=...)`.

Dolt indexes columns alone. MySQL keeps the value of an expression in a hidden, virtual, generated
column, and indexes that: https://dev.mysql.com/doc/refman/8.0/en/create-index.html. So does this,
with columns that introspection and diffs don't show. They are virtual for a reason: when both
sides of a merge change what a *stored* generated column is made of, Dolt keeps the old value in
its indexes (docs/dolt-notes.md), while those of a virtual one are right.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from django.core.exceptions import FieldError
from django.db import NotSupportedError, OperationalError
from django.db.backends.ddl_references import Expressions, Statement
from django.db.models import Model
from django.db.models.expressions import Col, OrderBy
from django.db.models.functions import Collate

PREFIX = "__key_"
TEXTS = {"CharField", "FileField", "FilePathField", "SlugField"}
LENGTH = 768  # characters of a text at least: MySQL's longest key, in the bytes of utf8mb4
DEPENDENT_BY_GENERATED = 3108  # MySQL's ER_DEPENDENT_BY_GENERATED_COLUMN

_SQL = "ALTER TABLE %(table)s %(columns)s"
_BRACKETS = "(%(expressions)s)"
_UNSTEADY = re.compile(
    r"\b(?:RAND|UUID|NOW|SYSDATE|CURDATE|CURTIME|UTC_\w+|LOCALTIME\w*|USER|CURRENT_USER)\("
    r"|\bCURRENT_(?:TIMESTAMP|DATE|TIME)\b(?!`)",
    re.I,
)
_GENERATED = re.compile(r"^\s*`(?P<column>(?:[^`]|``)+)` .*? GENERATED ALWAYS AS (?P<rest>.*)$")


def is_hidden(column: str) -> bool:
    """Whether the column holds the value of an indexed expression."""
    return column.startswith(PREFIX)


def hidden_name(index: str, part: int) -> str:
    """The column of the index's `part`-th expression: the same one on every branch."""
    digest = hashlib.sha256(index.encode()).hexdigest()[:12]
    return f"{PREFIX}{digest}_{part}"


class KeyParts(Expressions):
    """What follows ALTER TABLE: a column for each expression, and the index over them all."""

    def __init__(self, plain: Any, connection: Any, index: str, unique: bool) -> None:
        super().__init__(plain.table, plain.expressions, plain.compiler, plain.quote_value)
        self.connection, self.index, self.unique = connection, index, unique

    def __str__(self) -> str:
        quote = self.connection.ops.quote_name
        added, keys = [], []
        for part, expression in enumerate(self.expressions.get_source_expressions()):
            inner, collation = _unwrapped(expression)
            if isinstance(inner, Col) and collation is None:
                keys.append(quote(inner.target.column))
                continue
            sql, params = self.compiler.compile(inner)
            sql %= tuple(map(self.quote_value, params))
            if _UNSTEADY.search(sql):  # MySQL's error 3758; Dolt would index what it once gave
                raise NotSupportedError(f'Index "{self.index}": {sql} is not always the same.')
            column = quote(hidden_name(self.index, part))
            type_ = _type_of(inner, self.connection, self.index)
            collate = f" COLLATE {collation}" if collation else ""
            added.append(
                f"ADD COLUMN {column} {type_}{collate} GENERATED ALWAYS AS ({sql}) VIRTUAL"
            )
            keys.append(column)
        kind = "UNIQUE INDEX" if self.unique else "INDEX"
        return ", ".join([*added, f"ADD {kind} {quote(self.index)} ({', '.join(keys)})"])


def statement(plain: Statement, connection: Any, index: str, unique: bool) -> Statement:
    """What makes the index that Django's `plain` would make where expressions can be indexed."""
    columns = KeyParts(plain.parts["columns"], connection, index, unique)
    return Statement(_SQL, table=plain.parts["table"], columns=columns)


def _unwrapped(expression: Any) -> tuple[Any, str | None]:
    """The indexed expression and its collation; an order is dropped, Dolt's indexes have none."""
    collation = None
    (inner,) = expression.get_source_expressions()
    while True:
        if isinstance(inner, Collate):
            collation = inner.collation
        elif not isinstance(inner, OrderBy) and getattr(inner, "template", "") != _BRACKETS:
            return inner, collation
        (inner,) = inner.get_source_expressions()


def _type_of(expression: Any, connection: Any, index: str) -> str:
    try:
        field = expression.output_field
    except FieldError as error:
        raise NotSupportedError(
            f'Index "{index}": the type of {expression!r} can\'t be told. Give it an output_field.'
        ) from error
    kind = field.get_internal_type()
    columns = [col.target for col in expression.flatten() if isinstance(col, Col)]
    if kind in ("TextField", "JSONField", "BinaryField"):
        # MySQL's answer is an error too (3753, 3757).
        raise NotSupportedError(
            f'Index "{index}": {expression!r} is a {kind}, which can\'t be indexed. Wrap it in '
            "Cast(..., CharField(max_length=255))."
        )
    if kind in TEXTS:
        # The field of an expression is one of its columns': CONCAT makes more of it.
        return f"varchar({max(LENGTH, sum(field.max_length or 0 for field in columns))})"
    if kind == "DecimalField" and None in (field.max_digits, field.decimal_places):
        return "decimal(65, 30)"
    if hasattr(field, "rel_db_type"):
        return str(field.rel_db_type(connection))
    return str(field.db_type(connection))


def generated_columns(cursor: Any, table: str) -> dict[str, str]:
    """The expressions of the table's generated columns, by their names.

    Only SHOW CREATE TABLE tells of them. Those of stored ones end with the word STORED.
    """
    cursor.execute(f"SHOW CREATE TABLE {cursor.db.ops.quote_name(table)}")
    matches = map(_GENERATED.match, str(cursor.fetchone()[1]).split("\n"))
    return {m["column"].replace("``", "`"): m["rest"].rstrip(", ") for m in matches if m}


def refuse_drop(cursor: Any, table: str, column: str) -> None:
    """See that no generated column needs the one that is to be dropped.

    MySQL refuses it. Dolt doesn't, and then nobody can read the table any more.

    Raises:
        OperationalError: with MySQL's number, 3108.
    """
    if is_hidden(column):
        return
    named = cursor.db.ops.quote_name(column).lower()
    for dependent, expression in generated_columns(cursor, table).items():
        if named not in expression.lower():
            continue
        what = f'the generated column "{dependent}"'
        if is_hidden(dependent):
            what = "an index or a unique constraint over an expression"
        raise OperationalError(
            DEPENDENT_BY_GENERATED,
            f'Column "{column}" of "{table}" can\'t be dropped: {what} is made of it. '
            "Remove that first, in an operation before this one.",
        )


def after_index(cursor: Any, table: str, index: str, new: str | None) -> list[str]:
    """What remains to be done when the index was dropped, or renamed to `new`: SQL statements."""
    quote = cursor.db.ops.quote_name
    cursor.execute(f"SHOW INDEX FROM {quote(table)}")
    columns = [str(row[4]) for row in cursor.fetchall() if row[2] == index and is_hidden(row[4])]
    head = f"ALTER TABLE {quote(table)}"
    if new is None:
        return [f"{head} DROP COLUMN {quote(column)}" for column in columns]
    return [
        f"{head} RENAME COLUMN {quote(column)} TO "
        + quote(hidden_name(new, int(column.rpartition("_")[2])))
        for column in columns
    ]


def over_expressions(model: type[Model], field: str) -> list[Any]:
    """The model's indexes and constraints over expressions that name the field."""
    return [
        made
        for made in [*model._meta.indexes, *model._meta.constraints]
        if any(
            names[0] == field
            for expression in getattr(made, "expressions", ())
            for names in model._get_expr_references(expression)  # type: ignore[attr-defined]
        )
    ]
