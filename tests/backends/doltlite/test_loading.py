"""However a process starts, its embedded aliases are doltlite and its `sqlite3` is its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import django
import pytest
from django.core.exceptions import ImproperlyConfigured

from dolt_router.backends.doltlite import loading

from ...loading import ROWS
from .conftest import CHECK, ROOT, Site

INTERPRETERS = sorted(Path.home().glob(".pyenv/versions/3.[1-9][0-9]*/bin/python"))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serving(site: Site, command: list[str], port: int) -> Iterator[str]:
    """A web server that was started by `command`, once it answers; the value is its address."""
    log = site.folder / "server.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            command, cwd=site.folder, env=site.env, stdout=out, stderr=out, start_new_session=True
        )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                fetch(f"{address}/engines/")
                break
            except (urllib.error.URLError, ConnectionError):
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def fetch(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def assert_private(engines: dict[str, str]) -> None:
    assert engines["default"].startswith("v0.")
    assert engines["plain"] == "no such function: dolt_version"


def test_python_c(site: Site) -> None:
    assert site.run("-c", CHECK) == "private\n"


def test_sqlite3_imported_before(site: Site) -> None:
    assert site.run("-c", "import sqlite3\n" + CHECK) == "private\n"


def test_loaded_before_sqlite3_is_imported(site: Site) -> None:
    code = "import dolt_router.backends.doltlite.loading as loading; loading.load_driver()\n"
    assert site.run("-c", code + CHECK) == "private\n"


def test_manage_py(site: Site) -> None:
    assert site.manage("shell", "-c", CHECK).endswith("private\n")


def test_script_from_standard_input(site: Site) -> None:
    assert site.run("-", input=CHECK) == "private\n"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(site: Site, method: str) -> None:
    (site.folder / "work.py").write_text(
        "import django\n"
        "def version(_):\n"
        "    django.setup()\n"
        "    from django.db import connections\n"
        "    connections.close_all()\n"
        "    with connections['default'].cursor() as cursor:\n"
        "        cursor.execute('SELECT doltlite_engine()')\n"
        "        return cursor.fetchone()[0]\n"
        "if __name__ == '__main__':\n"
        "    import multiprocessing\n"
        "    print(version(0))\n"
        f"    with multiprocessing.get_context('{method}').Pool(2) as pool:\n"
        "        print(*pool.map(version, range(4)))\n"
    )
    assert site.run("work.py").split() == ["prolly"] * 5


def test_other_libraries_of_the_process_keep_their_sqlite(site: Site) -> None:
    code = (
        "from dolt_router.backends.doltlite import driver\n"
        "import ctypes\n"
        "assert not hasattr(ctypes.CDLL(None), 'sqlite3_libversion')\n"
        "system = ctypes.CDLL('libsqlite3.so.0')\n"
        "system.sqlite3_libversion.restype = ctypes.c_char_p\n"
        "assert system.sqlite3_libversion().decode() != driver.Database.sqlite_version\n"
        "import sys; assert 'doltlite' not in sys.modules\n"
        "import os; assert '_DOLTLITE_BOOTSTRAPPED' not in os.environ\n"
    )
    site.run("-c", code)


def test_errors_of_the_driver_are_pickled(site: Site) -> None:
    site.run(
        "-c",
        "from dolt_router.backends.doltlite.driver import Database\n"
        "import pickle\n"
        "error = pickle.loads(pickle.dumps(Database.IntegrityError('no')))\n"
        "assert type(error) is Database.IntegrityError\n",
    )


def test_runserver_before_and_after_it_reloads(migrated: Site) -> None:
    port = free_port()
    command = [sys.executable, "manage.py", "runserver", f"127.0.0.1:{port}", "--skip-checks"]
    with serving(migrated, command, port) as address:
        assert_private(fetch(f"{address}/engines/"))
        urls = migrated.folder / "embedded_urls.py"
        urls.write_text(urls.read_text().replace('"engines/"', '"engines/again/"'))
        deadline, touched = time.monotonic() + 60, 0.0
        while time.monotonic() < deadline:
            if time.monotonic() > touched + 5:  # the first look at the files may be after the edit
                touched = time.monotonic()
                os.utime(urls)
            try:
                assert_private(fetch(f"{address}/engines/again/"))
                return
            except (urllib.error.URLError, ConnectionError):
                continue
        pytest.fail("runserver didn't reload")


@pytest.mark.parametrize("preload", [[], ["--preload"]], ids=["plain", "preload"])
def test_gunicorn_with_two_workers(migrated: Site, preload: list[str]) -> None:
    port = free_port()
    (migrated.folder / "site_wsgi.py").write_text(
        "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"
    )
    words = ["--workers", "2", "--bind", f"127.0.0.1:{port}", *preload, "site_wsgi:application"]
    command = [sys.executable, "-m", "gunicorn", *words]
    with serving(migrated, command, port) as address:
        for number in range(20):
            assert_private(fetch(f"{address}/engines/"))
            fetch(f"{address}/add/?name=s{number}")
    listed = migrated.manage("dolt", "log", "--oneline", "-n", "100")
    assert listed.count("Added 1 site") == 20


def test_uvicorn(migrated: Site) -> None:
    port = free_port()
    (migrated.folder / "site_asgi.py").write_text(
        "from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n"
    )
    words = ["--port", str(port), "--log-level", "warning", "site_asgi:application"]
    with serving(migrated, [sys.executable, "-m", "uvicorn", *words], port) as address:
        assert_private(fetch(f"{address}/engines/"))
        fetch(f"{address}/add/?name=s")
    assert "Added 1 site" in migrated.manage("dolt", "log", "--oneline", "-n", "1")


@pytest.mark.parametrize("more", [[], ["-n", "2"], ["--cov=tests"]], ids=["plain", "-n 2", "--cov"])
def test_pytest(site: Site, more: list[str]) -> None:
    (site.folder / "test_it.py").write_text(
        "import pytest\n"
        "from django.db import connection, connections\n"
        "from tests.inventory.models import Site\n"
        "@pytest.mark.parametrize('number', range(4))\n"
        "@pytest.mark.django_db(databases=['default', 'plain'])\n"
        "def test_engine(number):\n"
        "    Site.objects.create(name='s')\n"
        "    assert Site.objects.count() == 1\n"
        "    with connection.cursor() as cursor:\n"
        "        cursor.execute('SELECT doltlite_engine()')\n"
        "        assert cursor.fetchone()[0] == 'prolly'\n"
        "    with connections['plain'].cursor() as cursor:\n"
        "        cursor.execute('SELECT sqlite_version()')\n"
        "        with pytest.raises(Exception, match='no such function'):\n"
        "            cursor.execute('SELECT doltlite_engine()')\n"
        "@pytest.mark.django_db(transaction=True)\n"
        "def test_on_a_branch(dolt_branch):\n"
        "    Site.objects.create(name='s')\n"
        "    assert Site.objects.using('main').count() == 0\n"
    )
    (site.folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", *more, "test_it.py"]
    assert "5 passed" in site.run(*words)
    left = [path.name for path in site.folder.iterdir() if path.name.startswith("test_inv")]
    assert left == []


@pytest.mark.parametrize("words", [[], ["--parallel", "2"]], ids=["serial", "parallel"])
def test_djangos_test_runner(site: Site, words: list[str]) -> None:
    app = site.folder / "shelf"
    app.mkdir()
    (app / "__init__.py").touch()
    for name in ("tests_a", "tests_b"):
        (app / f"{name}.py").write_text(
            "from django.test import TestCase\n"
            "from tests.inventory.models import Site\n"
            "class Test(TestCase):\n"
            "    def test_one(self):\n"
            "        Site.objects.create(name='s')\n"
            "        self.assertEqual(Site.objects.count(), 1)\n"
            "    test_two = test_three = test_one\n"
        )
    site.manage("test", "shelf", "--noinput", "-p", "tests_*.py", *words)


def test_table_of_the_docs_has_a_row_for_each_way_to_start_with_tests_of_its_own() -> None:
    page = (ROOT / "docs" / "embedded.md").read_text()
    for row, tests in ROWS.items():
        assert f"\n| {row} | ✓" in page
        assert {test.partition("[")[0] for test in tests} <= set(globals())


# -- every interpreter that is there ----------------------------------------------------

LOAD = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("loading", {path!r})
loading = importlib.util.module_from_spec(spec)
spec.loader.exec_module(loading)
driver = loading.load_driver()
connection = driver.connect({database!r}, isolation_level=None)
print(*connection.execute("SELECT doltlite_engine()").fetchone())
connection.execute("CREATE TABLE t (n INTEGER)")
print(len(connection.execute("SELECT dolt_commit('-A', '-m', 'first')").fetchone()[0]))
import sqlite3
print(sqlite3.sqlite_version != driver.sqlite_version)
"""


@pytest.mark.parametrize("python", INTERPRETERS, ids=lambda path: path.parts[-3])
def test_driver_on_this_interpreter(python: Path, site: Site) -> None:
    """The loader alone is what depends on the interpreter: Django is lent from this one."""
    packages = Path(django.__file__).parents[1]
    env = {**site.env, "PYTHONPATH": str(packages)}
    code = LOAD.format(path=loading.__file__, database=str(site.folder / "x.db"))
    done = subprocess.run([python, "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout.split() == ["prolly", "40", "True"], done.stderr


# -- what can't be loaded ---------------------------------------------------------------


def test_missing_wheel_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "find_spec", lambda name: None)
    with pytest.raises(ImproperlyConfigured, match=r"pip install 'dolt-router\[embedded\]'"):
        loading.load_driver()


def test_wheel_without_a_library_for_this_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOLTLITE_LIB", str(tmp_path / "libdoltlite.so"))
    with pytest.raises(ImproperlyConfigured, match="no libdoltlite at"):
        loading.load_driver()


def test_broken_library_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "libdoltlite.so"
    path.write_bytes(b"not a library")
    monkeypatch.setenv("DOLTLITE_LIB", str(path))
    with pytest.raises(ImproperlyConfigured, match="can't be loaded"):
        loading.load_driver()


def test_sqlite_that_is_linked_into_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    static = tmp_path / "_sqlite3.so"
    needed = Path(find_spec("_sqlite3").origin).read_bytes()
    static.write_bytes(needed.replace(b"\0libsqlite3.so.0\0", b"\0libc.so.6\0\0\0\0\0\0\0"))
    spec = SimpleNamespace(origin=str(static), loader=None)
    monkeypatch.setattr(
        loading, "find_spec", lambda name: spec if name == "_sqlite3" else find_spec(name)
    )
    with pytest.raises(ImproperlyConfigured, match=r"linked into it.*uv, mise"):
        loading.load_driver()


def test_sqlite_that_is_preloaded_for_everyone(site: Site) -> None:
    code = (
        "import django; django.setup()\n"
        "from django.db import connection\n"
        "connection.ensure_connection()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**site.env, "LD_PRELOAD": "libsqlite3.so.0"},
        capture_output=True,
        text=True,
    )
    assert "Another SQLite is part of this process for everyone" in done.stderr


def test_plain_library_in_the_place_of_doltlite_is_refused_on_connect(site: Site) -> None:
    plain = subprocess.run(
        ["sh", "-c", "ldconfig -p | sed -n 's/.*libsqlite3.so.0 .*=> //p' | head -1"],
        capture_output=True,
        text=True,
    ).stdout.strip()
    if not plain:
        pytest.skip("there is no libsqlite3 to put in its place")
    site.env["DOLTLITE_LIB"] = plain
    code = (
        "import django; django.setup()\n"
        "from django.core.exceptions import ImproperlyConfigured\n"
        "from django.db import connection\n"
        "try:\n"
        "    connection.ensure_connection()\n"
        "except ImproperlyConfigured as error:\n"
        "    print(error)\n"
    )
    assert "Plain SQLite was loaded in the place of doltlite" in site.run("-c", code)
    assert not (site.folder / "inventory.db-shared").exists()


def test_plain_sqlite_file_is_refused_and_left_alone(site: Site) -> None:
    with sqlite3.connect(site.database) as connection:
        connection.execute("CREATE TABLE t (n INTEGER)")
    connection.close()
    before = site.database.read_bytes()
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate"],
        cwd=site.folder,
        env=site.env,
        capture_output=True,
        text=True,
    )
    assert "is a plain SQLite file and has no branches" in done.stderr
    assert site.database.read_bytes() == before


def test_nothing_of_the_server_is_needed(site: Site) -> None:
    code = (
        "import sys; sys.modules['MySQLdb'] = None\n"  # importing it raises
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "call_command('migrate', verbosity=0)\n"
        "call_command('check', databases=['default'])\n"
        "from dolt_router.models import Branch\n"
        "Branch.objects.create(name='side').merge()\n"
        "call_command('dolt', 'branch')\n"
    )
    assert "side" in site.run("-c", code)
