"""What looks wrong about a visit: each rule with a case that it names and one near it that it does not."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import visit_doubts
from geo.village_of_point import PointJudgement
from geo.visit_doubts import Doubt

NOON = dt.datetime(2026, 11, 20, 5, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("verdict", "metres", "found"),
    [
        ("inside", 0.0, None),
        ("within_accuracy", 11.0, None),
        ("unknown", None, None),
        ("wrong", 853.0, Doubt("point_elsewhere", "850 m", "10 m")),
        ("wrong", 1_230.0, Doubt("point_elsewhere", "1,2 km", "10 m")),
    ],
)
def test_a_point_is_wrong_only_beyond_its_accuracy(
    verdict: str, metres: float | None, found: Doubt | None
) -> None:
    """R21: inside, within accuracy, wrong."""
    assert visit_doubts.misplaced(PointJudgement(verdict, metres, None), 12.0) == found  # type: ignore[arg-type]


def test_a_visit_cannot_end_before_it_begins() -> None:
    later = NOON + dt.timedelta(seconds=1)
    assert visit_doubts.backwards(later, NOON) == Doubt("clock_backwards")
    assert visit_doubts.backwards(NOON, NOON) is None
    assert visit_doubts.backwards(NOON, later) is None
    assert visit_doubts.backwards(None, NOON) is None


@pytest.mark.parametrize(
    ("seconds", "typical", "found"),
    [
        (40, 240, Doubt("too_short", "40 giây", "4 phút")),
        (60, 240, None),
        (59, 240, Doubt("too_short", "59 giây", "4 phút")),
        (40, 120, None),
        (40, None, None),
        (None, 240, None),
    ],
)
def test_short_is_under_the_setting_and_far_under_what_is_usual(
    seconds: int | None, typical: int | None, found: Doubt | None
) -> None:
    assert visit_doubts.too_short(seconds, typical, 60) == found


def test_a_setting_of_nothing_turns_a_rule_off() -> None:
    assert visit_doubts.too_short(5, 240, 0) is None
    assert visit_doubts.crowded(100, 0) is None
    assert visit_doubts.repeated(100, 0) is None


def test_crowds_and_copies_are_counted_up_to_the_setting() -> None:
    assert visit_doubts.crowded(20, 20) == Doubt("same_point", "20")
    assert visit_doubts.crowded(19, 20) is None
    assert visit_doubts.repeated(3, 3) == Doubt("same_answers", "3")
    assert visit_doubts.repeated(2, 3) is None


ANSWERS = st.dictionaries(st.text(min_size=1, max_size=4), st.integers() | st.text(max_size=3), max_size=12)


@given(ANSWERS)
def test_the_same_answers_have_the_same_print_in_any_order_and_few_have_none(
    answers: dict[str, object],
) -> None:
    told = {path: answer for path, answer in answers.items() if answer != ""}
    backward = dict(reversed(answers.items()))
    assert (
        visit_doubts.fingerprint(answers)
        == visit_doubts.fingerprint(backward)
        == visit_doubts.fingerprint(told)
    )
    assert (visit_doubts.fingerprint(answers) is None) == (len(told) < visit_doubts.TRIVIAL)


@given(ANSWERS, st.integers())
def test_another_answer_has_another_print(answers: dict[str, object], number: int) -> None:
    first = visit_doubts.fingerprint({**answers, "câu hỏi": number})
    assert first is None or first != visit_doubts.fingerprint({**answers, "câu hỏi": number + 1})


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 giây"),
        (89, "89 giây"),
        (90, "2 phút"),
        (240, "4 phút"),
        (3600, "1 giờ"),
        (3900, "1 giờ 5 phút"),
    ],
)
def test_durations_are_told_as_people_say_them(seconds: int, words: str) -> None:
    assert visit_doubts.duration(seconds) == words
