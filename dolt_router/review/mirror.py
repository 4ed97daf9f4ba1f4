"""Permissions for people who speak SQL to the Dolt server themselves.

Dolt has permissions of its own for SQL users, by patterns over names of branches. Its `write`
lets a user write to a branch and delete, rename and move it as well, so it is given only where a
user may do all of that here, and no rule wants pull requests. Reading can't be withheld by branch.
The site's own SQL user is made the only one that may do everything.

It is a copy: write it again when grants, rules, users or branches have changed.
https://docs.dolthub.com/sql-reference/server/branch-permissions
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib.auth import get_user_model

from dolt_router import aliases
from dolt_router.access import system
from dolt_router.versioning import branch_control
from dolt_router.versioning.branches import names

from .models import BranchGrant
from .permissions import allowed, grants_of
from .rules import demand_of

NEEDED = ("write", "merge", "delete", "force")


class Row(NamedTuple):
    """A row of `dolt_branch_control`, or of `dolt_branch_namespace_control` without a level.

    `branch` is a pattern as LIKE has it.
    """

    branch: str
    user: str
    level: str


def planned(using: str | None = None) -> tuple[list[Row], list[Row]]:
    """What would be written: the rows for branches, and those for names of new branches.

    Raises:
        UnsupportedByEngine: on the embedded engine, which has no SQL users.
    """
    root = aliases.default_root(using)
    with system():
        own, sql_users = branch_control.sql_users(root)
        branches = names(root)
        model: Any = get_user_model()
        people = model._default_manager.filter(is_active=True)
        known = {user.get_username(): user for user in people}
        rows = [Row("%", own, "admin"), Row("%", "%", "read")]
        spaces = [Row("%", own, "")]
        for name in sql_users:
            user = known.get(name)
            if user is None:  # the row of everyone holds for them
                continue
            mine = {branch for branch in branches if _may_all(user, branch, root)}
            # A name with `_` or `%` is a pattern of others as well: not where one isn't theirs.
            others = set(branches) - mine
            rows += [
                Row(branch, name, "write")
                for branch in sorted(mine)
                if not any(branch_control.matches(branch, other) for other in others)
            ]
            spaces += [Row(pattern, name, "") for pattern in _creatable(user, root)]
    return rows, spaces


def _may_all(user: Any, branch: str, using: str) -> bool:
    if demand_of(branch, using).needs_pull_request:
        return False
    return all(allowed(user, verb, branch, using) for verb in NEEDED)


def _creatable(user: Any, using: str) -> list[str]:
    """Patterns of the names that the user may give to new branches; none where one is denied."""
    told = [grant for grant in grants_of(user) if "create" in grant.verbs and grant.applies]
    if any(grant.deny for grant in told):
        return []
    if user.is_superuser or user.has_perm("dolt_router.create_branch"):
        return ["%"]
    globs = BranchGrant.objects.filter(deny=False, database__in=["", using]).values_list(
        "pattern", "verbs"
    )
    return sorted(
        {
            pattern
            for glob, verbs in globs
            if "create" in verbs
            and (pattern := branch_control.like(glob)) is not None
            and allowed(user, "create", glob, using)
        }
    )


def write(rows: list[Row], spaces: list[Row], using: str | None = None) -> None:
    """Replace what this database has in both tables by these rows.

    Raises:
        UnsupportedByEngine: on the embedded engine.
        DoltServerError: the site's SQL user isn't an admin of all branches.
    """
    branch_control.replace(
        aliases.default_root(using),
        [(row.branch, row.user, row.level) for row in rows],
        [(row.branch, row.user) for row in spaces],
    )
