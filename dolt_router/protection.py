"""PROTECTED_BRANCHES: the gate that every site has. `access.require` asks it, and nobody else.

What it says holds for everyone and everywhere, also within `access.system()`: no direct write to a
branch that a glob names, no end of it, no move but forward. Merges are the way in, a pull and
bringing the branch up to date among them; migrations are not asked about.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_noop as _
from django.utils.translation import pgettext_lazy

from .conf import conf
from .exceptions import BranchProtected, worded
from .exceptions.branches import CHANGED_DIRECTLY

if TYPE_CHECKING:
    from .access import Act

RENAMED = pgettext_lazy("a branch can't be", "renamed")
DELETED = pgettext_lazy("a branch can't be", "deleted")
MOVED = pgettext_lazy("a branch can't be", "moved")
PUSHED = pgettext_lazy("a branch can't be", "pushed by force")


def is_protected(branch: str) -> bool:
    """Whether a glob of PROTECTED_BRANCHES names `branch` (the case must match)."""
    return any(fnmatchcase(branch, pattern) for pattern in conf.PROTECTED_BRANCHES)


def gate(act: Act) -> None:
    """Refuse what PROTECTED_BRANCHES doesn't let anybody do.

    Raises:
        BranchProtected: the branch is protected; or the act could reach one that is.
    """
    if not conf.PROTECTED_BRANCHES or "source_hash" in act.details:
        return
    if act.verb in ("write", "delete", "force") and is_protected(act.branch):
        raise BranchProtected(act.branch, action_of(act))
    if "raw" in act.details:
        raise BranchProtected(", ".join(conf.PROTECTED_BRANCHES), action_of(act))


def action_of(act: Act) -> Any:
    """What is refused, in words: the branch can't be ..."""
    details = act.details
    if "raw" in details:
        return worded(_('reached by a raw "CALL %(procedure)s"'), procedure=details["raw"])
    if act.verb == "delete":
        return RENAMED if "new_name" in details else DELETED
    if act.verb == "force":
        return PUSHED if "remote" in details else MOVED
    return CHANGED_DIRECTLY
