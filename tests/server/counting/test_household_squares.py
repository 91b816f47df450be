"""What an interval is made of, read from the tally: the sums of squares of what each household said last (R11)."""

import datetime as dt
import random
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask

from geo.estimate import Squares
from server import clock, migrate
from server.counting import folding, household_squares, recount, tally_sums
from server.db import db
from server.models import Commune, Entity, Finding, Indicator, Tally, TallyDay, TallyMonth
from tests import sample
from tests.people import make_commune
from tests.server.counting.test_counts import NOON, TODAY, indicator

DAYS = [dt.date(2026, 9, 30), dt.date(2026, 10, 18), TODAY]


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def told(app: Flask) -> tuple[Commune, Indicator]:
    """Households of three thôn that said something once or several times; one moved, one is no longer there."""
    commune, what = make_commune(thon=3), indicator("chu_ky_so_ca_nhan_18", "adult")
    dice = random.Random(7)
    homes = [sample.make_entity(village, "Hộ").id for village in commune.villages for _ in range(6)]
    for number in range(40):
        home = db.session.get_one(Entity, dice.choice(homes))
        of = dice.randint(1, 5)
        moment = NOON - dt.timedelta(days=dice.randrange(70), minutes=number)
        db.session.add(
            Finding(
                submission_id=number + 1, indicator_id=what.id, subject=home.id, village_id=home.village_id,
                done=dice.randint(0, of), of=of, observed_at=moment, received_at=moment, counts=number % 9 > 0,
            )
        )  # fmt: skip
    moved, gone = (db.session.get_one(Entity, key) for key in (homes[0], homes[7]))
    moved.turns = [_turn("2026-10-10", commune.villages[0].id, commune.villages[1].id)]
    gone.turns = [_turn("2026-10-20", commune.villages[1].id, None)]
    db.session.commit()
    recount.correct()
    return commune, what


def _turn(day: str, before: int, after: int | None) -> dict[str, object]:
    return {"day": day, "before": before, "after": after, "persons_only": False}


def _by_hand(what: Indicator, day: dt.date) -> dict[int, Squares]:
    """Of each household the newest answer by the end of the day, where it lived then."""
    newest: dict[uuid.UUID, Finding] = {}
    rows = sa.select(Finding).where(Finding.counts, Finding.indicator_id == what.id)
    for each in db.session.scalars(rows.order_by(Finding.observed_at)):
        if clock.day_of(each.observed_at) <= day:
            newest[each.subject] = each
    found: dict[int, Squares] = {}
    for subject, each in newest.items():
        village = each.village_id
        for turn in db.session.get_one(Entity, subject).turns or ():
            if clock.day_of(each.observed_at) < dt.date.fromisoformat(turn["day"]) <= day:
                village = turn["after"]
        if village is not None:
            one = Squares(1, each.done, each.of, each.done**2, each.of**2, each.done * each.of)
            found[village] = found.get(village, Squares()) + one
    return found


@pytest.mark.parametrize("folded", [False, True])
def test_the_tally_has_what_the_newest_answers_add_up_to(
    told: tuple[Commune, Indicator], folded: bool
) -> None:
    """R11: on every day, of a commune and of the whole city, whatever is folded."""
    commune, what = told
    if folded:
        folding.once()
    villages = [each.id for each in commune.villages]
    found = household_squares.by_village(villages, [what.id], DAYS)
    for day in DAYS:
        wanted = _by_hand(what, day)
        assert wanted
        assert {village: row[what.id] for village, row in found[day].items()} == wanted
        city = tally_sums.of_city([what.id], day, [], [what.id]).spread
        assert {village: row[what.id] for village, row in city.items()} == wanted
    assert recount.compare() == recount.Recount((), 0)


def test_sums_without_their_squares_are_no_sums_of_squares(app: Flask) -> None:
    commune, what = make_commune(thon=1), indicator("chu_ky_so_ca_nhan_18", "adult")
    (village,) = commune.villages
    db.session.add(Tally(village_id=village.id, indicator_id=what.id, day=TODAY, done=3, of=9, subjects=4))
    db.session.commit()
    assert household_squares.by_village([village.id], [what.id], DAYS) == {day: {} for day in DAYS}
    assert tally_sums.of_city([what.id], TODAY, [], [what.id]).spread == {}


@pytest.mark.parametrize("folded", [False, True])
def test_an_older_installation_gets_its_squares_when_it_is_upgraded(
    told: tuple[Commune, Indicator], folded: bool
) -> None:
    """R3, R11: they follow from what was stored before; a recount finds nothing to correct."""
    if folded:
        folding.once()
    db.session.close()
    migrate.downgrade("0059")
    migrate.upgrade()
    migrate.check()
    assert recount.compare() == recount.Recount((), 0)
    folding.once()
    assert recount.compare() == recount.Recount((), 0)
    sums = [db.session.scalar(sa.select(sa.func.sum(table.of2))) for table in (TallyDay, TallyMonth)]
    assert sums[0] == sums[1] > 0
