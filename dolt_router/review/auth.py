"""`BranchBackend`: permissions on branches for sites that name their backends themselves.

It isn't needed: `user.has_perm("dolt_router.merge_branch", branch)` works without it.
https://docs.djangoproject.com/en/stable/topics/auth/customizing/#writing-an-authentication-backend
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend

from dolt_router.models import Branch

from .permissions import allowed, verb_of


class BranchBackend(BaseBackend):
    """Answers for permissions on a `Branch`, and for nothing else; logs nobody in."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        verb = verb_of(perm) if isinstance(obj, Branch) else None
        return verb is not None and allowed(user_obj, verb, obj.name, obj._root)
