"""Whose rows a user may see in a diff, a history, a conflict or a preview.

Who may view a model in Django's admin may see its rows there: the permission to view or to
change it. For pages; Python code that asks `versioning` itself sees everything.
https://docs.djangoproject.com/en/stable/topics/auth/default/#permissions-and-authorization
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_permission_codename
from django.db.models import Model

from .exceptions import MergeConflict
from .versioning.values import model_of


def may_view(user: Any, of: type[Model] | str, request: Any = None) -> bool:
    """Whether `user` may see the rows of a model, or of a table by its name.

    Rows of a many-to-many table are seen by who may view the model that has the field, and the
    model at the other end. A table without a model is seen by active superusers only.

    Args:
        request: when given, the model's ModelAdmin on the default admin site, if it has one,
            must let it view the model too.
    """
    if user is None or not user.is_active:
        return False
    model = model_of(of) if isinstance(of, str) else of
    if model is None:
        return bool(user.is_superuser)
    owner = model._meta.auto_created
    if owner:
        ends = {field.related_model for field in model._meta.fields if field.is_relation}
        return all(may_view(user, end, request) for end in {owner, *ends})  # type: ignore[arg-type]
    options = model._meta.concrete_model._meta  # type: ignore[union-attr]
    names = (get_permission_codename(action, options) for action in ("view", "change"))
    if not any(user.has_perm(f"{options.app_label}.{name}") for name in names):
        return False
    return request is None or _admin_lets(request, model)


def _admin_lets(request: Any, model: type[Model]) -> bool:
    from django.contrib import admin

    found = admin.site._registry.get(model)
    return found is None or bool(found.has_view_permission(request))


def told(error: Exception, user: Any, request: Any = None) -> str:
    """The text of an error for `user`: tables that they may not view are counted, not named."""
    if isinstance(error, MergeConflict):
        return error.told(lambda table: may_view(user, table, request))
    return str(error)


def viewable_tables(user: Any, tables: Iterable[str], request: Any = None) -> set[str]:
    """Those of `tables` whose rows `user` may see; see `may_view`."""
    return {table for table in tables if may_view(user, table, request)}
