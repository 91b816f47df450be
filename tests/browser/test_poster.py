"""A citizen answers a poster: from the address of its code to an answer counted in a column of its own (R27)."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.serving import make_server

from server.coverage import coverage_table
from server.db import db
from server.models import Commune
from tests.browser.test_web_questions import serious, too_wide
from tests.conftest import Template, application, on_a_copy
from tests.posters import from_library, hang, make_poster
from tests.sample import arrived, make_entity

pytestmark = pytest.mark.browser

LEFT = """async () => [localStorage.length, sessionStorage.length, document.cookie.length,
  (await indexedDB.databases()).length, (await caches.keys()).length,
  (await navigator.serviceWorker.getRegistrations()).length]"""


@dataclass(frozen=True)
class Wall:
    """A server, its application, and the addresses of two posters."""

    address: str
    app: Flask
    opinion: str
    difficulty: str


@pytest.fixture
def wall(template_database: Template, tmp_path: Path) -> Iterator[Wall]:
    with on_a_copy(template_database, tmp_path) as settings, application(settings) as app:
        hung = hang()
        make_entity(hung.own, "Lương Thị Nụ", data={"thon": hung.own.code})
        codes = [
            make_poster(hung.commune, from_library(each), hung.own).code for each in ("hai_long", "phan_anh")
        ]
        db.session.close()
        running = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        base = f"http://127.0.0.1:{running.server_port}"
        yield Wall(base, app, *(f"{base}/khao-sat/{code}" for code in codes))
        running.shutdown()
        thread.join()
        running.server_close()


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    return page


def answered(page: Page, *choices: str, begin: str = "Trả lời", send: str = "Hoàn thành và gửi") -> list[str]:
    """Answer with these choices wherever they are offered, and send; what axe-core and a ruler found on the way."""
    wrong = serious(page) + too_wide(page)
    page.get_by_role("button", name=begin, exact=True).click()
    page.wait_for_selector(".steps")
    while page.get_by_role("button", name=send).count() == 0:
        for choice in choices:
            for found in page.get_by_text(choice, exact=True).all():
                found.click()
        if page.locator("textarea").count():
            page.locator("textarea").first.fill("Sóng yếu từ tháng trước")
        wrong += serious(page) + too_wide(page)
        page.locator(".steps button").last.click()
        page.wait_for_timeout(50)
    wrong += serious(page)
    page.get_by_role("button", name=send).click()
    return wrong


def test_from_the_code_on_the_wall_to_a_number_in_its_own_column(browser: Browser, wall: Wall) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="vi-VN")
    page = opened(context, wall.opinion)
    assert answered(page, "Đồng ý", "Có", "Rất hài lòng") == []
    page.wait_for_selector("html[data-sent]")
    expect(page.get_by_text("Số phiếu: 1")).to_be_visible()
    assert serious(page) == []
    assert page.evaluate(LEFT) == [0, 0, 0, 0, 0, 0]
    assert context.cookies() == []
    context.close()
    with wall.app.app_context():
        commune = db.session.query(Commune).one()
        rows = {row.indicator.code: row.cell for row in coverage_table.table(commune, full=True).indicators}
        assert (rows["hai_long_tthc_tu_tra_loi"].done, rows["hai_long_tthc_tu_tra_loi"].of) == (1, 1)
        assert rows["hai_long_tthc"].of == 0
        assert arrived()[0].device is None


def test_a_refusal_keeps_the_answers_and_the_same_bytes_go_again(browser: Browser, wall: Wall) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="vi-VN")
    page = opened(context, wall.opinion)
    sentence = "Đang có nhiều người trả lời. Xin chờ một phút rồi bấm Gửi lại."
    bodies: list[bytes] = []

    def busy(route: object) -> None:
        bodies.append(route.request.post_data_buffer or b"")  # type: ignore[attr-defined]
        if len(bodies) == 1:
            route.fulfill(status=429, json={"code": "answers_too_many", "message": sentence})  # type: ignore[attr-defined]
        elif len(bodies) == 2:
            route.abort()  # type: ignore[attr-defined]
        else:
            route.continue_()  # type: ignore[attr-defined]

    page.route("**/submission", busy)
    page.locator("#language").click()
    assert answered(page, "Agrees", begin="Answer", send="Finish and send") == []
    expect(page.get_by_text(sentence)).to_be_visible()
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_text("No network.")).to_be_visible()
    page.get_by_role("button", name="Send again").click()
    page.wait_for_selector("html[data-sent]")
    names = [body.split(b"<instanceID>")[1][:41] for body in bodies]
    assert len(set(names)) == 1
    context.close()
    with wall.app.app_context():
        assert len(arrived()) == 1
