"""What a commit of the embedded engine leaves in the file: doltlite alone, and with this package.

    python benchmarks/growth.py [--commits 1000,5000,20000] [--only one-row,...] [--no-django]

For each kind of commit, on the engine alone: bytes a commit keeps for good (the size after
`dolt_gc()`, less what the file had at the start), the garbage beside it, commits a second, and what
the same rows take in a new file, without their history. Then a run of
`benchmarks/embedded.py`'s units of work, and the same statements sent to a copy of the file by the
driver alone: the difference is what this package adds.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, n INTEGER)"
UPDATE = "UPDATE t SET n = ? WHERE id = ?"
INDEXES = ["CREATE INDEX x ON t (n)", "CREATE INDEX y ON t (v)"]
OTHERS = [f"CREATE TABLE other{number} (id INTEGER PRIMARY KEY, v TEXT)" for number in range(20)]

Statement = tuple[str, Sequence[Any]]


class Kind(NamedTuple):
    """A kind of commit: the tables, the rows at the start, and what each commit sends."""

    schema: list[str]
    rows: int
    statement: Callable[[int], Statement] | None


def updating(rows: int) -> Callable[[int], Statement]:
    """Each commit changes a number in one of `rows` rows."""
    return lambda number: (UPDATE, (number + 10**6, number * 7919 % rows + 1))


KINDS = {
    "no change": Kind([TABLE], 100, None),
    "1 row of 1": Kind([TABLE], 1, updating(1)),
    "1 row of 100": Kind([TABLE], 100, updating(100)),
    "1 row of 10,000": Kind([TABLE], 10_000, updating(10_000)),
    "1 of 100, 2 indexes": Kind([TABLE, *INDEXES], 100, updating(100)),
    "1 of 100, 20 tables more": Kind([TABLE, *OTHERS], 100, updating(100)),
    "1 new row": Kind(
        [TABLE], 0, lambda number: ("INSERT INTO t (v, n) VALUES (?, ?)", (f"v{number}", number))
    ),
}


class File:
    """A database of the engine's own, without Django."""

    def __init__(self, path: str) -> None:
        from dolt_router.backends.doltlite.loading import load_driver

        self.path, driver = path, load_driver()
        self.connection: Any = driver.connect(path, isolation_level=None)

    def run(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """The rows that a statement answers."""
        return self.connection.execute(sql, values).fetchall()

    def commit(self, statements: Sequence[Statement], *options: str) -> None:
        """One transaction, one commit."""
        self.run("BEGIN IMMEDIATE")
        for sql, values in statements:
            self.run(sql, values)
        marks = ", ".join("?" * (len(options) + 2))
        self.run(f"SELECT dolt_commit({marks})", (*options, "-m", "A commit"))
        if self.connection.in_transaction:
            self.run("COMMIT")

    def collect(self) -> tuple[int, int]:
        """The bytes before and after garbage is collected."""
        before = os.path.getsize(self.path)
        self.run("SELECT dolt_gc()")
        return before, os.path.getsize(self.path)


def rows_alone(file: File, kind: Kind, path: str) -> int:
    """The bytes that the rows of a file take in a new one, with one commit."""
    new = File(path)
    for sql in kind.schema:
        new.run(sql)
    rows = file.run("SELECT id, v, n FROM t")
    new.commit([("INSERT INTO t VALUES (?, ?, ?)", row) for row in rows], "-A", "--allow-empty")
    return new.collect()[1]


def measure(name: str, kind: Kind, stops: Sequence[int], folder: str) -> Iterator[str]:
    """A line for each number of commits."""
    file = File(f"{folder}/{name.replace(' ', '-')}.db")
    for sql in kind.schema:
        file.run(sql)
    fill = [("INSERT INTO t (v, n) VALUES (?, ?)", (f"v{n}", n)) for n in range(kind.rows)]
    file.commit(fill, "-A", "--allow-empty")
    start = last = file.collect()[1]
    done = 0
    for stop in stops:
        started = time.perf_counter()
        for number in range(done, stop):
            sent = [kind.statement(number)] if kind.statement else []
            file.commit(sent, "-A", *([] if sent else ["--allow-empty"]))
        rate = (stop - done) / (time.perf_counter() - started)
        before, after = file.collect()
        alone = rows_alone(file, kind, f"{folder}/{name.replace(' ', '-')}-{stop}.db")
        yield (
            f"| {name} | {stop:,} | {after / 1e6:.1f} MB | {(after - start) / stop:,.0f} | "
            f"{(after - last) / (stop - done):,.0f} | {(before - after) / (stop - done):,.0f} | "
            f"{rate:,.0f} | {alone:,} |"
        )
        last, done = after, stop


def compare(commits: int, folder: str) -> Iterator[str]:
    """The same statements through Django and by the driver alone."""
    from benchmarks import embedded

    embedded.configure(folder, 0)
    from django.db import connection, connections

    from dolt_router.versioning.resets import collect_garbage
    from tests.inventory.models import Site

    Site.objects.bulk_create(Site(name=f"site {number}") for number in range(100))
    collect_garbage()
    connections.close_all()
    path, copy = f"{folder}/bench.db", f"{folder}/alone.db"
    shutil.copy(path, copy)
    start = os.path.getsize(path)
    sent: list[Statement] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE", "DELETE")):
            sent.append((sql.replace("%s", "?"), params))
        return execute(sql, params, many, context)

    units = []
    for number in range(commits):
        with connection.execute_wrapper(note):
            embedded.commit(number)
        units.append(sent[:])
        sent.clear()
    sizes = collect_garbage()
    assert sizes is not None
    yield f"this package: {(sizes.after - start) / commits:,.0f} bytes kept a commit"
    file = File(copy)
    for statements in units:
        file.commit(statements, "-A", "--allow-empty")
    _before, after = file.collect()
    yield f"the driver alone, same statements: {(after - start) / commits:,.0f} bytes kept a commit"


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commits", default="1000,5000,20000")
    parser.add_argument("--only", help="kinds, separated by commas")
    parser.add_argument("--no-django", action="store_true")
    options = parser.parse_args()
    stops = [int(number) for number in options.commits.split(",")]
    only = options.only.split(",") if options.only else list(KINDS)
    with tempfile.TemporaryDirectory() as folder:
        print(
            "| a commit changes | commits | file, collected | bytes a commit, all | since the row "
            "above | garbage beside it | commits/s | its rows alone, bytes |"
        )
        print("|---" * 8 + "|")
        for name in only:
            for line in measure(name, KINDS[name], stops, folder):
                print(line, flush=True)
        if not options.no_django:
            for line in compare(1000, folder):
                print(line, flush=True)


if __name__ == "__main__":
    main()
