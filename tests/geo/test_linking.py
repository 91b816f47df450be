"""A reader with a solver, and with all tables of a day at once, learns no small number (R25)."""

import dataclasses
import os
import random
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction

import numpy
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from geo import coverage
from geo.coverage import Cell, CommuneInput, CountedIndicator, CoverageTable, VillageInput, table
from geo.disclosure import SMALL, protect, protect_together
from geo.target_states import Tallied, TargetFigure

VISITED = CountedIndicator("tham_ho", "", "household", "state")
SMART = CountedIndicator("smart", "", "household", "state")
FIVE_G = CountedIndicator("phu_song", "", "household", "state")
ADULTS = CountedIndicator("chu_ky_so", "", "adult", "state")
ALL = (VISITED, SMART, FIVE_G, ADULTS)
MANY = 10_000


def test_one_set_of_thon_is_hidden_for_all_indicators_of_households() -> None:
    """Met 2, 9, 9, 14, and persons asked in every household met: each column once showed what the other hid."""
    met = {name: Tallied(n, n, n) for name, n in zip("abcd", (2, 9, 9, 14), strict=True)}
    people = {
        name: Tallied(n // 2, n, met[name].subjects) for name, n in zip("abcd", (7, 27, 18, 44), strict=True)
    }
    of_met, found = protect_together(met, {"people": people}, main={"people"})
    whole = [{code for code, why in each.rows.items() if why.whole} for each in (of_met, found["people"])]
    assert whole[0] == whole[1]
    assert "a" in whole[0]
    assert len(whole[0]) > 1


def test_secondary_rows_are_hidden_in_every_column() -> None:
    """A column with one small thôn of its own takes another with it, in all columns."""
    met = {str(n): Tallied(20 + n, 20 + n, 20 + n) for n in range(6)}
    few = {code: Tallied(10, 20, 20) for code in met} | {"4": Tallied(1, 3, 3)}
    of_met, found = protect_together(met, {"few": few, "many": met}, main={"few", "many"})
    beside = {code for code, why in found["few"].rows.items() if why.why == "secondary" and why.whole}
    assert beside
    for each in (of_met, found["many"]):
        assert beside <= {code for code, why in each.rows.items() if why.whole}


def drawn(dice: random.Random) -> CommuneInput:
    """A commune of a few thôn; everybody met is asked one thing, some are asked another.

    In every second one a single thôn is small and several are alike, between which each column could choose otherwise.
    """
    villages = []
    has_one_small = dice.random() < 0.5
    for number in range(dice.randint(2, 9)):
        met = dice.choice((0, 1, 2, 3, 4, 5, 6, 8, 12, 25, 40))
        if has_one_small:
            met = dice.randint(1, 4) if number == 0 else dice.choice((9, 9, 9, 14))
        measured = met if dice.random() < 0.4 else dice.randint(0, met)
        adults = sum(dice.randint(1, 4) for _ in range(met))
        told = {
            VISITED.code: Tallied(met, met, met),
            SMART.code: Tallied(dice.randint(0, met), met, met),
            FIVE_G.code: Tallied(dice.randint(0, measured), measured, measured),
            ADULTS.code: Tallied(dice.randint(0, adults), adults, met),
        }
        villages.append(
            VillageInput(
                code=str(number),
                name="",
                households=max(12, met + dice.choice((0, 1, 5, 40))),
                visited=met,
                tallied=told,
            )
        )
    targets = tuple(
        TargetFigure(
            id=code, label="", section="", comparator=">=", value=Fraction(80), unit="percent", period="year",
            start=date(2026, 1, 1), deadline=date(2026, 12, 31), indicator=code,
        )
        for code in dice.sample([each.code for each in ALL[1:]], 2)
    )  # fmt: skip
    return CommuneInput(
        code="11629", name="", as_of=date(2026, 11, 15), received_until=None, households=60 * len(villages),
        households_source=None, villages=tuple(villages), indicators=ALL, targets=targets,
    )  # fmt: skip


def grown(dice: random.Random, before: CommuneInput) -> CommuneInput:
    """The same commune some weeks later: more were met, and what was said stays said."""
    villages = []
    for village in before.villages:
        left = (village.households or 0) - village.visited
        new = min(left, dice.choice((0, 0, 1, 2, 3, 5, 9)))
        met = village.tallied[VISITED.code].subjects + new
        told = {VISITED.code: Tallied(met, met, met)}
        for each in (SMART, FIVE_G, ADULTS):
            old = village.tallied[each.code]
            asked = new if each is not FIVE_G else dice.randint(0, new)
            of = sum(dice.randint(1, 4) for _ in range(asked)) if each is ADULTS else asked
            told[each.code] = old + Tallied(dice.randint(0, of), of, asked)
        villages.append(dataclasses.replace(village, visited=met, tallied=told))
    ends = (*before.week_ends, before.as_of)
    by_week = {
        each.code: {
            v.code: (*before.by_week.get(each.code, {}).get(v.code, ()), v.tallied[each.code])
            for v in before.villages
        }
        for each in ALL
    }
    return dataclasses.replace(
        before, villages=tuple(villages), as_of=before.as_of + timedelta(weeks=2), week_ends=ends,
        met_by_week=by_week[VISITED.code], by_week=by_week,
    )  # fmt: skip


class Reader:
    """All that is published of one day or several as linear equations over whole numbers: what is left of each?"""

    def __init__(self, *days: CoverageTable) -> None:
        self.days = days
        self.named: list[dict[tuple[str, str, str], int]] = []
        """The variables of each day."""
        self.limits: list[tuple[float, float]] = []
        self.rows: list[tuple[dict[int, float], float, float]] = []
        before: dict[tuple[str, str, str], int] = {}
        for told in days:
            self.told, self.names = told, {}
            self.named.append(self.names)
            for indicator in ALL:
                self._column(indicator.code)
            for village in told.villages:
                self._nesting(village.code)
            for key, earlier in before.items():  # nobody who was met is unmet later
                if key[2] == "subjects":
                    self.rows.append(({self.names[key]: 1, earlier: -1}, 0, MANY))
            before = self.names
        matrix = numpy.zeros((len(self.rows), len(self.limits)))
        for place, (factors, _, _) in enumerate(self.rows):
            for variable, factor in factors.items():
                matrix[place, variable] = factor
        self.sums = LinearConstraint(
            matrix, [low for _, low, _ in self.rows], [high for _, _, high in self.rows]
        )
        self.bounds = Bounds([low for low, _ in self.limits], [high for _, high in self.limits])

    def _variable(self, key: tuple[str, str, str], low: float, high: float) -> int:
        self.names[key] = len(self.limits)
        self.limits.append((low, high))
        return self.names[key]

    def _column(self, code: str) -> None:
        row = self.told.indicator(code)
        assert row is not None
        for number in ("subjects", "of", "done"):
            keys = []
            for village in self.told.villages:
                low, high = possible(village.cells[code], number, is_met=code == VISITED.code)
                if number == "subjects":
                    high = min(high, village.households or MANY)
                keys.append(self._variable((code, village.code, number), low, high))
            total = getattr(row.cell, number)
            if total is not None:
                self.rows.append((dict.fromkeys(keys, 1.0), total, total))

    def _nesting(self, village: str) -> None:
        """done ≤ of, at least one asked in each household, nobody asked who was not met, one answer a household."""
        met = self.names[VISITED.code, village, "subjects"]
        for indicator in ALL:
            subjects, of, done = (
                self.names[indicator.code, village, number] for number in ("subjects", "of", "done")
            )
            self.rows.append(({of: 1, done: -1}, 0, MANY))
            self.rows.append(({of: 1, subjects: -1}, 0, 0 if indicator.unit == "household" else MANY))
            if indicator is not VISITED:
                self.rows.append(({met: 1, subjects: -1}, 0, MANY))

    def left(self, key: tuple[str, str, str], day: int = -1) -> tuple[int, int]:
        """The least and the most that this number of a day (the last) can be."""
        found = []
        for sign in (1.0, -1.0):
            goal = numpy.zeros(len(self.limits))
            goal[self.named[day][key]] = sign
            whole = numpy.ones(len(self.limits))
            solved = milp(goal, integrality=whole, bounds=self.bounds, constraints=self.sums)
            assert solved.x is not None
            found.append(round(float(solved.x[self.named[day][key]])))
        return found[0], found[1]


def possible(cell: Cell, number: str, *, is_met: bool) -> tuple[float, float]:
    """What one cell alone leaves possible."""
    known = getattr(cell, number)
    if known is not None:
        return known, known
    if cell.suppressed == "base" and number == "subjects":
        return (1 if is_met else 0), SMALL - 1
    if cell.of is None:
        return 0, MANY
    if cell.suppressed == "secondary":
        return 0, cell.of
    if cell.bound is None:
        return 1, cell.of - 1
    return (1, SMALL - 1) if cell.bound.comparator == "<" else (cell.of - SMALL + 1, cell.of - 1)


def hidden(told: CoverageTable) -> Iterable[tuple[str, str, str]]:
    """The small numbers: subjects of a row hidden whole as too small, done of one that is withheld."""
    for village in told.villages:
        for code, cell in village.cells.items():
            if cell.suppressed == "base":
                yield code, village.code, "subjects"
            elif cell.suppressed == "part":
                yield code, village.code, "done"


SEEDS: Sequence[int] = range(50)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_small_number_follows_from_all_tables_of_a_day_together(seed: int) -> None:
    """R25: by sums over thôn, by other columns of the day, or by both."""
    given = drawn(random.Random(seed))
    told = table(given)
    reader = Reader(told)
    true = {(code, v.code): tallied for v in given.villages for code, tallied in v.tallied.items()}
    for key in hidden(told):
        secret = getattr(true[key[0], key[1]], key[2])
        if not secret and key[2] == "subjects":
            continue  # that nobody was asked gives no household away
        low, high = reader.left(key)
        assert low <= secret <= high
        assert low < high, (key, secret)


COMMUNES = int(os.environ.get("TUNGNHA_TEST_COMMUNES", "50"))


@pytest.mark.parametrize("seed", range(1000, 1000 + COMMUNES))
def test_no_small_number_follows_from_the_tables_of_several_days(seed: int) -> None:
    """R25: neither one that the newest table hides, nor one that an older table hid."""
    dice = random.Random(seed)
    days = [drawn(dice)]
    for _ in range(1 + seed % 2):
        days.append(grown(dice, days[-1]))
    reader = Reader(*(table(day) for day in days))
    for number, told in enumerate(reader.days):
        true = {(code, v.code): row for v in days[number].villages for code, row in v.tallied.items()}
        for key in hidden(told):
            secret = getattr(true[key[0], key[1]], key[2])
            if secret or key[2] == "done":
                low, high = reader.left(key, number)
                assert low <= secret <= high
                assert low < high, (number, key, secret)


def test_the_attack_finds_what_columns_hidden_each_for_itself_would_tell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So that it is known to find something where there is something."""

    def alone(met, columns, **_):
        return protect(met), {code: protect(rows) for code, rows in columns.items()}

    monkeypatch.setattr(coverage, "protect_together", alone)
    found = 0
    for seed in SEEDS:
        try:
            test_no_small_number_follows_from_all_tables_of_a_day_together(seed)
        except AssertionError:
            found += 1
            break
    assert found
