"""The whole story, as the three people of the sample site live it: main is under review.

DOLT_ROUTER_SCREENSHOTS keeps the pictures of the docs.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import REPOSITORY, Demo, Visitor, engines, wait_for

BRANCH = "change/fan-trays"
DEVICES = "/admin/inventory/device/"
REQUESTS = "/admin/dolt_review/pullrequest/"


@pytest.fixture(scope="module", params=engines())
def reviewed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of the sample site as the demo has it, on either engine."""
    folder = tmp_path_factory.mktemp("reviewed")
    options = ["--engine", "embedded", "--data-dir", str(folder / "data")]
    environment = {"DJANGO_SETTINGS_MODULE": "tests.browser.strict_settings"}
    if request.param == "server":
        dolt_server = request.getfixturevalue("dolt_server")
        options = []
        environment |= {
            "DOLT_HOST": dolt_server.host,
            "DOLT_PORT": str(dolt_server.port),
            "DOLT_DATABASE": f"story_{uuid.uuid4().hex[:8]}",
        }
    demo = Demo(folder / "log", environment, *options, under_review=True)
    try:
        wait_for(demo.answers)
        yield demo.url
    finally:
        demo.interrupt()


class Person(Visitor):
    """One of the three, in the stock admin."""

    def __init__(self, browser: Any, site: str, user: str, **options: Any) -> None:
        super().__init__(browser, site, user, **options)
        self.user = user
        self.page.on("console", self._told)

    def _told(self, message: Any) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            self.problems.append(message.text)

    def change(self, device: str, **fields: str) -> None:
        """Edit a device in the stock admin."""
        self.page.goto(f"{DEVICES}?q={device}")
        self.page.get_by_role("link", name=device, exact=True).click()
        for name, value in fields.items():
            control = self.page.locator(f"#id_{name}")
            if control.evaluate("element => element.tagName") == "SELECT":
                control.select_option(label=value)
            else:
                control.fill(value)
        self.page.get_by_role("button", name="Save", exact=True).click()
        assert "was changed successfully" in self.told

    def open_request(self, title: str) -> None:
        """From the list of pull requests."""
        self.page.goto(REQUESTS)
        self.page.get_by_role("link", name=title).click()

    def press(self, name: str) -> None:
        """A button of a pull request's page; waits for what comes of it."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name, exact=True).first.click()

    def merge_box(self) -> str:
        """What the page of a pull request says about merging it."""
        return str(self.page.locator("section[aria-labelledby=dolt-merge-h]").inner_text())

    def picture(self, name: str) -> None:
        """Save what is seen for the docs, when that is asked for."""
        if os.environ.get("DOLT_ROUTER_SCREENSHOTS"):
            path = REPOSITORY / "docs" / "images" / f"{name}.png"
            self.page.screenshot(path=path)
            assert Path(path).stat().st_size < 250_000


Meet = Callable[..., Person]


@pytest.fixture
def meet(browser: Any, reviewed: str) -> Iterator[Meet]:
    """Opens a session of one person; no script fails and no page breaks the policy."""
    met: list[Person] = []

    def open_session(user: str, **options: Any) -> Person:
        met.append(Person(browser, reviewed, user, **options))
        return met[-1]

    yield open_session
    for person in met:
        person.context.close()
    assert [person.problems for person in met if person.problems] == []


def test_stage_review_conflict_merge_and_revert(meet: Meet) -> None:
    operator, reviewer, manager = meet("operator"), meet("reviewer"), meet("manager")

    reviewer.open_request("Upgrade the core in Berlin")
    reviewer.picture("pull-request")

    # The operator can't change main, and makes a branch.
    operator.page.goto(DEVICES)
    assert "Protected" in operator.page.locator("#dolt-bar").inner_text()
    operator.create_branch(BRANCH)
    assert operator.page.url.endswith(DEVICES)
    operator.change("ams1-srv-01", comments="Fan tray 1 is worn")

    # And edits many rows at once.
    operator.page.goto(f"{DEVICES}?q=ams1-srv-0")
    for row in ("ams1-srv-02", "ams1-srv-03"):
        operator.page.get_by_role("checkbox", name=row).check()
    operator.page.locator("select[name=action]").select_option("take_out_of_service")
    operator.page.locator("button[name=index]").click()  # Go; Run from Django 6.1 on
    assert "2 devices are in maintenance now" in operator.told
    operator.picture("changelist")

    # A pull request.
    operator.page.get_by_role("link", name="Propose changes").click()
    operator.page.get_by_label("Title").fill("New fan trays in Amsterdam")
    operator.page.get_by_label("Description").fill(
        "Trays of **three** servers.\n\n<script>x</script>"
    )
    operator.page.get_by_role("button", name="Open the pull request").click()
    operator.page.locator(".dolt-request").wait_for()
    assert operator.page.locator(".dolt-description strong").inner_text() == "three"
    assert operator.page.locator(".dolt-description script").count() == 0
    assert "0 of 1 approval" in operator.merge_box()
    assert operator.page.get_by_role("button", name="Merge now").count() == 0

    # The reviewer comments on a field with a better value, and asks for changes.
    reviewer.open_request("New fan trays in Amsterdam")
    row = reviewer.page.locator("form[action*='/comment']").filter(has_text="Comments").first
    row.locator("xpath=ancestor::details/summary").click()
    row.locator("[name=field]").select_option(label="Comments")
    row.locator("[name=text]").fill("Say when.")
    row.locator("[name=suggestion]").fill("Fan tray 1 is worn; swapped in March")
    row.get_by_role("button", name="Comment").click()
    reviewer.page.locator(".dolt-comment").wait_for()
    reviewer.page.get_by_label("Your review").fill("One thing, see below.")
    reviewer.press("Request changes")
    assert "Changes are requested by" in reviewer.merge_box()

    # The operator applies what was suggested: a commit on the branch.
    operator.page.reload()
    operator.press("Apply the suggestion")
    assert "applied" in operator.page.locator(".dolt-comment").first.inner_text()
    operator.change("ams1-srv-02", comments="Tray 2")

    # The reviewer approves what is there now.
    reviewer.open_request("New fan trays in Amsterdam")
    reviewer.press("Approve")
    reviewer.press("Run the checks")
    assert "passed" in reviewer.page.locator("section[aria-labelledby=dolt-checks-h]").inner_text()
    assert "approval" not in reviewer.merge_box()

    # Main moves: another, urgent pull request changes the same field.
    other = meet("operator")
    other.page.goto(DEVICES)
    other.create_branch("change/urgent")
    other.change("ams1-srv-01", comments="Do not touch before April")
    other.page.get_by_role("link", name="Propose changes").click()
    other.page.get_by_label("Title").fill("Leave ams1-srv-01 alone")
    other.page.get_by_role("button", name="Open the pull request").click()
    reviewer.open_request("Leave ams1-srv-01 alone")
    reviewer.press("Approve")
    manager.open_request("Leave ams1-srv-01 alone")
    manager.press("Run the checks")
    assert "Ready to be merged" in manager.merge_box()
    manager.press("Merge now")
    assert "Merged" in manager.merge_box()

    # The first one conflicts now; it is decided field by field, on its branch.
    operator.open_request("New fan trays in Amsterdam")
    assert "conflicts" in operator.merge_box()
    operator.page.get_by_role("link", name="Resolve the conflicts").click()
    operator.page.locator(".dolt-conflict").wait_for()
    operator.picture("conflicts")
    operator.page.get_by_label("Comments: another value").check()
    operator.page.locator(".dolt-own textarea, .dolt-own input:not([type=radio])").fill(
        "Worn tray 1; do not touch before April"
    )
    with operator.page.expect_navigation():
        operator.page.get_by_role("button", name="Save choices", exact=True).last.click()
    operator.page.reload()
    assert "All are decided" in operator.page.locator(".dolt-progress").inner_text()
    operator.page.locator("button[name=_merge]").click()
    operator.page.locator(".messagelist").wait_for()

    # What was approved is not what would be merged: it is approved again, checked and merged.
    manager.open_request("New fan trays in Amsterdam")
    assert "0 of 1 approval" in manager.merge_box()
    reviewer.open_request("New fan trays in Amsterdam")
    reviewer.press("Approve")
    manager.page.reload()
    manager.press("Run the checks")
    assert "Ready to be merged" in manager.merge_box()
    manager.picture("ready")
    manager.press("Merge now")
    assert "Merged" in manager.merge_box()

    # Main has it, with its history.
    manager.page.goto(f"{DEVICES}?q=ams1-srv-01")
    manager.page.get_by_role("link", name="ams1-srv-01", exact=True).click()
    assert manager.branch == "main"
    comments = manager.page.locator("#id_comments")
    text = comments.input_value() if comments.count() else manager.page.inner_text("#content")
    assert "Worn tray 1; do not touch before April" in text
    manager.page.get_by_role("link", name="History", exact=True).click()
    told = manager.page.locator("#content").inner_text()
    assert "Olivia Brandt" in told and "Worn tray 1" in told
    manager.picture("history")

    # One commit is reverted: on a branch, and by a pull request, as everything.
    manager.page.goto("/admin/dolt_router/branch/log/?ref=main")
    manager.picture("log")
    manager.create_branch("undo/trays")
    manager.page.goto("/admin/dolt_router/branch/log/?ref=undo/trays&q=device")
    subject = "Changed 2 devices"
    manager.page.get_by_role("link", name=subject).first.click()
    manager.page.get_by_role("link", name="Revert…").click()
    manager.page.get_by_role("button", name="Revert", exact=True).click()
    manager.page.locator(".messagelist").wait_for()
    manager.page.get_by_role("link", name="Propose changes").click()
    manager.page.get_by_label("Title").fill("Bring the servers back")
    manager.page.get_by_role("button", name="Open the pull request").click()
    reviewer.open_request("Bring the servers back")
    reviewer.press("Approve")
    manager.page.reload()
    manager.press("Run the checks")
    manager.press("Merge now")
    assert "Merged" in manager.merge_box()
    assert operator_status(meet, "ams1-srv-03") == "Active"


def operator_status(meet: Meet, device: str) -> str:
    """A device's status on main, as a fresh session sees it."""
    return meet("operator").status_of(device)


def test_nobody_merges_what_is_not_approved(meet: Meet) -> None:
    manager = meet("manager")
    manager.open_request("Upgrade the core in Berlin")
    assert manager.page.get_by_role("button", name="Merge now").is_disabled()
    form = "form[action*='/merge']"
    manager.page.locator(form).evaluate("form => form.submit()")
    manager.page.locator(".messagelist .error, .errornote").first.wait_for()
    assert "Merged" not in manager.merge_box()
    answer = manager.page.goto(
        "/admin/dolt_router/branch/merge/?source=maintenance/berlin-core-upgrade&into=main"
    )
    assert answer is not None and answer.status == 200
    assert manager.page.get_by_role("button", name="Merge", exact=True).count() == 0


def test_two_reviewers_and_an_author_at_once_lose_nothing(meet: Meet) -> None:
    author, one, two = meet("operator"), meet("reviewer"), meet("manager")
    author.page.goto(DEVICES)
    author.create_branch("change/at-once")
    author.change("fra1-srv-01", comments="first")
    author.page.get_by_role("link", name="Propose changes").click()
    author.page.get_by_label("Title").fill("At once")
    author.page.get_by_role("button", name="Open the pull request").click()
    author.page.locator(".dolt-request").wait_for()
    for person in (one, two):
        person.open_request("At once")
    # Both look at the same state; meanwhile the author changes it.
    author.change("fra1-srv-01", comments="second")
    one.press("Approve")  # of a page that shows an earlier state
    assert "0 of 1 approval" in one.merge_box()
    two.page.get_by_label("Comment on the whole").fill("From two")
    two.press("Comment")
    one.page.get_by_label("Comment on the whole").fill("From one")
    one.press("Comment")
    author.open_request("At once")
    told = author.page.locator("#content-main").inner_text()
    assert "From one" in told and "From two" in told
    assert two.page.get_by_role("button", name="Merge now").is_disabled()
