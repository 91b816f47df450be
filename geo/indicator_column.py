"""One indicator down the coverage table: what each thôn counted of it, what is told of that, and the commune's sum."""

from collections.abc import Mapping
from dataclasses import dataclass

from geo.commune_estimates import of_all
from geo.coverage_input import CommuneInput, VillageInput
from geo.derived_indicators import DERIVED
from geo.estimate import Estimate
from geo.hidden_cells import BASE, Protection, Suppression
from geo.indicator_cell import Cell, Counted, CountedIndicator, cell, judgement
from geo.reach import RESIDENT_UNITS, Enough, Reach, beyond, surplus
from geo.target_states import Tallied, TargetFigure, TargetJudgement

NO_VILLAGE = ""  # the row of findings that lie in no known thôn
NOTHING_HIDDEN = Protection({}, None)


@dataclass(frozen=True)
class JudgedColumn:
    """By village code its cells and judgements, and the commune's sum."""

    indicator: CountedIndicator
    whole: Counted
    target: TargetFigure | None
    cell: Cell
    cells: Mapping[str, Cell]
    judgements: Mapping[str, TargetJudgement]
    estimate: Estimate | None


def own_target(targets: tuple[TargetFigure, ...], indicator: str | None) -> TargetFigure | None:
    """The commune's own target of an indicator: the first by id (R16); None for none."""
    named = [target for target in targets if indicator is not None and target.indicator == indicator]
    return min(named, key=lambda target: target.id, default=None)


def tallied_by_village(given: CommuneInput, indicator: CountedIndicator) -> dict[str, Tallied]:
    """What each thôn, and what lies in none, tallied of an indicator."""
    tallied = {v.code: _tallied(v, indicator) for v in given.villages}
    tallied[NO_VILLAGE] = given.unplaced.get(indicator.code, Tallied())
    return tallied


def column(
    given: CommuneInput,
    indicator: CountedIndicator,
    tallied: Mapping[str, Tallied],
    small: Protection | None,
    enough: Enough,
    *,
    full: bool,
    of_villages: bool,
) -> JudgedColumn:
    """The column; without `of_villages` what the commune is told alone, with no cell and no judgement."""
    protection = small or NOTHING_HIDDEN
    hidden = NOTHING_HIDDEN if full else protection
    to_ask = {v.code: _to_ask(indicator, v.households, v.expected, 1) for v in given.villages}
    found = {
        key: Counted(indicator, row, _reach(indicator, row, to_ask.get(key)), hidden.rows.get(key))
        for key, row in tallied.items()
    }
    target = own_target(given.targets, indicator.judged_as)
    whole = _whole(given, indicator, found, protection, hidden.total)
    judged = (
        {key: judgement(found[key], target, enough=enough, over=given.over) for key in to_ask}
        if of_villages and target and target.judges_thon
        else {}
    )
    return JudgedColumn(
        indicator=indicator,
        whole=whole,
        target=target,
        cell=cell(whole, target),
        cells={key: cell(counted, target) for key, counted in found.items()} if of_villages else {},
        judgements={key: each for key, each in judged.items() if each is not None},
        estimate=of_all(given.villages, indicator, tallied, protection),
    )


def _whole(
    given: CommuneInput,
    indicator: CountedIndicator,
    rows: Mapping[str, Counted],
    protection: Protection,
    hidden: Suppression | None,
) -> Counted:
    """The commune: its rows' sum. What rows of fewer than five have beyond their list is not told by its reach to
    anybody: a target would have one state for the officer and another for the leader. Rows hidden beside them are
    not left out: which those are depends on other columns and weeks, which the city's page does not read, and a row
    that has more than its list is the last to be taken.
    """
    total = sum((row.tallied for row in rows.values()), Tallied())
    withheld = {key for key, why in protection.rows.items() if why == BASE}
    told = [(row.tallied.subjects, row.reach.expected) for key, row in rows.items() if key not in withheld]
    uncounted = sum(beyond(subjects, of, indicator.unit) for subjects, of in told)
    expected = _to_ask(indicator, given.households, given.expected, len(given.villages))
    reach = Reach(
        unit=indicator.unit,
        subjects=total.subjects,
        expected=expected,
        surplus=max(uncounted if expected else 0, surplus(total.subjects, expected)),
        is_sample=indicator.is_sample,
    )
    return Counted(indicator, total, reach, hidden, is_total=True)


def _tallied(village: VillageInput, indicator: CountedIndicator) -> Tallied:
    derive = DERIVED.get(indicator.code) if indicator.kind == "derived" else None
    return derive(village.tallied) if derive else village.tallied.get(indicator.code, Tallied())


def _to_ask(
    indicator: CountedIndicator, households: int | None, expected: Mapping[str, int], thon: int
) -> int | None:
    if indicator.is_sample:
        return None
    if indicator.unit == "village":
        return thon
    return households if indicator.unit in RESIDENT_UNITS else expected.get(indicator.code)


def _reach(indicator: CountedIndicator, tallied: Tallied, expected: int | None) -> Reach:
    return Reach(
        unit=indicator.unit,
        subjects=tallied.subjects,
        expected=expected,
        surplus=surplus(tallied.subjects, expected),
        is_sample=indicator.is_sample,
    )
