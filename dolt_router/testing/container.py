"""A Dolt server in a container, where there is a Docker engine but no `dolt` program."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any


def docker_is_there() -> bool:
    """Whether a Docker engine answers and testcontainers is installed."""
    if shutil.which("docker") is None:
        return False
    try:
        done = subprocess.run(["docker", "info"], capture_output=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return False
    if done.returncode != 0:
        return False
    try:
        import testcontainers.core.container  # noqa: F401
    except ImportError:
        return False
    return True


class DoltContainer:
    """`dolthub/dolt-sql-server` of one version."""

    def __init__(self, version: str) -> None:
        self.image = f"dolthub/dolt-sql-server:{version}"
        self._container: Any = None

    def start(self) -> tuple[str, int]:
        """Start it and wait until it is ready; returns (host, port)."""
        from testcontainers.core.container import DockerContainer
        from testcontainers.core.waiting_utils import wait_for_logs

        container = DockerContainer(self.image).with_exposed_ports(3306)
        container.with_env("DOLT_ROOT_HOST", "%")
        self._container = container.start()
        wait_for_logs(self._container, "Server ready", timeout=120)
        return (
            self._container.get_container_host_ip(),
            int(self._container.get_exposed_port(3306)),
        )

    def stop(self) -> None:
        """Stop and remove it."""
        if self._container is not None:
            self._container.stop()
            self._container = None
