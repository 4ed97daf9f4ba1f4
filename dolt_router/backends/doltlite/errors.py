"""Errors of doltlite as the package's exceptions, with the original as their cause.

It has no error numbers of its own: SQLite's codes tell the kind, its texts the rest.
https://www.sqlite.org/rescode.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...exceptions import (
    BranchDoesNotExist,
    DoltRouterError,
    DoltServerError,
    ReadOnlyRevision,
    StaleWrite,
)

if TYPE_CHECKING:
    from .base import DatabaseWrapper

_NO_REVISION = re.compile(r'branch or revision "(?P<ref>.*)" not found', re.S)
_GONE = re.compile(r"branch '(?P<ref>.*)' no longer exists", re.S)
_MISSING = re.compile(r"no such (?:table|column): |has no column named ")
# Words in which the version control half of the engine speaks, rather than SQLite.
_DOLT = re.compile(
    r"dolt|branch|commit|merge|conflict|tag |revision|\bref\b|start point|remote|rebase|reset"
)


def translate(error: Exception, wrapper: DatabaseWrapper) -> DoltRouterError | None:
    """The package's exception for a driver error; None when Django's own fits."""
    text = str(error)
    if match := _NO_REVISION.search(text) or _GONE.search(text):
        return missing_branch(wrapper, match["ref"])
    if "readonly database" in text and not wrapper.is_branch:
        return ReadOnlyRevision(wrapper.ref)
    if "Please retry your transaction" in text or _code(error) == "SQLITE_BUSY_SNAPSHOT":
        return StaleWrite(wrapper.ref or None)
    if _MISSING.search(text):
        return wrapper.explain_missing_schema(text)
    if _code(error) == "SQLITE_ERROR" and _DOLT.search(text) and "syntax error" not in text:
        return DoltServerError(text)
    return None


def _code(error: Exception) -> str:
    """The name of SQLite's extended code; before Python 3.11 the text has to do."""
    known = getattr(error, "sqlite_errorname", None)
    if known is not None:
        return str(known)
    return "" if "locked" in str(error) else "SQLITE_ERROR"


def missing_branch(wrapper: DatabaseWrapper, ref: str) -> BranchDoesNotExist:
    """`BranchDoesNotExist` for `ref`, with the names that come nearest."""
    try:
        known = wrapper.list_branch_names()
    except wrapper.Database.Error:
        known = []
    return BranchDoesNotExist(ref, wrapper.root_alias, known)
