"""A real headless Chromium in front of a real platform. Without a Chromium these tests say so and are skipped."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from infra.embedded.home import forget
from tests.console.platform import Platform
from tests.servers import Processes

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 20_000
expect.set_options(timeout=WAIT_MS)
LOOPBACK = {"127.0.0.1", "localhost"}

SignIn = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where it is. `TUAN_TEST_CHROMIUM` names another."""
    found = os.environ.get("TUAN_TEST_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), "")
    if not found:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    return found


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Platform]:
    directory: Path = tmp_path_factory.mktemp("console")
    processes = Processes(directory / "processes")
    (directory / "data").mkdir()
    try:
        yield Platform(processes, directory / "data")
    finally:
        for child in processes.started:
            child.stop()
        forget(directory / "data")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield launched
        launched.close()


class Heard:
    """Everything a browser asked for and complained about."""

    def __init__(self, context: BrowserContext) -> None:
        self.errors: list[str] = []
        self.asked: list[str] = []
        context.on("console", self._console)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on("request", lambda request: self.asked.append(request.url))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    @property
    def outside(self) -> list[str]:
        """Requests that left this machine."""
        schemes = {"data", "blob", "about"}
        return [
            url
            for url in self.asked
            if (parts := urlsplit(url)).scheme not in schemes and parts.hostname not in LOOPBACK
        ]


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of its own: no cookies but those it gets."""
    opened = browser.new_context(viewport={"width": 1440, "height": 900})
    opened.set_default_timeout(WAIT_MS)
    yield opened
    opened.close()


@pytest.fixture
def heard(context: BrowserContext) -> Heard:
    return Heard(context)


@pytest.fixture
def sign_in(browser: Browser, platform: Platform) -> Iterator[SignIn]:
    """Sign in as one of the ready-made people; each call is another browser with a page of its own."""
    opened: list[BrowserContext] = []

    def signed_in(person: str, path: str = "/", **taste: str) -> Page:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(WAIT_MS)
        opened.append(context)
        for name, value in taste.items():
            context.add_cookies([{"name": f"tuan_{name}", "value": value, "url": platform.console}])
        page = context.new_page()
        page.goto(platform.console + path)
        page.click(f'button[name="person"][value="{person}"]')
        page.wait_for_selector("main.page")
        return page

    yield signed_in
    for context in opened:
        context.close()
