"""Remotes: add, list, remove, and push to them."""

# ruff: noqa: F811 (fixtures are imported by name)

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test import override_settings

from dolt_router.exceptions import (
    BranchDoesNotExist,
    BranchInUse,
    BranchProtected,
    DoltRouterError,
    InvalidBranchName,
    RemoteError,
)
from dolt_router.models import Commit, Remote
from dolt_router.versioning import remotes
from dolt_router.versioning.remote_urls import validate_url
from tests.inventory.models import Device
from tests.remote_sites import (  # noqa: F401
    SECRET,
    log_of,
    make_site,
    no_remotes,
    origin,
    twin,
)

THERE = "twin/main"


def head(alias: str = "default", ref: str = "main") -> str:
    return log_of(alias, ref)[0]


def fetched(alias: str = "default") -> list[str]:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT dolt_hashof('origin/main')")
        (found,) = cursor.fetchone()
    return [commit.commit_hash for commit in Commit.objects.on(found, alias)]


def test_added_remote_is_listed_until_it_is_removed(no_remotes: None, tmp_path: Path) -> None:
    assert remotes.list_remotes() == []
    added = remotes.add("backup", f"file://{tmp_path}/b")
    remotes.add("archive", f"file://{tmp_path}/a")
    assert [remote.name for remote in remotes.list_remotes()] == ["archive", "backup"]
    assert added == remotes.list_remotes()[1] == ("backup", f"file://{tmp_path}/b")
    remotes.remove("backup")
    assert [remote.name for remote in remotes.list_remotes()] == ["archive"]


def test_name_that_is_taken_is_refused(origin: str) -> None:
    with pytest.raises(RemoteError, match='"origin" exists already'):
        remotes.add("origin", origin)


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "é", "~", "x:y", "HEAD", "a" * 101, "--"])
def test_bad_name_is_refused_before_it_reaches_the_server(origin: str, name: str) -> None:
    for act in (
        lambda: remotes.add(name, origin),
        lambda: remotes.remove(name),
        lambda: remotes.fetch(name),
        lambda: remotes.push("main", name),
        lambda: remotes.pull("main", name),
        lambda: remotes.clone(origin, "never_made", name),
    ):
        with pytest.raises(RemoteError, match="can't be the name of a remote"):
            act()
    assert [remote.name for remote in remotes.list_remotes()] == ["origin"]


@pytest.mark.parametrize(
    "url",
    [
        "file:///srv/backup",
        "http://127.0.0.1:8000/inventory",
        "https://user:secret@dolt.example.org/inventory",
        "aws://[bucket:table]/inventory",
        "gs://bucket/inventory",
        "oci://bucket/inventory",
        "git@github.com:org/repo.git",
        "ssh://git@github.com/org/repo.git",
        "git+https://github.com/org/repo.git",
        "dolthub/us-jails",
    ],
)
def test_url_of_every_kind_is_taken(url: str) -> None:
    assert validate_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        *("", "nonsense", "-x", "--user=x", "a b", "http://", "file://", "file://relative/path"),
        *("foo://host/x", "localhost:50/x", "https://[bad", "../up", "/srv/backup", "http://h:x/y"),
        *("http://h/ x", 'http://h/"', "javascript:alert(1)", "org/repo/more", "aws://b/x"),
        f"http://u:{SECRET}/more@host/x",
        f"http://u:{SECRET} more@host/x",
        f"u:{SECRET}@host",
    ],
)
def test_nonsense_url_is_refused_without_telling_a_secret(no_remotes: None, url: str) -> None:
    for act in (lambda: remotes.add("x", url), lambda: remotes.clone(url, "never_made")):
        with pytest.raises(RemoteError, match="is not the URL of a remote") as caught:
            act()
        assert SECRET not in str(caught.value)
    assert remotes.list_remotes() == []


def test_unknown_remote_names_those_there_are(origin: str) -> None:
    for act in (
        lambda: remotes.fetch("orign"),
        lambda: remotes.push("main", "orign"),
        lambda: remotes.pull("main", "orign"),
        lambda: remotes.remove("orign"),
    ):
        with pytest.raises(RemoteError, match='"orign" does not exist. There is "origin"'):
            act()


def test_push_makes_the_branch_and_is_up_to_date_the_second_time(origin: str) -> None:
    Device.objects.create(name="a")
    assert remotes.push("main") == ("main", "origin", head(), False)
    assert remotes.push("main") == ("main", "origin", head(), True)


def test_push_of_another_branch_leaves_main_unpushed(origin: str, make_branch: Any) -> None:
    make_branch("feature/x")
    Device.objects.using("feature/x").create(name="a")
    remotes.push("feature/x", set_upstream=True)
    assert remotes.default_remote("feature/x") == "origin"
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM dolt_remote_branches")
        assert cursor.fetchall() == (("remotes/origin/feature/x",),)


def test_branch_is_pushed_to_its_upstream_when_none_is_named(origin: str, tmp_path: Path) -> None:
    remotes.add("backup", f"file://{tmp_path}/backup")
    assert remotes.default_remote("main") == "origin"
    remotes.push("main", "backup", set_upstream=True)
    assert remotes.default_remote("main") == "backup"


def test_push_that_is_no_fast_forward_is_refused_and_says_how_to_go_on(twin: str) -> None:
    Device.objects.using(THERE).create(name="there")
    remotes.push("main", using=twin)
    Device.objects.create(name="here")
    with pytest.raises(RemoteError, match=r"Pull first, or .* force=True") as caught:
        remotes.push("main")
    assert "non-fast-forward" in str(caught.value.__cause__)
    remotes.fetch()
    assert fetched() == log_of(twin)


def test_forced_push_overwrites_what_was_fetched_before(twin: str) -> None:
    Device.objects.using(THERE).create(name="there")
    remotes.push("main", using=twin)
    remotes.fetch()
    Device.objects.create(name="here")
    assert remotes.push("main", force=True) == ("main", "origin", head(), False)
    remotes.fetch(using=twin)
    assert fetched(twin) == log_of("default")


def test_forced_push_is_refused_when_the_branch_moved_since_the_last_fetch(twin: str) -> None:
    Device.objects.using(THERE).create(name="there")
    remotes.push("main", using=twin)
    Device.objects.create(name="here")
    with pytest.raises(RemoteError, match="moved since it was last fetched"):
        remotes.push("main", force=True)
    assert fetched() == log_of(twin)
    assert remotes.push("main", force=True).commit_hash == head()


def test_force_always_overwrites_whatever_is_there(twin: str) -> None:
    Device.objects.using(THERE).create(name="there")
    remotes.push("main", using=twin)
    Device.objects.create(name="here")
    assert remotes.push("main", force="always").commit_hash == head()


def test_forced_push_of_a_new_branch_and_of_one_that_is_there_already(origin: str) -> None:
    assert not remotes.push("main", force=True).up_to_date
    assert remotes.push("main", force=True).up_to_date


def test_forced_push_of_a_branch_that_is_gone_there_is_refused(
    origin: str, make_branch: Any, tmp_path: Path
) -> None:
    make_branch("feature/x")
    remotes.push("feature/x")
    shutil.rmtree(tmp_path / "origin")
    (tmp_path / "origin").mkdir()
    with pytest.raises(RemoteError, match="gone"):
        remotes.push("feature/x", force=True)


def test_unknown_force_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="always"):
        remotes.push("main", force="yes")  # type: ignore[arg-type]


@override_settings(DOLT_ROUTER={"PROTECTED_BRANCHES": ["main", "release/*"]})
def test_forced_push_of_a_protected_branch_is_refused(origin: str) -> None:
    remotes.push("main")
    for force in (True, "always"):
        with pytest.raises(BranchProtected, match="pushed by force"):
            remotes.push("main", force=force)  # type: ignore[arg-type]


def test_push_of_a_branch_that_is_not_there_or_spelled_otherwise(origin: str) -> None:
    for name in ("nope", "Main"):
        with pytest.raises(BranchDoesNotExist):
            remotes.push(name)
    with pytest.raises(InvalidBranchName):
        remotes.push("--force")


def test_push_and_pull_in_a_block_that_wrote_to_the_branch(twin: str) -> None:
    with transaction.atomic():
        Device.objects.create(name="unfinished")
        for act in (remotes.push, remotes.pull):
            with pytest.raises(BranchInUse):
                act("main")
    assert not remotes.push("main").up_to_date


def test_shared_rows_are_in_no_push(twin: str, django_user_model: Any) -> None:
    django_user_model.objects.create(username="ann")
    remotes.push("main")
    remotes.pull("main", using=twin)
    with connections[THERE].cursor() as cursor:
        cursor.execute("SHOW TABLES")
        tables = {name for (name,) in cursor.fetchall()}
    assert "inventory_device" in tables and "auth_user" not in tables


def test_remote_is_made_and_removed_by_its_model(dolt: None, tmp_path: Path) -> None:
    made = Remote.objects.create(name="origin", url=f"file://{tmp_path}/origin")
    assert [remote.name for remote in remotes.list_remotes()] == ["origin"]
    with pytest.raises(RemoteError, match="exists already"):
        Remote.objects.create(name="origin", url=f"file://{tmp_path}/origin")
    with pytest.raises(DoltRouterError, match="Remote.objects.create"):
        made.save()
    made.delete()
    assert not Remote.objects.exists()
