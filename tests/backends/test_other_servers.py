"""A server that is not Dolt is refused at connect, with what to do about it."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import MySQLdb
import pytest
from django.db import connections

from dolt_router.backends.dolt.base import DatabaseWrapper
from dolt_router.exceptions import UnsupportedServer
from tests.browser.conftest import free_port, wait_for


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a MariaDB server with a database `inventory`."""
    server = shutil.which("mariadbd", path="/usr/sbin:/usr/bin:/usr/local/bin:/sbin")
    if server is None:
        pytest.fail("No MariaDB server: apt-get install mariadb-server")
    data, port = tmp_path_factory.mktemp("mariadb"), free_port()
    user = [] if Path("/proc/self").owner() != "root" else ["--user=root"]
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db"]
        + ["--auth-root-authentication-method=normal", *user],
        check=True,
        capture_output=True,
    )
    process = subprocess.Popen(
        [server, "--no-defaults", f"--datadir={data}", f"--port={port}", *user]
        + ["--bind-address=127.0.0.1", f"--socket={data}/socket", "--skip-log-bin"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: _answers(port))
        connection = MySQLdb.connect(host="127.0.0.1", port=port, user="root")
        connection.cursor().execute("CREATE DATABASE inventory")
        connection.close()
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("name", ["inventory", "inventory/feature/x", "", "no_such_database"])
def test_plain_mysql_is_refused_at_connect(mariadb: int, db: None, name: str) -> None:
    entry: dict[str, Any] = {**connections.settings["default"], "PORT": mariadb, "NAME": name}
    wrapper = DatabaseWrapper(entry, "default")
    with pytest.raises(UnsupportedServer, match="is not Dolt .*MariaDB.*dolt sql-server") as caught:
        wrapper.ensure_connection()
    assert isinstance(caught.value.__cause__, MySQLdb.Error)
    assert wrapper.connection is None


def test_no_server_at_all_is_djangos_own_error(db: None) -> None:
    from django.db.utils import OperationalError

    entry = {**connections.settings["default"], "PORT": free_port()}
    with pytest.raises(OperationalError, match="Can't connect"):
        DatabaseWrapper(entry, "default").ensure_connection()
