"""`python -m fuzzer.run --queries 20000 --seed 1`: ask, compare, shrink, report."""

from __future__ import annotations

import argparse
import sys

import django
from django.conf import settings


def main(arguments: list[str] | None = None) -> int:
    """The command; 1 when there are unexplained differences."""
    parser = argparse.ArgumentParser(prog="python -m fuzzer.run", description=__doc__)
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, default=40, help="stop after so many differences")
    parser.add_argument("--code", help="ask this one query, and show every answer and SQL")
    parser.add_argument("--number", type=int, default=0, help="of the round, for --code")
    options = parser.parse_args(arguments)
    settings.configure(
        SECRET_KEY="fuzzer",
        USE_TZ=True,
        TIME_ZONE="UTC",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "dolt_router"],
    )
    django.setup()
    from dolt_router.testing import DoltServer

    from . import databases
    from .campaign import Campaign

    with DoltServer() as server, databases.opened(server.host, server.port) as references:
        print(f"references: {', '.join(references)}", flush=True)
        if options.code:
            return _show(options.code, options.seed, options.number, references)
        campaign = Campaign(options.seed, options.queries, references, most=options.most)
        return 1 if campaign.run() else 0


def _show(code: str, seed: int, number: int, references: list[str]) -> int:
    from .answers import ask, sql
    from .databases import DOLT, SIDE
    from .rounds import rounds

    filled, _ = next(rounds(seed, 1, number))
    for alias in (DOLT, SIDE, *references):
        filled.load(alias)
        print(f"{alias:9} {ask(code, alias)}\n          {sql(code, alias)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
