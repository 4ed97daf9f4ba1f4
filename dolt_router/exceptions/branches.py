"""Errors about a branch: its name, whether it is there, and whether it may be changed."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.utils import NotSupportedError, OperationalError, ProgrammingError
from django.utils.connection import ConnectionDoesNotExist
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.utils.translation import gettext_noop as _

from .base import DoltRouterError, alternatives, worded

CHANGED_DIRECTLY = pgettext_lazy("a branch can't be", "changed directly")


class InvalidBranchName(DoltRouterError, ValueError):
    """The name can't be a branch: it is refused before it reaches the server."""

    code = "invalid_branch_name"

    def __init__(self, branch: object, reason: Any) -> None:
        self.branch = branch
        self.reason = reason
        shown = f"{branch!s:.100}" if isinstance(branch, str) else repr(branch)[:100]
        text = _(
            '"%(name)s" is not a valid branch name: %(reason)s. '
            "Use letters, digits and / . - _ as in feature/rack-42."
        )
        super().__init__(worded(text, name=shown, reason=reason))


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
        text = _(
            'Branch "%(branch)s" does not exist on "%(using)s". '
            "Create it with: manage.py dolt branch %(branch)s"
        )
        if self.suggestions:
            text = _(
                'Branch "%(branch)s" does not exist on "%(using)s". Did you mean %(near)s? '
                "Create it with: manage.py dolt branch %(branch)s"
            )
        named = alternatives([f'"{name}"' for name in self.suggestions])
        super().__init__(worded(text, branch=branch, using=using, near=named))


class BranchExists(DoltRouterError, ValueError):
    """A branch with this name (compared without regard to case) is there already."""

    code = "branch_exists"

    def __init__(self, branch: str, using: str = "default") -> None:
        self.branch = branch
        self.using = using
        text = _(
            'Branch "%(branch)s" exists already on "%(using)s" (names are compared without '
            "regard to case). Choose another name, or delete or rename that branch first."
        )
        super().__init__(worded(text, branch=branch, using=using))


class BranchProtected(DoltRouterError, PermissionDenied):
    """A direct write to, deletion or forced move of a branch in PROTECTED_BRANCHES."""

    code = "branch_protected"

    def __init__(self, branch: str, action: Any = CHANGED_DIRECTLY) -> None:
        self.branch = branch
        text = _(
            'Branch "%(branch)s" is protected and can\'t be %(action)s. Work on a branch of your '
            'own and merge it: Branch.objects.get(name="...").merge(into="%(branch)s").'
        )
        super().__init__(worded(text, branch=branch, action=action))


class BranchForbidden(DoltRouterError, PermissionDenied):
    """BRANCH_ACCESS or a permission refused this branch to whoever acts."""

    code = "branch_forbidden"

    def __init__(self, branch: str, verb: str | None = None) -> None:
        self.branch, self.verb = branch, verb
        if verb in (None, "read"):
            text = _(
                'You may not use branch "%(branch)s". Ask whoever runs this site for access, or go '
                "on without naming a branch."
            )
        else:
            text = _(
                'You may not %(act)s branch "%(branch)s". Ask whoever runs this site for the '
                'permission "%(verb)s" on it.'
            )
        super().__init__(worded(text, act=_ACTS.get(verb or "", verb), branch=branch, verb=verb))


_ACTS = {
    "write": gettext_lazy("write to"),
    "create": gettext_lazy("create"),
    "merge": gettext_lazy("merge into"),
    "delete": gettext_lazy("delete"),
    "force": gettext_lazy("move or overwrite"),
    "review": pgettext_lazy("verb", "review"),
}


class BranchInUse(DoltRouterError, OperationalError):
    """The branch has uncommitted writes of the running request, or can't be removed now."""

    code = "branch_in_use"

    def __init__(self, branch: str, detail: Any) -> None:
        self.branch = branch
        text = _('Branch "%(branch)s" can\'t be changed now: %(detail)s')
        super().__init__(worded(text, branch=branch, detail=detail))


class ReadOnlyRevision(DoltRouterError, NotSupportedError):
    """A write to a tag or a commit: a point in history can only be read."""

    code = "read_only_revision"

    def __init__(self, revision: str) -> None:
        self.branch = revision
        text = _(
            '"%(revision)s" is a point in history and can only be read. To change it, start a '
            "branch there: manage.py dolt branch <name> %(revision)s"
        )
        super().__init__(worded(text, revision=revision))


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
