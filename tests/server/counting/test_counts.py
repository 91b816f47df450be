"""From the tally to the coverage table: days, years, denominators, merged thôn, and what a page costs."""

import datetime as dt
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from forms import plans
from geo.coverage_json import to_json
from geo.target_states import Tallied
from server import clock
from server.counting import tally
from server.coverage import commune_input, coverage_table
from server.coverage.commune_input import VISITED
from server.db import db, writing
from server.models import (
    Commune,
    Entity,
    EntityList,
    Indicator,
    Plan,
    Submission,
    Tally,
    TallyDay,
    Target,
    Village,
    VillageFigure,
)  # fmt: skip
from server.plans import load_plans
from server.published_forms import library_forms
from tests.people import make_commune

TODAY = dt.date(2026, 11, 18)  # a Wednesday
NOON = dt.datetime(2026, 11, 18, 5, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


def indicator(code: str = VISITED, unit: str = "household", kind: str = "state", **more: object) -> Indicator:
    row = Indicator(code=code, label_vi=f"Chỉ tiêu {code}", label_en=code, unit=unit, kind=kind, **more)
    db.session.add(row)
    db.session.flush()
    return row


def count(
    village: Village, what: Indicator, day: dt.date, done: int, of: int, subjects: int, folded: bool = False
) -> None:
    source = TallyDay if folded else Tally
    db.session.add(
        source(village_id=village.id, indicator_id=what.id, day=day, done=done, of=of, subjects=subjects)
    )
    db.session.commit()


@contextmanager
def statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


def test_folded_and_unfolded_rows_are_one_sum(app: Flask) -> None:
    commune, what = make_commune(thon=2), indicator()
    first, second = commune.villages
    count(first, what, TODAY, 6, 8, 8, folded=True)
    count(first, what, TODAY, 3, 4, 4)
    count(second, what, TODAY, 10, 20, 20)
    table = coverage_table.table(commune, full=True)
    assert table.indicator(VISITED).cell.done == 19
    assert [row.cells[VISITED].done for row in table.villages] == [9, 10]
    assert (table.visited, [row.visited for row in table.villages]) == (32, [12, 20])


def test_a_past_day_knows_nothing_of_later_visits(app: Flask) -> None:
    """R8."""
    commune, what = make_commune(thon=1), indicator()
    count(commune.villages[0], what, TODAY - dt.timedelta(days=2), 5, 5, 5)
    count(commune.villages[0], what, TODAY, 7, 7, 7)
    assert coverage_table.table(commune, TODAY - dt.timedelta(days=1), full=True).visited == 5
    assert coverage_table.table(commune, full=True).visited == 12


def test_what_will_expire_still_counts_today(app: Flask) -> None:
    commune, what = make_commune(thon=1), indicator("phu_song_5g_diem", "point", valid_days=90)
    count(commune.villages[0], what, TODAY, 1, 1, 1)
    count(commune.villages[0], what, TODAY + dt.timedelta(days=90), -1, -1, -1)
    cell = coverage_table.table(commune, TODAY + dt.timedelta(days=400), full=True).indicator(what.code).cell
    assert (cell.done, cell.subjects) == (1, 1)


def test_events_add_up_within_the_calendar_year(app: Flask) -> None:
    """R2: an event is no state; the plan's counts are cumulative in the year."""
    commune, what = make_commune(thon=1), indicator("cai_smart_hai_phong", "person", "event")
    village = commune.villages[0]
    count(village, what, dt.date(2025, 12, 31), 100, 100, 40)
    count(village, what, dt.date(2026, 1, 1), 9, 9, 6)
    count(village, what, TODAY, 6, 6, 5, folded=True)
    assert coverage_table.table(commune, full=True).indicator(what.code).cell.done == 15
    assert (
        coverage_table.table(commune, dt.date(2025, 12, 31), full=True).indicator(what.code).cell.done == 100
    )


def test_others_see_past_days_as_ends_of_weeks(app: Flask) -> None:
    """R25: differences of days must not single out a household."""
    commune = make_commune(thon=1)
    assert coverage_table.table(commune, TODAY - dt.timedelta(days=1)).as_of == dt.date(2026, 11, 15)
    assert coverage_table.table(commune, TODAY).as_of == TODAY
    assert coverage_table.table(commune, TODAY - dt.timedelta(days=1), full=True).as_of == dt.date(
        2026, 11, 17
    )


def test_small_cells_are_hidden_from_those_without_the_right(app: Flask) -> None:
    commune, what = make_commune(thon=3), indicator()
    for village, met in zip(commune.villages, (2, 30, 40), strict=True):
        count(village, what, TODAY, met, met, met)
    hidden = [row.cells[VISITED].suppressed for row in coverage_table.table(commune).villages]
    assert hidden[0] == "base"
    assert coverage_table.table(commune, full=True).villages[0].cells[VISITED].done == 2


def test_households_are_the_newest_figure_not_later_than_the_day(app: Flask) -> None:
    commune = make_commune(thon=1)
    for day, source, number in (
        (dt.date(2026, 1, 1), "Công an", 100),
        (dt.date(2026, 6, 1), "UBND xã", 120),
        (dt.date(2026, 12, 1), "UBND xã", 140),
    ):
        db.session.add(
            VillageFigure(village_id=commune.villages[0].id, day=day, source=source, households=number)
        )
    db.session.commit()
    now = coverage_table.table(commune)
    assert (now.households, now.households_source.source, now.households_source.date) == (
        120,
        "UBND xã",
        dt.date(2026, 6, 1),
    )
    assert coverage_table.table(commune, dt.date(2026, 3, 1), full=True).households == 100
    assert coverage_table.table(commune, dt.date(2025, 3, 1), full=True).households is None


def list_of_households() -> EntityList:
    return db.session.scalars(sa.select(EntityList).where(EntityList.name == "ho_dan")).one()


def household(village: Village, listed: EntityList, ended: dt.datetime | None = None) -> Entity:
    entity = Entity(
        id=uuid.uuid4(), list=listed, village_id=village.id, label="Nhà bà Ba", data={}, version=1,
        created_at=NOON, changed_at=NOON, ended_at=ended,
    )  # fmt: skip
    db.session.add(entity)
    return entity


def test_without_a_figure_the_list_of_households_is_counted(app: Flask) -> None:
    """R6; a thôn with neither has an unknown number, never 0."""
    commune = make_commune(thon=3)
    first, second, _third = commune.villages
    listed = list_of_households()
    for _ in range(3):
        household(first, listed)
    household(first, listed, ended=NOON - dt.timedelta(days=30))
    db.session.add(
        VillageFigure(village_id=second.id, day=dt.date(2026, 1, 1), source="Công an", households=50)
    )
    db.session.commit()
    table = coverage_table.table(commune)
    assert [row.households for row in table.villages] == [3, 50, None]
    assert table.households == 53
    assert table.households_source.source == "Công an; danh sách hộ ho_dan"


def test_a_merged_thon_counts_where_it_went(app: Flask) -> None:
    commune, what = make_commune(thon=2), indicator()
    old, new = commune.villages
    old.valid_to, old.merged_into_id = dt.date(2026, 9, 30), new.id
    count(old, what, dt.date(2026, 5, 1), 8, 8, 8)
    count(new, what, dt.date(2026, 5, 1), 10, 10, 10)
    assert [(row.code, row.visited) for row in coverage_table.table(commune).villages] == [(new.code, 18)]
    before = coverage_table.table(commune, dt.date(2026, 9, 30), full=True)
    assert [row.visited for row in before.villages] == [8, 10]


def submit(village: Village | None, received: dt.datetime, entity: Entity | None = None) -> None:
    db.session.add(
        Submission(
            instance_id=f"uuid:{uuid.uuid4()}", form_id=1, version="1", sha256=b"", xml=b"", answers={},
            village_id=village.id if village else None, entity_id=entity.id if entity else None,
            observed_at=received, received_at=received,
        )
    )  # fmt: skip
    db.session.commit()


def test_received_until_is_the_communes_own_newest(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    here, elsewhere = make_commune(thon=1), make_commune("10930", "Mao Điền", thon=1)
    assert coverage_table.table(here).received_until is None
    home = household(here.villages[0], list_of_households())
    db.session.commit()
    submit(here.villages[0], NOON - dt.timedelta(hours=3), home)
    for hours in (2, 1):
        submit(elsewhere.villages[0], NOON - dt.timedelta(hours=hours))
    assert coverage_table.table(here).received_until == NOON - dt.timedelta(hours=3)
    assert coverage_table.table(elsewhere).received_until == NOON - dt.timedelta(hours=1)
    monkeypatch.setattr("server.counting.tally_sums.RECENT", 1)  # a commune that has long been quiet
    assert coverage_table.table(here).received_until == NOON - dt.timedelta(hours=3)


def test_the_plans_of_the_commune_and_year_are_judged(app: Flask) -> None:
    commune, what = make_commune(thon=1), indicator("vneid_nguoi_dan", "person")
    other = make_commune("10930", "Mao Điền")
    for number, (owner, year) in enumerate(((commune, 2026), (commune, 2025), (other, 2026))):
        plan = Plan(commune=owner, year=year, title="Kế hoạch")
        plan.targets = [
            Target(
                code=f"T{number}", position=1, section="I", label="VNeID", wording="", comparator=">=", value="82.5",
                unit="percent", period="year", start=dt.date(year, 1, 1), deadline=dt.date(year, 12, 31),
                how="survey", indicator=what,
            )
        ]  # fmt: skip
        db.session.add(plan)
    db.session.add(
        VillageFigure(village_id=commune.villages[0].id, day=dt.date(2026, 1, 1), source="x", households=20)
    )
    count(commune.villages[0], what, TODAY, 33, 40, 10)
    (row,) = coverage_table.table(commune, full=True).targets
    assert row.target.id == "T0"
    assert (row.judgement.met, row.judgement.state.value) == (True, "met")


def test_what_no_form_asks_and_no_visit_told_is_not_in_the_table(app: Flask) -> None:
    commune = make_commune(thon=1)
    indicator()
    indicator("xa_khac_hoi")
    indicator("co_quan_bao", "household", "reported")
    assert [row.indicator.code for row in coverage_table.table(commune).indicators] == [VISITED]


def test_a_communes_page_takes_at_most_twelve_statements(app: Flask) -> None:
    """R18: and no more for more thôn, more days and more indicators."""
    load_plans.load_indicators()
    library_forms.publish_library()
    for code, thon in (("11629", 2), ("10930", 38)):
        commune = make_commune(code, f"Xã {code}", thon=thon)
        known = db.session.scalars(sa.select(Indicator)).all()
        for village in commune.villages:
            for n in range(3):
                count(village, known[n], TODAY - dt.timedelta(days=n), 5, 5, 5)
        with statements() as seen:
            to_json(coverage_table.table(db.session.get_one(Commune, commune.id)))
        asked = [statement for statement in seen if "select" in statement.lower()]
        assert len(asked) <= 12 + 1  # the commune itself, read again after the commit


def test_the_trend_ends_with_the_day_and_steps_by_weeks(app: Flask) -> None:
    commune, what = make_commune(thon=2), indicator()
    for n, village in enumerate(commune.villages):
        for week in range(5):
            count(village, what, TODAY - dt.timedelta(weeks=week), 10 + n, 10 + n, 10 + n, folded=bool(n))
    weeks = coverage_table.trend(commune, VISITED, 4)
    assert [week.day for week in weeks] == [
        dt.date(2026, 11, 1),
        dt.date(2026, 11, 8),
        dt.date(2026, 11, 15),
        TODAY,
    ]
    assert [week.tallied.subjects for week in weeks] == [42, 63, 84, 105]
    assert coverage_table.trend(commune, "khong_co") == ()


def test_a_trend_hides_its_first_few_households(app: Flask) -> None:
    commune, what = make_commune(thon=1), indicator()
    count(commune.villages[0], what, dt.date(2026, 11, 8), 3, 3, 3)
    count(commune.villages[0], what, dt.date(2026, 11, 15), 9, 9, 9)
    assert [week.tallied and week.tallied.subjects for week in coverage_table.trend(commune, VISITED, 3)] == [
        None,
        12,
        12,
    ]
    assert coverage_table.trend(commune, VISITED, 3, full=True)[0].tallied == Tallied(3, 3, 3)


def test_an_events_trend_begins_anew_each_year(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: dt.datetime(2027, 1, 6, tzinfo=dt.UTC))
    commune, what = make_commune(thon=1), indicator("kich_hoat_vneid", "person", "event")
    count(commune.villages[0], what, dt.date(2026, 12, 20), 50, 50, 20)
    count(commune.villages[0], what, dt.date(2027, 1, 2), 8, 8, 6)
    weeks = coverage_table.trend(commune, what.code, 3)
    assert [week.tallied.done for week in weeks] == [50, 8, 8]


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 20), st.integers(0, 9), st.booleans()),
        min_size=1,
        max_size=8,
    ),
    fold_after=st.integers(0, 8),
)
@examples(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_folding_changes_no_sum(app: Flask, rows: list, fold_after: int) -> None:
    db.session.execute(sa.delete(Tally))
    db.session.execute(sa.delete(TallyDay))
    commune = db.session.scalars(sa.select(Commune)).first() or make_commune(thon=2)
    what = db.session.scalars(sa.select(Indicator)).first() or indicator()
    for n, (at, back, number, folded) in enumerate(rows):
        day = TODAY - dt.timedelta(days=back)
        if not folded or not db.session.get(TallyDay, (commune.villages[at].id, what.id, day)):
            count(commune.villages[at], what, day, number, number, number, folded=folded)
        if n == fold_after:
            db.session.rollback()
            tally.fold(writing(), sys.maxsize)
            db.session.commit()
    before = to_json(coverage_table.table(commune, full=True))
    db.session.rollback()
    tally.fold(writing(), sys.maxsize)
    db.session.commit()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Tally)) == 0
    assert to_json(coverage_table.table(commune, full=True)) == before
    assert before["visited"] == sum(village["visited"] for village in before["villages"])


def test_a_settlement_with_fibre_and_mobile_broadband_is_told_from_what_visits_counted(app: Flask) -> None:
    """R16, phu_mang_khu_dan_cu; MD-T07 asks it of every thôn."""
    commune = make_commune("10930", "Mao Điền", thon=3)
    load_plans.load(plans.read("mao_dien_2026"))
    known = {row.code: row for row in db.session.scalars(sa.select(Indicator))}
    for village, points in zip(commune.villages, (3, 2, 0), strict=True):
        count(village, known["cap_quang_ho"], TODAY, 4, 6, 6)
        if points:
            count(village, known["di_dong_bang_rong_diem"], TODAY, points, 3, 3)
    table = coverage_table.table(commune)
    cells = [row.cells["phu_mang_khu_dan_cu"] for row in table.villages]
    assert [(cell.done, cell.of) for cell in cells] == [(1, 1), (0, 1), (0, 0)]
    judgement = next(row.judgement for row in table.targets if row.target.id == "MD-T07")
    assert (judgement.value, judgement.met, judgement.reach) == (Fraction(100, 3), False, Fraction(2, 3))


def test_targets_of_weeks_and_months_are_told_together_in_one_statement(app: Flask) -> None:
    """R7, R18: each with its own periods, and no statement more for a target more."""
    commune, helped = make_commune(thon=2), indicator("giup_cai", "person", "event")
    also = indicator("giup_ky", "person", "event")
    plan = Plan(commune=commune, year=2026, title="Kế hoạch")
    plan.targets = [periodic("T1", helped, "week")]
    db.session.add(plan)
    for village in commune.villages:
        for days, done in ((0, 3), (7, 5), (40, 2)):
            count(village, helped, TODAY - dt.timedelta(days=days), done, done, 1)
            count(village, also, TODAY - dt.timedelta(days=days), 1, 1, 1)
    with statements() as seen:
        commune_input.gather(commune, TODAY)
    few = len(seen)
    plan.targets.append(periodic("T2", also, "month"))
    db.session.commit()
    with statements() as seen:
        found = commune_input.gather(commune, TODAY).by_period
    assert len([each for each in seen if "tally" in each]) <= 3  # sums, weeks, periods
    assert len(seen) <= few + 2  # what the commit let go of is read again
    assert {start: row.done for start, row in found["T1"].items() if row.done} == {
        dt.date(2026, 10, 5): 4,
        dt.date(2026, 11, 9): 10,
        dt.date(2026, 11, 16): 6,
    }
    assert {start.month: row.done for start, row in found["T2"].items() if row.done} == {10: 2, 11: 4}


def periodic(code: str, what: Indicator, period: str) -> Target:
    return Target(
        code=code, position=1, section="I", label="Giúp", wording="", comparator=">=", value="5", unit="count",
        period=period, start=dt.date(2026, 1, 1), deadline=dt.date(2026, 12, 31), how="survey", indicator=what,
    )  # fmt: skip
