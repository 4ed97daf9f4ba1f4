"""The steps that one app goes through; each runs in a process of its own.

    python -m third_party.phases PHASE FILE

writes what was found to FILE as JSON: `{"failures": [...], ...}`. Settings come from the
environment, see `settings`.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

Result = dict[str, Any]
BRANCH = "third-party/try"
ALIAS = f"default/{BRANCH}"


def _labels() -> list[str]:
    """Labels of the app and what it depends on, as INSTALLED_APPS has them."""
    from django.apps import apps

    from .catalogue import named

    own = named(os.environ["THIRD_PARTY_APP"]).apps
    configs = {config.name: config.label for config in apps.get_app_configs()}
    classes = {f"{type(c).__module__}.{type(c).__name__}": c.label for c in apps.get_app_configs()}
    return [configs.get(name) or classes[name] for name in own]


def _migrated_labels() -> list[str]:
    from django.db.migrations.loader import MigrationLoader

    there = MigrationLoader(None, ignore_no_migrations=True).migrated_apps
    return [label for label in _labels() if label in there]


def _migrate(alias: str, *target: str) -> Result:
    """Run `migrate`; on Dolt also look at the commits that it made.

    Returns:
        `migrations`: how many were run; `failures`: a sentence for each thing that is not as
        it should be.
    """
    from django.core.management import call_command
    from django.db import connections

    before, failures = _applied(alias), list[str]()
    planned = _plan(alias, *target)
    is_dolt = hasattr(connections[alias], "one_dolt_commit")
    head = _log(alias, None)[0][0] if is_dolt else None
    started = time.monotonic()
    call_command("migrate", *target, database=alias, verbosity=0, interactive=False)
    seconds = time.monotonic() - started
    after = _applied(alias)
    result: Result = {"migrations": len(planned), "seconds": round(seconds, 1)}
    if is_dolt:
        messages = [message for _hash, message in _log(alias, head)]
        verb = "Unmigrate" if before > after else "Migrate"
        expected = [f"{verb} {name}" for name in planned]
        other = [message for message in messages if message not in expected]
        for name in expected:
            if messages.count(name) != 1:
                failures.append(f"{messages.count(name)} commits for {name}")
        result["other_commits"] = other
        failures += _leftovers(alias)
    result["failures"] = failures
    return result


def _applied(alias: str) -> set[tuple[str, str]]:
    from django.db import connections
    from django.db.migrations.recorder import MigrationRecorder

    return set(MigrationRecorder(connections[alias]).applied_migrations())


def _plan(alias: str, *target: str) -> list[str]:
    """The migrations that `migrate` will run, as `app.0001_name`."""
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connections[alias])
    goal = [(target[0], None)] if target else executor.loader.graph.leaf_nodes()
    return [f"{step.app_label}.{step.name}" for step, _back in executor.migration_plan(goal)]


def _log(alias: str, until: str | None) -> list[tuple[str, str]]:
    """(hash, message) of the commits after `until`, newest first."""
    from dolt_router.models import Commit

    found = []
    for commit in Commit.objects.on(_ref(alias))[:5000]:
        if commit.commit_hash == until:
            break
        found.append((commit.commit_hash, commit.message))
    return found


def _ref(alias: str) -> str:
    return BRANCH if alias == ALIAS else "main"


def _leftovers(alias: str) -> list[str]:
    from dolt_router.versioning.sharing import status, tracked_shared_tables

    left = [f"{row['table_name']} is left uncommitted" for row in status(_ref(alias))]
    return left + [f"{table} is in a commit and shared" for table in tracked_shared_tables()]


def _compared(alias: str) -> Result:
    """makemigrations --check, and every model's table against introspection."""
    from django.core.management import call_command

    from . import described

    failures, labels = list[str](), _labels()
    drift = ""
    try:
        call_command("makemigrations", *_migrated_labels(), check=True, dry_run=True, verbosity=0)
    except SystemExit:
        drift = "its own models have changes without a migration"
    tables = {}
    for model in described.models_of(labels):
        failures += described.missing(model, alias)
        name = model._meta.db_table
        if f"{name}: no such table" not in failures:
            tables[name] = vars(described.found(name, alias))
    return {"failures": failures, "tables": tables, "drift": drift}


def forwards() -> Result:
    """From zero on the default alias, then compared."""
    from dolt_router.shared import shared_tables

    result = _migrate("default")
    result["shared"] = sorted(shared_tables())
    return _with_tables(result, _compared("default"))


def _with_tables(result: Result, compared: Result) -> Result:
    result["failures"] = result["failures"] + compared.pop("failures")
    return {**result, **compared}


def backwards() -> Result:
    """To zero as far as the migrations can, then forwards again and compared."""
    from django.db import connections
    from django.db.migrations.exceptions import IrreversibleError

    irreversible, failures, count = list[str](), list[str](), 0
    for label in reversed(_migrated_labels()):
        if not any(app == label for app, _name in _applied("default")):
            continue
        before = _applied("default")
        try:
            result = _migrate("default", label, "zero")
            failures += result["failures"]
        except IrreversibleError as error:
            irreversible.append(str(error))
        count += len(before - _applied("default"))
    labels = set(_migrated_labels())
    if not irreversible:
        from . import described

        with connections["default"].cursor() as cursor:
            there = set(connections["default"].introspection.table_names(cursor))
        models = described.models_of(_migrated_labels())
        left = sorted(there.intersection(model._meta.db_table for model in models))
        failures += [f"{table} is still there at zero" for table in left]
        rest = [key for key in _applied("default") if key[0] in labels]
        failures += [f"{app}.{name} is still applied" for app, name in rest]
    again = _migrate("default")
    failures += again["failures"]
    result = {"failures": failures, "irreversible": irreversible, "unapplied": count}
    return _with_tables(result, _compared("default"))


def contrib() -> Result:
    """Django's own apps on main; no app of the catalogue is installed."""
    return _migrate("default")


def branch() -> Result:
    """From zero on a branch, a commit on main meanwhile, merged, and compared on main."""
    from django.core.management import call_command
    from django.db import connections

    from dolt_router.versioning import branches

    from . import described
    from .small.mainline.models import Mark

    branches.create(BRANCH, "main")
    result = _migrate(ALIAS)
    compared = _compared(ALIAS)
    failures = [f"on the branch: {told}" for told in compared["failures"]]
    models = described.models_of(_migrated_labels())
    with connections["default"].cursor() as cursor:
        there = set(connections["default"].introspection.table_names(cursor))
    failures += [
        f"{model._meta.db_table} is on main before the merge"
        for model in models
        if model._meta.db_table in there
    ]
    Mark.objects.create(name="main goes on")
    result["merged"] = False
    result["failures"] += failures
    result["merge_failures"] = []
    try:
        with open(os.devnull, "w") as out:
            call_command("dolt", "merge", BRANCH, "--into", "main", stdout=out)
        result["merged"] = True
        after = _compared("default")
        result["merge_failures"] += after["failures"] + _leftovers("default")
        if missing := _applied(ALIAS) - _applied("default"):
            result["merge_failures"].append(f"not applied after the merge: {sorted(missing)}")
        result["merge_failures"] += _without_permissions()
        result["tables"] = after["tables"]
    except Exception as error:
        result["merge_failures"].append(_short(error))
        traceback.print_exc()
    return result


def twice() -> Result:
    """From zero on a branch and on main, each by itself as `dolt migrate-branches` does; merged.

    Returns:
        `conflict`: why they can't be merged, where the app's migrations make rows: both sides
        have them then, under other ids.
    """
    from django.core.management import CommandError, call_command

    from dolt_router.versioning import branches

    branches.create(BRANCH, "main")
    failures = [*_migrate(ALIAS)["failures"], *_migrate("default")["failures"]]
    try:
        with open(os.devnull, "w") as out:
            call_command("dolt", "merge", BRANCH, "--into", "main", stdout=out)
    except CommandError as error:
        return {"failures": failures, "conflict": str(error)}
    failures += _compared("default")["failures"] + _leftovers("default")
    return {"failures": failures}


def _without_permissions() -> list[str]:
    """Models of the app that nobody can be given the permission to view."""
    from django.contrib.auth.models import Permission

    from . import described

    there = set(
        Permission.objects.values_list("content_type__app_label", "content_type__model", "codename")
    )
    return [
        f"no permission for {model._meta.label}"
        for model in described.models_of(_migrated_labels())
        if "view" in model._meta.default_permissions
        and not model._meta.auto_created
        and (model._meta.app_label, model._meta.model_name, f"view_{model._meta.model_name}")
        not in there
    ]


def rows() -> Result:
    """A row per table on main, edited on both sides of a branch, and merged."""
    from . import edits

    return edits.run(_labels())


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0][:300]


PHASES: dict[str, Callable[[], Result]] = {
    phase.__name__: phase for phase in (forwards, backwards, contrib, branch, rows, twice)
}


def main(name: str, file: Path) -> None:
    """Run the phase and write its result; an exception is a failure in it."""
    django.setup()
    try:
        result = PHASES[name]()
    except Exception as error:
        traceback.print_exc()
        result = {"failures": [_short(error)], "error": traceback.format_exc()}
    file.write_text(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
