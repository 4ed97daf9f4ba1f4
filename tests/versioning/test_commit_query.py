"""Queries of the log."""

from __future__ import annotations

import datetime

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from dolt_router.autocommit import AutoDoltCommit
from dolt_router.exceptions import DoltRouterError
from dolt_router.models import Branch, Commit
from dolt_router.versioning.commit_query import CommitQuerySet
from tests.inventory.models import Device, Site, Tag

ANN, BOB = "Ann Smith <ann@example.org>", "Bob <bob@example.org>"


def commits(ref: str = "main") -> CommitQuerySet:
    return CommitQuerySet(Commit, using=f"default/{ref}").order_by("-commit_order")


def subjects(found: CommitQuerySet) -> list[str]:
    return [commit.subject for commit in found]


def make(message: str, author: str = ANN, branch: str = "main") -> datetime.datetime:
    with AutoDoltCommit(message, author, branch):
        Device.objects.create(name=message)
    return Commit.objects.on(branch)[0].date


def test_since_and_until_hold_the_moment_itself(dolt: None) -> None:
    make("a")
    second = make("b")
    third = make("c")
    assert subjects(commits().since(second)) == ["c", "b"]
    assert subjects(commits().since(second).until(second)) == ["b"]
    assert subjects(commits().until(third))[:3] == ["c", "b", "a"]
    assert subjects(commits().since(third + datetime.timedelta(seconds=1))) == []
    zone = datetime.timezone(datetime.timedelta(hours=9))
    assert subjects(commits().since(third.astimezone(zone))) == ["c"]


def test_author_by_name_or_address(dolt: None) -> None:
    log = commits().since(make("a", ANN))
    make("b", BOB)
    assert subjects(log.author("smith")) == ["a"]
    assert subjects(log.author("bob@")) == ["b"]
    assert subjects(log.author("EXAMPLE.org")) == ["b", "a"]
    assert subjects(log.author("100%")) == []


def test_touching_a_model_holds_its_many_to_many_tables(dolt: None) -> None:
    start = make("a")
    with AutoDoltCommit("site"):
        Site.objects.create(name="s")
    with AutoDoltCommit("tag"):
        tag = Tag.objects.create(name="t")
    with AutoDoltCommit("tag it"):
        Device.objects.get().tags.add(tag)
    log = commits().since(start)
    assert subjects(log.touching(Device)) == ["tag it", "a"]
    assert subjects(log.touching(Site)) == ["site"]
    assert subjects(log.touching(Site, Tag)) == ["tag", "site"]
    assert subjects(log.touching()) == []


def test_touching_an_object(dolt: None) -> None:
    make("a")
    make("other")
    device = Device.objects.get(name="a")
    with AutoDoltCommit("grow"):
        Device.objects.filter(pk=device.pk).update(height=3)
    with AutoDoltCommit("site"):
        Site.objects.create(name="s")
    assert subjects(commits().touching(device)) == ["grow", "a"]
    assert subjects(commits().touching(device, Site)[:3]) == ["site", "grow", "a"]
    with pytest.raises(ValueError, match="no primary key"):
        commits().touching(Device())


def test_queries_are_of_the_querysets_own_branch(feature: str) -> None:
    make("there", branch=feature)
    make("here")
    device = Device.objects.using(feature).get()
    assert subjects(commits(feature).touching(Device))[0] == "there"
    assert subjects(commits(feature).touching(device)) == ["there"]
    assert subjects(commits().touching(device)) == []
    assert "there" not in subjects(commits().touching(Device))
    at = Commit.objects.on(feature)[0].commit_hash
    assert subjects(commits(at).touching(Device).author("ann"))[0] == "there"
    assert subjects(commits().touching(Device).using(f"default/{feature}"))[0] == "there"


def test_commits_behind_a_merge_are_found(feature: str) -> None:
    start = make("a")
    Branch.objects.get(name="main").merge(into=feature)
    make("there", BOB, feature)
    make("here")
    Branch.objects.get(name=feature).merge(message="merge")
    found = set(subjects(commits().since(start).touching(Device)))
    assert found == {"a", "there", "here", "merge"}
    assert subjects(commits().touching(Device.objects.get(name="there"))) == ["there"]


def test_chains_are_ordered_counted_and_sliced_by_the_server(dolt: None) -> None:
    start = make("a")
    for name in "bcd":
        make(name)
    found = commits().since(start).author("ann").touching(Device)
    assert found.count() == 4
    with CaptureQueriesContext(
        connections["default/main"],
    ) as queries:
        assert subjects(found.order_by("commit_order")[1:3]) == ["b", "c"]
    assert len(queries) == 1 and "LIMIT 2 OFFSET 1" in queries[0]["sql"]
    assert subjects(found.exclude(message="d").filter(Q(message="b") | Q(message="c"))) == [
        "c",
        "b",
    ]
    assert found.first().subject == "d"  # type: ignore[union-attr]


def test_shared_models_have_no_commits(dolt: None) -> None:
    with pytest.raises(DoltRouterError, match="shared"):
        commits().touching(User)
