"""Collect's audit.csv as figures: times of questions, what was changed at the end, and whatever a phone may send."""

import csv
import io

from hypothesis import example, given, settings
from hypothesis import strategies as st

from forms import fill_log
from forms.fill_log import FillLog, read

T = 1_795_000_000_000
HEAD = ["event", "node", "start", "end"]
FULL = [*HEAD, "latitude", "longitude", "accuracy", "old-value", "new-value", "user"]


def log(*rows: list[object], head: list[str] = HEAD) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([head, *rows])
    return out.getvalue().encode()


def figures(content: bytes) -> FillLog:
    found = read(content)
    assert found is not None
    return found


def asked(node: str, start: int, end: object, kind: str = "question") -> list[object]:
    return [kind, f"/data/{node}", T + start, T + end if isinstance(end, int) else end]


def test_times_add_up_by_question_over_rounds_and_overlaps_count_once() -> None:
    found = figures(
        log(
            ["form start", "", T, ""],
            asked("so", 0, 4_000),
            asked("nguoi[1]/tuoi", 4_000, 6_000),
            asked("nhom", 5_000, 8_000, "group questions"),
            ["constraint error", "/data/nhom", T + 5_900, ""],
            asked("nguoi[2]/tuoi", 5_500, 8_500),
            asked("so", 20_000, 21_000),
            ["form exit", "", T + 21_000, ""],
        )
    )
    told = {each.path: (each.milliseconds, each.times) for each in found.questions}
    assert told == {"so": (5_000, 2), "nguoi/tuoi": (5_000, 2), "nhom": (3_000, 1)}
    assert found.active_ms == 9_500
    assert (found.sessions, found.backwards, found.changed_late) == (1, 0, None)


def test_an_answer_changed_after_the_end_was_reached_is_late_and_one_before_is_not() -> None:
    def changed(node: str, at: int, old: str, new: str) -> list[object]:
        return ["question", f"/data/{node}", T + at, T + at + 500, "20.8", "106.5", "5", old, new, "An"]

    found = figures(
        log(
            changed("a", 0, "", "1"),
            changed("b", 1_000, "", "2"),
            ["end screen", "", T + 2_000, T + 3_000],
            ["jump", "", T + 3_000, T + 3_500],
            changed("b", 4_000, "2", "7"),
            changed("a", 5_000, "1", "1"),
            changed("b", 6_000, "7", "8"),
            changed("c", 7_000, "", ""),
            head=FULL,
        )
    )
    assert found.changed_late == ("b",)
    assert not any(word in repr(found) for word in ("106", "20.8", "An", "'7'"))


def test_clocks_that_jump_cost_the_row_and_are_counted() -> None:
    found = figures(
        log(
            asked("a", 10_000, 12_000),
            asked("b", 5_000, 6_000),  # set back
            asked("c", 7_000, 3_000),  # ends before it begins
            asked("d", 8_000, 8_000 + 3 * 3_600_000),  # in a pocket
            asked("e", 9_000, ""),
        )
    )
    assert {each.path for each in found.questions} == {"a", "b"}
    assert (found.active_ms, found.backwards) == (3_000, 2)


def test_what_is_not_understood_is_counted_and_what_is_no_log_gives_nothing() -> None:
    found = figures(
        log(asked("a", 0, 1_000), ["question", "/data/b", "-5", "7"], ["", "", T, T], ["x", "y", "z"])
    )
    assert (found.unread, len(found.questions)) == (3, 1)
    for nothing in (
        b"",
        b"\xff\xfe\x00",
        b"PK\x03\x04",
        b"event,node,start,end\n",
        b"a,b\n1,2\n",
        b'"' * 999,
    ):
        assert read(nothing) is None


def test_a_quote_that_never_ends_leaves_what_stood_before_it() -> None:
    content = log(asked("a", 0, 1_000)) + b'question,"/data/b' + b"x" * 300_000
    assert [each.path for each in figures(content).questions] == ["a"]


def test_a_log_of_any_size_is_read_in_bounds() -> None:
    rows = [asked(f"c{number}", number, number + 1) for number in range(fill_log.MOST_ROWS + 500)]
    found = figures(log(*rows))
    assert len(found.questions) == fill_log.MOST_QUESTIONS
    assert found.active_ms <= fill_log.MOST_ROWS


_TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
_NEAR = st.integers(T - 10**6, T + 10**6)
_CELL = st.one_of(_TEXT, _NEAR.map(str), st.sampled_from(["-1", "9" * 40, "1e12", "٣" * 13]))
_ROW = st.lists(_CELL, max_size=9)
_EVENT = st.tuples(
    st.sampled_from(["question", "group questions", "end screen", "form resume", "jump"]),
    st.sampled_from(["/data/a", "/data/b[3]/c", "", "/", "//"]),
    _NEAR,
    st.one_of(st.just(""), st.integers(T - 10**6, T + 10**9)),
).map(list)


_LOG = st.lists(st.one_of(_ROW, _EVENT), max_size=30).map(lambda rows: log(*rows))


@given(content=st.one_of(st.binary(max_size=400), _LOG))
@example(content=log(["question", "/data/a", "٣" * 13, "5"]))
@settings(max_examples=150)
def test_any_bytes_give_figures_that_can_be_or_none(content: bytes) -> None:
    found = read(content)
    if found is not None:
        assert 0 <= found.active_ms <= sum(each.milliseconds for each in found.questions) + 10**9
        assert all(0 <= each.milliseconds <= each.times * fill_log.LONGEST_MS for each in found.questions)
        assert found.backwards >= 0
        assert found.unread >= 0


@given(spans=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=12))
def test_time_on_the_screen_is_the_moments_in_which_something_was_open(spans: list[tuple[int, int]]) -> None:
    rows = [asked("a", start, start + length) for start, length in spans]
    covered = {moment for start, length in spans for moment in range(start, start + length)}
    found = read(log(*rows))
    assert (found.active_ms if found else 0) == len(covered)
