"""Read and write requests against Django's own mysql backend on the same Dolt, in one run.

    python benchmarks/requests.py [--rounds 400]

Both sides handle the same request with the same view through Django's handler, in turn, with
persistent connections. Quoted are the ratios of medians:

* read: ours / plain. Goal: at most 1.10.
* write: ours / (plain - COMMIT + dolt_commit), since ours ends with a Dolt commit where plain
  ends with an SQL commit. Goal: at most 1.10.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def configure(host: str, port: int) -> None:
    """Settings with two aliases on one server: `default` is ours, `plain` is Django's."""
    import django
    from django.conf import settings

    os.environ.update(DOLT_HOST=host, DOLT_PORT=str(port))
    from tests import settings as base

    values = {key: getattr(base, key) for key in dir(base) if key.isupper()}
    common = {**values["DATABASES"]["default"], "NAME": "bench", "CONN_MAX_AGE": None}
    values["DATABASES"] = {
        "default": common,
        "plain": {
            **common,
            "ENGINE": "benchmarks.plain",
            "NAME": "bench_plain",
            "ATOMIC_REQUESTS": False,
        },
    }
    values["ROOT_URLCONF"] = "benchmarks.urls"
    settings.configure(**values)
    django.setup()


def median_seconds(work: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The median time of each piece of work, run in turn so that drift hits all alike.

    And every other time in the opposite order: who comes second finds the server's caches warm.
    """
    times: dict[str, list[float]] = {name: [] for name in work}
    for number in range(rounds + 20):
        order = list(work.items())
        for name, run in order if number % 2 else reversed(order):
            started = time.perf_counter()
            run()
            if number >= 20:
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(found) for name, found in times.items()}


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=400)
    rounds = parser.parse_args().rounds
    from dolt_router.testing import DoltServer

    with DoltServer() as server:
        configure(server.host, server.port)
        from benchmarks.requests_work import prepare, report

        work = prepare()
        print(report(median_seconds(work, rounds), rounds))


if __name__ == "__main__":
    main()
