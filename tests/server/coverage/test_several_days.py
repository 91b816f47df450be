"""Several days of a commune read together are what each of them is alone, in statements that do not grow with them."""

import datetime as dt
import random
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask

from geo.target_states import Tallied
from server import clock
from server.counting import tally
from server.coverage import commune_input, coverage_table
from server.coverage.commune_input import VISITED
from server.db import db
from server.households.phone_lists import PLACES
from server.models import (
    Commune,
    Entity,
    EntityList,
    Finding,
    Indicator,
    Plan,
    Submission,
    Tally,
    TallyDay,
    Target,
    Village,
    VillageFigure,
)
from tests.asked import seen
from tests.people import make_commune

NOON = dt.datetime(2026, 11, 18, 5, tzinfo=dt.UTC)
DAYS = [dt.date(2025, 12, 31), *(dt.date(2026, month, 9) for month in (2, 6, 10, 11)), dt.date(2026, 11, 18)]


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def commune(app: Flask) -> Commune:
    """A year of visits in four thôn, of which one goes into another, with events, places and households that end."""
    made = make_commune(thon=4)
    rnd = random.Random(18)
    first, second, third, _fourth = made.villages
    third.valid_to, third.merged_into_id = dt.date(2026, 6, 30), second.id
    kinds = {VISITED: ("household", "state"), "vneid_nguoi_dan": ("person", "state"),
             "cai_smart_hai_phong": ("person", "event"), "wifi_nha_van_hoa": ("place", "state")}  # fmt: skip
    rows = [
        Indicator(code=code, label_vi=code, label_en=code, unit=unit, kind=kind)
        for code, (unit, kind) in kinds.items()
    ]
    db.session.add_all(rows)
    db.session.flush()
    for year in (2025, 2026):
        _plan(made, year, rows)
    for day in (dt.date(2025, 6, 1), dt.date(2026, 9, 1)):
        db.session.add(
            VillageFigure(village_id=first.id, day=day, source="Công an", households=day.month * 10)
        )
    for village in made.villages:
        _visited(village, rows, rnd)
    db.session.commit()
    return made


def _plan(commune: Commune, year: int, rows: list[Indicator]) -> None:
    plan = Plan(commune_id=commune.id, year=year, title="Kế hoạch")
    for place, (what, period, unit) in enumerate(((rows[1], "year", "percent"), (rows[2], "week", "count"))):
        plan.targets.append(Target(
            code=f"T{year}.{place}", position=place, section="I", label="Có VNeID", wording="", comparator=">=",
            value="5", unit=unit, period=period, start=dt.date(year, 1, 1), deadline=dt.date(year, 12, 31),
            how="survey", indicator_id=what.id,
        ))  # fmt: skip
    db.session.add(plan)


def _visited(village: Village, rows: list[Indicator], rnd: random.Random) -> None:
    for name in ("ho_dan", PLACES):
        listed = db.session.scalars(sa.select(EntityList).where(EntityList.name == name)).first()
        if listed is None:
            listed = EntityList(name=name)
            db.session.add(listed)
            db.session.flush()
        for _ in range(4):
            _entity(village, listed, rows, rnd)
    for row in rows:
        for source in (Tally, TallyDay):
            for _ in range(6):
                day = dt.date(2025, 11, 1) + dt.timedelta(days=rnd.randrange(380))
                key = {"village_id": village.id, "indicator_id": row.id, "day": day}
                if source is Tally or db.session.get(TallyDay, key) is None:
                    done, of = rnd.randrange(3), rnd.randrange(3, 9)
                    squares = {"done2": done * done, "of2": of * of, "done_of": done * of}
                    db.session.add(source(**key, done=done, of=of, subjects=rnd.randrange(3), **squares))
                    db.session.flush()


def _entity(village: Village, listed: EntityList, rows: list[Indicator], rnd: random.Random) -> None:
    made = dt.datetime(2025, 10, 1, tzinfo=dt.UTC)
    ended = made + dt.timedelta(days=rnd.randrange(60, 400)) if rnd.random() < 0.5 else None
    home = Entity(
        id=uuid.UUID(int=rnd.getrandbits(128)), list_id=listed.id, village_id=village.id, label="Hộ",
        data={"loai": "nha_van_hoa"}, version=1, created_at=made, changed_at=made, ended_at=ended,
    )  # fmt: skip
    db.session.add(home)
    for _ in range(rnd.randrange(4)):
        moment = made + dt.timedelta(days=rnd.randrange(30, 410))
        visit = Submission(
            instance_id=f"uuid:{uuid.UUID(int=rnd.getrandbits(128))}", form_id=1, version="1", sha256=b"", xml=b"",
            answers={}, village_id=village.id, observed_at=moment, received_at=moment,
        )  # fmt: skip
        db.session.add(visit)
        db.session.flush()
        db.session.add(Finding(
            submission_id=visit.id, indicator_id=rows[1].id, subject=home.id, village_id=village.id,
            done=rnd.randrange(3), of=3, observed_at=moment, received_at=moment, counts=rnd.random() < 0.9,
        ))  # fmt: skip


def test_days_read_together_are_each_what_they_are_alone(commune: Commune) -> None:
    """R8."""
    together = commune_input.gather_days(commune, DAYS)
    assert together == [commune_input.gather(commune, day) for day in DAYS]
    assert len({len(each.villages) for each in together}) == 2  # before the merger and after it
    assert len({repr(each.villages) for each in together}) == len(DAYS)
    assert any(each.by_period for each in together)
    assert any(village.squares for each in together for village in each.villages)


@pytest.mark.parametrize("full", [False, True])
def test_a_column_made_alone_is_that_of_the_whole_table(commune: Commune, full: bool) -> None:
    """R25: what hides in it what another column tells is hidden in it alone as well."""
    read = coverage_table.read_days(commune, DAYS, full=full)
    for day in DAYS:
        whole = read.table(day)
        for row in whole.indicators:
            code = row.indicator.code
            alone = read.table(day, only={code})
            assert alone.indicators == (row,)
            assert alone.targets == tuple(each for each in whole.targets if each.target.indicator == code)
            assert [(each.cells[code], each.judgements.get(code)) for each in alone.villages] == [
                (each.cells[code], each.judgements.get(code)) for each in whole.villages
            ]
            assert (alone.visited, alone.weeks, alone.surplus) == (whole.visited, whole.weeks, whole.surplus)


def test_more_days_are_no_more_statements(commune: Commune) -> None:
    """R18."""
    year = [day for day in DAYS if day.year == 2026]
    coverage_table.tables(commune, year[-1:])  # which reads the commune itself anew after the commit
    counted = []
    for days in (year[-1:], year):
        with seen() as asked:
            coverage_table.tables(commune, days, full=True)
        counted.append(len(asked))
    assert counted[0] == counted[1] <= 14


def test_the_running_week_is_not_over_on_its_sunday_and_is_on_the_page_of_that_sunday(
    commune: Commune, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R8: whoever looks on Sunday sees the week running; the day after, the same Sunday tells what became of it."""
    sunday, gone = dt.date(2026, 11, 15), []
    for now in (dt.datetime(2026, 11, 15, 1, tzinfo=dt.UTC), dt.datetime(2026, 11, 15, 18, tzinfo=dt.UTC)):
        monkeypatch.setattr(clock, "now", lambda now=now: now)
        found = coverage_table.table(commune, sunday).target("T2026.1")
        assert found is not None
        assert found.judgement.periods[-1].end == sunday
        gone.append(found.judgement.periods[-1].gone)
    assert gone == [False, True]


def test_a_thon_that_was_hidden_stays_so_when_it_goes_into_another(app: Flask) -> None:
    """R25: the page of the Sunday before shows the one and hides the other, so that their sum would tell it."""
    made = make_commune(thon=4)
    row = Indicator(code=VISITED, label_vi=VISITED, label_en=VISITED, unit="household", kind="state")
    db.session.add(row)
    db.session.flush()
    for village, met in zip(made.villages, (3, 20, 7, 30), strict=True):
        day = dt.date(2026, 10, 20)
        db.session.add(
            TallyDay(village_id=village.id, indicator_id=row.id, day=day, done=met, of=met, subjects=met)
        )
        db.session.add(VillageFigure(village_id=village.id, day=day, source="Công an", households=40 + met))
    tally.rebuild_months(db.session.connection())
    small, large = made.villages[:2]
    small.valid_to, small.merged_into_id = dt.date(2026, 10, 31), large.id
    db.session.commit()
    before = {each.code: each for each in coverage_table.table(made, dt.date(2026, 10, 31)).villages}
    assert (before[small.code].visited, before[large.code].visited) == (None, 20)
    after = coverage_table.table(made, dt.date(2026, 11, 8))
    shown = {each.code: each.visited for each in after.villages}
    assert small.code not in shown
    assert shown[large.code] is None
    weeks = coverage_table.trend(made, VISITED, as_of=dt.date(2026, 11, 8))
    assert weeks[-1].tallied == Tallied(60, 60, 60)
    full = coverage_table.table(made, dt.date(2026, 11, 8), full=True)
    assert {each.code: each.visited for each in full.villages}[large.code] == 23
