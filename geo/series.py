"""How one subject's findings add up in its thôn, day by day (R2, R3)."""

import datetime as dt
import operator
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class SeriesEntry(NamedTuple):
    """One finding of a series; entries sort in the series' order: observed, received, submission."""

    observed_at: dt.datetime
    received_at: dt.datetime
    submission_id: int
    day: dt.date
    """The local day of `observed_at`."""
    village_id: int | None
    done: int
    of: int


class Amount(NamedTuple):
    """What is added to a thôn's sums; taken out again when negative.

    The sums of squares are those of states that count persons: what an interval is made of (R11).
    """

    done: int
    of: int
    subjects: int
    done2: int = 0
    of2: int = 0
    done_of: int = 0
    """The sum of done times of."""


class Rule(NamedTuple):
    """How an indicator counts: an event adds up, a state is its newest finding for `valid_days` (None: for ever)."""

    event: bool = False
    valid_days: int | None = None
    at_home: bool = True
    """It is counted where the household lives, and goes with it when it moves."""
    of_persons: bool = False
    """It counts members of the household, who may become two households."""


class Turn(NamedTuple):
    """A household changes (R4): from `day` on its states count elsewhere, or end till the next finding."""

    day: dt.date
    before: int | None
    """The thôn until then."""
    after: int | None
    """The thôn from then on; None: the states end."""
    persons_only: bool = False
    """Only what counts persons ends: the household was split."""


def home_on(turns: Iterable[Turn], day: dt.date, home: int | None) -> int | None:
    """The thôn in which a household lived on a day, given where it lives now."""
    moves = sorted(turn for turn in turns if not turn.persons_only)
    return next((turn.before for turn in moves if day < turn.day), home)


Place = tuple[int, dt.date]
"""A thôn and the day from which an amount is in its sums."""
Steps = dict[Place, Amount]

NOTHING = Amount(0, 0, 0)


def steps(series: Iterable[SeriesEntry], rule: Rule, turns: Iterable[Turn] = ()) -> Steps:
    """The changes that a whole series makes to the sums of its thôn; the sum up to a day is its state then.

    A finding without a thôn is known but in nobody's sums; it still ends the state before it.
    """
    ordered = sorted(series)
    felt = sorted(turn for turn in turns if _concerns(turn, rule))
    found: Steps = {}
    for position, entry in enumerate(ordered):
        end = _end(ordered, position, rule)
        if end is not None and end <= entry.day:
            continue
        for village_id, begins, ends in _stays(entry, end, felt):
            if village_id is not None:
                _add(found, (village_id, begins), _amount(entry, rule, 1))
                if ends is not None:
                    _add(found, (village_id, ends), _amount(entry, rule, -1))
    return {place: amount for place, amount in found.items() if amount != NOTHING}


def _concerns(turn: Turn, rule: Rule) -> bool:
    """What moves takes along what is counted at home; what is no longer there ends whatever was known of it."""
    if rule.event:
        return False
    return rule.of_persons if turn.persons_only else rule.at_home or turn.after is None


def _stays(
    entry: SeriesEntry, end: dt.date | None, turns: Sequence[Turn]
) -> Iterable[tuple[int | None, dt.date, dt.date | None]]:
    """The thôn in whose sums an entry stands, from which day to which: in one, unless its household turns."""
    village_id, begins = entry.village_id, entry.day
    for turn in turns:
        if turn.day <= begins:
            continue
        if end is not None and end <= turn.day:
            break
        yield village_id, begins, turn.day
        if turn.after is None:
            return
        village_id, begins = turn.after, turn.day
    yield village_id, begins, end


def change(
    before: Sequence[SeriesEntry],
    after: Sequence[SeriesEntry],
    rule: Rule,
    turns: tuple[Sequence[Turn], Sequence[Turn]] = ((), ()),
) -> Steps:
    """What to append to the tally when a series, or the `turns` of its subject, change: old steps out, new ones in."""
    difference = steps(after, rule, turns[1])
    for place, amount in steps(before, rule, turns[0]).items() if before else ():
        _add(difference, place, Amount(*map(operator.neg, amount)))
    return {place: amount for place, amount in difference.items() if amount != NOTHING}


def arrival(
    series: Sequence[SeriesEntry], entry: SeriesEntry, rule: Rule, turns: Sequence[Turn] = ()
) -> Steps:
    """What to append to the tally when one finding joins a series; the usual cases without going through it all.

    Of the series the entries right before and right after it are enough: an entry ends by the next one alone.
    """
    if rule.valid_days is not None or turns:
        return change(series, [*series, entry], rule, (turns, turns))
    found: Steps = {}
    if rule.event:
        _stand(found, entry, rule, entry.day, 1)
        return found
    after = min((each for each in series if each > entry), default=None)
    if after is not None and after.day == entry.day:
        return found  # of two on one day the later one counts
    before = max((each for each in series if each < entry), default=None)
    for each, sign in ((entry, 1), (before, -1)):
        if each is not None:
            _stand(found, each, rule, entry.day, sign)
            if after is not None:
                _stand(found, each, rule, after.day, -sign)
    return {place: amount for place, amount in found.items() if amount != NOTHING}


def _stand(found: Steps, entry: SeriesEntry, rule: Rule, day: dt.date, sign: int) -> None:
    """From that day on an entry stands in the sums of its thôn, or with -1 no longer does."""
    if entry.village_id is not None:
        _add(found, (entry.village_id, day), _amount(entry, rule, sign))


def _amount(entry: SeriesEntry, rule: Rule, sign: int) -> Amount:
    """What an entry adds, or with -1 takes out."""
    done, of = sign * entry.done, sign * entry.of
    if rule.event or not rule.of_persons:
        return Amount(done, of, sign)
    return Amount(done, of, sign, done * entry.done, of * entry.of, done * entry.of)


def _end(ordered: Sequence[SeriesEntry], position: int, rule: Rule) -> dt.date | None:
    """The first day on which an entry no longer counts; None while it does."""
    if rule.event:
        return None
    ends = [ordered[position + 1].day] if position + 1 < len(ordered) else []
    if rule.valid_days is not None:
        ends.append(ordered[position].day + dt.timedelta(days=rule.valid_days))
    return min(ends, default=None)


def _add(found: Steps, place: Place, amount: Amount) -> None:
    had = found.get(place)
    found[place] = amount if had is None else Amount(*map(operator.add, had, amount))
