"""A commune begins: its officer lands on the steps, thôn come from a table of numbers, the plan from a page."""

import datetime as dt
import io
import re
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask

from forms import library, plans
from server import clock
from server.db import db
from server.models import Commune, Form, Plan, Target, Village, VillageFigure
from server.published_forms import publishing
from tests.dashboards.pages.test_leaders_pages import words
from tests.leaders import NOON
from tests.people import Browser, browser, make_person
from tests.server.office.test_table_pages import post

TABLE = Path(__file__).parents[2] / "data" / "tables" / "begin-01-thon.xlsx"
BASE = "/quan-tri/xa/10507"


@pytest.fixture
def officer(app: Flask) -> Browser:
    commune = Commune(code="10507", name="Thành Đông", kind="phường")
    db.session.add(commune)
    db.session.commit()
    make_person("can.bo", "officer", commune)
    found = browser(app)
    found.sign_in("can.bo")
    return found


def test_an_officer_of_a_new_commune_lands_on_the_steps(officer: Browser) -> None:
    assert officer.get("/bat-dau").location == f"{BASE}/bat-dau"
    page = officer.get(f"{BASE}/bat-dau").text
    for step in (
        "Thôn, tổ dân phố",
        "Số hộ",
        "Kế hoạch",
        "Biểu mẫu",
        "Thành viên",
        "mã QR",
        "Phiếu đầu tiên",
    ):
        assert step in page
    assert "Không có mã nào để in" in officer.get(f"{BASE}/thanh-vien/to-in").text
    assert "đã in" not in officer.get(f"{BASE}/bat-dau").text  # a sheet without a code is none


def test_the_overview_of_a_new_commune_is_its_steps_and_no_empty_tables(officer: Browser) -> None:
    page = officer.get("/xa/10507").text
    assert "Phường Thành Đông đang bắt đầu" in page
    assert f"{BASE}/bang/thon" in page
    assert "<table" not in page


@pytest.mark.parametrize(
    "page",
    [
        "ranh-gioi",
        "mau",
        "ke-hoach",
        "phieu/cho-doi",
        "ap-phich",
        "ho/danh-sach-giay",
        "bang/so-ho",
        "bang/diem-cong-cong",
    ],
)
def test_a_phuong_is_called_one_where_its_officers_work(officer: Browser, page: str) -> None:
    text = words(officer.get(f"{BASE}/{page}").text)
    assert re.findall(r".{20}\bxã\b(?!, phường| hội| trong DTI| [A-ZĐ]).{20}", text) == []


@pytest.mark.parametrize("path", ["/xa/10507/ban-do", "/xa/10507/chi-tieu", "/xa/10507/nhiem-vu", f"{BASE}/so-lieu",
                                  f"{BASE}/thanh-vien", f"{BASE}/phieu", f"{BASE}/ho", "/xa/10507/to",
                                  "/xa/10507/phan-di"])  # fmt: skip
def test_each_empty_page_links_to_the_step_it_waits_for(officer: Browser, path: str) -> None:
    page = officer.get(path).text
    assert "Chưa có gì ở đây vì phường còn thiếu" in page
    assert f"{BASE}/bang/thon" in page or f"{BASE}/ke-hoach" in page


@pytest.mark.parametrize("subject", ["thon", "so-ho"])
def test_thon_come_from_a_table_of_numbers(officer: Browser, subject: str) -> None:
    """begin-01: told before they are stored; then collectors and lists can name them."""
    sent = post(officer, f"{BASE}/bang/{subject}", tep=(io.BytesIO(TABLE.read_bytes()), TABLE.name))
    assert sent.status_code == 302
    assert "3 thôn mới" in officer.get(sent.location).text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Village)) == 0
    db.session.rollback()
    post(officer, sent.location, viec="luu")
    db.session.rollback()
    rows = db.session.execute(
        sa.select(Village.code, Village.name, VillageFigure.households)
        .join(VillageFigure, VillageFigure.village_id == Village.id)
        .order_by(Village.code)
    )
    assert [tuple(row) for row in rows] == [
        ("10507001", "Tổ dân phố số 1", 212), ("10507002", "Tổ dân phố số 2", 187),
        ("10507003", "Tổ dân phố Hào Thành", 301),
    ]  # fmt: skip
    wrong = post(officer, f"{BASE}/bang/thanh-vien", dan="Họ tên;Thôn\nAn;TDP 9\n")
    assert "Dòng 2: phường không có thôn “TDP 9”" in wrong.text
    names = "Họ tên;Thôn\nAn;TDP 1\nBình;Hào Thành\n"
    sent = post(officer, f"{BASE}/bang/thanh-vien", dan=names)
    assert "Tổ dân phố Hào Thành (10507003)" in officer.get(sent.location).text


def test_names_of_thon_in_capitals_are_written_as_in_a_sentence(officer: Browser) -> None:
    """Numerals and short words stay; what an old converter wrote for Đ is one."""
    table = "Tên thôn;Số hộ\nXUÂN SƠN II;90\nKHU TĐC;40\n\u00d0ÔNG HÀ;120\n"
    sent = post(officer, f"{BASE}/bang/thon", dan=table)
    post(officer, sent.location, viec="luu")
    db.session.rollback()
    names = db.session.scalars(sa.select(Village.name).order_by(Village.code)).all()
    assert names == ["Xuân Sơn II", "Khu TĐC", "Đông Hà"]


def test_a_code_that_begins_with_another_communes_is_not_taken_from_it(officer: Browser) -> None:
    """A row pasted from the neighbour's table; codes with no commune's number before them are one's own."""
    db.session.add(Commune(code="10525", name="Hải Dương", kind="phường"))
    db.session.commit()
    sent = post(officer, f"{BASE}/bang/thon", dan="Mã;Tên thôn;Số hộ\n10525001;TDP 1;212\nA7;TDP 7;70\n")
    assert sent.status_code == 422
    assert "mã 10525001 bắt đầu bằng mã của phường Hải Dương (10525)" in sent.text
    assert "A7 " not in sent.text.partition("cần sửa")[2].partition("Cột đọc")[0]


def test_a_table_that_comes_again_names_thon_in_another_writing(officer: Browser) -> None:
    """A numeral for a number, a dash for a figure that is not known."""
    for table in ("Tên thôn;Số hộ\nBình Minh II;90\n", "Tên thôn;Số hộ\nBình Minh 2;–\nHoàng Xá;-\n"):
        sent = post(officer, f"{BASE}/bang/thon", dan=table)
        assert sent.status_code == 302
        post(officer, sent.location, viec="luu")
    db.session.rollback()
    assert db.session.scalars(sa.select(Village.name).order_by(Village.code)).all() == [
        "Bình Minh 2", "Hoàng Xá",
    ]  # fmt: skip
    assert db.session.scalars(sa.select(VillageFigure.households)).all() == [90]


@pytest.mark.parametrize("plan_id", plans.PLANS)
def test_a_shipped_plan_becomes_the_communes_own(officer: Browser, plan_id: str) -> None:
    page = officer.get(f"{BASE}/ke-hoach/{plan_id}").text
    assert plans.read(plan_id).targets[0].label_vi in page
    assert post(officer, f"{BASE}/ke-hoach/{plan_id}").status_code == 302
    db.session.rollback()
    plan = db.session.scalars(sa.select(Plan)).one()
    assert plan.commune.code == "10507"
    assert "An Lão" not in plan.title
    assert len(plan.targets) == len(plans.read(plan_id).targets)
    assert all(target.code.startswith("10507.") for target in plan.targets)


def test_both_shipped_plans_stay_apart_between_communes(app: Flask, officer: Browser) -> None:
    other = Commune(code="10525", name="Hải Dương", kind="phường")
    db.session.add(other)
    db.session.commit()
    make_person("can.bo.2", "officer", other)
    second = browser(app)
    second.sign_in("can.bo.2")
    post(officer, f"{BASE}/ke-hoach/an_lao_2026")
    assert post(second, "/quan-tri/xa/10525/ke-hoach/an_lao_2026").status_code == 302
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Plan)) == 2


def test_a_yaml_plan_is_shown_before_it_is_stored_and_wrong_lines_are_named(officer: Browser) -> None:
    text = (Path(plans.__file__).parent / "plans" / "mao_dien_2026.yaml").read_text(encoding="utf-8")
    own = text.replace('code: "10930"', 'code: "10507"').replace("MD-", "TD-")
    answer = post(officer, f"{BASE}/ke-hoach", tep=(io.BytesIO(own.encode()), "ke-hoach.yaml"))
    assert answer.status_code == 302
    assert "TD-T01" in officer.get(answer.location).text
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Plan)) == 0
    assert post(officer, answer.location).status_code == 302
    wrong = post(
        officer,
        f"{BASE}/ke-hoach",
        tep=(io.BytesIO(own.replace("unit: percent", "unit: mẫu").encode()), "k.yaml"),
    )
    assert wrong.status_code == 422
    assert wrong.text.count("Dòng ") > 3
    other = post(officer, f"{BASE}/ke-hoach", tep=(io.BytesIO(text.encode()), "k.yaml"))
    assert "không phải 10507" in other.text


def plan_workbook(*rows: tuple) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(("year", "is_told"), [(2026, False), (2027, True)])
def test_a_plan_of_another_year_is_told_before_it_is_stored(
    officer: Browser, monkeypatch: pytest.MonkeyPatch, year: int, is_told: bool
) -> None:
    """In January last year's file is at hand: nothing of the new year would be set against it."""
    text = (Path(plans.__file__).parent / "plans" / "mao_dien_2026.yaml").read_text(encoding="utf-8")
    own = text.replace('code: "10930"', 'code: "10507"').replace("MD-", "TD-")
    monkeypatch.setattr(clock, "today", lambda: dt.date(year, 1, 5))
    answer = post(officer, f"{BASE}/ke-hoach", tep=(io.BytesIO(own.encode()), "ke-hoach.yaml"))
    assert (f"Năm nay là {year}" in officer.get(answer.location).text) is is_told


def test_a_plan_comes_from_a_table_of_excel(officer: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)  # within the year of the plan
    table = plan_workbook(
        ("KẾ HOẠCH CHUYỂN ĐỔI SỐ",),
        ("TT", "Chỉ tiêu", "Mức giao", "Hạn", "Đơn vị báo cáo", "Mã chỉ số", "So sánh"),
        (1, "Hồ sơ trực tuyến của phường", "84,5%", "30/06/2026", "Trung tâm PVHCC", None, "trên"),
        (2, "Người dân có tài khoản VNeID", "82%", None, None, "vneid_nguoi_dan", None),
        (3, "Tin bài đã đăng", "1.250", None, "Văn phòng", None, None),
    )
    post(officer, f"{BASE}/ke-hoach/mao_dien_2026")  # the indicators of the software are known from here on
    sent = post(officer, f"{BASE}/bang/ke-hoach", tep=(io.BytesIO(table), "ke-hoach.xlsx"))
    assert sent.status_code == 302, sent.text
    post(officer, sent.location, viec="luu")
    db.session.rollback()
    rows = db.session.scalars(sa.select(Target).where(Target.code.in_(
        ["10507.2026-T01", "10507.2026-T02", "10507.2026-T03"])).order_by(Target.code)).all()  # fmt: skip
    assert [(t.comparator, t.value, t.unit, t.how, t.deadline.isoformat()) for t in rows] == [
        (">", "84.5", "percent", "office", "2026-06-30"), (">=", "82", "percent", "survey", "2026-12-31"),
        (">=", "1250", "count", "office", "2026-12-31"),
    ]  # fmt: skip


def test_every_wrong_row_of_a_plan_is_named(officer: Browser) -> None:
    table = plan_workbook(
        ("Chỉ tiêu", "Mức giao", "Đơn vị báo cáo", "Mã chỉ số", "Kỳ"),
        ("A", "nhiều", "VP", None, None), ("B", "120%", "VP", None, None), ("C", "80%", None, None, None),
        ("D", "80%", None, "khong_co", None), ("E", "80%", "VP", None, "thế kỷ"),
    )  # fmt: skip
    answer = post(officer, f"{BASE}/bang/ke-hoach", tep=(io.BytesIO(table), "k.xlsx"))
    assert answer.status_code == 422
    for row in range(2, 7):
        assert f"Dòng {row}:" in answer.text


def test_an_administrator_opens_communes_and_the_city_its_forms(app: Flask) -> None:
    make_person("quan.tri", "admin")
    make_person("thanh.pho", "city")
    admin, city = browser(app), browser(app)
    admin.sign_in("quan.tri")
    city.sign_in("thanh.pho")
    assert "Thành Đông" in admin.get("/quan-tri/xa").text
    assert post(admin, "/quan-tri/xa").status_code == 422
    assert post(admin, "/quan-tri/xa", ma=["10507", "10525"]).status_code == 302
    db.session.rollback()
    assert set(db.session.scalars(sa.select(Commune.name))) == {"Thành Đông", "Hải Dương"}
    db.session.rollback()
    assert post(city, "/quan-tri/bieu-mau/thu-vien").status_code == 302
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Form)) == len(library.LIBRARY)
    changed = library.read("wifi_cong_cong").replace("Tại đây có Wi-Fi", "Ở nhà văn hóa có Wi-Fi")
    publishing.publish(library.workbook(changed, "2099010101"), "wifi.xlsx")
    db.session.commit()
    told = city.get(post(city, "/quan-tri/bieu-mau/thu-vien").headers["Location"]).text
    assert "trừ những phiếu cán bộ đã sửa" in told
