"""The commit graph in characters, as `git log --graph` draws it.

https://docs.dolthub.com/sql-reference/version-control/dolt-sql-functions#dolt_log
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from .branches import resolve
from .points import LogEntry, log_entries
from .session import database_connection


class GraphLine(NamedTuple):
    """One line: the lanes, and the commit at its `*`; None on lines that only join lanes."""

    lanes: str
    commit: LogEntry | None


class Lanes(NamedTuple):
    """The lanes beside one commit: what a page draws.

    `at` is the commit's own lane. `edges` lead from a lane above the commit to one below it;
    those that begin at the commit are in `parents`. `awaited` says whether a line comes down to it.
    """

    commit: LogEntry
    at: int
    awaited: bool
    edges: list[tuple[int, int]]
    parents: list[tuple[int, int]]
    width: int


def lanes_of(entries: Iterable[LogEntry]) -> Iterator[Lanes]:
    """The lanes of a log that has children before their parents, commit by commit."""
    lanes: list[str] = []
    for entry in entries:
        awaited = entry.commit_hash in lanes
        if not awaited:
            lanes.append(entry.commit_hash)
        here = lanes.index(entry.commit_hash)
        parents = list(dict.fromkeys(entry.parents))
        new = [parent for parent in parents if parent not in lanes]
        after = [*lanes[:here], *new, *lanes[here + 1 :]]
        edges = [(i, after.index(lane)) for i, lane in enumerate(lanes) if i != here]
        down = [(here, after.index(parent)) for parent in parents]
        width = max(len(lanes), len(after))
        yield Lanes(entry, here, awaited, edges, down, width)
        lanes = after


def graph(ref: str, limit: int | None = 20, using: str | None = None) -> list[GraphLine]:
    """The graph of a branch, tag or commit, newest first.

    Args:
        limit: at most so many commits; all when None.

    Raises:
        BranchDoesNotExist: there is no such ref.
    """
    head = resolve(ref, using)
    with database_connection(using) as connection, connection.cursor() as cursor:
        return list(graph_lines(list(islice(log_entries(cursor, head), limit))))


def graph_lines(entries: Iterable[LogEntry]) -> Iterator[GraphLine]:
    """The lines of a log that has children before their parents.

    A lane is a column that leads down to one commit; each commit awaited has one lane. Between
    two commits lanes move by one column a line, so that they can be followed by eye.
    """
    lanes: list[str] = []
    for entry in entries:
        if entry.commit_hash not in lanes:
            lanes.append(entry.commit_hash)
        here = lanes.index(entry.commit_hash)
        yield GraphLine(" ".join("*" if i == here else "|" for i in range(len(lanes))), entry)
        for line in _after(lanes, here, list(dict.fromkeys(entry.parents))):
            yield GraphLine(line, None)


def _after(lanes: list[str], here: int, parents: list[str]) -> Iterator[str]:
    """Replace the lane of a commit by those of its parents, and draw how."""
    count = len(lanes)
    new = [parent for parent in parents if parent not in lanes]
    left = [i for i in map(_index(lanes), parents) if -1 < i < here]
    right = sorted(i for i in map(_index(lanes), parents) if i > here)
    if new:
        lanes[here] = new[0]
        yield from _moved([(here, i) for i in left + right], range(count))
        for at in range(here + 1, here + len(new)):
            # Both sides of a merge are new: the lanes to the right make room.
            lanes.insert(at, new[at - here])
            yield from _moved([(i, i + 1) for i in range(at - 1, len(lanes) - 1)], range(at))
    elif right and not left:
        # The lane of the parent comes over to this one, which is the longer one.
        yield from _moved([(here, i) for i in right[1:]], range(count))
        lanes[here] = lanes.pop(right[0])
        closing = [(i, i - 1) for i in range(right[0] + 1, count)]
        yield from _moved([(right[0], here), *closing], range(right[0]))
    else:
        yield from _moved([(here, i) for i in right], range(count))
        del lanes[here]
        closing = [(i, i - 1) for i in range(here + 1, count)]
        yield from _moved([(here, i) for i in left] + closing, range(here))


def _index(lanes: list[str]) -> Callable[[str], int]:
    return lambda name: lanes.index(name) if name in lanes else -1


def _moved(edges: list[tuple[int, int]], standing: Iterable[int]) -> Iterator[str]:
    """The lines in which `edges` go from column to column, one column a line."""
    standing = list(standing)
    while any(start != end for start, end in edges):
        cells: dict[int, str] = {2 * column: "|" for column in standing}
        moved = []
        for start, end in edges:
            step = (end > start) - (end < start)
            cells[2 * start + step] = {1: "\\", -1: "/"}.get(step, "|")
            moved.append((start + step, end))
        edges = moved
        yield "".join(cells.get(i, " ") for i in range(max(cells) + 1))
