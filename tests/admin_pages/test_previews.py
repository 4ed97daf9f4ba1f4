"""Preview links: signed, expiring, revocable, and for looking only."""

from __future__ import annotations

import datetime
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dolt_router.review.models import BranchGrant, PreviewLink
from tests.admin_pages.conftest import MakeUser, client_of
from tests.admin_pages.test_pages import text_of, url
from tests.inventory.models import Device


@pytest.fixture
def ann(make_user: MakeUser) -> Client:
    return client_of(make_user("ann", "view_device", "change_device", "add_device"))


@pytest.fixture
def address(ann: Client, feature: str) -> str:
    """A preview link of Ann's, to a branch that only she may read."""
    user = PreviewLink._meta.get_field("created_by").related_model.objects.get(username="ann")
    BranchGrant.objects.create(pattern="feature/*", verbs=["read"], user=user)
    Device.objects.using(feature).create(name="new-1")
    page = text_of(ann.post(url("share"), {"branch": feature, "days": "7"}))
    found = re.search(r'value="http://testserver(/admin/[^"]*preview/[^"]*)"', page)
    assert found is not None
    return found[1]


def names(client: Client) -> list[str]:
    return client.get("/names/").json()["names"]


def test_stranger_sees_the_branch_and_only_that(client: Client, address: str) -> None:
    assert client.get("/names/", HTTP_X_DOLT_BRANCH="feature/x").status_code == 403
    assert "ann shows you the branch" in text_of(client.get(address))
    assert "dolt-branch" not in client.session
    assert client.post(address)["Location"] == "/"
    assert names(client) == ["new-1"]


def test_preview_changes_nothing(client: Client, address: str) -> None:
    client.post(address)
    assert client.get("/save/?name=x").status_code == 403
    assert client.get("/save/?name=x", HTTP_X_DOLT_BRANCH="main").status_code == 403
    assert Device.objects.using("feature/x").count() == 1 and not Device.objects.exists()


def test_preview_is_left_by_a_post(client: Client, address: str) -> None:
    client.post(address)
    leave = reverse("admin:dolt_router_preview_leave")
    assert client.get(leave).status_code == 405
    client.post(leave)
    assert names(client) == [] and "dolt-preview" not in client.session


def test_revoked_link_ends_the_sessions_that_it_opened(
    ann: Client, client: Client, address: str
) -> None:
    client.post(address)
    link = PreviewLink.objects.get()
    ann.post(url("share"), {"branch": "feature/x", "revoke": link.pk})
    assert client.get("/names/").status_code == 403
    assert Client().get(address).status_code == 403


def test_expired_link_ends_the_sessions_that_it_opened(client: Client, address: str) -> None:
    client.post(address)
    PreviewLink.objects.update(expires=timezone.now() - datetime.timedelta(seconds=1))
    assert client.get("/names/").status_code == 403
    assert Client().post(address).status_code == 403


def test_forged_link_is_refused(client: Client, address: str) -> None:
    forged = address.rstrip("/")[:-2] + "xx/"
    assert client.post(forged).status_code == 403 and "dolt-branch" not in client.session


def test_session_gets_another_key_when_it_becomes_a_preview(client: Client, address: str) -> None:
    client.session["x"] = 1
    client.session.save()
    before = client.session.session_key
    client.post(address)
    assert client.session.session_key != before


def test_opening_needs_a_token_and_leads_nowhere_else(address: str) -> None:
    assert Client(enforce_csrf_checks=True).post(address).status_code == 403
    response = Client().post(address, {"next": "https://evil.example/"})
    assert response["Location"] == "/"


def test_link_of_another_is_not_revoked(make_user: MakeUser, address: str) -> None:
    eve = client_of(make_user("eve", is_superuser=True))
    data = {"branch": "feature/x", "revoke": PreviewLink.objects.get().pk}
    assert eve.post(url("share"), data).status_code == 404
    assert PreviewLink.objects.get().is_live
