"""The pytest plugin: the fixtures `dolt_server` and `dolt_branch`.

With `dolt_server = true` in the ini file a server is started before the settings are read,
and its address is in DOLT_HOST and DOLT_PORT, for them. Each worker of pytest-xdist has a server of
its own: on a common one, a worker that makes its database breaks the savepoints of the others
("A database made or dropped meanwhile" in docs/dolt-notes.md). A server that these variables name
already is used as it is, by all workers.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from .binary import OURS, external_server

_started: list[Any] = []


class ServerAddress(NamedTuple):
    """Where the server of this test session listens."""

    host: str
    port: int


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("dolt_server", "start a Dolt server for the session", type="bool", default=False)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    # The first worker takes the one of the process that started it, where no tests run.
    further = os.environ.get("PYTEST_XDIST_WORKER", "gw0") != "gw0"
    if early_config.getini("dolt_server") and external_server(own=not further) is None:
        from .server import DoltServer

        server = DoltServer().start()
        _started.append(server)
        os.environ["DOLT_HOST"], os.environ["DOLT_PORT"] = server.host, str(server.port)
        os.environ[OURS] = "1"


def pytest_unconfigure() -> None:
    while _started:
        _started.pop().stop()
        os.environ.pop("DOLT_HOST", None)
        os.environ.pop("DOLT_PORT", None)
        os.environ.pop(OURS, None)


def pytest_report_header(config: pytest.Config) -> list[str]:
    address = external_server(own=True)
    if address is None or not config.getini("dolt_server"):
        return []
    return [f"dolt: {_version(*address)} at {address[0]}:{address[1]}"]


def _version(host: str, port: int) -> str:
    import MySQLdb

    connection = MySQLdb.connect(host=host, port=port, user="root")
    try:
        cursor = connection.cursor()
        cursor.execute("SELECT dolt_version()")
        return str(cursor.fetchone()[0])
    finally:
        connection.close()


@pytest.fixture(scope="session")
def dolt_server() -> Iterator[ServerAddress]:
    """The address of a running Dolt server, started for the session when none is named."""
    address = external_server(own=True)
    if address is not None:
        yield ServerAddress(*address)
        return
    from .server import DoltServer

    with DoltServer() as server:
        yield ServerAddress(server.host, server.port)


@pytest.fixture
def dolt_branch(transactional_db: Any) -> Iterator[str]:
    """A throwaway branch, active for the test and deleted after it; the value is its name."""
    from .cases import TestBranch

    branch = TestBranch()
    name = branch.enter()
    yield name
    branch.leave()
