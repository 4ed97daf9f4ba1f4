"""Random edits on two branches, merged: the result is what a plain three-way merge gives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dolt_router.autocommit import AutoDoltCommit
from dolt_router.exceptions import MergeConflict
from dolt_router.models import Branch, Commit
from dolt_router.versioning import branches
from dolt_router.versioning.sharing import status
from tests.inventory.models import Device, Site, Tag

State = dict[str, dict[str, Any]]
NAMES = [f"d{i}" for i in range(4)]
FIELDS = ("height", "site")
EDIT = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from([*FIELDS, "delete", "tag", "untag"]),
    st.integers(1, 3),
)


def commit_base() -> None:
    """The state that each example starts from, as one commit on main."""
    with AutoDoltCommit("base"):
        for model in (Device, Site, Tag):
            model.objects.all().delete()
        sites = [Site.objects.create(name=f"s{i}") for i in range(4)]
        tags = [Tag.objects.create(name=f"t{i}") for i in range(4)]
        for name in NAMES:
            Device.objects.create(name=name, height=1, site=sites[0]).tags.add(tags[1])


def state(branch: str) -> State:
    rows = Device.objects.using(branch).select_related("site")
    return {
        device.name: {
            "height": device.height,
            "site": device.site.name if device.site else None,
        }
        for device in rows
    }


Links = set[tuple[int, str, str]]


def links(branch: str) -> Links:
    """Which devices have which tags: rows of a table with keys and a unique constraint."""
    through = Device.tags.through.objects.using(branch)
    # With its key: a link taken away and made again is another row.
    return set(through.values_list("pk", "device__name", "tag__name"))


def edit(branch: str, edits: list[tuple[str, str, int]]) -> None:
    with AutoDoltCommit(branch=branch):
        for name, field, value in edits:
            rows = Device.objects.filter(name=name)
            if field == "delete":
                rows.delete()
            elif field in ("tag", "untag"):
                for device in rows:
                    tag = Tag.objects.get(name=f"t{value}")
                    (device.tags.add if field == "tag" else device.tags.remove)(tag)
            elif field == "site":
                rows.update(site=Site.objects.get(name=f"s{value}"))
            else:
                rows.update(height=value)


def three_way(base: State, ours: State, theirs: State) -> tuple[State, set[str]]:
    """The merged state and the names in conflict, by the book."""
    merged: State = {}
    conflicts: set[str] = set()
    for name in base.keys() | ours.keys() | theirs.keys():
        b, o, t = base.get(name), ours.get(name), theirs.get(name)
        if o is None or t is None:
            kept = o or t
            if kept is not None and b is None:
                merged[name] = kept
            elif kept is not None and kept != b:
                conflicts.add(name)
            continue
        row = {}
        for field in o:
            if o[field] == (b or {}).get(field):
                row[field] = t[field]
            elif t[field] in ((b or {}).get(field), o[field]):
                row[field] = o[field]
            else:
                conflicts.add(name)
        merged[name] = row
    return merged, conflicts


def merged_links(base: Links, ours: Links, theirs: Links) -> Links:
    return (base & ours & theirs) | (ours - base) | (theirs - base)


def breaks_a_constraint(base: Links, ours: Links, theirs: Links, merged: State) -> bool:
    """Both made the same link (unique), or one made a link to what isn't there (foreign key)."""
    made, made_there = ({link[1:] for link in side - base} for side in (ours, theirs))
    orphans = {name for name, _ in made | made_there if name not in merged}
    return bool(made & made_there or orphans)


def resolved(base: State, ours: State, theirs: State, side: str) -> State:
    """`three_way`, with the fields and rows in conflict taken from one side."""
    merged, conflicts = three_way(base, ours, theirs)
    for name in conflicts:
        chosen = (ours if side == "ours" else theirs).get(name)
        if chosen is None:
            merged.pop(name, None)
        elif name not in ours or name not in theirs:
            merged[name] = chosen
        else:
            row = {}
            for field, mine in ours[name].items():
                before, other = base[name][field], theirs[name][field]
                one_sided = other if mine == before else mine if other == before else None
                row[field] = chosen[field] if one_sided is None else one_sided
            merged[name] = row
    return merged


@pytest.mark.django_db(transaction=True)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    ours=st.lists(EDIT, max_size=6),
    theirs=st.lists(EDIT, max_size=6),
    side=st.sampled_from(["ours", "theirs"]),
)
def test_merge_equals_the_model(dolt: None, ours: Any, theirs: Any, side: str) -> None:
    commit_base()
    Branch.objects.create(name="side", start_point="main")
    try:
        base, linked = state("main"), links("main")
        edit("main", ours)
        edit("side", theirs)
        left, right = state("main"), state("side")
        _, conflicts = three_way(base, left, right)
        branch = Branch.objects.get(name="side")
        found = {(c.base or {})["name"] for c in branch.conflicts()}
        assert found == conflicts
        before = Commit.objects.on("main")[0]
        links_left, links_right = links("main"), links("side")
        after = resolved(base, left, right, side)
        if breaks_a_constraint(linked, links_left, links_right, after):
            with pytest.raises(MergeConflict) as caught:
                branch.merge(resolve=side)
            assert caught.value.violations
            assert (state("main"), links("main")) == (left, links_left)
            assert Commit.objects.on("main")[0] == before and status("main") == []
            return
        if conflicts:
            with pytest.raises(MergeConflict) as caught:
                branch.merge()
            assert caught.value.tables["inventory_device"] == len(conflicts)
            assert (state("main"), Commit.objects.on("main")[0]) == (left, before)
            branch.merge(resolve=side)
        else:
            branch.merge()
        assert state("main") == after
        assert links("main") == merged_links(linked, links_left, links_right)
        assert status("main") == []
        head = Commit.objects.on("main")[0]
        if head != before and len(head.parents()) == 1 and before.commit_hash in head.parents():
            head.revert(on="main")
            assert (state("main"), links("main")) == (left, links_left)
    finally:
        branches.delete("side", force=True)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(edits=st.lists(EDIT, min_size=1, max_size=6))
def test_revert_restores_the_state_before(dolt: None, edits: Any) -> None:
    commit_base()
    linked = links("main")
    before, count = state("main"), Commit.objects.on("main").count()
    edit("main", edits)
    if Commit.objects.on("main").count() > count:
        Commit.objects.on("main")[0].revert(on="main")
    assert (state("main"), links("main")) == (before, linked)
    assert status("main") == []
