"""Django's own test runner, on the sample site: databases made, cloned and removed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.browser.conftest import MANAGE, REPOSITORY

SPAWN = """
import multiprocessing, sys
if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""


def run(
    dolt_server: Any, database: str, manage: Path, *options: str, settings: str = "config.settings"
) -> str:
    environment = {
        **os.environ,
        "DOLT_HOST": dolt_server.host,
        "DOLT_PORT": str(dolt_server.port),
        "DOLT_DATABASE": database,
        "DJANGO_SETTINGS_MODULE": settings,
        "PYTHONPATH": os.pathsep.join(map(str, (manage.parent, MANAGE.parent, REPOSITORY))),
    }
    done = subprocess.run(
        [sys.executable, str(manage), "test", "inventory", "--noinput", *options],
        env=environment,
        cwd=MANAGE.parent,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def databases() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW DATABASES")
        return {name for (name,) in cursor.fetchall()}


def test_serial(db: None, dolt_server: Any) -> None:
    assert "Ran 3 tests" in run(dolt_server, "serial", MANAGE)
    assert "test_serial" not in databases()


def test_parallel(db: None, dolt_server: Any) -> None:
    output = run(dolt_server, "parallel", MANAGE, "--parallel", "2", "-v", "2")
    assert "Ran 3 tests" in output
    assert "Cloning test database for alias 'default'" in output
    assert not [name for name in databases() if "parallel" in name]


def test_parallel_with_spawned_workers(db: None, dolt_server: Any, tmp_path: Path) -> None:
    manage = tmp_path / "manage.py"
    manage.write_text(SPAWN)
    assert "Ran 3 tests" in run(dolt_server, "spawned", manage, "--parallel", "2")
    assert not [name for name in databases() if "spawned" in name]


@pytest.mark.parametrize("workers", [[], ["--parallel", "2"]], ids=["serial", "parallel"])
def test_another_default_branch(
    db: None, dolt_server: Any, tmp_path: Path, workers: list[str]
) -> None:
    (tmp_path / "production.py").write_text(
        "from config.settings import *\nDOLT_ROUTER = {'DEFAULT_BRANCH': 'production'}\n"
    )
    (tmp_path / "manage.py").write_text(SPAWN)
    name = f"production{len(workers)}"
    output = run(dolt_server, name, tmp_path / "manage.py", *workers, settings="production")
    assert "Ran 3 tests" in output
    assert not [found for found in databases() if name in found]
