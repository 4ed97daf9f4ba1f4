"""`dbshell`: the `mysql` client, on the branch of the alias."""

from __future__ import annotations

from typing import Any

from django.db.backends.mysql.client import DatabaseClient as MySQLClient

from ...conf import conf


class DatabaseClient(MySQLClient):
    """Starts `mysql` with `database/branch`, so the shell is on the branch asked for."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: list[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        name = settings_dict["NAME"]
        if name and "/" not in str(name):
            settings_dict = {**settings_dict, "NAME": f"{name}/{conf.DEFAULT_BRANCH}"}
        args, env = super().settings_to_cmd_args_env(settings_dict, parameters)
        return args, env
