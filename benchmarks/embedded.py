"""Throughput and file size of the embedded engine under many small commits.

    python benchmarks/embedded.py [--commits 20000] [--growth 16777216]

Each commit is a unit of work that adds a device or changes one, and moves its site. Printed are
commits a second, the size of the file as it goes, the longest that a commit waited, and the size
after a last collection. With `--growth 0` nothing is collected before.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

MB = 2**20


def configure(folder: str, growth: int) -> None:
    """Settings with one embedded database in a folder."""
    import django
    from django.conf import settings

    from tests import settings as base

    values = {key: getattr(base, key) for key in dir(base) if key.isupper()}
    values["DATABASES"] = {
        "default": {
            "ENGINE": "dolt_router.backends.doltlite",
            "NAME": f"{folder}/bench.db",
            "OPTIONS": {"gc_growth": growth},
        }
    }
    settings.configure(**values)
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def commit(number: int) -> None:
    """One unit of work."""
    from dolt_router.autocommit import AutoDoltCommit
    from tests.inventory.models import Device, Site

    with AutoDoltCommit(f"Commit {number}"):
        if number % 4 == 0:
            Device.objects.create(name=f"device {number}", site_id=number // 4 % 100 + 1)
        else:
            Device.objects.filter(pk=number * 7919 % (number // 4 + 1) + 1).update(height=number)
        Site.objects.filter(pk=number % 100 + 1).update(name=f"site {number}")


def run(commits: int, folder: str) -> None:
    """Commit, and print what it took and what it left."""
    from dolt_router.versioning.resets import collect_garbage
    from tests.inventory.models import Site

    database = f"{folder}/bench.db"
    Site.objects.bulk_create(Site(name=f"site {number}") for number in range(100))
    steps, waits = max(commits // 10, 1), []
    started = time.perf_counter()
    for number in range(commits):
        before = time.perf_counter()
        commit(number)
        waits.append(time.perf_counter() - before)
        if (number + 1) % steps == 0:
            now = time.perf_counter()
            print(
                f"{number + 1:6} commits  {steps / (now - started):5.0f}/s  "
                f"{os.path.getsize(database) / MB:6.1f} MB  "
                f"median {statistics.median(waits) * 1000:.2f} ms  longest {max(waits):.2f} s"
            )
            started, waits = time.perf_counter(), []
    sizes = collect_garbage()
    assert sizes is not None
    print(
        f"collected: {sizes.before / MB:.1f} MB before, {sizes.after / MB:.1f} MB after, "
        f"{sizes.after / commits:.0f} bytes a commit with its history"
    )


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commits", type=int, default=20_000)
    parser.add_argument("--growth", type=int, default=16 * MB, help="bytes; 0: no collections")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        configure(folder, options.growth)
        run(options.commits, folder)


if __name__ == "__main__":
    main()
