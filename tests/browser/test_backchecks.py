"""An officer draws second visits in a browser, phones make them, and the report has their sentence (R28, R29)."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from playwright.sync_api import Browser
from werkzeug.serving import make_server

from server import clock
from server.db import db
from server.phones.collectors import NewCollector
from tests.browser.conftest import PHONE, opened, sign_in
from tests.conftest import Template, application, on_a_copy
from tests.people import make_person
from tests.phone import OverSocket, Phone
from tests.server.backchecks.conftest import Walked
from tests.server.backchecks.conftest import _fill as fill

pytestmark = pytest.mark.browser

PAGE = "/quan-tri/xa/11629/phuc-tra"
AS_BEFORE = {"da_den": "co", "nguoi_18": 3, "nguoi_6_13": 1, "internet": "cap_quang", "chu_ky_so_18": 1}


class WalkedByPhones(Walked):
    """The same commune, whose phones reach a server that listens."""

    port = 0
    """Of the server; none yet while the first visits are made."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        for home in self.homes:
            self.visit(home)
        db.session.rollback()  # phones have written since this session began to read
        make_person("officer", "officer", self.commune)
        db.session.commit()
        self.village = SimpleNamespace(code=self.village.code)  # type: ignore[assignment]
        self.first, self.second = _of_phones(self.first), _of_phones(self.second)

    def phone(self, collector: NewCollector) -> Phone:
        if not self.port:
            return super().phone(collector)
        return Phone(
            OverSocket("127.0.0.1", self.port), f"http://127.0.0.1:{self.port}/key/{collector.token}"
        )


def _of_phones(collector: NewCollector) -> NewCollector:
    return SimpleNamespace(token=collector.token)  # type: ignore[return-value]


@dataclass(frozen=True)
class Served:
    """Where the commune is served."""

    url: str
    walked: WalkedByPhones


@pytest.fixture
def served(template_database: Template, tmp_path: Path) -> Iterator[Served]:
    with on_a_copy(template_database, tmp_path) as settings:
        with application(settings) as app:
            fill(app)
            walked = WalkedByPhones(app)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        walked.port = server.server_port
        yield Served(f"http://127.0.0.1:{server.server_port}", walked)
        server.shutdown()
        thread.join()
        server.server_close()
        with app.app_context():
            db.dispose()


def test_from_the_button_that_draws_to_the_sentence_in_the_report(served: Served, browser: Browser) -> None:
    """A fifth of 55 visits: eleven households, of which one says that nobody came; all on a screen of 390 pixels."""
    walked = served.walked
    with opened(browser, served.url, PHONE) as visit:
        sign_in(visit, "officer")
        visit.open(PAGE)
        visit.page.get_by_role("button", name="Bốc thăm").click()
        visit.page.get_by_text("đã bốc thăm 11 lần đến, mới gặp lại 0 hộ").first.wait_for()

        assert walked.waiting(walked.first) == {}  # nobody checks their own visits
        waiting = walked.waiting(walked.second)
        assert len(waiting) == 11
        for place, home in enumerate(waiting):
            walked.again(walked.second, home, **(AS_BEFORE | {"da_den": "co" if place else "khong"}))
        assert walked.waiting(walked.second) == {}

        visit.open(PAGE)
        sentence = "10/11 lần đến bốc ngẫu nhiên được xác nhận"
        visit.page.get_by_text(sentence).first.wait_for()
        visit.page.locator(f"a[href^='{PAGE}/']").first.click()
        visit.page.get_by_text("Không có ai đến").first.wait_for()
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
        visit.open(f"/xa/11629/bao-cao/du-thao?ky={clock.today():%Y-%m}")
        visit.page.get_by_text(sentence).first.wait_for()
