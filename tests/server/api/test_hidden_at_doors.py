"""What programs, leaders and links are told over several days, at every door together, leads to no hidden number (R25).

Pages are doors too: those that a leader opens are asked of both communes.

Looked at in two ways. All that the doors tell is put together and given to a reader with a solver. And two communes
whose published tables are alike, while what they hide is not, are answered alike to the letter, whatever is asked: so
filters, counts, orders, pages, boxes, pictures and workbooks tell nothing that the tables do not.
"""

import datetime as dt
import io
import os
import random
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from typing import Any

import openpyxl
import pytest
import shapely
import sqlalchemy as sa
from flask import Flask

from geo.compute_coverage import CommuneInput, IndicatorRow, VillageRow, table
from geo.hidden_cells import Bound
from geo.indicator_cell import Cell
from geo.target_states import Tallied
from server import clock
from server.accounts import shared_links
from server.audit import SHELL
from server.counting import tally
from server.coverage import coverage_table
from server.db import db
from server.models import Commune, Indicator, Person, Plan, TallyDay, Target, Village, VillageFigure
from server.places import communes
from server.plans import load_plans
from tests.leaders import sign_up
from tests.people import PASSWORD, Browser, bearing, browser, make_token
from tests.sample import make_commune, make_village
from tests.small_cell_attack import (
    ALL,
    SMART,
    VISITED,
    PublishedDay,
    Reader,
    World,
    drawn,
    grown,
    hidden,
    twin,
)

CODE = "11629"
ODATA = f"/v1/projects/{CODE}/coverage.svc"
THON = "/ogc/collections/thon/items"
SEEDS = range(int(os.environ.get("TUNGNHA_TEST_COMMUNES", "1")))


@dataclass
class Doors:
    """A commune that is stored, and those who read of it."""

    app: Flask
    commune: Commune
    program: Browser
    leader: Browser
    link: str
    city_link: str
    set_clock: Callable[[dt.datetime], None]

    def store(self, world: World) -> None:
        """Count this, and nothing else."""
        db.session.rollback()  # what was read before is of the world before
        db.session.execute(sa.delete(TallyDay))
        ids = dict(db.session.execute(sa.select(Village.code, Village.id)).all())
        indicators = dict(db.session.execute(sa.select(Indicator.code, Indicator.id)).all())
        before: dict[tuple[str, str], Tallied] = {}
        for day in world:
            for village in day.villages:
                for code, told in village.tallied.items():
                    new = told - before.get((village.code, code), Tallied())
                    before[village.code, code] = told
                    db.session.add(
                        TallyDay(
                            village_id=ids[thon(village.code)], indicator_id=indicators[code],
                            day=day.as_of - dt.timedelta(days=3), done=new.done, of=new.of, subjects=new.subjects,
                        )
                    )  # fmt: skip
        db.session.flush()
        tally.rebuild_months(db.session.connection())
        db.session.commit()

    def on(self, day: dt.date) -> None:
        """Noon of the day after: all doors read to the end of this one."""
        self.set_clock(dt.datetime.combine(day + dt.timedelta(days=1), dt.time(5), dt.UTC))

    def published(self, world: World) -> list[Any]:
        """The tables themselves, as those are told who may read sums alone."""
        return [coverage_table.table(self.commune, day.as_of, feed=True) for day in world]


def thon(number: str) -> str:
    return f"{CODE}{int(number) + 1:03}"


@pytest.fixture(params=SEEDS)
def world(request: pytest.FixtureRequest) -> World:
    dice = random.Random(7000 + request.param)
    days = [drawn(dice)]
    while len(days[0].villages) < 5 or not list(hidden(table(days[0]))):
        days = [drawn(dice)]
    for _ in range(2):
        days.append(grown(dice, days[-1]))
    return days


@pytest.fixture
def doors(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> Doors:
    def set_clock(moment: dt.datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    set_clock(dt.datetime.combine(world[0].as_of, dt.time(5), dt.UTC))
    load_plans.load_indicators()
    commune = make_commune(CODE)
    plan = Plan(commune_id=commune.id, year=2026, title="Kế hoạch")
    db.session.add(plan)
    for number, each in enumerate(world[0].villages):
        village = make_village(commune, thon(each.code), f"Thôn {each.code}")
        west = 106.50 + 0.02 * number
        village.outline, village.outline_source = (
            shapely.to_wkb(shapely.box(west, 20.8, west + 0.02, 20.82)),
            "drawn",
        )
        db.session.add(
            VillageFigure(
                village_id=village.id, households=each.households, day=dt.date(2026, 1, 1), source="UBND"
            )
        )
    for position, each in enumerate(world[0].targets):
        indicator = db.session.scalars(sa.select(Indicator).where(Indicator.code == each.id)).one()
        db.session.add(
            Target(
                plan_id=plan.id, indicator_id=indicator.id, code=f"T{position}", position=position, section="I",
                label=each.id, wording=each.id, comparator=">=", value="80", unit="percent", period="year",
                start=each.start, deadline=each.deadline, how="survey", over_households=False,
            )
        )  # fmt: skip
    for role, name in (("leader", "lanh.dao"), ("city", "thanh.pho")):
        sign_up(commune, role, name)
    db.session.commit()
    communes.forget_index()
    makers = {each.username: each.id for each in db.session.scalars(sa.select(Person)).unique()}
    link = shared_links.add("Zalo", "coverage", makers["lanh.dao"], commune=commune, days=365, by=SHELL).key
    city = shared_links.add("Sở", "city", makers["thanh.pho"], commune=None, days=365, by=SHELL).key
    program, leader = browser(app), browser(app)
    program.environ_base["HTTP_AUTHORIZATION"] = bearing(make_token(commune))["Authorization"]
    basic = b64encode(f"lanh.dao:{PASSWORD}".encode()).decode()
    leader.environ_base["HTTP_AUTHORIZATION"] = f"Basic {basic}"
    return Doors(app, commune, program, leader, f"/lien-ket/{link}", f"/lien-ket/{city}", set_clock)


NUMBERS = ("done", "of", "subjects")
WHOLES = {
    "done": "done lt 5", "of": "of lt 5", "subjects": "subjects in (1,2,3,4)", "percent": "percent gt 50",
    "percent_judged": "percent_judged ge 0", "reach": "reach lt 50", "visited": "visited le 4", "met": "met eq true",
    "state": "state ne 'unknown'", "bound": "contains(bound,'<')", "suppressed": "suppressed eq 'secondary'",
    "expected": "expected gt 12",
}  # fmt: skip
REFUSED = ("$apply=aggregate(done with sum as n)", "$search=1", "$deltatoken=1", "$compute=done add 1 as n")


def wholes(day: dt.date) -> Iterator[str]:
    """All that there is of a day."""
    yield "/api/v1/changes?after=0"
    yield from (f"{ODATA}/{name}?$filter=day eq {day}" for name in ("Coverage", "CoverageOfCommune"))
    yield f"{THON}?datetime={day}"


def questions(day: dt.date, turn: int) -> Iterator[str]:
    """What else may be asked of a day; of three days each asks by a third of the columns."""
    yield f"/api/v1/communes/{CODE}/coverage?as_of={day}"
    for name, condition in list(WHOLES.items())[turn % 3 :: 3]:
        of_day = f"$filter=day eq {day} and"
        yield f"{ODATA}/Coverage?{of_day} {condition}&$orderby={name} desc,thon_code&$top=9&$skip=1&$count=true"
        yield f"{ODATA}/Coverage/$count?{of_day} not ({condition} or done lt 3)"
    yield from (f"{ODATA}/Coverage?{option}" for option in REFUSED)
    yield f"{THON}?datetime={day}&bbox=106.50,20.80,106.55,20.82&{SMART.code}_state=behind&limit=2&offset=1"
    for each in ALL[turn % 2 :: 2]:
        yield f"{THON}?datetime={day}&filter={each.code}_done < 5 OR {each.code}_subjects IS NULL"
        yield f"{THON}?datetime={day}&filter=NOT ({each.code}_percent >= 50)&bbox=106.53,20.80,106.57,20.82"
        yield f"{THON}?datetime={day}&{each.code}_done=3"


def of_links(doors: Doors, codes: Sequence[str]) -> Iterator[str]:
    """What a link opens, which has no days of its own."""
    yield from (f"{doors.link}/{name}" for name in ("bang.csv", "bang.html", "bang.xlsx", "tu-lam-moi.xlsx"))
    rows = f"{doors.link}/odata/muc_bao_phu"
    yield f"{rows}?$orderby=phan_tram_da_gap desc,da_gap&$top=3&$skip=1"
    for code in codes:
        yield f"{rows}?$filter=da_gap lt 5 or {code} gt 50 or {code}_trang_thai ne null&$count=true"
        yield f"{rows}?$orderby={code} desc&$filter=not contains({code}_ghi_chu,'5')"
    yield f"{doors.city_link}/bang.csv"


def of_pages(world: World) -> Iterator[str]:
    """What a leader opens of a past day and of today: numbers, marks of the map, orders, files, two days at once."""
    place = f"/xa/{CODE}"
    for day, each in zip((world[0].as_of, world[-1].as_of + dt.timedelta(days=1)), ALL[:2], strict=True):
        asked = f"?den_ngay={day}&chi_tieu={each.code}"
        for name in ("", "/chi-tieu/T0", f"/thon/{thon('0')}", "/ban-do", f"/ban-do/thon/{thon('1')}"):
            yield f"{place}{name}{asked}&xep={each.code}"
        yield from (
            f"{place}/ban-do/{name}{asked}" for name in ("cac-tuan", "hai-ngay", "in", "cac-chi-tieu")
        )
        yield from (f"{place}/tai-ve/muc-bao-phu.{ending}{asked}" for ending in ("csv", "geojson"))
    yield from (place, f"{place}/chi-tieu", f"{place}/bao-cao", f"{place}/tai-ve/muc-bao-phu.csv?cap=xa")


def pages(doors: Doors, world: World) -> dict[str, str]:
    """Pages and files of a leader who signs in now, without what is drawn anew each time."""
    leader, found = browser(doors.app), {}
    assert leader.sign_in("lanh.dao").status_code == 302
    for path in of_pages(world):
        answer = leader.get(path)
        assert answer.status_code == 200, (path, answer.text)
        found[path] = re.sub(r'nonce="[^"]*"|name="csrf_token" value="[^"]*"', "", answer.text)
    return found


def answers(doors: Doors, world: World) -> dict[tuple[dt.date, str, str], object]:
    """By the day, who asks and what: everything that is said."""
    found: dict[tuple[dt.date, str, str], object] = {}
    for turn, day in enumerate(world):
        doors.on(day.as_of)
        for path in wholes(day.as_of):
            found[day.as_of, "leader", path] = said(doors.leader, path)
        for path in (*wholes(day.as_of), *questions(day.as_of, turn)):
            found[day.as_of, "program", path] = said(doors.program, path)
        for path in of_links(doors, [each.id for each in day.targets]):
            found[day.as_of, "link", path] = said(doors.program, path)
    for each in ALL[1:]:
        path = f"{doors.link}/ban-do.png?chi_tieu={each.code}"
        found[world[-1].as_of, "link", path] = said(doors.program, path)
    for name in ("Coverage", "CoverageOfCommune"):
        found[world[-1].as_of, "program", name] = said(doors.program, f"{ODATA}/{name}")
    return found


def said(visitor: Browser, path: str) -> object:
    """A status and what came with it; of a workbook its cells."""
    answer = visitor.get(path)
    assert answer.status_code == (501 if any(f"?{option}" in path for option in REFUSED) else 200), (
        path,
        answer.text,
    )
    if path.endswith(".xlsx"):
        book = openpyxl.load_workbook(io.BytesIO(answer.data))
        return [list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets]
    return answer.json if answer.is_json else answer.data


def test_communes_that_differ_in_what_is_hidden_alone_are_answered_alike(doors: Doors, world: World) -> None:
    other = twin(world)
    assert other, "this seed has no twin: draw another"
    doors.store(world)
    doors.on(world[-1].as_of)
    published = doors.published(world)
    first, opened = answers(doors, world), pages(doors, world)
    seen_by_officers = coverage_table.table(doors.commune, full=True)
    doors.store(other)
    assert doors.published(other) == published
    second, opened_then = answers(doors, other), pages(doors, other)
    assert coverage_table.table(doors.commune, full=True) != seen_by_officers
    assert {key: value for key, value in first.items() if second[key] != value} == {}
    assert {path: text for path, text in opened.items() if opened_then[path] != text} == {}


def test_all_that_doors_tell_together_leads_to_no_hidden_number(doors: Doors, world: World) -> None:
    doors.store(world)
    found = answers(doors, world)
    reader = Reader(*(put_together(found, day, doors.link) for day in world))
    assert reader.allows(world)
    asked = 0
    for number, told in enumerate(reader.days):
        true = {(code, v.code): row for v in world[number].villages for code, row in v.tallied.items()}
        for key in hidden(told):
            secret = getattr(true[key[0], key[1]], key[2])
            if secret or key[2] == "done":
                assert not reader.knows(key, secret, number), (number, key, secret)
                asked += 1
    assert asked


@dataclass
class Known:
    """What one who reads at all doors knows of a day: where one of them tells a number, they have it."""

    numbers: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """By the thôn ("": the commune), the indicator, and which of the three numbers."""
    rows: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)

    def learn(self, area: str, code: str, number: str, value: Any) -> None:
        if value is not None:
            key = (area, code, number)
            assert self.numbers.setdefault(key, value) == value, key

    def read_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Those of OData; of a number that is withheld nothing is told that is worked out of it."""
        for row in rows:
            area = row.get("thon_code", "")
            self.rows[area, row["indicator"]] = row
            for number in NUMBERS:
                self.learn(area, row["indicator"], number, row[number])
            self.learn(area, VISITED.code, "subjects", row["visited"])
            if row["done"] is None:
                assert row["percent"] is row["percent_judged"] is None, row
            if row["subjects"] is None:
                assert row["reach"] is None, row

    def read_features(self, features: Sequence[Mapping[str, Any]]) -> None:
        for told in (each["properties"] for each in features):
            self.learn(told["code"], VISITED.code, "subjects", told["visited"])
            for each, number in product(ALL, NUMBERS):
                self.learn(told["code"], each.code, number, told[f"{each.code}_{number}"])

    def cell(self, area: str, code: str) -> Cell:
        row = self.rows[area, code]
        limit = row["bound"].split() if row["bound"] else None
        return Cell(
            **{number: self.numbers.get((area, code, number)) for number in NUMBERS},
            suppressed=row["suppressed"],
            bound=Bound(limit[0], Decimal(limit[1])) if limit else None,
        )


def put_together(
    found: Mapping[tuple[dt.date, str, str], Any], drawn_as: CommuneInput, link: str
) -> PublishedDay:
    """A day of all that was told."""
    day, known = drawn_as.as_of, Known()
    of_thon = found[day, "program", f"{ODATA}/Coverage?$filter=day eq {day}"]["value"]
    last = max(key[0] for key in found)
    later = found[last, "program", "Coverage"]["value"]
    assert [row for row in later if row["day"] == day.isoformat()] == of_thon
    known.read_rows(of_thon)
    known.read_rows(found[day, "leader", f"{ODATA}/CoverageOfCommune?$filter=day eq {day}"]["value"])
    known.read_features(found[day, "leader", f"{THON}?datetime={day}"]["features"])
    for line in found[day, "link", f"{link}/bang.xlsx"][0][1:]:
        known.learn(str(line[0]), VISITED.code, "subjects", line[3])
    villages = (
        VillageRow(
            village.code, "", village.households, None,
            {each.code: known.cell(thon(village.code), each.code) for each in ALL}, {},
        )
        for village in drawn_as.villages
    )  # fmt: skip
    return PublishedDay(
        tuple(IndicatorRow(each, known.cell("", each.code), None, None) for each in ALL), tuple(villages)
    )
