"""What a sample says of all households: thôn as strata, replacements in, as part of a finite population (R11, R31)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from geo import estimate as estimates
from geo.estimate import Estimate, Squares, Stratum
from geo.reach import RESIDENT_UNITS
from geo.target_states import Tallied
from server.db import db
from server.households import sample_list
from server.households.sample_list import SampleStanding
from server.models import Commune, Indicator, Plan, Target, VillageSample
from server.samples import sample_progress

FEWEST_TOLD = 30
"""Households asked from which on an estimate is told to those without the right to single records."""


@dataclass(frozen=True)
class SampledFigure:
    """An indicator as a sample found it: `told` of those asked, and the estimate of all; None where all were asked."""

    code: str
    label: str
    told: Tallied
    estimate: Estimate | None

    @property
    def percent(self) -> float:
        """Of all, 0 to 100: estimated, or counted where there is nothing to estimate."""
        if self.estimate is not None:
            return self.estimate.percent
        return float(Fraction(100 * self.told.done, self.told.of))


@dataclass(frozen=True)
class SampleFound:
    """Some samples taken together: how far they are asked, and what they say of each indicator of the plan."""

    drawn: dt.datetime
    """When the newest of them was drawn."""
    villages: int
    households: int
    """For how many it speaks."""
    wanted: int
    asked: int
    replaced: int
    figures: tuple[SampledFigure, ...]


def found(
    commune: Commune, samples: Sequence[VillageSample], as_of: dt.date | None = None
) -> SampleFound | None:
    """What these samples say by the end of a day (without one: now); None where there are none.

    In as many statements however many thôn there are.
    """
    if not samples:
        return None
    connection = db.session.connection()
    until = None if as_of is None else sample_progress.day_end(as_of)
    rows = sample_list.stored(connection, [each.id for each in samples])
    standing = sample_list.standings(connection, rows, until)
    indicators = _indicators(commune)
    strata = _strata(rows, standing, indicators, until)
    return SampleFound(
        drawn=max(each.draw.drawn_at for each in samples),
        villages=len(samples),
        households=sum(each.population for each in standing.values()),
        wanted=sum(each.wanted for each in samples),
        asked=sum(len(each.now.asked) for each in standing.values()),
        replaced=sum(sum(each.replaced.values()) for each in standing.values()),
        figures=tuple(_figure(indicators[key], each) for key, each in strata.items() if _asked(each)),
    )


def _strata(
    rows: Sequence[Any],
    standing: Mapping[int, SampleStanding],
    indicators: Mapping[int, Indicator],
    until: dt.datetime | None,
) -> dict[int, list[Stratum]]:
    """By indicator, what each thôn's sample answered within its time."""
    everybody = {each for one in standing.values() for each in one.now.asked}
    said = sample_list.answers(db.session.connection(), everybody, list(indicators))
    strata: dict[int, list[Stratum]] = {key: [] for key in indicators}
    for row in rows:
        between = sample_list.window(row, until)
        one = standing[row.id]
        for key in indicators:
            told = (sample_list.newest_within(said.get((each, key), ()), between) for each in one.now.asked)
            strata[key].append(_stratum(one.population, [each for each in told if each]))
    return strata


def _asked(strata: Sequence[Stratum]) -> int:
    return sum(each.of for each in strata)


def _figure(indicator: Indicator, strata: Sequence[Stratum]) -> SampledFigure:
    told = Tallied(*(sum(getattr(each, name) for each in strata) for name in ("done", "of", "asked")))
    return SampledFigure(indicator.code, indicator.label_vi, told, estimates.estimate(strata))


def _stratum(households: int, given: Sequence[tuple[int, int]]) -> Stratum:
    squares = Squares(
        len(given), sum(done for done, _ in given), sum(of for _, of in given),
        sum(done * done for done, _ in given), sum(of * of for _, of in given),
        sum(done * of for done, of in given),
    )  # fmt: skip
    return Stratum(households, squares.asked, squares.done, squares.of, squares)


def _indicators(commune: Commune) -> Mapping[int, Indicator]:
    """The surveyed states of households, persons and adults that the commune's plans name, in their order."""
    planned = (
        sa.select(Target.indicator_id)
        .join(Plan, Plan.id == Target.plan_id)
        .where(Plan.commune_id == commune.id, Target.indicator_id.is_not(None), Target.how != "office")
    )
    query = sa.select(Indicator).where(
        Indicator.id.in_(planned), Indicator.unit.in_(RESIDENT_UNITS), Indicator.kind == "state",
        Indicator.code != "tham_ho",
    )  # fmt: skip
    rows = db.session.scalars(query.order_by(Indicator.position, Indicator.code))
    return {each.id: each for each in rows}


def may_be_told(figure: SampledFigure, commune_wide: Tallied) -> bool:
    """Whether those without the right to single records may read a figure (R25).

    No small number of the sample, nor of what the commune's own row has beside it, may follow from the two.
    """
    told = figure.told
    if told.subjects < FEWEST_TOLD or any(
        part > whole
        for part, whole in (
            (told.subjects, commune_wide.subjects), (told.of, commune_wide.of), (told.done, commune_wide.done)
        )
    ):  # fmt: skip
        return False
    return not _is_small(told) and not _is_small(commune_wide - told)


def _is_small(tallied: Tallied) -> bool:
    few = range(1, estimates.FEWEST)
    return tallied.subjects in few or tallied.done in few or tallied.of - tallied.done in few
