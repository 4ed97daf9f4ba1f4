"""Errors of statements that are refused before they reach the server."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.utils import NotSupportedError

from .base import DoltRouterError


class SharedTableWrite(DoltRouterError, NotSupportedError):
    """A write to a shared table on the connection of a branch: Dolt would lose it."""

    code = "shared_table_write"

    def __init__(self, tables: Iterable[str], branch: str, home: str) -> None:
        self.tables = sorted(tables)
        self.branch = branch
        super().__init__(
            f'Shared table {", ".join(self.tables)} can\'t be written on branch "{branch}": it '
            "lives once, on the default branch, and is in no commit. Write it there, with "
            f'.using("{home}"), or leave out .using() and let the router choose.'
        )


class CrossBranchWrite(DoltRouterError, NotSupportedError):
    """A statement that names another database, or would move the connection to it."""

    code = "cross_branch_write"

    def __init__(self, what: str, branch: str | None) -> None:
        self.branch = branch
        super().__init__(
            f'{what} is refused on the connection of branch "{branch}": the connection would '
            "speak of another branch than its alias says. Use the other branch's own alias "
            '(.using("default/<branch>")) or dolt_router.use_branch("<branch>").'
        )


class UnsupportedByEngine(DoltRouterError, NotSupportedError):
    """The engine of this database lacks an ability that the other engine has."""

    code = "unsupported_by_engine"

    def __init__(self, what: str, engine: str) -> None:
        self.what = what
        super().__init__(
            f"{what} is not possible on {engine}. docs/embedded.md lists what differs between "
            "the engines; a database moves to the other one by its entry in DATABASES."
        )


class AnotherBranchIsWriting(DoltRouterError, NotSupportedError):
    """The embedded engine lets one branch of a file be written at a time, also by one thread."""

    code = "another_branch_is_writing"

    def __init__(self, branch: str, other: str) -> None:
        self.branch = branch
        self.other = other
        super().__init__(
            f'This write on "{branch}" can\'t be done now: this request or atomic() block has '
            f'written to "{other}" and hasn\'t committed yet, and the embedded engine takes one '
            "writer at a time. Do one after the other, each in a request or atomic() of its own; "
            "or use a Dolt server."
        )


class MixedTransaction(DoltRouterError, NotSupportedError):
    """The embedded engine can't write shared rows by versioned ones that aren't committed."""

    code = "mixed_transaction"

    def __init__(self, tables: Iterable[str]) -> None:
        self.tables = [table for table in tables if table != "*"]
        named = f" ({', '.join(self.tables)})" if self.tables else ""
        super().__init__(
            f"This statement writes a shared table by rows of versioned ones{named} that this "
            "request or atomic() block has written and not committed yet. The embedded engine "
            "keeps the two apart until then. Fetch the rows first and write them by a second "
            "statement, or write after the commit; or use a Dolt server."
        )


class CrossBranchRelation(DoltRouterError, ValueError):
    """An object of one branch was put in relation to an object of another one."""

    code = "cross_branch_relation"

    def __init__(self, first: Any, second: Any) -> None:
        super().__init__(
            f'{first!r} is on "{first._state.db}" and {second!r} on "{second._state.db}": a '
            "relation can't cross branches. Fetch both from one branch, for example "
            f'{type(second).__name__}.objects.using("{first._state.db}").get(pk={second.pk!r}).'
        )
