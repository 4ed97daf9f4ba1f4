"""The walk through the sample site in a real browser: `manage.py demo`, as a newcomer runs it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "branch-and-merge"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The sample site, with a Dolt server and a data directory of its own."""
    folder = tmp_path_factory.mktemp("demo")
    port = _free_port()
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("DOLT_HOST", "DOLT_PORT", "DJANGO_SETTINGS_MODULE", "DOLT_BRANCH")
    }
    command = [sys.executable, "sample_site/manage.py", "demo", "--noreload"]
    command += ["--port", str(port), "--data-dir", str(folder / "data")]
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        site = f"http://127.0.0.1:{port}"
        for _ in range(1200):
            assert process.poll() is None, (folder / "log").read_text()
            try:
                urllib.request.urlopen(site, timeout=10)
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        else:
            raise AssertionError((folder / "log").read_text())
        yield site
    finally:
        os.killpg(process.pid, 2)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, else the one that Playwright installed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page of a new visitor."""
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 860})
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def log_in(page: Page, user: str) -> None:
    page.goto("/login/")
    page.fill("input[name=username]", user)
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Log in").click()


def switch_panel(page: Page) -> None:
    page.locator("details.menu summary").click()


def create_branch(page: Page, name: str) -> None:
    switch_panel(page)
    page.fill("#bar-name", name)
    page.get_by_role("button", name="Create and switch").click()
    expect(page.locator(".bar .branch-name")).to_have_text(name)


def switch_to(page: Page, name: str) -> None:
    switch_panel(page)
    page.select_option("#bar-branch", name)
    page.get_by_role("button", name="Switch", exact=True).click()
    expect(page.locator(".bar .branch-name")).to_have_text(name)


def test_branch_edit_look_merge_and_revert(page: Page) -> None:
    log_in(page, "reviewer")
    expect(page.locator(".bar .badge")).to_have_text("Production")
    page.goto("/devices/")
    page.locator("main a[href^='/devices/']:not([href*='add'])").first.click()
    device = page.url
    create_branch(page, "feature/walk")
    assert page.url == device  # the switch keeps the page
    page.goto(device + "edit/")
    page.fill("input[name=serial]", "WALKED-1")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("WALKED-1")
    expect(page.locator(".distance")).to_contain_text("1 ahead")

    switch_to(page, "main")
    page.goto(device)
    expect(page.locator("main")).not_to_contain_text("WALKED-1")

    page.goto("/branches/log/feature/walk")
    first = page.locator("tbody tr").first
    expect(first).to_contain_text("Changed 1 device")
    expect(first).to_contain_text("Ravi Menon")

    page.goto("/branches/merge/feature/walk")
    expect(page.locator("main")).to_contain_text("No conflicts")
    expect(page.locator("main")).to_contain_text("WALKED-1")
    page.get_by_role("button", name="Merge into main").click()
    page.goto(device)
    expect(page.locator("main")).to_contain_text("WALKED-1")

    page.goto("/branches/log/main")
    page.locator("tbody tr").first.get_by_role("button").click()
    page.goto(device)
    expect(page.locator("main")).not_to_contain_text("WALKED-1")


def test_stock_admin_edits_on_the_branch(page: Page) -> None:
    log_in(page, "admin")
    page.goto("/")
    create_branch(page, "feature/admin")
    page.goto("/admin/inventory/site/add/")
    page.fill("input[name=name]", "Walkville")
    if page.locator("input[name=slug]").count():
        page.fill("input[name=slug]", "walkville")
    for field in page.locator("input[required]:visible").all():
        if not field.input_value():
            field.fill("walk")
    page.locator("input[name=_save]").click()
    expect(page.locator(".messagelist")).to_contain_text("Walkville")
    page.goto("/sites/")
    expect(page.locator("main")).to_contain_text("Walkville")
    switch_to(page, "main")
    page.goto("/sites/")
    expect(page.locator("main")).not_to_contain_text("Walkville")


def test_stale_session_branch_is_a_404_with_a_way_back(page: Page, browser: Browser) -> None:
    log_in(page, "reviewer")
    create_branch(page, "feature/stale")
    other = browser.new_context(base_url=page.url.partition("/devices")[0])
    second = other.new_page()
    second.goto(page.url)
    log_in_page = second
    log_in_page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + "/login/")
    log_in_page.fill("input[name=username]", "admin")
    log_in_page.fill("input[name=password]", PASSWORD)
    log_in_page.get_by_role("button", name="Log in").click()
    log_in_page.goto("/branches/delete/feature/stale")
    log_in_page.locator("main form button").first.click()
    other.close()
    answer = page.goto("/devices/")
    assert answer is not None and answer.status == 404
    expect(page.locator("body")).to_contain_text("feature/stale")
    page.get_by_role("button").click()
    expect(page.locator(".bar .branch-name")).to_have_text("main")


@pytest.mark.parametrize("path", ["/", "/devices/", "/sites/", "/branches/", "/branches/log/main"])
def test_no_page_scrolls_sideways_on_a_phone(browser: Browser, address: str, path: str) -> None:
    context = browser.new_context(base_url=address, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
