"""Back up the whole database, and bring a backup back."""

from __future__ import annotations

from typing import Any

from dolt_router.management.output import Output
from dolt_router.versioning import backups

help = "Back up all branches and the shared tables while the site runs, or restore a backup."


def add_arguments(parser: Any) -> None:
    parser.add_argument("action", choices=["create", "restore"])
    parser.add_argument(
        "path",
        help="of a new file (embedded engine); of a folder on the server's machine, or a URL",
    )
    parser.add_argument(
        "--force", action="store_true", help="restore over the database that is there"
    )


def handle(options: dict[str, Any], out: Output) -> None:
    path, using = options["path"], options["using"]
    if options["action"] == "create":
        with out.progress("Backing up"):
            target = backups.create(path, using)
        out(f"Backed up to {target}")
        out.data({"backup": target})
        return
    with out.progress("Restoring"):
        database = backups.restore(path, options["force"], using)
    out(f"Restored {database}. Restart the site's processes.")
    out.data({"database": database})
