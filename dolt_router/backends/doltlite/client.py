"""`dbshell`: a shell for SQL, on the branch of the alias."""

from __future__ import annotations

import sys
from typing import Any

from django.db.backends.base.client import BaseDatabaseClient


class DatabaseClient(BaseDatabaseClient):
    """Starts the shell of this package: SQLite's own can't read the file."""

    executable_name = sys.executable

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: list[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        module = "dolt_router.backends.doltlite.shell"
        return [sys.executable, "-m", module, str(settings_dict["NAME"]), *parameters], None
