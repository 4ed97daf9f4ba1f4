"""Sessions: the test matrix, lint, types, import layers, benchmarks."""

from __future__ import annotations

import nox

nox.options.sessions = ["lint", "types", "imports", "tests"]

# The oldest pair, the middle one, the newest.
PAIRS = [("3.10", "5.2"), ("3.12", "6.0"), ("3.13", "6.1")]


@nox.session
@nox.parametrize("python,django", PAIRS)
def tests(session: nox.Session, django: str) -> None:
    """The suite on one pair of Python and Django."""
    session.install("-e", ".[test]", f"django~={django}.0")
    session.run("pytest", "-n", "2", "--dist", "loadfile", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """ruff, as a linter and as a formatter."""
    session.install("ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """mypy with django-stubs."""
    session.install("-e", ".[dev]")
    session.run("mypy", "dolt_router")


@nox.session
def imports(session: nox.Session) -> None:
    """The layers of setup.cfg."""
    session.install("-e", ".[dev]")
    session.run("lint-imports")


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Ratios against Django's own backend."""
    session.install("-e", ".[test]")
    session.run("python", "benchmarks/requests.py", *session.posargs)
    session.run("python", "benchmarks/branches.py")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Random queries against MariaDB, PostgreSQL and SQLite: docs/fuzzer.md."""
    session.install("-e", ".[test,fuzz]")
    session.run("python", "-m", "fuzzer.run", *(session.posargs or ["--queries", "2000"]))
