"""Checks of fields that Django asks of a backend, with `check --database` and by `migrate`."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error
from django.db.backends.mysql.validation import DatabaseValidation as MySQLValidation


class DatabaseValidation(MySQLValidation):
    """MySQL's, and what a merge of Dolt would spoil."""

    def check_field(self, field: Any, **kwargs: Any) -> list[CheckMessage]:
        found: list[CheckMessage] = super().check_field(field, **kwargs)
        if getattr(field, "generated", False) and field.db_persist and _is_indexed(field):
            found.append(
                Error(
                    "Dolt keeps no right index over a stored generated column: when both sides of "
                    "a merge changed what it is made of, the index has the old value.",
                    hint="Set db_persist=False: the indexes of a virtual column are right.",
                    obj=field,
                    id="dolt_router.E020",
                )
            )
        return found


def _is_indexed(field: Any) -> bool:
    meta = field.model._meta
    named = {
        name for made in [*meta.indexes, *meta.constraints] for name in getattr(made, "fields", ())
    }
    named |= {name for together in meta.unique_together for name in together}
    named = {name.removeprefix("-") for name in named}
    return field.unique or field.db_index or field.name in named
