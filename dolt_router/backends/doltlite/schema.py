"""Schema changes of the embedded engine.

SQLite can alter little: Django makes a new table, copies the rows and renames it. That is the
same here. A table of a shared app is made, and remade, in the file of the shared tables: see
`places`.
"""

from __future__ import annotations

from typing import Any

from ..dolt.statements import Statement
from ..schema import CommittingEditor
from . import driver
from .places import REMADE
from .statements import classify

SQLiteSchemaEditor: Any = driver.schema.DatabaseSchemaEditor


class DatabaseSchemaEditor(CommittingEditor, SQLiteSchemaEditor):
    """SQLite's editor, where what it did ends as one Dolt commit."""

    classify = staticmethod(classify)

    def _note(self, statement: Statement, sql: str) -> None:
        tables = tuple(table for table in statement.tables or () if table.startswith(REMADE))
        if tables:  # a table being remade is a table altered
            return
        super()._note(statement, sql)
