"""A small shell for SQL on a branch of an embedded database: what `dbshell` starts.

    python -m dolt_router.backends.doltlite.shell /path/inventory.db/feature/x [SQL ...]

Statements are read from the terminal or from standard input, and end with a semicolon. What
they write stays in the working set: commit it with `SELECT dolt_commit('-A', '-m', '...');`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from .files import shared_file, split_name, uri
from .loading import load_driver


def connect(driver: Any, name: str) -> Any:
    """A connection to the branch that `name` says, with the shared tables to read."""
    file, _ref = split_name(name)
    if not os.path.exists(file):
        sys.exit(f"There is no database {file}.")
    connection = driver.connect(name, isolation_level=None, uri=True)
    if os.path.exists(shared_file(file)):
        connection.execute("ATTACH DATABASE ? AS shared", (uri(shared_file(file), "ro"),))
    return connection


def statements(lines: Iterator[str], complete: Any) -> Iterator[str]:
    """The statements in `lines`, one that may go over several of them at a time."""
    pending = ""
    for line in lines:
        pending += line
        if complete(pending):
            yield pending.strip()
            pending = ""
    if pending.strip():
        yield pending.strip()


def run(connection: Any, sql: str) -> bool:
    """Run one statement and print its rows under their names; False when it failed."""
    try:
        cursor = connection.execute(sql)
        rows = cursor.fetchall()
    except Exception as error:
        print(f"Error: {error}", file=sys.stderr)
        return False
    if cursor.description is not None:
        print("|".join(str(column[0]) for column in cursor.description))
    for row in rows:
        print("|".join("" if value is None else str(value) for value in row))
    return True


def main(arguments: Sequence[str]) -> int:
    """The command line; the exit code is 1 when a statement failed that wasn't typed."""
    driver: Any = load_driver()
    connection = connect(driver, arguments[0])
    if len(arguments) > 1:
        return 0 if all(run(connection, sql) for sql in arguments[1:]) else 1
    if not sys.stdin.isatty():
        outcomes = [
            run(connection, sql) for sql in statements(sys.stdin, driver.complete_statement)
        ]
        return 0 if all(outcomes) else 1
    (branch,) = connection.execute("SELECT active_branch()").fetchone()
    print(f"{arguments[0]} on {branch or 'a point in history'}. End statements with ;")
    for sql in statements(_typed(), driver.complete_statement):
        run(connection, sql)
    return 0


def _typed() -> Iterator[str]:
    import readline  # noqa: F401  # for the arrow keys

    while True:
        try:
            yield input("dolt> ") + "\n"
        except EOFError:
            return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
