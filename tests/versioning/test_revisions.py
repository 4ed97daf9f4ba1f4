"""git's ways of naming a commit."""

from __future__ import annotations

import pytest

from dolt_router import use_branch
from dolt_router.exceptions import BranchDoesNotExist, InvalidBranchName, NotThere
from dolt_router.models import Branch, Commit
from dolt_router.versioning.revisions import Span, named, span
from tests.inventory.models import Device


@pytest.fixture
def log(feature: str) -> list[str]:
    """The hashes of feature/x, newest first: a merge of main, and one commit on each."""
    Device.objects.using(feature).create(name="there")
    Device.objects.create(name="here")
    Branch.objects.get(name=feature).sync()
    return [commit.commit_hash for commit in Commit.objects.on(feature)[:4]]


def test_names_count_back_from_a_branch(log: list[str]) -> None:
    head = Commit.objects.on("feature/x")[0]
    first, second = head.parents()
    assert named("feature/x") == "feature/x"
    assert named("feature/x~1") == named("feature/x^") == named("feature/x^1") == first
    assert named("feature/x^2") == second == Commit.objects.on("main")[0].commit_hash
    assert named("feature/x^2~1") == named("feature/x~~") == named("feature/x~2")
    assert named("feature/x^0") == named("feature/x~0") == head.commit_hash
    assert named(f"{head.commit_hash}^") == first


def test_head_is_the_active_branch(log: list[str]) -> None:
    assert named("HEAD") == named("@") == "main"
    with use_branch("feature/x"):
        assert named("HEAD") == "feature/x"
        assert named("HEAD~1") == Commit.objects.on("feature/x")[0].parents()[0]


def test_hash_may_be_cut_short(log: list[str]) -> None:
    assert named(log[1][:8]) == log[1]
    assert named(f"{log[0][:10]}^2") == Commit.objects.on("main")[0].commit_hash
    Branch.objects.create(name=log[1][:8])
    assert named(log[1][:8]) == log[1][:8]


def test_what_names_nothing_is_an_error(log: list[str]) -> None:
    with pytest.raises(NotThere, match="too far"):
        named("main~5000")
    with pytest.raises(NotThere):
        named("main^2")
    for unknown in ("0000000", "feature/y~1"):
        with pytest.raises(BranchDoesNotExist):
            named(unknown)
    for malformed in ("~1", "a b^", "-x~1", "main~x", ""):
        with pytest.raises(InvalidBranchName):
            named(malformed)


def test_ranges() -> None:
    assert span("main") is None
    assert span("main..feature/x") == Span("main", "feature/x", False)
    assert span("main...feature/x") == Span("main", "feature/x", True)
    assert span("v1.0..") == Span("v1.0", "", False)


def test_log_of_what_another_ref_lacks(feature: str) -> None:
    Device.objects.using(feature).create(name="there")
    Device.objects.create(name="here")
    messages = [commit.message for commit in Commit.objects.on(feature).not_in("main")]
    assert messages == ["Added 1 device"]
    assert not Commit.objects.on(feature).not_in(feature).exists()
