"""What may be read that is not a branch: tags, commits, branches of a remote.

Grants speak of branches. So a commit is read by whoever may read a branch that has it: else the
hash of a commit on a closed branch, which an e-mail or a log may tell, would open it.
"""

from __future__ import annotations

from typing import Any

from dolt_router.conf import conf
from dolt_router.exceptions import BranchDoesNotExist
from dolt_router.versioning import branches
from dolt_router.versioning.session import database_connection

from .permissions import allowed, grants_of


def may_read(user: Any, ref: str, using: str) -> bool:
    """Whether `user` may read a branch, or a tag or commit, of the database `using`."""
    if not allowed(user, "read", ref, using):
        return False
    if user is None or getattr(user, "is_superuser", False):
        return True
    if not any("read" in grant.verbs for grant in grants_of(user)):
        return True  # nothing is closed
    there = branches.names(using)
    if ref in there:
        return True
    opened = [name for name in there if _is_open(user, name, using)]
    return len(opened) == len(there) or _has(opened, ref, using)


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


def _is_open(user: Any, branch: str, using: str) -> bool:
    return branch == conf.DEFAULT_BRANCH or allowed(user, "read", branch, using)


def _has(opened: list[str], ref: str, using: str) -> bool:
    """Whether one of the branches has the commit that `ref` stands for."""
    opened.sort(key=lambda name: name != conf.DEFAULT_BRANCH)  # most commits are there
    try:
        commit = branches.resolve(ref, using)
    except BranchDoesNotExist:  # which whoever asked will be told
        return True
    with database_connection(using) as connection, connection.cursor() as cursor:
        for name in opened:
            cursor.execute("SELECT 1 FROM dolt_log(%s) LIMIT 1", [f"{name}..{commit}"])
            if cursor.fetchone() is None:
                return True
    return False
