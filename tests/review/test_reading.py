"""A closed branch is not read by the hashes, tags and other spellings of what is on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from dolt_router.access import acting_as
from dolt_router.exceptions import BranchDoesNotExist, BranchForbidden
from dolt_router.models import Branch, Commit
from dolt_router.review.models import BranchGrant
from dolt_router.versioning import branches, diffs, history, rows, tags
from tests.inventory.models import Site
from tests.review.conftest import person

READS: dict[str, Callable[[str], Any]] = {
    "objects": lambda ref: Site.objects.using(f"default/{ref}").count(),
    "log": lambda ref: Commit.objects.on(ref).count(),
    "diff": lambda ref: diffs.diff("main", ref),
    "rows": lambda ref: list(rows.row_changes("main", ref, Site)),
    "head": lambda ref: branches.resolve(ref),
    "history": lambda ref: history.history_of(Site(pk=1), ref),
    "start": lambda ref: Branch.objects.create(name="mine", start_point=ref),
}


@pytest.fixture
def secret(dolt: None) -> str:
    """The head of a branch that only ann may read, which has a tag too."""
    Site.objects.create(name="open")
    Branch.objects.create(name="secret/x")
    Site(name="closed").save(using="default/secret/x")
    tags.create("of-secret", "secret/x")
    BranchGrant.objects.create(pattern="secret/*", verbs=["read"], user=person("ann"))
    return branches.resolve("secret/x")


@pytest.mark.parametrize("spelling", ["hash", "of-secret", "SECRET/x"])
@pytest.mark.parametrize("way", list(READS))
def test_closed_branch_is_opened_by_no_other_name(secret: str, way: str, spelling: str) -> None:
    ref = secret if spelling == "hash" else spelling
    with acting_as(person("eve", "create_branch")):
        with pytest.raises((BranchForbidden, BranchDoesNotExist)):
            READS[way](ref)


@pytest.mark.parametrize("way", ["objects", "log", "diff", "rows", "head"])
def test_commits_are_read_by_who_may_read_a_branch_that_has_them(secret: str, way: str) -> None:
    with acting_as(person("eve")):
        READS[way](branches.resolve("main"))
    from django.contrib.auth import get_user_model

    with acting_as(get_user_model().objects.get(username="ann")):
        READS[way](secret)


def test_commit_becomes_readable_when_it_is_merged(secret: str) -> None:
    Branch.objects.get(name="secret/x").merge(into="main")
    with acting_as(person("eve")):
        assert Site.objects.using(f"default/{secret}").count() == 2


def test_commit_page_of_a_closed_branch_is_refused(secret: str) -> None:
    client = Client()
    client.force_login(person("eve", "view_branch", is_staff=True))
    response = client.get(f"/admin/dolt_router/branch/commit/{secret}/")
    assert response.status_code in (403, 404)
    assert b"closed</" not in response.content
