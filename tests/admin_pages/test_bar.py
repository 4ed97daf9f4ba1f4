"""The branch bar on every page of the admin."""

from __future__ import annotations

import re

import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpResponse
from django.template import RequestContext, Template
from django.test import Client, RequestFactory, override_settings
from django.urls import path

from dolt_router import use_branch
from dolt_router.admin import install
from dolt_router.admin.insertion import wants_bar
from tests.admin_pages.conftest import MakeUser
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


def test_tag_shows_strangers_where_they_are_and_nothing_to_do(feature: str) -> None:
    request = RequestFactory().get("/page/")
    request.user, request.session = AnonymousUser(), {}
    template = Template("{% load dolt_router %}{% dolt_branch_bar %}")
    with use_branch(feature):
        page = template.render(RequestContext(request))
    assert "feature/x</strong>" in page and "branches.css" in page
    assert "<form" not in page and "<a " not in page


def test_tag_shows_the_staff_what_to_do(make_user: MakeUser, feature: str) -> None:
    request = RequestFactory().get("/page/?a=1")
    request.user, request.session = make_user(), {}
    page = Template("{% load dolt_router %}{% dolt_branch_bar %}").render(RequestContext(request))
    assert 'name="next" value="/page/?a=1"' in page and "Switch branch" in page


office = AdminSite("office")
office.register(Device)
install(office)
urlpatterns = [path("office/", office.urls)]


@override_settings(ROOT_URLCONF="tests.admin_pages.test_bar")
def test_another_admin_site_has_bar_and_pages_of_its_own(root: Client, feature: str) -> None:
    bar = bar_of(root.get("/office/inventory/device/", **ON_X))
    addresses = re.findall(r'(?:href|action)="([^"]*)"', bar)
    assert addresses and all(each.startswith("/office/dolt_router/branch/") for each in addresses)
    for page in ("", f"log/?ref={feature}", f"compare/?to={feature}", f"merge/?source={feature}"):
        response = root.get(f"/office/dolt_router/branch/{page}")
        assert response.status_code == 200
        assert b'"/admin/' not in response.content


def test_site_that_it_is_not_installed_on_is_left_alone(root: Client, dolt: None) -> None:
    bare = AdminSite("bare")
    bare.register(Device)
    request = RequestFactory().get("/bare/")
    request.user = User.objects.get()
    assert not wants_bar(bare, request, HttpResponse("<head></head><header></header>"))
