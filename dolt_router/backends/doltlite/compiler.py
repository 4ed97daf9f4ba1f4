"""Queries on shared models (see `shared_reads`), and of the log.

The log has no order here but the one that it is read in.
On a server `dolt_log` has a column `commit_order`, higher for newer commits. The embedded engine
has none, and a query that picks commits by their hashes gets them in any order. So `dolt_log` is
read through a subquery that numbers its rows before anything is picked. It is read as a stream:
a page of it takes no longer in a long log.
"""

from __future__ import annotations

import re
from typing import Any

from django.db.models.sql import compiler

from ..shared_reads import SharedReads

_LOG = re.compile(r'"dolt_log"(?: (?P<alias>\S+))?\Z')
_NUMBERED = "(SELECT *, -ROW_NUMBER() OVER () AS commit_order FROM dolt_log)"


class _Compiler(compiler.SQLCompiler):
    """Numbers the log."""

    def get_from_clause(self) -> Any:
        sources, params = super().get_from_clause()
        return [_numbered(source) for source in sources], params


def _numbered(source: str) -> str:
    match = _LOG.match(source)
    return source if match is None else f"{_NUMBERED} AS " + (match["alias"] or '"dolt_log"')


class SQLCompiler(SharedReads, _Compiler):
    """SELECT."""


class SQLInsertCompiler(compiler.SQLInsertCompiler, _Compiler):
    """INSERT."""


class SQLDeleteCompiler(compiler.SQLDeleteCompiler, _Compiler):
    """DELETE."""


class SQLUpdateCompiler(compiler.SQLUpdateCompiler, _Compiler):
    """UPDATE."""

    def pre_sql_setup(self) -> Any:
        # Rows of a shared table that a join finds are looked up on the branch first, in a query
        # of their own: the UPDATE is sent home, where the joined rows are others.
        features = self.connection.features
        features.update_can_self_select = not getattr(self.using, "asked_from", None)
        try:
            return super().pre_sql_setup()
        finally:
            del features.update_can_self_select


class SQLAggregateCompiler(SharedReads, compiler.SQLAggregateCompiler, _Compiler):
    """COUNT and other sums."""
