"""Run the migrations of other people's apps.

    python -m third_party.run [APP ...] [--json FILE] [--page]

Each app is installed by itself on Django's own, and goes through `phases`: from zero on main,
back to zero and forwards again, from zero on a branch which is merged, rows edited on both
sides and merged. Where MariaDB is installed, Django's own backend does the same there, and
the tables are compared. Exit code 1 when something failed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import MySQLdb

from dolt_router.testing import DoltServer

from . import page
from .catalogue import APPS, App
from .mariadb import MariaDB

DOLT, MYSQL = "dolt_router.backends.dolt", "django.db.backends.mysql"
TIMEOUT = 600.0  # seconds for one phase


class Runner:
    """Runs phases of apps on two servers; `theirs` is None where MariaDB is not installed."""

    def __init__(self, ours: DoltServer, theirs: MariaDB | None, directory: Path) -> None:
        self.ports = {DOLT: ours.port, MYSQL: theirs.port if theirs else 0}
        self.directory = directory

    def run(self, app: App) -> dict[str, Any]:
        """All phases of one app: `{name of the phase: its result}`; stops where none can follow."""
        results: dict[str, Any] = {}

        def go(name: str, database: str, engine: str = DOLT, **more: str) -> bool:
            key = name if engine == DOLT else f"mariadb {name}"
            results[key] = self._phase(app, name, database, engine, **more)
            return "error" not in results[key]

        with ExitStack() as scope:
            main = scope.enter_context(_Database("main", self.ports[DOLT]))
            if go("forwards", main):
                go("backwards", main)
            if self.ports[MYSQL]:
                there = scope.enter_context(_Database("there", self.ports[MYSQL]))
                if go("forwards", there, MYSQL):
                    go("backwards", there, MYSQL)
            branched = scope.enter_context(_Database("branched", self.ports[DOLT]))
            if go("contrib", branched, only="") and go("branch", branched):
                if results["branch"]["merged"]:
                    go("rows", branched)
            both = scope.enter_context(_Database("both", self.ports[DOLT]))
            results["contrib again"] = self._phase(app, "contrib", both, DOLT, only="")
            go("twice", both)
        return results

    def _phase(
        self, app: App, name: str, database: str, engine: str, **more: str
    ) -> dict[str, Any]:
        file = self.directory / "result.json"
        file.unlink(missing_ok=True)
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "third_party.settings",
            "THIRD_PARTY_APP": more.get("only", app.key),
            "THIRD_PARTY_ENGINE": engine,
            "THIRD_PARTY_NAME": database,
            "THIRD_PARTY_PORT": str(self.ports[engine]),
            "PYTHONWARNINGS": "ignore",
        }
        with open(self.directory / "log", "ab") as log:
            log.write(f"--- {app.key}: {name} on {engine}\n".encode())
            log.flush()
            try:
                subprocess.run(
                    [sys.executable, "-m", "third_party.phases", name, str(file)],
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    timeout=TIMEOUT,
                )
            except subprocess.TimeoutExpired:
                return {"failures": [f"it hangs: {TIMEOUT:.0f} s"], "error": "timeout"}
        if not file.exists():
            return {"failures": ["it did not start; see the log"], "error": "did not start"}
        return dict(json.loads(file.read_text()))


class _Database:
    """A database that is made on entry and dropped on exit; its name."""

    def __init__(self, name: str, port: int) -> None:
        self.name, self.port = f"third_party_{name}", port

    def __enter__(self) -> str:
        self._execute(f"DROP DATABASE IF EXISTS {self.name}")
        self._execute(f"CREATE DATABASE {self.name}")
        return self.name

    def __exit__(self, *raised: object) -> None:
        self._execute(f"DROP DATABASE {self.name}")

    def _execute(self, sql: str) -> None:
        connection = MySQLdb.connect(host="127.0.0.1", port=self.port, user="root")
        try:
            connection.cursor().execute(sql)
        finally:
            connection.close()


def installed(app: App) -> str | None:
    """The version of the app's distribution; None when it isn't installed."""
    try:
        return version(app.name)
    except PackageNotFoundError:
        return None


def main() -> int:
    """Run what the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m third_party.run", description=__doc__)
    parser.add_argument("apps", nargs="*", metavar="APP", help="names of the catalogue; all")
    parser.add_argument("--group", choices=sorted({app.group for app in APPS}))
    parser.add_argument("--json", type=Path, help="write all that was found to this file")
    parser.add_argument("--page", action="store_true", help=f"refresh the table of {page.PAGE}")
    parser.add_argument("--log", type=Path, help="directory for the log of the phases")
    parser.add_argument("--no-mariadb", action="store_true", help="do not compare")
    options = parser.parse_args()
    known = {app.key: app for app in APPS}
    if unknown := [name for name in options.apps if name not in known]:
        parser.error(f"not in the catalogue: {', '.join(unknown)}")
    chosen = [known[name] for name in options.apps] or [
        app for app in APPS if options.group in (None, app.group)
    ]
    found, rows = dict[str, Any](), list[page.Row]()
    with ExitStack() as scope:
        directory = options.log or Path(scope.enter_context(tempfile.TemporaryDirectory()))
        directory.mkdir(parents=True, exist_ok=True)
        ours = scope.enter_context(DoltServer())
        theirs = None
        if MariaDB.is_there() and not options.no_mariadb:
            theirs = scope.enter_context(MariaDB())
        runner = Runner(ours, theirs, directory)
        for app in chosen:
            if (release := installed(app)) is None:
                print(f"{app.key}: not installed here", flush=True)
                continue
            found[app.key] = runner.run(app)
            row = page.row_of(app, release, version("Django"), found[app.key])
            rows.append(row)
            print(" | ".join(row), flush=True)
            for told in page.failures(found[app.key]):
                print(f"    {told}", flush=True)
            if options.json:
                options.json.write_text(json.dumps(found, indent=1))
            if options.page:
                page.refresh([row])
    return int(any(page.failures(results) for results in found.values()))


if __name__ == "__main__":
    sys.exit(main())
