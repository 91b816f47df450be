"""The estimate for the whole of each indicator of a commune, made of no more than its readers are told (R11, R25)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Protocol

from geo.estimate import SCORE, Estimate, Squares, Stratum, estimate, once_each, wilson
from geo.hidden_cells import Protection
from geo.indicator_cell import CountedIndicator
from geo.reach import RESIDENT_UNITS
from geo.target_states import Tallied, TargetFigure, TargetJudgement, TargetState

HOUSEHOLDS_MET = "tham_ho"
"""All who were met were met: of it there is nothing to estimate."""
WITHIN_ERROR = "đạt, trong sai số"
"""Met among those asked, while the interval of all reaches below the target."""


class Thon(Protocol):
    """What of a thôn the estimate needs."""

    @property
    def code(self) -> str: ...
    @property
    def households(self) -> int | None: ...
    @property
    def squares(self) -> Mapping[str, Squares]: ...


def of_all(
    villages: Sequence[Thon], indicator: CountedIndicator, tallied: Mapping[str, Tallied], hidden: Protection
) -> Estimate | None:
    """None where there is nothing to estimate, or where the commune's own number is withheld.

    Thôn with a withheld number go in together, as their sum, which every reader can subtract anyway: so the estimate
    tells nothing of one of them, and is the same for all readers.
    """
    if indicator.unit not in RESIDENT_UNITS or indicator.kind != "state" or hidden.total is not None:
        return None
    total = sum(tallied.values(), Tallied())
    if indicator.is_sample:
        return _of_sample(total)
    if indicator.code == HOUSEHOLDS_MET or any(
        tallied[each.code].subjects and not each.households for each in villages
    ):
        return None
    return estimate(_strata(villages, indicator, tallied, hidden))


def _strata(
    villages: Iterable[Thon], indicator: CountedIndicator, tallied: Mapping[str, Tallied], hidden: Protection
) -> Iterable[Stratum]:
    for each in villages:
        row = tallied[each.code]
        squares = each.squares.get(indicator.code)
        if not row.subjects or (indicator.unit == "household" and row.of == row.subjects):
            squares = once_each(row.subjects, row.done)
        yield Stratum(each.households or 0, row.subjects, row.done, row.of, squares, each.code in hidden.rows)


def _of_sample(total: Tallied) -> Estimate | None:
    if not total.of:
        return None
    found = wilson(total.done, total.of)
    return Estimate(float(Fraction(100 * total.done, total.of)), found.low, found.high, SCORE)


def within_error(judgement: TargetJudgement, target: TargetFigure, found: Estimate | None) -> TargetJudgement:
    """The same judgement, its words saying so where it is met but the interval reaches below the target."""
    at_least = target.comparator in (">=", ">")
    if judgement.state is not TargetState.MET or judgement.over_all or found is None or not at_least:
        return judgement
    return replace(judgement, words=WITHIN_ERROR) if found.low < target.value else judgement
