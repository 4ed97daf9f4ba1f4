"""The queries, and the rows that they find."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.management import call_command
from django.db import connections
from django.db.models import (
    Avg,
    Case,
    Count,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Lower

from tests.inventory.models import Device, Site, Tag

SITES, DEVICES = 50, 2000


def _queries(using: str) -> dict[str, Callable[[], Any]]:
    devices, sites = Device.objects.using(using), Site.objects.using(using)
    newest = devices.filter(site=OuterRef("pk")).order_by("-pk").values("name")[:1]
    return {
        "by primary key": lambda: devices.get(pk=100),
        "by text": lambda: list(devices.filter(name="device-100")),
        "list of 200": lambda: list(devices.all()[:200]),
        "list of 2000": lambda: list(devices.all()),
        "ordered page": lambda: list(devices.order_by("name")[100:120]),
        "join": lambda: list(devices.select_related("site").order_by("pk")[:100]),
        "filter over a join": lambda: list(devices.filter(site__name="site-7")),
        "many-to-many": lambda: list(devices.filter(tags__name="tag-3").order_by("pk")[:50]),
        "prefetch": lambda: list(devices.prefetch_related("tags").order_by("pk")[:50]),
        "IN of 100": lambda: list(devices.filter(pk__in=range(1, 101))),
        "range and OR": lambda: list(devices.filter(Q(height__lt=2) | Q(height__range=(8, 9)))),
        "count": lambda: devices.filter(height__gt=3).count(),
        "exists": lambda: devices.filter(height=7).exists(),
        "aggregate": lambda: devices.aggregate(Max("height"), Avg("height"), Count("pk")),
        "group and count": lambda: list(sites.annotate(n=Count("devices")).order_by("pk")),
        "group by values": lambda: list(devices.values("height").annotate(n=Count("pk"))),
        "sum with a condition": lambda: list(
            sites.annotate(n=Sum(Case(When(devices__height__gt=3, then=1), default=0)))
        ),
        "subquery": lambda: list(sites.annotate(newest=Subquery(newest))),
        "exists subquery": lambda: list(
            sites.filter(Exists(devices.filter(site=OuterRef("pk"), height__gt=8)))
        ),
        "functions": lambda: list(
            devices.annotate(low=Lower("name"), h=Coalesce("height", Value(0)) + 1)[:200]
        ),
        "F expression": lambda: list(devices.filter(height__gt=F("site_id"))[:50]),
        "distinct": lambda: list(devices.values_list("height", flat=True).distinct()),
    }


def prepare() -> dict[str, dict[str, Callable[[], Any]]]:
    """`{query: {"ours": run, "plain": run}}`, of the same rows."""
    with connections["default"]._nodb_cursor() as cursor:
        cursor.execute("CREATE DATABASE IF NOT EXISTS bench")
    call_command("migrate", verbosity=0)
    _fill("default")
    # In the same database, called alike: one that has shared tables costs more, and without a
    # branch in its name Dolt plans by statistics, whoever asks (dolt-notes.md).
    connections.settings["plain"]["NAME"] = "bench/main"
    ours, plain = _queries("default"), _queries("plain")
    return {name: {"ours": ours[name], "plain": plain[name]} for name in ours}


def _fill(using: str) -> None:
    sites = [Site(pk=n, name=f"site-{n}") for n in range(1, SITES + 1)]
    Site.objects.using(using).bulk_create(sites)
    tags = [Tag(pk=n, name=f"tag-{n}") for n in range(1, 11)]
    Tag.objects.using(using).bulk_create(tags)
    make = partial(Device, owner=None)
    Device.objects.using(using).bulk_create(
        [
            make(pk=n, name=f"device-{n}", site_id=n % SITES + 1, height=n % 10)
            for n in range(1, DEVICES + 1)
        ]
    )
    through = Device.tags.through
    through.objects.using(using).bulk_create(
        [through(device_id=n, tag_id=n % 10 + 1) for n in range(1, DEVICES + 1)]
    )
