"""These tests make databases and processes of their own: they run beside either engine."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

if find_spec("doltlite") is None:  # looked for, not imported: that would start Python anew
    collect_ignore_glob = ["test_*.py"]

ROOT = Path(__file__).parents[3]

SETTINGS = """
from tests.settings import *
from tests.settings import DATABASES
DATABASES = {{
    "default": {{"ENGINE": "dolt_router.backends.doltlite", "NAME": {name!r}}},
    "plain": {{"ENGINE": "django.db.backends.sqlite3", "NAME": {plain!r}}},
}}
ROOT_URLCONF = "embedded_urls"
"""

URLS = """
from django.db import connections
from django.http import JsonResponse
from django.urls import path
from tests.inventory.models import Site

def engines(request):
    found = {}
    for alias in ("default", "plain"):
        with connections[alias].cursor() as cursor:
            try:
                cursor.execute("SELECT dolt_version()")
                found[alias] = cursor.fetchone()[0]
            except Exception as error:
                found[alias] = str(error)
    return JsonResponse(found)

def add(request):
    return JsonResponse({"pk": Site.objects.create(name=request.GET["name"]).pk})

urlpatterns = [path("engines/", engines), path("add/", add)]
"""

CHECK = """
import django; django.setup()
from django.db import connections
with connections["default"].cursor() as cursor:
    cursor.execute("SELECT dolt_version(), doltlite_engine()")
    assert cursor.fetchone()[1] == "prolly"
import sqlite3
try:
    sqlite3.connect(":memory:").execute("SELECT dolt_version()")
except sqlite3.OperationalError:
    print("private")
"""


class Site:
    """A project in a folder of its own, on the embedded engine, with a plain SQLite alias."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "inventory.db"
        settings = SETTINGS.format(name=str(self.database), plain=str(folder / "plain.sqlite3"))
        (folder / "embedded_settings.py").write_text(settings)
        (folder / "embedded_urls.py").write_text(URLS)
        (folder / "manage.py").write_text(
            "from django.core.management import execute_from_command_line as run\n"
            "import sys\nif __name__ == '__main__':\n    run(sys.argv)\n"
        )
        drop = ("DOLT_HOST", "DOLT_PORT", "DOLT_BRANCH", "DOLT_ROUTER_TEST_ENGINE", "TEST_DATABASE")
        kept = {key: value for key, value in os.environ.items() if key not in drop}
        path = os.pathsep.join([str(folder), str(ROOT), *filter(None, [kept.get("PYTHONPATH")])])
        self.env = {**kept, "PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": "embedded_settings"}

    def run(self, *words: str, python: str = sys.executable, **more: Any) -> str:
        """What a Python command prints; it must succeed."""
        done = subprocess.run(
            [python, *words],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=120,
            **more,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def manage(self, *words: str) -> str:
        """What `manage.py` prints."""
        return self.run("manage.py", *words)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A project without a database yet."""
    return Site(tmp_path)


@pytest.fixture
def migrated(site: Site) -> Site:
    """A project whose database is migrated."""
    site.manage("migrate", "--verbosity", "0")
    return site
