"""Invariant 2 and 3: one request, at most one commit, holding its rows and no one else's."""

from __future__ import annotations

import random
import re
import threading
import uuid
from collections import defaultdict
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dolt_router import current_branch
from dolt_router.versioning.sharing import status

WRITERS = {"save": 1, "many": 3}  # devices added by a request
FAILURES = ("fail", "error_status", "rollback")
THREADS, REQUESTS = 16, 100


def _work(branches: list[str], done: dict[str, tuple[str, str]], errors: list[Any]) -> None:
    client = Client(raise_request_exception=False)
    try:
        for _ in range(REQUESTS):
            branch = random.choice(branches)
            view = random.choice(["save", "many", "names", "names", *FAILURES])
            name = f"r{uuid.uuid4().hex}"
            answer = client.post(f"/{view}/?name={name}", headers={"x-dolt-branch": branch})
            if current_branch() != "main":
                errors.append(f"leak: {current_branch()}")
            if view == "names" and answer.json()["branch"] != branch:
                errors.append(f"{branch}: answered from {answer.json()['branch']}")
            if view in WRITERS:
                if answer.status_code == 200:
                    done[name] = (view, branch)
                elif answer.status_code != 409:
                    errors.append((view, answer.status_code, answer.content[:300]))
    except Exception as error:  # a thread's exception must fail the test
        errors.append(repr(error))
    finally:
        connections.close_all()


@pytest.mark.parametrize("number_of_branches", [1, 8])
def test_16_threads_of_mixed_requests_misattribute_nothing(
    make_branch: Any, number_of_branches: int
) -> None:
    branches = [make_branch(f"stress/{i}") for i in range(number_of_branches)]
    done: dict[str, tuple[str, str]] = {}
    errors: list[Any] = []
    threads = [
        threading.Thread(target=_work, args=(branches, done, errors)) for _ in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(done) > THREADS * REQUESTS / 6
    seen: set[str] = set()
    for branch in branches:
        seen |= _check_branch(branch, done)
        assert status(branch) == []
    assert seen == set(done)  # acknowledged is there, and failed is not


def _check_branch(branch: str, done: dict[str, tuple[str, str]]) -> set[str]:
    """Each commit of the branch holds the rows of one request; returns the requests' names."""
    by_commit: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    with connections[branch].cursor() as cursor:
        cursor.execute(
            "SELECT to_commit, to_name FROM dolt_diff_inventory_device WHERE diff_type = 'added'"
        )
        for commit, name in cursor.fetchall():
            if not re.match(r"r[0-9a-f]{32}", name):
                continue  # main's history, from before this branch was made
            by_commit[commit][name.partition("-")[0]] += 1
    for rows in by_commit.values():
        assert len(rows) == 1, f"a commit holds the rows of {len(rows)} requests"
        ((name, count),) = rows.items()
        assert done[name] == (done[name][0], branch)
        assert count == WRITERS[done[name][0]]
    names = [name for rows in by_commit.values() for name in rows]
    assert len(names) == len(set(names)), "a request made more than one commit"
    return set(names)


def test_read_only_request_sends_only_reads(feature: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    client.get("/names/", headers={"x-dolt-branch": feature})
    sent: list[str] = []
    wrapper = connections[feature]
    monkeypatch.setattr(wrapper, "_send", lambda sql, args=None: sent.append(sql))
    with CaptureQueriesContext(wrapper) as captured:
        client.get("/names/", headers={"x-dolt-branch": feature})
    assert sent == []  # no START TRANSACTION, no COMMIT
    # Django logs the BEGIN that it asks for; here nothing is sent for it.
    assert [q["sql"].split()[0] for q in captured if q["sql"] != "BEGIN"] == ["SELECT"]
