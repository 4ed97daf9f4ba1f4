"""Who may do what to a branch; and Dolt's own permissions for those who speak SQL."""

from __future__ import annotations

from typing import Any

from django.apps import apps

from dolt_router import aliases
from dolt_router.access import VERBS, user_called
from dolt_router.exceptions import DoltRouterError
from dolt_router.management.output import Output

help = (
    "What a user (--of) may do to the active branch. With --mirror: write what users may do to "
    "Dolt's own tables dolt_branch_control and dolt_branch_namespace_control, for SQL users with "
    "the names of Django's; --dry-run only shows it. Needs dolt_router.review in INSTALLED_APPS."
)


def add_arguments(parser: Any) -> None:
    parser.add_argument("--of", metavar="USER", help="the user; without one: nobody in particular")
    parser.add_argument("--mirror", action="store_true", help="write Dolt's own permissions")
    parser.add_argument("--dry-run", action="store_true", help="show what --mirror would write")


def handle(options: dict[str, Any], out: Output) -> None:
    if not apps.is_installed("dolt_router.review"):
        raise DoltRouterError('Add "dolt_router.review" to INSTALLED_APPS to have permissions.')
    if options["mirror"] or options["dry_run"]:
        _mirror(options, out)
        return
    from django.contrib.auth.models import AnonymousUser

    from dolt_router.review.permissions import allowed
    from dolt_router.review.rules import demand_of

    using = options["using"]
    branch = aliases.current_branch(using)
    user = user_called(options["of"]) if options["of"] else AnonymousUser()
    may = {verb: allowed(user, verb, branch, using) for verb in VERBS}
    demand = demand_of(branch, using, user)
    rows = [(verb, "yes" if answer else "no") for verb, answer in may.items()]
    out.table(["verb", "may"], rows)
    if demand.needs_pull_request:
        out(f'"{branch}" takes changes by pull requests only, whoever it is.')
    out.data({"branch": branch, "may": may, "needs_pull_request": demand.needs_pull_request})


def _mirror(options: dict[str, Any], out: Output) -> None:
    from dolt_router.review import mirror

    rows, namespaces = mirror.planned(options["using"])
    out.table(["branch", "user", "permission"], [(row.branch, row.user, row.level) for row in rows])
    out.table(["may create", "user"], [(row.branch, row.user) for row in namespaces])
    if not options["dry_run"]:
        mirror.write(rows, namespaces, options["using"])
        out(f"Wrote {len(rows) + len(namespaces)} row(s).")
    out.data(
        {
            "branch_control": [row._asdict() for row in rows],
            "namespace_control": [row._asdict() for row in namespaces],
        }
    )
