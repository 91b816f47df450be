"""The CSV files of one collector: his thôn, its households, the places of his commune."""

import csv
import io
import uuid

import pytest
from flask import Flask

from server import clock
from server.db import db, single_statements
from server.households import phone_lists
from server.models import Village
from server.phones import phone_access
from server.phones.collectors import NewCollector
from server.phones.phone_access import PhoneCaller
from tests import sample


@pytest.fixture
def made(app: Flask) -> NewCollector:
    return sample.make_collector()


@pytest.fixture
def here(made: NewCollector) -> Village:
    return made.collector.villages[0].village


@pytest.fixture
def there(made: NewCollector) -> Village:
    """A thôn of the same commune that is not the collector's."""
    return sample.make_village(made.collector.commune, "11629002", "Thôn Tây")


def _caller(made: NewCollector) -> PhoneCaller:
    return phone_access.by_token(made.token)


def _content(made: NewCollector, name: str) -> bytes:
    with single_statements().connect() as connection:
        content = phone_lists.content(connection, name, _caller(made))
    assert content is not None
    return content


def _rows(made: NewCollector, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(_content(made, name).decode())))


def test_a_collector_gets_the_thon_he_walks(made: NewCollector, there: Village) -> None:
    assert _rows(made, "thon.csv") == [{"name": "11629001", "label": "Thôn Đông"}]


def test_households_of_other_thon_never_leave_the_server(
    made: NewCollector, here: Village, there: Village
) -> None:
    """E6, R24: another thôn's people are never on his phone."""
    sample.make_entity(here, "Nhà tôi")
    sample.make_entity(there, "Nhà người")
    assert [row["label"] for row in _rows(made, "ho_dan.csv")] == ["Nhà tôi"]


def test_columns_stand_in_a_fixed_order_also_without_rows(made: NewCollector) -> None:
    """E4: the header is the list's schema; what is missing from it the phone forgets."""
    assert _content(made, "ho_dan.csv").decode() == (
        "name,label,__version,thon,dia_chi,tinh_trang,ket_qua,lan_tham,ngay_cuoi,"
        "g5_viettel,g5_vinaphone,g5_mobifone,g5_khac,tim,hien_ten,loi_nhan,marker-color\n"
    )
    assert _content(made, "diem_cong_cong.csv").decode() == "name,label,__version,thon,loai\n"


def test_a_household_nobody_has_visited_says_so(made: NewCollector, here: Village) -> None:
    """R5: the status is the server's, also where no visit has set one."""
    sample.make_entity(here, "Ông Đặng", data={"dia_chi": "Ngõ 5", "cccd": "0123456789"})
    [row] = _rows(made, "ho_dan.csv")
    assert (row["tinh_trang"], row["lan_tham"], row["ngay_cuoi"]) == ("chua_tham", "0", "")
    assert row["marker-color"].startswith("#")
    assert row["thon"] == "11629001"
    assert row["tim"] == "ong dang ngo 5"
    assert "0123456789" not in str(row)  # E5: what no column is meant for stays here


def test_the_thon_of_a_household_is_the_tables(made: NewCollector, here: Village) -> None:
    """R4: moved by an officer, whatever the form said that registered it."""
    sample.make_entity(here, "Bà Tư", data={"thon": "99999999"})
    assert _rows(made, "ho_dan.csv")[0]["thon"] == "11629001"


def test_a_household_that_ended_is_marked_and_stays(made: NewCollector, here: Village) -> None:
    """E17: a draft on a phone still names it."""
    gone = sample.make_entity(here, "Đã đi", data={"tinh_trang": "da_gap"})
    gone.ended_at = clock.now()
    db.session.commit()
    assert _rows(made, "ho_dan.csv")[0]["tinh_trang"] == "da_chuyen"


def test_places_stand_in_the_order_of_the_alphabet(made: NewCollector, here: Village) -> None:
    names = ["Dũng Tiến", "Đầm Sen", "Đình Đông", "Ổ Gà", "Ơn Trời"]
    for name in reversed(names):
        sample.make_entity(here, name, "diem_cong_cong", {"loai": "nha_van_hoa"})
    assert [row["label"] for row in _rows(made, "diem_cong_cong.csv")] == names


def test_places_are_those_of_the_commune(made: NewCollector, here: Village, there: Village) -> None:
    elsewhere = sample.make_commune("10930", "Mao Điền")
    sample.make_entity(here, "Nhà văn hóa Đông", "diem_cong_cong", {"loai": "nha_van_hoa"})
    sample.make_entity(there, "Nhà văn hóa Tây", "diem_cong_cong", {"loai": "nha_van_hoa"})
    sample.make_entity(sample.make_village(elsewhere, "10930001", "Xa"), "Nơi xa", "diem_cong_cong")
    rows = _rows(made, "diem_cong_cong.csv")
    assert [(row["label"], row["thon"], row["loai"]) for row in rows] == [
        ("Nhà văn hóa Đông", "11629001", "nha_van_hoa"),
        ("Nhà văn hóa Tây", "11629002", "nha_van_hoa"),
    ]


def test_the_bytes_change_when_a_row_does_and_only_then(
    made: NewCollector, here: Village, there: Village
) -> None:
    """E7: stable otherwise, or every phone would fetch everything at every sync."""
    house = sample.make_entity(here, "Bà Tư")
    sample.make_entity(here, "Ông Ấm")
    before = _content(made, "ho_dan.csv")
    sample.make_entity(there, "Nơi khác")
    assert _content(made, "ho_dan.csv") == before
    house.data, house.version = {"tinh_trang": "da_gap"}, 2
    db.session.commit()
    assert _content(made, "ho_dan.csv") != before


def test_other_names_are_not_made_from_tables(made: NewCollector) -> None:
    with single_statements().connect() as connection:
        for name in ("anh.png", "ho_dan", "ho_dan.csv.csv", "thon.CSV", "../thon.csv", ""):
            assert phone_lists.content(connection, name, _caller(made)) is None


def test_what_is_gone_is_told_of_known_entities_of_that_list_alone(
    made: NewCollector, here: Village, there: Village
) -> None:
    """E10."""
    mine, other = sample.make_entity(here, "Của tôi"), sample.make_entity(there, "Nơi khác")
    place = sample.make_entity(there, "Nhà văn hóa", "diem_cong_cong")
    ids = [mine.id, other.id, place.id, uuid.uuid4()]
    with single_statements().connect() as connection:
        assert phone_lists.deleted(connection, "ho_dan", ids, _caller(made)) == {
            mine.id: False,
            other.id: True,
        }
        assert phone_lists.deleted(connection, "diem_cong_cong", ids, _caller(made)) == {place.id: False}


def test_a_collector_without_thon_gets_empty_lists(made: NewCollector, here: Village) -> None:
    """E6: never everybody's."""
    sample.make_entity(here, "Bà Tư")
    nobody = PhoneCaller(made.collector.id, made.collector.commune_id, "", "", {})
    with single_statements().connect() as connection:
        for name in ("ho_dan.csv", "thon.csv"):
            content = phone_lists.content(connection, name, nobody)
            assert content is not None
            assert content.count(b"\n") == 1
