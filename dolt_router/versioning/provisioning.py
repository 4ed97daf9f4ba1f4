"""Shared tables in a clone: made by the migrations that are recorded as applied.

A clone has the rows of `django_migrations` and the patterns of `dolt_nonlocal_tables`, which
are versioned, but not the tables they speak of. So `migrate` has nothing to do, and CREATE
TABLE fails with error 1105 "matches a name present in dolt_nonlocal_tables".
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState

from ..conf import conf
from ..exceptions import DoltServerError
from ..shared import is_shared_app, shared_tables
from .session import verb_connection, wrapper_of


def missing_shared_tables(using: str | None = None) -> list[str]:
    """The shared tables that the default branch lacks, by its recorded migrations; sorted."""
    lacking = _lacking_by_app(MigrationExecutor(_home(using)), using)
    return sorted(table for tables in lacking.values() for table in tables)


def create_shared_tables(using: str | None = None) -> list[str]:
    """Make the shared tables that are missing, empty, as in a database that was just cloned.

    The migrations of SHARED_APPS that are recorded as applied are run once more, without being
    recorded. No commit holds anything of it, so the clone stays equal to its remote.

    Returns:
        The names of the tables made, sorted.

    Raises:
        DoltServerError: an app has some of its tables and lacks others: its migrations were
            recorded (pulled from another site) and not run here.
    """
    home = _home(using)
    executor = MigrationExecutor(home)
    loader = executor.loader
    lacking = _lacking_by_app(executor, using)
    missing = sorted(table for tables in lacking.values() for table in tables)
    if not missing:
        return []
    torn = sorted(app for app, tables in lacking.items() if tables != _tables_of(app))
    if torn:
        raise DoltServerError(
            f"The tables of {', '.join(torn)} are there in part only: {', '.join(missing)} are "
            "missing, though the migrations are recorded as applied. Take those records back "
            "with `manage.py migrate --fake <app> <the last one that was run here>` and migrate."
        )
    with home.one_dolt_commit("Create shared tables"):
        with home.cursor() as cursor:
            for table in missing:
                cursor.execute("DELETE FROM dolt_nonlocal_tables WHERE table_name = %s", [table])
        state = ProjectState()
        for migration, _backwards in executor.migration_plan(
            loader.graph.leaf_nodes(), clean_start=True
        ):
            key = (migration.app_label, migration.name)
            if migration.app_label in lacking and key in loader.applied_migrations:
                with home.schema_editor(atomic=migration.atomic) as editor:
                    state = migration.apply(state, editor)
            else:
                state = migration.mutate_state(state, preserve=False)
    return missing


def _home(using: str | None) -> Any:
    return wrapper_of(str(conf.DEFAULT_BRANCH), using)


def _lacking_by_app(executor: MigrationExecutor, using: str | None) -> dict[str, set[str]]:
    with verb_connection(str(conf.DEFAULT_BRANCH), using) as home, home.cursor() as cursor:
        there = {name.lower() for name in home.engine.tables(cursor)}
    labels = {app for app, _name in executor.loader.applied_migrations}
    labels = {app for app in labels if is_shared_app(app) and app in apps.app_configs}
    return {app: lacking for app in labels if (lacking := _tables_of(app) - there)}


def _tables_of(app_label: str) -> set[str]:
    models = apps.get_app_config(app_label).get_models(include_auto_created=True)
    return {model._meta.db_table.lower() for model in models} & shared_tables()
