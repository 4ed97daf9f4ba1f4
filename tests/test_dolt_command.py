"""`manage.py dolt`: each verb on a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from dolt_router import use_branch
from dolt_router.models import Branch, Commit
from dolt_router.versioning.sharing import status, tracked_shared_tables
from tests.inventory.models import Device, Site


def dolt(*words: str) -> str:
    out = StringIO()
    call_command("dolt", *words, stdout=out)
    return out.getvalue()


def test_branch_create_list_rename_delete(dolt_db: None) -> None:
    assert "Created" in dolt("branch", "feature/y")
    assert "* main" in dolt("branch")
    assert "feature/y" in dolt("branch")
    dolt("branch", "-m", "feature/y", "feature/z")
    assert [b.name for b in Branch.objects.all()] == ["feature/z", "main"]
    dolt("branch", "-d", "feature/z")
    assert [b.name for b in Branch.objects.all()] == ["main"]
    with pytest.raises(CommandError, match="does not exist"):
        dolt("branch", "-d", "feature/z")
    with pytest.raises(CommandError, match="not a valid branch name"):
        dolt("branch", "a b")


def test_unmerged_branch_is_deleted_only_by_force(feature: str) -> None:
    Device.objects.using(feature).create(name="a")
    with pytest.raises(CommandError, match="1 commit"):
        dolt("branch", "-d", feature)
    dolt("branch", "-D", feature)
    assert not Branch.objects.filter(name=feature).exists()


def test_log_diff_merge_revert_cherry_pick(feature: str) -> None:
    Device.objects.using(feature).create(name="a")
    assert "Added 1 device" in dolt("log", feature, "--oneline", "-n", "1")
    assert "inventory_device  +1 ~0 -0" in dolt("diff", "main", feature)
    assert "Fast-forward" in dolt("merge", feature)
    assert "Already up to date" in dolt("merge", feature)
    head = Commit.objects.on("main")[0].commit_hash
    assert "Reverted" in dolt("revert", head)
    assert not Device.objects.exists()
    assert "Picked" in dolt("cherry-pick", head)
    assert Device.objects.get().name == "a"


def test_merge_conflict_is_exit_code_1_and_changes_nothing(feature: str) -> None:
    site = Site.objects.create(name="s")
    dolt("merge", "main", "--into", feature)
    Site.objects.filter(pk=site.pk).update(name="main's")
    Site.objects.using(feature).filter(pk=site.pk).update(name="feature's")
    before = Commit.objects.on("main").count()
    with pytest.raises(CommandError, match=r"inventory_site \(1 row\)") as caught:
        dolt("merge", feature)
    assert caught.value.returncode == 1
    assert Commit.objects.on("main").count() == before
    assert Site.objects.get().name == "main's"
    assert status() == []


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_on_runs_a_command_on_the_branch(feature: str, capsys: pytest.CaptureFixture[str]) -> None:
    Site.objects.using(feature).create(name="there")
    dolt("on", feature, "--", "dumpdata", "inventory.site")
    assert "there" in capsys.readouterr().out


def test_environment_variable_sets_the_active_branch(
    feature: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as environment:
        environment.setenv("DOLT_BRANCH", feature)
        assert f'On branch "{feature}"' in dolt("status")
        with use_branch("main"):
            assert 'On branch "main"' in dolt("status")


def test_share_moves_tracked_tables_out_and_keeps_the_rows(scratch_database: None) -> None:
    Site.objects.create(name="kept")
    Branch.objects.create(name="before")
    shared = ["auth", "contenttypes", "sessions", "admin", "inventory"]
    with override_settings(DOLT_ROUTER={"SHARED_APPS": shared}):
        assert "inventory_site" in tracked_shared_tables()
        assert "share inventory_site" in dolt("share", "--dry-run")
        assert "Done in commit" in dolt("share")
        assert tracked_shared_tables() == []
        assert status() == []
        assert Site.objects.get().name == "kept"
        before = Commit.objects.on("main").count()
        Site.objects.create(name="live")
        assert Commit.objects.on("main").count() == before
        Branch.objects.create(name="after")
        assert Site.objects.using("after").count() == 2
        Branch.objects.get(name="before").merge(into="main")
        dolt("merge", "main", "--into", "before")
        assert Site.objects.using("before").count() == 2
    connection.ensure_connection()
    assert connection.is_usable()


@pytest.mark.parametrize(
    ("words", "branch", "expected"),
    [
        (["dbshell"], "", "main"),
        (["dbshell"], "feature/x", "feature/x"),
        (["dbshell", "--database=feature/x"], "", "feature/x"),
        (["dolt", "on", "feature/x", "--", "dbshell"], "", "feature/x"),
    ],
)
def test_dbshell_opens_on_the_branch(
    scratch_database: None, words: list[str], branch: str, expected: str
) -> None:
    Branch.objects.create(name="feature/x")
    done = subprocess.run(
        [sys.executable, "-m", "django", *words],
        input="SELECT active_branch();",
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "TEST_DATABASE": str(connection.settings_dict["NAME"]),
            "DOLT_BRANCH": branch,
        },
        cwd=Path(__file__).resolve().parents[1],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.split() == ["active_branch()", expected], done.stderr


def on_unknown_branch(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command of a process of its own, where DOLT_BRANCH names no branch."""
    return subprocess.run(
        [sys.executable, "-m", "django", *words],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "TEST_DATABASE": str(connection.settings_dict["NAME"]),
            "DOLT_BRANCH": "feature/y",
            **environment,
        },
        cwd=Path(__file__).resolve().parents[1],
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_unknown_branch_in_the_environment_ends_the_command_at_once(
    scratch_database: None,
) -> None:
    done = on_unknown_branch("shell", "-c", "print('it ran')")
    assert done.returncode == 2 and "it ran" not in done.stdout
    assert 'DOLT_BRANCH: Branch "feature/y" does not exist' in done.stderr
    assert "Traceback" not in done.stderr


def test_command_that_needs_no_server_runs_without_one(dolt_db: None) -> None:
    done = on_unknown_branch("diffsettings", DOLT_HOST="127.0.0.1", DOLT_PORT="1")
    assert done.returncode == 0, done.stderr
