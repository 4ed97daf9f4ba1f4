"""Rounds: one filling of the tables, and the queries that are asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, Phase, given
from hypothesis import seed as seeded
from hypothesis import settings as profile
from hypothesis import strategies as st

from .grammar import QUERY
from .rows import Rows, rows

_TRIED_ROWS = 12  # Hypothesis begins with the simplest: the last of some is richer


def rounds(seed: int, size: int, number: int = 0) -> Iterator[tuple[Rows, list[str]]]:
    """Rows and up to `size` queries, for ever from round `number` on; the same for a seed."""
    while True:
        fillings = _examples(rows(), seed * 100_003 + number, _TRIED_ROWS)
        codes = _examples(QUERY, seed * 100_003 + number, size)
        yield fillings[-1], list(dict.fromkeys(codes))
        number += 1


def _examples(strategy: st.SearchStrategy[Any], seed: int, count: int) -> list[Any]:
    found: list[Any] = []

    def note(example: Any) -> None:
        found.append(example)

    chosen = profile(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    seeded(seed)(chosen(given(strategy)(note)))()
    return found
