"""The graph of commits in characters."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dolt_router.exceptions import BranchDoesNotExist
from dolt_router.models import Branch, Commit
from dolt_router.versioning.branches import resolve
from dolt_router.versioning.graphs import GraphLine, graph, graph_lines
from dolt_router.versioning.points import LogEntry, entry_of, log_page
from tests.conftest import MakeBranch
from tests.inventory.models import Device, Site

WHEN = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)


def entry(name: str, *parents: str) -> LogEntry:
    return LogEntry(name, parents, "Ann <ann@example.org>", WHEN, f"{name}\n\nmore")


def drawn(*entries: LogEntry) -> list[str]:
    return [
        f"{line.lanes} {line.commit.commit_hash}" if line.commit else line.lanes
        for line in graph_lines(entries)
    ]


def test_straight_line() -> None:
    assert drawn(entry("c", "b"), entry("b", "a"), entry("a")) == ["* c", "* b", "* a"]


def test_merge_of_a_branch() -> None:
    lines = drawn(entry("m", "b", "x"), entry("x", "a"), entry("b", "a"), entry("a"))
    assert lines == ["* m", "|\\", "| * x", "* | b", "|/", "* a"]


def test_lanes_to_the_right_make_room_and_close_up() -> None:
    lines = drawn(
        entry("n", "m", "y"),
        entry("m", "b", "x"),
        entry("x", "a"),
        entry("b", "a"),
        entry("y", "a"),
        entry("a"),
    )
    assert lines == [
        "* n",
        "|\\",
        "* | m",
        "|\\ \\",
        "| * | x",
        "* | | b",
        "|/ /",
        "| * y",
        "|/",
        "* a",
    ]


def test_criss_cross_merges() -> None:
    lines = drawn(
        entry("m", "p", "q"),
        entry("q", "b", "a"),
        entry("p", "a", "b"),
        entry("b", "r"),
        entry("a", "r"),
        entry("r"),
    )
    assert [line.split()[-1] for line in lines if "*" in line] == ["m", "q", "p", "b", "a", "r"]
    assert lines[-1] == "* r"


@st.composite
def logs(draw: st.DrawFn) -> list[LogEntry]:
    """Logs from one head: every commit but the first is a parent of an earlier one."""
    count = draw(st.integers(1, 14))
    parents: list[list[int]] = [[] for _ in range(count)]
    for i in range(1, count):
        parents[draw(st.sampled_from([j for j in range(i) if len(parents[j]) < 2]))].append(i)
    for i in range(count - 1):
        other = draw(st.integers(i + 1, count - 1))
        if len(parents[i]) < 2 and other not in parents[i] and draw(st.booleans()):
            parents[i].insert(draw(st.integers(0, len(parents[i]))), other)
    return [entry(f"c{i}", *(f"c{j}" for j in parents[i])) for i in range(count)]


@given(logs(), st.integers(1, 14))
def test_lanes_of_any_log_can_be_followed_from_commit_to_parent(
    log: list[LogEntry], limit: int
) -> None:
    lines = list(graph_lines(log[:limit]))
    assert [line.commit for line in lines if line.commit] == log[:limit]
    assert reached(lines) >= {
        (commit.commit_hash, parent)
        for commit in log[:limit]
        for parent in commit.parents
        if parent in {other.commit_hash for other in log[:limit]}
    }
    for line in lines:
        assert line.lanes.count("*") == (line.commit is not None)
        assert set(line.lanes) <= set("*|/\\ ") and line.lanes == line.lanes.rstrip()


def reached(lines: list[GraphLine]) -> set[tuple[str, str]]:
    """Pairs of commits that are joined when one follows the characters down, as the eye does.

    Where two lines cross the eye may take either. Where a lane is drawn through a commit's
    `*` it ends there. A `/` or `\\` can be entered from the column that it starts in, and left
    at the one it leads to.
    """
    found = set()
    awaited: list[set[str]] = []  # by column: the commits whose lines come down in it
    for lanes, commit in lines:
        cells = {i: cell for i, cell in enumerate(lanes) if cell != " "}
        if commit is not None:
            assert all(i % 2 == 0 and cell in "*|" for i, cell in cells.items())
            awaited += [set() for _ in range(len(lanes) // 2 + 1 - len(awaited))]
            here = lanes.index("*") // 2
            found |= {(child, commit.commit_hash) for child in awaited[here]}
            assert all(awaited[i] for i in range(len(awaited)) if i != here)
            awaited[here] = {commit.commit_hash}
            continue
        below: dict[int, set[str]] = {}
        for i, cell in cells.items():
            column, odd = divmod(i, 2)
            assert (cell == "|") == (not odd)
            start, end = {"|": (column, column), "/": (column + 1, column)}.get(
                cell, (column, column + 1)
            )
            below.setdefault(end, set()).update(awaited[start])
        awaited = [below.get(i, set()) for i in range(max(below, default=-1) + 1)]
    return found


def test_graph_of_a_branch_with_criss_cross_merges(feature: str) -> None:
    base = Commit.objects.on("main")[0].commit_hash
    main, there = Branch.objects.get(name="main"), Branch.objects.get(name=feature)
    Device.objects.create(name="a")
    Site.objects.using(feature).create(name="b")
    left, right = (Commit.objects.on(ref)[0].commit_hash for ref in ("main", feature))
    there.merge(into="main", strategy="no-ff")
    Branch.objects.create(name="old", start_point=left)
    Branch.objects.get(name="old").merge(into=feature, strategy="no-ff")
    main.refresh_from_db()
    there.merge(into="main", strategy="no-ff")
    lines = graph("main", limit=8)
    commits = [line.commit for line in lines if line.commit]
    order = [commit.commit_hash for commit in commits]
    assert len(set(order)) == len(order) == 8
    assert order[0] == Commit.objects.on("main")[0].commit_hash
    for commit in commits:
        for parent in commit.parents:
            assert parent not in order or order.index(parent) > order.index(commit.commit_hash)
    assert {left, right, base} <= set(order)
    assert reached(lines) >= {(left, base), (right, base), (order[0], commits[0].parents[1])}


def test_limit_and_refs(make_branch: MakeBranch) -> None:
    Device.objects.create(name="a")
    (only,) = graph(Commit.objects.on("main")[0].commit_hash, limit=1)
    assert only.lanes == "*" and only.commit is not None
    assert only.commit.subject == "Added 1 device"
    everything = [line for line in graph("main", limit=None) if line.commit]
    assert len(everything) == Commit.objects.on("main").count()
    with pytest.raises(BranchDoesNotExist):
        graph("nope")


def test_one_commit_is_as_the_log_has_it(feature: str) -> None:
    Device.objects.create(name="here")
    Device.objects.using(feature).create(name="there")
    Branch.objects.get(name=feature).merge()
    merge, *others = log_page(resolve("main"), 50, 0)
    assert len(merge.parents) == 2
    for each in (merge, *others):
        assert entry_of(each.commit_hash) == each
    with pytest.raises(BranchDoesNotExist):
        entry_of("0" * len(merge.commit_hash))
