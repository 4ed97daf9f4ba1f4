"""Who may do what to which branch: grants, and Django's permissions of the model `Branch`.

* Superusers may everything (rules are another matter: see `rules`).
* A deny that names the user, a group of theirs or everyone wins over all else.
* `read` and `write` are open on a branch until a grant allows them there to someone; then they
  are for those only whom a grant names.
* `create`, `merge`, `delete`, `force` and `review` need a grant, or Django's permission
  `dolt_router.<verb>_branch`, which speaks of all branches.

`user.has_perm("dolt_router.merge_branch", branch)` says the same, with the settings as they are:
Django's ModelBackend knows no permission on an object, and a second entry in
AUTHENTICATION_BACKENDS would make `login()` ask which one was meant.
https://docs.djangoproject.com/en/stable/topics/auth/customizing/#handling-object-permissions
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

from asgiref.sync import sync_to_async
from django.contrib.auth import models as auth_models

from dolt_router import aliases
from dolt_router.access import VERBS, system
from dolt_router.models import Branch

from .memory import remembered
from .models import BranchGrant

APP = "dolt_router"
OPEN = ("read", "write")  # verbs that need no permission where no grant speaks of them
CODENAMES = {f"{verb}_branch": verb for verb in VERBS}


class Grant(NamedTuple):
    """A grant as one user sees it: `applies` says whether it names them."""

    names: Callable[[str, str], bool]
    verbs: tuple[str, ...]
    deny: bool
    applies: bool


def grants_of(user: Any) -> list[Grant]:
    """All grants, told for one user; fetched once for each actor."""
    return remembered(("grants", getattr(user, "pk", None)), lambda: _fetch(user))


def _fetch(user: Any) -> list[Grant]:
    rows = list(BranchGrant.objects.using(aliases.default_alias()))
    groups: set[Any] = set()
    if user.pk is not None and any(row.group_id for row in rows) and hasattr(user, "groups"):
        groups = set(user.groups.values_list("pk", flat=True))
    return [
        Grant(
            row.names,
            tuple(row.verbs or ()),
            row.deny,
            row.everyone
            or (user.pk is not None and row.user_id == user.pk)
            or row.group_id in groups,
        )
        for row in rows
    ]


def allowed(user: Any, verb: str, branch: str, using: str | None = None) -> bool:
    """Whether the user may do `verb` to the branch, as far as permissions go.

    None, the system itself, may.
    """
    if user is None:
        return True
    known = bool(getattr(user, "is_authenticated", False))
    if known and not user.is_active:
        return False
    if known and getattr(user, "is_superuser", False):
        return True
    if not known and verb not in OPEN:
        return False
    root = aliases.default_root(using)
    with system():
        told = [g for g in grants_of(user) if verb in g.verbs and g.names(branch, root)]
    if any(grant.deny and grant.applies for grant in told):
        return False
    if any(grant.applies for grant in told):
        return True
    if verb in OPEN:
        return all(grant.deny for grant in told)
    return bool(user.has_perm(f"{APP}.{verb}_branch"))


def verb_of(permission: str) -> str | None:
    """The verb that a permission of the model `Branch` stands for; None for any other one."""
    app, _dot, codename = permission.partition(".")
    return CODENAMES.get(codename) if app == APP else None


def install() -> None:
    """Let `has_perm` with a Branch be answered here. Safe to repeat."""
    auth: Any = auth_models  # the stubs leave its private functions out
    if getattr(auth._user_has_perm, "knows_branches", False):
        return
    original = auth._user_has_perm

    @wraps(original)
    def user_has_perm(user: Any, perm: str, obj: Any) -> bool:
        verb = verb_of(perm) if isinstance(obj, Branch) else None
        if verb is None:
            return original(user, perm, obj)
        return allowed(user, verb, obj.name, obj._root)

    user_has_perm.knows_branches = True  # type: ignore[attr-defined]
    auth._user_has_perm = user_has_perm
    original_async = getattr(auth, "_auser_has_perm", None)
    if original_async is None:
        return

    @wraps(original_async)
    async def auser_has_perm(user: Any, perm: str, obj: Any) -> bool:
        verb = verb_of(perm) if isinstance(obj, Branch) else None
        if verb is None:
            return bool(await original_async(user, perm, obj))
        return await sync_to_async(allowed)(user, verb, obj.name, obj._root)

    auth._auser_has_perm = auser_has_perm
