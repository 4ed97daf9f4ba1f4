"""A campaign: many rounds, with what came of them counted, shrunk and shown."""

from __future__ import annotations

import re
import time
from collections import Counter
from typing import Any

from .answers import sql
from .databases import DOLT, SIDE
from .judging import Verdict, has_total_order, judge
from .rounds import rounds
from .shrinking import shrink

WIDTH = 900  # letters of an answer or a statement that are shown
# What a query needs to stay comparable while it shrinks.
_KEPT = ("'pk'", ".values_list(", ".values(", ".order_by(", ".distinct(")


class Campaign:
    """Asks `queries` queries, `size` of each filling of the tables, and reports differences."""

    def __init__(
        self, seed: int, queries: int, references: list[str], size: int = 200, most: int = 40
    ) -> None:
        self.seed, self.queries, self.references = seed, queries, references
        self.size, self.most = size, most
        self.outcomes: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.seen: set[str] = set()
        self.number = 0

    def run(self) -> int:
        """Ask them all; returns the number of queries with an unexplained difference."""
        began, asked = time.monotonic(), 0
        for filled, codes in rounds(self.seed, self.size):
            for alias in (DOLT, SIDE, *self.references):
                filled.load(alias)
            for code in codes[: self.queries - asked]:
                self.ask(code)
            asked = sum(self.outcomes.values())
            spent = time.monotonic() - began
            print(f"{asked} queries in {spent:.0f} s: {dict(self.outcomes)}", flush=True)
            if asked >= self.queries or len(self.seen) >= self.most:
                break
            self.number += 1
        for reason, count in self.reasons.most_common():
            print(f"{count:6} {reason}")
        return self.outcomes["wrong"]

    def ask(self, code: str) -> None:
        verdict = judge(code, self.references)
        self.outcomes[verdict.outcome] += 1
        self.reasons[f"{verdict.outcome}: {verdict.reason}"] += 1
        if verdict.outcome == "wrong":
            self.report(code, verdict)

    def report(self, code: str, verdict: Verdict) -> None:
        """Shrink the query, and show it unless one of its shape was shown already."""
        sort = _sort(verdict)

        def still(candidate: str) -> bool:
            if not _is_comparable(code, candidate):
                return False
            found = judge(candidate, self.references)
            return found.outcome == "wrong" and _sort(found) == sort

        small = shrink(code, still)
        shape = re.sub(r"'(?:[^'\\]|\\.)*'|\"[^\"]*\"|-?\d+(\.\d+)?", "?", small) + sort
        if shape in self.seen:
            return
        self.seen.add(shape)
        verdict = judge(small, self.references)
        print(f"\n--- difference {len(self.seen)}: {verdict.reason}\n{small}")
        print(f"  again with --seed {self.seed} --number {self.number} --code '...'")
        for name, text in _differing(verdict).items():
            print(f"  {name:9} {text[:WIDTH]}")
        for name in verdict.answers:
            if name != SIDE:
                print(f"  SQL {name}: {sql(small, name)[:WIDTH]}", flush=True)


def _is_comparable(code: str, candidate: str) -> bool:
    """Whether `candidate` has one answer if `code` has."""
    try:
        if has_total_order(code) and not has_total_order(candidate):
            return False
    except SyntaxError:
        return False
    if any(part in code and part not in candidate for part in _KEPT):
        return False
    # A subquery of one row keeps its order, as long as it is there.
    lost_rows = code.count("[:1]") - candidate.count("[:1]")
    return candidate.count("order_by('") >= code.count("order_by('") - lost_rows


def _differing(verdict: Verdict) -> dict[str, str]:
    """The answers as text; of lists only the rows in which they differ."""
    answers = verdict.answers
    lists = [answer.value for answer in answers.values() if isinstance(answer.value, list)]
    if len(lists) < len(answers) or len({len(value) for value in lists}) != 1:
        return {name: str(answer) for name, answer in answers.items()}
    odd = [i for i, each in enumerate(zip(*lists, strict=True)) if any(r != each[0] for r in each)]
    return {n: ", ".join(repr(a.value[i]) for i in odd) for n, a in answers.items()}


def _sort(verdict: Any) -> str:
    """What sort of difference: the error, or that the values differ."""
    failure = verdict.answers[DOLT].failure
    return f"{verdict.reason} {re.sub('[0-9]+|[`].*[`]', '', failure)[:60]}"
