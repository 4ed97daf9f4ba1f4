"""Copies of a database with its history and its shared tables, while others write.

SQLite's backup copies one file as it is at one moment: all branches and commits, no garbage left
out. The write lock of the versioned file is held meanwhile, so no unit of work that writes both
files ends between the two copies. https://www.sqlite.org/backup.html
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from . import driver
from .files import collections_file, create_shared_file, every_file, shared_file, uri

TIMEOUT = 60  # seconds to wait for a writer to end


def copy_database(source: str, target: str) -> None:
    """Copy a database; `target` is there whole or not at all.

    Raises:
        FileExistsError: there is something already.
        FileNotFoundError: there is no such folder.
        the driver's Error: a writer doesn't end, or the disk is full.
    """
    folder, name = os.path.split(os.path.abspath(target))
    for path in (target, shared_file(target)):
        if os.path.exists(path):
            raise FileExistsError(path)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{name}-") as fresh:
        part = os.path.join(fresh, name)
        with _reading(source) as (versioned, shared):
            _copy(versioned, part)
            create_shared_file(part)
            _copy(shared, shared_file(part))
        os.chmod(part, os.stat(source).st_mode & 0o777)
        # The database itself comes last: what has no name yet is no database.
        for path in (shared_file(part), part):
            _sync(path)
            os.rename(path, target if path == part else shared_file(target))
    _sync(folder)


def overwrite_database(source: str, target: str) -> None:
    """Make an existing database equal to another one; its open connections go on with that.

    Each of the two files is exchanged as a whole, one after the other.

    Raises:
        the driver's Error: a writer doesn't end, or the disk is full.
    """
    with _reading(source) as (versioned, shared):
        _copy(shared, create_shared_file(target))
        _copy(versioned, target)
    with suppress(FileNotFoundError):
        os.unlink(collections_file(target))


def remove_database(database: str) -> None:
    """Delete every file of a database that nobody has open."""
    for path in every_file(database):
        os.remove(path)


@contextmanager
def _reading(database: str) -> Iterator[tuple[Any, Any]]:
    """Connections to both files, under the lock that whoever writes the versioned one needs."""
    opened = [
        driver.Database.connect(uri(path, "rw"), uri=True, isolation_level=None, timeout=TIMEOUT)
        for path in (database, database, create_shared_file(database))
    ]
    lock, versioned, shared = opened
    try:
        lock.execute("BEGIN IMMEDIATE")
        yield versioned, shared
    finally:
        for connection in opened:
            connection.close()


def _copy(connection: Any, path: str) -> None:
    target = driver.Database.connect(path, isolation_level=None, timeout=TIMEOUT)
    try:
        connection.backup(target)
    finally:
        target.close()


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
