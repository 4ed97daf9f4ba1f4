"""`create_permissions` and `create_contenttypes`, called in a data migration of a branch.

Migrations call them to have a permission at hand before `migrate` would make it. They do
nothing on a branch, where the router allows no migration of shared apps. What they make is
shared, so when they are called by name they work on the default branch. (Those that `migrate`
itself calls at its end are connected to its signal already, and stay as they are.)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS

from dolt_router import aliases
from dolt_router.shared import is_shared_app

_FUNCTIONS = (("contenttypes", "create_contenttypes"), ("auth", "create_permissions"))


def install() -> None:
    """Replace both in their modules, before migrations import them. Safe to repeat."""
    for label, name in _FUNCTIONS:
        if apps.is_installed(f"django.contrib.{label}"):
            module = import_module(f"django.contrib.{label}.management")
            function = getattr(module, name)
            if not getattr(function, "works_at_home", False):
                setattr(module, name, _at_home(label, function))


def _at_home(label: str, function: Callable[..., None]) -> Callable[..., None]:
    @wraps(function)
    def inner(
        app_config: Any,
        verbosity: int = 2,
        interactive: bool = True,
        using: str = DEFAULT_DB_ALIAS,
        *args: Any,
        **options: Any,
    ) -> None:
        target = aliases.handler().target(using)
        if target is not None and is_shared_app(label):
            using = aliases.default_alias(target.root)
        function(app_config, verbosity, interactive, using, *args, **options)

    inner.works_at_home = True  # type: ignore[attr-defined]
    return inner
