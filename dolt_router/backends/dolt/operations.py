"""SQL operations of Dolt."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.backends.mysql.operations import DatabaseOperations as MySQLOperations


class DatabaseOperations(MySQLOperations):
    """MySQL's, with `flush` as one Dolt commit."""

    def execute_sql_flush(self, sql_list: Iterable[str]) -> None:
        # TRUNCATE commits by itself as schema changes do, so the whole is deferred and ends
        # as one commit; foreign key checks are put back whatever happens.
        with self.connection.one_dolt_commit("Flush"):
            with transaction.atomic(using=self.connection.alias, savepoint=False):
                with self.connection.cursor() as cursor:
                    for sql in sql_list:
                        cursor.execute(sql)

    def explain_query_prefix(self, format: str | None = None, **options: Any) -> str:
        return str(super().explain_query_prefix(format or "TREE", **options))
