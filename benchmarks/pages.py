"""Server time and number of statements of the admin's pages of branches, on a large database.

    python benchmarks/pages.py [--branches 2000] [--commits 10000] [--rows 100000] [--rounds 9]

Each page is asked for through Django's test client by a member of the staff, middleware and
templates included, on the server engine. Quoted are the median of the milliseconds, and the
statements sent to the server. The first request of a page after the default branch moved, which
has distances to count that nobody has asked about, is quoted by itself. Goals: the list of
branches at most 60 ms, the first page of a diff at most 100 ms, no page over 30 statements.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

GOALS = {"branches": 60.0, "commit, all rows": 100.0, "compare, all rows": 100.0}
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


def build(server: Any, branches: int, commits: int, rows: int) -> dict[str, str]:
    """Fill the database `bench` with plain SQL: quick, and not what is measured."""
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
    cursor.execute("CALL dolt_checkout('small')")
    for number in range(3):
        cursor.execute("UPDATE inventory_device SET height = 7 WHERE name = %s", [f"d{number}"])
        cursor.execute("CALL dolt_commit('-am', %s)", [f"Small change {number}"])
    cursor.execute("SELECT dolt_hashof('small')")
    (small,) = cursor.fetchone()
    connection.close()
    return {"big": big, "small": small}


def pages(heads: dict[str, str], pull_request: Any) -> dict[str, str]:
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
        "pull requests": "/admin/dolt_review/pullrequest/",
        "pull request": f"/admin/dolt_review/pullrequest/{pull_request.pk}/change/",
    }


def milliseconds(run: Callable[[], Any]) -> float:
    """How long `run()` takes."""
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1000


def report(server: Any, options: argparse.Namespace) -> Iterator[str]:
    """A line for each page."""
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client

    from dolt_router.review.models import PullRequest

    call_command("migrate", verbosity=0)
    heads = build(server, options.branches, options.commits, options.rows)
    user = User.objects.create_superuser("ann", "ann@example.org", "pw")
    made = PullRequest.objects.open(source="small", target="main", title="Small", author=user)
    client = Client()
    client.force_login(user)
    yield f"{options.branches} branches, {options.commits} commits, {options.rows} rows"
    yield f"{'page':28}{'first':>8}{'median':>8}{'statements':>12}"
    for name, address in pages(heads, made).items():
        first = milliseconds(lambda address=address: client.get(address))
        times = []
        for _round in range(options.rounds):
            times.append(milliseconds(lambda address=address: client.get(address)))
        with counted() as sent:
            response = client.get(address)
        assert response.status_code == 200, (name, response.status_code)
        median = statistics.median(times)
        late = median > GOALS.get(name, float("inf"))
        wrong = " over the goal" if late or len(sent) > MOST_STATEMENTS else ""
        yield f"{name:28}{first:8.1f}{median:8.1f}{len(sent):12}{wrong}"


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--branches", type=int, default=2000)
    parser.add_argument("--commits", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    from benchmarks.requests import configure
    from dolt_router.testing import DoltServer

    with DoltServer() as server:
        import MySQLdb

        plain = MySQLdb.connect(host=server.host, port=server.port, user="root", autocommit=True)
        plain.cursor().execute("CREATE DATABASE bench")
        plain.close()
        configure(server.host, server.port)
        from django.conf import settings

        settings.ROOT_URLCONF = "tests.urls"
        settings.ALLOWED_HOSTS = ["*"]
        for line in report(server, options):
            print(line, flush=True)


if __name__ == "__main__":
    main()
