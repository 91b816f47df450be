"""How a subject's findings add up in its thôn, day by day (R2)."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from geo.series import Amount, Rule, SeriesEntry, Turn, arrival, change, steps

FIRST = dt.datetime(2026, 11, 1, 5, tzinfo=dt.UTC)


def entry(day: int, done: int, of: int = 3, village: int | None = 1, submission: int = 0) -> SeriesEntry:
    moment = FIRST + dt.timedelta(days=day)
    return SeriesEntry(moment, moment, submission or day, moment.date(), village, done, of)


def day(number: int) -> dt.date:
    return (FIRST + dt.timedelta(days=number)).date()


def test_the_newest_finding_is_the_state():
    assert steps([entry(5, 3), entry(0, 1)], Rule()) == {
        (1, day(0)): Amount(1, 3, 1),
        (1, day(5)): Amount(2, 0, 0),
    }


def test_of_two_findings_on_one_day_the_later_counts():
    first, second = entry(0, 1, submission=1), entry(0, 2, submission=2)
    assert steps([second, first], Rule()) == {(1, day(0)): Amount(2, 3, 1)}


def test_a_subject_that_moves_leaves_one_thon_and_enters_the_other():
    assert steps([entry(0, 1), entry(2, 3, village=2)], Rule()) == {
        (1, day(0)): Amount(1, 3, 1),
        (1, day(2)): Amount(-1, -3, -1),
        (2, day(2)): Amount(3, 3, 1),
    }


def test_events_add_up_in_their_days():
    assert steps([entry(0, 1), entry(0, 2, submission=9)], Rule(event=True)) == {(1, day(0)): Amount(3, 6, 2)}


def test_a_state_ends_with_its_validity():
    assert steps([entry(0, 1)], Rule(valid_days=90)) == {
        (1, day(0)): Amount(1, 3, 1),
        (1, day(90)): Amount(-1, -3, -1),
    }


def test_what_counts_persons_has_its_squares_and_what_is_added_up_has_none():
    """R11."""
    assert steps([entry(0, 1), entry(4, 2, of=5)], Rule(of_persons=True)) == {
        (1, day(0)): Amount(1, 3, 1, 1, 9, 3),
        (1, day(4)): Amount(1, 2, 0, 3, 16, 7),
    }
    assert steps([entry(0, 2)], Rule(event=True, of_persons=True)) == {(1, day(0)): Amount(2, 3, 1)}


entries = st.builds(
    entry,
    day=st.integers(0, 20),
    done=st.integers(0, 3),
    village=st.one_of(st.none(), st.integers(1, 3)),
    submission=st.integers(1, 10_000),
)
series = st.lists(entries, max_size=6, unique_by=lambda each: each.submission_id)
rules = st.sampled_from(
    [Rule(), Rule(event=True), Rule(valid_days=5), Rule(of_persons=True), Rule(valid_days=5, of_persons=True)]
)


@given(series=series, rule=rules, new=entries)
def test_an_arrival_changes_what_going_through_the_whole_series_would(
    series: list[SeriesEntry], rule: Rule, new: SeriesEntry
) -> None:
    others = [each for each in series if each.submission_id != new.submission_id]
    assert arrival(others, new, rule) == change(others, [*others, new], rule)


turns = st.lists(
    st.builds(
        Turn,
        day=st.integers(0, 25).map(day),
        before=st.integers(1, 3),
        after=st.one_of(st.none(), st.integers(1, 3)),
        persons_only=st.booleans(),
    ),
    max_size=2,
    unique_by=lambda each: each.day,  # an officer's act is after the one before it
)


@given(series=series, rule=rules, new=entries, turns=turns)
def test_its_neighbours_alone_tell_what_an_arrival_changes(
    series: list[SeriesEntry], rule: Rule, new: SeriesEntry, turns: list[Turn]
) -> None:
    """What intake reads of a long series (server/counting/tally.py), also with households that move, end or split."""
    others = [each for each in series if each.submission_id != new.submission_id]
    before = max((each for each in others if each < new), default=None)
    after = min((each for each in others if each > new), default=None)
    beside = [each for each in (before, after) if each is not None]
    assert arrival(beside, new, rule, turns) == change(others, [*others, new], rule, (turns, turns))


@given(series=series, rule=rules)
def test_up_to_any_day_a_subject_counts_at_most_once(series: list[SeriesEntry], rule: Rule) -> None:
    for number in range(30):
        counted = sum(a.subjects for (_, when), a in steps(series, rule).items() if when <= day(number))
        assert 0 <= counted <= (len(series) if rule.event else 1)


@given(series=series, rule=rules)
def test_what_is_taken_back_leaves_nothing(series: list[SeriesEntry], rule: Rule) -> None:
    there, back = change([], series, rule), change(series, [], rule)
    assert there == {place: Amount(*(-each for each in amount)) for place, amount in back.items()}
