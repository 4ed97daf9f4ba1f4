"""The branches, tags and commits that a page's address names: there, and open to its reader."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _

from .. import access, visibility
from ..aliases import default_root
from ..conf import conf
from ..exceptions import (
    BranchDoesNotExist,
    BranchForbidden,
    DoltRouterError,
    InvalidBranchName,
    NotThere,
)
from ..names import is_commit_hash, validate_branch
from ..versioning import branches
from ..versioning.points import merge_base
from ..versioning.revisions import named
from ..versioning.scratch import PREFIX
from ..versioning.session import wrapper_of


def may_read(request: HttpRequest, name: str) -> bool:
    """Whether the reader may look at a branch: BRANCH_ACCESS and every gate let them."""
    if name == conf.DEFAULT_BRANCH:
        return True
    allowed = conf.load("BRANCH_ACCESS")
    return (allowed is None or allowed(request, name)) and access.may("read", name)


def are_some_closed() -> bool:
    """Whether there is anything that could keep the reader from a branch."""
    return conf.BRANCH_ACCESS is not None or not access.may_read_all()


def names(request: HttpRequest) -> list[str]:
    """The names of all branches that the reader may look at, sorted."""
    found = [name for name in branches.names() if not name.startswith(PREFIX)]
    return [name for name in found if may_read(request, name)] if are_some_closed() else found


def branch_named(request: HttpRequest, name: str) -> str:
    """The name of a branch, when it is one that the reader may look at.

    Raises:
        InvalidBranchName, BranchDoesNotExist, BranchForbidden: answered as 404 and 403.
    """
    validate_branch(name)
    if not may_read(request, name):
        raise BranchForbidden(name)
    if not is_branch(name):
        raise BranchDoesNotExist(name, default_root(), branches.names())
    return name


def is_branch(ref: str) -> bool:
    """Whether `ref` is the name of a branch, and no tag, commit, or nothing at all."""
    try:
        # Aiming a connection is the quickest way to ask, whatever the number of branches.
        wrapper = wrapper_of(validate_branch(ref))
        wrapper.ensure_connection()
    except (BranchDoesNotExist, InvalidBranchName):
        return False
    return bool(wrapper.is_branch)


def ref_named(request: HttpRequest, ref: str) -> str:
    """The commit hash that a branch, tag or commit hash stands for, when it may be looked at.

    Raises:
        InvalidBranchName, BranchDoesNotExist, BranchForbidden: answered as 404 and 403.
    """
    if not ref:
        raise BranchDoesNotExist(ref, default_root())
    try:
        name = named(ref)
    except DoltRouterError:
        raise
    except ValueError as error:
        raise NotThere(str(error)) from error
    if not is_commit_hash(name) and not may_read(request, name):
        raise BranchForbidden(name)
    found = branches.resolve(name)
    if is_commit_hash(name):
        require_commit(request, found)
    return found


def require_commit(request: HttpRequest, commit_hash: str) -> None:
    """Refuse a commit that is on no branch that the reader may look at.

    Where nothing closes a branch to anyone, every commit may be looked at.

    Raises:
        BranchForbidden: there is no such branch.
    """
    if not are_some_closed():
        return
    # Most are on the default branch, which is open to all.
    if merge_base(commit_hash, head_of(str(conf.DEFAULT_BRANCH))) == commit_hash:
        return
    every = [name for name in branches.names() if not name.startswith(PREFIX)]
    opened = [name for name in every if may_read(request, name)]
    has_it = (merge_base(commit_hash, name) == commit_hash for name in opened)
    if len(opened) < len(every) and not any(has_it):
        raise BranchForbidden(commit_hash)


def head_of(branch: str) -> str:
    """The commit hash of a branch that is there."""
    return branches.resolve(branch)


def told(request: HttpRequest, error: DoltRouterError) -> str:
    """An error as the reader may know it: without closed branches, and tables not to be viewed."""
    if isinstance(error, BranchDoesNotExist):
        return _('There is no branch, tag or commit "%(name)s".') % {"name": error.branch}
    return visibility.told(error, request.user, request)
