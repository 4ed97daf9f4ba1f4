"""People, and a branch with something to review."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from dolt_router.access import system
from dolt_router.autocommit import AutoDoltCommit
from dolt_router.review.models import BranchRule, PullRequest
from dolt_router.wording import user_author
from tests.inventory.models import Device

REVIEWER = ("review_branch",)
MERGER = ("review_branch", "merge_branch")


def give(user: Any, *codenames: str) -> Any:
    """The user, fetched again, with these permissions."""
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return type(user).objects.get(pk=user.pk)


def person(name: str, *codenames: str, **fields: Any) -> Any:
    user = get_user_model().objects.create_user(name, f"{name}@example.org", "pw", **fields)
    return give(user, *codenames)


def change(branch: str, name: str, user: Any = None) -> str:
    """A commit on `branch` in the name of `user`, whatever the rules say; its hash."""
    author = None if user is None else user_author(user)
    with system(), AutoDoltCommit(f"Add {name}", author, branch) as unit:
        Device.objects.create(name=name)
    assert unit.commit_hash is not None
    return unit.commit_hash


@pytest.fixture
def ann(dolt: None) -> Any:
    """An author: no permission on branches at all."""
    return person("ann")


@pytest.fixture
def rob(dolt: None) -> Any:
    """A reviewer."""
    return person("rob", *REVIEWER)


@pytest.fixture
def ria(dolt: None) -> Any:
    """A second reviewer."""
    return person("ria", *REVIEWER)


@pytest.fixture
def meg(dolt: None) -> Any:
    """A manager: may review and merge."""
    return person("meg", *MERGER)


@pytest.fixture
def root(dolt: None) -> Any:
    return get_user_model().objects.create_superuser("root", "root@example.org", "pw")


@pytest.fixture
def rule(dolt: None) -> BranchRule:
    """main takes changes by pull requests with one approval."""
    return BranchRule.objects.create(pattern="main")


@pytest.fixture
def opened(feature: str, ann: Any) -> Callable[..., PullRequest]:
    """Opens a pull request of ann's from feature/x with one commit of hers."""

    def make(**fields: Any) -> PullRequest:
        change("feature/x", "first", ann)
        values = {"source": "feature/x", "target": "main", "title": "More devices", "author": ann}
        return PullRequest.objects.open(**{**values, **fields})

    return make


@pytest.fixture
def pull_request(opened: Callable[..., PullRequest]) -> PullRequest:
    return opened()
