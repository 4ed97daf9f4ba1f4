"""The fuzzer's first queries, and that it sees a fault when there is one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import HealthCheck, assume, given, settings

from dolt_router import access
from fuzzer import judging
from fuzzer.databases import DOLT, SIDE, opened
from fuzzer.grammar import QUERY
from fuzzer.rounds import rounds
from fuzzer.shrinking import shrink


@pytest.fixture(scope="module")
def references(django_db_blocker: Any, dolt_server: Any) -> Iterator[list[str]]:
    """What SQLite may judge; the other references are for `python -m fuzzer.run`."""
    # Rules of branches are in the tests' own database, which isn't needed here.
    with django_db_blocker.unblock(), override_settings(TIME_ZONE="UTC"), access.system():
        with opened(dolt_server.host, dolt_server.port, ["sqlite"]) as names:
            filled, _ = next(rounds(seed=1, size=1))
            for alias in (DOLT, SIDE, *names):
                filled.load(alias)
            yield names


def test_queries_have_the_same_answer_on_main_on_a_branch_and_elsewhere(
    references: list[str],
) -> None:
    judged: list[str] = []

    @settings(
        max_examples=150,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(QUERY)
    def ask(code: str) -> None:
        verdict = judging.judge(code, references)
        assume(verdict.outcome != "invalid")
        assert verdict.outcome != "wrong", f"{code}\n{verdict.reason}: {verdict.answers}"
        judged.append(verdict.outcome)

    ask()
    assert judged.count("right") > 50


def test_difference_is_seen_and_shrunk(
    references: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dolt_router.backends.dolt import compiler, rewriting

    monkeypatch.setattr(rewriting, "_of_class", {})
    for module in (rewriting, compiler):
        monkeypatch.setattr(module, "found", {})
    code = "items.filter(pk__gt=0).annotate(x=Value('A')).filter(x='a').values_list('pk', 'x')"

    def is_wrong(candidate: str) -> bool:
        return judging.judge(candidate, references).outcome == "wrong"

    assert is_wrong(code)
    smaller = shrink(code, lambda one: "values_list" in one and is_wrong(one))
    assert smaller == "items.annotate(x=Value('A')).filter(x='a').values_list('pk', 'x')"


@pytest.mark.parametrize("code", ["items.filter(Q(Equal(F('pk'), 1)))", "items.filter(pk=)"])
def test_text_that_is_no_query_ends_the_run(references: list[str], code: str) -> None:
    """It is an error on every database: it would count as one that all agree on."""
    with pytest.raises((NameError, SyntaxError)):
        judging.judge(code, references)
