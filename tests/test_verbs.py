"""More verbs of `manage.py dolt`: each as a person and as a program would use it."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import override_settings

from dolt_router import use_branch
from dolt_router.autocommit import AutoDoltCommit
from dolt_router.management.output import Output
from dolt_router.models import Branch, Commit, Tag
from dolt_router.versioning.sharing import status
from tests.conftest import MakeBranch
from tests.inventory.models import Device, Site


def dolt(*words: str) -> str:
    out = StringIO()
    call_command("dolt", *words, stdout=out)
    return out.getvalue()


def as_json(*words: str) -> Any:
    return json.loads(dolt(*words, "--json"))


def exit_code(*words: str) -> int:
    with pytest.raises(CommandError) as caught:
        dolt(*words)
    return caught.value.returncode


@pytest.fixture
def conflicting(dolt_db: None) -> int:
    """`side` and main disagree about the height of one device; its key."""
    device = Device.objects.create(name="d", height=1)
    Branch.objects.create(name="side", start_point="main")
    Device.objects.using("side").update(height=3)
    Device.objects.update(height=2)
    return int(device.pk)


def test_tag_lists_creates_and_deletes(dolt_db: None) -> None:
    head = Commit.objects.on("main")[0].commit_hash
    assert "v1" in dolt("tag", "v1", "-m", "First")
    assert dolt("tag").split() == ["v1", head[:8], "First"]
    assert as_json("tag") == [{"name": "v1", "hash": head, "message": "First"}]
    assert "Deleted" in dolt("tag", "-d", "v1")
    assert not Tag.objects.exists()
    assert exit_code("tag", "-d", "v1") == 128


def test_reset_guards_commits(feature: str) -> None:
    Device.objects.using(feature).create(name="a")
    assert exit_code("reset", "main", "--branch", feature) == 128
    assert feature in dolt("reset", "main", "--force", "--branch", feature)
    assert not Device.objects.using(feature).exists()


def test_rebase_and_sync_bring_a_branch_up_to_date(make_branch: MakeBranch) -> None:
    for name in ("one", "two"):
        make_branch(name)
        Device.objects.using(name).create(name=name)
    Site.objects.create(name="meanwhile")
    assert "Rebased 1 commit" in dolt("rebase", "--branch", "one")
    assert '"two" is at' in dolt("sync", "--branch", "two")
    assert "Already up to date" in dolt("sync", "--branch", "two")
    for name in ("one", "two"):
        assert Site.objects.using(name).count() == 1
        assert Branch.objects.get(name=name).ahead_behind()[1] == 0


def test_conflicts_are_shown_and_merged_with_a_side(conflicting: int) -> None:
    out = StringIO()
    with pytest.raises(CommandError, match="1 row"):
        call_command("dolt", "conflicts", "side", stdout=out)
    assert f"inventory_device {conflicting}: modify/modify" in out.getvalue()
    assert "height: 1 -> 2 (ours), 3 (theirs)" in out.getvalue()
    assert exit_code("conflicts", "side") == 1
    assert exit_code("merge", "side") == 1
    assert as_json("merge", "side", "--resolve", "theirs")["fast_forward"] is False
    assert Device.objects.get().height == 3
    assert "No conflicts" in dolt("conflicts", "side")


def test_diff_by_row_and_as_a_file(feature: str) -> None:
    device = Device.objects.create(name="d", height=1)
    Branch.objects.create(name="side", start_point="main")
    with use_branch("side"):
        Device.objects.update(height=2)
        Site.objects.create(name="s")
    shown = dolt("diff", "main", "side", "--rows")
    assert f"~ inventory_device {device.pk}\n    height: 1 -> 2\n" in shown
    assert "name: 's'" in shown
    with use_branch("side"):
        Device.objects.update(site=Site.objects.get())
    named = dolt("diff", "main", "side", "--rows", "--table", "inventory_device")
    site = Site.objects.using("side").get()
    assert f"site: None -> {site.pk} ({site})" in named
    line = dolt("diff", "main", "side", "--format", "jsonl", "--table", "inventory_device")
    assert json.loads(line)["fields"]["height"] == {"old": 1, "new": 2}
    assert "inventory_device,modified," in dolt("diff", "main", "side", "--format", "csv")
    assert "UPDATE `inventory_device`" in dolt("diff", "main", "side", "--format", "sql")
    assert [c["table"] for c in as_json("diff", "main", "side")] == [
        "inventory_device",
        "inventory_site",
    ]


def test_diff_of_the_schema(feature: str) -> None:
    with connections[feature].cursor() as cursor:
        cursor.execute("ALTER TABLE inventory_site ADD colour varchar(9)")
    shown = dolt("diff", "main", feature, "--schema")
    assert "+  `colour` varchar(9)" in shown and "--- inventory_site" in shown
    assert as_json("diff", "main", feature, "--schema")[0]["table"] == "inventory_site"


def test_lists_are_tables_on_a_terminal(feature: str) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    Device.objects.using(feature).create(name="a")
    for words, head in ((["branch"], "message"), (["diff", "main", feature], "modified")):
        out = Terminal()
        call_command("dolt", *words, stdout=out)
        assert head in out.getvalue() and len(out.getvalue().splitlines()) >= 2


def test_status_and_discard(feature: str) -> None:
    with connections[feature].plain_sql(), connections[feature].cursor() as cursor:
        cursor.execute("INSERT INTO inventory_site (name) VALUES ('uncommitted')")
    assert as_json("status", "--branch", feature)["changes"][0]["table_name"] == "inventory_site"
    assert "discard inventory_site" in dolt("discard", "--dry-run", "--branch", feature)
    assert status(feature)
    dolt("discard", "--branch", feature)
    assert status(feature) == []
    assert "Nothing to discard" in dolt("discard", "--branch", feature)


def test_gc_and_json_of_the_lists(feature: str) -> None:
    assert "Done" in dolt("gc", "--shallow")
    assert [b["name"] for b in as_json("branch")] == ["feature/x", "main"]
    assert as_json("log", "-n", "1")[0]["hash"] == Commit.objects.on("main")[0].commit_hash


def test_commits_are_named_as_in_git(feature: str) -> None:
    for height in (1, 2, 3):
        Device.objects.using(feature).create(name=f"d{height}", height=height)
    here = ("--branch", feature)
    second = as_json("log", "main..feature/x", "-n", "2")[1]
    assert len(as_json("log", "main..feature/x")) == 3
    assert as_json("show", "HEAD~1", *here)["hash"] == second["hash"]
    assert "name: 'd2'" in dolt("show", second["hash"][:8], "--rows", *here)
    assert as_json("diff", "HEAD~2..HEAD", *here)[0]["rows_added"] == 2
    assert as_json("diff", "--stat", "main...feature/x")[0]["rows_added"] == 3
    dolt("tag", "before", "feature/x~2")
    dolt("branch", "again", "feature/x^")
    assert Device.objects.using("again").count() == 2
    dolt("revert", "HEAD", *here)
    assert Device.objects.using(feature).count() == 2
    dolt("revert", "before..HEAD~1", *here)
    assert [d.name for d in Device.objects.using(feature)] == ["d1"]
    dolt("cherry-pick", "again")
    assert [d.name for d in Device.objects.all()] == ["d2"]
    dolt("reset", "HEAD~1", "--force")
    assert not Device.objects.exists()
    assert exit_code("show", "HEAD~999999") == exit_code("revert", "zzzz..HEAD") == 128


def test_log_is_narrowed_and_drawn(feature: str) -> None:
    with AutoDoltCommit("by Ann", "Ann <ann@example.org>", branch=feature):
        Device.objects.create(name="a")
    Site.objects.create(name="s")
    Branch.objects.get(name=feature).merge(message="Land it")
    assert "by Ann" in dolt("log", "--author", "ann@", "--oneline")
    touching = as_json("log", "--touching", "inventory.Site", "-n", "2")
    assert [commit["message"] for commit in touching] == ["Land it", "Added 1 site"]
    assert dolt("log", "--since", "2999-01-01") == dolt("log", "--until", "2001-01-01T00:00") == ""
    drawn = dolt("log", "--graph", "-n", "4")
    assert "Land it" in drawn.splitlines()[0] and "|" in drawn and drawn.startswith("*")
    assert exit_code("log", "--touching", "no.Model") == 1


def test_every_verb_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    from dolt_router.management.commands.dolt import VERBS

    for verb in VERBS:
        with pytest.raises(SystemExit) as caught:
            call_command("dolt", verb, "--help")
        assert caught.value.code in (0, None)
        assert "--json" in capsys.readouterr().out


def test_terminal_gets_a_table_and_a_pipe_gets_lines() -> None:
    from django.core.management.base import OutputWrapper

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    for stream, head in ((Terminal(), True), (StringIO(), False)):
        out = Output(OutputWrapper(stream))
        out.table(["name", "hash"], [("[b]main", "abc")])
        with out.progress("Working", 2) as advance:
            advance()
        assert ("name" in stream.getvalue()) is head
        assert "[b]main" in stream.getvalue()


# -- migrate-branches --------------------------------------------------------------------


@pytest.fixture
def old_branches(scratch_database: None) -> list[str]:
    """Three branches from before the migrations of `inventory`, which main has."""
    call_command("migrate", "inventory", "zero", verbosity=0)
    names = ["old/a", "old/b", "third"]
    for name in names:
        Branch.objects.create(name=name, start_point="main")
    call_command("migrate", verbosity=0)
    return names


def test_migrate_branches_does_all_and_is_done_then(old_branches: list[str]) -> None:
    assert "3 would migrate" in dolt("migrate-branches", "--dry-run")
    assert Commit.objects.on("old/a")[0].message == "Unmigrate inventory.0001_initial"
    assert "migrated old/a: inventory.0001_initial" in dolt("migrate-branches", "old/*")
    report = {o["branch"]: o["state"] for o in as_json("migrate-branches", "--jobs", "3")}
    assert report == {
        "main": "up to date",
        "old/a": "up to date",
        "old/b": "up to date",
        "third": "migrated",
    }
    assert dolt("migrate-branches").strip() == "4 up to date"
    for name in old_branches:
        assert Commit.objects.on(name)[0].message == "Migrate inventory.0001_initial"
        assert status(name) == []
        Device.objects.using(name).create(name="works")


def test_migrate_branches_goes_on_past_a_branch_that_fails(old_branches: list[str]) -> None:
    with connections["old/b"].cursor() as cursor:
        cursor.execute("CREATE TABLE inventory_site (id int PRIMARY KEY)")
    out = StringIO()
    with pytest.raises(CommandError, match=r"1 branch\(es\) failed: old/b") as caught:
        call_command("dolt", "migrate-branches", stdout=out)
    assert caught.value.returncode == 1
    assert "failed old/b" in out.getvalue() and "2 migrated" in out.getvalue()
    assert status("old/b") == []
    with connections["old/b"].cursor() as cursor:
        cursor.execute("DROP TABLE inventory_site")
    assert "migrated old/b" in dolt("migrate-branches")


def test_leftovers_of_an_interrupted_migration_are_told_and_discarded(
    old_branches: list[str],
) -> None:
    with connections["old/a"].plain_sql(), connections["old/a"].cursor() as cursor:
        cursor.execute("CREATE TABLE inventory_site (id int PRIMARY KEY)")
    with pytest.raises(CommandError, match="1 branch"):
        dolt("migrate-branches", "old/a")
    assert status("old/a")
    assert "migrated old/a" in dolt("migrate-branches", "old/a", "--discard")
    assert status("old/a") == []


def test_branch_from_before_the_first_migration_is_migrated(scratch_database: None) -> None:
    first = Commit.objects.on("main").order_by("commit_order")[0].commit_hash
    Branch.objects.create(name="old", start_point=first)
    dolt("migrate-branches", "old")
    Device.objects.using("old").create(name="works")
    assert status("old") == []


@override_settings(DOLT_ROUTER={"PROTECTED_BRANCHES": ["*"]})
def test_protected_branches_are_migrated_too(old_branches: list[str]) -> None:
    assert "3 migrated" in dolt("migrate-branches")


def test_no_branch_matches(dolt_db: None) -> None:
    assert exit_code("migrate-branches", "nope/*") == 1
