"""Branches: create, rename, delete, ahead and behind."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connections, transaction
from django.test import Client, override_settings

from dolt_router import use_branch
from dolt_router.exceptions import (
    BranchDoesNotExist,
    BranchExists,
    BranchInUse,
    BranchProtected,
    DoltRouterError,
    InvalidBranchName,
)
from dolt_router.models import Branch, Commit
from dolt_router.versioning import branches, tags
from tests.conftest import MakeBranch
from tests.inventory.models import Device


def test_created_branch_tells_of_its_head(dolt: None) -> None:
    Device.objects.create(name="a")
    branch = Branch.objects.create(name="feature/x", start_point="main")
    head = Commit.objects.on("main")[0]
    assert (branch.hash, branch.latest_commit_message) == (head.commit_hash, "Added 1 device")
    assert (branch.latest_committer, branch.latest_committer_email) == (
        "Django",
        "django@localhost",
    )
    assert branch.latest_commit_date == head.date
    assert branch.alias == "default/feature/x"
    assert not branch.is_default and not branch.is_protected


def test_starts_at_the_active_branch_a_commit_or_a_tag(feature: str) -> None:
    first = Commit.objects.on("main")[0].commit_hash
    with use_branch(feature):
        Device.objects.create(name="a")
        Branch.objects.create(name="from-active")
    Branch.objects.create(name="from-commit", start_point=first)
    with connections["default"].plain_sql(), connections["default"].cursor() as cursor:
        cursor.execute("CALL dolt_tag('v1', %s)", [feature])
    Branch.objects.create(name="from-tag", start_point="v1")
    counts = {
        b: Device.objects.using(b).count() for b in ("from-active", "from-commit", "from-tag")
    }
    with connections["default"].plain_sql(), connections["default"].cursor() as cursor:
        cursor.execute("CALL dolt_tag('-d', 'v1')")
    assert counts == {"from-active": 1, "from-commit": 0, "from-tag": 1}


@pytest.mark.parametrize("name", ["feature/x", "Feature/X", "MAIN"])
def test_name_that_is_taken_in_any_case(feature: str, name: str) -> None:
    with pytest.raises(BranchExists):
        Branch.objects.create(name=name, start_point="main")


def test_unknown_start_point(dolt: None) -> None:
    with pytest.raises(BranchDoesNotExist, match='Did you mean "main"'):
        Branch.objects.create(name="x", start_point="mian")
    assert [branch.name for branch in Branch.objects.all()] == ["main"]


@pytest.mark.parametrize("name", ["-D", "a b", "", "a..b", "HEAD", "0" * 32])
def test_name_that_cannot_be(dolt: None, name: str) -> None:
    with pytest.raises(InvalidBranchName):
        Branch.objects.create(name=name, start_point="main")


def test_rename_moves_the_alias(feature: str) -> None:
    Device.objects.using(feature).create(name="a")
    branch = Branch.objects.get(name=feature)
    branch.rename("renamed")
    assert branch.name == "renamed"
    assert Device.objects.using("renamed").count() == 1
    assert feature not in connections
    with pytest.raises(BranchDoesNotExist):
        Device.objects.using(feature).count()


def test_rename_by_case_only(feature: str) -> None:
    Branch.objects.get(name=feature).rename("Feature/X")
    assert "Feature/X" in connections
    assert feature not in connections


def test_delete_refuses_what_is_not_merged(feature: str) -> None:
    Device.objects.using(feature).create(name="a")
    branch = Branch.objects.get(name=feature)
    with pytest.raises(BranchInUse, match="1 commit"):
        branch.delete()
    branch.delete(force=True)
    assert feature not in connections


def test_delete_of_a_merged_branch_and_of_many(make_branch: MakeBranch) -> None:
    for name in ("a", "b", "c"):
        make_branch(name)
    Branch.objects.get(name="c").delete()
    assert Branch.objects.exclude(name="main").delete() == (2, {"dolt_router.Branch": 2})
    assert [branch.name for branch in Branch.objects.all()] == ["main"]


def test_default_branch_stays(dolt: None) -> None:
    main = Branch.objects.get(name="main")
    with pytest.raises(BranchProtected):
        main.delete(force=True)
    with pytest.raises(BranchProtected):
        main.rename("other")


def test_branch_with_unfinished_writes_is_in_use(feature: str) -> None:
    with transaction.atomic(using=feature):
        Device.objects.using(feature).create(name="a")
        for verb in (lambda b: b.delete(force=True), lambda b: b.rename("other")):
            with pytest.raises(BranchInUse):
                verb(Branch.objects.get(name=feature))
    assert Device.objects.using(feature).count() == 1


def test_request_on_a_branch_deletes_that_branch(feature: str, manager: Client) -> None:
    answer = manager.post("/delete_branch/", headers={"x-dolt-branch": feature})
    assert answer.status_code == 200
    assert feature not in connections
    assert Client().get("/names/", headers={"x-dolt-branch": feature}).status_code == 404


def test_ahead_and_behind(feature: str) -> None:
    Device.objects.using(feature).create(name="a")
    Device.objects.using(feature).create(name="b")
    Device.objects.create(name="c")
    assert Branch.objects.get(name=feature).ahead_behind() == (2, 1)
    assert Branch.objects.get(name=feature).ahead_behind(into=feature) == (0, 0)


def test_get_or_create_takes_the_start_point(feature: str) -> None:
    made, new = Branch.objects.get_or_create(name="fix", defaults={"start_point": feature})
    assert new and made.hash == Branch.objects.get(name=feature).hash
    assert Branch.objects.get_or_create(name="fix") == (made, False)
    with pytest.raises(BranchExists):
        Branch.objects.get_or_create(name="FIX")


def test_form_like_save_creates_and_existing_rows_are_not_saved(feature: str) -> None:
    Branch(name="by-save").save()
    assert "by-save" in connections
    with pytest.raises(DoltRouterError, match="can't be saved"):
        Branch.objects.get(name=feature).save()
    with pytest.raises(DoltRouterError, match="rename"):
        Branch.objects.filter(name=feature).update(name="x")
    with pytest.raises(DoltRouterError):
        Branch.objects.bulk_create([Branch(name="x")])


def test_filters_and_ordering_are_the_orms(make_branch: MakeBranch) -> None:
    for name in ("b", "a/1", "a/2"):
        make_branch(name)
    assert [b.name for b in Branch.objects.filter(name__startswith="a/")] == ["a/1", "a/2"]
    assert Branch.objects.order_by("-name").first().name == "main"  # type: ignore[union-attr]
    assert Branch.objects.count() == 4


def test_default_branch_of_another_name_in_a_new_database(empty_database: None) -> None:
    with override_settings(DOLT_ROUTER={"DEFAULT_BRANCH": "production"}):
        with pytest.raises(BranchDoesNotExist, match="dolt branch production"):
            call_command("migrate", verbosity=0)
        call_command("dolt", "branch", "production", stdout=StringIO())
        call_command("migrate", verbosity=0)
        Device.objects.create(name="a")
        assert Commit.objects.on("production")[0].message == "Added 1 device"
        assert Commit.objects.on("main").count() == 1
        get_user_model().objects.create_user("shared")
        Branch.objects.create(name="feature/y")
        assert get_user_model().objects.using("feature/y").count() == 1
        connections.close_all()


def test_head_is_of_the_branch_that_is_spelled_so(feature: str) -> None:
    assert branches.head(feature) == branches.resolve(feature)
    assert branches.head("FEATURE/x") is None
    assert branches.head("nowhere") is None
    assert branches.head("no name") is None


def test_tag_has_no_head_of_a_branch(feature: str) -> None:
    assert branches.head(feature) is not None
    Branch.objects.get(name=feature).archive()
    tags.create(feature, "main")
    assert branches.head(feature) is None
