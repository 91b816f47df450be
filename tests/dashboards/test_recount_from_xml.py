"""Numbers and states that leaders see, computed anew from the XML that phones sent and from nothing else (R3, R7)."""

import datetime as dt
import io
import math
import re
from collections import defaultdict
from collections.abc import Mapping
from fractions import Fraction
from xml.etree import ElementTree

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.counting import folding
from server.db import db
from server.models import Commune, Indicator, Plan, Target, Village, VillageFigure
from tests.dashboards.downloads.test_recount_from_export import _forget as forget
from tests.leaders import sign_up
from tests.people import Browser, browser
from tests.server.intake.test_receive_submission import NOON, Place, Visit, place, send

__all__ = ["place"]  # a fixture is found by its name

HOUSEHOLDS = {"11629001": 12, "11629002": 20}
GOALS = {"vneid_nguoi_dan": 82, "phu_song_5g_diem": 50}
WORDS = {"met": "đạt", "at_risk": "nguy cơ", "behind": "chưa đạt", "unknown": "chưa đủ số liệu"}
WORDS |= {"on_track": "đúng tiến độ"}
TIME_GONE = Fraction(324, 365)  # 20 November 2026

Sums = Mapping[tuple[str, str], tuple[int, int, int]]

visits = st.lists(
    st.tuples(
        st.integers(1, 16),
        st.integers(0, 8),
        st.one_of(
            st.none(), st.integers(1, 5).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))
        ),
        st.one_of(st.none(), st.integers(0, 1).map(lambda done: (done, 1))),
    ),
    min_size=1,
    max_size=40,
)


@pytest.fixture
def officer(app: Flask, place: Place) -> Browser:
    commune = db.session.scalars(sa.select(Commune)).one()
    for village in db.session.scalars(sa.select(Village)):
        db.session.add(
            VillageFigure(
                village_id=village.id,
                households=HOUSEHOLDS[village.code],
                day=dt.date(2026, 6, 30),
                source="CA",
            )
        )
    plan = Plan(commune_id=commune.id, year=2026, title="Kế hoạch")
    db.session.add(plan)
    db.session.flush()
    for position, (code, goal) in enumerate(GOALS.items()):
        known = db.session.scalars(sa.select(Indicator).where(Indicator.code == code)).one()
        db.session.add(
            Target(
                plan_id=plan.id, indicator_id=known.id, code=f"T{position}", position=position, section="I",
                label=code, wording=code, comparator=">=", value=str(goal), unit="percent", period="year",
                start=dt.date(2026, 1, 1), deadline=dt.date(2026, 12, 31), how="survey",
            )
        )  # fmt: skip
    sign_up(commune, "officer", "can.bo")
    db.session.commit()
    visitor = browser(app)
    visitor.sign_in("can.bo")
    return visitor


def recounted(sent: list[bytes]) -> Sums:
    """done, of and households asked, by thôn and indicator: the newest answer of each household."""
    newest: dict[tuple[str, str], tuple[str, int, str, int, int]] = {}
    for order, xml in enumerate(sent):
        root = ElementTree.fromstring(xml)
        home, when = root.findtext("id_ho") or "", root.findtext("end") or ""
        for code in ("tham_ho", *GOALS):
            of = root.findtext(f"chi_tieu/{code}_of")
            if of:
                done = int(root.findtext(f"chi_tieu/{code}_done") or 0)
                said = (when, order, root.findtext("thon") or "", done, int(of))
                newest[home, code] = max(newest.get((home, code), said), said)
    sums: dict[tuple[str, str], tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
    for (_, code), (_, _, thon, done, of) in newest.items():
        for area in (thon, "11629"):
            had = sums[area, code]
            sums[area, code] = (had[0] + done, had[1] + of, had[2] + 1)
    return sums


def state(sums: Sums, area: str, code: str) -> str:
    """By the words of the rule, written down here once more."""
    done, of, asked = sums[area, code]
    households = HOUSEHOLDS.get(area, sum(HOUSEHOLDS.values()))
    if not of:
        return "unknown"
    percent, reach = Fraction(100 * done, of), Fraction(asked, households)
    if reach < Fraction(1, 2):
        return "on_track" if percent >= GOALS[code] and reach >= TIME_GONE else "unknown"
    if percent >= GOALS[code]:
        return "met"
    return "at_risk" if GOALS[code] - percent < 5 else "behind"


def percent(sums: Sums, area: str, code: str) -> float | None:
    done, of, _ = sums[area, code]
    return math.floor(Fraction(1000 * done, of)) / 10 if of else None


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=visits)
def test_page_map_workbook_and_api_tell_what_the_phones_sent(
    officer: Browser,
    place: Place,
    drawn: list[tuple[int, int, tuple[int, int] | None, tuple[int, int] | None]],
) -> None:
    forget()
    sent = []
    for number, (home, days_ago, vneid, five_g) in enumerate(drawn):
        visit = Visit(
            home,
            create=all(home != before[0] for before in drawn[:number]),
            village=("11629001", "11629002")[home % 2],
            stated=((1, 1), vneid, None, five_g),
            end=NOON - dt.timedelta(days=days_ago, seconds=number),
        )
        sent.append(visit.xml())
        send(visit, place.both)
    folding.once()
    db.session.rollback()
    sums = recounted(sent)
    told = officer.get("/api/v1/communes/11629/coverage").get_json()
    areas = {"11629": {row["code"]: row for row in told["indicators"]}}
    areas |= {village["code"]: village["indicators"] for village in told["villages"]}
    for area, cells in areas.items():
        for code in GOALS:
            cell, expected = cells[code], sums[area, code]
            assert (cell["done"], cell["of"], cell["subjects"]) == expected
            assert cell["percent"] == percent(sums, area, code)
            shown = cell["target"]["state"] if area == "11629" else cell["state"]
            assert shown == state(sums, area, code), (area, code, expected)
    workbook(officer, sums)
    for code in GOALS:
        page = officer.get(f"/xa/11629/ban-do?chi_tieu={code}").text
        counted = legend(page)
        for name, word in WORDS.items():
            thon = sum(state(sums, area, code) == name for area in HOUSEHOLDS)
            assert sum(n for label, n in counted if label.startswith(word)) == thon, (code, name)
        assert sum(n for _, n in counted) == len(HOUSEHOLDS)


def legend(page: str) -> list[tuple[str, int]]:
    part = page[page.index('<ul class="classes">') :].split("</ul>", 1)[0]
    return [(label, int(n)) for label, n in re.findall(r"<span>([^<]*)</span><b>(\d+)<", part)]


def workbook(officer: Browser, sums: Sums) -> None:
    answer = officer.get("/xa/11629/tai-ve/muc-bao-phu.xlsx")
    head, *rows = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0].iter_rows(values_only=True)
    by_area = {
        row[0] or "11629": dict(zip(head, row, strict=True)) for row in rows if row[1] == "Cả xã" or row[0]
    }
    for area in ("11629", *HOUSEHOLDS):
        assert by_area[area]["Đã gặp"] == sums[area, "tham_ho"][2]
        for code in GOALS:
            if not sums["11629", code][1]:
                continue  # nobody was asked anywhere: no column
            assert by_area[area][f"{code} %"] == percent(sums, area, code)
            word = by_area[area][f"{code} so với chỉ tiêu"]
            assert word.removesuffix(", trong sai số") == WORDS[state(sums, area, code)]
