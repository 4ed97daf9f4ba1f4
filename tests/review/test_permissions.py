"""`has_perm` with a branch, grants by user, group and glob, and what a request costs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from dolt_router.models import Branch
from dolt_router.review.models import BranchGrant, BranchRule
from dolt_router.review.permissions import allowed
from tests.review.conftest import person


@pytest.fixture
def branch(feature: str) -> Branch:
    return Branch.objects.get(name=feature)


def test_has_perm_on_a_branch_needs_no_backend(branch: Branch) -> None:
    ann = person("ann")
    assert not ann.has_perm("dolt_router.merge_branch", branch)
    grant = BranchGrant.objects.create(pattern="feature/*", verbs=["merge"], user=ann)
    assert ann.has_perm("dolt_router.merge_branch", branch)
    assert not ann.has_perm("dolt_router.delete_branch", branch)
    assert not ann.has_perm("dolt_router.merge_branch", Branch.objects.get(name="main"))
    assert not ann.has_perm("dolt_router.merge_branch")  # of all branches: Django's own
    assert asyncio.run(ann.ahas_perm("dolt_router.merge_branch", branch))
    grant.delete()
    assert not ann.has_perm("dolt_router.merge_branch", branch)


def test_model_permission_holds_for_every_branch_but_where_it_is_denied(branch: Branch) -> None:
    meg = person("meg", "merge_branch")
    assert meg.has_perm("dolt_router.merge_branch", branch)
    group = Group.objects.create(name="trainees")
    meg.groups.add(group)
    BranchGrant.objects.create(pattern="feature/*", verbs=["merge"], group=group, deny=True)
    BranchGrant.objects.create(pattern="*", verbs=["merge"], user=meg)
    assert not meg.has_perm("dolt_router.merge_branch", branch)
    assert meg.has_perm("dolt_router.merge_branch", Branch.objects.get(name="main"))


def test_read_is_open_until_somebody_is_allowed_it(branch: Branch) -> None:
    ann, rob = person("ann"), person("rob")
    assert ann.has_perm("dolt_router.read_branch", branch)
    BranchGrant.objects.create(pattern="*", verbs=["read"], user=rob, deny=True)
    assert ann.has_perm("dolt_router.read_branch", branch)
    assert not rob.has_perm("dolt_router.read_branch", branch)
    BranchGrant.objects.create(pattern="feature/*", verbs=["read"], user=ann)
    assert not AnonymousUser().has_perm("dolt_router.read_branch", branch)
    assert not person("eve").has_perm("dolt_router.read_branch", branch)
    assert ann.has_perm("dolt_router.read_branch", branch)


def test_other_objects_and_permissions_are_left_to_django(branch: Branch) -> None:
    ann = person("ann", "view_device")
    assert ann.has_perm("inventory.view_device")
    assert not ann.has_perm("inventory.view_device", branch)
    assert not ann.has_perm("dolt_router.merge_branch", ann)


def test_permissions_are_there_after_migrate(scratch_database: None) -> None:
    table = Permission.objects.filter(content_type__app_label="dolt_router")
    table.exclude(codename="delete_branch").delete()  # as on a site from before
    call_command("migrate", verbosity=0)
    wanted = {f"{verb}_branch" for verb in ("create", "merge", "force", "review", "read", "write")}
    assert wanted <= set(table.values_list("codename", flat=True))


def test_named_backend_answers_and_logs_nobody_in(branch: Branch) -> None:
    ann = person("ann")
    BranchGrant.objects.create(pattern="feature/*", verbs=["merge"], user=ann)
    backends = [
        "django.contrib.auth.backends.ModelBackend",
        "dolt_router.review.auth.BranchBackend",
    ]
    with override_settings(AUTHENTICATION_BACKENDS=backends[1:]):
        assert authenticate(username="ann", password="pw") is None
        assert ann.has_perm("dolt_router.merge_branch", branch)
        assert not ann.has_perm("inventory.view_device")
    with override_settings(AUTHENTICATION_BACKENDS=backends):
        assert authenticate(username="ann", password="pw") == ann


@pytest.mark.parametrize(
    "fields",
    [
        {"verbs": ["read"]},
        {"verbs": ["read"], "everyone": True, "user": True},
        {"verbs": ["fly"], "everyone": True},
        {"verbs": [], "everyone": True},
        {"verbs": "read", "everyone": True},
    ],
    ids=["nobody", "two", "no verb", "empty", "text"],
)
def test_grant_that_says_nothing_is_not_valid(dolt: None, fields: dict[str, Any]) -> None:
    if "user" in fields:
        fields = {**fields, "user": person("ann")}
    with pytest.raises(ValidationError):
        BranchGrant(pattern="*", **fields).full_clean()


def test_case_of_a_name_matters_as_in_dolt(dolt: None) -> None:
    ann = person("ann")
    BranchGrant.objects.create(pattern="Release/*", verbs=["merge"], user=ann)
    assert allowed(ann, "merge", "Release/1") and not allowed(ann, "merge", "release/1")


def test_request_spends_two_queries_on_permissions_and_rules(feature: str) -> None:
    client = Client(headers={"x-dolt-branch": feature})
    ann = get_user_model().objects.create_user("ann")
    client.force_login(ann)
    BranchGrant.objects.create(pattern="*", verbs=["read", "write"], user=ann)
    BranchRule.objects.create(pattern="main")
    with CaptureQueriesContext(connection) as found:
        assert client.get("/many/?name=x").status_code == 200
    asked = [query["sql"] for query in found if "branch_review_" in query["sql"]]
    assert len(asked) == 2, asked


def test_site_whose_tables_are_not_made_yet_has_no_rules(scratch_database: None) -> None:
    call_command("migrate", "dolt_review", "zero", verbosity=0)
    assert person("ann").has_perm("dolt_router.read_branch", Branch.objects.get(name="main"))
    call_command("migrate", verbosity=0)
