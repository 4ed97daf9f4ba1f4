"""Branches: list, create, rename, delete, ahead and behind.

https://docs.dolthub.com/sql-reference/version-control/dolt-sql-procedures#dolt_branch
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop as _

from .. import access, aliases, signals
from ..conf import conf
from ..exceptions import (
    BranchDoesNotExist,
    BranchExists,
    BranchInUse,
    BranchProtected,
    DoltServerError,
    InvalidBranchName,
    worded,
)
from ..names import validate_branch, validate_ref
from ..protection import DELETED, RENAMED
from .session import database_connection, refuse_unfinished, verb_connection


def names(using: str | None = None) -> list[str]:
    """The names of all branches, sorted."""
    with database_connection(using) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT name FROM dolt_branches ORDER BY name")
        return [name for (name,) in cursor.fetchall()]


def resolve(ref: str, using: str | None = None) -> str:
    """The commit hash that a branch, tag or hash stands for.

    Raises:
        BranchDoesNotExist: there is none.
    """
    access.require_open(validate_ref(ref), aliases.default_root(using))
    with database_connection(using) as connection, connection.cursor() as cursor:
        try:
            cursor.execute("SELECT dolt_hashof(%s)", [ref])
            return str(cursor.fetchone()[0])
        except DoltServerError as error:
            raise BranchDoesNotExist(ref, aliases.default_root(using), names(using)) from error


def head(name: str, using: str | None = None) -> str | None:
    """The commit hash of the branch that is spelled exactly so; None when there is none.

    No gate is asked: who looks for a branch's head need not be one who may open it.
    """
    try:
        # To aim a connection takes as long with thousands of branches as with one. A tag of
        # this name, or a branch in another case, may be what it then is aimed at.
        with access.system(), verb_connection(name, using) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT active_branch(), dolt_hashof('HEAD')")
                true_name, found = cursor.fetchone()
    except (BranchDoesNotExist, InvalidBranchName):
        return None
    return str(found) if true_name == name else None


def _refuse_taken(name: str, using: str | None) -> None:
    # Dolt would create `Main` beside `main`, and connect to either for both. It finds a branch
    # in any case, whatever their number: aiming a connection is the quickest way to ask.
    with database_connection(using) as connection:
        if connection.finds_ref(name):
            raise BranchExists(name, aliases.default_root(using))


def _start_of(name: str, using: str | None) -> str:
    there = names(using)
    if name == conf.DEFAULT_BRANCH and len(there) == 1:
        return there[0]  # a new database: Dolt has named its one branch
    return aliases.current_branch(using)


def create(name: str, start_point: str | None = None, using: str | None = None) -> str:
    """Create a branch at `start_point` (a branch, tag or commit; the active branch if None).

    Returns:
        The start point.

    Raises:
        InvalidBranchName, BranchExists: the name can't be used.
        BranchDoesNotExist: there is no such start point.
    """
    validate_branch(name)
    start = validate_ref(start_point or _start_of(name, using))
    _refuse_taken(name, using)
    access.require("create", name, using, start_point=start)
    access.require_open(start, aliases.default_root(using))
    about = {"using": aliases.default_root(using), "name": name, "start_point": start}
    signals.ask(signals.pre_branch_create, **about)
    with database_connection(using) as connection, connection.cursor() as cursor:
        try:
            connection.engine.run(cursor, "dolt_branch", name, start)
        except (DoltServerError, BranchDoesNotExist):
            resolve(start, using)  # says which ref is missing, with the near names
            raise
    if start not in names(using):  # a commit of a remote, perhaps
        with verb_connection(name, using) as connection, connection.cursor() as cursor:
            connection.engine.heed_ids(cursor, str(conf.DEFAULT_BRANCH), name)
    signals.tell(signals.branch_created, **about)
    return start


def rename(old: str, new: str, using: str | None = None) -> None:
    """Rename a branch.

    Raises:
        BranchProtected: it is protected or the default branch.
        BranchInUse: this request wrote to it and hasn't committed yet.
        InvalidBranchName, BranchExists, BranchDoesNotExist: a name can't be used.
    """
    refuse_fixed(old, using, new_name=new)
    validate_branch(new)
    if new.lower() != old.lower():
        _refuse_taken(new, using)
    access.require("create", new, using, start_point=old)
    about = {"using": aliases.default_root(using), "name": old, "new_name": new}
    signals.ask(signals.pre_branch_rename, **about)
    alias = aliases.branch_alias(old, using)
    wrapper = aliases.handler()[alias]
    aliases.handler().forget(alias)
    with verb_connection(conf.DEFAULT_BRANCH, using) as connection, connection.cursor() as cursor:
        connection.engine.run(cursor, "dolt_branch", "-m", "-f", old, new)
    wrapper.forget_ref()
    signals.tell(signals.branch_renamed, **about)


def delete(name: str, force: bool = False, using: str | None = None) -> None:
    """Delete a branch; without `force` only one whose commits are all in the default branch.

    Requests that are at work on it at the moment fail: nothing of theirs is written.

    Raises:
        BranchProtected: it is protected or the default branch.
        BranchInUse: it has commits that aren't merged, and `force` is not set; or this
            request wrote to it and hasn't committed yet.
        BranchDoesNotExist: there is none.
    """
    refuse_fixed(name, using, force=force)
    alias = aliases.branch_alias(name, using)
    wrapper = aliases.handler()[alias]
    wrapper.ensure_connection()
    if not force:
        ahead, _behind = ahead_behind(name, str(conf.DEFAULT_BRANCH), using)
        if ahead:
            text = _(
                '%(n)d commit(s) are not in "%(default)s". Merge it first, or delete it all the '
                "same with force=True (manage.py dolt branch -D)."
            )
            raise BranchInUse(name, worded(text, n=ahead, default=conf.DEFAULT_BRANCH))
    about = {"using": aliases.default_root(using), "name": name, "force": force}
    signals.ask(signals.pre_branch_delete, **about)
    aliases.handler().forget(alias)
    with verb_connection(conf.DEFAULT_BRANCH, using) as connection, connection.cursor() as cursor:
        connection.engine.run(cursor, "dolt_branch", "-D", name)
    wrapper.forget_ref()
    signals.tell(signals.branch_deleted, **about)


def refuse_fixed(name: str, using: str | None, **details: Any) -> None:
    """Refuse to rename, delete or archive a branch that has to stay, or is in use here.

    Args:
        details: of the act "delete" that the gates are asked about: see `access.Act`.

    Raises:
        BranchProtected, BranchForbidden, BranchInUse, BranchDoesNotExist.
    """
    validate_branch(name)
    if name == conf.DEFAULT_BRANCH:
        raise BranchProtected(name, RENAMED if "new_name" in details else DELETED)
    access.require("delete", name, using, **details)
    if name not in names(using):
        raise BranchDoesNotExist(name, aliases.default_root(using), names(using))
    refuse_unfinished(name, worded(_("Do this")), using)


def ahead_behind(name: str, into: str, using: str | None = None) -> tuple[int, int]:
    """How many commits `name` has that `into` lacks, and the other way round.

    Raises:
        BranchDoesNotExist: one of them isn't there.
    """
    for ref in (name, into):
        access.require_open(validate_ref(ref), aliases.default_root(using))
    with verb_connection(conf.DEFAULT_BRANCH, using) as connection, connection.cursor() as cursor:
        try:
            cursor.execute(
                "SELECT (SELECT COUNT(*) FROM dolt_log(%s)), (SELECT COUNT(*) FROM dolt_log(%s))",
                [f"{into}..{name}", f"{name}..{into}"],
            )
        except DoltServerError as error:
            for ref in (name, into):
                resolve(ref, using)
            raise error
        ahead, behind = cursor.fetchone()
        return int(ahead), int(behind)
