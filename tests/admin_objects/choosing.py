"""Choices on the conflicts page, for the tests of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.contrib import admin
from django.test import Client, override_settings

from dolt_router import use_branch
from tests.inventory.models import Device, Site
from tests.versioning.objects import change

PAGE = "/admin/dolt_router/branch/conflicts/"


def address(source: str = "feature/x", into: str = "main", **more: str) -> str:
    return f"{PAGE}?{urlencode({'source': source, 'into': into, **more})}"


@pytest.fixture(name="device")
def device_in_conflict(dolt: None, make_branch: Any) -> Device:
    """In conflict on `feature/x`: name and height of one device; `site` changed there only."""
    device = Device.objects.create(name="alpha", height=1)
    make_branch("feature/x")
    with use_branch("feature/x"):
        site = Site.objects.create(name="Berlin")
        change(Device.objects.get(pk=device.pk), "Theirs", name="theirs", height=2, site=site)
    change(device, "Ours", name="ours", height=3)
    return device


def on(branch: str, pk: Any) -> Device:
    return Device.objects.using(f"default/{branch}").get(pk=pk)


def form_of(page: Any, *words: str, **picks: str) -> dict[str, Any]:
    """What the form sends when its first row's fields are picked so: `name="ours"`."""
    rows = page.context["rows"]
    sent: dict[str, Any] = {"row": [row.mark for row in rows], **page.context["heads"]}
    for row in rows:
        for cell in row.cells:
            if cell.pick:
                sent[cell.name] = cell.pick
            if cell.pick == "own":
                sent[cell.value_name] = row.picks[cell.column][0]
    for column, pick in picks.items():
        (cell,) = [cell for row in rows[:1] for cell in row.cells if cell.column == column]
        if pick in ("ours", "theirs"):
            sent[cell.name] = pick
        else:
            sent |= {cell.name: "own", cell.value_name: pick}
    return sent | dict.fromkeys(words, "1")


def send(client: Client, *words: str, at: str = "", **picks: str) -> Any:
    where = at or address()
    return client.post(where, form_of(client.get(where), *words, **picks))


@pytest.fixture(name="kept_in", autouse=True, params=["shared", "session"])
def where_choices_are_kept(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where choices are kept: with `dolt_router.review` installed, and without it."""
    if request.param == "shared":
        yield "shared"
        return
    without = [app for app in settings.INSTALLED_APPS if app != "dolt_router.review"]
    registered = dict(admin.site._registry)
    for model in registered:
        if model._meta.app_label == "dolt_review":
            admin.site.unregister(model)
    with override_settings(INSTALLED_APPS=without):
        yield "session"
    admin.site._registry = registered
