"""From an empty installation and one administrator to a third commune's first counted visit, by pages alone."""

import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from werkzeug.serving import make_server

from forms.engine import engine
from forms.library import LIBRARY
from server.db import db
from tests.browser.conftest import DESK, PHONE, Visit, opened
from tests.conftest import Template, application, on_a_copy
from tests.people import PASSWORD, make_person
from tests.phone import OverSocket, Phone, statuses

pytestmark = pytest.mark.browser

PICTURES = os.environ.get("TUNGNHA_TEST_PICTURES", "")
"""A folder: where the pictures of docs/begin.md are to be drawn anew."""
OWN = "Mat khau cua toi 2026!"
NAMES = ("Đông", "Đoài", "Nam", "Bắc", "Trung", "Thượng", "Hạ", "Vạn Phúc", "Cẩm La", "Hòa Mỹ")
THON = "BIỂU THỐNG KÊ THÔN\n\nTT\tTên thôn\tSố hộ\tNhân khẩu\n" + "\n".join(
    f"{n}\tThôn {NAMES[n % 10]} {n // 10 + 1}\t{100 + n}\t{'1.' if n % 2 else ''}{300 + n}" for n in range(30)
)
COLLECTORS = "Họ và tên\tThôn phụ trách\nLương Thị Nụ\tKDC Vạn Phúc 1\nĐỗ Văn Ất\tthôn Đông 2; Nam 3\n"


@pytest.fixture
def empty_site(template_database: Template, tmp_path: Path) -> Iterator[tuple[str, int]]:
    """A server with nothing in it but one administrator."""
    with on_a_copy(template_database, tmp_path) as settings, application(settings) as app:
        make_person("quan.tri", "admin")
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        db.session.close()
        yield f"http://127.0.0.1:{server.server_port}", server.server_port
        server.shutdown()
        thread.join()
        server.server_close()


def sign_in(visit: Visit, username: str, password: str) -> None:
    visit.open("/dang-nhap")
    visit.page.fill("#username", username)
    visit.page.fill("#password", password)
    visit.page.click("main button[type=submit]")
    visit.page.wait_for_url(lambda url: not urlsplit(url).path.startswith("/dang-nhap"))


def sign_in_first(visit: Visit, username: str, secret: str) -> None:
    """With the password that was told once: another has to be chosen before anything else."""
    sign_in(visit, username, secret)
    visit.page.fill("#mat_khau", secret)
    visit.page.fill("#mat_khau_moi", OWN)
    visit.page.fill("#nhap_lai", OWN)
    press(visit.page, "Đổi mật khẩu")
    if urlsplit(visit.page.url).path.startswith("/dang-nhap"):
        sign_in(visit, username, OWN)
    visit.open("/bat-dau")


def press(page: Page, name: str) -> None:
    """A button whose form is sent, and the page that follows."""
    with page.expect_navigation():
        page.get_by_role("button", name=name).click()


def follow(page: Page, link: Locator) -> None:
    with page.expect_navigation():
        link.click()


def add_person(visit: Visit, username: str, role: str, commune: str = "") -> str:
    """The one-time password of a new account."""
    visit.open(f"/quan-tri/tai-khoan/them?xa={commune}")
    visit.page.fill("#ten_dang_nhap", username)
    visit.page.fill("#ho_ten", username)
    visit.page.check(f"input[name=vai_tro][value={role}]")
    press(visit.page, "Thêm tài khoản")
    return visit.page.locator(".secret").inner_text()


def look(visit: Visit, name: str, picture: str = "") -> None:
    """No page of the way scrolls sideways, on a phone or at a desk; docs/begin.md is drawn anew if that is asked."""
    for size in (PHONE, DESK):
        visit.page.set_viewport_size(size)
        assert visit.width() <= size["width"], name
    if picture and PICTURES:
        visit.page.set_viewport_size({"width": 1000, "height": 700})
        with Image.open(io.BytesIO(visit.page.screenshot())) as drawn:
            drawn.quantize(64).save(Path(PICTURES) / f"{picture}.png", optimize=True)
        visit.page.set_viewport_size(DESK)


def paste(visit: Visit, table: str, says: str, picture: str = "") -> None:
    """A table is pasted, looked at, stored."""
    page = visit.page
    page.fill("#dan", table)
    press(page, "Xem trước")
    expect(page.locator("main")).to_contain_text(says)
    look(visit, says, picture)
    press(page, "Lưu")


def test_a_third_commune_comes_to_its_first_counted_visit_by_pages_alone(
    browser: Browser, empty_site: tuple[str, int]
) -> None:
    site, port = empty_site
    with opened(browser, site, DESK) as admin:
        sign_in(admin, "quan.tri", PASSWORD)
        admin.open("/quan-tri/xa")
        for code in ("11629", "10930", "10507"):
            admin.page.check(f"input[value='{code}']")
        press(admin.page, "Mở các nơi đã đánh dấu")
        look(admin, "communes", "xa-phuong")
        city_secret = add_person(admin, "thanh.pho", "city")
        officer_secret = add_person(admin, "can.bo", "officer", "10507")
    with opened(browser, site, DESK) as city:
        sign_in_first(city, "thanh.pho", city_secret)
        city.open("/quan-tri/bieu-mau")
        press(city.page, "Phát hành các biểu mẫu có sẵn")
        expect(city.page.locator(".figures tbody tr")).to_have_count(len(LIBRARY))
    with opened(browser, site, DESK) as officer:
        card = _begin(officer, officer_secret)
        _visit(port, card)
        officer.open("/xa/10507")
        expect(officer.page.locator(".big")).to_contain_text("1")
        expect(officer.page.locator(".thons tbody tr")).to_have_count(30)
        look(officer, "overview", "tong-quan")
        officer.open("/xa/10507/ban-do")
        expect(officer.page.locator("main")).to_contain_text("chưa có ranh giới thôn")
        officer.open("/quan-tri/xa/10507/bat-dau")
        expect(officer.page.locator("main")).to_contain_text("Đã đủ 7 bước")


def _begin(officer: Visit, secret: str) -> tuple[str, str, str]:
    """The steps of a commune: server, name and password of a collector as the printed sheet has them."""
    page = officer.page
    sign_in_first(officer, "can.bo", secret)
    assert urlsplit(page.url).path == "/quan-tri/xa/10507/bat-dau"
    look(officer, "steps", "bat-dau")
    follow(page, page.get_by_role("link", name="Nạp bảng thôn"))
    paste(officer, THON, "30 thôn mới, 0 thôn đã có", "bang-thon")
    expect(page.locator("main")).to_contain_text("30/30 thôn có số hộ")
    follow(page, page.get_by_role("link", name="Nạp kế hoạch"))
    follow(page, page.locator("main a", has_text="Chuyển đổi số xã Mao Điền"))
    look(officer, "plan", "ke-hoach")
    press(page, "Dùng kế hoạch này")
    follow(page, page.get_by_role("link", name="Nạp danh sách thành viên"))
    paste(officer, COLLECTORS, "2 thành viên mới", "thanh-vien")
    officer.open("/quan-tri/xa/10507/bat-dau")
    follow(page, page.get_by_role("link", name="Mở tờ mã QR"))
    look(officer, "codes")
    typed = page.locator(".code-card", has_text="Lương Thị Nụ").locator(".typed")
    name, password = (each.inner_text() for each in typed.locator("b").all()[:2])
    server = next(word for word in typed.inner_text().split() if word.startswith("http"))
    return server, name, password


def _visit(port: int, card: tuple[str, str, str]) -> None:
    """The phone of the collector: everything fetched, one household registered and met."""
    server, name, password = card
    phone = Phone(OverSocket("127.0.0.1", port), server, name, password)
    filling = engine.open_form(*phone.sync()["ho_gia_dinh"]).start()
    filling.answer("thon", "10507008")
    filling.answer("tim_ho", "moi")
    filling.answer("ket_qua", "gap")
    filling.answer("dia_chi", "Ngõ 9, số 9")
    assert filling.problems() == ()
    assert statuses(phone.send(filling.submission())) == [201]
