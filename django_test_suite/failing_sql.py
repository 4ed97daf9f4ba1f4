"""Write each statement that the server refuses to a file: what one wants to see first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.backends.signals import connection_created


def log_failing_sql(path: str) -> None:
    """Append every failing statement of the process, its parameters and the error to `path`."""

    def wrapper(
        execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        try:
            return execute(sql, params, many, context)
        except Exception as error:
            with open(path, "a", encoding="utf-8") as log:
                log.write(f"--- {error!r}\n{sql}\n  {params!r}\n"[:3000])
            raise

    def watch(connection: Any, **kwargs: Any) -> None:
        if wrapper not in connection.execute_wrappers:
            connection.execute_wrappers.append(wrapper)

    connection_created.connect(watch, weak=False)
