"""Who is right: which reference judges which kind of query, and what is excused.

The one place where it is defined. An answer is right when it is that of the judge: the first
of the references, in the order that the query's kinds allow, which has an answer.
"""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

from django.core.exceptions import EmptyResultSet, FieldError, FullResultSet

from .answers import Answer, ask, rounded, same
from .databases import DOLT, SIDE
from .rules import DIGITS, EXCUSES, JUDGES, REFUSALS

# Errors of Django's own, before anything is sent: the query is no query.
_INVALID = (
    FieldError,
    TypeError,
    ValueError,
    AttributeError,
    FullResultSet,
    EmptyResultSet,
    KeyError,
)


class Verdict(NamedTuple):
    """`outcome` is one of right, wrong, refused, excused, invalid, unjudged."""

    outcome: str
    reason: str
    answers: dict[str, Answer]


def judges(code: str, references: list[str]) -> list[str]:
    """The references that may judge `code`, the first of them first."""
    allowed = list(references)
    for pattern, trusted, _reason in JUDGES:
        if re.search(pattern, code):
            allowed = [name for name in trusted if name in allowed]
    return allowed


def has_total_order(code: str) -> bool:
    """Whether the rows come in one order only: sorted by key, or by all that there is."""
    node = ast.parse(code, mode="eval").body
    calls: list[tuple[str, list[ast.expr]]] = []
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            calls.append((node.func.attr, node.args))
            node = node.func.value
        elif isinstance(node, ast.Subscript):
            node = node.value
        else:
            return False  # a call of bulk_update
    names = [name for name, _ in calls]
    if "dates" in names or "datetimes" in names:
        return True
    order = next((arguments for name, arguments in calls if name == "order_by"), [])
    given = [str(getattr(one, "value", None)).lstrip("-") for one in order]
    if given == ["x", "y"] or given == ["x"]:  # all that is selected
        return bool({"distinct", "union", "intersection", "difference"} & set(names))
    return bool(given) and given[-1] == "pk"


def judge(code: str, references: list[str]) -> Verdict:
    """Ask every database that has to do with `code`, and compare."""
    answers = {DOLT: ask(code, DOLT)}
    mine = answers[DOLT]
    if isinstance(mine.error, _INVALID) and all(
        isinstance(ask(code, name).error, _INVALID) for name in references
    ):
        return Verdict("invalid", type(mine.error).__name__, answers)
    in_order = has_total_order(code)
    answers[SIDE] = ask(code, SIDE)
    digits = next((count for pattern, count, _ in DIGITS if re.search(pattern, code)), None)
    if not same_answer(mine, answers[SIDE], in_order):
        return Verdict("wrong", "main and branch differ", answers)
    for pattern, failure, reason in REFUSALS:
        if mine.error and re.search(failure, mine.failure) and re.search(pattern, code):
            return Verdict("refused", reason, answers)
    if mine.error and "mariadb" in references:
        answers["mariadb"] = ask(code, "mariadb")
        if answers["mariadb"].error:
            return Verdict("right", "an error, as in MariaDB", answers)
    allowed = judges(code, references)
    if not allowed:
        return Verdict("unjudged", "no reference is trusted with it", answers)
    for name in allowed:
        answers[name] = answers.get(name) or ask(code, name)
        if answers[name].error is None:
            break
    else:
        if mine.error:
            return Verdict("right", "an error everywhere", answers)
        if "mariadb" in answers and _too_large(answers["mariadb"]):
            return _excused(
                code, Verdict("wrong", "MariaDB says out of range", answers), references
            )
        return Verdict("unjudged", "an error on every reference that is trusted", answers)
    if digits is not None:
        mine, its = (
            one._replace(value=rounded(one.value, digits)) for one in (mine, answers[name])
        )
        if same_answer(mine, its, in_order):
            return Verdict("right", f"{name}, to {digits} digits", answers)
    if same_answer(mine, answers[name], in_order) or (
        "tags__" in code and same_answer(mine, answers[name], False) and in_order
    ):
        return Verdict("right", name, answers)
    return _excused(code, Verdict("wrong", f"differs from {name}", answers), references)


def same_answer(mine: Answer, its: Answer, in_order: bool) -> bool:
    if mine.error or its.error:
        return bool(mine.error and its.error)
    return same(mine.value, its.value, in_order)


def _too_large(answer: Answer) -> bool:
    return "BIGINT value is out of range" in answer.failure


def _excused(code: str, verdict: Verdict, references: list[str]) -> Verdict:
    """`verdict`, or that it is a known difference: which MariaDB's answer tells."""
    if "mariadb" not in references:
        return verdict
    told = str(verdict.answers.get("mariadb") or ask(code, "mariadb"))
    for pattern, answer, reason in EXCUSES:
        if re.search(pattern, code) and re.search(answer, told):
            return verdict._replace(outcome="excused", reason=reason)
    return verdict
