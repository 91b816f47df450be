"""A list that comes again updates (R14): by code, row by row as its officer decides, as one act that is undone."""

import io
import re
import sys
import time

import pytest
import sqlalchemy as sa
from flask import Flask

from server.db import db
from server.models import Audit, Entity, EntityAct, EntityVersion
from tests.people import Browser
from tests.server.households.test_three_hundred import PAGE, workbook
from tests.server.intake.test_receive_submission import Place, Visit, differences, place, send, sums
from tests.server.office.test_household_pages import signed_in

__all__ = ["place"]  # a fixture is found by its name

HEAD = ("Họ tên chủ hộ", "Thôn", "Địa chỉ", "Mã hộ")
FIRST = (
    ("Lương Thị Nụ", "Thôn 1", "Ngõ 14, số 3", "A1"),
    ("Mạc Đình Tấu", "Thôn 1", "Ngõ 7, số 12", "A2"),
    ("Ứng Văn Dậu", "Thôn 1", "Xóm Đình, số 9", "A3"),
    ("Đoàn Thị Hòa", "Thôn 2", "Ngõ 21, số 5", "A4"),
)


@pytest.fixture
def officer(app: Flask, place: Place) -> Browser:
    return signed_in(app, "officer", "can.bo")


def sent(officer: Browser, *rows: tuple[str, ...], head: tuple[str, ...] = HEAD) -> str:
    """Where the list is looked at."""
    answer = officer.post(PAGE, data={"tep": (io.BytesIO(workbook(head, rows)), "ho.xlsx")})
    assert answer.status_code == 302, answer.text
    return answer.location


def store(officer: Browser, at: str, **said: str) -> str:
    """What is said when it is stored; a row without a word of its own is as its group."""
    shown = dict.fromkeys(re.findall(r'name="((?:quyet|thieu)_[^"]+)"', officer.get(at).text), "")
    answer = officer.post(at, data={**shown, **said}, follow_redirects=True)
    return answer.text


def on_list() -> dict[str, tuple[str, str]]:
    """Label → thôn and code of each household on the list."""
    db.session.rollback()
    rows = db.session.scalars(sa.select(Entity).where(Entity.ended_at.is_(None))).all()
    found = {row.label: (row.data["thon"], row.data.get("ma_ho", "")) for row in rows}
    db.session.close()
    return found


def test_a_household_with_a_code_is_known_whatever_else_changed(officer: Browser) -> None:
    """R14"""
    store(officer, sent(officer, *FIRST))
    before = on_list()
    again = sent(
        officer,
        ("Lương Văn Hai", "Thôn 1", "Ngõ 14, số 3", "a1"),  # another head
        ("Mạc Đình Tấu", "Thôn 1", "Ngõ 40, số 1", "A2"),  # another lane
        ("UNG VAN DAU", "Thôn 1", "", "A3"),  # nothing that is not known better
        ("Đoàn Thị Hoà", "Thôn 2", "Số nhà 05 ngõ 21", "A4"),
    )
    page = officer.get(again).text
    assert "2 hộ đã có, tên hoặc địa chỉ sẽ ghi theo danh sách" in page
    assert "Lương Văn Hai, Ngõ 14, số 3" in page
    assert "thêm 0 hộ, sửa 2 hộ, 0 hộ không còn. Điện thoại" in store(officer, again)
    assert set(on_list()) == {
        "Lương Văn Hai, Ngõ 14, số 3", "Mạc Đình Tấu, Ngõ 40, số 1", "Ứng Văn Dậu, Xóm Đình, số 9",
        "Đoàn Thị Hòa, Ngõ 21, số 5",
    }  # fmt: skip
    assert "2 hộ trở về như trước" in officer.post(again, data={"viec": "undo"}, follow_redirects=True).text
    assert on_list() == before


def test_a_code_is_taken_from_the_list_and_goes_back_with_it(officer: Browser) -> None:
    bare = [row[:3] for row in FIRST]
    store(officer, sent(officer, *bare, head=HEAD[:3]))
    coded = sent(officer, *FIRST)
    assert "4 hộ</dd>" in officer.get(coded).text
    store(officer, coded)
    assert {code for _, code in on_list().values()} == {"A1", "A2", "A3", "A4"}
    officer.post(coded, data={"viec": "undo"})
    assert {code for _, code in on_list().values()} == {""}


def test_codes_that_were_numbered_anew_do_not_make_strangers_one(officer: Browser) -> None:
    store(officer, sent(officer, *FIRST))
    turned = [(*row[:3], code[3]) for row, code in zip(FIRST, (*FIRST[1:3], FIRST[0], FIRST[3]), strict=True)]
    page = officer.get(sent(officer, *turned)).text
    assert "4 hộ như đang có" in page
    assert "0 dòng; dòng nào" in page


def test_a_code_in_another_thon_is_asked_about_and_moves_the_household(
    officer: Browser, place: Place
) -> None:
    store(officer, sent(officer, *FIRST))
    moved = sent(officer, ("Lương Thị Nụ", "Thôn 2", "Ngõ 14, số 3", "A1"))
    assert "hộ chuyển thôn, hay là hộ khác? (1)" in officer.get(moved).text
    assert "sửa 1 hộ" in store(officer, moved, quyet_2="cung")
    db.session.rollback()
    nu = db.session.scalars(sa.select(Entity).where(Entity.label.startswith("Lương"))).one()
    assert nu.village_id == place.both.villages["11629002"]
    officer.post(moved, data={"viec": "undo"})
    db.session.rollback()
    assert db.session.get_one(Entity, nu.id).village_id == place.both.villages["11629001"]
    assert differences() == []


def test_each_row_has_a_word_of_its_own(officer: Browser) -> None:
    store(officer, sent(officer, *FIRST))
    again = sent(
        officer,
        ("Phạm Thị Lan", "Thôn 1", "Ngõ 14, số 3"),
        ("Phạm Thị Liên", "Thôn 1", "Ngõ 7, số 12"),
        ("Phạm Thị Loan", "Thôn 1", "Xóm Đình, số 9"),
        head=HEAD[:3],
    )
    said = store(officer, again, nhom_chu_ho="de", quyet_2="cung", quyet_3="khac")
    assert "thêm 1 hộ, sửa 1 hộ, 0 hộ không còn. 1 dòng chưa quyết" in said
    assert set(on_list()) == {
        "Phạm Thị Lan, Ngõ 14, số 3", "Mạc Đình Tấu, Ngõ 7, số 12", "Phạm Thị Liên, Ngõ 7, số 12",
        "Ứng Văn Dậu, Xóm Đình, số 9", "Đoàn Thị Hòa, Ngõ 21, số 5",
    }  # fmt: skip
    acts = db.session.scalars(sa.select(Audit.detail).where(Audit.act == "household.import")).all()
    assert acts[-1] == {"added": 1, "changed": 1, "ended": 0, "left": 1}


def test_a_row_that_was_not_shown_changes_nothing(officer: Browser) -> None:
    """Between looking and saving a phone may register what the list names."""
    store(officer, sent(officer, *FIRST))
    again = sent(officer, ("Phạm Thị Lan", "Thôn 1", "Ngõ 14, số 3"), head=HEAD[:3])
    officer.post(again, data={"nhom_chu_ho": "cung", "nhom_thieu_ho": "het"})
    assert set(on_list()) == {f"{name}, {address}" for name, _, address, _ in FIRST}


def test_undoing_leaves_visits_and_what_was_done_since(officer: Browser, place: Place) -> None:
    send(Visit(create=True), place.both)
    key = db.session.scalars(sa.select(Entity.id)).one()
    db.session.close()
    named = sent(officer, ("Hộ Một", "Thôn 1", "Ngõ 3, số 4", f"H-{key.hex[:12]}"), head=HEAD)
    assert "sửa 1 hộ" in store(officer, named, quyet_2="cung")
    counted = sums()
    assert set(on_list()) == {"Hộ Một, Ngõ 3, số 4"}
    send(Visit(stated=((1, 1), (3, 3), None, None)), place.both)
    officer.post(named, data={"viec": "undo"})
    assert set(on_list()) == {"Hộ 1"}
    db.session.rollback()
    household = db.session.get_one(Entity, key)
    assert (household.data["lan_tham"], "dia_chi" in household.data) == ("2", False)
    assert sums() == {**counted, "vneid_nguoi_dan": (3, 3, 1)}
    assert differences() == []


def test_one_change_of_a_list_is_undone_on_the_households_page(officer: Browser) -> None:
    store(officer, sent(officer, *FIRST))
    again = sent(officer, ("Lương Văn Hai", "Thôn 1", "Ngõ 14, số 3", "A1"))
    store(officer, again)
    act = db.session.scalars(sa.select(EntityAct)).one()
    where, number = f"/quan-tri/xa/11629/ho/{act.entity_id}", act.id
    db.session.close()
    assert "Sửa theo danh sách" in officer.get(where).text
    officer.post(where, data={"viec": "undo", "lan": number, "dong_y": "1"})
    assert "Lương Thị Nụ, Ngõ 14, số 3" in on_list()


def test_a_list_of_two_thousand_is_read_and_written_in_batches(officer: Browser) -> None:
    """Statements do not grow with the rows; another head each, so that all of them change."""
    few, many = _statements(officer, 100), _statements(officer, 2_000)
    assert many <= few + 40
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(EntityVersion)) > 4_000


def _statements(officer: Browser, rows: int) -> int:
    """How many statements it takes to change so many households, and to take that back."""
    first = [
        (f"Nguyễn Văn T{rows + n}", "Thôn 1", f"Ngõ {rows + n % 40}, số {n + 1}", f"M{rows}-{n}")
        for n in range(rows)
    ]
    store(officer, sent(officer, *first))
    at = sent(officer, *(("Trần Thị Q" + row[0][12:], *row[1:]) for row in first))
    counted = 0

    def count(*_: object) -> None:
        nonlocal counted
        counted += 1

    sa.event.listen(db.engine, "before_cursor_execute", count)
    began = time.monotonic()
    assert f"sửa {rows:,} hộ".replace(",", ".") in store(officer, at)
    assert "trở về như trước" in officer.post(at, data={"viec": "undo"}, follow_redirects=True).text
    sys.stdout.write(f"{rows} rows: {counted} statements, {time.monotonic() - began:.1f} s\n")
    sa.event.remove(db.engine, "before_cursor_execute", count)
    return counted
