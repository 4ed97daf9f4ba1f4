"""Garbage is collected when the file has grown, by a process of its own, off the request.

    python -m dolt_router.backends.doltlite.collecting FILE [growth in bytes [seconds]]

After a commit the size of the file is compared with what it was after the last collection. When
it has grown enough, one collector is started: it outlives the request and the process that
started it, holds no interpreter up, and inherits no lock or thread. `dolt_gc()` writes the file
anew beside itself and puts it in its place; connections of any process go on with the new one.
Readers don't wait meanwhile, writers do. So a file that would keep them waiting for long is left
to a quiet hour, and a collector that turns out to take longer than it may ends itself: then nothing
was collected.

`.inventory.db-gc` beside the database says how large the last collection left the file, how long it
took, and how much of what had come since the one before was garbage: history stays, and where
nearly all is history there is little to collect. A collector holds a lock on it, so there is one
at a time.
https://github.com/dolthub/doltlite
"""

from __future__ import annotations

import fcntl
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from ..engine import Collected
from .files import collections_file, uri
from .loading import load_driver

GROWTH = 64 * 2**20  # bytes: OPTIONS["gc_growth"], when it isn't there
SPEED = 20 * 2**20  # bytes a second, of a file that was never collected
PATIENCE = 0.25  # the part of a writer's timeout that a collection may take
LEAST_GARBAGE = 0.25  # the part of the growth that is taken for garbage, when less was found
TURN = 60  # seconds that a collector tries to get between the writers
TOO_LONG = 75  # its exit code, when it ended itself
UNFINISHED = "-gc-tmp"  # what the engine calls the new file until it is complete
RETRY = 600  # seconds until it is tried again after it failed
PUT_OFF = 24 * 3600  # seconds until a collection that takes too long is spoken of again

log = logging.getLogger("dolt_router")


class Collection(NamedTuple):
    """The last collection of a file: what it left and took.

    `size` is in bytes; `seconds` is what a collector was given, when it didn't end in that time;
    `garbage` the part of what had come since the one before that was garbage, 0 to 1.
    """

    size: int
    seconds: float
    garbage: float = 1.0


NEVER = Collection(0, 0.0)


def is_due(size: int, last: Collection, growth: int) -> bool:
    """Whether a file has grown by enough garbage: `growth` bytes, and half of what was kept.

    How much of the growth that is goes by the last collection.
    """
    garbage = (size - last.size) * max(last.garbage, LEAST_GARBAGE)
    return growth > 0 and garbage >= max(growth, last.size // 2)


def expected_seconds(size: int, last: Collection) -> float:
    """How long a collection of a file of `size` bytes takes at most, going by the last one."""
    if not last.size:
        return size / SPEED
    return last.seconds * max(size / last.size, 1)


def last_collection(database: str) -> Collection:
    """What is noted beside the database; NEVER when nothing is."""
    try:
        with open(collections_file(database)) as file:
            size, seconds, garbage = file.read().split()
            return Collection(int(size), float(seconds), float(garbage))
    except (OSError, ValueError):
        return NEVER


def collect(connection: Any, database: str) -> Collected:
    """Run `dolt_gc()` on a driver's connection, and note what it did.

    Raises:
        the driver's OperationalError: a writer doesn't end, or has begun on this connection.
    """
    before, started = os.path.getsize(database), time.monotonic()
    connection.execute("SELECT dolt_gc()").fetchall()
    after, seconds = os.path.getsize(database), time.monotonic() - started
    grown = before - last_collection(database).size
    garbage = min((before - after) / grown, 1.0) if grown > 0 else 0.0
    note(database, Collection(after, seconds, max(garbage, 0.0)))
    return Collected(before, after)


def note(database: str, collection: Collection) -> None:
    """Write down a collection beside the database; without the right to, it isn't noted."""
    text = "{} {:.3f} {:.3f}\n".format(*collection).encode()
    with suppress(OSError):
        descriptor = os.open(collections_file(database), os.O_WRONLY | os.O_CREAT, 0o666)
        try:
            os.pwrite(descriptor, text, 0)
            os.ftruncate(descriptor, len(text))
        finally:
            os.close(descriptor)


class Housekeeper:
    """Starts collectors for the databases that this process commits to. One for all threads."""

    def __init__(self) -> None:
        self._last: dict[str, Collection] = {}
        self._not_before: dict[str, float] = {}  # also while a collector runs: for ever

    def after_commit(self, database: str, growth: int, timeout: float) -> None:
        """Start a collector when the file has grown enough. Costs a `stat`, else.

        Args:
            growth: bytes; 0: never.
            timeout: the seconds that a writer waits for others.
        """
        if growth <= 0 or time.monotonic() < self._not_before.get(database, 0):
            return
        try:
            size = os.path.getsize(database)
        except OSError:
            return
        if not is_due(size, self._last.get(database, NEVER), growth):
            return
        last = self._last[database] = last_collection(database)  # someone else's, meanwhile?
        if not is_due(size, last, growth):
            return
        limit = timeout * PATIENCE
        if expected_seconds(size, last) > limit:
            self._not_before[database] = time.monotonic() + PUT_OFF
            log.warning(
                '"%s" has grown to %d MB, and collecting its garbage may keep writers waiting '
                "for %d seconds. Run `manage.py dolt gc` in a quiet hour.",
                database,
                size // 2**20,
                expected_seconds(size, last),
            )
            return
        self._not_before[database] = float("inf")
        with suppress(RuntimeError):  # no new thread: the interpreter ends; another will do it
            threading.Thread(
                target=self._run,
                args=(os.path.abspath(database), database, growth, limit),
                daemon=True,
            ).start()

    def _run(self, path: str, database: str, growth: int, limit: float) -> None:
        """Start a collector and wait for it, in a thread that does nothing else."""
        path_of_modules = [each or os.getcwd() for each in sys.path]
        done = subprocess.run(
            [_python(), "-m", __name__, path, str(growth), str(limit)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path_of_modules)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            start_new_session=True,  # Ctrl-C and a server's restart are not meant for it
        )
        failed = done.returncode != 0 and os.path.exists(path)
        if failed:
            log.warning('The garbage of "%s" wasn\'t collected: %s', path, done.stderr[-500:])
        self._not_before[database] = time.monotonic() + RETRY if failed else 0


housekeeper = Housekeeper()
# The thread that waits for a collector is the parent's.
os.register_at_fork(after_in_child=lambda: housekeeper.__init__())  # type: ignore[misc]


def _python() -> str:
    """The interpreter: under uWSGI and the like `sys.executable` is another program."""
    if "python" in os.path.basename(sys.executable or ""):
        return sys.executable
    return os.path.join(sys.exec_prefix, "bin", "python3")


class Watch(threading.Thread):
    """Ends this process, when an attempt to collect takes longer than `limit` seconds.

    The driver lets other threads run meanwhile, and can't be interrupted.
    """

    def __init__(self, database: str, limit: float) -> None:
        super().__init__(daemon=True)
        self.database, self.limit = database, limit
        self.started = time.monotonic()

    def run(self) -> None:
        while time.monotonic() - self.started < self.limit:
            time.sleep(min(self.limit / 10, 0.05))
        last = last_collection(self.database)
        # What it would have left isn't known; that it takes long is, until one is run by hand.
        size = last.size or os.path.getsize(self.database)
        note(self.database, Collection(size, self.limit, last.garbage))
        with suppress(OSError):
            os.unlink(self.database + UNFINISHED)
        sys.stderr.write(
            f"It took longer than {self.limit:g} seconds, and writers were waiting. "
            "Run `manage.py dolt gc` in a quiet hour."
        )
        sys.stderr.flush()
        os._exit(TOO_LONG)


def main(arguments: Sequence[str]) -> int:
    """Collect the garbage of a database, unless another collector has just done it."""
    database = arguments[0]
    growth = int(arguments[1]) if len(arguments) > 1 else 0
    limit = float(arguments[2]) if len(arguments) > 2 else 0
    os.stat(database)  # no note beside a file that is gone
    with open(collections_file(database), "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # not lockf: closing the note would end it
        if growth and not is_due(os.path.getsize(database), last_collection(database), growth):
            return 0
        driver: Any = load_driver()
        # It waits for its turn here and not in the driver, so that waiting counts for nothing.
        connection = driver.connect(uri(database, "rw"), uri=True, isolation_level=None, timeout=0)
        watch = Watch(database, limit)
        deadline = time.monotonic() + TURN
        try:
            while True:
                watch.started = time.monotonic()
                if limit and not watch.is_alive():
                    watch.start()
                try:
                    collect(connection, database)
                    watch.started = float("inf")
                    return 0
                except driver.OperationalError as error:
                    if "lock" not in str(error) or time.monotonic() > deadline:
                        raise
                    time.sleep(0.005)
        finally:
            connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
