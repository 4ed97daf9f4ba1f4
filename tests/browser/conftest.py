"""The sample site, running for real, and a browser to walk through it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import requests

REPOSITORY = Path(__file__).resolve().parents[2]
MANAGE = REPOSITORY / "sample_site" / "manage.py"
PASSWORD = "branch-and-merge"
CHROMIUM_OPTIONS = [
    "--no-sandbox",  # as root, in CI
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str | None:
    """The browser: CHROMIUM in the environment, or one that is installed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(what: Callable[[], Any], seconds: float = 60) -> Any:
    """Repeat `what` until it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(f"Not within {seconds} seconds: {what}")


class Demo:
    """`manage.py demo` as a process of its own.

    Args:
        log: a file for what it prints.
        environment: variables for it, on top of this process's.
        options: of the command, besides `--port` and `--noreload`.
        under_review: main takes pull requests only, as in the demo; else direct changes too.
    """

    def __init__(
        self, log: Path, environment: dict[str, str], *options: str, under_review: bool = False
    ) -> None:
        self.log = log
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DJANGO_SETTINGS_MODULE", "DOLT_HOST", "DOLT_PORT", "DOLT_BRANCH")
        }
        command = [sys.executable, str(MANAGE), "demo", "--noreload", "--port", str(self.port)]
        command += [] if under_review else ["--no-review"]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, *options],
                env={**inherited, "PYTHONPATH": str(REPOSITORY), **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # A background job of a shell script, as CI may be, ignores SIGINT, and its
                # children inherit that.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"demo ended:\n{self.log.read_text()}")
        try:
            return requests.get(self.url, timeout=10).status_code == 200
        except requests.ConnectionError:
            return False

    def interrupt(self) -> int:
        """Press Ctrl-C, as a terminal does: the whole group gets it. Returns the exit code."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(30)


def engines() -> list[str]:
    """The engines that this environment has what it takes for."""
    needed = {"server": "MySQLdb", "embedded": "doltlite"}
    return [engine for engine, module in needed.items() if find_spec(module)]


@pytest.fixture(scope="module", params=engines())
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a freshly seeded sample site, on either engine."""
    folder = tmp_path_factory.mktemp("site")
    if request.param == "embedded":
        demo = Demo(folder / "log", {}, "--engine", "embedded", "--data-dir", str(folder / "data"))
    else:
        dolt_server = request.getfixturevalue("dolt_server")
        environment = {
            "DOLT_HOST": dolt_server.host,
            "DOLT_PORT": str(dolt_server.port),
            "DOLT_DATABASE": f"walk_{uuid.uuid4().hex[:8]}",
        }
        demo = Demo(folder / "log", environment)
    try:
        wait_for(demo.answers)
        yield demo.url
    finally:
        demo.interrupt()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium. Of module scope, since Playwright's event loop must not outlive this module:

    Django refuses the ORM to other tests while a loop runs in the thread.
    """
    from playwright.sync_api import sync_playwright

    chromium = find_chromium()
    if chromium is None:
        pytest.fail("No Chromium: apt-get install chromium, or name one in CHROMIUM.")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium, args=CHROMIUM_OPTIONS, timeout=60_000
        )
        yield launched
        launched.close()


class OnABranch:
    """Somebody in front of the branch bar."""

    page: Any

    @property
    def branch(self) -> str:
        """The branch that the bar shows."""
        return str(self.page.locator(".dolt-branch-name").inner_text())

    def create_branch(self, name: str) -> None:
        """With the bar's form, from where the visitor is."""
        self.page.locator("#dolt-bar summary").click()
        self.page.get_by_label("New branch from").fill(name)
        self.page.locator(".dolt-new button").click()
        self.arrived(name)

    def switch(self, name: str) -> None:
        """With the bar's form."""
        self.page.locator("#dolt-bar summary").click()
        self.page.get_by_label("Go to branch").fill(name)
        self.page.locator(f'.dolt-found button[value="{name}"]').click()
        self.arrived(name)

    def arrived(self, name: str) -> None:
        """Wait for the page that says that it is on the branch."""
        self.page.locator(f'.dolt-branch-name[title="{name}"]').wait_for()


class Visitor(OnABranch):
    """A browser session of its own, logged in as `user`, or nobody."""

    def __init__(self, browser: Any, site: str, user: str | None, **options: Any) -> None:
        options.setdefault("viewport", {"width": 1280, "height": 860})
        self.context = browser.new_context(base_url=site, **options)
        self.context.set_default_timeout(15_000)
        self.page = self.context.new_page()
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        if user:
            self.page.goto("/login/")
            self.page.get_by_label("Username").fill(user)
            self.page.get_by_label("Password").fill(PASSWORD)
            self.page.get_by_role("main").get_by_role("button", name="Log in").click()

    @property
    def told(self) -> str:
        """The messages of the page."""
        return str(self.page.locator(".messages, .messagelist").inner_text())

    def open_device(self, name: str) -> None:
        """By searching for it."""
        self.page.goto(f"/devices/?q={name}")
        self.page.get_by_role("link", name=name, exact=True).click()

    def edit_device(self, name: str, note: str = "", **fields: str) -> None:
        """Set fields by their labels' first words, and save."""
        self.open_device(name)
        self.page.get_by_role("link", name="Edit").click()
        for field, value in fields.items():
            control = self.page.locator(f"[name={field}]")
            if control.evaluate("element => element.tagName") == "SELECT":
                control.select_option(label=value)
            else:
                control.fill(value)
        self.page.get_by_label("What is this change?").fill(note)
        self.page.get_by_role("button", name="Save").click()

    def status_of(self, name: str) -> str:
        """A device's status, as its page says."""
        self.open_device(name)
        return str(self.page.locator(".head .status").inner_text())

    def log(self, branch: str) -> list[tuple[str, str]]:
        """Message and author of the newest commits of a branch."""
        self.page.goto(f"/admin/dolt_router/branch/log/?ref={branch}")
        return [
            (
                row.locator(".dolt-subject").inner_text(),
                row.locator(".dolt-quiet span").inner_text(),
            )
            for row in self.page.locator(".dolt-log li").all()
        ]


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Any, site: str) -> Iterator[Visit]:
    """Opens a session: `visit("operator")`; its pages must raise no script error."""
    opened: list[Visitor] = []

    def open_session(user: str | None = None, **options: Any) -> Visitor:
        opened.append(Visitor(browser, site, user, **options))
        return opened[-1]

    yield open_session
    for visitor in opened:
        visitor.context.close()
    assert [visitor.problems for visitor in opened if visitor.problems] == []
