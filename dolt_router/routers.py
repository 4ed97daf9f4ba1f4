"""`BranchRouter`: which alias the ORM uses for a model or an object.

https://docs.djangoproject.com/en/stable/topics/db/multi-db/#automatic-database-routing
"""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model

from . import aliases
from .conf import conf
from .exceptions import CrossBranchRelation
from .shared import is_shared, is_shared_app


class BranchRouter:
    """Routes to the active branch; a fetched object stays on the branch it came from.

    Models of SHARED_APPS are read and written on the default branch. Databases that are
    not Dolt's are left to other routers (None).
    """

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return self._alias_for(model, hints.get("instance"))

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        return self._alias_for(model, hints.get("instance"))

    def _alias_for(self, model: type[Model], instance: Any) -> str | None:
        branches = aliases.handler()
        held_by = getattr(getattr(instance, "_state", None), "db", None)
        if held_by:
            target = _target_of(instance)
            if target is None:
                return None
            if is_shared(model):
                return self._home(target.root)
            # A shared object (a user) lives on the default branch, but what is related to
            # it belongs to the branch at work.
            if not is_shared(instance.__class__):  # not type(): it may be a lazy `request.user`
                return branches.alias_of(target)
            return self._active(target.root)
        root = branches.first_root()
        if root != DEFAULT_DB_ALIAS:
            # The site's default database is another one: what goes to Dolt is its choice.
            return None
        return self._home(root) if is_shared(model) else self._active(root)

    @classmethod
    def _home(cls, root: str) -> str:
        home = aliases.handler().alias_of(aliases.Target(root, conf.DEFAULT_BRANCH))
        if isinstance(home, aliases.AliasName):
            home.asked_from = cls._active(root)
        return home

    @staticmethod
    def _active(root: str) -> str:
        target = aliases.handler().target(root)
        assert target is not None
        return aliases.handler().alias_of(target)

    def allow_relation(self, obj1: Any, obj2: Any, **hints: Any) -> bool | None:
        if not obj1._state.db or not obj2._state.db:
            return None
        one, other = _target_of(obj1), _target_of(obj2)
        if one is None or other is None:
            return None
        if one == other:
            return True
        if one.root == other.root and (is_shared(obj1.__class__) or is_shared(obj2.__class__)):
            return True
        raise CrossBranchRelation(obj1, obj2)

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **hints: Any
    ) -> bool | None:
        target = aliases.handler().target(db)
        if target is None:
            return None
        if is_shared_app(app_label) and target.ref != conf.DEFAULT_BRANCH:
            return False
        return None


def _target_of(instance: Any) -> aliases.Target | None:
    """The branch that the object is on; None for a database that is not Dolt's."""
    held_by = instance._state.db
    if not is_shared(instance.__class__):  # not type(): it may be a lazy `request.user`
        # Fetched by `select_related` with a shared row, whose database Django has noted for both.
        held_by = getattr(held_by, "asked_from", None) or held_by
    return aliases.handler().target(held_by)
