"""Every test starts from main alone: branches that a test made are deleted after it."""

from __future__ import annotations

import os
import re
import secrets
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.commands import flush
from django.test import Client
from django.utils import translation

from dolt_router import aliases
from dolt_router.access import system
from dolt_router.models import Branch, Commit
from dolt_router.versioning import branches, tags
from tests import embedded

MakeBranch = Callable[..., str]


def unused_key() -> int:
    """A primary key that no test had before: history goes back as far as the database."""
    return 10**6 + secrets.randbelow(10**8)


EMBEDDED = os.environ.get("DOLT_ROUTER_TEST_ENGINE") == "doltlite"

SECOND = "DOLT_ROUTER_TEST_SECOND" in os.environ  # after a run on a server

collect_ignore = [*(embedded.MODULES if EMBEDDED else ()), *(embedded.EITHER if SECOND else ())]


# What takes longest of a file begins first; and a history is read while it is short still, since
# every test lengthens the one of its database.
FIRST = (
    "django_suite",
    "bounded",
    "history",
    "past",
    "commit_query",
    "browser",
    "doltlite",
    "durable",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long files first; on the embedded engine, skip what it can't do."""
    items.sort(key=lambda item: not any(word in item.nodeid.partition("::")[0] for word in FIRST))
    for item in items if EMBEDDED else ():
        name = item.nodeid.removeprefix("tests/")
        reason = embedded.TESTS.get(name) or embedded.TESTS.get(name.partition("[")[0])
        if reason is not None:
            item.add_marker(pytest.mark.skip(reason=f"not on the embedded engine: {reason}"))


_KEPT = re.compile(r"[`\"](django_content_type|auth_permission)[`\"]")


@pytest.fixture(scope="session", autouse=True)
def quick_flush() -> Iterator[None]:
    """Content types and permissions outlive a test: they would be the same ones, made anew."""
    whole = flush.sql_flush

    def but_for_those(*args: Any, **options: Any) -> list[str]:
        return [sql for sql in whole(*args, **options) if not _KEPT.search(sql)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", but_for_those)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *args, **options: None)
        yield


@pytest.fixture(autouse=True)
def own_language() -> Iterator[None]:
    """The language that a request activated stays active in its thread: no further than a test."""
    yield
    translation.deactivate()


@pytest.fixture
def dolt(transactional_db: Any) -> Iterator[None]:
    """A database with real commits; afterwards main is empty, and no other ref is left."""
    yield
    handler = aliases.handler()
    handler.close_all()
    with system():  # whatever rules the test made
        for name in branches.names():
            if name != "main":
                branches.delete(name, force=True)
        for name in tags.names():
            tags.delete(name)


@pytest.fixture
def dolt_db(dolt: None) -> None:
    """`dolt`, for tests that use that name themselves."""


@pytest.fixture
def scratch_database(empty_database: None) -> None:
    """`default` is a database of the test's own, migrated, and dropped afterwards."""
    call_command("migrate", verbosity=0)


@pytest.fixture
def empty_database(transactional_db: Any) -> Iterator[None]:
    """`default` is a database of the test's own, as Dolt makes it, and dropped afterwards."""
    handler = aliases.handler()
    entry = handler.settings["default"]
    before, name = entry["NAME"], f"scratch_{uuid.uuid4().hex[:8]}"
    if EMBEDDED:
        name = f"{before}-{name}.db"
    else:
        with handler["default"]._nodb_cursor() as cursor:
            cursor.execute(f"CREATE DATABASE `{name}`")
    handler.close_all()
    entry["NAME"] = name
    yield
    handler.close_all()
    del handler._connections.thread_state
    entry["NAME"] = before
    if not EMBEDDED:  # a file goes with its folder
        with handler["default"]._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE `{name}`")


@pytest.fixture
def make_branch(dolt: None) -> MakeBranch:
    """Creates a branch and returns its name."""

    def make(name: str = "feature/x", start_point: str = "main") -> str:
        Branch.objects.create(name=name, start_point=start_point)
        return name

    return make


@pytest.fixture
def feature(make_branch: MakeBranch) -> str:
    """A branch `feature/x`, made from main."""
    return make_branch("feature/x")


@pytest.fixture
def manager(dolt: None) -> Client:
    """A client of a user who may do everything to every branch."""
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("manager", "", "pw"))
    return client


@pytest.fixture
def log() -> Callable[[str], list[str]]:
    """The messages of a branch's commits since the one that is its head now, newest first."""
    heads: dict[str, str] = {}

    def messages(ref: str = "main") -> list[str]:
        found = []
        for commit in Commit.objects.on(ref)[:2000]:
            if commit.commit_hash == heads.get(ref):
                break
            found.append(commit.message)
        return found

    messages.mark = lambda ref="main": heads.__setitem__(  # type: ignore[attr-defined]
        ref, Commit.objects.on(ref)[0].commit_hash
    )
    return messages
