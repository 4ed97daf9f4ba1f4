"""`manage.py dolt history`, `blame` and `restore`."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from dolt_router import use_branch
from dolt_router.autocommit import AutoDoltCommit
from dolt_router.models import Commit
from dolt_router.versioning.history import history_of
from tests.conftest import unused_key
from tests.inventory.models import Device, Site

ANN, BOB = "Ann <ann@example.org>", "Bob <bob@example.org>"


@pytest.fixture
def device(dolt: None) -> Device:
    with AutoDoltCommit("Found", ANN):
        device = Device.objects.create(
            pk=unused_key(), name="a", site=Site.objects.create(name="s")
        )
    with AutoDoltCommit("Measured\n\nwith a ruler", BOB):
        Device.objects.update(height=3)
    return device


def run(*words: object) -> str:
    out = StringIO()
    call_command("dolt", *map(str, words), stdout=out)
    return out.getvalue()


def head(ref: str = "main") -> str:
    return Commit.objects.on(ref)[0].commit_hash


def test_history_shows_commits_with_what_they_changed(device: Device) -> None:
    shown = run("history", "inventory.Device", device.pk)
    assert shown.index(BOB) < shown.index(ANN)
    assert f"commit {head()}  (modified)" in shown and "    Measured\n" in shown
    assert [line.split() for line in shown.splitlines() if "height" in line] == [
        ["height", "1", "->", "3"],
        ["height", "-", "->", "1"],
    ]
    assert "ruler" not in shown
    assert run("history", "inventory.device", device.pk, "-n", "1").count("commit ") == 1
    page = run("history", "inventory.device", device.pk, "--before", head())
    assert "(added)" in page and "(modified)" not in page


def test_history_as_json(device: Device) -> None:
    modified, added = json.loads(run("history", "inventory.Device", device.pk, "--json"))
    assert modified["changes"] == [{"field": "height", "old": 1, "new": 3}]
    assert modified["message"] == "Measured\n\nwith a ruler"
    assert (modified["hash"], modified["author"], modified["kind"]) == (
        head(),
        BOB,
        "modified",
    )
    assert {"field": "name", "new": "a"} in added["changes"]


def test_history_of_the_active_branch_or_another_ref(feature: str) -> None:
    device = Device.objects.using(feature).create(name="a")
    assert "No version" in run("history", "inventory.Device", device.pk)
    assert "(added)" in run("history", "inventory.Device", device.pk, "--ref", feature)
    assert "(added)" in run("history", "inventory.Device", device.pk, "--branch", feature)
    with use_branch(feature):
        assert "(added)" in run("history", "inventory.Device", device.pk)


def test_blame_has_a_line_for_each_field(device: Device) -> None:
    lines = {
        line.split()[0]: line for line in run("blame", "inventory.Device", device.pk).splitlines()
    }
    assert list(lines) == ["id", "name", "site", "owner", "height", "tags"]
    assert BOB in lines["height"] and "Measured" in lines["height"] and " 3 " in lines["height"]
    assert ANN in lines["name"] and "Found" in lines["name"]
    found = json.loads(run("blame", "inventory.Device", device.pk, "--json"))
    assert found["height"]["hash"] == head()


def test_restore_a_field_and_the_whole_object(device: Device) -> None:
    first = history_of(device)[-1].commit_hash
    Device.objects.update(name="b")
    shown = run("restore", "inventory.Device", device.pk, first, "--field", "height")
    assert f"in commit {head()[:8]}" in shown
    assert Device.objects.values_list("name", "height").get() == ("b", 1)
    run("restore", "inventory.Device", device.pk, first, "-m", "As it was", "--author", BOB)
    newest = Commit.objects.on("main")[0]
    assert (newest.message, newest.author) == ("As it was", BOB)
    assert "nothing to restore" in run("restore", "inventory.Device", device.pk, first)
    made = json.loads(run("restore", "inventory.Device", device.pk, first, "--json"))
    assert made == {"hash": None}


def test_restore_to_a_moment_and_of_a_deleted_object(device: Device) -> None:
    moment = history_of(device)[-1].date.isoformat()
    Device.objects.all().delete()
    run("restore", "inventory.Device", device.pk, moment)
    assert Device.objects.get().height == 1


def test_restore_on_a_branch(feature: str) -> None:
    device = Device.objects.using(feature).create(name="a")
    first, main = head(feature), head()
    Device.objects.using(feature).update(height=9)
    run("restore", "inventory.Device", device.pk, first, "--branch", feature)
    assert Device.objects.using(feature).get().height == 1
    assert head() == main


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["history", "inventory.Devize", "1"], 'no model "inventory.Devize"'),
        (["history", "Device", "1"], "app.Model"),
        (["history", "inventory.Device", "x"], "can't be a primary key"),
        (["history", "inventory.Device", "1", "--ref", "nope"], "does not exist"),
        (["history", "auth.User", "1"], "shared"),
        (["blame", "inventory.Device", "987654"], "does not exist"),
        (["restore", "inventory.Device", "987654", "main"], "does not exist"),
        (["restore", "inventory.Device", "1", "1999-01-01T00:00"], "no commit at or before"),
    ],
)
def test_what_can_not_be_told_is_said(dolt: None, words: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        run(*words)
