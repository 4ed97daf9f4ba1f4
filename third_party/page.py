"""The table of docs/third-party-apps.md, from what the phases found."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

from .catalogue import APPS, App
from .described import differences

PAGE = Path(__file__).resolve().parents[1] / "docs" / "third-party-apps.md"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"


class Row(NamedTuple):
    """A line of the table; its fields are the columns."""

    app: str
    version: str
    django: str
    migrations: str
    forwards: str
    backwards: str
    branch: str
    merged: str
    rows: str
    twice: str
    remark: str


HEADS = Row(
    "app",
    "version",
    "Django",
    "migrations",
    "forwards",
    "backwards",
    "on a branch",
    "merged",
    "rows merged",
    "migrated twice, merged",
    "remark",
)


def _of(results: dict[str, Any], phase: str, kind: str = "failures") -> list[str]:
    return list(results.get(phase, {}).get(kind, []))


def failures(results: dict[str, Any]) -> list[str]:
    """What failed on Dolt and did not on MariaDB, a sentence each."""
    told = []
    for phase in ("forwards", "backwards", "contrib", "branch", "rows", "twice"):
        told += [f"{phase}: {text}" for text in _own(results, phase)]
        told += [f"merge: {text}" for text in _own(results, phase, "merge_failures")]
    return told + [f"MariaDB differs: {text}" for text in _unlike(results)]


def _own(results: dict[str, Any], phase: str, kind: str = "failures") -> list[str]:
    """Failures of a phase that are not the app's: MariaDB has none of the kind."""
    theirs = [*_of(results, "mariadb forwards"), *_of(results, f"mariadb {phase}")]
    known = {_key(text) for text in theirs}
    return [text for text in _of(results, phase, kind) if _key(text) not in known]


def _key(text: str) -> str:
    """The sentence without what the servers word differently: of an error its number."""
    text = text.removeprefix("on the branch: ")
    error = re.match(r"\w+: \(\d+", text)
    return error[0] if error else text


def _unlike(results: dict[str, Any]) -> list[str]:
    ours = results.get("forwards", {}).get("tables")
    theirs = results.get("mariadb forwards", {}).get("tables")
    if not ours or not theirs:
        return []
    return differences(ours, theirs, set(results["forwards"]["shared"]))


def row_of(app: App, release: str, django: str, results: dict[str, Any]) -> Row:
    """The app's line."""
    back, told = results.get("backwards", {}), []
    backwards = _answer(results, "backwards")
    if back.get("irreversible"):
        backwards = f"{back['unapplied']}, then irreversible"
    if drift := results.get("forwards", {}).get("drift"):
        told.append(drift)
    if app.remark:
        told.append(app.remark)
    rows = results.get("rows", {})
    merged = results.get("branch", {}).get("merged")
    return Row(
        app.key,
        release,
        django,
        str(results.get("forwards", {}).get("migrations", "")),
        _answer(results, "forwards"),
        backwards,
        _answer(results, "branch"),
        ("no" if _own(results, "branch", "merge_failures") else "yes") if merged else "no",
        f"{rows['filled']} of {rows['filled'] + len(rows['unfilled'])} tables"
        if not rows.get("failures", [""])
        else "no",
        "conflict" if results.get("twice", {}).get("conflict") else _answer(results, "twice"),
        "; ".join(told),
    )


def _answer(results: dict[str, Any], phase: str) -> str:
    if phase in results and not _own(results, phase):
        return "no, nor on MariaDB" if "error" in results[phase] else "yes"
    return "no"


def refresh(rows: list[Row]) -> None:
    """Put these rows into the page's table, in the catalogue's order; others stay."""
    text = PAGE.read_text()
    head, _, rest = text.partition(BEGIN)
    body, _, tail = rest.partition(END)
    lines = {}
    for line in body.splitlines()[2:]:
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        lines[cells[0]] = Row(*cells)
    lines.update({row.app: row for row in rows})
    order = [app.key for app in APPS]
    kept = sorted(
        (row for row in lines.values() if row.app in order), key=lambda r: order.index(r.app)
    )
    table = [_line(HEADS), _line(Row(*["---"] * len(HEADS)))] + [_line(row) for row in kept]
    temporary = PAGE.with_suffix(".new")
    temporary.write_text(head + BEGIN + "\n".join(table) + "\n" + END + tail)
    os.replace(temporary, PAGE)


def _line(row: Row) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
