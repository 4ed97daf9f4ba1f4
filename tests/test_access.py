"""Gates: asked below the views, of whoever acts, and in no way passed by."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client

from dolt_router import access, use_branch
from dolt_router.access import Act, acting_as, current_user, may
from dolt_router.autocommit import AutoDoltCommit
from dolt_router.exceptions import BranchForbidden, DoltRouterError
from dolt_router.models import Branch, Commit
from dolt_router.versioning import branches, diffs, merges, remotes, resets, rows
from dolt_router.visibility import may_view
from tests.inventory.models import Device, Site

User = get_user_model()


class Gate:
    """Notes what it is asked, and refuses the verbs it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.acts: list[Act] = []
        self.refused: set[tuple[str, str]] = set()

    def __call__(self, act: Act, user: Any) -> None:
        User.objects.count()  # a gate may query
        self.asked.append((act.verb, act.branch, getattr(user, "username", None)))
        self.acts.append(act)
        if (act.verb, act.branch) in self.refused:
            raise BranchForbidden(act.branch, act.verb)


@pytest.fixture(autouse=True)
def no_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a site without `dolt_router.review`, which has a gate of its own."""
    monkeypatch.setattr(access, "_gates", [])


@pytest.fixture
def gate(dolt: None) -> Iterator[Gate]:
    Site.objects.create(name="there")
    Branch.objects.create(name="feature/x")
    with use_branch("feature/x"):
        Site.objects.create(name="theirs")
    found = Gate()
    access.add_gate(found)
    yield found
    access.remove_gate(found)


@pytest.fixture
def ann(gate: Gate) -> Any:
    return User.objects.create_user("ann", "ann@example.org", "pw")


def _raw() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO inventory_site (name) VALUES ('x')")


WRITES: dict[str, Callable[[], Any]] = {
    "save": lambda: Device.objects.create(name="a"),
    "bulk_create": lambda: Device.objects.bulk_create([Device(name="a")]),
    "update": lambda: Site.objects.update(name="x"),
    "delete": lambda: Site.objects.all().delete(),
    "raw": _raw,
    "revert": lambda: Commit.objects.on("main")[0].revert(on="main"),
    "cherry-pick": lambda: Commit.objects.on("feature/x")[0].cherry_pick(onto="main"),
    "sync": lambda: merges.merge("main", "feature/x"),
}


@pytest.mark.parametrize("way", list(WRITES))
def test_no_way_of_writing_passes_a_gate_by(gate: Gate, way: str) -> None:
    gate.refused = {("write", "main"), ("write", "feature/x")}
    with access.system():
        Site.objects.create(name="newer")  # so that there is something to sync
    heads = {name: branches.resolve(name) for name in branches.names()}
    with pytest.raises(BranchForbidden, match="may not write to branch"):
        WRITES[way]()
    assert {name: branches.resolve(name) for name in branches.names()} == heads


OTHERS: dict[str, tuple[tuple[str, str], Callable[[], Any]]] = {
    "create": (("create", "feature/y"), lambda: Branch.objects.create(name="feature/y")),
    "rename": (("delete", "feature/x"), lambda: branches.rename("feature/x", "y")),
    "rename to": (("create", "y"), lambda: branches.rename("feature/x", "y")),
    "delete": (("delete", "feature/x"), lambda: branches.delete("feature/x", force=True)),
    "archive": (("delete", "feature/x"), lambda: Branch(name="feature/x").archive()),
    "merge": (("merge", "main"), lambda: merges.merge("feature/x", "main")),
    "reset": (("force", "feature/x"), lambda: resets.reset("feature/x", "main", force=True)),
    "rebase": (("force", "feature/x"), lambda: resets.rebase("feature/x")),
    "push": (("force", "feature/x"), lambda: remotes.push("feature/x", force=True)),
}


@pytest.mark.parametrize("way", list(OTHERS))
def test_each_verb_asks_for_its_own_permission(gate: Gate, way: str) -> None:
    refused, act = OTHERS[way]
    gate.refused = {refused}
    heads = {name: branches.resolve(name) for name in branches.names()}
    with pytest.raises(BranchForbidden):
        act()
    assert {name: branches.resolve(name) for name in branches.names()} == heads


def test_raw_procedure_that_reaches_other_branches_is_asked_about(gate: Gate) -> None:
    if connection.vendor != "mysql":
        pytest.skip("the embedded engine's verbs are functions, refused in raw SQL")
    gate.refused = {("force", "main")}
    with pytest.raises(BranchForbidden), connection.cursor() as cursor:
        cursor.execute("CALL dolt_branch('-D', 'feature/x')")
    assert "feature/x" in branches.names()


READS: dict[str, Callable[[], Any]] = {
    "alias": lambda: Site.objects.using("default/feature/x").count(),
    "use_branch": lambda: _counted(),
    "log": lambda: Commit.objects.on("feature/x").count(),
    "diff": lambda: diffs.diff("main", "feature/x"),
    "rows": lambda: list(rows.row_changes("main", "feature/x", Site)),
    "preview": lambda: merges.preview_merge("feature/x", "main"),
    "ahead": lambda: branches.ahead_behind("feature/x", "main"),
    "start": lambda: Branch.objects.create(name="y", start_point="feature/x"),
    "merge": lambda: merges.merge("feature/x", "main"),
}


def _counted() -> int:
    with use_branch("feature/x"):
        return Site.objects.count()


@pytest.mark.parametrize("way", list(READS))
def test_closed_branch_is_read_by_nobody_it_is_closed_to(gate: Gate, ann: Any, way: str) -> None:
    gate.refused = {("read", "feature/x")}
    with acting_as(ann), pytest.raises(BranchForbidden):
        READS[way]()


def test_kept_connection_of_another_user_opens_no_closed_branch(gate: Gate, ann: Any) -> None:
    assert Site.objects.using("default/feature/x").count() == 2
    gate.refused = {("read", "feature/x")}
    with acting_as(ann), pytest.raises(BranchForbidden):
        Site.objects.using("default/feature/x").count()
    assert Site.objects.using("default/feature/x").count() == 2


def test_gate_is_asked_once_a_transaction_and_branch(gate: Gate, ann: Any) -> None:
    gate.asked.clear()
    with acting_as(ann), use_branch("feature/x"), transaction.atomic():
        for name in "abc":
            Site.objects.create(name=name)
    assert gate.asked == [("read", "feature/x", "ann"), ("write", "feature/x", "ann")]


def test_gate_that_reads_the_default_branch_is_in_nobodys_way(gate: Gate, ann: Any) -> None:
    def read_home(act: Act, user: Any) -> None:
        assert User.objects.using("default/main").count()

    access.add_gate(read_home)
    try:
        with acting_as(ann), AutoDoltCommit(branch="feature/x"):
            Site.objects.count()
            with AutoDoltCommit("inner"):  # as a form's save() inside of a request
                Site.objects.create(name="a")
    finally:
        access.remove_gate(read_home)
    assert Commit.objects.on("feature/x")[0].message == "inner"


def test_second_user_in_one_transaction_is_asked_about_too(gate: Gate, ann: Any) -> None:
    bob = User.objects.create_user("bob")
    gate.asked.clear()
    with transaction.atomic():
        for user in (ann, bob):
            with acting_as(user):
                Site.objects.create(name=user.username)
    assert [who for verb, _, who in gate.asked if verb == "write"] == ["ann", "bob"]


def test_gate_hears_of_exactly_what_a_merge_would_merge(gate: Gate) -> None:
    heads = [branches.resolve(name) for name in ("feature/x", "main")]
    merges.merge("feature/x", "main", strategy="no-ff")
    details = next(act.details for act in gate.acts if act.verb == "merge")
    assert [details["source_hash"], details["target_hash"]] == heads
    assert (details["source"], details["strategy"]) == ("feature/x", "no-ff")


def test_commit_that_comes_after_the_question_is_not_merged(gate: Gate) -> None:
    def slip_in(act: Act, user: Any) -> None:
        if act.verb == "merge":
            with use_branch("feature/x"):
                Site.objects.create(name="unasked")

    access.add_gate(slip_in)
    try:
        merges.merge("feature/x", "main")
    finally:
        access.remove_gate(slip_in)
    assert sorted(site.name for site in Site.objects.all()) == ["theirs", "there"]


def test_request_acts_as_its_user(gate: Gate, ann: Any) -> None:
    client = Client(headers={"X-Dolt-Branch": "feature/x"})
    client.force_login(ann)
    gate.asked.clear()
    assert client.post("/save/?name=a").status_code == 200
    assert ("read", "feature/x", "ann") in gate.asked
    assert ("write", "feature/x", "ann") in gate.asked


@pytest.mark.parametrize("verb", ["read", "write"])
def test_refused_request_is_403_and_writes_nothing(gate: Gate, ann: Any, verb: str) -> None:
    client = Client(headers={"X-Dolt-Branch": "feature/x"})
    client.force_login(ann)
    gate.refused = {(verb, "feature/x")}
    head = branches.resolve("feature/x")
    answer = client.post("/save/?name=a")
    assert (answer.status_code, branches.resolve("feature/x")) == (403, head)


def test_anonymous_request_is_not_taken_for_the_system(gate: Gate) -> None:
    seen = []
    access.add_gate(look := lambda act, user: seen.append(user.is_anonymous))
    try:
        Client().post("/save/?name=a")
    finally:
        access.remove_gate(look)
    assert seen == [True]


def test_actor_does_not_leak_to_other_threads_and_tasks(gate: Gate, ann: Any) -> None:
    found: list[Any] = []

    async def task() -> None:
        found.append(current_user())

    async def two() -> None:
        with acting_as(ann):
            found.append(current_user())
        await task()

    asyncio.run(two())
    with acting_as(ann):
        thread = threading.Thread(target=lambda: found.append(current_user()))
        thread.start()
        thread.join()
    assert found == [ann, None, None]
    assert current_user() is None


def test_acting_as_decorates_and_restores_after_an_exception(gate: Gate, ann: Any) -> None:
    @acting_as(ann)
    def fail() -> None:
        assert current_user() == ann
        raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert current_user() is None


def test_command_acts_as_the_user_it_names(gate: Gate, ann: Any) -> None:
    call_command("dolt", "merge", "feature/x", "--no-ff", "--as", "ann", stdout=StringIO())
    assert ("merge", "main", "ann") in gate.asked
    assert Commit.objects.on("main")[0].author == "ann <ann@example.org>"


def test_environment_names_the_user_of_any_command(
    gate: Gate, ann: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOLT_USER", "ann")
    monkeypatch.setattr(access, "_by_environment", {})
    Site.objects.create(name="by command")
    assert ("write", "main", "ann") in gate.asked
    assert Commit.objects.on("main")[0].author == "ann <ann@example.org>"


def test_unknown_user_of_a_command_is_an_error_and_not_the_system(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("DOLT_USER", "nobody")
        with pytest.raises(DoltRouterError, match='no active user "nobody"'):
            Site.objects.create(name="x")
    assert not Site.objects.filter(name="x").exists()


def test_scratch_branches_of_a_verb_are_nobodys_business(gate: Gate) -> None:
    with access.system():
        Site.objects.create(name="newer")
    gate.asked.clear()
    resets.rebase("feature/x")
    assert [(verb, branch) for verb, branch, _ in gate.asked] == [("force", "feature/x")]


def test_may_answers_without_doing(gate: Gate) -> None:
    gate.refused = {("merge", "main")}
    assert not may("merge", "main")
    assert may("merge", "feature/x")


def test_unknown_verb_is_a_mistake_of_the_caller(gate: Gate) -> None:
    with pytest.raises(ValueError, match="Unknown verb"):
        access.require("peek", "main")


def test_without_a_gate_no_query_is_spent(dolt: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1), acting_as(User(username="ann")):
        Site.objects.count()


# -- whose rows are seen -----------------------------------------------------------------


def _permit(user: Any, codename: str) -> Any:
    permission = Permission.objects.get(codename=codename, content_type__app_label="inventory")
    user.user_permissions.add(permission)
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("codename", ["view_device", "change_device"])
def test_rows_are_seen_by_who_may_view_or_change_the_model(dolt: None, codename: str) -> None:
    ann = User.objects.create_user("ann")
    assert not may_view(ann, Device)
    ann = _permit(ann, codename)
    assert may_view(ann, "inventory_device")
    assert not may_view(ann, Site)


def test_rows_of_a_many_to_many_table_need_both_ends(dolt: None) -> None:
    ann = _permit(User.objects.create_user("ann"), "view_device")
    assert not may_view(ann, "inventory_device_tags")
    assert may_view(_permit(ann, "view_tag"), "inventory_device_tags")


def test_table_without_a_model_is_for_superusers(dolt: None) -> None:
    assert may_view(User(is_superuser=True, is_active=True), "old_table")
    assert not may_view(User(is_active=True), "old_table")
    assert not may_view(User(is_superuser=True, is_active=False), Device)
    assert not may_view(None, Device)


def test_gate_that_says_nothing_of_all_branches_may_close_some(gate: Gate, ann: Any) -> None:
    with acting_as(ann):
        assert not access.may_read_all()
        gate.opens_all = lambda using, user: user == ann  # type: ignore[attr-defined]
        assert access.may_read_all()
    with acting_as(User(username="other")):
        assert not access.may_read_all()
    access.remove_gate(gate)
    assert access.may_read_all()
