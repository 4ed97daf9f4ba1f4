"""How remotes.py talks to the server: by the driver's own cursor, with errors redacted.

Django's cursors would keep the parameters, and with them a URL's password, in query logs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .. import aliases
from ..conf import conf
from ..exceptions import BranchDoesNotExist, RemoteError
from .branches import names
from .remote_errors import explain
from .remote_urls import redact_error, validate_remote, validate_user
from .session import database_connection


@contextmanager
def remote_cursor(using: str | None) -> Iterator[Any]:
    """The driver's own cursor, on the default branch, outside of any transaction."""
    with database_connection(using) as connection:
        connection.engine.require("remotes", "Working with remotes")
        session: Any = connection.connection
        with connection.wrap_database_errors, session.cursor() as cursor:
            try:
                yield cursor
            except RemoteError:
                connection.errors_occurred = True  # it may have been this connection that broke
                raise


@contextmanager
def server_session(using: str | None) -> Iterator[Any]:
    """A connection to no database: the one of the alias need not exist yet."""
    target = aliases.Target(aliases.default_root(using), str(conf.DEFAULT_BRANCH))
    wrapper = aliases.handler().create_wrapper(target)
    wrapper.engine.require("remotes", "Working with remotes")
    from ..backends.dolt.pool import Session

    params = {k: v for k, v in wrapper.get_connection_params().items() if k != "database"}
    with wrapper.wrap_database_errors:
        session = Session(**params)
        try:
            yield session
        finally:
            session.close()


def call(cursor: Any, act: str, url: str, procedure: str, *args: str) -> tuple[Any, ...]:
    """Call a procedure; its one row.

    Raises:
        RemoteError: the server raised; its error, without credentials, is the cause.
    """
    from ..backends.dolt.base import Database

    marks = ", ".join(["%s"] * len(args))
    try:
        cursor.execute(f"CALL {procedure}({marks})", args)
        return tuple(cursor.fetchone())
    except Database.Error as error:
        cause = redact_error(error, url)
    # Outside the except block: else the driver's error would be its context all the same.
    text = str(cause.args[1]) if len(cause.args) > 1 else str(cause)
    raise explain(act, text) from cause


def urls_of(cursor: Any) -> dict[str, str]:
    """The URLs of all remotes by name, with the credentials in them."""
    cursor.execute("SELECT name, url FROM dolt_remotes")
    return {str(name): str(url) for name, url in cursor.fetchall()}


def url_of(cursor: Any, remote: str) -> str:
    """The URL of a remote, with the credentials in it.

    Raises:
        RemoteError: there is no such remote.
    """
    validate_remote(remote)
    known = urls_of(cursor)
    if remote in known:
        return known[remote]
    listed = ", ".join(f'"{name}"' for name in sorted(known))
    raise RemoteError(
        f'Remote "{remote}" does not exist. '
        + (f"There is {listed}. " if listed else "")
        + f"Add it with: manage.py dolt remote add {remote} <url>"
    )


def refs_of(cursor: Any, remote: str) -> dict[str, str]:
    """The hashes of `origin/main`, `tags/v1`, ...: what a fetch from `remote` may change."""
    cursor.execute("SELECT name, hash FROM dolt_remote_branches")
    whole = {str(name).removeprefix("remotes/"): str(found) for name, found in cursor.fetchall()}
    refs = {name: found for name, found in whole.items() if name.startswith(remote + "/")}
    cursor.execute("SELECT tag_name, tag_hash FROM dolt_tags")
    return refs | {f"tags/{name}": str(found) for name, found in cursor.fetchall()}


def head_of(cursor: Any, branch: str, using: str | None) -> str:
    """The commit hash of a branch, spelled as it is.

    Raises:
        BranchDoesNotExist: there is none.
    """
    cursor.execute("SELECT name, hash FROM dolt_branches WHERE name = %s", [branch])
    for name, found in cursor.fetchall():
        if name == branch:
            return str(found)
    raise BranchDoesNotExist(branch, aliases.default_root(using), names(using))


def login_options(user: str | None) -> list[str]:
    """The options of a procedure that log in as `user`.

    Raises:
        RemoteError: it can't be the name of a user.
    """
    return [] if user is None else ["--user", validate_user(user)]
