"""Which small cells of a table are hidden from readers without the right to single records (R25).

Numbers about places, check points and businesses, and numbers that offices report, are never hidden.
The rule, for one indicator in one commune:

1. A thôn with 1 to 4 subjects is hidden whole ("base").
2. Where 1 to 4 have it, or 1 to 4 lack it, the number is withheld and a bound is told ("part").
3. A reader who subtracts the shown thôn from the commune's total must not learn a hidden number: other thôn are hidden,
   the smallest first, until every hidden number could still be at least two different ones ("secondary").
   When no thôn is left to hide behind, the commune's total is hidden ("secondary").
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from geo.targets import Tallied

SMALL = 5

Range = tuple[int, int]  # the least and the most that a reader must hold possible


@dataclass(frozen=True)
class Suppression:
    """Why a cell is hidden, and how much of it: whole, or only what is done and the percent."""

    why: str  # base | part | secondary
    whole: bool


BASE = Suppression("base", whole=True)
PART = Suppression("part", whole=False)
BESIDE_BASE = Suppression("secondary", whole=True)
BESIDE_PART = Suppression("secondary", whole=False)


@dataclass(frozen=True)
class Protection:
    """What is hidden of one indicator: by village code, and of the commune's total."""

    rows: Mapping[str, Suppression]
    total: Suppression | None


@dataclass(frozen=True)
class Bound:
    """A true limit told in place of a withheld percent: "> 98" or "< 4.2"."""

    comparator: str  # ">" or "<"
    percent: Decimal


def protect(rows: Mapping[str, Tallied]) -> Protection:
    """Decide what to hide of one indicator, given what each thôn tallied.

    Findings placed in no thôn are a row like any other. A thôn with no subject has nothing to hide.
    """
    total = sum(rows.values(), Tallied())
    hidden = {code: BASE for code, row in rows.items() if is_base(row)}
    whole, total_is_safe = ([], True) if is_base(total) else _whole_rows_beside(rows, hidden)
    hidden |= dict.fromkeys(whole, BESIDE_BASE)
    hidden |= {code: PART for code, row in rows.items() if code not in hidden and is_part(row)}
    if is_base(total) or not total_is_safe:  # without a total there is nothing to subtract from
        return Protection(hidden, BASE if is_base(total) else BESIDE_BASE)
    partly, total_is_safe = _part_rows_beside(rows, hidden, total)
    told = is_part(total) and (total_is_safe or _bounds_tell_enough(rows, hidden))
    hidden |= dict.fromkeys(partly, BESIDE_PART)
    return Protection(hidden, PART if told else None if total_is_safe else BESIDE_PART)


def is_base(row: Tallied) -> bool:
    return 0 < row.subjects < SMALL


def is_part(row: Tallied) -> bool:
    return 0 < row.done < SMALL or 0 < row.of - row.done < SMALL


def bound(row: Tallied) -> Bound | None:
    """What may be told of a withheld percent: 1 to 4 have it, or all but 1 to 4 have it; at under 10 asked nothing."""
    if row.of < 2 * SMALL:  # both could be true at once, and which one is told would give the number away
        return None
    if 0 < row.done < SMALL:
        return Bound("<", Decimal(-(-1000 * SMALL // row.of)).scaleb(-1))
    return Bound(">", Decimal(1000 * (row.of - SMALL) // row.of).scaleb(-1))


def allowed_day(as_of: date, today: date) -> date:
    """The day to show when `as_of` is asked for: today, or the Sunday that ends a week at or before `as_of`.

    Differences between any two days would single out the households visited between them.
    """
    return today if as_of >= today else as_of - timedelta(days=as_of.isoweekday() % 7)


def _smallest_first(rows: Mapping[str, Tallied], codes: Iterable[str]) -> list[str]:
    return sorted(codes, key=lambda code: (rows[code].subjects, rows[code].of, code))


def _whole_rows_beside(
    rows: Mapping[str, Tallied], base: Mapping[str, Suppression]
) -> tuple[list[str], bool]:
    """The thôn to hide whole so that no base row can be subtracted, and whether that is enough."""
    shown = _smallest_first(rows, (code for code in rows if rows[code].subjects >= SMALL))
    beside: list[str] = []
    while base and not _whole_rows_are_safe(rows, base, beside, shown):
        if not shown:
            return beside, False
        beside.append(shown.pop(0))
    return beside, True


def _whole_rows_are_safe(
    rows: Mapping[str, Tallied], base: Iterable[str], beside: Sequence[str], shown: Sequence[str]
) -> bool:
    """A reader knows the sums of the hidden rows, why each is hidden, and that the smallest were taken."""
    hidden = [rows[code] for code in (*base, *beside)]
    subjects = sum(row.subjects for row in hidden)
    largest = rows[shown[0]].subjects if shown else subjects
    limits = [(1, SMALL - 1) for _ in base] + [(SMALL, largest) for _ in beside]
    if subjects < SMALL or not _undecided(subjects, limits):
        return False
    asked = sum(row.of for row in hidden)
    if asked == subjects:  # one answer a household: the same numbers
        return True
    return _undecided(asked, [(row.subjects, asked) for row in hidden])


def _part_rows_beside(
    rows: Mapping[str, Tallied], hidden: Mapping[str, Suppression], total: Tallied
) -> tuple[list[str], bool]:
    """The thôn to withhold done of so that no other's can be subtracted, and whether that is enough."""
    if not hidden or total.done in (0, total.of):  # that none or all have it, the total tells by itself
        return [], True
    open_rows = (code for code in rows if code not in hidden)
    spare = _smallest_first(rows, (code for code in open_rows if _is_wide(rows[code])))
    lacking = {code: Tallied(row.of - row.done, row.of, row.subjects) for code, row in rows.items()}
    partners: list[str] = []
    while not (_done_is_safe(rows, hidden, partners) and _done_is_safe(lacking, hidden, partners)):
        if not spare:
            return partners, False
        partners.append(spare.pop(0))
    return partners, True


def _bounds_tell_enough(rows: Mapping[str, Tallied], hidden: Mapping[str, Suppression]) -> bool:
    """Whether no more is learnt from the bound of a total than from the bounds of the rows under it."""
    return all(bound(rows[code]) for code, why in hidden.items() if why == PART)


def _is_wide(row: Tallied) -> bool:
    """Whether withholding done leaves enough values open for others to hide behind."""
    return SMALL <= row.done <= row.of - SMALL and row.of > 2 * SMALL


def _done_is_safe(
    rows: Mapping[str, Tallied], hidden: Mapping[str, Suppression], partners: Sequence[str]
) -> bool:
    """A reader knows the sum of what is withheld, and of each part row and partner why it is."""
    limits = [
        (0, max(rows[code].of, SMALL - 1)) if why.whole else _part_range(rows[code])
        for code, why in hidden.items()
    ]
    limits += [(SMALL, rows[code].of - SMALL) for code in partners]
    return _undecided(sum(rows[code].done for code in (*hidden, *partners)), limits)


def _part_range(row: Tallied) -> Range:
    """What `bound` and the rule leave possible for the done of a part row."""
    if row.of < 2 * SMALL:
        return (1, row.of - 1)
    return (1, SMALL - 1) if row.done < SMALL else (row.of - SMALL + 1, row.of - 1)


def _undecided(total: int, limits: Sequence[Range]) -> bool:
    """Whether each hidden number may still be three different ones, given its limits and what all add up to.

    Two would do for a reader who knows only the table. Three leave two also to one who knows that this rule was
    followed, and so that a further thôn was hidden because without it only one was left.
    """
    least, most = sum(low for low, _ in limits), sum(high for _, high in limits)
    for low, high in limits:
        lowest, highest = max(low, total - (most - high)), min(high, total - (least - low))
        if highest - lowest < min(2, high - low) or highest == lowest:
            return False
    return True
