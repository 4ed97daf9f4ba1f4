"""The branch bar on every page of the admin."""

from __future__ import annotations

import re

import pytest
from django.test import Client, override_settings

from tests.inventory.models import Device

ON_X = {"HTTP_X_DOLT_BRANCH": "feature/x"}


def bar_of(response: object) -> str:
    page = response.content.decode()  # type: ignore[attr-defined]
    return page[page.index('<section id="dolt-bar"') :].partition("</section>")[0]


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/inventory/device/", "/admin/inventory/device/add/"]
)
def test_stock_pages_say_where_they_are(root: Client, feature: str, path: str) -> None:
    on_main, on_x = bar_of(root.get(path)), bar_of(root.get(path, **ON_X))
    assert "main</strong>" in on_main and "Default" in on_main
    assert "feature/x</strong>" in on_x and "Default</span>\n{" not in on_x
    assert "0 commits ahead, 0 behind main" in on_x


def test_distance_counts_commits_of_both_sides(root: Client, feature: str) -> None:
    Device.objects.using("feature/x").create(name="one")
    Device.objects.using("feature/x").create(name="two")
    Device.objects.create(name="three")
    assert "2 commits ahead, 1 behind main" in bar_of(root.get("/admin/", **ON_X))


def test_popups_and_json_have_no_bar(root: Client) -> None:
    assert b"dolt-bar" not in root.get("/admin/inventory/device/add/?_popup=1").content
    assert b"dolt-bar" not in root.get("/admin/jsi18n/").content


def test_login_page_has_no_bar(client: Client, dolt: None) -> None:
    assert b"dolt-bar" not in client.get("/admin/login/").content


@override_settings(DOLT_ROUTER={"PROTECTED_BRANCHES": ["main"]})
def test_protected_branch_is_marked_by_words_and_icon(root: Client) -> None:
    bar = bar_of(root.get("/admin/"))
    assert "dolt-on-closed" in bar and "Protected: no direct changes" in bar
    assert 'dolt-mark-closed"><svg' in bar


def test_bar_leads_to_every_page_that_it_names(root: Client, feature: str) -> None:
    addresses = re.findall(r'(?:href|action)="([^"]*)"', bar_of(root.get("/admin/", **ON_X)))
    assert len(addresses) == 8
    assert all(
        each.startswith(("/admin/dolt_router/", "/admin/dolt_review/")) for each in addresses
    )


def test_list_with_the_branch_in_its_address_shows_that_branch_and_stays_there(
    root: Client, feature: str
) -> None:
    for number in range(101):
        Device(name=f"theirs {number:03}").save(using="feature/x")
    response = root.get("/admin/inventory/device/?dolt-branch=feature/x&q=theirs")
    assert response.status_code == 200
    page = response.content.decode()
    assert "theirs 000" in page or "theirs 100" in page
    links = re.findall(r'href="(\?[^"]*\bp=2[^"]*)"', page)
    assert links and all("dolt-branch=feature%2Fx" in link for link in links)
