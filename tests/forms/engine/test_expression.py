"""What formulas give is what JavaRosa gives, to the letter; a formula that would not end is stopped with a sentence."""

import json
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyxform.xls2xform import convert

from forms.engine import engine, java_regex
from forms.engine.expression import compile_expression
from forms.engine.function_names import wrong_arguments
from forms.engine.java_values import Nodes
from forms.engine.shuffled import randomize
from forms.engine.unfillable import TooMuch, Unfillable, UnknownFunction
from forms.engine.xpath_parser import parse
from forms.engine.xpath_tree import Call, walk

DATA = Path(__file__).parents[2] / "data" / "xpath"
CONTEXT = json.loads((DATA / "context.json").read_text(encoding="utf-8"))
ROWS = [line.split("\t") for line in (DATA / "values.tsv").read_text(encoding="utf-8").splitlines()[1:]]
NOW = datetime(2026, 11, 29, 9, 0, tzinfo=engine.HANOI)
REPEAT = """| | begin repeat | tre | T | |
| | text | ten_tre | Q | |
| | integer | tuoi_tre | Q | |
| | end repeat | | | |"""


def xform(expression: str) -> bytes:
    """The questions of the context, a repeat, and one calculation after them."""
    kinds = {
        name: f"{kind} {name}" if kind.startswith("select") else kind
        for name, kind in CONTEXT["types"].items()
    }
    rows = [f"| | {kind} | {name} | Q | |" for name, kind in kinds.items() if name != "tre"]
    choices = [
        f"| | {name} | {code} | {label} |"
        for name, all_ in CONTEXT["choices"].items()
        for code, label in all_
    ]
    survey = [
        "| survey |",
        "| | type | name | label | calculation |",
        *rows,
        REPEAT,
        f"| | calculate | x | | {expression} |",
    ]
    md = [*survey, "| choices |", "| | list_name | name | label |", *choices]
    md += ["| settings |", "| | form_title | form_id | version |", "| | X | x | 1 |"]
    return convert("\n".join(md), file_type=".md").xform.encode()


def worked_out(expression: str, rounds: str = "") -> str:
    filling = engine.open_form(xform(expression)).start(NOW)
    for name, answer in CONTEXT["answers"].items():
        filling.answer(name, answer)
    for at, children in enumerate(rounds.partition(": ")[2].split("; ") if rounds else ()):
        if at:
            filling.add_round("/data/tre")
        name, age = children.split(", ")
        filling.answer(f"/data/tre[{at + 1}]/ten_tre", name)
        filling.answer(f"/data/tre[{at + 1}]/tuoi_tre", age)
    return filling.value("x")


@pytest.mark.parametrize(("expression", "rounds", "value"), ROWS)
def test_a_formula_gives_what_it_gives_on_phones(expression: str, rounds: str, value: str) -> None:
    if value == "ERROR":
        with pytest.raises(Unfillable):
            worked_out(expression, rounds)
    else:
        assert worked_out(expression, rounds) == value


def test_what_phones_refuse_is_told_before_anybody_fills_it() -> None:
    refused = [expression for expression, _, value in ROWS if value == "ERROR"]
    assert refused
    asked = "| survey |\n| | type | name | label | calculation |\n| | geoshape | vung | V | |\n"
    asked += "| | calculate | x | | {} |"
    xforms = [convert(asked.format(expression), file_type=".md").xform for expression in refused]
    assert all(engine.refusal(xform.encode()) for xform in xforms)


@pytest.mark.parametrize(
    ("text", "pattern", "matches"),
    [
        ("Trần", r"\p{Lu}\p{Ll}+", True), ("Tr1", r"\p{IsAlphabetic}+", False), ("٣", r"\d", False), ("3", r"\d", True),
        ("đ", r"\w", False), ("a-b", r"[\w&&[^b]]-b", True), ("a\nb", "a.b", False), ("a.b", r"\Qa.b\E", True),
        ("aXb", r"\Qa.b\E", False), ("é", r"\p{Alpha}", False), ("x", r"[^\p{Alpha}]", False), ("\u00a0", r"\s", False),
        ("x]", r"[\]x]+", True), ("ab", "(?i)AB", True), ("09-12", r"\d{2}-\d{2}", True), ("aaa", "a{2}", False),
    ],
)  # fmt: skip
def test_patterns_mean_what_they_mean_in_java(text: str, pattern: str, matches: bool) -> None:
    assert java_regex.matches(text, pattern) is matches


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(a|aa)+$b", "((a*)*)*b"])
def test_a_pattern_that_would_not_end_is_stopped_with_a_sentence(pattern: str) -> None:
    began = time.monotonic()
    assert outcome(pattern) in {"", "quá lâu"}
    assert time.monotonic() - began < 5


def outcome(pattern: str) -> str:
    """What is said where a pattern is stopped, "" where it says no."""
    try:
        return str(java_regex.matches("a" * 5000, pattern) or "")
    except TooMuch as told:
        return "quá lâu" if "quá lâu" in str(told) else str(told)


@pytest.mark.parametrize("pattern", ["[", "a{2,1}", "(", "*", "x" * 5000])
def test_a_wrong_pattern_is_told(pattern: str) -> None:
    with pytest.raises(Unfillable):
        java_regex.matches("a", pattern)


def test_a_text_that_doubles_and_doubles_is_stopped() -> None:
    rows = "".join(f"| | calculate | c{n} | | concat(${{c{n - 1}}}, ${{c{n - 1}}}) |\n" for n in range(1, 60))
    md = f"| survey |\n| | type | name | label | calculation |\n| | text | c0 | Q | |\n{rows}"
    filling = engine.open_form(convert(md, file_type=".md").xform.encode()).start(NOW)
    with pytest.raises(TooMuch, match="dài quá"):
        filling.answer("c0", "x")


def test_more_steps_than_any_form_needs_are_stopped() -> None:
    inner = "count(/data/r[count(/data/r[count(/data/r) > 0]) > 0])"
    md = f"""
| survey |
| | type | name | label | calculation | repeat_count |
| | integer | n | N | | |
| | begin repeat | r | R | | ${{n}} |
| | text | t | T | | |
| | end repeat | | | | |
| | calculate | x | | {inner} | |
"""
    filling = engine.open_form(convert(md, file_type=".md").xform.encode()).start(NOW)
    with pytest.raises(TooMuch, match="quá nhiều bước"):
        filling.answer("n", 1000)


def test_more_rounds_than_anybody_fills_are_stopped() -> None:
    md = "| survey |\n| | type | name | label | repeat_count |\n| | integer | n | N | |\n"
    md += "| | begin repeat | r | R | ${n} |\n"
    md += "| | text | t | T | |\n| | end repeat | | | |\n"
    filling = engine.open_form(convert(md, file_type=".md").xform.encode()).start(NOW)
    with pytest.raises(TooMuch, match="1000 lượt"):
        filling.answer("n", 100_000)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("coalesce('a', selected-at(${so}, 0))", "a"),
        ("pow(1, ${so_trong})", ""),
        ("pow(${so_trong}, 0)", "1"),
    ],
)
def test_what_is_not_needed_is_not_worked_out(expression: str, value: str) -> None:
    assert worked_out(expression) == value


@pytest.mark.parametrize("expression", ["date(100000000)", "date-time(100000000)", "date('9999-12-31') + 1"])
def test_a_day_beyond_all_calendars_is_no_crash(expression: str) -> None:
    with suppress(Unfillable):
        assert worked_out(expression)


@pytest.mark.parametrize(
    "formula", ["(" * 500 + "1" + ")" * 500, "-" * 500 + "1", "x" * 30_000, "1" + "+1" * 9000]
)
def test_a_formula_nested_without_sense_is_refused(formula: str) -> None:
    with pytest.raises(TooMuch):
        compile_expression(formula, "/data/a")


def test_a_function_that_the_engine_lacks_is_named_when_it_is_needed() -> None:
    md = """
| survey |
| | type | name | label | calculation | relevant |
| | integer | n | N | | |
| | calculate | x | | intersects(${n}) | ${n} > 1 |
"""
    filling = engine.open_form(convert(md, file_type=".md").xform.encode()).start(NOW)
    filling.answer("n", 1)
    with pytest.raises(UnknownFunction, match="intersects"):
        filling.answer("n", 2)


@pytest.mark.parametrize(
    ("formula", "told"),
    [("floor(1)", "floor"), ("if(1, 2)", "3 tham số"), ("coalesce(1, 2, 3)", "cần 2"), ("substr('a', 1)", None),
     ("weighted-checklist(1, 2, 3)", "weighted-checklist"), ("/data/a[nothing(1) = 2]", "nothing")],
)  # fmt: skip
def test_functions_are_known_by_name_and_number_of_arguments(formula: str, told: str | None) -> None:
    calls = (part for part in walk(parse(formula)) if isinstance(part, Call))
    found = next(filter(None, map(wrong_arguments, calls)), None)
    assert found is None if told is None else told in (found or "")


@given(st.text(st.sampled_from(list("0123456789.+-*/()[]'\"= <>aá|,$@:")), max_size=40))
def test_any_text_is_read_as_a_formula_or_refused(text: str) -> None:
    with suppress(Unfillable):
        assert compile_expression(text, "/data/a").text == text


@pytest.mark.parametrize("source", ["1 +", "if(1, 2", "'open"])
def test_a_formula_that_no_phone_could_read_is_named(source: str) -> None:
    with pytest.raises(Unfillable) as told:
        compile_expression(source, "/data/a")
    assert source in str(told.value)


@given(
    st.lists(st.integers(), max_size=30),
    st.one_of(st.text(max_size=8), st.floats(allow_nan=False), st.booleans()),
)
def test_a_seed_of_any_kind_gives_one_order_of_all_that_there_is(
    many: list[int], seed: str | float | bool
) -> None:
    """A text that is no number is a seed too (its SHA-256), which the phones' own checker cannot work out."""
    found = randomize(Nodes(many), seed)
    assert sorted(found) == sorted(many)
    assert randomize(Nodes(many), seed) == found


@pytest.mark.parametrize(
    ("formula", "timeless"), [("count(randomize(/data/a))", False), ("count(randomize(/data/a, 3))", True)]
)
def test_an_order_by_chance_is_not_worked_out_anew_by_a_correction(formula: str, timeless: bool) -> None:
    """R12."""
    assert compile_expression(formula, "/data/b").timeless is timeless
