"""Schema changes that keep a Dolt database committable, and shared tables shared."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.ddl_references import Statement
from django.db.backends.mysql.schema import DatabaseSchemaEditor as MySQLSchemaEditor
from django.db.models import Index, Model

from ...shared import is_shared
from ..schema import CommittingEditor
from . import converting, functional
from .leaning import keys_to, leaning_keys
from .statements import classify

logger = logging.getLogger("dolt_router")


class DatabaseSchemaEditor(CommittingEditor, MySQLSchemaEditor):
    """MySQL's editor, where what it did ends as one Dolt commit.

    Inside a migration the commit is left to the migration (see the `migrate` command);
    an editor used by itself commits when it is done.
    """

    classify = staticmethod(classify)

    @contextmanager
    def _defining(self) -> Iterator[None]:
        """What is compiled meanwhile becomes part of a table: see `operations`, `constants`."""
        before, self.connection.is_defining = self.connection.is_defining, True
        try:
            yield
        finally:
            self.connection.is_defining = before

    def db_default_sql(self, field: Any) -> Any:
        # DEFAULT takes a constant as it is, or an expression in brackets.
        with self._defining():
            return super().db_default_sql(field)

    def table_sql(self, model: type[Model]) -> Any:
        with self._defining():
            return super().table_sql(model)

    def add_constraint(self, model: type[Model], constraint: Any) -> None:
        with self._defining():
            super().add_constraint(model, constraint)

    # -- shared tables ------------------------------------------------------------------

    def create_model(self, model: type[Model]) -> None:
        with self._sharing(model, model._meta.db_table):
            super().create_model(model)

    def delete_model(self, model: type[Model]) -> None:
        super().delete_model(model)
        if is_shared(model) and self.connection.is_home and model._meta.managed:
            # Or it could not be made again: CREATE TABLE fails with a pattern in place.
            name = self.quote_value(model._meta.db_table)
            self.execute(f"DELETE FROM dolt_nonlocal_tables WHERE table_name = {name}", None)

    def alter_db_table(self, model: type[Model], old_db_table: str, new_db_table: str) -> None:
        with self._sharing(model, new_db_table):
            super().alter_db_table(model, old_db_table, new_db_table)

    @contextmanager
    def _sharing(self, model: type[Model], table: str) -> Iterator[None]:
        """Keep a shared table out of commits and in sight of every branch.

        The table must be ignored before it exists, or it would be tracked; and may be named
        as nonlocal only after, or CREATE TABLE fails (error 1105). Both before the next
        commit.
        """
        if not (is_shared(model) and self.connection.is_home) or not model._meta.managed:
            yield
            return
        self._insert_pattern("dolt_ignore", "pattern, ignored", table, ("true",))
        yield
        self._insert_pattern(
            "dolt_nonlocal_tables",
            "table_name, target_ref, options",
            table,
            (self.quote_value(self.connection.ref), "'immediate'"),
        )

    def _insert_pattern(self, system: str, columns: str, table: str, rest: tuple[str, ...]) -> None:
        values = ", ".join([self.quote_value(table), *rest])
        self.execute(f"REPLACE INTO {system} ({columns}) VALUES ({values})", None)

    # -- columns ---------------------------------------------------------------------------

    def _alter_column_type_sql(
        self,
        model: type[Model],
        old_field: Any,
        new_field: Any,
        new_type: str,
        old_collation: str | None,
        new_collation: str | None,
    ) -> Any:
        old_type = old_field.db_parameters(connection=self.connection)["type"]
        wrong = not old_field.primary_key and converting.is_wrong(old_type, new_type)
        if wrong:
            table, column = self.quote_name(model._meta.db_table), self.quote_name(new_field.column)
            for sql in converting.statements(table, column, old_type, new_type):
                self.execute(sql, None)
        return super()._alter_column_type_sql(  # type: ignore[misc]
            model, old_field, new_field, new_type, old_collation, new_collation
        )

    def _rename_field_sql(self, table: str, old_field: Any, new_field: Any, new_type: str) -> Any:
        if old_field.column.lower() != new_field.column.lower():
            return super()._rename_field_sql(table, old_field, new_field, new_type)  # type: ignore[misc]
        # RENAME COLUMN to the same name in other letters "already exists"; CHANGE takes it.
        names = [self.quote_name(n) for n in (table, old_field.column, new_field.column)]
        return "ALTER TABLE {} CHANGE {} {} {}".format(
            *names,
            self._set_field_new_type(old_field, new_type),  # type: ignore[attr-defined]
        )

    def _column_generated_sql(self, field: Any) -> tuple[str, Any]:
        # A condition (`a IS NULL`, `a LIKE ...`) is a syntax error without brackets of its own.
        with self._defining():
            sql, params = super()._column_generated_sql(field)  # type: ignore[misc]
        head, _, rest = sql.partition("(")
        expression, _, tail = rest.rpartition(")")
        return f"{head}(({expression})){tail}", params

    # -- indexes over expressions ----------------------------------------------------------

    def _create_index_sql(self, model: type[Model], *, name: Any = None, **options: Any) -> Any:
        plain = super()._create_index_sql(model, name=name, **options)
        if not options.get("expressions"):
            return plain
        return functional.statement(plain, self.connection, name, unique=False)

    def _create_unique_sql(
        self, model: type[Model], fields: Any, name: Any = None, **options: Any
    ) -> Any:
        plain = super()._create_unique_sql(model, fields, name=name, **options)  # type: ignore[misc]
        if plain is None or not options.get("expressions"):
            return plain
        return functional.statement(plain, self.connection, name, unique=True)

    def alter_field(
        self, model: type[Model], old_field: Any, new_field: Any, strict: bool = False
    ) -> None:
        types = [field.db_parameters(self.connection)["type"] for field in (old_field, new_field)]
        # An expression's type comes from its columns'.
        made_anew = (
            functional.over_expressions(model, old_field.name) if len(set(types)) > 1 else []
        )
        for made in made_anew:
            self._remove(model, made)
        super().alter_field(model, old_field, new_field, strict)
        for made in made_anew:
            self._add(getattr(new_field, "model", model), made)

    def _remove(self, model: type[Model], made: Any) -> None:
        (self.remove_index if isinstance(made, Index) else self.remove_constraint)(model, made)

    def _add(self, model: type[Model], made: Any) -> None:
        (self.add_index if isinstance(made, Index) else self.add_constraint)(model, made)

    # -- indexes under foreign keys -------------------------------------------------------

    def execute(self, sql: Any, params: Any = ()) -> None:
        """Send a schema change; one that takes an index away is wrapped.

        A foreign key in Dolt leans on one index by name. MySQL refuses to drop that index,
        or moves the key to another one; Dolt drops or renames it, and then no commit succeeds
        any more ("has entered an invalid state", error 1105). So such keys are dropped before
        and made again after, when they choose an index anew; the commit doesn't tell of that.
        """
        if not self.collect_sql and (parser := _PARSER.search(str(sql))):
            # Dolt has one parser for full text, and answers 1105 to the name of another.
            logger.warning("Dolt has no full-text parser %s; its own is used", parser[1])
            sql = _PARSER.sub("", str(sql))
        if isinstance(sql, Statement):
            with self._defining():
                sql = str(sql)
        text = "" if self.collect_sql else str(sql)
        if match := _COLUMN_GOES.match(text):
            with self.connection.cursor() as cursor:
                functional.refuse_drop(cursor, match["table"], match["column"])
        if match := _TABLE_GOES.match(text):
            self._drop_dangling_keys(match["table"])
        match = _INDEX_GOES.match(text)
        if match is None:
            super().execute(sql, params)
            return
        table = match["table"] or match["on"]
        introspection: Any = self.connection.introspection
        with self.connection.cursor() as cursor:
            keys = leaning_keys(introspection, cursor, table, match["index"])
            after = functional.after_index(cursor, table, match["index"], match["new"])
        after += [key.add_sql() for key in keys]
        for key in keys:
            MySQLSchemaEditor.execute(self, key.drop_sql(), None)
        super().execute(sql, params)
        for text in after:
            MySQLSchemaEditor.execute(self, text, None)

    def _drop_dangling_keys(self, table: str) -> None:
        """With foreign key checks off MySQL lets keys point at a table that is gone.

        Dolt does too, and then no commit succeeds any more ("unable to remove ... since it is
        referenced", error 1105): the keys go with the table.
        """
        introspection: Any = self.connection.introspection
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT @@foreign_key_checks")
            if cursor.fetchone()[0]:
                return
            keys = keys_to(introspection, cursor, table)
        for key in keys:
            MySQLSchemaEditor.execute(self, key.drop_sql(), None)


_TABLE_GOES = re.compile(r"DROP TABLE `(?P<table>[^`]+)`")
_COLUMN_GOES = re.compile(r"ALTER TABLE `(?P<table>[^`]+)` DROP COLUMN `(?P<column>[^`]+)`")
_PARSER = re.compile(r"(?<=\))\s+WITH\s+PARSER\s+(\w+)", re.I)
_INDEX_GOES = re.compile(
    r"(?:ALTER TABLE `(?P<table>[^`]+)` (?:DROP|RENAME) INDEX|DROP INDEX) `(?P<index>[^`]+)`"
    r"(?: ON `(?P<on>[^`]+)`| TO `(?P<new>[^`]+)`)?"
)
