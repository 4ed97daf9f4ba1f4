"""Which migrations a branch lacks that the code on disk expects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .base import DatabaseWrapper


def applied_migrations(cursor: Any) -> set[tuple[str, str]]:
    """The migrations recorded on the cursor's branch, as (app, name); none before the first."""
    if not cursor.db.engine.has_table(cursor, "django_migrations"):
        return set()
    cursor.execute("SELECT app, name FROM django_migrations")
    return set(cursor.fetchall())


def missing_migrations(wrapper: DatabaseWrapper) -> list[str]:
    """The migrations on disk that are not applied on this branch.

    Returns:
        Names as `app_label.0002_name`, in the order of the migration graph; all of them for
        a branch from before the first.
    """
    from django.db.migrations.loader import MigrationLoader

    with wrapper.second_connection() as connection, connection.cursor() as cursor:
        applied = applied_migrations(cursor)
    loader = MigrationLoader(None, ignore_no_migrations=True)
    names = []
    for leaf in loader.graph.leaf_nodes():
        for key in loader.graph.forwards_plan(leaf):
            shown = ".".join(key)
            if key not in applied and shown not in names:
                names.append(shown)
    return names
