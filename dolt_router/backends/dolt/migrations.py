"""Which migrations a branch lacks that the code on disk expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import DatabaseWrapper


def missing_migrations(wrapper: DatabaseWrapper) -> list[str]:
    """The migrations on disk that are not applied on this branch.

    Returns:
        Names as `app_label.0002_name`, in the order of the migration graph. Empty for a
        branch that has no migrations recorded at all.
    """
    from django.db.migrations.loader import MigrationLoader

    with wrapper.second_connection() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        applied = set(cursor.fetchall())
    loader = MigrationLoader(None, ignore_no_migrations=True)
    if not applied:
        return []
    names = []
    for leaf in loader.graph.leaf_nodes():
        for key in loader.graph.forwards_plan(leaf):
            shown = ".".join(key)
            if key not in applied and shown not in names:
                names.append(shown)
    return names
