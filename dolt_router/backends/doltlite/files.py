"""The files of an embedded database, and which part of a NAME is the file.

`/path/inventory.db` is the versioned database. `/path/inventory.db-shared` beside it, a plain
SQLite file, holds the tables of SHARED_APPS: one file for all branches.
"""

from __future__ import annotations

import os
import tempfile
from functools import lru_cache
from pathlib import PurePath
from urllib.parse import quote

SHARED_SUFFIX = "-shared"
# What doltlite and SQLite lay beside a database file.
COMPANIONS = ("-wal", "-shm", "-journal")


@lru_cache(maxsize=1024)
def split_name(name: str) -> tuple[str, str]:
    """The file and the branch that a NAME pins: `/path/inventory.db/feature/x`; '' for none.

    The file is the first part of the path that is no directory.
    """
    path = PurePath(name)
    parts = path.parts
    for count in range(1, len(parts) + 1):
        there = os.path.join(*parts[:count])
        if os.path.isdir(there):
            continue
        if os.path.exists(there) or "." in parts[count - 1]:
            return there, "/".join(parts[count:])
        break
    return name, ""


def shared_file(database: str) -> str:
    """The path of the file with the shared tables of a database."""
    return database + SHARED_SUFFIX


def uri(path: str, mode: str) -> str:
    """The path as SQLite's URI; `mode` is "ro" or "rw"."""
    return f"file:{quote(os.path.abspath(path))}?mode={mode}"


def create_shared_file(database: str) -> str:
    """Make the file for shared tables, when there is none; its path.

    It has SQLite's own format: rows of sessions and users need no history, and in a versioned
    file each write to them would stay in it until `dolt_gc`.
    """
    import sqlite3  # plain SQLite, which makes its own format; doltlite would make its

    path = shared_file(database)
    if os.path.exists(path):
        return path
    handle, fresh = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)), prefix=".shared-")
    os.close(handle)
    try:
        connection = sqlite3.connect(fresh)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA user_version = 1")
        connection.close()
        os.chmod(fresh, os.stat(database).st_mode & 0o777)
        try:
            os.link(fresh, path)  # all of it or nothing, and never over another's
        except FileExistsError:
            pass
    finally:
        os.unlink(fresh)
    return path


def collections_file(database: str) -> str:
    """The path of the note about the last garbage collection of a database."""
    folder, name = os.path.split(database)
    return os.path.join(folder, f".{name}-gc")


def every_file(database: str) -> list[str]:
    """The paths of all files of a database that are there."""
    folder, name = os.path.split(database)
    shared = shared_file(database)
    paths = [database, os.path.join(folder, f".{name}-lock"), collections_file(database), shared]
    paths += [path + suffix for path in (database, shared) for suffix in COMPANIONS]
    return [path for path in paths if os.path.exists(path)]
