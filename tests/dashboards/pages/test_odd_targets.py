"""Plans that ask for numbers, for so much a week, or for all: pages, files and reports say one thing of them."""

import datetime as dt
import html
import io
import re
from collections.abc import Iterator

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask

from server.db import db
from server.models import Indicator, Plan, TallyDay, Target, Village, VillageFigure
from tests.conftest import Template, filled_once
from tests.dashboards.pages.test_leaders_pages import words
from tests.leaders import TODAY, fill, sign_up
from tests.people import Browser, browser

pytestmark = pytest.mark.usefixtures("noon")

TARGETS = (
    ("tham_ho", "120", "count", "year", False), ("cai_smart_hai_phong", "4", "count", "week", False),
    ("kich_hoat_vneid", "3", "count", "month", False), ("phu_song_5g", "100", "percent", "year", False),
    ("bang_rong_1gbps", "0", "percent", "year", False),
)  # fmt: skip
ALL_BUT_THREE = "phu_song_5g"


@pytest.fixture(scope="module")
def prepared(
    template_database: Template, tmp_path_factory: pytest.TempPathFactory, noon: None
) -> Iterator[Template]:
    """Three thôn of a commune that asks for 120 households, for 4 people helped a week, and for 5G everywhere."""
    with filled_once(template_database, tmp_path_factory.mktemp("odd"), _fill) as found:
        yield found


def _fill(_app: Flask) -> None:
    commune = fill("11629", villages=3)
    keys = {row.code: row.id for row in db.session.execute(sa.select(Indicator.code, Indicator.id))}
    db.session.execute(sa.delete(Target))
    plan = db.session.scalars(sa.select(Plan)).one()
    plan.targets = [
        Target(
            code=f"LE-{number}", position=number, section="I", label=f"Chỉ tiêu lẻ {number}", wording="Như nhãn",
            comparator=">=", value=value, unit=unit, period=period, start=dt.date(2026, 1, 1),
            deadline=dt.date(2026, 12, 31), how="survey", indicator_id=keys[code], over_households=over,
        )
        for number, (code, value, unit, period, over) in enumerate(TARGETS, 1)
    ]  # fmt: skip
    db.session.execute(
        sa.delete(TallyDay).where(
            TallyDay.indicator_id.in_([keys["phu_song_5g"], keys["cai_smart_hai_phong"]])
        )
    )
    thons = list(db.session.scalars(sa.select(Village).order_by(Village.code)))
    for thon in thons:
        _count(thon, keys["phu_song_5g"], TODAY, 19, 20)
    for weeks, helped in ((3, 2), (2, 7), (1, 1)):
        _count(thons[0], keys["cai_smart_hai_phong"], TODAY - dt.timedelta(weeks=weeks), helped, helped)
    sign_up(commune)
    sign_up(commune, "officer", "can.bo")
    db.session.commit()


def _count(thon: Village, key: int, day: dt.date, done: int, of: int) -> None:
    db.session.add(TallyDay(village_id=thon.id, indicator_id=key, day=day, done=done, of=of, subjects=of))


@pytest.fixture
def leader(app: Flask) -> Browser:
    visitor = browser(app)
    visitor.sign_in("lanh.dao")
    return visitor


def seen(visitor: Browser, path: str) -> str:
    answer = visitor.get(path)
    assert answer.status_code == 200, path
    return words(answer.text)


def test_a_number_of_the_whole_commune_is_no_target_of_a_thon_and_no_points(leader: Browser) -> None:
    """R7: what 120 households of a commune are short of is households, and no single thôn is behind it."""
    page = seen(leader, "/xa/11629/chi-tieu/LE-1")
    assert "Thôn chậm nhất" not in page
    assert " điểm" not in page.replace("điểm dừng", "")
    assert "Tỷ lệ tính trên số đã hỏi" not in page
    assert "100,0 %" not in page.partition("Theo tuần")[2]
    overview = seen(leader, "/xa/11629")
    assert not re.search(r"thiếu [0-9.,]+ điểm, khoảng [0-9.]+ hộ\. ?Chỉ tiêu lẻ 2", overview)
    told = leader.get("/api/v1/communes/11629/coverage").get_json()
    own = next(each for each in told["indicators"] if each["code"] == "tham_ho")
    assert (own["target"]["id"], own["target"]["value"]) == ("LE-1", 120.0)


def test_a_map_of_such_a_number_shows_shares_and_no_states(leader: Browser) -> None:
    legend = seen(leader, "/xa/11629/ban-do?chi_tieu=tham_ho")
    assert "từ 80 %" in legend
    assert "đạt mức giao" not in legend


def test_weeks_that_are_not_told_are_called_so_on_every_page(leader: Browser) -> None:
    """R25: two people helped in one week and one in another; seven are told, of three weeks one."""
    page = seen(leader, "/xa/11629/chi-tieu/LE-2")
    assert page.count("không nêu") >= 2
    assert page.count("có số liệu") == page.count("chưa có số liệu") + page.count("tuần có số liệu")
    assert "0,0 %" not in page
    assert "Cần" not in page.partition("Kế hoạch giao")[0]  # no pace of households for people helped
    row = next(
        each
        for each in leader.get("/api/v1/communes/11629/targets").get_json()["targets"]
        if each["id"] == "LE-2"
    )
    assert "tuần không nêu" in row["words"]
    assert row["pace"] is None
    assert page.lower().count(row["words"]) == 1


def test_a_withheld_share_over_all_has_no_bound_of_those_asked_anywhere(leader: Browser) -> None:
    """R6: "> 91,6 %" of the asked beside "all households" would be two denominators in one column."""
    for path in ("/xa/11629", "/xa/11629/chi-tieu", "/xa/11629/chi-tieu/LE-4", "/xa/11629/thon/11629001"):
        page = seen(leader, path)
        assert "> 91" not in page, path
        assert "không nêu" in page, path
    assert "> 91" not in leader.get("/xa/11629/bao-cao/so-lieu.csv?ky=2026-11").text
    table = leader.get("/xa/11629/tai-ve/muc-bao-phu.csv")
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"  # said once


def test_every_link_of_the_overview_and_of_each_figure_opens(leader: Browser) -> None:
    """People helped have no map, so that none is offered."""
    pages = ["/xa/11629", *(f"/xa/11629/chi-tieu/LE-{number}" for number in range(1, 6))]
    links = {link for page in pages for link in re.findall(r'href="(/xa/[^"#]+)', leader.get(page).text)}
    maps = {html.unescape(link) for link in links if "ban-do" in link}
    assert any("chi_tieu=phu_song_5g" in link for link in maps)
    assert [link for link in sorted(maps) if leader.get(link).status_code != 200] == []


def test_more_met_than_the_number_given_is_explained_wherever_the_share_stands(
    app: Flask, leader: Browser
) -> None:
    """R6: "70 of 60 households, 80 %" is read as a mistake of the program where nothing is said of it."""
    thon = db.session.scalars(sa.select(Village.id).order_by(Village.code)).first()
    db.session.execute(sa.update(VillageFigure).where(VillageFigure.village_id == thon).values(households=3))
    db.session.commit()
    said = "nhiều hơn số hộ đã nêu của thôn"
    assert said in seen(leader, "/xa/11629")
    book = openpyxl.load_workbook(io.BytesIO(leader.get("/xa/11629/tai-ve/muc-bao-phu.xlsx").data))
    assert any(said in str(row[0]) for row in book.worksheets[0].iter_rows(values_only=True))
    officer = browser(app)
    officer.sign_in("can.bo")
    assert said in seen(officer, "/xa/11629/bao-cao/du-thao?ky=2026-11")
