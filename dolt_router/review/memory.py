"""What gates find out, kept for as long as one actor acts: a request asks the database once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import DatabaseError
from django.db.models.signals import m2m_changed, post_delete, post_save

from dolt_router import aliases
from dolt_router.access import current_actor

T = TypeVar("T")

_generation = 0  # of grants and rules, in this process


def remembered(key: tuple[Any, ...], fetch: Callable[[], list[T]]) -> list[T]:
    """`fetch()`, or what it gave this actor before; fetched each time when nobody acts.

    A site whose tables of reviews aren't made yet has no grants and no rules.
    """
    actor = current_actor()
    if actor is None:
        return _fetched(fetch)
    whole = (*key, _generation)
    if whole not in actor.memo:
        actor.memo[whole] = _fetched(fetch)
    found: list[T] = actor.memo[whole]
    return found


def _fetched(fetch: Callable[[], list[T]]) -> list[T]:
    try:
        return fetch()
    except DatabaseError:
        if _are_tables_made():
            raise
        return []


def _are_tables_made() -> bool:
    from .models import BranchRule

    wrapper = aliases.handler()[aliases.default_alias()]
    return BranchRule._meta.db_table in wrapper.introspection.table_names()


def forget(**kwargs: Any) -> None:
    """Receiver: grants, rules or who is in a group changed in this process."""
    global _generation
    _generation += 1


def connect() -> None:
    """Have what is remembered forgotten when it changes here."""
    from django.contrib.auth import get_user_model

    from .models import BranchGrant, BranchRule

    for model in (BranchGrant, BranchRule):
        for signal in (post_save, post_delete):
            signal.connect(forget, sender=model, dispatch_uid=f"dolt_review.{model.__name__}")
    through: list[Any] = [BranchRule.merger_users.through, BranchRule.merger_groups.through]
    user: Any = get_user_model()
    if hasattr(user, "groups"):
        through.append(user.groups.through)
    for number, table in enumerate(through):
        m2m_changed.connect(forget, sender=table, dispatch_uid=f"dolt_review.m2m.{number}")
