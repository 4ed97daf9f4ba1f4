"""`migrate`, on any branch: each migration is one Dolt commit named after it."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import Any

from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import connections


class Command(MigrateCommand):
    """Django's own command. Commits are made per migration rather than per statement.

    Of a migration that fails nothing is left on the branch, schema changes included.
    """

    _scope: ExitStack | None = None

    def handle(self, *args: Any, **options: Any) -> None:
        self._connection = connections[options["database"]]
        try:
            super().handle(*args, **options)
        except BaseException:
            scope, self._scope = self._scope, None
            if scope is not None:  # a migration failed halfway
                scope.__exit__(*sys.exc_info())
            raise

    def migration_progress_callback(
        self, action: str, migration: Any = None, fake: bool = False
    ) -> None:
        if action in ("apply_start", "unapply_start") and hasattr(
            self._connection, "one_dolt_commit"
        ):
            verb = "Migrate" if action == "apply_start" else "Unmigrate"
            self._scope = ExitStack()
            self._scope.enter_context(
                self._connection.one_dolt_commit(f"{verb} {migration.app_label}.{migration.name}")
            )
        elif action in ("apply_success", "unapply_success") and self._scope is not None:
            scope, self._scope = self._scope, None
            scope.close()
        super().migration_progress_callback(action, migration, fake)
