"""`DoltServer`: a real `dolt sql-server` on a free loopback port, for tests and demos."""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from .binary import DOLT_VERSION, DoltNotFound, external_server, find_binary
from .container import DoltContainer, docker_is_there

START_TIMEOUT = 60.0  # seconds; it takes under 4, unless the machine is very busy
STOP_TIMEOUT = 20.0  # seconds
# In Dolt's own mode (2) two inserts at once can get the same id: docs/dolt-notes.md.
VARIABLES = {"innodb_autoinc_lock_mode": 1}


class DoltServer:
    """A Dolt server: started, waited for, stopped.

    Usable as a context manager. The server dies with this process. When neither argument is
    given and the variables DOLT_HOST and DOLT_PORT name a server, it is that one, which is
    neither started nor stopped; else it is a server of one's own.

    Args:
        data_dir: where the databases live; a temporary directory when None, which is
            removed by `stop`.
        port: on 127.0.0.1; a free one when 0.
        variables: system variables of the server, by name; they are set at its start.

    Attributes:
        host, port: where it listens, once started.
    """

    def __init__(
        self,
        data_dir: str | os.PathLike[str] | None = None,
        port: int = 0,
        variables: Mapping[str, str | int] | None = None,
    ) -> None:
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._may_be_external = data_dir is None and port == 0 and variables is None
        self.variables = {**VARIABLES, **(variables or {})}
        if data_dir is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="dolt-")
            data_dir = self._temporary.name
        self.data_dir = Path(data_dir)
        self.host = "127.0.0.1"
        self.port = port
        self._wanted_port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._container: DoltContainer | None = None

    def start(self) -> DoltServer:
        """Start the server and wait until it answers; returns itself.

        Raises:
            DoltNotFound: there is no Dolt, and none can be made; says what to install.
            RuntimeError: it didn't start; the end of its log is in the message.
        """
        if self._process is not None or self._container is not None:
            return self
        if self._may_be_external and (address := external_server()) is not None:
            self.host, self.port = address
            return self
        try:
            binary = find_binary()
        except DoltNotFound:
            if not docker_is_there():
                raise
            self._container = DoltContainer(DOLT_VERSION)
            self.host, self.port = self._container.start()
            return self
        self.data_dir.mkdir(parents=True, exist_ok=True)
        attempts = 5 if self._wanted_port == 0 else 1
        for attempt in range(1, attempts + 1):
            self.port = self._wanted_port or _free_port()
            if self._wanted_port and not _is_free(self.host, self.port):
                raise RuntimeError(
                    f"dolt sql-server did not start on port {self.port}: another server listens "
                    "there. Choose another port, or 0 for a free one."
                )
            self._launch(binary)
            if self._wait_until_ready():
                atexit.register(self.stop)
                return self
            log = self._log_tail()
            self.stop(keep_data=True)
            if attempt == attempts or "already in use" not in log:
                raise RuntimeError(f"dolt sql-server did not start on port {self.port}:\n{log}")
        raise AssertionError("not reached")

    def _launch(self, binary: Path) -> None:
        home = self.data_dir / ".home"
        (home / ".dolt").mkdir(parents=True, exist_ok=True)
        # A home of its own: the user's configuration is neither read nor changed.
        config = {
            "user.name": "Dolt",
            "user.email": "dolt@localhost",
            "metrics.disabled": "true",
            "versioncheck.disabled": "true",
        }
        (home / ".dolt" / "config_global.json").write_text(json.dumps(config))
        databases = self.data_dir / "databases"
        databases.mkdir(exist_ok=True)
        settings = self.data_dir / "server.yaml"
        settings.write_text(
            f"log_level: warning\nlistener:\n  host: {self.host}\n  port: {self.port}\n"
            f"  max_connections: 1000\ndata_dir: {json.dumps(str(databases))}\n"
            f"cfg_dir: {json.dumps(str(databases / '.doltcfg'))}\n"
            f"system_variables: {json.dumps(self.variables)}\n"
        )
        environment = {
            **os.environ,
            "HOME": str(home),
            "DOLT_ROOT_PATH": str(home),
            # Else an ending server starts `dolt send-metrics`, which outlives it and writes to
            # the home that is being removed.
            "DOLT_DISABLE_EVENT_FLUSH": "true",
        }
        with open(self._log_path, "ab") as log:
            self._process = subprocess.Popen(
                [str(binary), "sql-server", "--config", str(settings)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.data_dir,
                env=environment,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )

    @property
    def _log_path(self) -> Path:
        return self.data_dir / "server.log"

    def _log_tail(self) -> str:
        try:
            return self._log_path.read_text(errors="replace")[-2000:]
        except OSError:
            return "(no log)"

    def _wait_until_ready(self) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                return False
            if _greets(self.host, self.port):
                return True
            time.sleep(0.02)
        return False

    def stop(self, keep_data: bool = False) -> None:
        """Stop the server; safe to call twice. A temporary data directory is removed."""
        if self._container is not None:
            self._container.stop()
            self._container = None
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._temporary is not None and not keep_data:
            self._temporary.cleanup()
        atexit.unregister(self.stop)

    def kill(self) -> None:
        """Kill the server with SIGKILL, as a power cut would; the data directory stays.

        Raises:
            RuntimeError: the server runs in a container, or isn't running.
        """
        if self._process is None:
            raise RuntimeError(
                "Only a server that this object started from a program is killed. To have one, "
                "give DoltServer a data_dir."
            )
        self._process.kill()
        self._process.wait()
        self._process = None

    def restart(self) -> DoltServer:
        """Stop it, if it runs, and start it with the same data and port; returns itself."""
        if self._may_be_external and external_server() == (self.host, self.port):
            raise RuntimeError("The server that DOLT_HOST names is not restarted from here.")
        self._wanted_port = self.port
        if self._process is not None:
            self.stop(keep_data=True)
        return self.start()

    def __enter__(self) -> DoltServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.stop()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # TIME_WAIT is free
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _greets(host: str, port: int) -> bool:
    """Whether a MySQL server answers: it speaks first, with a greeting packet."""
    try:
        with socket.create_connection((host, port), timeout=1) as connection:
            connection.settimeout(1)
            return len(connection.recv(5)) == 5
    except OSError:
        return False


def _die_with_parent() -> None:
    pr_set_pdeathsig = 1
    libc: Any = ctypes.CDLL(None)
    libc.prctl(pr_set_pdeathsig, signal.SIGKILL)
