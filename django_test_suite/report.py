"""Figures of a run: printed, kept in `results/`, laid out as a table under `docs/`.

The ratchet: `results/<django>-<engine>[-branch].json` names the tests that were known to fail
without being listed in `features.py` when the figures were last kept. A run that shows another
one fails; keeping figures (`--write`) refuses to name more than before.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import django

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "django-suite.md"
OUTCOMES = ("passed", "skipped", "expected", "failed", "surprise")


@dataclass
class Run:
    """One run: `recorded` is `{test id: [outcome, reason]}`; `seconds` of wall time."""

    engine: str
    branch: str
    recorded: dict[str, list[str]]
    seconds: float

    @property
    def key(self) -> str:
        """The name under which its figures are kept."""
        version = ".".join(map(str, django.VERSION[:2]))
        return f"{version}-{self.engine}" + ("-branch" if self.branch else "")

    def tests(self, *outcomes: str) -> list[str]:
        """Ids of the tests with one of these outcomes, sorted."""
        return sorted(test for test, (outcome, _) in self.recorded.items() if outcome in outcomes)


def module_of(test: str) -> str:
    """The module of Django's suite that a test id belongs to.

    A class or module whose set-up failed has an id such as `setUpClass (queries.tests.X)`, a
    subtest that skipped one such as `mail.tests.Tests.test_send (emails=[...])`.
    """
    named, _, inside = test.partition(" (")
    return (named if "." in named else inside).partition(".")[0]


def table(recorded: dict[str, list[str]]) -> dict[str, dict[str, int]]:
    """`{module: {outcome: number}}`, modules in alphabetical order."""
    modules: dict[str, Counter[str]] = {}
    for test, (outcome, _) in recorded.items():
        modules.setdefault(module_of(test), Counter())[outcome] += 1
    return {
        name: {outcome: modules[name][outcome] for outcome in OUTCOMES if modules[name][outcome]}
        for name in sorted(modules)
    }


def summary(run: Run) -> str:
    """What a person wants to read at the end of a run."""
    counts = Counter(outcome for outcome, _ in run.recorded.values())
    figures = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES if counts[outcome])
    lines = [f"\n{run.key}: {len(run.recorded)} tests in {run.seconds:.0f} s: {figures}"]
    for test in run.tests("failed", "surprise"):
        lines.append(f"  {run.recorded[test][0]}: {test}: {_first_line(run.recorded[test][1])}")
    return "\n".join(lines)


def _first_line(text: str) -> str:
    return text.strip().split("\n")[0][:160]


def known(key: str) -> set[str]:
    """Tests that failed already when the figures of `key` were kept."""
    path = HERE / "results" / f"{key}.json"
    return set(json.loads(path.read_text())["unexpected"]) if path.exists() else set()


def verdict(run: Run) -> int:
    """0, or 1 when a test failed, or passed against expectation, that isn't known to."""
    new = set(run.tests("failed", "surprise")) - known(run.key)
    if new:
        print(f"{len(new)} of them are new.")
    return 1 if new else 0


def write(run: Run, whole: bool) -> None:
    """Keep the figures of a whole run, and lay out the page anew.

    Raises:
        SystemExit: more tests fail than when figures were last kept, or the run isn't whole.
    """
    if not whole:
        raise SystemExit("error: only the figures of a whole run are kept: give no labels")
    path = HERE / "results" / f"{run.key}.json"
    unexpected = run.tests("failed", "surprise")
    if path.exists() and len(unexpected) > len(known(run.key)):
        raise SystemExit(
            f"error: {len(unexpected)} unexpected failures, {len(known(run.key))} when figures "
            "were last kept: that number may only fall"
        )
    path.parent.mkdir(exist_ok=True)
    figures = {
        "django": django.get_version(),
        "tests": len(run.recorded),
        "seconds": round(run.seconds),
        "unexpected": unexpected,
        "expected": run.tests("expected"),
        "skipped": skips(run),
        "modules": table(run.recorded),
    }
    path.write_text(json.dumps(figures, indent=1) + "\n")
    write_page()


def skips(run: Run) -> dict[str, list[str]]:
    """The skipped tests by the reason that Django gave, most frequent first."""
    found: dict[str, list[str]] = {}
    for test in run.tests("skipped"):
        found.setdefault(run.recorded[test][1], []).append(test)
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def write_page() -> None:
    """Lay the kept figures out in docs/django-suite.md, between its two markers."""
    kept = {path.stem: json.loads(path.read_text()) for path in (HERE / "results").glob("*.json")}
    begin, end = "<!-- figures -->", "<!-- end of figures -->"
    text = PAGE.read_text()
    head, tail = text.partition(begin)[0], text.partition(end)[2]
    PAGE.write_text("\n".join([head + begin, *_totals(kept), "", *_modules(kept), end]) + tail)


def _totals(kept: dict[str, dict]) -> Iterable[str]:  # type: ignore[type-arg]
    yield "| run | Django | tests | passed | skipped | expected failures | unexpected | seconds |"
    yield "|---|---|---|---|---|---|---|---|"
    for key in sorted(kept):
        figures = kept[key]
        unexpected = len(figures["unexpected"])
        skipped = sum(map(len, figures["skipped"].values()))
        expected = len(figures["expected"])
        passed = figures["tests"] - unexpected - skipped - expected
        numbers = (figures["tests"], passed, skipped, expected, unexpected, figures["seconds"])
        yield f"| {key} | {figures['django']} | " + " | ".join(map(str, numbers)) + " |"


def _modules(kept: dict[str, dict]) -> Iterable[str]:  # type: ignore[type-arg]
    keys = sorted(kept)
    yield "Passed / skipped / expected / unexpected, by module:"
    yield ""
    yield "| module | " + " | ".join(keys) + " |"
    yield "|---|" + "---|" * len(keys)
    for module in sorted({name for key in keys for name in kept[key]["modules"]}):
        cells = []
        for key in keys:
            counts = kept[key]["modules"].get(module)
            cells.append("" if counts is None else _cell(counts))
        yield f"| {module} | " + " | ".join(cells) + " |"


def _cell(counts: dict[str, int]) -> str:
    unexpected = counts.get("failed", 0) + counts.get("surprise", 0)
    numbers = [counts.get("passed", 0), counts.get("skipped", 0), counts.get("expected", 0)]
    return " / ".join(map(str, [*numbers, unexpected]))
