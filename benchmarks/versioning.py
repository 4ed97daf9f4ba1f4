"""Version control verbs against the bare Dolt procedures, on the same server in one run.

    python benchmarks/versioning.py [--rows 1000000] [--changed 10000] [--diff 100000]

Quoted are ratios of medians, ours / bare, where bare is mysqlclient sending the one procedure
or table function that the verb stands on; goals: at most 1.2, rows of a diff at most 3. And
the growth of this process's memory while a whole diff is read.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def timed(run: Callable[[int], Any], number: int) -> float:
    """Seconds that `run(number)` takes."""
    started = time.perf_counter()
    run(number)
    return time.perf_counter() - started


def compare(
    ours: Callable[[int], Any], bare: Callable[[int], Any], rounds: int
) -> tuple[float, float]:
    """Median seconds of both, run in turn."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        for side, run in zip(times, (ours, bare), strict=True):
            taken = timed(run, number)
            if number:
                side.append(taken)
    return statistics.median(times[0]), statistics.median(times[1])


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--changed", type=int, default=10_000)
    parser.add_argument("--diff", type=int, default=100_000)
    options = parser.parse_args()
    from benchmarks.requests import configure
    from dolt_router.testing import DoltServer

    with DoltServer() as server:
        configure(server.host, server.port)
        from benchmarks.versioning_work import report

        for line in report(server, options.rows, options.changed, options.diff, compare):
            print(line, flush=True)


if __name__ == "__main__":
    main()
