"""What may be read that is not a branch: tags, commits, branches of a remote.

Grants speak of branches. So a commit is read by whoever may read a branch that has it: else the
hash of a commit on a closed branch, which an e-mail or a log may tell, would open it.
"""

from __future__ import annotations

from typing import Any

from dolt_router.access import current_actor
from dolt_router.conf import conf
from dolt_router.exceptions import BranchDoesNotExist
from dolt_router.names import is_commit_hash
from dolt_router.versioning import branches
from dolt_router.versioning.points import merge_base

from .permissions import allowed, grants_of


def may_read(user: Any, ref: str, using: str) -> bool:
    """Whether `user` may read a branch, or a tag or commit, of the database `using`."""
    if not allowed(user, "read", ref, using):
        return False
    if user is None or getattr(user, "is_superuser", False):
        return True
    if not any("read" in grant.verbs for grant in grants_of(user)):
        return True  # nothing is closed
    if not is_commit_hash(ref) and _is_branch(ref, using):
        return True
    home = str(conf.DEFAULT_BRANCH)
    if _has([home], ref, using):  # most commits are there, and it is open to all
        return True
    there = branches.names(using)
    opened = [name for name in there if name != home and allowed(user, "read", name, using)]
    return len(opened) == len(there) - 1 or _has(opened, ref, using)


def _is_branch(ref: str, using: str) -> bool:
    """Whether it is one; a list of branches that asks for each of them looks once."""
    actor = current_actor()
    key = ("branches", using)
    if actor is not None and ref in actor.memo.get(key, ()):
        return True
    there = frozenset(branches.names(using))
    if actor is not None:
        actor.memo[key] = there
    return ref in there


def may_read_all(using: str, user: Any) -> bool:
    """Whether nothing is closed to `user`: told without looking at any branch."""
    if user is None:
        return True
    if getattr(user, "is_authenticated", False):
        if not user.is_active:
            return False
        if getattr(user, "is_superuser", False):
            return True
    return not any("read" in grant.verbs for grant in grants_of(user))


def _has(opened: list[str], ref: str, using: str) -> bool:
    """Whether one of the branches has the commit that `ref` stands for."""
    try:
        commit = branches.resolve(ref, using)
    except BranchDoesNotExist:  # which whoever asked will be told
        return True
    return any(merge_base(commit, name, using) == commit for name in opened)
