"""A reader with a solver, who keeps all that was published of a commune and asks what is left of each hidden number."""

import dataclasses
import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise, permutations

import numpy
from scipy.optimize import Bounds, LinearConstraint, milp

from geo.compute_coverage import (
    Cell,
    CommuneInput,
    CountedIndicator,
    CoverageTable,
    IndicatorRow,
    VillageInput,
    VillageRow,
    table,
)
from geo.small_cell_limit import SMALL
from geo.target_states import Tallied, TargetFigure

VISITED = CountedIndicator("tham_ho", "", "household", "state")
SMART = CountedIndicator("smart_hai_phong_ho", "", "household", "state")
FIVE_G = CountedIndicator("phu_song_5g", "", "household", "state")
ADULTS = CountedIndicator("chu_ky_so_ca_nhan_18", "", "adult", "state")
ALL = (VISITED, SMART, FIVE_G, ADULTS)
MANY = 10_000


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


def grown(dice: random.Random, before: CommuneInput, most: int = MANY) -> CommuneInput:
    """The same commune some weeks later: more were met, `most` in a thôn, and what was said stays said."""
    villages = []
    for village in before.villages:
        left = (village.households or 0) - village.visited
        new = min(left, most, dice.choice((0, 0, 1, 2, 3, 5, 9)))
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


def merged(later: CommuneInput, old: str, new: str) -> CommuneInput:
    """A day on which a thôn has gone into another since the days before it: those told of both."""
    rows = {village.code: village for village in later.villages}
    gone = rows.pop(old)
    rows[new] = dataclasses.replace(
        rows[new],
        households=(rows[new].households or 0) + (gone.households or 0),
        visited=rows[new].visited + gone.visited,
        tallied={code: told + gone.tallied[code] for code, told in rows[new].tallied.items()},
    )
    return dataclasses.replace(later, villages=tuple(rows.values()), merged_into={old: new})


@dataclasses.dataclass(frozen=True)
class PublishedDay:
    """What doors tell of a day, put together; of a `CoverageTable` the part that the reader takes."""

    indicators: tuple[IndicatorRow, ...]
    villages: tuple[VillageRow, ...]

    def indicator(self, code: str) -> IndicatorRow | None:
        return next((row for row in self.indicators if row.indicator.code == code), None)


class Reader:
    """All that is published of one day or several as linear equations over whole numbers: what is left of each?"""

    def __init__(
        self, *days: CoverageTable | PublishedDay, merged_into: Mapping[str, str] | None = None
    ) -> None:
        """`merged_into`: the thôn that went into another before the last of these days."""
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
            then: dict[tuple[str, str, str], list[int]] = {}
            for (code, village, number), earlier in before.items():
                of = village if (code, village, number) in self.names else (merged_into or {})[village]
                then.setdefault((code, of, number), []).append(earlier)
            for key, parts in then.items():  # nobody who was met is unmet later
                if key[2] == "subjects":
                    self.rows.append(({self.names[key]: 1, **dict.fromkeys(parts, -1)}, 0, MANY))
            before = self.names
        matrix = numpy.zeros((len(self.rows), len(self.limits)))
        for place, (factors, _, _) in enumerate(self.rows):
            for variable, factor in factors.items():
                matrix[place, variable] = factor
        self.sums = LinearConstraint(
            matrix, [low for _, low, _ in self.rows], [high for _, _, high in self.rows]
        )
        self.bounds = Bounds([low for low, _ in self.limits], [high for _, high in self.limits])
        self.worlds: list[numpy.ndarray] = []
        """What is known to be possible: a number that differs in any of them from the true one is told by nothing."""

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
            self.worlds.append(numpy.round(solved.x))
            found.append(int(self.worlds[-1][self.named[day][key]]))
        return found[0], found[1]

    def allows(self, days: Sequence[CommuneInput]) -> bool:
        """Whether all that was published holds of what was counted."""
        world = numpy.zeros(len(self.limits))
        for names, day in zip(self.named, days, strict=True):
            true = {village.code: village.tallied for village in day.villages}
            for (code, village, number), variable in names.items():
                world[variable] = getattr(true[village][code], number)
        sums = self.sums.A @ world
        return bool(
            (self.bounds.lb <= world).all() and (world <= self.bounds.ub).all()
            and (self.sums.lb <= sums).all() and (sums <= self.sums.ub).all()
        )  # fmt: skip

    def knows(self, key: tuple[str, str, str], secret: int, day: int = -1) -> bool:
        """Whether this number of a day (the last) can be no other; solved where no world that was found tells."""
        place = self.named[day][key]
        if any(world[place] != secret for world in self.worlds):
            return False
        low, high = self.left(key, day)
        return low == high


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


def hidden(told: CoverageTable | PublishedDay) -> Iterable[tuple[str, str, str]]:
    """The small numbers: subjects of a row hidden whole as too small, done of one that is withheld."""
    for village in told.villages:
        for code, cell in village.cells.items():
            if cell.suppressed == "base":
                yield code, village.code, "subjects"
            elif cell.suppressed == "part":
                yield code, village.code, "done"


World = Sequence[CommuneInput]
"""A commune as it was counted by each of some days."""


def moved(world: World, giver: str, taker: str, what: Mapping[str, Tallied], since: int) -> World | None:
    """The same with this taken from one thôn and given to another from a day on; None where that cannot be."""
    found = []
    for number, day in enumerate(world):
        villages = []
        for village in day.villages:
            tallied = dict(village.tallied)
            for code, part in what.items() if number >= since else ():
                old = tallied[code]
                tallied[code] = (
                    old + part if village.code == taker else old - part if village.code == giver else old
                )
            met = tallied[VISITED.code].subjects
            if met > (village.households or 0) or not all(map(_can_be, tallied.values())):
                return None
            if any(each.subjects > met for each in tallied.values()):
                return None
            villages.append(dataclasses.replace(village, visited=met, tallied=tallied))
        found.append(dataclasses.replace(day, villages=tuple(villages)))
    return _with_weeks(found) if _only_grows(found) else None


def _can_be(each: Tallied) -> bool:
    return 0 <= each.done <= each.of and 0 <= each.subjects <= each.of


def _only_grows(world: World) -> bool:
    """What was counted of a day is no less than nothing."""
    return all(
        _can_be(new.tallied[code] - old.tallied[code])
        for before, after in pairwise(world)
        for old, new in zip(before.villages, after.villages, strict=True)
        for code in new.tallied
    )


def _with_weeks(world: World) -> World:
    """Each day with what the days before it counted."""
    found: list[CommuneInput] = []
    for day in world:
        by_week = {
            each.code: {
                village.code: tuple(
                    next(v for v in old.villages if v.code == village.code).tallied[each.code]
                    for old in found
                )
                for village in day.villages
            }
            for each in ALL
        }
        made = dataclasses.replace(
            day, week_ends=tuple(old.as_of for old in found), by_week=by_week, met_by_week=by_week[VISITED.code]
        )  # fmt: skip
        found.append(made)
    return found


HOUSEHOLD = {
    VISITED.code: Tallied(1, 1, 1), SMART.code: Tallied(1, 1, 1), ADULTS.code: Tallied(1, 2, 1), FIVE_G.code: Tallied(),
}  # fmt: skip
MOVES: Sequence[Mapping[str, Tallied]] = (
    HOUSEHOLD, HOUSEHOLD | {SMART.code: Tallied(0, 1, 1), FIVE_G.code: Tallied(1, 1, 1)},
    *({each.code: Tallied(1, 0, 0)} for each in ALL[1:]),
)  # fmt: skip


def twin(world: World) -> World | None:
    """One whose tables are the same and whose hidden numbers are others; None where none was found."""
    told, found = [table(day) for day in _with_weeks(world)], _with_weeks(world)
    names = [village.code for village in world[0].villages]
    number = 0
    for giver, taker in permutations(names, 2):
        for what in MOVES:
            other = moved(found, giver, taker, what, since=number % 2 * (len(world) - 1))
            if other is not None and [table(day) for day in other] == told:
                found, number = other, number + 1
    return found if number else None
