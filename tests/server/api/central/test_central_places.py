"""Public places and businesses written at Central's door: as by the page of their list, told to phones and counts."""

import datetime as dt
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.counting import recount
from server.coverage import coverage_table
from server.db import db
from server.intake import catch_up
from server.models import Commune, Entity, Finding
from tests import sample
from tests.people import bearing, make_token
from tests.phone import Phone, statuses
from tests.server.api.conftest import Client

LISTS = "/v1/projects/11629/datasets"
PLACES, BUSINESSES = (f"{LISTS}/{name}/entities" for name in ("diem_cong_cong", "doanh_nghiep"))
ONE, TWO = "11629001", "11629002"
HALL = {"label": "Nhà văn hóa thôn 1", "data": {"thon": ONE, "loai": "nhà văn hóa"}}

CHECK = """
| survey |
| | type | name | label | calculation |
| | select_one_from_file diem_cong_cong.csv | diem | Điểm | |
| | begin group | chi_tieu | Chỉ tiêu | |
| | calculate | doi_tuong | | ${diem} |
| | calculate | wifi_thu_done | | 1 |
| | calculate | wifi_thu_of | | 1 |
| | note | ghi | Xong | |
| | end group | | | |
| chi_tieu |
| | indicator | label::Tiếng Việt | label::English | unit | kind |
| | wifi_thu | Có Wi-Fi | Wi-Fi | place | state |
| settings |
| | form_title | form_id | version |
| | Xem Wi-Fi | xem_wifi | 1 |
"""


def post(program: Client, body: Any, path: str = PLACES) -> Any:
    return program.open("POST", path, json=body)


@pytest.fixture
def hall(commune: Commune, officer: Client) -> str:
    """A hall that a program added."""
    sample.make_entity(
        db.session.merge(commune).villages[0], "Công ty An Bình", "doanh_nghiep", {"thon": ONE}
    )
    sample.make_entity(
        db.session.merge(commune).villages[0], "Nhà văn hóa cũ", "diem_cong_cong", {"thon": ONE}
    )
    answer = post(officer, HALL)
    assert answer.status_code == 200, answer.text
    return str(answer.json["uuid"])


def test_a_place_is_added_changed_and_told_by_what_it_was(officer: Client, hall: str) -> None:
    told = officer.json(f"{PLACES}/{hall}")["currentVersion"]
    assert (told["label"], told["data"]) == (HALL["label"], {"thon": ONE, "loai": "nha_van_hoa"})
    changed = officer.open(
        "PATCH", f"{PLACES}/{hall}?baseVersion=1", json={"label": "Nhà văn hóa Đông", "data": {"thon": TWO}}
    )
    assert changed.status_code == 200, changed.text
    assert changed.json["currentVersion"]["data"] == {"thon": TWO, "loai": "nha_van_hoa"}
    assert (changed.json["currentVersion"]["label"], changed.json["currentVersion"]["version"]) == (
        "Nhà văn hóa Đông", 2,
    )  # fmt: skip
    older = officer.open("PATCH", f"{PLACES}/{hall}?baseVersion=1", json={"label": "Khác"})
    assert (older.status_code, older.json["code"]) == (409, 409.15)
    _, second = officer.json(f"{PLACES}/{hall}/diffs")
    assert {each["propertyName"] for each in second} == {"label", "thon"}


def test_many_businesses_are_added_or_none(officer: Client, hall: str) -> None:
    some = [
        {"label": "Hợp tác xã Gốm", "data": {"thon": "Thôn 2", "nganh": "sản xuất", "dia_chi": "Ngõ 4"}},
        {"label": "Cửa hàng Tư", "data": {"thon": ONE, "nganh": "thuong_mai"}},
    ]
    twice = [*some, {"label": "CÔNG TY AN BÌNH", "data": {"thon": ONE}}]
    assert post(officer, {"entities": twice}, BUSINESSES).status_code == 409
    assert len(officer.json(BUSINESSES)) == 1
    assert post(officer, {"entities": some}, BUSINESSES).json == {"success": True}
    table = officer.json(f"{LISTS}/doanh_nghiep.svc/Entities?$orderby=label&$filter=nganh ne null")["value"]
    assert [(each["label"], each["thon"], each["nganh"], each["dia_chi"]) for each in table] == [
        ("Cửa hàng Tư", ONE, "thuong_mai", None), ("Hợp tác xã Gốm", TWO, "san_xuat", "Ngõ 4"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"label": "x", "data": {"thon": "11630001"}}, 409),
        ({"label": "x"}, 409),
        ({"label": "", "data": {"thon": ONE}}, 400),
        ({"label": "x", "data": {"thon": ONE, "wifi": "co"}}, 400),
        ({"label": "Nhà Văn Hóa Thôn 1", "data": {"thon": ONE}}, 409),
        ({"entities": []}, 400),
    ],
)
def test_what_cannot_be_listed_adds_nothing(officer: Client, hall: str, body: Any, status: int) -> None:
    before = officer.json(PLACES)
    answer = post(officer, body)
    assert (answer.status_code, int(answer.json["code"])) == (status, status), answer.text
    assert officer.json(PLACES) == before


def test_a_place_that_ended_leaves_phones_and_counts_and_comes_back(
    commune: Commune, walker: Phone, officer: Client, hall: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4: what was known of it ends with it, as a recount finds too."""
    sample.publish(CHECK)
    assert halls(walker, commune) == (0, True)
    xml = sample.filled(
        f"<diem>{hall}</diem><chi_tieu><doi_tuong>{hall}</doi_tuong><wifi_thu_done>1</wifi_thu_done>"
        "<wifi_thu_of>1</wifi_thu_of></chi_tieu>",
        form_id="xem_wifi",
        version="1",
    )
    assert statuses(walker.send(xml)) == [201]
    assert halls(walker, commune) == (1, True)
    tomorrow = clock.now() + dt.timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    assert officer.open("DELETE", f"{PLACES}/{hall}").json == {"success": True}
    assert halls(walker, commune) == (0, False)
    assert officer.get(f"{PLACES}/{hall}").status_code == 404
    assert officer.open("DELETE", f"{PLACES}/{hall}").status_code == 404
    assert post(officer, {}, f"{PLACES}/{hall}/restore").json == {"success": True}
    assert halls(walker, commune) == (1, True)
    assert post(officer, {}, f"{PLACES}/{hall}/restore").status_code == 409
    actions = [each["action"] for each in officer.json(f"{PLACES}/{hall}/audits")]
    assert actions[0] == "entity.restore"
    assert {"entity.delete", "entity.create"} <= set(actions)
    moved = officer.open("PATCH", f"{PLACES}/{hall}?force=true", json={"data": {"thon": TWO}})
    assert moved.status_code == 200, moved.text
    assert halls(walker, commune) == (1, True)
    db.session.rollback()
    assert (
        db.session.scalars(sa.select(Finding)).one().village_id
        == db.session.get_one(Entity, uuid.UUID(hall)).village_id
    )


def halls(walker: Phone, commune: Commune) -> tuple[int, bool]:
    """How many halls have Wi-Fi as the tally counts, as a recount does too; whether a phone is shown the hall."""
    catch_up.caught_up()
    db.session.rollback()
    assert recount.compare().differences == ()
    rows = coverage_table.table(db.session.merge(commune)).indicators
    done = sum(row.cell.done or 0 for row in rows if row.indicator.code == "wifi_thu")
    [files] = [files for _, files in walker.sync().values() if "diem_cong_cong.csv" in files]
    return done, HALL["label"] in files["diem_cong_cong.csv"].decode()


def test_who_may_not_writes_no_place(app: Flask, commune: Commune, hall: str) -> None:
    program = Client(app, bearing(make_token()))
    for answer in (
        post(program, HALL | {"label": "Khác"}),
        program.open("DELETE", f"{PLACES}/{hall}"),
        program.open("PATCH", f"{PLACES}/{hall}?force=true", json={"label": "Khác"}),
    ):
        assert answer.status_code in (401, 403)
    db.session.rollback()
    assert db.session.get_one(Entity, uuid.UUID(hall)).version == 1
