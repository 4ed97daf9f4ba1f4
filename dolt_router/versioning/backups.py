"""Backups: the whole database with every branch, what isn't committed and the shared tables.

On a Dolt server `dolt_backup`, whose backups hold the working sets and with them the tables of
SHARED_APPS, which are in no push or clone; the embedded engine copies its two files.
https://docs.dolthub.com/sql-reference/version-control/dolt-sql-procedures#dolt_backup
"""

from __future__ import annotations

import os
import uuid
from typing import Any

from .. import aliases
from ..conf import conf
from ..exceptions import BackupError
from .remote_server import call, remote_cursor, server_session
from .remote_urls import validate_database, validate_url
from .session import verb_connection


def create(path: str, using: str | None = None) -> str:
    """Back up a database while others write to it.

    Args:
        path: of a new file, on the embedded engine: the backup is a database like any other.
            On a server a folder of the server's machine, or a URL as for remotes; a backup that
            is there already is brought up to date.

    Returns:
        The absolute path, or the URL.

    Raises:
        BackupError: there is a file, or no such folder.
        RemoteError: the server can't write there.
    """
    wrapper = _home(using)
    if not wrapper.engine.backup_files:
        url = _url(path)
        with remote_cursor(using) as cursor:
            call(cursor, f'back up to "{path}"', url, "dolt_backup", "sync-url", url)
        return url
    from ..backends.doltlite.copying import copy_database

    target = os.path.abspath(path)
    try:
        with verb_connection(conf.DEFAULT_BRANCH, using) as connection:
            with connection.wrap_database_errors:
                copy_database(str(connection.base_name), target)
    except FileExistsError as error:
        raise BackupError(f'"{error}" exists already. Name a new file, or delete it.') from error
    except FileNotFoundError as error:
        folder = os.path.dirname(target)
        raise BackupError(f'There is no folder "{folder}". Make it first.') from error
    return target


def restore(path: str, force: bool = False, using: str | None = None) -> str:
    """Make the database of alias `using` what it was when the backup was made.

    Restart the site's processes afterwards: they remember branches, content types and more.

    Args:
        path: see `create`.
        force: also when the database is there; what it has and the backup has not is lost. A
            server reads the backup twice then, the first time to see that it is whole.

    Returns:
        The name of the database, or the path of its file.

    Raises:
        BackupError: there is no such backup; the database is there, and `force` is not set.
        RemoteError: the server can't read the backup, or has the database already.
    """
    wrapper = _home(using)
    database = str(wrapper.base_name)
    if not wrapper.engine.backup_files:
        url, act = _url(path), f'restore "{validate_database(database)}" from "{path}"'
        aliases.handler().close_all()
        with server_session(using) as session, session.cursor() as cursor:
            if force:
                # Dolt drops the database before it looks for the backup: see that there is one.
                trial = validate_database(f"restored_{uuid.uuid4().hex[:12]}")
                call(cursor, act, url, "dolt_backup", "restore", url, trial)
                cursor.execute(f"DROP DATABASE `{trial}`")
            options = ["--force"] if force else []
            call(cursor, act, url, "dolt_backup", "restore", *options, url, database)
        with verb_connection(conf.DEFAULT_BRANCH, using) as connection:
            with connection.cursor() as cursor:
                connection.engine.heed_all_ids(cursor)
        return database
    from ..backends.doltlite.copying import copy_database, overwrite_database

    if not _is_backup(path):
        raise BackupError(
            f'"{path}" is no backup: no database of the embedded engine with its shared tables '
            f'beside it ("{path}-shared").'
        )
    if os.path.exists(database) and os.path.samefile(path, database):
        raise BackupError(f'"{path}" is the database itself.')
    aliases.handler().close_all()
    with wrapper.wrap_database_errors:
        if not os.path.exists(database):
            copy_database(path, database)
        elif force:
            overwrite_database(path, database)
        else:
            raise BackupError(
                f'"{database}" exists. What it has and the backup has not would be lost: to do '
                "it all the same, restore with force=True (manage.py dolt backup restore --force)."
            )
    return database


def _home(using: str | None) -> Any:
    """A wrapper of the default branch that isn't connected: the database may be missing."""
    target = aliases.Target(aliases.default_root(using), str(conf.DEFAULT_BRANCH))
    return aliases.handler().create_wrapper(target)


def _url(path: str) -> str:
    return validate_url(path if "://" in path else f"file://{os.path.abspath(path)}")


def _is_backup(path: str) -> bool:
    from ..backends.doltlite.driver import Database
    from ..backends.doltlite.files import shared_file, uri

    if not os.path.isfile(path) or not os.path.isfile(shared_file(path)):
        return False
    try:
        connection = Database.connect(uri(path, "ro"), uri=True)
        try:
            return bool(connection.execute("SELECT doltlite_engine()").fetchone() == ("prolly",))
        finally:
            connection.close()
    except Database.Error:
        return False
