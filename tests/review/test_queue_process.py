"""`manage.py dolt queue --loop` as a process, which is told to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from dolt_router.access import system
from dolt_router.review.models import BranchRule, PullRequest
from dolt_router.versioning import branches
from tests.inventory.models import Device
from tests.review.conftest import change

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = """
from tests.settings import *
DOLT_ROUTER = {"CHECKS": {"slow": "queue_check.slow"}}
"""
CHECK = """
import time
from pathlib import Path

HERE = Path(__file__).parent

def slow(context):
    (HERE / "running").touch()
    while not (HERE / "go").exists():
        time.sleep(0.02)
"""


def wait_for(condition: Callable[[], Any], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


@pytest.fixture
def queued(make_branch: Callable[..., str], ann: Any, meg: Any) -> list[PullRequest]:
    """Three pull requests, each of which has to pass a check first."""
    BranchRule.objects.create(pattern="main", approvals=0, required_checks=["slow"])
    made = []
    for number in range(3):
        name = make_branch(f"feature/{number}")
        change(name, f"device {number}", ann)
        made.append(PullRequest.objects.open(source=name, target="main", title=name, author=ann))
    for each in made:
        each.merge_when_ready(meg)
    return made


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the command on the database of the tests."""
    (tmp_path / "queue_settings.py").write_text(SETTINGS)
    (tmp_path / "queue_check.py").write_text(CHECK)
    started: list[subprocess.Popen[str]] = []

    def run(*options: str) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
            "DJANGO_SETTINGS_MODULE": "queue_settings",
            "TEST_DATABASE": str(connections["default"].settings_dict["NAME"]),
        }
        words = [sys.executable, "-u", "-m", "django", "dolt", "queue", *options]
        pipe = subprocess.PIPE
        process = subprocess.Popen(words, env=environment, stdout=pipe, stderr=pipe, text=True)
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


STOPS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])


@STOPS
def test_stopped_in_a_merge_it_finishes_that_one_and_begins_no_other(
    queued: list[PullRequest],
    start: Callable[..., subprocess.Popen[str]],
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    process = start("--loop", "--every", "0.1")
    wait_for(lambda: (tmp_path / "running").exists() or process.poll() is not None)
    process.send_signal(number)
    (tmp_path / "go").touch()
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert f"Merged {queued[0]}" in printed and printed.count("Merged") == 1
    for each in queued:
        each.refresh_from_db()
        assert each.claimed_at is None and each.claimed_commit == ""
    first, *others = queued
    assert first.state == "merged" and first.merge_commit == branches.resolve("main")
    assert [each.state for each in others] == ["open", "open"]
    assert all(each.queued_at is not None for each in others)
    assert [device.name for device in Device.objects.all()] == ["device 0"]
    with system():  # no scratch branch is left
        assert branches.names() == ["feature/0", "feature/1", "feature/2", "main"]
    again = start()
    printed, errors = again.communicate(timeout=60)
    assert again.returncode == 0 and printed.count("Merged") == 2, errors


@STOPS
def test_stopped_while_it_waits_it_ends_at_once(
    queued: list[PullRequest],
    start: Callable[..., subprocess.Popen[str]],
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    (tmp_path / "go").touch()
    process = start("--loop", "--every", "600")
    assert process.stdout is not None
    while "Merged #" + str(queued[2].pk) not in (line := process.stdout.readline()):
        assert line, process.stderr and process.stderr.read()
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == 0
