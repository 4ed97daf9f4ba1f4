"""Signals before and after; a receiver of a `pre_` signal can refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.dispatch import Signal
from django.test import Client

from dolt_router import signals, use_branch
from dolt_router.exceptions import MergeConflict, Refused
from dolt_router.models import Branch, Commit
from dolt_router.versioning.branches import names
from dolt_router.versioning.sharing import status
from tests.inventory.models import Device, Site

ALL = {name: value for name, value in vars(signals).items() if isinstance(value, Signal)}


@pytest.fixture
def heard() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """What was sent, in order."""
    found: list[tuple[str, dict[str, Any]]] = []

    def receiver_of(name: str) -> Callable[..., None]:
        def receive(sender: Any, **kwargs: Any) -> None:
            kwargs.pop("signal")
            found.append((name, kwargs))

        return receive

    receivers = {name: receiver_of(name) for name in ALL}
    for name, signal in ALL.items():
        signal.connect(receivers[name])
    yield found
    for name, signal in ALL.items():
        signal.disconnect(receivers[name])


@pytest.fixture
def refuse() -> Iterator[Callable[[str], None]]:
    """Connects a receiver that refuses."""
    connected: list[tuple[Any, Any]] = []

    def connect(name: str) -> None:
        def receiver(sender: Any, **kwargs: Any) -> None:
            raise Refused("Freeze until Monday.")

        ALL[name].connect(receiver, weak=False)
        connected.append((ALL[name], receiver))

    yield connect
    for signal, receiver in connected:
        signal.disconnect(receiver)


def test_each_verb_tells_before_and_after(dolt: None, heard: list[Any]) -> None:
    Branch.objects.create(name="a", start_point="main")
    with use_branch("a"):
        Device.objects.create(name="d")
    Branch.objects.get(name="a").rename("b")
    Branch.objects.get(name="b").merge()
    Commit.objects.on("main")[0].revert(on="main")
    Branch.objects.get(name="b").reset("main")
    Branch.objects.get(name="b").delete()
    assert [name for name, _ in heard] == [
        "pre_branch_create",
        "branch_created",
        "pre_commit",
        "committed",
        "pre_branch_rename",
        "branch_renamed",
        "pre_merge",
        "merged",
        "pre_revert",
        "reverted",
        "pre_reset",
        "branch_reset",
        "pre_branch_delete",
        "branch_deleted",
    ]
    told = dict(heard)
    assert {about["using"] for about in told.values()} == {"default"}
    assert told["branch_created"]["start_point"] == "main"
    assert told["committed"]["message"] == "Added 1 device"
    assert told["committed"]["branch"] == "a" and told["committed"]["commit_hash"]
    assert told["merged"]["result"].fast_forward
    assert told["branch_renamed"]["new_name"] == "b"


def test_conflict_is_told(dolt: None, heard: list[Any]) -> None:
    Device.objects.create(name="d", height=1)
    Branch.objects.create(name="side", start_point="main")
    Device.objects.update(height=2)
    Device.objects.using("side").update(height=3)
    with pytest.raises(MergeConflict):
        Branch.objects.get(name="side").merge()
    assert heard[-1][0] == "merge_conflicted"
    assert heard[-1][1]["error"].tables == {"inventory_device": 1}


def test_request_tells_its_commit_after_it_is_durable(feature: str, heard: list[Any]) -> None:
    seen: list[int] = []

    def look(sender: Any, branch: str, **kwargs: Any) -> None:
        seen.append(Device.objects.using(branch).count())

    signals.committed.connect(look)
    try:
        Client().post("/save/?name=a", headers={"x-dolt-branch": feature})
        Client(raise_request_exception=False).post(
            "/fail/?name=b", headers={"x-dolt-branch": feature}
        )
    finally:
        signals.committed.disconnect(look)
    assert seen == [1]
    assert [name for name, _ in heard] == ["pre_commit", "committed"]


def test_refused_commit_writes_nothing_and_is_403(
    feature: str, refuse: Callable[[str], None]
) -> None:
    refuse("pre_commit")
    with pytest.raises(Refused, match="Monday"):
        Site.objects.using(feature).create(name="s")
    answer = Client().post(
        "/save/?name=a", headers={"x-dolt-branch": feature, "accept": "application/json"}
    )
    assert (answer.status_code, answer.json()["detail"]) == (403, "Freeze until Monday.")
    assert not Site.objects.using(feature).exists()
    assert not Device.objects.using(feature).exists()
    assert status(feature) == []


VERBS: dict[str, Callable[[], Any]] = {
    "pre_branch_create": lambda: Branch.objects.create(name="new", start_point="main"),
    "pre_branch_rename": lambda: Branch.objects.get(name="feature/x").rename("new"),
    "pre_branch_delete": lambda: Branch.objects.get(name="feature/x").delete(force=True),
    "pre_merge": lambda: Branch.objects.get(name="feature/x").merge(),
    "pre_revert": lambda: Commit.objects.on("feature/x")[0].revert(on="feature/x"),
    "pre_reset": lambda: Branch.objects.get(name="feature/x").reset("main", force=True),
}


@pytest.mark.parametrize("name", list(VERBS))
def test_refused_verb_does_nothing(feature: str, refuse: Callable[[str], None], name: str) -> None:
    Device.objects.using(feature).create(name="a")
    before = [(b.name, b.hash) for b in Branch.objects.all()]
    refuse(name)
    with pytest.raises(Refused):
        VERBS[name]()
    assert [(b.name, b.hash) for b in Branch.objects.all()] == before
    assert names() == ["feature/x", "main"]


def test_failing_receiver_of_what_is_done_changes_nothing(feature: str) -> None:
    def fail(sender: Any, **kwargs: Any) -> None:
        raise ValueError("in a receiver")

    for signal in (signals.committed, signals.merged):
        signal.connect(fail)
    try:
        Device.objects.using(feature).create(name="a")
        Branch.objects.get(name=feature).merge()
    finally:
        for signal in (signals.committed, signals.merged):
            signal.disconnect(fail)
    assert Device.objects.count() == 1
