"""The city's table: every commune as its own page tells it, whatever is folded and whatever the day (R1 to R14, 7)."""

import datetime as dt
import random
from collections.abc import Mapping

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from geo.target_states import Tallied
from server import clock
from server.counting import folding, recount, tally
from server.coverage import city_table, coverage_table
from server.coverage.commune_input import VISITED
from server.db import db
from server.models import (
    Commune,
    Finding,
    Indicator,
    Plan,
    Tally,
    TallyDay,
    TallyMonth,
    Target,
    Village,
    VillageFigure,
)
from server.plans import load_plans
from tests import sample
from tests.people import make_commune
from tests.server.counting.test_counts import NOON, TODAY, count, indicator, statements

SMART = "smart_hai_phong_ho"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


def chosen(code: str = VISITED):
    return next(each for each in city_table.choices() if each.code == code)


def test_the_city_has_every_communes_sums(app: Flask) -> None:
    what = indicator()
    for code, met in (("11629", 7), ("10930", 11)):
        commune = make_commune(code, f"Xã {code}", thon=2)
        for village in commune.villages:
            count(village, what, TODAY, met, met, met)
    make_commune("10507", "Thành Đông")
    found = city_table.table(chosen())
    assert [(row.code, row.visited, row.households) for row in found.rows] == [
        ("10507", 0, None),
        ("10930", 22, None),
        ("11629", 14, None),
    ]
    assert (found.visited, found.total) == (36, Tallied(36, 36, 36))


def test_a_commune_whose_number_is_hidden_is_hidden_here_and_in_the_sum(app: Flask) -> None:
    """Its own page hides it; the city's sum adds up what is shown, so nothing can be subtracted."""
    what = indicator()
    for code, met in (("11629", 3), ("10930", 20)):
        count(make_commune(code, f"Xã {code}", thon=1).villages[0], what, TODAY, met, met, met)
    found = city_table.table(chosen())
    assert [row.visited for row in found.rows] == [20, None]
    assert (found.visited, found.hidden) == (20, 1)


def test_the_number_of_communes_does_not_change_the_number_of_statements(app: Flask) -> None:
    indicator()
    asked = []
    for code in ("11629", "10930", "10507"):
        make_commune(code, f"Xã {code}", thon=3)
        with statements() as seen:
            city_table.table(chosen())
        asked.append(len(seen))
    assert asked[0] == asked[-1] <= 13  # two of them ask for what other installations sent


def test_the_number_of_indicators_does_not_change_the_number_of_statements(app: Flask) -> None:
    """They are read together, whatever they count: what is asked of households, on lists, or by offices."""
    load_plans.load_indicators()
    make_commune("11629", "An Lão", thon=3)
    every = [
        city_table.judged.CountedIndicator(row.code, row.label_vi, row.unit, row.kind)
        for row in db.session.scalars(sa.select(Indicator).order_by(Indicator.id))
    ]
    places = next(each for each in every if each.unit == "place" and each.kind == "state")
    with statements() as of_one:
        city_table.table(places)
    with statements() as of_all:
        assert [found.indicator for found in city_table.tables(every)] == every
    assert len(of_all) == len(of_one)


ROWS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 120), st.integers(0, 30), st.integers(0, 30), st.booleans()),
    min_size=1,
    max_size=14,
)


@given(rows=ROWS, back=st.integers(0, 80), households=st.integers(0, 60))
@examples(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_commune_is_told_as_on_its_own_page(app: Flask, rows: list, back: int, households: int) -> None:
    for table in (Tally, TallyDay, TallyMonth, VillageFigure):
        db.session.execute(sa.delete(table))
    communes = db.session.scalars(sa.select(Commune).order_by(Commune.code)).all() or [
        make_commune("10930", "Mao Điền", thon=2),
        make_commune("11629", "An Lão", thon=3),
    ]
    known = {row.code: row for row in db.session.scalars(sa.select(Indicator))}
    what = [known.get(code) or indicator(code) for code in (VISITED, SMART)]
    villages = [village for commune in communes for village in commune.villages]
    db.session.add(
        VillageFigure(village_id=villages[0].id, day=dt.date(2026, 1, 1), source="x", households=households)
    )
    for at, days, one, other, folds in rows:
        done, of = min(one, other), max(one, other)
        day = TODAY - dt.timedelta(days=days)
        count(villages[at], what[0], day, of, of, of)
        count(villages[at], what[1], day, done, of, of)
        if folds:
            folding.once()
    day = TODAY - dt.timedelta(days=back)
    with db.engine.connect() as connection:
        assert tally.months_differ(connection) == 0
    asked = [
        city_table.judged.CountedIndicator(each.code, each.label_vi, each.unit, each.kind) for each in what
    ]
    together = list(city_table.tables(asked, day))
    for each, indicator_asked, of_several in zip(what, asked, together, strict=True):
        found = city_table.table(indicator_asked, day)
        assert found == of_several
        for row, commune in zip(found.rows, communes, strict=True):
            own = coverage_table.table(commune, day)
            shown = own.indicator(each.code)
            assert (row.visited, row.households) == (own.visited, own.households)
            assert shown is None or row.cell == shown.cell


def test_a_recount_finds_a_month_that_is_wrong_and_builds_it_anew(app: Flask) -> None:
    what, commune = indicator(), make_commune(thon=1)
    count(commune.villages[0], what, TODAY, 9, 9, 9)
    folding.once()
    db.session.execute(sa.update(TallyMonth).values(done=8))
    db.session.commit()
    connection = db.session.connection()
    assert tally.months_differ(connection) == 2  # one that is missing, one that is wrong
    tally.rebuild_months(connection)
    assert tally.months_differ(connection) == 0


def test_what_persons_say_is_estimated_as_on_each_communes_own_page(app: Flask) -> None:
    """R11: whatever of it is folded."""
    what, adults = indicator(), indicator("chu_ky_so_ca_nhan_18", "adult")
    commune, dice = make_commune("11629", "An Lão", thon=3), random.Random(11)
    for village in commune.villages:
        db.session.add(
            VillageFigure(village_id=village.id, day=dt.date(2026, 1, 1), source="x", households=90)
        )
        for _ in range(12):
            asked(village, {what: (1, 1), adults: (dice.randint(0, 2), dice.randint(2, 4))})
    plan = Plan(commune=commune, year=2026, title="Kế hoạch")
    plan.targets = [
        Target(
            code="T1", position=1, section="I", label="Chữ ký số", wording="", comparator=">=", value="50",
            unit="percent", period="year", start=dt.date(2026, 1, 1), deadline=dt.date(2026, 12, 31), how="survey",
            indicator=adults,
        )
    ]  # fmt: skip
    db.session.add(plan)
    db.session.commit()
    recount.correct()
    for _ in range(2):
        found = city_table.table(chosen(adults.code)).rows[0].estimate
        assert found is not None
        assert found == coverage_table.table(commune).indicator(adults.code).estimate
        assert found.low < found.percent < found.high
        folding.once()


def asked(village: Village, stated: Mapping[Indicator, tuple[int, int]]) -> None:
    """A household of the thôn that said so today; a recount brings it to the tally."""
    household = sample.make_entity(village, "Hộ")
    number = (db.session.scalar(sa.select(sa.func.max(Finding.submission_id))) or 0) + 1
    for what, (done, of) in stated.items():
        db.session.add(
            Finding(
                submission_id=number, indicator_id=what.id, subject=household.id, village_id=village.id, done=done,
                of=of, observed_at=NOON, received_at=NOON,
            )
        )  # fmt: skip
