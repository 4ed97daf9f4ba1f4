"""Twenty common queries, our backend against Django's own on the same Dolt, in one run.

    python benchmarks/queries.py [--rounds 200]

Each query runs in turn on both; quoted is the ratio of medians. Goal: no query that Django's
backend answers right is more than 5 % slower.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    from benchmarks.requests import configure, median_seconds
    from dolt_router.testing import DoltServer

    with DoltServer() as server:
        configure(server.host, server.port)
        from benchmarks.queries_work import prepare

        print(f"{rounds} rounds; milliseconds\n")
        print("| query | ours | Django's | ratio |\n|---|---|---|---|")
        for name, work in prepare().items():
            times = median_seconds(work, rounds)
            ours, plain = times["ours"] * 1000, times["plain"] * 1000
            print(f"| {name} | {ours:.2f} | {plain:.2f} | {ours / plain:.2f} |", flush=True)


if __name__ == "__main__":
    main()
