"""SQL operations of the embedded engine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from . import driver

SQLiteOperations: Any = driver.operations.DatabaseOperations


class DatabaseOperations(SQLiteOperations):
    """SQLite's, with `flush` as one Dolt commit."""

    compiler_module = "dolt_router.backends.doltlite.compiler"

    def execute_sql_flush(self, sql_list: Iterable[str]) -> None:
        with self.connection.one_dolt_commit("Flush"):
            with transaction.atomic(using=self.connection.alias, savepoint=False):
                with self.connection.cursor() as cursor:
                    for sql in sql_list:
                        cursor.execute(sql)
                        if "sqlite_sequence" in sql:  # either file counts its own tables' ids
                            self.connection.repeat_on_shared(sql)
