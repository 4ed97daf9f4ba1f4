"""Fixtures about remotes: one on disk, a clone as a second site, and a server with a remotesapi."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import MySQLdb
import pytest
from django.db import connections

from dolt_router import aliases
from dolt_router.testing.binary import find_binary
from dolt_router.testing.server import DoltServer, _die_with_parent, _free_port
from dolt_router.versioning import remotes

SECRET = "s3cr3t-t0ken"


def server_cursor() -> Any:
    """A cursor on no database of the session's server."""
    return aliases.handler()["default"]._nodb_cursor()


@pytest.fixture
def no_remotes(dolt: None) -> Iterator[None]:
    """`default` with its commits; remotes, fetched branches and tags are gone afterwards."""
    yield
    connections.close_all()
    for remote in remotes.list_remotes():
        remotes.remove(remote.name)
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT tag_name FROM dolt_tags")
        for (name,) in cursor.fetchall():
            cursor.execute("CALL dolt_tag('-d', %s)", [name])


@pytest.fixture
def origin(no_remotes: None, tmp_path: Path) -> str:
    """The URL of an empty remote on disk, which `default` calls `origin`."""
    url = f"file://{tmp_path}/origin"
    remotes.add("origin", url)
    return url


MakeSite = Callable[[str, str], None]


@pytest.fixture
def make_site(no_remotes: None) -> Iterator[MakeSite]:
    """Makes an alias of a database that is dropped afterwards, if it is there."""
    handler = aliases.handler()
    made: dict[str, str] = {}

    def make(alias: str, database: str) -> None:
        made[alias] = database
        entry = {**handler.settings["default"], "NAME": database}
        handler.settings[alias] = entry
        handler._parsed_for = None

    yield make
    handler.close_all()
    for alias in made:
        handler.settings.pop(alias, None)
    handler._parsed_for = None
    del handler._connections.thread_state
    with server_cursor() as cursor:
        for database in made.values():
            cursor.execute(f"DROP DATABASE IF EXISTS `{database}`")


@pytest.fixture
def twin(origin: str, make_site: MakeSite) -> str:
    """The alias of a second site: a clone of what `default` pushed to `origin`."""
    remotes.push("main")
    name = f"twin_{uuid.uuid4().hex[:8]}"
    make_site("twin", name)
    remotes.clone(origin, name)
    return "twin"


class Api(NamedTuple):
    """A Dolt server with a remotesapi."""

    port: int
    api_port: int

    def url(self, database: str, credentials: str = "") -> str:
        return f"http://{credentials}127.0.0.1:{self.api_port}/{database}"

    def run(
        self, *statements: str, database: str = "", user: str = "root"
    ) -> list[tuple[Any, ...]]:
        """Send the statements; the rows of the last one."""
        connection = MySQLdb.connect(
            host="127.0.0.1", port=self.port, user=user, database=database, autocommit=True
        )
        try:
            rows: list[tuple[Any, ...]] = []
            for statement in statements:
                with connection.cursor() as cursor:
                    cursor.execute(statement)
                    rows = list(cursor.fetchall())
            return rows
        finally:
            connection.close()


class ApiServer(DoltServer):
    """`DoltServer` with a remotesapi, of which it has no option."""

    api_port = 0

    def _launch(self, binary: Path) -> None:
        self.api_port = _free_port()
        home, databases = self.data_dir / "home", self.data_dir / "databases"
        (home / ".dolt").mkdir(parents=True, exist_ok=True)
        databases.mkdir(exist_ok=True)
        config = {"user.name": "D", "user.email": "d@localhost", "metrics.disabled": "true"}
        (home / ".dolt" / "config_global.json").write_text(json.dumps(config))
        settings = self.data_dir / "server.yaml"
        settings.write_text(
            f"log_level: warning\nlistener:\n  host: 127.0.0.1\n  port: {self.port}\n"
            f"remotesapi:\n  port: {self.api_port}\n  read_only: false\n"
            f"data_dir: {json.dumps(str(databases))}\n"
            f"cfg_dir: {json.dumps(str(databases / '.doltcfg'))}\n"
        )
        with open(self._log_path, "ab") as log:
            self._process = subprocess.Popen(
                [str(binary), "sql-server", "--config", str(settings)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.data_dir,
                env={
                    **os.environ,
                    "HOME": str(home),
                    "DOLT_ROOT_PATH": str(home),
                    "DOLT_DISABLE_EVENT_FLUSH": "true",
                },
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A second Dolt server, whose databases are remotes over HTTP."""
    find_binary()
    server = ApiServer(tmp_path_factory.mktemp("api"))
    server.start()
    yield Api(server.port, server.api_port)
    server.stop()


def versioned_rows(alias: str, ref: str = "main") -> dict[str, list[tuple[Any, ...]]]:
    """The rows of each versioned table, by table."""
    rows: dict[str, list[tuple[Any, ...]]] = {}
    with connections[f"{alias}/{ref}"].cursor() as cursor:
        cursor.execute("SELECT commit_hash FROM dolt_log ORDER BY commit_order LIMIT 1")
        (first,) = cursor.fetchone()
        cursor.execute("SELECT to_table_name FROM dolt_diff_summary(%s, 'HEAD')", [first])
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT * FROM `{table}`")
            rows[table] = sorted(cursor.fetchall(), key=repr)
    return rows


def log_of(alias: str, ref: str = "main") -> list[str]:
    """The commit hashes of a branch, newest first."""
    with connections[f"{alias}/{ref}"].cursor() as cursor:
        cursor.execute("SELECT commit_hash FROM dolt_log")
        return [commit_hash for (commit_hash,) in cursor.fetchall()]
