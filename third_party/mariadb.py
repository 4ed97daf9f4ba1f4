"""A private MariaDB: what Django's own backend makes of the same migrations."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

START_TIMEOUT = 60.0  # seconds


class MariaDB:
    """A server with its own data directory and port, on loopback; a context manager.

    Raises:
        RuntimeError: it is not installed, or did not start.
    """

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="mariadb-")
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @staticmethod
    def is_there() -> bool:
        """Whether mariadb-server is installed."""
        return shutil.which("mariadbd") is not None

    def __enter__(self) -> MariaDB:
        home = Path(self._directory.name)
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = int(found.getsockname()[1])
        data = f"--datadir={home / 'data'}"
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", data, "--user=root", "--skip-test-db"],
            check=True,
            capture_output=True,
        )
        with open(home / "log", "ab") as log:
            self._process = subprocess.Popen(
                [
                    "mariadbd",
                    "--no-defaults",
                    data,
                    "--user=root",
                    "--skip-grant-tables",
                    "--skip-networking=0",
                    "--bind-address=127.0.0.1",
                    f"--port={self.port}",
                    f"--socket={home / 'socket'}",
                    "--innodb-flush-log-at-trx-commit=0",
                    "--character-set-server=utf8mb4",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return self
            except OSError:
                time.sleep(0.1)
        text = (home / "log").read_text(errors="replace")[-2000:]
        self.__exit__()
        raise RuntimeError(f"MariaDB did not start:\n{text}")

    def __exit__(self, *raised: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        self._directory.cleanup()
