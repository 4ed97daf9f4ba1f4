"""`manage.py demo`: a filled database and the site, in one command."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from .seed import PASSWORD, USERS


def default_data_dir() -> Path:
    """Where the demo's database is kept between two runs."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "dolt-router" / "demo"


class Command(BaseCommand):
    """Starts everything the sample site needs, and stops it on Ctrl-C.

    On the embedded engine that is nothing but a file. With DOLT_HOST or DOLT_PORT in the
    environment, that server is used and none is started.
    """

    help = "Create, migrate and fill a database, and run the site; with a Dolt server if asked."
    requires_system_checks: list[str] = []  # checked by the commands that this one runs

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen, and where to keep the data."""
        parser.add_argument("--port", type=int, default=8000, help="of the site (8000)")
        parser.add_argument(
            "--engine",
            choices=["embedded", "server"],
            default="server" if settings.ON_A_SERVER else "embedded",
            help="a file, with nothing to install; or a Dolt server, started unless one is named",
        )
        parser.add_argument(
            "--data-dir", type=Path, default=default_data_dir(), help="where the data is kept"
        )
        parser.add_argument(
            "--no-review", action="store_true", help="leave main open to direct changes"
        )
        parser.add_argument("--noreload", action="store_true", help="as runserver's")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until Ctrl-C."""
        self.refuse_taken_port(options["port"])
        with ExitStack() as running:
            try:
                # The commands below are processes of their own: settings.py reads the
                # address from the environment when it is loaded, which here it was already.
                self.environment = {**os.environ, **self.database(running, options)}
                self.environment["DJANGO_RUNSERVER_HIDE_WARNING"] = "true"  # a demo is none
                self.manage("migrate", "--verbosity=0")
                self.manage("seed", *(["--no-review"] if options["no_review"] else []))
                self.tell(options["port"])
                run = ["runserver", f"127.0.0.1:{options['port']}"]
                self.manage(*run, *(["--noreload"] if options["noreload"] else []))
            except KeyboardInterrupt:
                self.stdout.write("\nStopped. The data is kept for the next time.")

    def refuse_taken_port(self, port: int) -> None:
        """Say so now rather than after the database is made."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise CommandError(
                    f"Port {port} can't be used ({error.strerror}). "
                    f"Choose another one: manage.py demo --port {port + 1}"
                ) from error

    def database(self, running: ExitStack, options: dict[str, Any]) -> dict[str, str]:
        """The environment variables that lead to the database, which is there then."""
        if options["engine"] == "embedded":
            if settings.NAMES_A_SERVER:
                raise CommandError(
                    "DOLT_HOST or DOLT_PORT names a server. Unset it, or leave --engine out."
                )
            options["data_dir"].mkdir(parents=True, exist_ok=True)
            self.place = str(options["data_dir"] / "inventory.db")
            return {"DOLT_FILE": self.place}
        named = self.dolt_server(running, options)
        host = named.get("DOLT_HOST") or os.environ.get("DOLT_HOST", "127.0.0.1")
        port = named.get("DOLT_PORT") or os.environ.get("DOLT_PORT", "3306")
        self.place = f"{host}:{port}"
        self.create_database(host, int(port))
        return named

    def dolt_server(self, running: ExitStack, options: dict[str, Any]) -> dict[str, str]:
        """The environment variables that lead to the server; start one if none is given."""
        if "DOLT_HOST" in os.environ or "DOLT_PORT" in os.environ:
            return {}
        from dolt_router.testing import DoltServer

        self.stdout.write(f"Starting Dolt in {options['data_dir']} ...")
        try:
            server = running.enter_context(DoltServer(data_dir=options["data_dir"]))
        except (RuntimeError, OSError) as error:
            raise CommandError(f"Dolt did not start. {error}") from error
        return {"DOLT_HOST": server.host, "DOLT_PORT": str(server.port)}

    def create_database(self, host: str, port: int) -> None:
        """Create the database, if it is missing."""
        try:
            import MySQLdb
        except ImportError as error:
            raise CommandError(
                "A Dolt server is spoken to by mysqlclient, which is not installed. Install it "
                "with: python -m pip install 'dolt-router[server]'"
            ) from error

        database = settings.SERVER
        try:
            connection = MySQLdb.connect(
                host=host, port=port, user=database["USER"], password=database["PASSWORD"]
            )
        except MySQLdb.Error as error:
            raise CommandError(f"No Dolt server answers on {host}:{port}: {error}") from error
        name = database["NAME"].replace("`", "``")
        connection.cursor().execute(f"CREATE DATABASE IF NOT EXISTS `{name}`")
        connection.close()

    def manage(self, *arguments: str) -> None:
        """Run another management command as a process of its own, until it ends."""
        manage_py = settings.BASE_DIR / "manage.py"
        done = subprocess.run([sys.executable, str(manage_py), *arguments], env=self.environment)
        if done.returncode:
            raise CommandError(f"manage.py {arguments[0]} failed; see above.")

    def tell(self, port: int) -> None:
        """Where the site is, and who can log in."""
        rights = {
            "Operators": "branches, edits, proposes",
            "Reviewers": "looks, comments, approves",
            "Managers": "merges what is approved",
        }
        lines = ["", f"  Site   http://127.0.0.1:{port}/", f"  Dolt   {self.place}", ""]
        for user in USERS:
            right = rights.get(user.get("group", ""), "superuser")
            lines.append(f"  Login  {user['username']:<9} password {PASSWORD}   ({right})")
        lines += ["", "  Stop with Ctrl-C.", ""]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()
