"""Private MariaDB and PostgreSQL servers: own data directory, own port, gone at the end."""

from __future__ import annotations

import atexit
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

START_TIMEOUT = 60.0  # seconds
ZONES = "/usr/share/zoneinfo"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class ReferenceServer:
    """A server of a temporary directory; a context manager.

    Attributes:
        entry: what Django's DATABASES needs to know of it, once started.
    """

    user: str | None = None  # whom the server runs as, when the caller is root

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="fuzzer-")
        self.data = Path(self._folder) / "data"
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.entry: dict[str, Any] = {}

    @classmethod
    def is_there(cls) -> bool:
        """Whether the system has the server's programs."""
        raise NotImplementedError

    def _prepare(self) -> list[str]:
        """Make the data directory; returns the server's command line."""
        raise NotImplementedError

    def _connect(self) -> Any:
        """A driver's connection to no particular database; raises until the server is up."""
        raise NotImplementedError

    def _finish(self, connection: Any) -> None:
        """What is to be done once, on the first connection."""

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(command, capture_output=True, text=True, user=self._uid())
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{done.stdout}\n{done.stderr}")

    def _uid(self) -> int | None:
        if self.user is None or os.geteuid() != 0:
            return None
        return pwd.getpwnam(self.user).pw_uid

    def __enter__(self) -> ReferenceServer:
        atexit.register(self.stop)
        uid = self._uid()
        if uid is not None:
            os.chown(self._folder, uid, -1)
        command = self._prepare()
        with open(Path(self._folder) / "log", "ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=uid
            )
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            try:
                connection = self._connect()
                break
            except Exception:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    log_text = (Path(self._folder) / "log").read_text(errors="replace")
                    raise RuntimeError(f"{command[0]} did not start:\n{log_text[-2000:]}") from None
                time.sleep(0.05)
        self._finish(connection)
        connection.close()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop the server and remove its directory; safe to call twice."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT if self.user else signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)
        atexit.unregister(self.stop)


class MariaDBServer(ReferenceServer):
    """MariaDB whose text compares by its bytes, as Dolt's does."""

    @classmethod
    def is_there(cls) -> bool:
        return bool(shutil.which("mariadbd") and shutil.which("mariadb-install-db"))

    def _prepare(self) -> list[str]:
        # Two that start at once would meet in the system's folder for temporary tables.
        common = ["--no-defaults", f"--datadir={self.data}", f"--tmpdir={self._folder}"]
        as_root = ["--user=root"] if os.geteuid() == 0 else []
        self._run(
            ["mariadb-install-db", *common, *as_root, "--auth-root-authentication-method=normal"]
        )
        self.entry = {
            "ENGINE": "django.db.backends.mysql",
            "NAME": "fuzzer",
            "HOST": "127.0.0.1",
            "PORT": self.port,
            "USER": "root",
            "OPTIONS": {"charset": "utf8mb4", "collation": "utf8mb4_nopad_bin"},
        }
        return [
            shutil.which("mariadbd") or "mariadbd",
            *common,
            *as_root,
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            f"--socket={self._folder}/socket",
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_nopad_bin",
            "--innodb-flush-log-at-trx-commit=0",
            "--skip-log-bin",
        ]

    def _connect(self) -> Any:
        import MySQLdb

        return MySQLdb.connect(host="127.0.0.1", port=self.port, user="root", charset="utf8mb4")

    def _finish(self, connection: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("CREATE DATABASE fuzzer")
        connection.select_db("mysql")
        zones = subprocess.run(
            ["mariadb-tzinfo-to-sql", "--skip-write-binlog", ZONES], capture_output=True, text=True
        ).stdout
        subprocess.run(
            ["mariadb", "--no-defaults", "-h127.0.0.1", f"-P{self.port}", "-uroot", "mysql"],
            input=zones,
            text=True,
            check=True,
        )


class PostgresServer(ReferenceServer):
    """PostgreSQL whose text compares by code points; it won't run as root."""

    user = "postgres"

    @staticmethod
    def _program(name: str) -> str | None:
        found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
        return found[-1] if found else shutil.which(name)

    @classmethod
    def is_there(cls) -> bool:
        try:
            import psycopg  # noqa: F401
        except ImportError:
            return False
        return cls._program("initdb") is not None

    def _prepare(self) -> list[str]:
        initdb, postgres = self._program("initdb"), self._program("postgres")
        assert initdb and postgres
        options = ["--locale=C.UTF-8", "--encoding=UTF8", "--auth=trust", "--username=postgres"]
        self._run([initdb, "-D", str(self.data), "--no-sync", *options])
        self.entry = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "HOST": "127.0.0.1",
            "PORT": self.port,
            "USER": "postgres",
        }
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self._folder,
            "fsync": "off",
            "statement_timeout": "20s",
        }
        return [postgres, "-D", str(self.data), *(f"-c{k}={v}" for k, v in settings.items())]

    def _connect(self) -> Any:
        import psycopg

        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname="postgres", connect_timeout=2
        )
