"""A real Chromium, a running server, and no way out of this machine."""

import contextlib
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, StorageState, ViewportSize, expect, sync_playwright
from selenium.webdriver.remote.webdriver import WebDriver
from werkzeug.serving import make_server

from dashboards import assets
from server import clock
from server.accounts import roles
from server.db import db
from tests.browser.engines import ALONE, ENGINES, Finger, started
from tests.browser.web_collector import PATIENCE_SECONDS, PHONE, begun_walk, phone, server
from tests.conftest import Template, application, on_a_copy
from tests.leaders import NOON, PASSWORD, fill
from tests.people import make_person

__all__ = ["PHONE", "begun_walk", "phone", "server"]

DESK = ViewportSize(width=1366, height=768)
ON_A_PHONE = pytest.mark.parametrize("size", [PHONE], ids=["phone"])
AT_A_DESK = pytest.mark.parametrize("size", [DESK], ids=["desk"])
"""Tests of what pages do whatever the window; how they lie in it is looked at in both."""
ROLES = ("officer", "team_leader", "reviewer", "leader", "city", "admin")

# five seconds, what Playwright waits for itself, are passed on a machine at work where nothing is wrong
expect.set_options(timeout=PATIENCE_SECONDS * 1000)

QUIET = (
    ALONE,
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the system's Chromium is; without one the tests are skipped, except where CI promises them."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        said = "no Chromium on this machine: the browser tests were not run"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    if not assets.is_current():
        pytest.fail("static/vendor is missing or old: run `make setup`")
    return found


@pytest.fixture(scope="module")
def site(template_database: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running server with An Lão in it and a person of each role, for tests that change nothing.

    While it serves, no context of the application is open in this thread: Playwright could not close it.
    """
    folder: Path = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch, on_a_copy(template_database, folder) as settings:
        patch.setattr(clock, "now", lambda: NOON)
        with application(settings) as app:
            _fill()
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
        server.server_close()
        with app.app_context():
            db.dispose()


def _fill() -> None:
    """An Lão and somebody of every role; the leader of a team has the first thôn."""
    commune = fill("11629")
    thon = min(commune.villages, key=lambda each: each.code)
    for role in ROLES:
        home = None if role in roles.CITY_WIDE else commune
        make_person(username(role), role, home, (thon,) if role == "team_leader" else ())


def username(role: str) -> str:
    return role.replace("_", ".")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One Chromium for the tests of a module: each opens a window that knows nothing of the others'.

    It ends with its module: as long as Playwright runs, its event loop is this thread's, and the application's
    context cannot be closed in other tests meanwhile.
    """
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        yield started
        started.close()


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each of the two engines."""
    found: str = request.param
    return found


@pytest.fixture(scope="module")
def browsing(engine: str) -> Iterator[WebDriver]:
    """One browser for the tests of a module."""
    with started(engine) as driver:
        yield driver


@pytest.fixture
def finger(engine: str, request: pytest.FixtureRequest) -> Iterator[Finger]:
    """Somebody's finger on a phone with one of the two engines; each test's server is an origin of its own.

    WebKitGTK begins anew for each test, in less than a second: one that has met many servers that came and went stands
    still now and then.
    """
    if engine == "webkitgtk":
        with started(engine) as driver:
            yield Finger(driver, engine)
    else:
        found = Finger(request.getfixturevalue("browsing"), engine)
        yield found
        found.close()


@dataclass
class Visit:
    """A page, where it belongs, and what went wrong on it: requests to elsewhere, errors of scripts or policies."""

    page: Page
    site: str
    strayed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(f"{self.site}{path}")

    def width(self) -> int:
        """How wide the page is; wider than its window means that one has to scroll sideways."""
        found: int = self.page.evaluate("document.documentElement.scrollWidth")
        return found


@contextlib.contextmanager
def opened(browser: Browser, site: str, size: ViewportSize, **known: Any) -> Iterator[Visit]:
    """A window of its own, closed afterwards; nothing outside can be reached, and nothing may have gone wrong."""
    context = browser.new_context(viewport=size, locale="vi-VN", **known)
    made = Visit(context.new_page(), site)
    watch(made)
    yield made
    context.close()
    assert made.strayed == []
    assert made.errors == []


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def size(request: pytest.FixtureRequest) -> ViewportSize:
    """The window of a phone and that of a desk."""
    found: ViewportSize = request.param
    return found


@pytest.fixture
def visitor(size: ViewportSize, browser: Browser, site: str) -> Iterator[Visit]:
    """Somebody who has not signed in, on a phone and at a desk."""
    with opened(browser, site, size) as made:
        yield made


@pytest.fixture(scope="module")
def signed_in(browser: Browser, site: str) -> StorageState:
    """What a browser keeps of the leader, who has signed in by the form."""
    with opened(browser, site, PHONE) as made:
        sign_in(made)
        return made.page.context.storage_state()


@pytest.fixture
def window(size: ViewportSize, browser: Browser, site: str, signed_in: StorageState) -> Iterator[Visit]:
    """The leader, signed in, on no page yet, on a phone and at a desk."""
    with opened(browser, site, size, storage_state=signed_in) as made:
        yield made


@pytest.fixture
def visit(window: Visit) -> Visit:
    """The leader on the commune's page."""
    window.open("/xa/11629")
    return window


def watch(visit: Visit) -> None:
    """Note what goes wrong, and what is asked of anybody else: nobody else has an address (`ALONE`).

    Requests that Playwright holds up to be judged are never answered from the browser's cache.
    """

    def look(request: Request) -> None:
        if not request.url.startswith((visit.site, "data:", f"blob:{visit.site}")):
            visit.strayed.append(request.url)

    visit.page.on("request", look)
    visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
    visit.page.on("console", lambda said: visit.errors.append(said.text) if said.type == "error" else None)


def sign_in(visit: Visit, role: str = "leader") -> None:
    """Through the door that everybody takes; where it leads depends on the role."""
    visit.open("/")
    visit.page.fill("#username", username(role))
    visit.page.fill("#password", PASSWORD)
    visit.page.click("main button[type=submit]")
    visit.page.wait_for_url(lambda url: not urlsplit(url).path.startswith("/dang-nhap"))
