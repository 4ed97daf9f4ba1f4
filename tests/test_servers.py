"""The same requests through gunicorn (threads), uvicorn (async) and runserver."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from django.db import connections

from dolt_router.models import Commit
from dolt_router.versioning.sharing import status
from tests.inventory.models import Device

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = {
    "gunicorn": ["-m", "gunicorn", "tests.wsgi:application", "--threads", "4", "-b"],
    "uvicorn": ["-m", "uvicorn", "tests.asgi:application", "--lifespan", "off", "--port"],
    "runserver": ["-m", "django", "runserver", "--noreload"],
}


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(params=list(COMMANDS))
def server(request: Any) -> str:
    """The server that the test is about."""
    return str(request.param)


@pytest.fixture
def site(server: str, feature: str, tmp_path: Path) -> Iterator[str]:
    """The address of the test site, served for real on this test's database."""
    port = _free_port()
    where = str(port) if server == "uvicorn" else f"127.0.0.1:{port}"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "STREAM_ENDED": str(tmp_path / "stream-ended"),
        "TEST_DATABASE": str(connections.settings["default"]["NAME"]),
    }
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, *COMMANDS[server], where],
            env=environment,
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            try:
                requests.get(f"{address}/names/", timeout=10)
                break
            except requests.ConnectionError:
                assert process.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def test_requests_streams_and_disconnects_through_a_real_server(
    site: str, server: str, feature: str, tmp_path: Path
) -> None:
    on = {"X-Dolt-Branch": feature}
    start = Commit.objects.on(feature).count()

    def work(number: int) -> str:
        view = ["save", "async_save", "stream", "async_stream", "fail", "names"][number % 6]
        name = f"n{uuid.uuid4().hex[:8]}"
        answer = requests.get(f"{site}/{view}/?name={name}", headers=on, timeout=60)
        assert answer.status_code == (500 if view == "fail" else 200), answer.text[:300]
        if view.endswith("stream"):
            assert answer.text.splitlines() == [f"{feature} {i}" for i in range(3)]
        return view

    with ThreadPoolExecutor(6) as pool:
        views = list(pool.map(work, range(36)))
    writers = [view for view in views if view not in ("names", "fail")]
    rows = sum(3 if view.endswith("stream") else 1 for view in writers)
    assert Commit.objects.on(feature).count() == start + len(writers)
    assert Device.objects.using(feature).count() == rows
    assert not Device.objects.exists()
    assert requests.get(f"{site}/names/", timeout=30).json()["branch"] == "main"
    assert requests.get(f"{site}/names/?dolt-branch=nope", timeout=30).status_code == 404

    # The kind of stream that the server really streams: Django reads the other kind to its
    # end before it sends the first byte, and then the work is done whoever listens.
    view = "async_long_stream" if server == "uvicorn" else "long_stream"
    with requests.get(f"{site}/{view}/?name=gone", headers=on, stream=True, timeout=30) as got:
        next(got.iter_content(10))
    _wait_for(tmp_path / "stream-ended")
    assert requests.get(f"{site}/names/", timeout=30).status_code == 200
    assert not Device.objects.using(feature).filter(name__startswith="gone").exists()
    assert Commit.objects.on(feature).count() == start + len(writers)
    assert status(feature) == []


def _wait_for(path: Path) -> None:
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError("the server never noticed that the client was gone")
