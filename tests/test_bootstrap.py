"""What `bootstrap.py` finds missing: the first command of the README needs a bare machine only."""

from __future__ import annotations

from pathlib import Path

import pytest

import bootstrap


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No compiler, no headers, no browser and no Go on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)


def extra_of(function: str) -> str:
    """The extra that a function of bootstrap.py sets up on the embedded engine."""
    source = Path(bootstrap.__file__).read_text()
    body = source.partition(f"def {function}(")[2].partition("\ndef ")[0]
    return body.partition('set_up("')[2].partition('"')[0]


def test_demo_on_the_embedded_engine_needs_no_package_of_the_system() -> None:
    assert extra_of("demo").startswith("embedded")
    assert bootstrap.missing_packages(extra_of("demo")) == []


def test_demo_on_a_server_needs_what_builds_its_driver() -> None:
    missing = bootstrap.missing_packages("server,testing,review")
    assert {"default-libmysqlclient-dev", "pkg-config", "g++"} <= set(missing)
    assert "chromium" not in missing


def test_tests_need_a_browser_too() -> None:
    assert "chromium" in bootstrap.missing_packages("test")
