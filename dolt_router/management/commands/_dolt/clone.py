"""Copy a remote to a new database."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.db import connections

from dolt_router.management.output import Output
from dolt_router.versioning.provisioning import create_shared_tables
from dolt_router.versioning.remotes import clone

help = "Copy a remote to a new database, and make the tables of SHARED_APPS in it, empty."


def add_arguments(parser: Any) -> None:
    parser.add_argument("url", nargs="?", help="of the remote")
    parser.add_argument("database", nargs="?", help="the name of the new database")
    parser.add_argument("-o", "--origin", default="origin", help="what it calls the remote")
    parser.add_argument("--single-branch", action="store_true", help="the default branch only")
    parser.add_argument("--user", help="to log in as; the password is in DOLT_REMOTE_PASSWORD")
    parser.add_argument(
        "--shared-tables",
        action="store_true",
        help="clone nothing; make the shared tables that the site's own database lacks",
    )


def handle(options: dict[str, Any], out: Output) -> None:
    url, database, using = options["url"], options["database"], options["using"]
    if options["shared_tables"]:
        if url is not None:
            raise CommandError("--shared-tables is about the site's own database: give no URL.")
        made = create_shared_tables(using)
        for table in made:
            out(f"made {table}")
        out("Load their rows (manage.py loaddata), then run: manage.py migrate")
        out.data({"shared_tables": made})
        return
    if url is None or database is None:
        raise CommandError("Give the URL and the name of the new database.")
    result = clone(
        url, database, options["origin"], options["single_branch"], options["user"], using
    )
    out(f'Cloned to database "{database}" with {", ".join(result.branches)}')
    made = []
    if connections.settings[using]["NAME"] == database:
        made = create_shared_tables(using)
        for table in made:
            out(f"made {table}")
        out("Load their rows (manage.py loaddata), then run: manage.py migrate")
    else:
        out(
            f'It has no shared tables. To run a site on it, set NAME to "{database}" and run: '
            "manage.py dolt clone --shared-tables"
        )
    out.data({**result._asdict(), "shared_tables": made})
