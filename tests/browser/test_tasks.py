"""Everyday tasks as people do them, by links and buttons alone; a click is counted where one has to be made.

The leader's map (task 2) stands in test_map_page.py.
"""

import io
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest
import shapely
from flask import Flask
from playwright.sync_api import Browser, Locator, expect
from werkzeug.serving import make_server

from forms.engine import engine
from geo import illustrative_outlines
from server import clock
from server.db import db
from server.models import Village
from server.phones import collectors
from server.published_forms import library_forms
from tests.browser.conftest import DESK, PHONE, Visit, opened, sign_in, username
from tests.conftest import Template, application, on_a_copy
from tests.leaders import NOON, fill
from tests.people import make_person
from tests.phone import InProcess, Phone, statuses
from tests.sample import make_collector

pytestmark = pytest.mark.browser

DATA = Path(__file__).parents[1] / "data"
TABLE = (
    "UBND XÃ AN LÃO\n\nDANH SÁCH TỔ CÔNG NGHỆ SỐ CỘNG ĐỒNG\nTT\tHọ và tên\tThôn phụ trách\n"
    "1\tLương Thị Nụ\tThôn {0}\n2\tĐỗ Văn Ất\tTHÔN {0}\n3\tVũ Thị Mơ\t{1}\n"
    "4\tTrần Văn Đức\tthôn {1}\n5\tPhạm Thị Ủy\t{0}; {1}\n"
)


@dataclass
class Office:
    """A running server and what the tests need to know of it."""

    site: str
    app: Flask
    thon: list[str]


@pytest.fixture
def office(template_database: Template, tmp_path: Path) -> Iterator[Office]:
    """An Lão with five thôn, its plan, eight weeks of counts, an officer, a leader, a household that was visited."""
    with (
        pytest.MonkeyPatch.context() as patch,
        on_a_copy(template_database, tmp_path) as settings,
        application(settings) as app,
    ):
        patch.setattr(clock, "now", lambda: NOON)
        commune = fill("11629", villages=5)
        db.session.commit()
        library_forms.publish_library()
        villages = sorted(db.session.query(Village).all(), key=lambda each: each.code)
        for role in ("officer", "leader", "team_leader"):
            make_person(username(role), role, commune, villages[:1] if role == "team_leader" else ())
        visit_households(app, villages[0])
        names = [each.name for each in villages]
        db.session.commit()
        db.session.close()
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Office(f"http://127.0.0.1:{server.server_port}", app, names)
        server.shutdown()
        thread.join()
        server.server_close()


def visit_households(app: Flask, village: Village) -> None:
    """“Đỗ Thị Thảo, Ngõ 9, số 9” is registered at its door by a phone; at “Vũ Văn Mít, Ngõ 2” nobody was at home."""
    collector = make_collector(village.commune, [village]).collector
    phone = Phone(InProcess(app), f"http://localhost/key/{collectors.token(collector)}")
    form = engine.open_form(*phone.sync()["ho_gia_dinh"])
    for head, where, result in (("Đỗ Thị Thảo", "Ngõ 9, số 9", "gap"), ("Vũ Văn Mít", "Ngõ 2, số 4", "vang")):
        filling = form.start(now=NOON)
        answers = {"thon": village.code, "tim_ho": "moi", "ket_qua": result, "chu_ho": head, "dia_chi": where}
        for path, value in answers.items():
            filling.answer(path, value)
        assert statuses(phone.send(filling.submission())) == [201]


class Clicks:
    """Counts what somebody clicks after the page that signing in leads to."""

    def __init__(self, visit: Visit) -> None:
        self.visit, self.count = visit, 0

    def __call__(self, found: Locator) -> None:
        self.count += 1
        found.click()

    def link(self, name: str | re.Pattern[str]) -> None:
        with self.visit.page.expect_navigation():
            self(self.visit.page.get_by_role("link", name=name, exact=isinstance(name, str)).first)

    def button(self, name: str) -> None:
        with self.visit.page.expect_navigation():
            self(self.visit.page.get_by_role("button", name=name, exact=True).first)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_1_the_worst_thon_of_a_target_and_its_gap_in_people_is_one_click_away(
    browser: Browser, office: Office, size: dict
) -> None:
    with opened(browser, office.site, size) as visit:
        sign_in(visit, "leader")
        clicks = Clicks(visit)
        vneid = visit.page.get_by_role("link", name=re.compile("VNeID")).first
        with visit.page.expect_navigation():
            clicks(vneid)
        told = visit.page.locator("main")
        expect(told).to_contain_text(re.compile(r"thiếu [\d,]+ điểm, khoảng [\d.]+ người"))
        assert clicks.count == 1


def test_3_the_workbook_of_coverage_is_two_clicks_away_and_prints_one_page(
    browser: Browser, office: Office
) -> None:
    with opened(browser, office.site, DESK) as visit:
        sign_in(visit, "leader")
        clicks = Clicks(visit)
        clicks.link("Tải về")
        with visit.page.expect_download() as given:
            clicks(visit.page.get_by_role("link", name=re.compile("Excel")).first)
        sheet = openpyxl.load_workbook(io.BytesIO(given.value.path().read_bytes())).worksheets[0]
        assert clicks.count == 2
        paper = sheet.page_setup
        assert (paper.orientation, paper.fitToWidth or 1, paper.fitToHeight or 1) == ("landscape", 1, 1)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage


def test_4_five_collectors_from_a_table_are_three_clicks_and_a_paste(
    browser: Browser, office: Office
) -> None:
    with opened(browser, office.site, DESK) as visit:
        sign_in(visit, "officer")
        clicks = Clicks(visit)
        clicks.link("Thành viên tổ")
        visit.page.fill("#dan", TABLE.format(*office.thon))
        clicks.button("Xem trước")
        clicks.button("Lưu 5 dòng")
        expect(visit.page.locator(".code-card")).to_have_count(5)
        assert clicks.count == 3
        visit.page.emulate_media(media="print")
        expect(visit.page.get_by_text("Không quét được thì nhập")).to_have_count(5)
        expect(visit.page.get_by_text("Không quét được thì nhập").first).to_be_visible()


def test_5_a_form_is_mended_tried_on_the_screen_and_published(browser: Browser, office: Office) -> None:
    text = (DATA / "review" / "rounds.md").read_text(encoding="utf-8")
    with opened(browser, office.site, DESK) as visit:
        sign_in(visit, "officer")
        clicks = Clicks(visit)
        clicks.link("Biểu mẫu")
        for content, says in ((text.replace("| type", "| loai", 1), "Chưa"), (text, "Kết quả kiểm tra")):
            visit.page.set_input_files(
                "input[type=file]",
                {"name": "thu.md", "mimeType": "text/markdown", "buffer": content.encode()},
            )
            clicks.button("Kiểm tra và tải lên")
            expect(visit.page.locator("main")).to_contain_text(says)
        with visit.page.expect_popup() as shown:
            clicks(visit.page.get_by_role("link", name="Thử trên màn hình"))
        expect(shown.value.get_by_role("button", name="Điền phiếu mới")).to_be_visible()
        assert [each for each in visit.errors if "422" not in each] == []
        visit.errors.clear()  # a file that is refused is answered 422, which the browser notes
        clicks.link(re.compile("Phát hành"))
        assert clicks.count == 5


def test_6_a_household_is_found_its_visit_corrected_rejected_and_taken_back(
    browser: Browser, office: Office
) -> None:
    with opened(browser, office.site, DESK) as visit:
        page = visit.page
        sign_in(visit, "officer")
        links = Clicks(visit)
        links.link("Hộ dân")
        links.link("Hiện tên hộ để tìm")
        page.fill("#tim", "do thi thao")
        with page.expect_navigation():
            page.get_by_role("button", name="Tìm").click()
        links.link(re.compile("Đỗ Thị Thảo"))
        links.link(re.compile("Phiếu hộ gia đình"))
        links.link("Sửa câu trả lời")
        page.wait_for_selector("html[data-ready]")
        page.get_by_role("button", name=re.compile("Tên chủ hộ")).first.click()
        page.locator(".question input").first.fill("Đỗ Thị Thảo Em")
        page.get_by_role("button", name="Mọi câu").click()
        page.get_by_label("Vì sao sửa").fill("Hỏi lại hộ")
        page.get_by_role("button", name="Lưu bản sửa").click()
        expect(page.locator("main")).to_contain_text("Đã lưu bản sửa")
        for decision, word in (("Không nhận", "không nhận"), ("Duyệt", "đã duyệt")):
            page.fill("#ghi_chu", "Thử việc hằng ngày")
            with page.expect_navigation():
                page.get_by_role("button", name=decision, exact=True).click()
            expect(page.locator("dl.facts .tag").first).to_have_text(word)
        assert links.count <= 6


def test_7_a_list_as_the_police_writes_it_is_four_clicks(browser: Browser, office: Office) -> None:
    with opened(browser, office.site, DESK) as visit:
        sign_in(visit, "officer")
        clicks = Clicks(visit)
        clicks.link("Hộ dân")
        clicks.link("Nạp danh sách hộ từ Excel")
        visit.page.set_input_files(
            "#tep", {"name": "cong-an.xlsx", "mimeType": "application/octet-stream", "buffer": police(office)}
        )
        clicks.button("Xem trước")
        expect(visit.page.locator("main")).to_contain_text("Họ và tên chủ hộ")
        expect(visit.page.locator("main")).to_contain_text("Đỗ Thị Thảo")
        with visit.page.expect_navigation():
            clicks(visit.page.get_by_role("button", name=re.compile("^Lưu")).first)
        expect(visit.page.locator("main")).to_contain_text("2")
        assert clicks.count == 4


def police(office: Office) -> bytes:
    """Titles, headings of its own, two new households and one that a phone has registered."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["CÔNG AN XÃ AN LÃO"], [], ["DANH SÁCH HỘ GIA ĐÌNH NĂM 2026"],
        ["STT", "Họ và tên chủ hộ", "Nơi thường trú", "Thôn, KDC", "Ghi chú"],
        [1, "ĐỖ THỊ THẢO", "số 9, ngõ 9", f"KDC {office.thon[0]}", ""],
        [2, "NGUYỄN VĂN ẤM", "số 1, ngõ 2", f"Thôn {office.thon[0]}", ""],
        [3, "LƯƠNG THỊ NỤ", "Ngõ 7", office.thon[1], ""],
        ["", "Tổng cộng: 3 hộ"],
    ):  # fmt: skip
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def renamed() -> bytes:
    """The outlines of the five thôn with their codes, each under the name of another."""
    drawn = illustrative_outlines.villages("11629")[:5]
    features = [
        {
            "type": "Feature",
            "properties": {"ma_thon": each.code, "ten_thon": other.name},
            "geometry": shapely.geometry.mapping(each.geometry),
        }
        for each, other in zip(drawn, [*drawn[1:], drawn[0]], strict=True)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def test_8_outlines_whose_names_differ_stop_and_matching_is_proposed(
    browser: Browser, office: Office
) -> None:
    with opened(browser, office.site, DESK) as visit:
        sign_in(visit, "officer")
        clicks = Clicks(visit)
        clicks.link("Ranh giới")
        content = renamed()
        visit.page.set_input_files(
            "input[type=file]",
            {"name": "ranh.geojson", "mimeType": "application/geo+json", "buffer": content},
        )
        with visit.page.expect_navigation():
            clicks(visit.page.get_by_role("button", name=re.compile("Xem trước|Kiểm tra")).first)
        expect(visit.page.locator("main")).to_contain_text(re.compile("tên khác|khác tên|đổi tên"))
        expect(visit.page.get_by_label(re.compile("Ghép theo tên thôn"))).to_be_visible()
        clicks(visit.page.get_by_label(re.compile("Ghép theo tên thôn")))
        clicks.button("Xem lại theo cách này")
        expect(visit.page.locator("main")).not_to_contain_text(re.compile("tên khác|khác tên|đổi tên"))
        assert clicks.count == 4


def test_9_a_months_figures_are_one_table_and_a_report_is_issued_by_somebody(
    browser: Browser, office: Office
) -> None:
    with opened(browser, office.site, DESK) as visit:
        page = visit.page
        sign_in(visit, "officer")
        clicks = Clicks(visit)
        clicks.link("Số liệu báo cáo")
        clicks.link("Nạp bảng số liệu của một tháng")
        page.fill(
            "#dan", "Chỉ tiêu\tTử số\tMẫu số\tNguồn\nAL-T09\t1.250\t1.300\tBáo cáo tháng của Văn phòng\n"
        )
        clicks.button("Xem trước")
        expect(page.locator("main")).to_contain_text("1.250")
        clicks.button("Lưu 1 dòng")
        clicks.link("Báo cáo")
        clicks.button("Xem dự thảo")
        page.check("input[name=da_doc]")
        page.get_by_role("button", name="Phát hành", exact=True).click()
        assert page.evaluate("document.querySelector('#ho_ten').validity.valueMissing")
        page.fill("#ho_ten", "Nguyễn Thị Hạnh")
        clicks.button("Phát hành")
        expect(page.locator("main")).to_contain_text("SHA-256", timeout=60_000)
        assert clicks.count == 7


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_10_the_leader_of_a_team_lands_on_whom_to_visit_today(
    browser: Browser, office: Office, size: dict
) -> None:
    with opened(browser, office.site, size) as visit:
        sign_in(visit, "team_leader")
        told = visit.page.locator("main")
        expect(told).to_contain_text("Ngõ 2")
        expect(told).to_contain_text(re.compile("Vũ Văn Mít.*Vắng nhà.*12:00", re.DOTALL))
        expect(told).not_to_contain_text("Đỗ Thị Thảo")
        assert visit.width() <= visit.page.viewport_size["width"]  # type: ignore[index]
