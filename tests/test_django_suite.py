"""Django's own tests about databases pass on this backend, but for those known not to."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from django_test_suite import report, sources
from django_test_suite.run import FAST, MODULES_AT_ONCE, modules
from django_test_suite.skips import is_skipped, mysql_features
from dolt_router.backends.dolt.expected import EXPECTED
from dolt_router.backends.doltlite.expected import EXPECTED as EXPECTED_EMBEDDED

ROOT = Path(__file__).resolve().parents[1]
# Parts of about the same length, so that two workers share them.
PARTS = [FAST[start : start + 16] for start in range(0, len(FAST), 16)]


@pytest.mark.parametrize("labels", PARTS, ids=[part[0] for part in PARTS])
def test_djangos_tests_about_databases_pass(labels: list[str]) -> None:
    command = [sys.executable, "-m", "django_test_suite.run", "--parallel", "1", *labels]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


def test_fast_modules_are_modules_of_the_suite() -> None:
    assert MODULES_AT_ONCE > 0
    assert set(FAST) <= set(modules(sources.tests_folder()))


def test_sources_are_unpacked_by_a_python_without_filters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tarfile.TarFile.extractall

    def older(self: tarfile.TarFile, path: Any = ".", members: Any = None) -> None:
        whole(self, path, members)

    monkeypatch.delattr(tarfile, "data_filter", raising=False)
    monkeypatch.setattr(tarfile.TarFile, "extractall", older)
    (tmp_path / "file").write_text("text")
    with tarfile.open(tmp_path / "archive.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "file", "inside/file")
    sources.unpack(tmp_path / "archive.tar.gz", tmp_path)
    assert (tmp_path / "inside" / "file").read_text() == "text"


@pytest.mark.parametrize("expected", [EXPECTED, EXPECTED_EMBEDDED], ids=["server", "embedded"])
def test_each_expected_failure_stands_under_one_cause(expected: dict[str, set[str]]) -> None:
    every = [test for tests in expected.values() for test in tests]
    assert len(every) == len(set(every))


def test_what_mysql_would_skip_is_told_by_its_feature_flags() -> None:
    mysql = mysql_features()
    lacks = "Database doesn't support feature(s): "
    assert not is_skipped(lacks + "supports_expression_indexes", mysql)
    assert not is_skipped(lacks + "supports_expression_indexes, supports_json_field", mysql)
    assert is_skipped(lacks + "supports_expression_indexes, can_distinct_on_fields", mysql)
    any_of = "Database doesn't support any of the feature(s): "
    assert not is_skipped(any_of + "supports_expression_indexes, can_distinct_on_fields", mysql)
    assert not is_skipped("Database has feature(s) implied_column_null", mysql)
    assert is_skipped("Database has feature(s) supports_json_field", mysql)
    assert is_skipped("PostgreSQL specific tests.", mysql)


@pytest.mark.parametrize(
    "test",
    ["mail.tests.T.test_a (to='<a b.c>')", "setUpClass (mail.tests.T)", "mail.run"],
)
def test_module_of_a_test_is_the_first_part_of_its_path(test: str) -> None:
    assert report.module_of(test) == "mail"


def run_of(**recorded: list[str]) -> report.Run:
    tests = {f"queries.tests.T.{name}": outcome for name, outcome in recorded.items()}
    return report.Run("server", "", tests, seconds=1.0)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- figures -->\nold\n<!-- end of figures -->\nafter\n")
    monkeypatch.setattr(report, "HERE", tmp_path)
    monkeypatch.setattr(report, "PAGE", page)
    return tmp_path


def test_new_failure_fails_the_run_and_a_known_one_does_not(results: Path, capsys: Any) -> None:
    run = run_of(test_a=["passed", ""], test_b=["failed", "it broke"])
    assert report.verdict(run) == 1
    report.write(run, whole=True)
    assert report.verdict(run) == 0
    assert report.verdict(run_of(test_a=["failed", "this too"])) == 1


def test_number_of_failures_can_only_fall(results: Path) -> None:
    report.write(run_of(test_a=["failed", "x"], test_b=["passed", ""]), whole=True)
    with pytest.raises(SystemExit, match="may only fall"):
        report.write(run_of(test_a=["failed", "x"], test_b=["failed", "x"]), whole=True)
    report.write(run_of(test_a=["passed", ""], test_b=["skipped", "why"]), whole=True)
    (kept,) = (results / "results").glob("*.json")
    assert json.loads(kept.read_text())["unexpected"] == []
    assert "| queries | 1 / 1 / 0 / 0 |" in (results / "page.md").read_text()
    assert (results / "page.md").read_text().startswith("before\n")


def test_figures_of_a_part_are_not_kept(results: Path) -> None:
    with pytest.raises(SystemExit, match="whole run"):
        report.write(run_of(test_a=["passed", ""]), whole=False)
