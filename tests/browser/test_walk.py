"""The story of the product in a real browser: stage on a branch, look, merge, revert."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import REPOSITORY, Demo, Visit, Visitor, wait_for

SEEDED = "maintenance/berlin-core-upgrade"
PAGES = ["/", "/devices/", "/devices/add/", "/sites/", "/addresses/"]
ADMIN = "/admin/dolt_router/branch"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The sample site as README's first command starts it; the story runs on both engines."""
    folder = tmp_path_factory.mktemp("walk")
    demo = Demo(folder / "log", {}, "--engine", "embedded", "--data-dir", str(folder / "data"))
    try:
        wait_for(demo.answers)
        yield demo.url
    finally:
        demo.interrupt()


def picture(visitor: Visitor, name: str) -> None:
    """Save what the visitor sees for the docs, when DOLT_ROUTER_SCREENSHOTS asks for it."""
    if os.environ.get("DOLT_ROUTER_SCREENSHOTS"):
        folder = REPOSITORY / "docs" / "images"
        folder.mkdir(exist_ok=True)
        path = folder / f"{name}.png"
        visitor.page.screenshot(path=path)
        assert Path(path).stat().st_size < 200_000


def test_change_is_staged_on_a_branch_then_merged_then_reverted(visit: Visit) -> None:
    operator, anyone, manager = visit("operator"), visit(), visit("manager")
    operator.page.goto("/devices/")
    assert operator.branch == "main"
    operator.create_branch("change/ams1-srv-01")
    assert operator.page.url.endswith("/devices/")

    operator.edit_device("ams1-srv-01", "Drain ams1-srv-01", status="Maintenance", comments="Fan")
    assert "Commit" in operator.told and "on change/ams1-srv-01" in operator.told
    picture(operator, "edit")
    assert operator.status_of("ams1-srv-01") == "Maintenance"
    assert anyone.status_of("ams1-srv-01") == "Active"
    assert operator.log("change/ams1-srv-01")[0] == ("Drain ams1-srv-01", "Olivia Brandt")
    assert manager.log("main")[0][0] != "Drain ams1-srv-01"

    operator.page.goto("/")
    operator.page.get_by_role("link", name="What changed").click()
    difference = operator.page.locator("#content-main").inner_text()
    assert "1 changed" in difference and "Active" in difference and "Maintenance" in difference
    operator.page.goto(f"{ADMIN}/merge/?source=change/ams1-srv-01")
    assert operator.page.get_by_role("button", name="Merge", exact=True).count() == 0

    manager.page.goto(f"{ADMIN}/merge/?source=change/ams1-srv-01")
    manager.page.get_by_role("button", name="Merge", exact=True).click()
    assert "Merged change/ams1-srv-01 into main" in manager.told
    assert anyone.status_of("ams1-srv-01") == "Maintenance"
    assert ("Drain ams1-srv-01", "Olivia Brandt") in manager.log("main")

    manager.page.get_by_role("link", name="Drain ams1-srv-01").click()
    manager.page.get_by_role("link", name="Revert…").click()
    manager.page.get_by_role("button", name="Revert").click()
    manager.page.locator(".messagelist").wait_for()
    assert anyone.status_of("ams1-srv-01") == "Active"
    assert manager.log("main")[0][1] == "Mara Novak"


def test_request_without_a_note_says_what_it_changed(visit: Visit) -> None:
    operator = visit("operator")
    operator.create_branch("change/no-note")
    operator.edit_device("fra1-srv-01", hardware="Dell PowerEdge R670")
    message, author = operator.log("change/no-note")[0]
    assert message.startswith("Changed 1 device")
    assert author == "Olivia Brandt"


def test_tags_and_fields_are_one_commit(visit: Visit) -> None:
    operator = visit("operator")
    operator.create_branch("change/tags")
    before = operator.log("change/tags")
    operator.open_device("fra1-srv-02")
    operator.page.get_by_role("link", name="Edit").click()
    operator.page.get_by_label("Leased").check()
    operator.page.get_by_label("Lab").check()
    operator.page.get_by_label("Serial").fill("SRV-NEW-1")
    operator.page.get_by_role("button", name="Save").click()
    assert "Leased" in operator.page.locator(".facts").inner_text()
    assert operator.log("change/tags")[1] == before[0]
    operator.page.locator(".dolt-log .dolt-subject").first.click()
    counts = operator.page.locator("#content-main").inner_text()
    assert "2 added" in counts and "1 changed" in counts


def test_conflict_is_shown_and_writes_nothing(visit: Visit) -> None:
    admin = visit("admin")
    admin.create_branch("change/conflict")
    admin.edit_device("lon1-srv-01", status="Retired")
    admin.switch("main")
    admin.edit_device("lon1-srv-01", status="Maintenance")
    head = admin.log("main")[0]
    admin.page.goto(f"{ADMIN}/merge/?source=change/conflict")
    assert "Devices: 1 row" in admin.page.get_by_role("alert").inner_text()
    assert admin.page.get_by_role("button", name="Merge", exact=True).count() == 0
    assert admin.log("main")[0] == head


def test_stock_admin_edits_on_the_branch(visit: Visit) -> None:
    admin, anyone = visit("admin"), visit()
    admin.create_branch("change/admin")
    admin.page.goto("/admin/inventory/device/?q=nyc1-srv-01")
    admin.page.get_by_role("link", name="nyc1-srv-01").click()
    admin.page.locator("#id_hardware").fill("Supermicro AS-1115")
    admin.page.get_by_role("button", name="Save", exact=True).click()
    admin.page.locator(".messagelist .success").wait_for()
    assert admin.log("change/admin")[0][1] == "Alex Morgan"
    admin.open_device("nyc1-srv-01")
    assert "Supermicro" in admin.page.locator(".facts").inner_text()
    anyone.open_device("nyc1-srv-01")
    assert "Supermicro" not in anyone.page.locator(".facts").inner_text()


def test_deleted_branch_in_the_session_is_a_404_with_a_way_back(visit: Visit) -> None:
    operator, admin = visit("operator"), visit("admin")
    operator.create_branch("change/gone")
    admin.page.goto(f"{ADMIN}/delete/?branch=change/gone")
    admin.page.locator("#content-main [type=submit]").click()
    assert "change/gone" in admin.told

    answer = operator.page.goto("/devices/")
    assert answer is not None and answer.status == 404
    assert "change/gone" in operator.page.locator("main").inner_text()
    operator.page.get_by_role("button", name="Back to the default branch").click()
    operator.page.wait_for_url("**/devices/")
    assert operator.branch == "main"


def test_switching_stays_on_the_page_also_where_the_object_is_not(visit: Visit) -> None:
    operator = visit("operator")
    operator.open_device("ber1-rtr-01")
    page = operator.page.url
    operator.switch(SEEDED)
    assert operator.page.url == page.partition("?")[0]
    assert "Drained for the core upgrade" in operator.page.locator(".facts").inner_text()
    operator.open_device("ber1-swt-05")
    page = operator.page.url
    operator.switch("main")
    assert operator.page.url == page
    assert "Not on this branch" in operator.page.locator("h1").inner_text()


def test_visitor_sees_where_they_are_and_can_change_nothing(visit: Visit) -> None:
    anyone = visit()
    anyone.page.goto("/")
    assert anyone.branch == "main"
    assert anyone.page.locator("#dolt-bar").get_by_role("button").count() == 0
    assert anyone.page.locator("#dolt-bar summary").count() == 0


def test_device_is_added_and_deleted_on_a_branch(visit: Visit) -> None:
    operator = visit("operator")
    operator.create_branch("change/add")
    operator.page.goto("/devices/add/")
    operator.page.get_by_label("Name").fill("sin1-srv-99")
    operator.page.locator("[name=role]").select_option("server")
    operator.page.locator("[name=site]").select_option(label="Singapore 1")
    operator.page.get_by_role("button", name="Save").click()
    assert "sin1-srv-99 was added" in operator.told
    operator.page.get_by_role("link", name="Delete").click()
    operator.page.get_by_role("button", name="Delete device").click()
    assert "sin1-srv-99 was deleted" in operator.told
    assert operator.page.get_by_text("sin1-srv-99", exact=True).count() == 0


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_no_page_scrolls_sideways(visit: Visit, width: int, scheme: str) -> None:
    visitor = visit("admin", viewport={"width": width, "height": 844}, color_scheme=scheme)
    visitor.page.goto("/")
    visitor.switch(SEEDED)
    visitor.open_device("ber1-rtr-01")
    device = visitor.page.url
    wide = []
    for page in [*PAGES, device, f"{device}edit/"]:
        visitor.page.goto(page)
        if visitor.page.evaluate("document.documentElement.scrollWidth") > width:
            wide.append(page)
    assert wide == []
    visitor.page.goto("/")
    visitor.page.locator("#dolt-bar summary").click()
    visitor.page.locator(".dolt-found button").first.wait_for()
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
    name = {(1280, "light"): "dashboard", (390, "dark"): "phone"}.get((width, scheme))
    if name:
        picture(visitor, name)
