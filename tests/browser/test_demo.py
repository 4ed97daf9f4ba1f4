"""`manage.py demo` on its own: it brings a database, keeps the data, and stops cleanly."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from .conftest import MANAGE, Demo, engines, wait_for


@pytest.mark.parametrize("engine", engines())
def test_demo_starts_everything_and_keeps_the_data(tmp_path: Path, engine: str) -> None:
    data = tmp_path / "data"
    for log in (tmp_path / "first", tmp_path / "second"):
        demo = Demo(log, {}, "--data-dir", str(data), "--engine", engine)
        try:
            wait_for(demo.answers)
            branch = {"X-Dolt-Branch": "maintenance/berlin-core-upgrade"}
            page = requests.get(f"{demo.url}/devices/?q=ber1-swt", headers=branch, timeout=10).text
        finally:
            code = demo.interrupt()
        assert code == 0
        assert "ber1-swt-05" in page
        assert "password branch-and-merge" in log.read_text()
    assert "nothing to seed" in (tmp_path / "second").read_text()


def test_demo_says_when_the_port_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [
                sys.executable,
                str(MANAGE),
                "demo",
                "--port",
                str(port),
                "--settings=config.settings",
            ],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert f"Port {port} can't be used" in done.stderr
    assert "Traceback" not in done.stderr
