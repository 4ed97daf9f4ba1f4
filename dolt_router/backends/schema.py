"""What a schema editor does on either engine: it ends as one Dolt commit, and keeps keys soft."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Field, Model

from ..shared import is_shared
from .dolt.statements import Kind, Statement

_WHOLE_TABLE = re.compile(r"\s*(create|drop) table\b", re.I)


@contextmanager
def soft_keys(model: type[Model], *fields: Any, among_shared: bool = True) -> Iterator[None]:
    """Treat keys from and to a shared table as `db_constraint=False`.

    Between a versioned and a shared table the database could not keep such a promise. A user
    deleted on the default branch is not held by the rows of other branches; and on a server the
    row is checked against the snapshot with which the branch's transaction began (a user made by
    the same request is not in it, error 1452).

    Between two shared tables it would cost rows: of two transactions at once that write to a
    nonlocal table with a foreign key, Dolt keeps the one that commits last, and silently drops
    what the other had written to that table (docs/dolt-notes.md). With `among_shared` False such
    keys stay: the embedded engine has these tables in a file of plain SQLite.

    Django's own on_delete rules work as ever.
    """
    changed = []
    for field in fields:
        remote = getattr(field, "remote_field", None)
        if remote is None or not getattr(field, "db_constraint", False):
            continue
        other = remote.model
        if isinstance(other, str):
            continue
        shared = is_shared(model), is_shared(other)
        if any(shared) and (among_shared or not all(shared)):
            changed.append(field)
            field.db_constraint = False
    try:
        yield
    finally:
        for field in changed:
            field.db_constraint = True


class CommittingEditor(BaseDatabaseSchemaEditor):
    """A schema editor whose work is one Dolt commit.

    Inside a migration the commit is left to the migration (see the `migrate` command); an
    editor used by itself commits when it is done.
    """

    classify: Callable[[str], Statement]  # of the engine

    def _soft_keys(self, model: type[Model], *fields: Any) -> AbstractContextManager[None]:
        return soft_keys(model, *fields, among_shared=self.connection.engine.shared_keys_lose_rows)

    def __enter__(self) -> Any:
        self._scope = ExitStack()
        if not self.collect_sql:
            self._changed: dict[str, str] = {}  # tables, and the last verb about each
            self._scope.enter_context(self.connection.one_dolt_commit(self._message))
        try:
            return super().__enter__()
        except BaseException:
            self._scope.__exit__(*sys.exc_info())
            raise

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        try:
            super().__exit__(exc_type, exc_value, traceback)
        except BaseException:
            self._scope.__exit__(*sys.exc_info())
            raise
        self._scope.__exit__(exc_type, exc_value, traceback)

    def _message(self) -> str:
        told = [f"{verb} {table}" for table, verb in self._changed.items()]
        text = ", ".join(told[:3]) + (", ..." if len(told) > 3 else "")
        return text[:1].upper() + text[1:] or "Change the schema"

    def execute(self, sql: Any, params: Any = ()) -> None:
        if not self.collect_sql:
            self._note(type(self).classify(str(sql)), str(sql))
        super().execute(sql, params)

    def _note(self, statement: Statement, sql: str) -> None:
        if statement.kind is not Kind.SCHEMA:
            return
        whole = _WHOLE_TABLE.match(sql)  # CREATE INDEX alters its table
        for table in statement.tables or ():
            verb = whole[1].lower() if whole else "alter"
            if self._changed.get(table) != "create":
                self._changed[table] = verb

    # -- foreign keys from and to shared tables --------------------------------------------

    def create_model(self, model: type[Model]) -> None:
        keys = [field for field in model._meta.local_fields if field.remote_field]
        with self._soft_keys(model, *keys):
            super().create_model(model)

    def add_field(self, model: type[Model], field: Field[Any, Any]) -> None:
        with self._soft_keys(model, field):
            super().add_field(model, field)

    def alter_field(
        self,
        model: type[Model],
        old_field: Field[Any, Any],
        new_field: Field[Any, Any],
        strict: bool = False,
    ) -> None:
        with self._soft_keys(model, old_field, new_field):
            super().alter_field(model, old_field, new_field, strict)
