"""Migrate many branches."""

from __future__ import annotations

import io
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections

from dolt_router import aliases
from dolt_router.backends.dolt.migrations import missing_migrations
from dolt_router.management.output import Output
from dolt_router.versioning import branches, resets
from dolt_router.versioning.sharing import status

help = """Migrate all branches, or those that match.

Goes on past a branch that fails and reports at the end. Run again it goes on where it stopped:
each migration is one commit, so a branch is either before or after it."""


class Outcome(NamedTuple):
    """What became of one branch: migrated, up to date, would be migrated, or failed."""

    branch: str
    state: str
    migrations: list[str]
    error: str
    seconds: float


def add_arguments(parser: Any) -> None:
    parser.add_argument("patterns", nargs="*", help="globs of branch names; all when left out")
    parser.add_argument("-n", "--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--jobs", type=int, default=1, help="how many branches at a time (1)")
    parser.add_argument(
        "--discard",
        action="store_true",
        help="throw away what an interrupted migration left uncommitted on a branch",
    )


def handle(options: dict[str, Any], out: Output) -> None:
    using, patterns = options["using"], options["patterns"]
    if options["jobs"] < 1:
        raise CommandError("--jobs must be at least 1.")
    names = [
        name
        for name in branches.names(using)
        if not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
    ]
    if not names:
        raise CommandError(f"No branch matches {' '.join(patterns)}.")
    outcomes: list[Outcome] = []
    with (
        out.progress("Migrating branches", len(names)) as advance,
        ThreadPoolExecutor(max_workers=options["jobs"]) as pool,
    ):
        started = [pool.submit(_one, name, options) for name in names]
        for future in as_completed(started):
            outcome = future.result()
            outcomes.append(outcome)
            if outcome.state == "failed":
                out(f"failed {outcome.branch}: {outcome.error}")
            elif outcome.state != "up to date":
                out(f"{outcome.state} {outcome.branch}: {', '.join(outcome.migrations)}")
            advance()
    outcomes.sort(key=lambda outcome: outcome.branch)
    counts = {state: sum(o.state == state for o in outcomes) for state in sorted(_states(outcomes))}
    out(", ".join(f"{count} {state}" for state, count in counts.items()))
    out.data(outcomes)
    if failed := [outcome.branch for outcome in outcomes if outcome.state == "failed"]:
        raise CommandError(
            f"{len(failed)} branch(es) failed: {', '.join(failed)}. Mend the cause and run the "
            "command again: it goes on where it stopped.",
            returncode=1,
        )


def _states(outcomes: list[Outcome]) -> set[str]:
    return {outcome.state for outcome in outcomes}


def _one(name: str, options: dict[str, Any]) -> Outcome:
    """Migrate one branch, in a thread of the pool; errors end up in the outcome."""
    using, started, missing = options["using"], time.monotonic(), list[str]()
    state, error = "up to date", ""
    try:
        alias = aliases.branch_alias(name, using)
        missing = missing_migrations(aliases.handler()[alias])
        if missing and options["dry_run"]:
            state = "would migrate"
        elif missing:
            _refuse_leftovers(name, using, options["discard"])
            call_command("migrate", database=alias, verbosity=0, stdout=io.StringIO())
            state = "migrated"
    except Exception as raised:
        state, error = "failed", f"{type(raised).__name__}: {raised}"
    finally:
        connections.close_all()
    return Outcome(name, state, missing, error, round(time.monotonic() - started, 3))


def _refuse_leftovers(name: str, using: str | None, discard: bool) -> None:
    left = [str(row["table_name"]) for row in status(name, using)]
    if not left:
        return
    if not discard:
        raise CommandError(
            f"{', '.join(left)} changed and not committed, perhaps by a migration that was "
            f"interrupted. Look: manage.py dolt status --branch {name}. Throw it away with "
            "--discard."
        )
    resets.discard(name, None, using)
