"""Model signals tell which objects were written; see `backends.dolt.journal`.

They only enrich the message. What decides about a commit is the statements: `update()`,
`bulk_create()` and raw SQL send no signal.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save

from . import aliases
from .backends.dolt.journal import ADDED, CHANGED, DELETED


def _note(
    using: str, action: str, model: type[Model], keys: list[Any], rows: int | None = None
) -> None:
    target = aliases.handler().target(using)
    if target is None:
        return
    wrapper = aliases.handler()[using]
    if wrapper.server_transaction:
        wrapper.journal.objects(action, model._meta.db_table, keys, rows)


def note_save(sender: type[Model], instance: Model, created: bool, using: str, **kw: Any) -> None:
    """Receiver of `post_save`."""
    _note(using, ADDED if created else CHANGED, sender, [instance.pk])


def note_delete(sender: type[Model], instance: Model, using: str, **kw: Any) -> None:
    """Receiver of `post_delete`."""
    _note(using, DELETED, sender, [instance.pk])


def note_m2m(
    sender: type[Model],
    instance: Any,
    action: str,
    reverse: bool,
    using: str,
    pk_set: Any,
    **kw: Any,
) -> None:
    """Receiver of `m2m_changed`: the objects that own the field count as changed."""
    if action not in ("post_add", "post_remove", "post_clear"):
        return
    owner: Any = sender._meta.auto_created
    if not owner:
        return
    if not reverse:
        _note(using, CHANGED, owner, [instance.pk], rows=0)
    elif pk_set:
        _note(using, CHANGED, owner, sorted(pk_set, key=str), rows=0)


def connect() -> None:
    """Connect the receivers; done once, by the app's `ready`."""
    post_save.connect(note_save, dispatch_uid="dolt_router.save")
    post_delete.connect(note_delete, dispatch_uid="dolt_router.delete")
    m2m_changed.connect(note_m2m, dispatch_uid="dolt_router.m2m")
