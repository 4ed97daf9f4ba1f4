"""Queries on shared models, sent where the tables are that they read."""

from __future__ import annotations

import re
from typing import Any

from django.db import connections
from django.db.models.sql import compiler as base

from ..shared import is_shared, shared_tables

# A name in the quotation marks of either engine.
_SOURCE = re.compile(r"\b(?:FROM|JOIN) \(*([`\"])((?:(?!\1).|\1\1)+)\1")
_PLAIN_SOURCE = re.compile(r"\b(?:FROM|JOIN)\s+\(*[`\"]?([^\s`\"(),;]+)", re.I)


def reads_shared_only(sql: str) -> bool:
    """Whether a query reads shared tables, by the words after FROM and JOIN, and no others."""
    names = {name.lower() for name in _PLAIN_SOURCE.findall(sql)}
    return bool(names) and shared_tables().issuperset(names)


class SharedReads(base.SQLCompiler):
    """Chooses the connection of a query on a shared model.

    The router sends it home, where the live rows are, since it does not know the query. But
    at home the versioned tables that it may join are those of the default branch; on a branch
    the shared ones can be read as well. The other way round in a migration of a branch, which
    names the branch: after its first write it would see shared rows as they were before.
    """

    def as_sql(self, *args: Any, **options: Any) -> Any:
        sql, params = super().as_sql(*args, **options)
        branch: str = getattr(self.using, "asked_from", None) or ""
        away = branch not in ("", self.using)
        migrates = self.connection.deferring and not self.connection.is_home
        model = self.query.model
        if (away or migrates) and self.using and model is not None and is_shared(model):
            names = {name.lower() for _mark, name in _SOURCE.findall(sql)}
            joins = not shared_tables().issuperset(names)
            if joins and away:
                self.connection = connections[branch]
            elif migrates and not joins:
                self.connection = self.connection.home
        return sql, params
