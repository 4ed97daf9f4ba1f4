"""Which tables are shared: the tables of SHARED_APPS, which live once, on the default branch."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.signals import setting_changed
from django.db.models import Model

from .conf import conf

_tables: frozenset[str] | None = None


def is_shared_app(label: str) -> bool:
    """Whether the app with this label is in SHARED_APPS."""
    return label in conf.SHARED_APPS


def is_shared(model: type[Model]) -> bool:
    """Whether the model's table is shared."""
    return model._meta.app_label in conf.SHARED_APPS


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
