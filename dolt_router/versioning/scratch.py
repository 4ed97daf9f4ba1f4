"""A branch of the verb's own: where work of several commits is done before a branch is moved.

A commit that Dolt makes inside a transaction survives its ROLLBACK, so several of them are
only all or nothing on a branch that is thrown away when one fails.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from .. import access, aliases
from .session import database_connection

PREFIX = "dolt-router/"


@contextmanager
def scratch_branch(start: str, using: str | None = None) -> Iterator[str]:
    """A new branch at `start`, deleted in the end; the value is its name."""
    name = f"{PREFIX}{uuid.uuid4().hex[:12]}"
    with database_connection(using) as connection, connection.cursor() as cursor:
        connection.engine.run(cursor, "dolt_branch", name, start)
    try:
        # What may be done was asked of the branch that is to be moved.
        with access.system():
            yield name
    finally:
        aliases.handler().forget(aliases.branch_alias(name, using))
        with database_connection(using) as connection, connection.cursor() as cursor:
            connection.engine.run(cursor, "dolt_branch", "-D", name)
