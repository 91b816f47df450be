"""300 households by phone, then the list of the same 300, changed as lists change: none of them is listed twice."""

import dataclasses
import datetime as dt
import io
import itertools
import re
import uuid
from collections.abc import Callable, Iterator, Sequence

import pytest
import sqlalchemy as sa
import xlsxwriter
from flask import Flask, current_app

from server.db import db
from server.intake import receive_submission
from server.models import Entity
from server.published_forms import publishing
from tests.conftest import Template, begun_once
from tests.people import Browser
from tests.server.intake.test_receive_submission import NOON, Place, begin, differences, stop_clock, sums
from tests.server.office.test_household_pages import signed_in

PAGE = "/quan-tri/xa/11629/ho/nhap"

REGISTER = """
| survey |
| | type | name | label | save_to | calculation |
| | end | end | | | |
| | text | thon | Thôn | thon | |
| | text | ten | Chủ hộ | | |
| | text | dia_chi | Ngõ, số | dia_chi | |
| | text | id_ho | Mã | | |
| | text | ket_qua | Kết quả | | |
| | begin group | chi_tieu | Chỉ tiêu | | |
| | calculate | tham_ho_done | | | 1 |
| | calculate | tham_ho_of | | | 1 |
| | note | ket_luan | Đã ghi nhận | | |
| | end group | | | | |
| settings |
| | form_title | form_id | version |
| | Đăng ký hộ | dang_ky_thu | 1 |
| entities |
| | list_name | label | entity_id | create_if | update_if |
| | ho_dan | ${ten} | ${id_ho} | ${ten} != '' | ${ten} = '' |
"""
FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô")
GIVEN = (
    "An", "Bình", "Chi", "Dung", "Đạt", "Giang", "Hòa", "Khánh", "Lan", "Minh", "Nụ", "Oanh", "Phúc", "Quý", "Sơn",
    "Tâm", "Uyên", "Vinh", "Xuân", "Yến",
)  # fmt: skip
Home = tuple[str, int, int]
"""Name, lane, number."""
PEOPLE = [
    f"{family} {middle} {given}"
    for middle, family, given in itertools.product(("Thị", "Văn"), FAMILIES, GIVEN)
]
BY_PHONE: list[Home] = [(PEOPLE[n], n % 25 + 1, n // 25 + 1) for n in range(300)]
RENAMED, MOVED, GONE = range(15), range(15, 25), range(25, 30)
LATER: list[Home] = [
    *((PEOPLE[380 + n], *BY_PHONE[n][1:]) for n in RENAMED),
    *((BY_PHONE[n][0], 40, n) for n in MOVED),
    *(BY_PHONE[n] for n in range(30, 300)),
    *((PEOPLE[300 + n], 50, n + 1) for n in range(20)),
]
"""20 new, 15 with another head, 10 in another lane, 5 gone."""

LAYOUTS: dict[str, tuple[Sequence[str], Callable[[Home], Sequence[object]]]] = {
    "parts": (
        ("Họ tên chủ hộ", "Thôn", "Ngõ", "Số nhà"),
        lambda home: (home[0], "Thôn 1", home[1], home[2]),
    ),
    "one column": (("Chủ hộ", "Thôn"), lambda home: (f"{home[0]}, Ngõ {home[1]}, số {home[2]}", "Thôn 1")),
    "police": (
        ("STT", "HỌ VÀ TÊN CHỦ HỘ", "NƠI Ở HIỆN NAY", "THÔN"),
        lambda home: (
            1,
            home[0].upper(),
            f"Số nhà {home[2]:02}, ngõ {home[1]:02}, thôn 1, xã An Lão",
            "THÔN 1",
        ),
    ),
}


def workbook(head: Sequence[object], rows: Sequence[Sequence[object]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("Danh sách")
        for number, row in enumerate([head, *rows]):
            sheet.write_row(number, 0, row)
    return out.getvalue()


@pytest.fixture(scope="module")
def begun(
    template_database: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Template, Place]]:
    """300 households by phone."""
    with pytest.MonkeyPatch.context() as patch:
        stop_clock(patch)
        with begun_once(template_database, tmp_path_factory.mktemp("registered"), _register) as found:
            yield found


@pytest.fixture(scope="module")
def prepared(begun: tuple[Template, Place]) -> Template:
    return begun[0]


@pytest.fixture
def place(app: Flask, begun: tuple[Template, Place]) -> Place:
    return begun[1]


def _register() -> Place:
    """By a form for it; three weeks of it come at once, which is no flood here."""
    place, given = begin(), current_app.config["SETTINGS"]
    current_app.config["SETTINGS"] = dataclasses.replace(given, new_per_hour=0, new_at_once=0)
    publishing.publish(REGISTER.encode(), "dang_ky.md")
    db.session.execute(sa.text("UPDATE form_version SET published_at = '2026-09-01 00:00:00+00:00'"))
    db.session.commit()
    db.session.close()
    for number, (name, lane, house) in enumerate(BY_PHONE, start=1):
        receive_submission.accept(
            registration(number, name, f"Ngõ {lane}, số {house}", "11629001"), [], place.both
        )
    return place


def listed(app: Flask, layout: str) -> tuple[Browser, str]:
    """The list of the same 300 sent on the page: its officer, and where it waits."""
    assert len(labels()) == 300
    head, written = LAYOUTS[layout]
    content = workbook(head, [written(home) for home in LATER])
    browser = signed_in(app, "officer", "can.bo")
    sent = browser.post(PAGE, data={"tep": (io.BytesIO(content), "ho.xlsx")})
    assert sent.status_code == 302
    return browser, sent.location


def registration(number: int, name: str, address: str, village: str) -> bytes:
    entity, met = uuid.UUID(int=number, version=4), NOON - dt.timedelta(days=5)
    return (
        f'<data id="dang_ky_thu" version="1"><end>{met.isoformat()}</end><thon>{village}</thon><ten>{name}</ten>'
        f"<dia_chi>{address}</dia_chi><id_ho>{entity}</id_ho><ket_qua>gap</ket_qua>"
        f"<chi_tieu><tham_ho_done>1</tham_ho_done><tham_ho_of>1</tham_ho_of></chi_tieu><meta>"
        f'<entity dataset="ho_dan" id="{entity}" create="1"><label>{name}, {address}</label></entity>'
        f"<instanceID>uuid:{uuid.uuid4()}</instanceID></meta></data>"
    ).encode()


def a_visit_to(key: uuid.UUID, village: str = "11629001") -> bytes:
    return (
        f'<data id="dang_ky_thu" version="1"><end>{NOON.isoformat()}</end><thon>{village}</thon><ten/><dia_chi/>'
        f"<id_ho>{key}</id_ho><ket_qua>gap</ket_qua><chi_tieu><tham_ho_done>1</tham_ho_done><tham_ho_of>1</tham_ho_of>"
        f'</chi_tieu><meta><entity dataset="ho_dan" id="{key}" update="1" baseVersion="1"/>'
        f"<instanceID>uuid:{uuid.uuid4()}</instanceID></meta></data>"
    ).encode()


def labels() -> dict[uuid.UUID, str]:
    """The households on the list."""
    db.session.rollback()
    query = sa.select(Entity.id, Entity.label).where(Entity.ended_at.is_(None))
    found = {row.id: row.label for row in db.session.execute(query)}
    db.session.close()
    return found


def label(home: Home) -> str:
    return f"{home[0]}, Ngõ {home[1]}, số {home[2]}"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_list_of_the_same_three_hundred_doubles_nobody(app: Flask, place: Place, layout: str) -> None:
    """Only those are new who are new; those with another head or another lane are asked about, the others known."""
    browser, at = listed(app, layout)
    page = browser.get(at).text
    for words in (
        "20 hộ sẽ được thêm", "270 hộ</dd>", "25 dòng; dòng nào", "5 hộ đang có ở các thôn",
        "đổi chủ hộ, hay là hộ khác? (15)", "hộ chuyển chỗ, hay người trùng tên? (10)",
    ):  # fmt: skip
        assert words in page
    assert len(labels()) == 300
    answer = browser.post(at, data={}, follow_redirects=True)
    assert "thêm 20 hộ, sửa 0 hộ, 0 hộ không còn. 25 dòng chưa quyết" in answer.text
    now = labels()
    assert len(now) == 320
    assert set(now.values()) == {label(home) for home in (*BY_PHONE, *LATER[-20:])}
    assert differences() == []


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_list_as_decided_is_one_act_that_is_undone_also_after_visits(
    app: Flask, place: Place, layout: str
) -> None:
    browser, at = listed(app, layout)
    before, counted = labels(), sums()
    fields = dict.fromkeys(re.findall(r'name="((?:quyet|thieu)_[^"]+)"', browser.get(at).text), "")
    groups = {"nhom_chu_ho": "cung", "nhom_dia_chi": "cung", "nhom_thieu_ho": "het"}
    answer = browser.post(at, data={**fields, **groups}, follow_redirects=True)
    assert "thêm 20 hộ, sửa 25 hộ, 5 hộ không còn. Điện thoại" in answer.text
    stored = labels()
    assert sorted(stored.values()) == sorted(map(label, LATER))
    assert sums() == {**counted, "tham_ho": (295, 295, 295)}
    assert differences() == []
    new = [key for key, called in stored.items() if key not in before]
    renamed = next(key for key in stored if before.get(key) not in (None, stored[key]))
    for key in (new[0], renamed):
        receive_submission.accept(a_visit_to(key), [], place.both)
    answer = browser.post(at, data={"viec": "undo"}, follow_redirects=True)
    assert "bỏ 19 hộ của danh sách, 30 hộ trở về như trước. 1 hộ đã có phiếu" in answer.text
    assert stored[new[0]] in answer.text
    assert labels() == {**before, new[0]: stored[new[0]]}
    assert db.session.get_one(Entity, renamed).data["lan_tham"] == "2"
    assert sums() == {**counted, "tham_ho": (301, 301, 301)}
    assert differences() == []
    assert browser.post(at, data={"viec": "undo"}).status_code == 404
