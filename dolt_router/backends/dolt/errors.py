"""Server errors as the package's exceptions, with the original as their cause.

https://docs.dolthub.com/sql-reference/server and `go/libraries/doltcore/dsess` in Dolt's
source for the texts of error 1105, the code for everything that MySQL has no code for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...exceptions import (
    BranchDoesNotExist,
    CheckViolated,
    CrossBranchWrite,
    DoltRouterError,
    DoltServerError,
    OutOfRange,
    ReadOnlyRevision,
    SavepointRefused,
    StaleWrite,
)

if TYPE_CHECKING:
    from .base import DatabaseWrapper

UNKNOWN_DATABASE, UNKNOWN_ERROR, SERIALIZATION_FAILURE = 1049, 1105, 1213
UNKNOWN_COLUMN, UNKNOWN_TABLE, PAST_ITS_TYPE = 1054, 1146, 1690
_OUT_OF_RANGE = re.compile(
    r"\bout of range for (?:(?:tiny|small|medium|big)?int|double|a sum|COT)\b"
    r"|^Out of range value for column of Decimal type"
    r"|^string '(?:.*' is too large for column |.{480})",  # a long one is all that the error holds
    re.S,
)

_REFUSED = re.compile(r"'(out of range for .*)'$", re.S)  # by what `limits.refused` writes
_NEW_DATABASE = "could not resolve initial root for database "


def translate(error: Exception, wrapper: DatabaseWrapper) -> DoltRouterError | None:
    """The package's exception for a driver error; None when Django's own fits."""
    code = error.args[0] if error.args else None
    text = str(error.args[1]) if len(error.args) > 1 else ""
    if code == SERIALIZATION_FAILURE:
        return StaleWrite(wrapper.ref or None)
    if code == UNKNOWN_DATABASE and wrapper.ref and f"{wrapper.base_name}/{wrapper.ref}" in text:
        return missing_branch(wrapper, wrapper.ref)
    if code == UNKNOWN_ERROR:
        if "branch not found" in text:
            named = text.partition("branch not found: ")[2].strip(" '\"`")
            return missing_branch(wrapper, named or wrapper.ref)
        if "is read-only" in text or "detached head" in text:
            return ReadOnlyRevision(wrapper.ref)
        if "more than one branch" in text:
            return CrossBranchWrite("A transaction that wrote two branches", wrapper.ref)
        if text.startswith("Check constraint") and text.endswith("violated"):
            return CheckViolated(code, text)
        if _OUT_OF_RANGE.search(text):
            refused = _REFUSED.search(text)
            return OutOfRange(PAST_ITS_TYPE, refused[1]) if refused else OutOfRange(code, text)
        if text.startswith(_NEW_DATABASE):
            return SavepointRefused(wrapper.ref or None, text[len(_NEW_DATABASE) :].strip("/"))
        return DoltServerError(code, text)
    if code in (UNKNOWN_COLUMN, UNKNOWN_TABLE):
        return wrapper.explain_missing_schema(text)
    return None


def missing_branch(wrapper: DatabaseWrapper, ref: str) -> DoltRouterError:
    """`BranchDoesNotExist` for `ref`, with the names that come nearest.

    When the database itself is missing that is said instead: looking for the names tells.
    """
    try:
        known = wrapper.list_branch_names()
    except wrapper.Database.Error as error:
        if error.args and error.args[0] == UNKNOWN_DATABASE:
            return DoltServerError(
                error.args[0],
                f'Database "{wrapper.base_name}" does not exist. Create it with: '
                f"CREATE DATABASE `{wrapper.base_name}`",
            )
        known = []
    return BranchDoesNotExist(ref, wrapper.root_alias, known)
