"""Thôn that become one: an old code's visit counts in the new unit, and nobody loses a household on the way."""

import datetime as dt
import uuid

import pytest
import shapely
import sqlalchemy as sa
from flask import Flask

from geo.compute_coverage import CountedIndicator, CoverageTable
from server import clock
from server.boundaries import merge_villages
from server.coverage import city_table, coverage_table
from server.db import db
from server.models import Audit, Commune, Entity, EntityList, Village, VillageFigure
from server.phones import phone_access
from server.places import communes
from server.places.communes import PlacesRejected
from tests import sample
from tests.phone import InProcess, Phone, statuses

NOON = dt.datetime(2026, 11, 20, 5, tzinfo=dt.UTC)
FIRST_DAY = dt.date(2026, 11, 1)
FORM = """
| survey |
| | type | name | label | calculation |
| | end | end | | |
| | text | thon | Thôn | |
| | begin group | chi_tieu | Chỉ tiêu | |
| | calculate | tham_ho_done | | 1 |
| | calculate | tham_ho_of | | 1 |
| | note | ghi | Đã ghi | |
| | end group | | | |
| settings |
| | form_title | form_id | version |
| | Thăm | tham_thu | 1 |
| chi_tieu |
| | indicator | label::Tiếng Việt | label::English | unit | kind |
| | tham_ho | Hộ đã thăm | Households met | household | state |
"""


@pytest.fixture
def commune(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Commune:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    made = sample.make_commune()
    for number in (1, 2, 3):
        village = sample.make_village(made, f"1162900{number}", f"Thôn {number}")
        village.outline = shapely.to_wkb(
            shapely.MultiPolygon([shapely.box(106 + number / 100, 20.8, 106.01 + number / 100, 20.81)])
        )
        db.session.add(
            VillageFigure(
                village_id=village.id, day=dt.date(2026, 1, 1), source="UBND xã", households=100 * number
            )
        )
    db.session.commit()
    return made


def thon(number: int) -> Village:
    return db.session.scalars(sa.select(Village).where(Village.code == f"1162900{number}")).one()


def merge(commune: Commune) -> merge_villages.Merged:
    """Thôn 1 and 2 become thôn 2."""
    done = merge_villages.merge(commune, [thon(1)], thon(2), FIRST_DAY, "system")
    db.session.commit()
    phone_access.forget()
    return done


def send(phone: Phone, code: str) -> list[int]:
    findings = "<chi_tieu><tham_ho_done>1</tham_ho_done><tham_ho_of>1</tham_ho_of></chi_tieu>"
    at = (NOON - dt.timedelta(hours=1)).isoformat()
    xml = sample.filled(f"<end>{at}</end><thon>{code}</thon>{findings}", form_id="tham_thu")
    return statuses(phone.send(xml))


def table(commune: Commune) -> CoverageTable:
    db.session.rollback()
    return coverage_table.table(commune, full=True)


@pytest.mark.parametrize("walks", [1, 2])
def test_an_old_codes_visit_counts_in_the_new_unit(app: Flask, commune: Commune, walks: int) -> None:
    """R4: merged thôn keep their codes for ever, and are mapped; whoever walked either is met."""
    sample.publish(FORM)
    made = sample.make_collector(commune, [thon(walks)])
    phone = Phone(InProcess(app), f"http://localhost/key/{made.token}")
    merge(commune)
    assert send(phone, "11629001") == [201]
    assert send(phone, "11629002") == [201]
    shown = {row.code: row for row in table(commune).villages}
    assert list(shown) == ["11629002", "11629003"]
    assert shown["11629002"].visited == 2


def test_households_of_all_of_them_are_the_new_units(commune: Commune) -> None:
    assert merge(commune).households == 300
    shown = {row.code: row.households for row in table(commune).villages}
    assert shown == {"11629002": 300, "11629003": 300}
    assert table(commune).households == 600


def test_before_its_last_day_an_old_unit_stands_for_itself(commune: Commune) -> None:
    merge(commune)
    before = coverage_table.table(commune, dt.date(2026, 10, 25), full=True)
    assert [(row.code, row.households) for row in before.villages] == [
        ("11629001", 100), ("11629002", 200), ("11629003", 300),
    ]  # fmt: skip


def test_a_point_in_the_old_unit_lies_in_the_new_one(commune: Commune) -> None:
    merge(commune)
    assert communes.index().find(20.805, 106.015) == thon(2).id
    assert communes.index().find(20.805, 106.025) == thon(2).id


def test_a_merger_that_makes_no_sense_is_refused(commune: Commune) -> None:
    with pytest.raises(PlacesRejected, match="chính nó"):
        merge_villages.merge(commune, [thon(1)], thon(1), FIRST_DAY, "system")
    merge(commune)
    with pytest.raises(PlacesRejected, match="hết hiệu lực"):
        merge_villages.merge(commune, [thon(1)], thon(3), FIRST_DAY, "system")


def test_an_old_code_has_its_last_day_and_says_where_it_went(app: Flask, commune: Commune) -> None:
    merge(commune)
    db.session.rollback()
    old = thon(1)
    assert (old.valid_to, old.merged_into_id) == (dt.date(2026, 10, 31), thon(2).id)


def list_households(number: int, count: int) -> None:
    """So many households of a thôn on the list."""
    now = clock.now()
    list_id = db.session.scalar(sa.select(EntityList.id).where(EntityList.name == "ho_dan"))
    for _ in range(count):
        db.session.add(
            Entity(id=uuid.uuid4(), list_id=list_id, village_id=thon(number).id, label="Hộ", data={}, version=1,
                   created_at=now, changed_at=now)
        )  # fmt: skip
    db.session.commit()


def forget_figures(*numbers: int) -> None:
    keys = [thon(number).id for number in numbers]
    db.session.execute(sa.delete(VillageFigure).where(VillageFigure.village_id.in_(keys)))
    db.session.commit()


@pytest.mark.parametrize("without", [(1,), (2,), (1, 2), (1, 2, 3)])
def test_households_that_are_only_on_the_list_stay_in_the_communes_total(
    commune: Commune, without: tuple[int, ...]
) -> None:
    """Whichever of the thôn has no figure of an office, its list counts on in the new unit."""
    for number, count in ((1, 4), (2, 5), (3, 6)):
        list_households(number, count)
    forget_figures(*without)
    before = {row.code: row.households for row in table(commune).villages}
    merge(commune)
    after = {row.code: row.households for row in table(commune).villages}
    assert after["11629002"] == before["11629001"] + before["11629002"]
    assert sum(after.values()) == sum(before.values()) == table(commune).households
    visited = CountedIndicator("tham_ho", "Hộ đã thăm", "household", "state")
    assert city_table.table(visited).households == sum(before.values())


def test_a_household_listed_after_the_merger_under_an_old_code_counts_in_the_new_unit(
    commune: Commune,
) -> None:
    list_households(1, 4)
    forget_figures(1, 2, 3)
    merge(commune)
    list_households(1, 1)
    assert {row.code: row.households for row in table(commune).villages}["11629002"] == 5


def test_figures_told_since_the_first_day_are_added_up_too(commune: Commune) -> None:
    """Recorded late: offices counted once more between the first day and the day of recording."""
    for number, count in ((1, 110), (2, 230)):
        db.session.add(
            VillageFigure(
                village_id=thon(number).id,
                day=dt.date(2026, 11, 5 + number),
                source="UBND xã",
                households=count,
            )
        )
    db.session.commit()
    before = table(commune).households
    merge(commune)
    assert table(commune).households == before == 640
    assert {row.code: row.households for row in table(commune).villages}["11629002"] == 340


def test_two_mergers_into_one_unit_on_one_day_add_up(commune: Commune) -> None:
    merge(commune)
    merge_villages.merge(commune, [thon(3)], thon(2), FIRST_DAY, "system")
    db.session.commit()
    assert {row.code: row.households for row in table(commune).villages} == {"11629002": 600}


def test_the_decisions_number_stands_in_the_source_and_in_the_audit(commune: Commune) -> None:
    merge_villages.merge(commune, [thon(1)], thon(2), FIRST_DAY, "system", "NQ 12/NQ-HĐND")
    db.session.commit()
    source = table(commune).households_source
    assert source is not None
    assert "cộng từ các thôn hợp nhất, NQ 12/NQ-HĐND" in source.source
    act = db.session.scalars(sa.select(Audit).where(Audit.act == "places.merge")).one()
    assert (act.detail or {})["decision"] == "NQ 12/NQ-HĐND"


def test_every_refusal_says_what_to_do(commune: Commune) -> None:
    other = sample.make_village(sample.make_commune("10930", "Mao Điền"), "10930001", "Thôn lạ")
    merge(commune)
    today = clock.today()
    for old, new, day, sentence in (
        ([], 3, FIRST_DAY, "hãy chọn ít nhất một thôn"),
        ([thon(2)], 1, FIRST_DAY, r"đã nhập vào Thôn 2 \(mã 11629002\); hãy chọn thôn ấy"),
        ([thon(1)], 2, FIRST_DAY, r"đã nhập vào Thôn 2 \(mã 11629002\); hãy chọn thôn ấy"),
        ([thon(3), thon(3)], 2, FIRST_DAY, "hãy bỏ bớt một lần"),
        ([other], 2, FIRST_DAY, "chỉ hợp nhất được các thôn của cùng một xã"),
        ([thon(3)], 2, today + dt.timedelta(days=32), "hãy ghi việc hợp nhất này từ ngày 21/11/2026"),
        ([thon(3)], 2, dt.date(2025, 7, 1), "hãy chọn ngày sau ngày ấy"),
    ):
        with pytest.raises(PlacesRejected, match=sentence):
            merge_villages.merge(commune, old, thon(new), day, "system")
