"""Server time and number of statements of the admin's pages of branches, on a large database.

    python benchmarks/pages.py [--branches 2000] [--commits 10000] [--rows 100000]
                               [--conflicts 5000] [--rounds 9] [--data DIR]

Each page is asked for through Django's test client by a member of the staff, middleware and
templates included, on the server engine. Quoted are the median of the milliseconds, and the
statements sent to the server. The first request of a page after the default branch moved, which
has distances to count that nobody has asked about, is quoted by itself. Goals: any list of
branches at most 60 ms, a page of a diff or a pull request at most 100 ms, of conflicts at most
150 ms, no page over 30 statements. The exit code is 1 when a median or a number is over.

With --data the database is built there once, which takes minutes, and measured as often as wanted.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

BRANCHES, DIFF, CONFLICTS = 60.0, 100.0, 150.0  # milliseconds
GOALS = {
    "branches": BRANCHES,
    "branches, page 20": BRANCHES,
    "branches by name": BRANCHES,
    "branches, searched": BRANCHES,
    "search as you type": BRANCHES,
    "commit": DIFF,
    "commit, all rows": DIFF,
    "commit, page 3": DIFF,
    "commit, page 1000": DIFF,
    "compare, all rows": DIFF,
    "compare": DIFF,
    "pull request": DIFF,
    "conflicts": CONFLICTS,
    "conflicts, all of a table chosen": CONFLICTS,
    "conflicts, last page": CONFLICTS,
}
MOST_STATEMENTS = 30


@contextmanager
def counted() -> Iterator[list[str]]:
    """Every statement that is sent to the server inside."""
    from MySQLdb.cursors import BaseCursor

    sent: list[str] = []
    original = BaseCursor.execute

    def execute(self: Any, query: Any, args: Any = None) -> Any:
        sent.append(str(query))
        return original(self, query, args)

    BaseCursor.execute = execute
    try:
        yield sent
    finally:
        BaseCursor.execute = original


def build(server: Any, options: argparse.Namespace) -> dict[str, str]:
    """Fill the database `bench` with plain SQL: quick, and not what is measured."""
    branches, commits, rows = options.branches, options.commits, options.rows
    import MySQLdb

    connection = MySQLdb.connect(
        host=server.host, port=server.port, user="root", db="bench", autocommit=True
    )
    cursor = connection.cursor()
    cursor.execute("INSERT INTO inventory_site (name) VALUES ('Zurich')")
    site = cursor.lastrowid
    values = ", ".join(f"('d{number}', {site}, 1)" for number in range(500))
    cursor.execute(f"INSERT INTO inventory_device (name, site_id, height) VALUES {values}")
    cursor.execute("CALL dolt_commit('-Am', 'Devices')")
    every = max(commits // branches, 1)
    for number in range(commits):
        cursor.execute(
            "UPDATE inventory_device SET height = %s WHERE name = %s",
            [number + 2, f"d{number % 500}"],
        )
        cursor.execute("CALL dolt_commit('-am', %s)", [f"Change {number}"])
        if number % every == 0 and number // every < branches:
            cursor.execute("CALL dolt_branch(%s)", [f"topic/{number // every:05}"])
    cursor.execute("CALL dolt_branch('small')")
    cursor.execute("CALL dolt_checkout('-b', 'big')")
    for start in range(0, rows, 5000):
        values = ", ".join(f"('n{start + n}', {site}, 1)" for n in range(min(5000, rows - start)))
        cursor.execute(f"INSERT INTO inventory_device (name, site_id, height) VALUES {values}")
    cursor.execute("CALL dolt_commit('-am', 'Many devices')")
    cursor.execute("SELECT dolt_hashof('big')")
    (big,) = cursor.fetchone()
    for name, height in (("clash/ours", 8), ("clash/theirs", 9)):
        cursor.execute("CALL dolt_checkout('big')")
        cursor.execute("CALL dolt_checkout('-b', %s)", [name])
        cursor.execute(
            "UPDATE inventory_device SET height = %s WHERE name LIKE 'n%%' ORDER BY id LIMIT %s",
            [height, options.conflicts],
        )
        cursor.execute("CALL dolt_commit('-am', 'Clash')")
    cursor.execute("CALL dolt_checkout('-b', 'clash/chosen')")
    cursor.execute("CALL dolt_checkout('small')")
    for number in range(3):
        cursor.execute("UPDATE inventory_device SET height = 7 WHERE name = %s", [f"d{number}"])
        cursor.execute("CALL dolt_commit('-am', %s)", [f"Small change {number}"])
    cursor.execute("SELECT dolt_hashof('small')")
    (small,) = cursor.fetchone()
    connection.close()
    return {"big": big, "small": small}


def pages(heads: dict[str, str], pull_request: Any, conflicts: int) -> dict[str, str]:
    """The addresses that are measured."""
    base = "/admin/dolt_router/branch"

    def at(path: str, **query: str) -> str:
        return f"{base}/{path}?{urlencode(query)}"

    device = "inventory_device"
    return {
        "admin index on main": "/admin/",
        "admin index on a branch": "/admin/?dolt-branch=topic/00100",
        "branches": at(""),
        "branches, page 20": at("", p="20"),
        "branches by name": at("", o="1"),
        "branches, searched": at("", q="00012"),
        "search as you type": at("search/", q="0001", format="json"),
        "log": at("log/"),
        "log, page 100": at("log/", p="100"),
        "commit": at(f"commit/{heads['small']}/"),
        "commit, all rows": at(f"commit/{heads['big']}/"),
        "commit, page 3": at(f"commit/{heads['big']}/", table=device, p="3"),
        "commit, page 1000": at(f"commit/{heads['big']}/", table=device, p="1000"),
        "compare, all rows": at("compare/", **{"from": "main", "to": "big", "base": "1"}),
        "compare": at("compare/", **{"from": "main", "to": "small"}),
        "merge": at("merge/", source="small", into="main"),
        "merge, all rows": at("merge/", source="big", into="main"),
        "revert": at("revert/", commit=heads["small"], on="small"),
        "cherry-pick": at("cherry-pick/", commit=heads["small"], on="main"),
        "conflicts": at("conflicts/", source="clash/theirs", into="clash/ours"),
        "conflicts, all of a table chosen": at(
            "conflicts/", source="clash/chosen", into="clash/ours"
        ),
        "conflicts, last page": at(
            "conflicts/", source="clash/theirs", into="clash/ours", p=str(-(-conflicts // 20))
        ),
        "pull requests": "/admin/dolt_review/pullrequest/",
        "pull request": f"/admin/dolt_review/pullrequest/{pull_request.pk}/change/",
    }


def milliseconds(run: Callable[[], Any]) -> float:
    """How long `run()` takes."""
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1000


def built(server: Any, options: argparse.Namespace) -> dict[str, Any]:
    """What the database has: built now, or found in `--data`."""
    from django.contrib.auth.models import User
    from django.core.management import call_command

    from dolt_router.review import resolutions
    from dolt_router.review.models import PullRequest
    from dolt_router.versioning.clashes import Clashes

    noted = None if options.data is None else options.data / "bench.json"
    if noted is not None and noted.exists():
        return dict(json.loads(noted.read_text()))
    plain = connect(server)
    plain.cursor().execute("CREATE DATABASE bench")
    plain.close()
    call_command("migrate", verbosity=0)
    heads = build(server, options)
    user = User.objects.create_superuser("ann", "ann@example.org", "pw")
    made = PullRequest.objects.open(source="small", target="main", title="Small", author=user)
    chosen = ("clash/chosen", "clash/ours")
    resolutions.save_table(*chosen, "inventory_device", "theirs", user, Clashes(*chosen).heads)
    found = {"heads": heads, "pull_request": made.pk}
    for name in ("branches", "commits", "rows", "conflicts"):
        found[name] = getattr(options, name)
    if noted is not None:
        noted.write_text(json.dumps(found))
    return found


def connect(server: Any) -> Any:
    """A connection of the driver's own."""
    import MySQLdb

    return MySQLdb.connect(host=server.host, port=server.port, user="root", autocommit=True)


def report(server: Any, options: argparse.Namespace, late: list[str]) -> Iterator[str]:
    """A line for each page; the names of those over a goal are put into `late`."""
    from django.contrib.auth.models import User
    from django.test import Client

    from dolt_router.review.models import PullRequest

    has = built(server, options)
    made = PullRequest.objects.get(pk=has["pull_request"])
    client = Client()
    client.force_login(User.objects.get(username="ann"))
    yield "{branches} branches, {commits} commits, {rows} rows, {conflicts} conflicts".format(**has)
    yield f"{'page':34}{'goal':>6}{'first':>8}{'median':>8}{'statements':>12}"
    for name, address in pages(has["heads"], made, has["conflicts"]).items():
        first = milliseconds(lambda address=address: client.get(address))
        times = []
        for _round in range(options.rounds):
            times.append(milliseconds(lambda address=address: client.get(address)))
        with counted() as sent:
            response = client.get(address)
        assert response.status_code == 200, (name, response.status_code)
        median = statistics.median(times)
        goal = GOALS.get(name)
        wrong = ""
        if (goal is not None and median > goal) or len(sent) > MOST_STATEMENTS:
            late.append(name)
            wrong = " over the goal"
        shown = "" if goal is None else f"{goal:.0f}"
        yield f"{name:34}{shown:>6}{first:8.1f}{median:8.1f}{len(sent):12}{wrong}"


def main() -> int:
    """Run and print the figures; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--branches", type=int, default=2000)
    parser.add_argument("--commits", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--conflicts", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--data", type=Path, help="a directory to keep the database in")
    options = parser.parse_args()
    from benchmarks.requests import configure
    from dolt_router.testing import DoltServer

    late: list[str] = []
    with DoltServer(data_dir=options.data) as server:
        configure(server.host, server.port)
        from django.conf import settings

        settings.ROOT_URLCONF = "tests.urls"
        settings.ALLOWED_HOSTS = ["*"]
        for line in report(server, options, late):
            print(line, flush=True)
    return int(bool(late))


if __name__ == "__main__":
    sys.exit(main())
