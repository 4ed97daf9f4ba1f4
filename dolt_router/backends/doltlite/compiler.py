"""Queries of the log, whose only order here is the one that it is read in.

On a server `dolt_log` has a column `commit_order`, higher for newer commits. The embedded engine
has none, and a query that picks commits by their hashes gets them in any order. So `dolt_log` is
read through a subquery that numbers its rows before anything is picked. It is read as a stream:
a page of it takes no longer in a long log.
"""

from __future__ import annotations

import re
from typing import Any

from django.db.models.sql import compiler

_LOG = re.compile(r'"dolt_log"(?: (?P<alias>\S+))?\Z')
_NUMBERED = "(SELECT *, -ROW_NUMBER() OVER () AS commit_order FROM dolt_log)"


class SQLCompiler(compiler.SQLCompiler):
    """Numbers the log."""

    def get_from_clause(self) -> Any:
        sources, params = super().get_from_clause()
        return [_numbered(source) for source in sources], params


def _numbered(source: str) -> str:
    match = _LOG.match(source)
    return source if match is None else f"{_NUMBERED} AS " + (match["alias"] or '"dolt_log"')


class SQLInsertCompiler(compiler.SQLInsertCompiler, SQLCompiler):
    """INSERT."""


class SQLDeleteCompiler(compiler.SQLDeleteCompiler, SQLCompiler):
    """DELETE."""


class SQLUpdateCompiler(compiler.SQLUpdateCompiler, SQLCompiler):
    """UPDATE."""


class SQLAggregateCompiler(compiler.SQLAggregateCompiler, SQLCompiler):
    """COUNT and other sums."""
