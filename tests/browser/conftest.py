"""A real Chromium, a running server, and no way out of this machine."""

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, ViewportSize, sync_playwright
from werkzeug.serving import make_server

from dashboards import assets
from server import clock
from server.db import db
from tests.leaders import NOON, PASSWORD, fill, sign_up

PHONE = ViewportSize(width=390, height=844)
DESK = ViewportSize(width=1366, height=768)

QUIET = (
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


@pytest.fixture
def site(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a running server with An Lão in it and its leader, who can sign in."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    sign_up(fill("11629"))
    db.session.commit()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


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


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def visit(request: pytest.FixtureRequest, chromium: str, site: str) -> Iterator[Visit]:
    """The leader, signed in by the form, on a phone and at a desk; nothing outside can be reached.

    Playwright is started anew for each test: as long as it runs, its event loop is this thread's, and the
    application's context cannot be closed in other tests meanwhile.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        made = Visit(browser.new_page(viewport=request.param, locale="vi-VN"), site)
        watch(made)
        sign_in(made)
        yield made
        browser.close()
    assert made.strayed == []
    assert made.errors == []


def watch(visit: Visit) -> None:
    """Let no request leave, and note what goes wrong."""

    def guard(route: Route) -> None:
        if route.request.url.startswith((visit.site, "data:")):
            route.continue_()
        else:
            visit.strayed.append(route.request.url)
            route.abort()

    visit.page.route("**/*", guard)
    visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
    visit.page.on("console", lambda said: visit.errors.append(said.text) if said.type == "error" else None)


def sign_in(visit: Visit) -> None:
    """Through the door that everybody takes."""
    visit.open("/")
    visit.page.fill("#username", "lanh.dao")
    visit.page.fill("#password", PASSWORD)
    visit.page.click("main button[type=submit]")
    visit.page.wait_for_url("**/xa/11629")
