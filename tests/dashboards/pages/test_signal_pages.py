"""The page of 5G and Wi-Fi: three measures side by side, each as what it is, and nothing told of too few."""

import datetime as dt
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from dashboards.maps.signal_map import MARKS
from server.db import db
from server.models import Commune, Entity, EntityList, Finding, Form, Indicator, Submission, Village
from server.published_forms import library_forms
from tests.conftest import Template, filled_once
from tests.leaders import NOON, fill, sign_up
from tests.people import Browser, browser

pytestmark = pytest.mark.usefixtures("noon")

PAGE = "/xa/11629/song-5g"


@pytest.fixture(scope="module")
def prepared(
    template_database: Template, tmp_path_factory: pytest.TempPathFactory, noon: None
) -> Iterator[Template]:
    """An Lão with four thôn, its leader, and all forms of the library."""
    with filled_once(template_database, tmp_path_factory.mktemp("filled"), _fill) as found:
        yield found


def _fill(_app: Flask) -> None:
    commune = fill("11629", villages=4)
    sign_up(commune)
    db.session.commit()
    library_forms.publish_library()
    db.session.commit()


@pytest.fixture
def leader(app: Flask) -> Browser:
    found = browser(app)
    found.sign_in("lanh.dao")
    return found


def text_of(leader: Browser, path: str = PAGE) -> str:
    """The words of a page."""
    page = leader.get(path)
    assert page.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).replace("\u00a0", " ").split())


def commune() -> Commune:
    return db.session.scalars(sa.select(Commune)).one()


def measured(n: int, usable: bool, days_ago: int = 1, operator: str = "viettel", **fields: Any) -> None:
    """A measurement at a point of its own; the caller commits."""
    form = db.session.scalars(sa.select(Form).where(Form.form_id == "diem_5g")).one()
    indicator = db.session.scalars(sa.select(Indicator).where(Indicator.code == "phu_song_5g_diem")).one()
    village = db.session.scalars(sa.select(Village).order_by(Village.code)).first()
    assert village is not None
    at = NOON - dt.timedelta(days=days_ago)
    answers = {
        "nha_mang": operator, "trong_ngoai": "ngoai_troi", "mang": "5g" if usable else "4g",
        "nguong_rsrp": "-110", "i_speed/tai_xuong": 200.0,
    }  # fmt: skip
    row = Submission(
        instance_id=f"uuid:{uuid.uuid4()}", form_id=form.id, version="1", village_id=village.id, sha256=b"",
        xml=b"", answers=answers | fields.pop("answers", {}), latitude=20.80 + n / 1000, longitude=106.55,
        observed_at=at, received_at=at, **fields,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    db.session.add(
        Finding(submission_id=row.id, indicator_id=indicator.id, subject=uuid.uuid4(), village_id=village.id,
                done=int(usable), of=1, observed_at=at, received_at=at)
    )  # fmt: skip


def test_twelve_points_say_that_they_are_not_enough(leader: Browser) -> None:
    for n in range(12):
        measured(n, usable=True)
    db.session.commit()
    said = text_of(leader)
    assert "không đủ số liệu 12 điểm, cần từ 30" in said
    assert "Dưới 30 điểm" in said


def test_thirty_points_have_a_percent_and_an_interval(leader: Browser) -> None:
    for n in range(40):
        measured(n, usable=n < 30)
    db.session.commit()
    assert "75 % 40 điểm, khoảng tin cậy 59–86 %" in text_of(leader)


def test_rejected_and_quarantined_measurements_count_nowhere(leader: Browser) -> None:
    for n in range(12):
        measured(n, usable=True)
    measured(20, usable=False, review="rejected")
    measured(21, usable=False, quarantine="outside_village")
    db.session.commit()
    assert "12 điểm, cần từ 30" in text_of(leader)


def test_households_stand_beside_points_with_their_own_denominator(leader: Browser) -> None:
    told = leader.get("/api/v1/communes/11629/coverage").json
    assert told is not None
    row = next(row for row in told["indicators"] if row["code"] == "phu_song_5g")
    assert f"{row['of']} hộ đo được" in text_of(leader).replace(".", "")


def test_our_speed_tests_are_counted_beside_the_official_number_and_called_ours(leader: Browser) -> None:
    for n in range(7):
        measured(n, usable=True)
    measured(8, usable=True, days_ago=45)
    db.session.commit()
    said = text_of(leader)
    assert "7 / 300 lần" in said
    assert "không phải số liệu chính thức" in said
    assert "Trung vị tốc độ: không đủ số liệu" in said


def test_the_surface_is_drawn_by_operator_and_keeps_unknown_ground_blank(leader: Browser) -> None:
    measured(0, usable=True)
    measured(5, usable=False, operator="mobifone")
    measured(9, usable=True, days_ago=120)
    db.session.commit()
    everything = leader.get(f"{PAGE}/khung").text
    one = leader.get(f"{PAGE}/khung?nha_mang=viettel").text
    assert [everything.count(f'"fillColor": "{colour}"') for colour in ("#2166ac", "#b35806", "#b9b9b4")] == [
        1,
        1,
        1,
    ]
    assert [one.count(f'"fillColor": "{colour}"') for colour in ("#2166ac", "#b35806", "#b9b9b4")] == [
        1,
        0,
        1,
    ]
    assert leader.get(f"{PAGE}/khung?noi=indoor").text.count('"fillColor"') == 0


def test_a_place_tells_whether_its_wifi_works_and_when_that_was_seen(leader: Browser) -> None:
    village = db.session.scalars(sa.select(Village).order_by(Village.code)).first()
    form = db.session.scalars(sa.select(Form).where(Form.form_id == "wifi_cong_cong")).one()
    list_id = db.session.scalar(sa.select(EntityList.id).where(EntityList.name == "diem_cong_cong"))
    assert village is not None
    for number, (name, answers) in enumerate(
        [
            (
                "Nhà văn hóa Một",
                {"wifi_co": "co", "wifi_mo": "co", "wifi_chay": "co", "toc_do/tai_xuong": 42.0},
            ),
            ("Nhà văn hóa Hai", {"wifi_co": "co", "wifi_mo": "khong"}),
            ("Nhà văn hóa Ba", None),
        ]
    ):
        key = uuid.uuid4()
        db.session.add(
            Entity(id=key, list_id=list_id, village_id=village.id, label=name, data={"loai": "nha_van_hoa"},
                   version=1, created_at=NOON, changed_at=NOON)
        )  # fmt: skip
        if answers is not None:
            db.session.add(
                Submission(instance_id=f"uuid:{key}", form_id=form.id, version="1", village_id=village.id,
                           entity_id=key, sha256=b"", xml=b"", answers=answers, latitude=20.81 + number / 100,
                           longitude=106.55, observed_at=NOON, received_at=NOON)
            )  # fmt: skip
    db.session.commit()
    said = text_of(leader)
    assert "1 / 2 nơi đã kiểm tra" in said
    unseen = text_of(leader, f"{PAGE}?den_ngay=2026-01-04")
    assert "Chưa kiểm tra nơi nào trong 3 nơi của danh sách" in unseen
    assert "0 / 0" not in unseen
    assert "Nhà văn hóa Một" in said
    assert "Wi-Fi dùng được, 42 Mbps (22/11/2026)" in said
    assert "Có Wi-Fi nhưng dân không vào được (22/11/2026)" in said
    assert "Chưa kiểm tra" in said
    marks = leader.get(f"{PAGE}/diem-cong-cong").text
    for works in (True, False):
        assert marks.count(f'"fillColor": "{MARKS[works].fill}", "fillOpacity": 1, "radius"') == 1


def test_a_commune_that_measured_nothing_has_a_page(leader: Browser) -> None:
    said = text_of(leader)
    assert "0 / 300 lần" in said
    assert "Nơi mới có dưới 5 hộ trả lời" in said
    assert "Danh sách điểm công cộng của xã còn trống" in said


def test_the_pages_statements_do_not_grow_with_the_points(leader: Browser) -> None:
    def statements() -> int:
        seen: list[str] = []

        def note(*given: Any) -> None:
            seen.append(given[2])

        sa.event.listen(db.engine, "before_cursor_execute", note)
        text_of(leader)
        sa.event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    measured(0, usable=True)
    db.session.commit()
    few = statements()
    for n in range(1, 20):
        measured(n, usable=True)
    db.session.commit()
    assert statements() == few
