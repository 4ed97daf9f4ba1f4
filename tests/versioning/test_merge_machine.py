"""Two branches edited, merged, synced, resolved and reverted in random order.

The machine keeps both branches and their merge base as plain Python, and merges them by the
book; the database must agree after every step.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from dolt_router.exceptions import MergeConflict
from dolt_router.models import Branch, Commit
from dolt_router.versioning import branches
from dolt_router.versioning.sharing import status

from .test_merge_model import (
    EDIT,
    Links,
    State,
    breaks_a_constraint,
    commit_base,
    edit,
    links,
    merged_links,
    resolved,
    state,
    three_way,
)

Snapshot = tuple[State, Links]


class TwoBranches(RuleBasedStateMachine):
    """`main` and `side`, as they should be."""

    @initialize()
    def start(self) -> None:
        commit_base()
        Branch.objects.create(name="side", start_point="main")
        now = state("main"), links("main")
        self.is_now: dict[str, Snapshot] = {"main": now, "side": now}
        self.base: Snapshot = now

    @rule(branch=st.sampled_from(["main", "side"]), edits=st.lists(EDIT, min_size=1, max_size=3))
    def edit(self, branch: str, edits: Any) -> None:
        edit(branch, edits)
        self.is_now[branch] = state(branch), links(branch)

    @rule(branch=st.sampled_from(["main", "side"]), edits=st.lists(EDIT, min_size=1, max_size=3))
    def edit_and_revert(self, branch: str, edits: Any) -> None:
        count = Commit.objects.on(branch).count()
        edit(branch, edits)
        if Commit.objects.on(branch).count() > count:
            Commit.objects.on(branch)[0].revert(on=branch)

    @rule(
        into=st.sampled_from(["main", "side"]),
        side=st.sampled_from(["ours", "theirs"]),
    )
    def merge(self, into: str, side: str) -> None:
        source = "side" if into == "main" else "main"
        (base, linked), (ours, ours_linked) = self.base, self.is_now[into]
        theirs, theirs_linked = self.is_now[source]
        branch = Branch.objects.get(name=source)
        merged = resolved(base, ours, theirs, side)
        if breaks_a_constraint(linked, ours_linked, theirs_linked, merged):
            with pytest.raises(MergeConflict):
                branch.merge(into=into, resolve=side)
            return
        if three_way(base, ours, theirs)[1]:
            with pytest.raises(MergeConflict):
                branch.merge(into=into)
        branch.merge(into=into, resolve=side)
        self.is_now[into] = merged, merged_links(linked, ours_linked, theirs_linked)
        self.base = theirs, theirs_linked

    @invariant()
    def database_agrees(self) -> None:
        for branch, (rows, linked) in getattr(self, "is_now", {}).items():
            assert (state(branch), links(branch)) == (rows, linked), branch
            assert status(branch) == []

    def teardown(self) -> None:
        if "side" in branches.names():
            branches.delete("side", force=True)


def test_database_agrees_with_the_model_after_every_step(dolt: None) -> None:
    run_state_machine_as_test(
        TwoBranches,
        settings=settings(
            max_examples=12,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
