"""A commune's own question, from its workbook to table, map and JSON without a line of code (R10)."""

import datetime as dt
import uuid

import lxml.html
import pytest
import shapely
from flask import Flask

from server import clock
from server.db import db
from server.models import Commune, VillageFigure
from server.phones.collectors import NewCollector
from server.published_forms import publishing
from tests import sample
from tests.leaders import NOON, sign_up
from tests.people import Browser, bearing, browser, make_token
from tests.phone import InProcess, Phone

VILLAGE = "11629001"
LABEL = "Hộ có thùng rác phân loại"

WORKBOOK = f"""
| survey |
| | type | name | label | calculation |
| | select_one co_khong | thung_rac | Nhà có thùng rác phân loại không? | |
| | begin group | chi_tieu | Chỉ tiêu | |
| | calculate | rac_phan_loai_done | | if(${{thung_rac}} = '', '', if(${{thung_rac}} = 'co', 1, 0)) |
| | calculate | rac_phan_loai_of | | if(${{thung_rac}} = '', '', 1) |
| | note | ket_luan | Đã ghi nhận | |
| | end group | | | |
| choices |
| | list_name | name | label |
| | co_khong | co | Có |
| | co_khong | khong | Không |
| settings |
| | form_title | form_id | version |
| | Rác của xã An Lão | rac_an_lao | 1 |
| chi_tieu |
| | indicator | label::Tiếng Việt | label::English | unit | kind |
| | rac_phan_loai | {LABEL} | Homes that sort waste | household | state |
"""


@pytest.fixture
def commune(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Commune:
    """An Lão with one thôn that has an outline and a figure, and a leader; another commune beside it."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    found = sample.make_commune()
    village = sample.make_village(found, VILLAGE)
    village.outline = shapely.to_wkb(shapely.MultiPolygon([shapely.box(106.50, 20.80, 106.52, 20.82)]))
    db.session.add(
        VillageFigure(village_id=village.id, day=dt.date(2026, 1, 1), source="UBND xã", households=20)
    )
    sign_up(found)
    db.session.commit()
    return found


@pytest.fixture
def collector(commune: Commune) -> NewCollector:
    return sample.make_collector(commune, commune.villages)


@pytest.fixture
def phone(app: Flask, collector: NewCollector) -> Phone:
    return Phone(InProcess(app), f"http://localhost/key/{collector.token}")


@pytest.fixture
def leader(app: Flask, commune: Commune) -> Browser:
    found = browser(app)
    found.sign_in("lanh.dao")
    return found


def filled(answer: str) -> bytes:
    """What a phone sends: it has worked out the group `chi_tieu` itself."""
    of = "1" if answer else ""
    done = {"co": "1", "khong": "0"}.get(answer, "")
    return (
        f'<data id="rac_an_lao" version="1"><thung_rac>{answer}</thung_rac><chi_tieu>'
        f"<rac_phan_loai_done>{done}</rac_phan_loai_done><rac_phan_loai_of>{of}</rac_phan_loai_of></chi_tieu>"
        f"<meta><instanceID>uuid:{uuid.uuid4()}</instanceID></meta></data>"
    ).encode()


def publish(commune: Commune) -> None:
    publishing.publish(WORKBOOK.encode(), "rac.md", commune=commune)
    db.session.commit()


def send(phone: Phone, *answers: str) -> None:
    for answer in answers:
        assert phone.post(filled(answer)).status == 201
    db.session.rollback()  # what others have written since is seen by a new transaction


def test_phones_of_the_commune_get_the_form_and_no_others(app: Flask, phone: Phone, commune: Commune) -> None:
    publish(commune)
    elsewhere = sample.make_commune("10930", "Mao Điền")
    other = sample.make_collector(elsewhere, [sample.make_village(elsewhere, "10930001", "Thôn Tây")])
    assert [form.form_id for form in phone.forms()] == ["rac_an_lao"]
    assert Phone(InProcess(app), f"http://localhost/key/{other.token}").forms() == []


def test_the_json_has_the_new_indicator(app: Flask, phone: Phone, commune: Commune) -> None:
    publish(commune)
    program = browser(app)
    program.environ_base["HTTP_AUTHORIZATION"] = bearing(make_token(commune))["Authorization"]
    send(phone, *["co"] * 6, *["khong"] * 5, "")
    told = program.get("/api/v1/communes/11629/coverage").get_json()
    [row] = [row for row in told["indicators"] if row["code"] == "rac_phan_loai"]
    assert (row["label"], row["unit"], row["kind"]) == (LABEL, "household", "state")
    assert (row["done"], row["of"], row["percent"], row["subjects"]) == (6, 11, 54.5, 11)
    assert (row["target"], row["suppressed"]) == (None, None)
    [village] = told["villages"]
    assert village["indicators"]["rac_phan_loai"]["percent"] == 54.5


def test_the_table_of_thon_has_a_column_for_it(phone: Phone, leader: Browser, commune: Commune) -> None:
    publish(commune)
    send(phone, *["co"] * 6, *["khong"] * 5)
    page = lxml.html.fromstring(leader.get("/xa/11629").text)
    [table] = page.xpath("//table[contains(@class, 'thons')]")
    headings = [heading.text_content().strip() for heading in table.xpath("./thead/tr/th")]
    [column] = [n for n, heading in enumerate(headings) if heading.startswith(LABEL)]
    [row] = table.xpath("./tbody/tr")
    assert "54,5" in row[column].text_content()
    assert "55" in row[column].text_content()  # 11 of 20 households were asked


def test_the_map_offers_and_draws_it(phone: Phone, leader: Browser, commune: Commune) -> None:
    publish(commune)
    send(phone, *["co"] * 6, *["khong"] * 5)
    page = lxml.html.fromstring(leader.get("/xa/11629/ban-do?chi_tieu=rac_phan_loai").text)
    [option] = page.xpath("//select[@id='chi_tieu']/option[@value='rac_phan_loai']")
    assert option.text == LABEL
    assert "selected" in option.attrib
    assert "54,5" in page.xpath("//aside")[0].text_content()
    [frame] = page.xpath("//iframe/@src")
    drawn = leader.get(frame)
    assert drawn.status_code == 200
    assert "6/11" in drawn.text
    assert "54,5" in drawn.text


def test_a_visit_more_is_seen_at_the_next_look(phone: Phone, leader: Browser, commune: Commune) -> None:
    publish(commune)
    send(phone, *["co"] * 5, *["khong"] * 5)
    frame = "/xa/11629/ban-do/khung?chi_tieu=rac_phan_loai"
    assert "5/10" in leader.get(frame).text
    send(phone, "co")
    assert "6/11" in leader.get(frame).text


def test_the_other_communes_pages_stay_as_they_were(app: Flask, phone: Phone, commune: Commune) -> None:
    elsewhere = sample.make_commune("10930", "Mao Điền")
    sign_up(elsewhere, username="lanh.dao.2")
    publish(commune)
    send(phone, *["co"] * 6)
    other = browser(app)
    other.sign_in("lanh.dao.2")
    assert LABEL not in other.get("/xa/10930").text
    assert LABEL not in other.get("/xa/10930/ban-do").text
