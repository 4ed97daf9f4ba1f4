"""What has to be done about commits that came from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..backends.dolt.sequences import register
from ..exceptions import RemoteError
from .remote_server import call, login_options, refs_of
from .scratch import scratch_branch
from .session import database_connection, verb_connection


def register_sequences(hashes: Iterable[str], using: str | None = None) -> None:
    """Tell the server of tables in these commits that it has no AUTO_INCREMENT counter of.

    It has one for every table that was made here. A table that isn't on the default branch
    may have come with the commit; for one that did not, nothing changes.
    """
    with database_connection(using) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        known = {str(name).lower() for (name,) in cursor.fetchall()}
        new: dict[str, list[str]] = {}
        for commit in hashes:
            cursor.execute("SHOW TABLES AS OF %s", [commit])
            names = [str(name) for (name,) in cursor.fetchall()]
            if found := [name for name in names if name.lower() not in known]:
                new[commit] = found
    for commit, tables in new.items():
        # The counter is the server's, for all branches: one that is thrown away will do.
        with scratch_branch(commit, using) as name, verb_connection(name, using) as connection:
            with connection.cursor() as cursor:
                for table in tables:
                    register(cursor, table)


def refuse_moved(
    cursor: Any, branch: str, remote: str, url: str, user: str | None, using: str | None
) -> str | None:
    """Fetch the branch; its hash at the remote, None when it isn't there.

    Raises:
        RemoteError: it is not where it was when it was last fetched.
    """
    name = f"{remote}/{branch}"
    before = refs_of(cursor, remote).get(name)
    act = f'push "{branch}" to "{remote}"'
    after: str | None = None
    try:
        call(cursor, act, url, "dolt_fetch", *login_options(user), remote, branch)
        after = refs_of(cursor, remote).get(name)
    except RemoteError as error:
        if error.__cause__ is None or not _lacks_branch(error.__cause__):
            raise
    if before == after:
        return after
    if after is None:
        raise RemoteError(
            f'Branch "{branch}" is gone from "{remote}" since it was last fetched; nothing was '
            "pushed. Push it without force to make it anew."
        )
    register_sequences([after], using)
    raise RemoteError(
        f'Branch "{branch}" of "{remote}" moved since it was last fetched '
        f"({before[:8] if before else 'none'} -> {after[:8]}); nothing was pushed. Look at it "
        f"(manage.py dolt log {after}) and pull it, or push again to overwrite it."
    )


def _lacks_branch(cause: BaseException) -> bool:
    return any(words in str(cause) for words in ("invalid ref spec", "no branches found"))
