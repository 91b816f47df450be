"""Which small cells of a table are hidden from readers without the right to single records (R25).

Numbers about places, check points and businesses, and numbers that offices report, are never hidden.
The rule, for one indicator in one commune:

1. A thôn with 1 to 4 subjects is hidden whole ("base").
2. Where 1 to 4 have it, or 1 to 4 lack it, the number is withheld and a bound is told ("part").
3. A reader who subtracts the shown thôn from the commune's total must not learn a hidden number: other thôn are hidden,
   those of fewest households on the list first, until every hidden number could still be at least two different ones
   ("secondary"). When no thôn is left to hide behind, the commune's total is hidden ("secondary").

What one indicator hides another must not tell, nor another day: the thôn of rule 3 that are hidden whole are chosen
once for all indicators of households, and beside what earlier days hid (`protect_together`, villages_hidden_whole.py).
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType

from geo.small_cell_limit import SMALL, is_small
from geo.target_states import Tallied
from geo.villages_hidden_whole import MET, Chosen, Day, Range, choose, is_base, undecided


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
    """Decide what to hide of one indicator that stands alone, given what each thôn tallied.

    Findings placed in no thôn are a row like any other. A thôn with no subject has nothing to hide.
    """
    return protect_together(rows, {})[0]


def protect_together(
    met: Mapping[str, Tallied],
    columns: Mapping[str, Mapping[str, Tallied]],
    *,
    main: Container[str] = (),
    sizes: Mapping[str, int] = MappingProxyType({}),
    before: Sequence[Day] = (),
    into: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Protection, Mapping[str, Protection]]:
    """What to hide of the households met and of every indicator that is asked of them.

    Each column holds a row for every thôn of `met`, with at most as many subjects where it is a state. `main` are
    those whose total is worth more than further rows; of the others the total is hidden instead. `sizes` are the
    households on the list of each thôn. `before` are earlier days that a reader may have kept, oldest first, with the
    households met and as many of the columns as are known; `into` tells which thôn of those days have gone into another
    since, by codes.
    """
    every = {MET: met, **columns}
    chosen = choose(every, main, sizes, before, into)
    found = {name: _protection(rows, chosen, name) for name, rows in every.items()}
    return found.pop(MET), found


def protect_sample(rows: Mapping[str, Tallied]) -> Protection:
    """What to hide of people picked by chance: every thôn, since a few answers each say nothing of it, and their sum
    under the rules of a row. So the number asked in a commune can be told where each thôn had one or two.
    """
    total = sum(rows.values(), Tallied())
    if not total.subjects:  # nobody was asked: there is nothing to hide
        return Protection({}, None)
    hidden = BASE if is_base(total) else PART if is_part(total) else None
    return Protection(dict.fromkeys(rows, BESIDE_BASE), hidden)


def _protection(rows: Mapping[str, Tallied], chosen: Chosen, name: str) -> Protection:
    total = sum(rows.values(), Tallied())
    hidden = dict.fromkeys((*chosen.beside, *chosen.beside_in.get(name, ())), BESIDE_BASE)
    hidden |= {code: BASE for code, row in rows.items() if is_base(row) or code in chosen.base}
    hidden |= {code: PART for code, row in rows.items() if code not in hidden and is_part(row)}
    if is_base(total) or name in chosen.without_total:  # without a total there is nothing to subtract from
        return Protection(hidden, BASE if is_base(total) else BESIDE_BASE)
    partly, total_is_safe = _part_rows_beside(rows, hidden, total)
    told = is_part(total) and (total_is_safe or _bounds_tell_enough(rows, hidden))
    hidden |= dict.fromkeys(partly, BESIDE_PART)
    return Protection(hidden, PART if told else None if total_is_safe else BESIDE_PART)


def is_part(row: Tallied) -> bool:
    return is_small(row.done) or is_small(row.of - row.done)


def bound(row: Tallied) -> Bound | None:
    """What may be told of a withheld percent: 1 to 4 have it, or all but 1 to 4 have it; at under 10 asked nothing."""
    if row.of < 2 * SMALL:  # both could be true at once, and which one is told would give the number away
        return None
    if is_small(row.done):
        return Bound("<", Decimal(-(-1000 * SMALL // row.of)).scaleb(-1))
    return Bound(">", Decimal(1000 * (row.of - SMALL) // row.of).scaleb(-1))


def allowed_day(as_of: date, today: date) -> date:
    """The day to show when `as_of` is asked for: today, or the newest Sunday or last day of a month not after it.

    Differences between any two days would single out the households visited between them. The report of October ends
    on 31/10 and that of the year on 31/12, and months add up to the year (R8).
    """
    if as_of >= today:
        return today
    sunday = as_of - timedelta(days=as_of.isoweekday() % 7)
    return max(sunday, month_end(as_of))


def month_end(day: date) -> date:
    """The last day of a month that is not after `day`."""
    return day if (day + timedelta(days=1)).day == 1 else day.replace(day=1) - timedelta(days=1)


def _smallest_first(rows: Mapping[str, Tallied], codes: Iterable[str]) -> list[str]:
    return sorted(codes, key=lambda code: (rows[code].subjects, rows[code].of, code))


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
    return undecided(sum(rows[code].done for code in (*hidden, *partners)), limits)


def done_range(row: Tallied, why: Suppression, *, is_total: bool) -> Range:
    """What is told of the done of a row that is hidden in part: no closer than the bound that stands beside it."""
    if why == PART:
        low, high = _part_range(row)
        if row.of < 2 * SMALL:
            return low, high
        return (low, SMALL) if row.done < SMALL else (row.of - SMALL, high)
    return (0, row.of) if is_total else (SMALL, row.of - SMALL)


def _part_range(row: Tallied) -> Range:
    """What `bound` and the rule leave possible for the done of a part row."""
    if row.of < 2 * SMALL:
        return (1, row.of - 1)
    return (1, SMALL - 1) if row.done < SMALL else (row.of - SMALL + 1, row.of - 1)
