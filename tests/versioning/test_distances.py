"""Distances of many branches at once, against the server's own counts."""

from __future__ import annotations

import random

from dolt_router.models import Branch
from dolt_router.versioning import distances as module
from dolt_router.versioning.branches import ahead_behind, resolve
from dolt_router.versioning.distances import distance, distances
from tests.conftest import MakeBranch
from tests.inventory.models import Device


def test_many_branches_are_as_the_server_counts_them(
    make_branch: MakeBranch, monkeypatch: object
) -> None:
    monkeypatch.setattr(module, "FIRST_CHUNK", 4)  # type: ignore[attr-defined]
    monkeypatch.setattr(module, "CHUNK", 3)  # type: ignore[attr-defined]
    chance = random.Random(8)
    names = ["main"]
    for number in range(14):
        start = chance.choice(names)
        names.append(make_branch(f"b/{number}", start))
        for on in chance.sample(names, min(3, len(names))):
            Device.objects.using(f"default/{on}").create(name=f"{number} on {on}")
        if number % 3 == 2:
            Branch.objects.get(name=names[-1]).merge(into=chance.choice(names[:-1]))
    heads = {name: resolve(name) for name in names}

    found = distances(heads, heads["main"])

    assert found == {name: ahead_behind(name, "main") for name in names}


def test_it_is_asked_once_for_each_pair_of_heads(
    feature: str, django_assert_num_queries: object
) -> None:
    Device.objects.using(feature).create(name="one")
    assert distance(feature, "main") == (1, 0)
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert distance(feature, "main") == (1, 0)
    Device.objects.create(name="two")
    assert distance(feature, "main") == (1, 1)
