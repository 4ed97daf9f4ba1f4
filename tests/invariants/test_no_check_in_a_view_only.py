"""Invariant 6: protection holds for the ORM, raw SQL, the admin, the commands and requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client, override_settings

from dolt_router import access
from dolt_router.exceptions import BranchProtected, CrossBranchWrite
from dolt_router.models import Branch, Commit, Tag
from dolt_router.versioning import branches, commits, remotes, resets
from tests.inventory.models import Device, Site


@pytest.fixture
def protected(dolt: None) -> Iterator[None]:
    """main is protected and has one site."""
    Site.objects.create(name="there")
    with override_settings(DOLT_ROUTER={"PROTECTED_BRANCHES": ["main"]}):
        yield


def _raw(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def _in_atomic() -> None:
    with transaction.atomic():
        Site.objects.update(name="x")


WAYS: dict[str, Callable[[], Any]] = {
    "save": lambda: Device.objects.create(name="a"),
    "bulk_create": lambda: Device.objects.bulk_create([Device(name="a")]),
    "update": lambda: Site.objects.update(name="x"),
    "delete": lambda: Site.objects.all().delete(),
    "atomic": _in_atomic,
    "raw insert": lambda: _raw("INSERT INTO inventory_site (name) VALUES ('x')"),
    "raw with": lambda: _raw("WITH a AS (SELECT 1) DELETE FROM inventory_site"),
    "raw after a comment": lambda: _raw("/* SELECT */ UPDATE inventory_site SET name = 'x'"),
    "two statements": lambda: _raw("SELECT 1; DELETE FROM inventory_site"),
    "truncate": lambda: _raw("TRUNCATE inventory_site"),
    "raw schema": lambda: _raw("DROP TABLE inventory_device_tags"),
    "procedure": lambda: _raw("CALL dolt_reset('--hard', 'HEAD~1')"),
    "delete the branch": lambda: Branch.objects.get(name="main").delete(force=True),
    "rename the branch": lambda: branches.rename("main", "other"),
    "revert": lambda: Commit.objects.on("main")[0].revert(on="main"),
    "cherry-pick": lambda: commits.cherry_pick(Commit.objects.on("main")[0].pk, "main"),
}


@pytest.mark.parametrize("way", list(WAYS))
def test_protected_branch_refuses_every_direct_way(protected: None, way: str) -> None:
    before = Commit.objects.on("main").count()
    with pytest.raises(BranchProtected):
        WAYS[way]()
    assert Commit.objects.on("main").count() == before
    assert [site.name for site in Site.objects.all()] == ["there"]


@pytest.mark.parametrize(
    "sql",
    [
        "CALL dolt_branch('-D', 'main')",
        "CALL dolt_branch('-m', '-f', 'main', 'x')",
        "CALL dolt_branch('-f', 'main', 'HEAD')",
        "CALL dolt_push('--force', 'origin', 'main')",
        "INSERT INTO `{db}/main`.inventory_site (name) VALUES ('x')",
        "DELETE FROM `{db}/main`.inventory_site",
        "DELETE FROM dolt_branches WHERE name = 'main'",
        "UPDATE dolt_branches SET name = 'x' WHERE name = 'main'",
    ],
)
def test_raw_sql_on_another_branch_does_not_reach_a_protected_one(
    protected: None, sql: str
) -> None:
    Branch.objects.create(name="feature/x")
    head = Commit.objects.on("main")[0]
    database = connections["default"].settings_dict["NAME"]
    with connections["feature/x"].cursor() as cursor:
        with pytest.raises((BranchProtected, CrossBranchWrite, DatabaseError)):
            cursor.execute(sql.format(db=database))
    assert Commit.objects.on("main")[0] == head
    assert [branch.name for branch in Branch.objects.all()] == ["feature/x", "main"]
    assert [site.name for site in Site.objects.all()] == ["there"]


@pytest.mark.parametrize(
    "verb",
    [
        lambda: resets.reset("main", "feature/x", force=True),
        lambda: resets.rebase("main", "feature/x"),
        lambda: resets.discard("main"),
        lambda: resets.revert_range("HEAD~1", "main", "main"),
        lambda: remotes.push("main", force="always"),
        lambda: Branch.objects.get(name="main").archive(),
    ],
    ids=["reset", "rebase", "discard", "revert a range", "push by force", "archive"],
)
def test_no_verb_moves_a_protected_branch(protected: None, verb: Callable[[], Any]) -> None:
    Branch.objects.create(name="feature/x")
    Device.objects.using("feature/x").create(name="a")
    head = Commit.objects.on("main")[0]
    with pytest.raises(BranchProtected):
        verb()
    assert Commit.objects.on("main")[0] == head


@pytest.mark.parametrize("way", ["save", "raw with", "procedure", "rename the branch", "revert"])
def test_no_other_gate_and_no_system_is_needed_for_it(protected: None, way: str) -> None:
    kept = list(access._gates)
    access._gates.clear()
    try:
        with pytest.raises(BranchProtected):
            WAYS[way]()
        with access.system(), pytest.raises(BranchProtected):
            WAYS[way]()
        assert not access.may("write", "main") and access.may("merge", "main")
    finally:
        access._gates.extend(kept)


def test_what_the_system_began_is_asked_about_again(dolt: None) -> None:
    """Of one transaction: what `system()` was let do is no permission for what comes after it."""
    asked: list[str] = []

    def gate(act: access.Act, user: Any) -> None:
        asked.append(act.verb)

    access.add_gate(gate)
    try:
        with override_settings(DOLT_ROUTER={"PROTECTED_BRANCHES": ["other"]}):
            with transaction.atomic():
                with access.system():
                    Site.objects.create(name="by the system")
                assert asked == []
                Site.objects.create(name="by somebody")
                Site.objects.create(name="and again")
        assert asked == ["write"]
    finally:
        access.remove_gate(gate)


def test_nothing_is_asked_where_there_is_nothing_to_ask(
    dolt: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "_gates", [])
    monkeypatch.setattr(access.protection, "gate", lambda act: pytest.fail("asked"))
    Site.objects.create(name="x")
    Branch.objects.create(name="feature/x")
    assert access.may("delete", "feature/x") and not access.is_anything_asked()


def test_protected_branch_that_is_archived_leaves_no_tag(dolt: None) -> None:
    Branch.objects.create(name="release/1")
    with override_settings(DOLT_ROUTER={"PROTECTED_BRANCHES": ["release/*"]}):
        with pytest.raises(BranchProtected):
            Branch.objects.get(name="release/1").archive()
    assert not Tag.objects.exists()


def test_request_and_admin_are_403_and_write_nothing(protected: None) -> None:
    client = Client(raise_request_exception=False)
    assert client.post("/save/?name=a").status_code == 403
    root = get_user_model().objects.create_superuser("root", "root@example.org", "pw")
    client.force_login(root)  # sessions and users are shared: logging in still works
    assert client.post("/admin/inventory/site/add/", {"name": "x"}).status_code == 403
    assert Site.objects.count() == 1


def test_commands_refuse(protected: None) -> None:
    head = Commit.objects.on("main")[0].commit_hash
    for words in (["revert", head], ["branch", "-D", "main"], ["branch", "-m", "main", "x"]):
        with pytest.raises(CommandError, match="is protected"):
            call_command("dolt", *words, stdout=StringIO())


def test_merging_and_migrating_are_the_allowed_ways(protected: None) -> None:
    Branch.objects.create(name="feature/x")
    Site.objects.using("feature/x").create(name="merged")
    Branch.objects.get(name="feature/x").merge(into="main")
    assert Site.objects.count() == 2
    call_command("migrate", verbosity=0)
