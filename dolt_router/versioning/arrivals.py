"""Content types and permissions of the models that a merge brought to the default branch.

They are rows of shared tables, which `migrate` writes when it migrates the default branch. A
migration that was run on another branch leaves them alone, since the default branch has its
models as before; and once merged it counts as applied, so `migrate` won't see to them either.
"""

from __future__ import annotations

import logging
from typing import Any

from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.migrations import RenameModel
from django.db.migrations.loader import MigrationLoader

from ..shared import is_shared_app

logger = logging.getLogger("dolt_router")


def follow(arrived: set[tuple[str, str]], home: str) -> None:
    """Do for the migrations `arrived` what `migrate` would have done in shared tables.

    Errors are logged: the merge is done, and `migrate` makes what is missing.

    Args:
        home: the alias of the default branch.
    """
    if not arrived or not _is_shared("contenttypes"):
        return
    try:
        _rename_content_types(arrived, home)
        _create(home)
    except Exception:
        logger.exception("Content types and permissions were not made. Run: manage.py migrate")


def _is_shared(label: str) -> bool:
    return apps.is_installed(f"django.contrib.{label}") and is_shared_app(label)


def _rename_content_types(arrived: set[tuple[str, str]], home: str) -> None:
    on_disk = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    for label, name in sorted(arrived):
        migration: Any = on_disk.get((label, name))
        for operation in migration.operations if migration else ():
            if isinstance(operation, RenameModel):
                _rename(label, operation.old_name_lower, operation.new_name_lower, home)


def _rename(label: str, old: str, new: str, home: str) -> None:
    from django.contrib.contenttypes.models import ContentType

    kept = ContentType.objects.using(home).filter(app_label=label, model=old)
    try:
        with transaction.atomic(using=home):
            kept.update(model=new)
    except IntegrityError:
        pass  # used under its new name already: `remove_stale_contenttypes` asks about the old
    ContentType.objects.clear_cache()


def _create(home: str) -> None:
    from django.contrib.contenttypes.management import create_contenttypes

    for config in apps.get_app_configs():
        create_contenttypes(config, verbosity=0, interactive=False, using=home)
        if _is_shared("auth"):
            from django.contrib.auth.management import create_permissions

            create_permissions(config, verbosity=0, interactive=False, using=home)
