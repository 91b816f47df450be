"""How one subject's findings add up in its thôn, day by day (DESIGN 6.2, 6.3)."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Entry(NamedTuple):
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
    """What is added to a thôn's sums; taken out again when negative."""

    done: int
    of: int
    subjects: int


class Rule(NamedTuple):
    """How an indicator counts: an event adds up, a state is its newest finding for `valid_days` (None: for ever)."""

    event: bool = False
    valid_days: int | None = None


Place = tuple[int, dt.date]
"""A thôn and the day from which an amount is in its sums."""
Steps = dict[Place, Amount]

NOTHING = Amount(0, 0, 0)


def steps(series: Iterable[Entry], rule: Rule) -> Steps:
    """The changes that a whole series makes to the sums of its thôn; the sum up to a day is its state then.

    A finding without a thôn is known but in nobody's sums; it still ends the state before it.
    """
    ordered = sorted(series)
    found: Steps = {}
    for position, entry in enumerate(ordered):
        if entry.village_id is None:
            continue
        end = _end(ordered, position, rule)
        if end is not None and end <= entry.day:
            continue
        _add(found, (entry.village_id, entry.day), Amount(entry.done, entry.of, 1))
        if end is not None:
            _add(found, (entry.village_id, end), Amount(-entry.done, -entry.of, -1))
    return {place: amount for place, amount in found.items() if amount != NOTHING}


def change(before: Sequence[Entry], after: Sequence[Entry], rule: Rule) -> Steps:
    """What to append to the tally when a series changes: the old steps out, the new ones in."""
    difference = steps(after, rule)
    for place, amount in steps(before, rule).items() if before else ():
        _add(difference, place, Amount(-amount.done, -amount.of, -amount.subjects))
    return {place: amount for place, amount in difference.items() if amount != NOTHING}


def arrival(series: Sequence[Entry], entry: Entry, rule: Rule) -> Steps:
    """What to append to the tally when one finding joins a series; the usual cases without going through it all."""
    if entry.village_id is None or rule.valid_days is not None:
        return change(series, [*series, entry], rule)
    found: Steps = {(entry.village_id, entry.day): Amount(entry.done, entry.of, 1)}
    if rule.event or not series:
        return found
    last = max(series)
    if last > entry or last.village_id is None:
        return change(series, [*series, entry], rule)
    _add(found, (last.village_id, entry.day), Amount(-last.done, -last.of, -1))
    return {place: amount for place, amount in found.items() if amount != NOTHING}


def _end(ordered: Sequence[Entry], position: int, rule: Rule) -> dt.date | None:
    """The first day on which an entry no longer counts; None while it does."""
    if rule.event:
        return None
    ends = [ordered[position + 1].day] if position + 1 < len(ordered) else []
    if rule.valid_days is not None:
        ends.append(ordered[position].day + dt.timedelta(days=rule.valid_days))
    return min(ends, default=None)


def _add(found: Steps, place: Place, amount: Amount) -> None:
    had = found.get(place)
    if had is None:
        found[place] = amount
    else:
        found[place] = Amount(had.done + amount.done, had.of + amount.of, had.subjects + amount.subjects)
