"""Errors about a branch: its name, whether it is there, and whether it may be changed."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from django.core.exceptions import PermissionDenied
from django.db.utils import NotSupportedError, OperationalError, ProgrammingError
from django.utils.connection import ConnectionDoesNotExist

from .base import DoltRouterError


class InvalidBranchName(DoltRouterError, ValueError):
    """The name can't be a branch: it is refused before it reaches the server."""

    code = "invalid_branch_name"

    def __init__(self, branch: object, reason: str) -> None:
        self.branch = branch
        self.reason = reason
        shown = f"{branch!s:.100}" if isinstance(branch, str) else repr(branch)[:100]
        super().__init__(
            f'"{shown}" is not a valid branch name: {reason}. '
            "Use letters, digits and / . - _ as in feature/rack-42."
        )


class BranchDoesNotExist(DoltRouterError, ConnectionDoesNotExist, OperationalError):
    """No branch, tag or commit has this name on the database of this alias.

    Also an OperationalError, as a missing database is: commands of Django's that go on
    without a connection (`makemigrations`) catch that.
    """

    code = "branch_does_not_exist"

    def __init__(self, branch: str, using: str = "default", known: Iterable[str] = ()) -> None:
        self.branch = branch
        self.using = using
        known = list(known)
        by_lower = {name.lower(): name for name in known}
        near = get_close_matches(branch.lower(), list(by_lower), n=3, cutoff=0.6)
        self.suggestions = [by_lower[name] for name in near]
        hint = ""
        if self.suggestions:
            quoted = " or ".join(f'"{name}"' for name in self.suggestions)
            hint = f" Did you mean {quoted}?"
        super().__init__(
            f'Branch "{branch}" does not exist on "{using}".{hint} '
            f"Create it with: manage.py dolt branch {branch}"
        )


class BranchExists(DoltRouterError, ValueError):
    """A branch with this name (compared without regard to case) is there already."""

    code = "branch_exists"

    def __init__(self, branch: str, using: str = "default") -> None:
        self.branch = branch
        self.using = using
        super().__init__(
            f'Branch "{branch}" exists already on "{using}" (names are compared without '
            "regard to case). Choose another name, or delete or rename that branch first."
        )


class BranchProtected(DoltRouterError, PermissionDenied):
    """A direct write to, deletion or forced move of a branch in PROTECTED_BRANCHES."""

    code = "branch_protected"

    def __init__(self, branch: str, action: str = "changed directly") -> None:
        self.branch = branch
        super().__init__(
            f'Branch "{branch}" is protected and can\'t be {action}. Work on a branch of your '
            f'own and merge it: Branch.objects.get(name="...").merge(into="{branch}").'
        )


class BranchForbidden(DoltRouterError, PermissionDenied):
    """BRANCH_ACCESS or a permission refused this branch to whoever acts."""

    code = "branch_forbidden"

    def __init__(self, branch: str, verb: str | None = None) -> None:
        self.branch, self.verb = branch, verb
        if verb in (None, "read"):
            text = (
                f'You may not use branch "{branch}". Ask whoever runs this site for access, or go '
                "on without naming a branch."
            )
        else:
            act = _ACTS.get(verb or "", verb)
            text = (
                f'You may not {act} branch "{branch}". Ask whoever runs this site for the '
                f'permission "{verb}" on it.'
            )
        super().__init__(text)


_ACTS = {"write": "write to", "merge": "merge into", "force": "move or overwrite"}


class BranchInUse(DoltRouterError, OperationalError):
    """The branch has uncommitted writes of the running request, or can't be removed now."""

    code = "branch_in_use"

    def __init__(self, branch: str, detail: str) -> None:
        self.branch = branch
        super().__init__(f'Branch "{branch}" can\'t be changed now: {detail}')


class ReadOnlyRevision(DoltRouterError, NotSupportedError):
    """A write to a tag or a commit: a point in history can only be read."""

    code = "read_only_revision"

    def __init__(self, revision: str) -> None:
        self.branch = revision
        super().__init__(
            f'"{revision}" is a point in history and can only be read. To change it, start a '
            f"branch there: manage.py dolt branch <name> {revision}"
        )


class BranchNeedsMigration(DoltRouterError, OperationalError, ProgrammingError):
    """A column or table is missing because the branch was made before a migration."""

    code = "branch_needs_migration"

    def __init__(self, branch: str, using: str, missing: Iterable[str], server: str) -> None:
        self.branch = branch
        self.missing = list(missing)
        shown = ", ".join(self.missing[:5]) + (" ..." if len(self.missing) > 5 else "")
        super().__init__(
            f'{server}. Branch "{branch}" was made before {len(self.missing)} migration(s) that '
            f"the code expects ({shown}). Run: manage.py migrate --database={using}"
        )
