"""Memory and connections of a thread that touches many branches, one after another.

    python benchmarks/branches.py [--branches 2000]

Quoted are bytes of resident memory a branch (after minus before, of this process), physical
connections at the end, and the time of a query on the next branch over that of one more query
on the same branch.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--branches", type=int, default=2000)
    count = parser.parse_args().branches
    import psutil

    from benchmarks.requests import configure
    from dolt_router.testing import DoltServer

    with DoltServer() as server:
        configure(server.host, server.port)
        from django.core.management import call_command
        from django.db import connections

        from tests.inventory.models import Device

        with connections["default"]._nodb_cursor() as cursor:
            cursor.execute("CREATE DATABASE bench")
        call_command("migrate", database="default", verbosity=0)
        names = [f"many/{number}" for number in range(count)]
        with connections["default"].plain_sql(), connections["default"].cursor() as cursor:
            for name in names:
                cursor.execute("CALL dolt_branch(%s)", [name])
        for name in names[:100]:
            Device.objects.using(name).count()
        gc.collect()
        process = psutil.Process()
        before = process.memory_info().rss
        moved, stayed = [], []
        for name in names:
            for times in (moved, stayed):
                started = time.perf_counter()
                Device.objects.using(name).count()
                times.append(time.perf_counter() - started)
        gc.collect()
        grown = process.memory_info().rss - before
        held = [c for c in connections.all() if getattr(c, "is_dolt", False) and c.connection]
        ratio = statistics.median(moved) / statistics.median(stayed)
        print(f"{count} branches: {grown / count:.0f} bytes a branch, {len(held)} connections")
        print(f"query on the next branch / on the same branch: {ratio:.2f}")


if __name__ == "__main__":
    main()
