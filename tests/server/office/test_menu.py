"""The menu: families of pages in one row, those beside the open page in the next, for each role what it may open."""

import re

import pytest
from flask import Flask

from tests.people import Browser, browser, make_commune, make_person

OFFICE = "/quan-tri/xa/11629"
FAMILIES = [
    "Bắt đầu", "Hộ dân", "Soát phiếu", "Phản ánh", "Số liệu báo cáo", "Thành viên tổ", "Biểu mẫu", "Ranh giới",
    "Dữ liệu cá nhân", "Tài khoản",
]  # fmt: skip


def signed_in(app: Flask, role: str) -> Browser:
    make_person("ai.do", role, None if role in ("city", "admin") else make_commune(thon=1))
    found = browser(app)
    found.sign_in("ai.do")
    return found


@pytest.fixture
def officer(app: Flask) -> Browser:
    return signed_in(app, "officer")


def rows(page: str) -> list[list[str]]:
    """The names in each row of the menu; the open page is marked `*`, the family that holds it `+`."""
    menu = page.partition('<nav class="menu"')[2].partition("</nav>")[0]
    marks = {"": "", "page": "*", "true": "+"}
    return [
        [
            marks[mark] + name
            for mark, name in re.findall(r'<a href="[^"]+"(?: aria-current="(\w+)")?>([^<]+)<', row)
        ]
        for row in menu.split("<ul")[1:]
    ]


def test_an_officer_chooses_among_ten_families_of_pages(officer: Browser) -> None:
    _, working = rows(officer.get("/xa/11629").text)
    assert working == FAMILIES


@pytest.mark.parametrize(
    ("path", "family", "beside"),
    [
        (
            f"{OFFICE}/phuc-tra",
            "+Soát phiếu",
            ["Soát phiếu", "Đáng ngờ", "Chờ bao lâu", "*Phúc tra", "Gửi đi"],
        ),
        (f"{OFFICE}/phieu", "*Soát phiếu", ["*Soát phiếu", "Đáng ngờ", "Chờ bao lâu", "Phúc tra", "Gửi đi"]),
        (f"{OFFICE}/gui-di", "+Soát phiếu", ["Soát phiếu", "Đáng ngờ", "Chờ bao lâu", "Phúc tra", "*Gửi đi"]),
        (f"{OFFICE}/mau", "+Hộ dân", ["Hộ dân", "*Mẫu bốc thăm"]),
        (
            f"{OFFICE}/phieu/cho-doi",
            "+Soát phiếu",
            ["Soát phiếu", "Đáng ngờ", "*Chờ bao lâu", "Phúc tra", "Gửi đi"],
        ),
        (f"{OFFICE}/ngay-cong", "+Thành viên tổ", ["Thành viên tổ", "Phần đi", "*Ngày công"]),
        (f"{OFFICE}/ap-phich", "+Biểu mẫu", ["Biểu mẫu", "Khối câu hỏi", "*Áp phích", "Thùng rác"]),
        ("/quan-tri/thung-rac", "+Biểu mẫu", ["Biểu mẫu", "Khối câu hỏi", "Áp phích", "*Thùng rác"]),
        ("/quan-tri/khoa-truy-cap", "+Tài khoản", ["Tài khoản", "*Khóa truy cập"]),
    ],
)
def test_the_menu_shows_the_family_and_the_page_in_it(
    officer: Browser, path: str, family: str, beside: list[str]
) -> None:
    answer = officer.get(path)
    assert answer.status_code == 200
    _, working, row = rows(answer.text)
    assert [each for each in working if each[0] in "*+"] == [family]
    assert row == beside


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/xa/11629/tai-ve/lien-ket", "*Tải về"),
        (f"{OFFICE}/ho/nhap", "*Hộ dân"),
        (f"{OFFICE}/bang/thon", "*Bắt đầu"),
        ("/quan-tri/du-lieu-ca-nhan/su-co", "*Dữ liệu cá nhân"),
    ],
)
def test_pages_below_a_page_show_it_in_the_menu(officer: Browser, path: str, current: str) -> None:
    answer = officer.get(path)
    assert answer.status_code == 200
    # the first page of a family stands in the row of the family, too
    assert {name for row in rows(answer.text) for name in row if name[0] in "*+"} == {current}


def test_a_role_with_one_page_of_a_family_has_no_row_for_it(app: Flask) -> None:
    """A reviewer sends nothing on, and has the pages of review alone."""
    reviewer = signed_in(app, "reviewer")
    _, working, beside = rows(reviewer.get(f"{OFFICE}/phuc-tra").text)
    assert working == ["+Soát phiếu"]
    assert beside == ["Soát phiếu", "Đáng ngờ", "Chờ bao lâu", "*Phúc tra"]


def test_the_city_finds_communes_with_boxes_of_their_own_beside_the_communes(app: Flask) -> None:
    city = signed_in(app, "city")
    _, working, beside = rows(city.get("/quan-tri/goi-so-lieu").text)
    assert [each for each in working if each[0] == "+"] == ["+Xã, phường"]
    assert beside == ["Xã, phường", "*Xã chạy máy riêng"]
    assert rows(city.get("/thanh-pho/lien-ket").text)[0] == ["*Thành phố"]
