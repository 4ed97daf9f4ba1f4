"""Django's creation code and the aliases of wrappers."""

from __future__ import annotations

from typing import Any


class StaticAlias:
    """Gives the wrapper its alias in DATABASES for a while.

    Django's creation code looks `settings.DATABASES[connection.alias]` up, where the
    wrapper of the default branch is known as `default/main`.
    """

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def __enter__(self) -> None:
        self.alias = self.connection.alias
        self.connection.alias = self.connection.root_alias

    def __exit__(self, *exc_info: object) -> None:
        self.connection.alias = self.alias
