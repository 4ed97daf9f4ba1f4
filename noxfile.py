"""Sessions: the test matrix, lint, types, import layers, other people's apps, benchmarks."""

from __future__ import annotations

import nox

nox.options.sessions = ["lint", "types", "imports", "tests", "embedded"]

# The oldest pair, the middle one, the newest.
PAIRS = [("3.10", "5.2"), ("3.12", "6.0"), ("3.13", "6.1")]


@nox.session
@nox.parametrize("python,django", PAIRS)
def tests(session: nox.Session, django: str) -> None:
    """The suite on one pair of Python and Django."""
    session.install("-e", ".[test]", f"django~={django}.0")
    session.run("pytest", "-n", "2", "--dist", "loadfile", *session.posargs)


@nox.session
@nox.parametrize("python,django", PAIRS)
def embedded(session: nox.Session, django: str) -> None:
    """The suite on the embedded engine, without a server or its driver."""
    session.install("-e", ".[test]", f"django~={django}.0")
    session.run("pip", "uninstall", "--yes", "mysqlclient")
    session.env["DOLT_ROUTER_TEST_ENGINE"] = "doltlite"
    session.run("pytest", "-o", "dolt_server=false", *session.posargs)


@nox.session
def loading(session: nox.Session) -> None:
    """However a process starts, on every Python that is there; prints docs/embedded.md's table."""
    session.run("python", "-m", "tests.loading", *session.posargs)


@nox.session(name="django-suite")
@nox.parametrize("python,django", [PAIRS[0], PAIRS[-1]])
def django_suite(session: nox.Session, django: str) -> None:
    """Django's own tests on both engines; on the server also on another branch than the default."""
    session.install("-e", ".[test]", f"django~={django}.0")
    run = ("python", "-m", "django_test_suite.run")
    session.run(*run, "--install", *session.posargs)
    session.run(*run, "--branch", "feature/x", *session.posargs)
    session.run(*run, "--engine", "embedded", *session.posargs)


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


@nox.session(name="third-party", python="3.13")
@nox.parametrize("group", ["one", "two"])
def third_party(session: nox.Session, group: str) -> None:
    """The migrations of other people's apps; refreshes docs/third-party-apps.md."""
    session.install("-r", f"third_party/requirements/{group}.txt", "-e", ".[testing]")
    session.run("python", "-m", "third_party.run", "--group", group, "--page", *session.posargs)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Ratios against Django's own backend."""
    session.install("-e", ".[test]")
    session.run("python", "benchmarks/requests.py", *session.posargs)
    session.run("python", "benchmarks/queries.py")
    session.run("python", "benchmarks/branches.py")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Random queries against MariaDB, PostgreSQL and SQLite: docs/fuzzer.md."""
    session.install("-e", ".[test,fuzz]")
    session.run("python", "-m", "fuzzer.run", *(session.posargs or ["--queries", "2000"]))
