"""Thôn that become one: an old code's visit counts in the new unit, and nobody loses a household on the way."""

import datetime as dt

import pytest
import shapely
import sqlalchemy as sa
from flask import Flask

from geo.coverage import CoverageTable
from server import clock, coverage, merging, phones, places
from server.db import db
from server.models import Commune, Village, VillageFigure
from server.places import PlacesRejected
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


def merge(commune: Commune) -> merging.Merged:
    """Thôn 1 and 2 become thôn 2."""
    done = merging.merge(commune, [thon(1)], thon(2), FIRST_DAY, "system")
    db.session.commit()
    phones.forget()
    return done


def send(phone: Phone, code: str) -> list[int]:
    findings = "<chi_tieu><tham_ho_done>1</tham_ho_done><tham_ho_of>1</tham_ho_of></chi_tieu>"
    at = (NOON - dt.timedelta(hours=1)).isoformat()
    xml = sample.filled(f"<end>{at}</end><thon>{code}</thon>{findings}", form_id="tham_thu")
    return statuses(phone.send(xml))


def table(commune: Commune) -> CoverageTable:
    db.session.rollback()
    return coverage.table(commune, full=True)


@pytest.mark.parametrize("walks", [1, 2])
def test_an_old_codes_visit_counts_in_the_new_unit(app: Flask, commune: Commune, walks: int) -> None:
    """DESIGN 6.4: merged thôn keep their codes for ever, and are mapped; whoever walked either is met."""
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
    before = coverage.table(commune, dt.date(2026, 10, 25), full=True)
    assert [(row.code, row.households) for row in before.villages] == [
        ("11629001", 100), ("11629002", 200), ("11629003", 300),
    ]  # fmt: skip


def test_a_point_in_the_old_unit_lies_in_the_new_one(commune: Commune) -> None:
    merge(commune)
    assert places.index().find(20.805, 106.015) == thon(2).id
    assert places.index().find(20.805, 106.025) == thon(2).id


def test_a_merger_that_makes_no_sense_is_refused(commune: Commune) -> None:
    with pytest.raises(PlacesRejected, match="chính nó"):
        merging.merge(commune, [thon(1)], thon(1), FIRST_DAY, "system")
    merge(commune)
    with pytest.raises(PlacesRejected, match="hết hiệu lực"):
        merging.merge(commune, [thon(1)], thon(3), FIRST_DAY, "system")


def test_an_old_code_has_its_last_day_and_says_where_it_went(app: Flask, commune: Commune) -> None:
    merge(commune)
    db.session.rollback()
    old = thon(1)
    assert (old.valid_to, old.merged_into_id) == (dt.date(2026, 10, 31), thon(2).id)
