"""On a branch that takes no direct writes the stock admin offers nothing to write."""

from __future__ import annotations

import pytest
from django.test import override_settings

from dolt_router.models import Branch, Commit
from tests.admin_objects.conftest import Log_in, text_of, url
from tests.inventory.models import Device, Site


@pytest.fixture
def device(dolt: None) -> Device:
    made = Device.objects.create(name="lathe", site=Site.objects.create(name="there"))
    Branch.objects.create(name="feature/x")
    return made


def test_objects_of_a_protected_branch_are_looked_at(device: Device, log_in: Log_in) -> None:
    client = log_in()
    with override_settings(DOLT_ROUTER={"PROTECTED_BRANCHES": ["main"]}):
        page = client.get(url("device", "change/", device.pk))
        assert page.status_code == 200
        assert 'name="_save"' not in text_of(page) and "lathe" in text_of(page)
        assert client.get(url("device", "add/")).status_code == 403
        assert client.get(url("device", "delete/", device.pk)).status_code == 403
        before = Commit.objects.on("main").count()
        answer = client.post(url("device", "change/", device.pk), {"name": "x", "height": 1})
        assert answer.status_code == 403
        assert Commit.objects.on("main").count() == before
        listed = text_of(client.get(url("device")))
        assert "delete_selected" not in listed and "lathe" in listed


def test_other_branches_and_shared_models_stay_open(device: Device, log_in: Log_in) -> None:
    client = log_in(on="feature/x")
    with override_settings(DOLT_ROUTER={"PROTECTED_BRANCHES": ["main"]}):
        assert 'name="_save"' in text_of(client.get(url("device", "change/", device.pk)))
        assert 'name="_save"' in text_of(log_in().get("/admin/auth/user/add/"))
