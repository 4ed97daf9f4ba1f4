"""Models with tables of a test's own, and what tests of objects' histories do all the time."""

from __future__ import annotations

from itertools import count
from typing import Any

from django.db import connections, models

from dolt_router.autocommit import AutoDoltCommit
from dolt_router.models import Commit
from dolt_router.versioning.history import Version

ANN, BOB = "Ann <ann@example.org>", "Bob <bob@example.org>"


class Part(models.Model):
    name = models.CharField(max_length=20)

    class Meta:
        app_label = "histories"


class Asset(models.Model):
    title = models.CharField(max_length=20)
    created = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = "histories"


class Rack(Asset):
    price = models.DecimalField(max_digits=7, decimal_places=2, null=True)
    data = models.JSONField(null=True)
    uid = models.UUIDField(null=True)
    bought = models.DateField(null=True)
    lease = models.DurationField(null=True)
    state = models.CharField(max_length=1, choices=[("a", "Active"), ("s", "Spare")], default="a")
    live = models.BooleanField(default=True)
    blob = models.BinaryField(null=True)
    parts = models.ManyToManyField(Part)

    class Meta:
        app_label = "histories"


MODELS = (Part, Asset, Rack)
# The history of a table that was dropped shows behind one of its name: no key is used twice.
KEYS = count(1000)


def sql(*statements: str, branch: str = "default") -> None:
    with connections[branch].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def head(ref: str = "main") -> str:
    return Commit.objects.on(ref)[0].commit_hash


def told(versions: list[Version]) -> list[tuple[str, dict[str, tuple[Any, Any]]]]:
    return [(v.kind, {c.field: (c.old, c.new) for c in v.changes}) for v in versions]


def change(obj: models.Model, message: str = "", author: str = ANN, **values: Any) -> str:
    with AutoDoltCommit(message or f"Set {', '.join(values)}", author) as unit:
        rows = type(obj)._base_manager.using(obj._state.db)
        rows.filter(pk=obj.pk).update(**values)
    assert unit.commit_hash
    return unit.commit_hash
