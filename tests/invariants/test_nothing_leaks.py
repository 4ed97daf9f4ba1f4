"""Invariant 3: nothing leaks from one request, thread or task to the next."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest
from django.db import connections
from django.test import Client

from dolt_router import current_branch, use_branch
from dolt_router.autocommit import AutoDoltCommit, commit_context
from dolt_router.models import Commit
from tests.conftest import MakeBranch
from tests.inventory.models import Device


def test_tasks_have_their_own_branch(make_branch: MakeBranch) -> None:
    names = [make_branch(f"task/{i}") for i in range(8)]

    @use_branch("main")
    async def elsewhere() -> str:
        await asyncio.sleep(0)
        return current_branch()

    async def work(name: str) -> None:
        with use_branch(name):
            for number in range(5):
                await Device.objects.acreate(name=f"{name}-{number}")
                assert current_branch() == name
                assert await elsewhere() == "main"
                await asyncio.sleep(0)

    async def everything() -> None:
        await asyncio.gather(*(work(name) for name in names))

    asyncio.run(everything())
    for name in names:
        found = Device.objects.using(name).values_list("name", flat=True)
        assert sorted(found) == [f"{name}-{i}" for i in range(5)]
    assert not Device.objects.exists()


def test_new_thread_starts_on_the_default_branch(feature: str) -> None:
    seen: list[str] = []
    with use_branch(feature):
        thread = threading.Thread(target=lambda: seen.append(current_branch()))
        # Python 3.14 can hand the context on; before it, a thread starts with an empty one.
        contextvars.Context().run(thread.start)
        thread.join()
    assert seen == ["main"]


def test_thread_with_a_copied_context_commits_for_itself(feature: str) -> None:
    before = Commit.objects.on(feature).count()
    with pytest.raises(RuntimeError), AutoDoltCommit("the unit", branch=feature):

        def work() -> None:
            Device.objects.create(name="theirs")
            connections.close_all()

        thread = threading.Thread(target=contextvars.copy_context().run, args=(work,))
        thread.start()
        thread.join()
        Device.objects.create(name="mine")
        raise RuntimeError
    assert [d.name for d in Device.objects.using(feature)] == ["theirs"]
    assert Commit.objects.on(feature).count() == before + 1


@pytest.mark.parametrize("raised", [ValueError, KeyboardInterrupt, SystemExit])
def test_any_exception_restores_branch_author_and_message(
    feature: str, raised: type[BaseException]
) -> None:
    with pytest.raises(raised), use_branch(feature), commit_context("m", "A <a@b>"):
        raise raised
    Device.objects.create(name="after")
    commit = Commit.objects.on("main")[0]
    assert (current_branch(), commit.message) == ("main", "Added 1 device")
    assert commit.author == "Django <django@localhost>"


def test_connection_is_usable_after_each_failed_request(feature: str) -> None:
    client = Client(raise_request_exception=False)
    for view in ("fail", "rollback", "error_status") * 3:
        client.get(f"/{view}/?name=x", headers={"x-dolt-branch": feature})
        wrapper = connections[feature]
        assert not wrapper.in_atomic_block
        assert not wrapper.server_transaction
        assert wrapper.settings_dict["ATOMIC_REQUESTS"] is False
    assert client.get("/names/", headers={"x-dolt-branch": feature}).json()["names"] == []


def test_session_state_of_a_request_is_gone_in_the_next(feature: str) -> None:
    with AutoDoltCommit(branch=feature), connections[feature].cursor() as cursor:
        cursor.execute("SET @leak = 1")
    with connections[feature].cursor() as cursor:
        cursor.execute("SELECT @leak")
        assert cursor.fetchone()[0] is None
