"""Every page of branches in a browser: phone and desk, light and dark, under a strict policy.

SCREENSHOTS names a folder to keep the pictures in.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import PASSWORD, Demo, OnABranch, wait_for

# Each size and each scheme once; all four when somebody wants to look at them.
LOOKS = [("desk", "light"), ("phone", "dark")]
if "SCREENSHOTS" in os.environ:
    LOOKS += [("desk", "dark"), ("phone", "light")]
SIZES = {"desk": {"width": 1280, "height": 860}, "phone": {"width": 390, "height": 844}}
BRANCH = "autumn/prices"


@pytest.fixture(scope="module")
def strict_site(dolt_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The sample site under a Content-Security-Policy without anything inline."""
    environment = {
        "DOLT_HOST": dolt_server.host,
        "DOLT_PORT": str(dolt_server.port),
        "DOLT_DATABASE": f"strict_{uuid.uuid4().hex[:8]}",
        "DJANGO_SETTINGS_MODULE": "tests.browser.strict_settings",
    }
    demo = Demo(tmp_path_factory.mktemp("strict") / "log", environment)
    try:
        wait_for(demo.answers)
        yield demo.url
    finally:
        demo.interrupt()


class Session(OnABranch):
    """A manager's browser in the admin; what breaks the policy or a script is kept."""

    def __init__(self, browser: Any, site: str, **options: Any) -> None:
        self.context = browser.new_context(base_url=site, **options)
        self.context.set_default_timeout(15_000)
        self.page = self.context.new_page()
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", self._told)
        self.page.goto("/admin/login/")
        self.page.get_by_label("Username").fill("admin")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Log in").click()
        self.page.locator("#dolt-bar").wait_for()

    def _told(self, message: Any) -> None:
        # The admin has no icon of its own, which the browser asks for.
        if message.type == "error" and "404 (Not Found)" not in message.text:
            self.problems.append(message.text)

    def share(self) -> None:
        """Make a preview link."""
        self.page.get_by_role("button", name="Share").click()
        self.page.get_by_role("button", name="Make a link").click()
        self.page.get_by_label("Preview link").wait_for()

    def save(self) -> None:
        """Save the form, and wait for what the next page tells."""
        self.page.get_by_role("button", name="Save", exact=True).click()
        self.page.locator(".messagelist .success").wait_for()

    def set_device(self, number: int, **fields: str) -> None:
        self.page.goto("/admin/inventory/device/")
        self.page.locator("#result_list tbody th a").nth(number).click()
        for name, value in fields.items():
            control = self.page.locator(f"[name={name}]")
            if control.evaluate("element => element.tagName") == "SELECT":
                control.select_option(value)
            else:
                control.fill(value)
        self.save()


@pytest.fixture(scope="module")
def story(browser: Any, strict_site: str) -> Iterator[dict[str, str]]:
    """A branch with edits, one conflict with main; the addresses of all pages."""
    session = Session(browser, strict_site)
    page = session.page
    page.goto("/admin/")
    session.create_branch(BRANCH)
    assert session.branch == BRANCH and page.url.endswith("/admin/")
    session.set_device(0, hardware="Acme 9000", comments="one\ntwo\nthree\nfour")
    session.set_device(1, status="retired")
    page.goto("/admin/inventory/tag/add/")
    page.locator("[name=name]").fill("<b>bold</b>")
    page.locator("[name=slug]").fill("bold")
    session.save()
    session.switch("main")
    assert session.branch == "main"
    session.set_device(1, status="planned")
    page.goto(f"/admin/dolt_router/branch/log/?ref={BRANCH}")
    commit = page.locator(".dolt-commit .dolt-subject").nth(1).get_attribute("href")
    page.goto("/admin/dolt_router/branch/log/?ref=main")
    on_main = page.locator(".dolt-commit .dolt-subject").first.get_attribute("href")
    commit_hash = on_main.rstrip("/").rpartition("/")[2]
    session.create_branch("spring")
    session.set_device(2, comments="for the merge")
    page.get_by_role("link", name="Propose changes").click()
    page.get_by_label("Title").fill("Label the third device")
    page.get_by_label("Description").fill("Before the *audit*:\n\n- one device\n- no downtime")
    page.get_by_role("button", name="Open the pull request").click()
    page.locator(".dolt-say summary").first.click()
    page.locator(".dolt-say select").first.select_option(label="Comments")
    page.locator(".dolt-say textarea").first.fill("Say **which** merge.")
    page.locator(".dolt-say [name=suggestion]").first.fill("for the merge of spring")
    page.locator(".dolt-say").first.get_by_role("button", name="Comment").click()
    page.get_by_role("button", name="Apply the suggestion").wait_for()
    page.get_by_label("Your review").fill("Fine otherwise.")
    page.get_by_role("button", name="Approve").click()
    page.locator(".dolt-verdict-approved").wait_for()
    pull_request = page.url
    session.share()
    preview = page.get_by_label("Preview link").input_value()
    assert session.problems == []
    session.context.close()
    base = "/admin/dolt_router/branch"
    yield {
        "index": "/admin/",
        "devices": "/admin/inventory/device/",
        "branches": f"{base}/",
        "log": f"{base}/log/?ref={BRANCH}",
        "commit": str(commit),
        "compare": f"{base}/compare/?from=main&to={BRANCH}&base=1",
        "compare-unknown": f"{base}/compare/?from=main&to=nowhere",
        "unknown": f"{base}/log/?ref=nowhere",
        "merge": f"{base}/merge/?source=spring&into=main",
        "merge-conflict": f"{base}/merge/?source={BRANCH}&into=main",
        "revert": f"{base}/revert/?commit={commit_hash}&on=main",
        "cherry-pick": f"{base}/cherry-pick/?commit={commit_hash}&on={BRANCH}",
        "add": f"{base}/add/",
        "rename": f"{base}/rename/?branch={BRANCH}",
        "delete": f"{base}/delete/?branch={BRANCH}",
        "search": f"{base}/search/?q=a",
        "pull-requests": "/admin/dolt_review/pullrequest/",
        "pull-request": pull_request,
        "propose": f"/admin/dolt_review/pullrequest/add/?source={BRANCH}&target=main",
        "rule": "/admin/dolt_review/branchrule/add/",
        "permission": "/admin/dolt_review/branchgrant/add/",
        "preview": preview,
    }


def keep(page: Any, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def serious(page: Any) -> list[str]:
    """What axe finds that is serious or critical, with the elements.

    Without its fetching style sheets anew, which the policy forbids and is no fault of the page.
    """
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"preload": False}).response["violations"]
    return [
        f"{each['id']}: {node['target']} {node.get('failureSummary', '')}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_pages_are_sound_under_a_strict_policy(
    browser: Any, strict_site: str, story: dict[str, str], size: str, scheme: str
) -> None:
    session = Session(browser, strict_site, viewport=SIZES[size], color_scheme=scheme)
    page, faults = session.page, {}
    page.locator("#dolt-bar summary").click()
    page.locator(".dolt-found .dolt-option").first.wait_for()
    keep(page, f"menu-{size}-{scheme}")
    faults["menu"] = serious(page)
    for name, address in story.items():
        page.goto(address)
        keep(page, f"{name}-{size}-{scheme}")
        faults[name] = serious(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > SIZES[size]["width"]:
            faults[name].append(f"is {width} pixels wide")
    told = [f"{name}: {text}" for name, found in faults.items() for text in found]
    session.context.close()
    assert not told and not session.problems, "\n".join([*told, *session.problems])
