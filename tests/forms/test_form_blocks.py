"""Blocks of questions beside the library's household form: what the form is then, states and costs in time (R16)."""

import itertools
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyxform.xls2xform import convert as convert_with_pyxform

from forms import form_blocks, library, visit_length
from forms.check import blank_answers
from forms.convert_workbook import Converted, convert
from forms.engine import engine
from forms.version_changes import ComparedVersion, compare
from tests.forms.test_library import HOUSEHOLD, MEDIA, stated

ALL = form_blocks.BLOCKS
ADULTS = {
    "ky_nang_so_co_ban_18": "ky_nang_18",
    "hoc_binh_dan_hoc_vu_so_18": "hoc_so_18",
    "xac_nhan_ky_nang_so_18": "xac_nhan_18",
    "dien_thoai_thong_minh_18": "dien_thoai_18",
    "tai_khoan_thanh_toan_18": "tai_khoan_18",
}
HOMES = {"dvc_truc_tuyen_ho": "dvc_12_thang", "thanh_toan_so_ho": "thanh_toan_30"}


@cache
def made(codes: tuple[str, ...]) -> Converted:
    return convert(form_blocks.composed(codes), "ho_gia_dinh.xlsx")


@cache
def opened() -> engine.Fillable:
    return engine.open_form(made(ALL).xform, MEDIA)


def visit(**answers: object) -> engine.Filling:
    filling = opened().start()
    for question, answer in ({"thon": "31162901", "ho": HOUSEHOLD, "ket_qua": "gap"} | answers).items():
        filling.answer(question, answer)
    return filling


def test_every_choice_of_blocks_is_a_form_without_a_warning() -> None:
    chosen = [(), ALL, *((code,) for code in ALL), *itertools.pairwise(ALL)]
    for codes in chosen:
        assert convert_with_pyxform(form_blocks.composed(codes), file_type=".xlsx").warnings == []


def test_without_a_block_it_is_the_librarys_form_but_for_its_version() -> None:
    plain = convert(library.workbook(library.read("ho_gia_dinh")), "ho_gia_dinh.xlsx")
    changed = compare(
        ComparedVersion(plain.xform, plain.definition), ComparedVersion(made(()).xform, made(()).definition)
    )
    assert not changed.indicators_changed
    assert [each.path for each in plain.definition.fields] == [
        each.path for each in made(()).definition.fields
    ]
    assert (plain.versioned, made(()).versioned) == (True, False)


def test_a_block_changes_no_question_and_no_indicator_of_the_form() -> None:
    """R36"""
    before, after = made(()), made(ALL)
    changed = compare(
        ComparedVersion(before.xform, before.definition), ComparedVersion(after.xform, after.definition)
    )
    assert not changed.indicators_changed
    assert {each.path for each in before.definition.fields} < {each.path for each in after.definition.fields}
    assert (
        set(after.definition.indicators) - set(before.definition.indicators) == ADULTS.keys() | HOMES.keys()
    )


@pytest.mark.parametrize("code", ALL)
def test_a_form_is_known_by_the_questions_of_its_blocks(code: str) -> None:
    names = {each.name for each in made((code,)).definition.fields}
    assert form_blocks.held_by(names) == (code,)
    assert form_blocks.held_by({each.name for each in made(ALL).definition.fields}) == ALL
    assert form_blocks.held_by({each.name for each in made(()).definition.fields}) == ()


@pytest.mark.parametrize("code", ALL)
def test_a_blocks_declared_units_are_those_of_our_own_list(code: str) -> None:
    declared = {each.code: (each.unit, each.kind) for each in made((code,)).definition.declared}
    for spec in form_blocks.block(code).indicators:
        assert declared[spec.code] == (spec.unit, spec.kind)
        assert spec.unit == ("adult" if spec.code in ADULTS else "household")


def test_blank_and_unknown_answers_state_nothing() -> None:
    """R9"""
    assert blank_answers.blank_findings(made(ALL).xform, MEDIA) == []


@given(adults=st.integers(0, 30), told=st.none() | st.integers(0, 30))
@settings(max_examples=25, deadline=None)
def test_adults_are_counted_over_the_adults_of_the_household(adults: int, told: int | None) -> None:
    for indicator, question in ADULTS.items():
        filling = visit(nguoi_18=adults)
        assert filling.relevant(question) == (adults > 0)
        if adults and told is not None:
            filling.answer(question, str(told))
        known = adults > 0 and told is not None
        assert stated(filling, indicator) == (f"{told}/{adults}" if known else "")
        refused = {each.name for each in filling.problems()}
        assert (question in refused) == (known and told is not None and told > adults)


@pytest.mark.parametrize(("answer", "said"), [("co", "1/1"), ("khong", "0/1"), ("khong_biet", ""), ("", "")])
def test_a_home_states_what_it_knows(answer: str, said: str) -> None:
    for indicator, question in HOMES.items():
        assert stated(visit(**{question: answer}), indicator) == said


def test_nobody_at_home_states_nothing_of_a_block() -> None:
    filling = visit(nguoi_18=2, ky_nang_18=1)
    filling.answer("ket_qua", "vang")
    assert stated(filling, "ky_nang_so_co_ban_18") == ""


def test_the_same_choice_in_any_order_gives_the_same_workbook() -> None:
    assert form_blocks.composed(("dich_vu_so", "ky_nang_so")) == form_blocks.composed(
        ("ky_nang_so", "dich_vu_so")
    )
    assert form_blocks.composed(("khong_co",)) == form_blocks.composed(())


def test_a_usual_visit_with_all_blocks_stays_under_eight_minutes() -> None:
    length = visit_length.worked_out()
    assert 4 * 60 < length.form < 8 * 60
    assert all(seconds > 5 for seconds in length.blocks.values())
    assert visit_length.minutes(length.seconds(ALL)) < visit_length.MOST_MINUTES


def test_the_longest_blocks_are_left_out_first_and_no_more_than_needed() -> None:
    longest = max(ALL, key=lambda code: visit_length.worked_out().blocks[code])
    assert visit_length.to_leave_out(ALL, 480.0) == ()
    assert visit_length.to_leave_out(ALL, 481.0) == (longest,)
    assert visit_length.to_leave_out(ALL, 4_800.0) == ALL
    assert visit_length.to_leave_out((), 4_800.0) == ()


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.0, 0.0), (6.0, 0.1), (6.1, 0.2), (480.0, 8.0), (480.1, 8.1)]
)
def test_minutes_are_never_told_as_fewer_than_they_are(seconds: float, told: float) -> None:
    assert visit_length.minutes(seconds) == pytest.approx(told)
