"""Which tables are shared: those of SHARED_APPS, which live once, on the default branch.

The tables of `dolt_router.review` are shared whatever the setting says: a pull request that was
a part of the branch it is about would be merged, reset and deleted with it.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.signals import setting_changed
from django.db.models import Model

from .conf import conf

ALWAYS_SHARED = frozenset({"dolt_review"})

_tables: frozenset[str] | None = None


def is_shared_app(label: str) -> bool:
    """Whether the tables of the app with this label are shared."""
    return label in conf.SHARED_APPS or label in ALWAYS_SHARED


def is_shared(model: type[Model]) -> bool:
    """Whether the model's table is shared."""
    return is_shared_app(model._meta.app_label)


def shared_tables() -> frozenset[str]:
    """The names of all shared tables, in lower case, those of many-to-many fields included."""
    global _tables
    if _tables is None:
        if not apps.models_ready:
            return frozenset()
        _tables = frozenset(
            model._meta.db_table.lower()
            for model in apps.get_models(include_auto_created=True, include_swapped=True)
            if model._meta.managed and is_shared(model)
        )
    return _tables


def _reset(*, setting: str, **kwargs: Any) -> None:
    global _tables
    if setting in ("DOLT_ROUTER", "INSTALLED_APPS"):
        _tables = None


setting_changed.connect(_reset, dispatch_uid="dolt_router.shared")
