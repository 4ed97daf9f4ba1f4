"""`manage.py dolt remote|fetch|push|pull|clone` on real databases."""

# ruff: noqa: F811 (fixtures are imported by name)

from __future__ import annotations

import json
import uuid
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from dolt_router import signals
from dolt_router.exceptions import Refused
from dolt_router.models import Remote
from dolt_router.versioning import remotes
from tests.inventory.models import Device
from tests.remote_sites import (  # noqa: F401
    SECRET,
    Api,
    MakeSite,
    api,
    log_of,
    make_site,
    no_remotes,
    origin,
    twin,
    versioned_rows,
)


def dolt(*words: str) -> str:
    out = StringIO()
    call_command("dolt", *words, stdout=out)
    return out.getvalue()


def test_remote_adds_lists_and_removes(no_remotes: None, tmp_path: Path) -> None:
    url = f"file://{tmp_path}/backup"
    assert dolt("remote") == ""
    assert f'Added remote "backup" at {url}' in dolt("remote", "add", "backup", url)
    assert dolt("remote") == "backup\n"
    assert dolt("remote", "-v") == f"backup  {url}\n"
    assert json.loads(dolt("remote", "--json")) == [{"name": "backup", "url": url}]
    assert 'Removed remote "backup"' in dolt("remote", "remove", "backup")
    assert dolt("remote") == ""


@pytest.mark.parametrize(
    "words",
    [
        ("remote", "add", "x"),
        ("remote", "add", "x y", "file:///x"),
        ("remote", "add", "x", "nonsense"),
        ("remote", "remove"),
        ("remote", "remove", "nope"),
        ("fetch", "nope"),
        ("push", "nope"),
        ("push", "origin", "nope"),
        ("pull", "nope", "main"),
        ("clone", "file:///x"),
        ("clone", "file:///x", "../x"),
        ("clone", "file:///x", "--shared-tables"),
    ],
)
def test_what_can_not_be_done_is_an_error_and_no_traceback(
    origin: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(CommandError):
        dolt(*words)


def test_push_tells_where_to_and_what(origin: str) -> None:
    Device.objects.create(name="a")
    out = dolt("push")
    assert f"To {origin}" in out and f"{log_of('default')[0][:8]}  main -> main" in out
    assert "shared tables" not in out
    assert dolt("push") == "Everything up-to-date\n"
    told = json.loads(dolt("push", "origin", "main", "-u", "--json"))
    assert told == {
        "branch": "main",
        "remote": "origin",
        "commit_hash": log_of("default")[0],
        "up_to_date": True,
    }


def test_push_of_the_default_branch_to_a_server_needs_the_word_that_no_site_is_there(
    no_remotes: None, api: Api
) -> None:
    api.run("CREATE DATABASE hub")
    dolt("remote", "add", "hub", api.url("hub"))
    dolt("fetch", "hub")
    with pytest.raises(CommandError, match=r"shared tables .*--no-site-there"):
        dolt("push", "hub", "main", "--force")
    assert api.run("SHOW TABLES", database="hub") == []
    assert "main -> main" in dolt("push", "hub", "main", "--force", "--no-site-there")


def test_push_and_pull_use_the_upstream_of_the_branch(
    origin: str, make_branch: Any, tmp_path: Path
) -> None:
    remotes.add("backup", f"file://{tmp_path}/backup")
    make_branch("feature/x")
    Device.objects.using("feature/x").create(name="a")
    assert "backup" in dolt("push", "backup", "--branch", "feature/x", "-u")
    assert dolt("push", "--branch", "feature/x") == "Everything up-to-date\n"
    assert dolt("pull", "--branch", "feature/x") == "Already up to date.\n"


def test_remote_model_shows_no_credentials(no_remotes: None) -> None:
    remotes.add("secret", "https://ann:s3cret@example.org/db")
    assert "s3cret" not in str(list(Remote.objects.values("name", "url")))
    assert "s3cret" not in Remote.objects.get(name="secret").url


def test_push_and_pull_are_told_by_signals(origin: str) -> None:
    heard: list[tuple[str, Any]] = []

    def note(sender: Any, branch: str, remote: str, **kwargs: Any) -> None:
        heard.append((branch, kwargs.get("result")))

    def refuse(sender: Any, **kwargs: Any) -> None:
        raise Refused("Not today.")

    for signal in (signals.pushed, signals.pulled):
        signal.connect(note)
    Device.objects.create(name="a")
    try:
        dolt("push")
        dolt("pull")
    finally:
        for signal in (signals.pushed, signals.pulled):
            signal.disconnect(note)
    assert [branch for branch, _ in heard] == ["main", "main"]
    assert heard[0][1].commit_hash == log_of("default")[0] and heard[1][1].up_to_date
    signals.pre_push.connect(refuse)
    try:
        with pytest.raises(CommandError, match="Not today"):
            dolt("push")
    finally:
        signals.pre_push.disconnect(refuse)


def test_fetch_lists_what_moved(twin: str) -> None:
    assert dolt("fetch", "--using", twin) == "Already up to date.\n"
    before = log_of("default")[0]
    Device.objects.create(name="a")
    dolt("push")
    after = log_of("default")[0]
    assert dolt("fetch", "--using", twin) == f"{before[:8]}  {after[:8]}  origin/main\n"
    assert "Added 1 device" in dolt("log", after, "--using", twin, "-n", "1")
    assert 'Created branch "theirs"' in dolt("branch", "theirs", "origin/main", "--using", twin)
    assert log_of(twin, "theirs")[0] == after


def test_pull_merges_and_a_conflict_is_exit_code_1(twin: str) -> None:
    Device.objects.create(pk=1, name="a")
    dolt("push")
    assert "Fast-forward" in dolt("pull", "--using", twin)
    assert "Already up to date" in dolt("pull", "origin", "main", "--using", twin)
    for alias in ("default/main", "twin/main"):
        Device.objects.using(alias).update(name=alias)
    dolt("push")
    with pytest.raises(CommandError, match=r"inventory_device \(1 row\)") as caught:
        dolt("pull", "--using", twin)
    assert caught.value.returncode == 1
    assert Device.objects.using("twin/main").get().name == "twin/main"


def test_push_force_looks_first_and_force_always_does_not(twin: str) -> None:
    for number in (1, 2):
        Device.objects.using("twin/main").create(pk=number, name="there")
        dolt("push", "--using", twin)
        Device.objects.create(pk=10 + number, name="here")
        with pytest.raises(CommandError, match="Pull first"):
            dolt("push")
        if number == 1:
            with pytest.raises(CommandError, match="moved since"):
                dolt("push", "origin", "main", "--force")
            assert "main -> main" in dolt("push", "origin", "main", "--force")
            dolt("fetch", "--using", twin)
            with pytest.raises(CommandError, match="Pull first"):
                dolt("push", "--using", twin)
            dolt("push", "--using", twin, "--force")
    assert "main -> main" in dolt("push", "origin", "main", "--force=always")


def test_clone_to_another_database_says_how_a_site_runs_on_it(
    origin: str, make_site: MakeSite
) -> None:
    dolt("push")
    name = f"clone_{uuid.uuid4().hex[:8]}"
    make_site("copy", name)
    out = dolt("clone", origin, name)
    assert f'Cloned to database "{name}" with main' in out
    assert f'set NAME to "{name}" and run: manage.py dolt clone --shared-tables' in out
    assert "made auth_user" in dolt("clone", "--shared-tables", "--using", "copy")
    assert versioned_rows("copy") == versioned_rows("default")


def test_clone_to_the_sites_own_database_makes_its_shared_tables(
    origin: str, make_site: MakeSite
) -> None:
    dolt("push")
    name = f"clone_{uuid.uuid4().hex[:8]}"
    make_site("copy", name)
    told = json.loads(dolt("clone", origin, name, "--using", "copy", "--json"))
    assert (told["database"], told["branches"]) == (name, ["main"])
    assert {"auth_user", "django_session"} <= set(told["shared_tables"])
    with connections["copy/main"].cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM auth_user")
        assert cursor.fetchone() == (0,)
    assert log_of("copy") == log_of("default")


def test_no_output_holds_a_credential(no_remotes: None, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://ann:{SECRET}@127.0.0.1:1/inventory"
    told = [dolt("remote", "add", "hub", url), dolt("remote", "-v"), dolt("remote", "--json")]
    for words in (("remote", "add", "hub", url), ("fetch", "hub")):
        with pytest.raises(CommandError) as caught:
            dolt(*words)
        told.append(str(caught.value))
    assert SECRET not in "".join(told) + "".join(capsys.readouterr())
    assert "hub  http://***@127.0.0.1:1/inventory\n" in told
