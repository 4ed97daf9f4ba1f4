"""What any ModelAdmin gains, and the conflicts page, in a browser: phone and desk, light and dark.

SCREENSHOTS names a folder to keep the pictures in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.test_admin_pages import (
    LOOKS,
    SIZES,
    Session,
    keep,
    strict_site,  # noqa: F401
)

BRANCH = "autumn/prices"
CONFLICTS = f"/admin/dolt_router/branch/conflicts/?source={BRANCH}&into=main"
LONG = "Two power supplies, fans replaced in spring; keep the front free."


def save(session: Session) -> None:
    session.page.get_by_role("button", name="Save", exact=True).click()
    session.page.locator(".messagelist .success").wait_for()


def edit(session: Session, address: str, **fields: str) -> None:
    session.page.goto(address)
    for name, value in fields.items():
        control = session.page.locator(f"[name={name}]")
        if control.evaluate("element => element.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
    save(session)


def delete(session: Session, address: str) -> None:
    session.page.goto(address.replace("change/", "delete/"))
    session.page.get_by_role("button", name="Yes").click()
    session.page.locator(".messagelist .success").wait_for()


@pytest.fixture(scope="module")
def objects_story(browser: Any, strict_site: str) -> Iterator[dict[str, str]]:  # noqa: F811
    """Devices and tags with a past, two branches in conflict; the addresses of all pages."""
    session = Session(browser, strict_site)
    page = session.page
    page.goto("/admin/inventory/device/")
    links = page.locator("#result_list tbody th a")
    devices = [str(links.nth(at).get_attribute("href")).split("?")[0] for at in range(3)]
    first, second, third = devices
    edit(session, first, comments=LONG, hardware="Acme 8000")
    page.goto("/admin/inventory/tag/add/")
    page.locator("[name=name]").fill("Spare <b>parts</b>")
    page.locator("[name=slug]").fill("spare-parts")
    save(session)
    page.goto("/admin/inventory/tag/?q=Spare")
    tag = str(page.locator("#result_list tbody th a").get_attribute("href")).split("?")[0]
    delete(session, tag)
    session.create_branch(BRANCH)
    edit(session, first, comments=LONG.replace("spring", "autumn"), hardware="Acme 9000")
    edit(session, second, status="retired", hardware="<script>alert(1)</script>")
    edit(session, third, comments="theirs")
    page.goto("/admin/inventory/tag/add/")
    page.locator("[name=name]").fill("Only here")
    page.locator("[name=slug]").fill("only-here")
    save(session)
    page.goto("/admin/inventory/tag/?q=Only")
    new_tag = str(page.locator("#result_list tbody th a").get_attribute("href")).split("?")[0]
    session.switch("main")
    edit(session, first, comments=LONG.replace("front", "back"), hardware="Acme 8500")
    edit(session, second, hardware="On main")
    page.goto(third)
    delete(session, third)
    session.switch(BRANCH)
    history = first.replace("change/", "history/")
    page.goto(history)
    oldest = page.locator(".dolt-do a").last.get_attribute("href")
    assert session.problems == []
    session.context.close()
    yield {
        "devices": "/admin/inventory/device/",
        "history": history,
        "compare": first.replace("change/", f"dolt/compare/?from=main&to={BRANCH}"),
        "fields": first.replace("change/", "dolt/fields/"),
        "restore": str(oldest),
        "deleted": "/admin/inventory/tag/dolt/deleted/",
        "conflicts": CONFLICTS,
        "-elsewhere": new_tag,
        "-deleted-here": third,
    }


def serious(page: Any) -> list[str]:
    """What axe finds that is serious or critical, with the elements.

    Without its fetching style sheets anew, which the policy forbids and is no fault of the page.
    """
    found = Axe().run(page, options={"preload": False}).response["violations"]
    return [
        f"{each['id']}: {node['target']} {node.get('failureSummary', '')}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def on(session: Session, branch: str) -> None:
    if session.branch != branch:
        session.switch(branch)


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_object_pages_are_sound_under_a_strict_policy(
    browser: Any,
    strict_site: str,  # noqa: F811
    objects_story: dict[str, str],
    size: str,
    scheme: str,
) -> None:
    session = Session(browser, strict_site, viewport=SIZES[size], color_scheme=scheme)
    page, faults = session.page, {}
    for name, address in objects_story.items():
        on(session, "main" if name.startswith("-") else BRANCH)
        page.goto(address)
        page.evaluate("document.querySelectorAll('#content-main details').forEach(d => d.open = 1)")
        keep(page, f"objects-{name.strip('-')}-{size}-{scheme}")
        faults[name] = serious(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > SIZES[size]["width"]:
            faults[name].append(f"is {width} pixels wide")
    wrong = {name: found for name, found in faults.items() if found}
    session.context.close()
    assert wrong == {}, wrong
    assert session.problems == []


def test_conflicts_are_resolved_and_merged_without_scripts(
    browser: Any,
    strict_site: str,  # noqa: F811
    objects_story: dict[str, str],
) -> None:
    session = Session(browser, strict_site, java_script_enabled=False)
    page = session.page
    page.goto(CONFLICTS)
    rows = page.locator("section.dolt-obj-row")
    rows.nth(0).get_by_label("Delete it, as on main").check()
    rows.nth(1).locator("input[value=theirs]").nth(0).check()
    rows.nth(1).locator("input[value=ours]").nth(1).check()
    page.get_by_role("button", name="Save choices").last.click()
    page.goto(CONFLICTS)
    assert "1 is to be decided" in page.locator(".dolt-progress").inner_text()
    assert rows.nth(1).locator("input[value=theirs]").nth(0).is_checked()
    rows.nth(2).locator("input[value=own]").check()
    rows.nth(2).locator("input[type=text]").fill("Acme of both")
    page.get_by_role("button", name="Save and merge into main").click()
    assert "was merged into “main”" in page.locator(".messagelist .success").inner_text()
    page.goto(CONFLICTS)
    assert "Nothing is in conflict" in page.locator("#content-main").inner_text()
    page.goto(objects_story["fields"])
    assert "Acme 9000" in page.locator("#content-main").inner_text()
    session.context.close()
    assert session.problems == []
