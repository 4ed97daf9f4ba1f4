"""What a branch name may be.

The rules are Dolt's own (`ref.IsValidBranchName` and `datas.ValidateDatasetId` in its
source, which follow git's), and two more: a leading `-` would be read as an option by the
procedures, and a length that an HTTP header or cookie can carry.
"""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext_noop as _

from .exceptions import InvalidBranchName, worded

MAX_LENGTH = 250  # characters; session, cookie and log lines stay readable

_ILLEGAL = re.compile(r"[\x00-\x20\x7f:?\[\\^~*]|[^\x00-\x7f]")
_COMMIT_HASH = re.compile(r"\A(?:[0-9a-v]{32}|[0-9a-f]{40})\Z")


def is_commit_hash(name: str) -> bool:
    """Whether `name` has the form of a commit hash: 32 characters of base 32, or 40 of base 16.

    The first is a Dolt server's form, the second the embedded engine's.
    """
    return _COMMIT_HASH.match(name) is not None


def why_invalid(name: object) -> Any:
    """The reason why `name` can't be a ref (branch, tag or commit hash), or None.

    It is translated when it is shown.
    """
    if not isinstance(name, str):
        return worded(_("it is not text"))
    if not name:
        return worded(_("it is empty"))
    if len(name) > MAX_LENGTH:
        return worded(_("it is longer than %(n)d characters"), n=MAX_LENGTH)
    if found := _ILLEGAL.search(name):
        return worded(_("it contains %(what)s"), what=repr(found.group()))
    if name.startswith("-"):
        return worded(_("it starts with -"))
    if name in ("@", "HEAD", "WORKING", "STAGED"):
        return worded(_("it is a reserved word"))
    if ".." in name or "@{" in name:
        return worded(_("it contains %(what)s"), what=".. @{")
    if name.endswith("."):
        return worded(_("it ends with a dot"))
    for component in name.split("/"):
        if not component:
            return worded(_("a part between slashes is empty"))
        if component.startswith("."):
            return worded(_("a part starts with a dot"))
        if component.endswith(".lock"):
            return worded(_("a part ends with .lock"))
    return None


def validate_ref(name: object) -> str:
    """Returns `name` when it may name a branch, a tag or a commit.

    Raises:
        InvalidBranchName: with the reason.
    """
    if reason := why_invalid(name):
        raise InvalidBranchName(name, reason)
    assert isinstance(name, str)
    return name


def validate_branch(name: object) -> str:
    """Returns `name` when it may name a branch; a commit hash may not.

    Raises:
        InvalidBranchName: with the reason.
    """
    ref = validate_ref(name)
    if is_commit_hash(ref):
        raise InvalidBranchName(ref, worded(_("it looks like a commit hash")))
    return ref
