"""`manage.py demo`: a server, a filled database and the site, in one command."""

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

    With DOLT_HOST or DOLT_PORT in the environment, that server is used and none is started.
    """

    help = "Start a Dolt server, create, migrate and fill the database, and run the site."
    requires_system_checks: list[str] = []  # checked by the commands that this one runs

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen, and where to keep the data."""
        parser.add_argument("--port", type=int, default=8000, help="of the site (8000)")
        parser.add_argument(
            "--data-dir", type=Path, default=default_data_dir(), help="of the Dolt server"
        )
        parser.add_argument("--noreload", action="store_true", help="as runserver's")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until Ctrl-C."""
        self.refuse_taken_port(options["port"])
        with ExitStack() as running:
            try:
                # The commands below are processes of their own: settings.py reads the
                # address from the environment when it is loaded, which here it was already.
                self.environment = {**os.environ, **self.dolt_server(running, options)}
                self.create_database()
                self.manage("migrate", "--verbosity=0")
                self.manage("seed")
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

    def create_database(self) -> None:
        """Create the database, if it is missing."""
        import MySQLdb

        database = settings.DATABASES["default"]
        host = self.environment.get("DOLT_HOST", "127.0.0.1")
        port = int(self.environment.get("DOLT_PORT", "3306"))
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
        dolt = f"{self.environment.get('DOLT_HOST', '127.0.0.1')}:" + self.environment.get(
            "DOLT_PORT", "3306"
        )
        rights = {True: "staff: edits, merges, reverts", False: "edits and branches"}
        lines = ["", f"  Site   http://127.0.0.1:{port}/", f"  Dolt   {dolt}", ""]
        for user in USERS:
            right = "superuser" if user["is_superuser"] else rights[user["is_staff"]]
            lines.append(f"  Login  {user['username']:<9} password {PASSWORD}   ({right})")
        lines += ["", "  Stop with Ctrl-C.", ""]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()
