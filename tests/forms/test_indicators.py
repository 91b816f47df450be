"""What a submission states: whole numbers done of asked, about one subject, or nothing and a fault."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.convert_workbook import convert
from forms.definition import Definition
from forms.indicators import IndicatorStatement, state
from forms.instance import answers, read

HOUSEHOLD = "7d4d4c4e-8c6f-4f6a-9a53-0d6f8f1f5b11"
OTHER = "0cc175b9-c0f1-b6a8-31c3-99e269772661"
FORM = """
| survey |
| | type | name | label | calculation | save_to |
| | text | ten | Tên | | ten |
| | begin group | chi_tieu | C | | |
| | calculate | doi_tuong | | ${ten} | |
| | calculate | tham_ho_done | | 1 | |
| | calculate | tham_ho_of | | 1 | |
| | calculate | vneid_done | | 1 | |
| | calculate | vneid_of | | 1 | |
| | note | xong | Xong | | |
| | end group | | | | |
| settings |
| | form_id | version |
| | f | 1 |
| entities |
| | list_name | label | entity_id | create_if | update_if |
| | ho_dan | ${ten} | ${ten} | ${ten} = '' | ${ten} != '' |
"""
DEFINITION = convert(FORM.encode(), "a.md").definition


def submission(pairs: dict[str, str], *, subject: str = "", entity: str = "") -> bytes:
    stated = "".join(f"<{name}>{text}</{name}>" for name, text in pairs.items())
    block = f'<entity dataset="ho_dan" id="{entity}" update="1"><label/></entity>' if entity else ""
    return (
        f'<data id="f"><chi_tieu><doi_tuong>{subject}</doi_tuong>{stated}</chi_tieu>'
        f"<meta>{block}<instanceID>uuid:1</instanceID></meta></data>"
    ).encode()


def stated(done: str, of: str):
    """From the XML and from the typed answers alike."""
    instance = read(submission({"vneid_done": done, "vneid_of": of}))
    from_xml, from_answers = state(instance, DEFINITION), state(answers(instance, DEFINITION), DEFINITION)
    assert from_answers.statements == from_xml.statements
    assert [each.code for each in from_answers.faults] == [each.code for each in from_xml.faults]
    return from_xml


GOOD = [
    ("2", "3", 2, 3),
    ("0", "3", 0, 3),
    ("2.0", "3.0", 2, 3),
    (" 1 ", "1", 1, 1),
    ("1000", "1000", 1000, 1000),
]


@pytest.mark.parametrize(("done_text", "of_text", "done", "of"), GOOD)
def test_a_pair_of_whole_numbers_is_a_statement(done_text, of_text, done, of):
    assert stated(done_text, of_text).statements == (IndicatorStatement("vneid", done, of),)
    assert stated(done_text, of_text).faults == ()


@pytest.mark.parametrize(("done", "of"), [("", ""), ("1", ""), ("1", " "), ("0", "0")])
def test_what_was_not_asked_states_nothing(done, of):  # R15: an empty _of; nobody there: an _of of 0
    assert stated(done, of).statements == ()
    assert stated(done, of).faults == ()


NONSENSE = [
    ("4", "3", "done_exceeds_of"), ("-1", "3", "done_exceeds_of"), ("1", "0", "done_exceeds_of"),
    ("0", "-3", "done_exceeds_of"), ("1", "1001", "too_many"), ("", "3", "not_a_count"), ("NaN", "3", "not_a_count"),
    ("1", "NaN", "not_a_count"), ("1", "Infinity", "not_a_count"), ("1.5", "2", "not_a_count"),
    ("một", "2", "not_a_count"), ("1_0", "20", "not_a_count"), ("１", "2", "not_a_count"),
    ("1", "9" * 99, "not_a_count"),
]  # fmt: skip


@pytest.mark.parametrize(("done", "of", "code"), NONSENSE)
def test_nonsense_states_nothing_and_is_a_fault(done, of, code):  # R9
    found = stated(done, of)
    assert found.statements == ()
    assert [(fault.code, fault.about) for fault in found.faults] == [(code, "vneid")]


def test_one_wrong_pair_leaves_the_others():
    xml = submission({"tham_ho_done": "1", "tham_ho_of": "1", "vneid_done": "9", "vneid_of": "1"})
    found = state(read(xml), DEFINITION)
    assert found.statements == (IndicatorStatement("tham_ho", 1, 1),)
    assert len(found.faults) == 1


PAIR = {"vneid_done": "1", "vneid_of": "2"}


@pytest.mark.parametrize(
    ("subject", "entity", "expected"),
    [(OTHER, HOUSEHOLD, OTHER), ("", HOUSEHOLD, HOUSEHOLD), (OTHER.upper(), "", OTHER), ("", "", None)],
)
def test_the_subject_is_named_or_the_entity_or_the_submission(subject, entity, expected):  # R1
    found = state(read(submission(PAIR, subject=subject, entity=entity)), DEFINITION)
    assert found.subject == (UUID(expected) if expected else None)
    assert len(found.statements) == 1


@pytest.mark.parametrize("subject", ["hộ số 5", HOUSEHOLD[:-1], "{" + HOUSEHOLD + "}"])
def test_a_subject_that_is_no_uuid_states_nothing(subject):
    found = state(read(submission(PAIR, subject=subject, entity=HOUSEHOLD)), DEFINITION)
    assert found.statements == ()
    assert [fault.code for fault in found.faults] == ["bad_subject"]


def test_a_form_without_the_group_states_nothing():
    found = state(read(submission(PAIR)), Definition("f", "1", "F", "data"))
    assert (found.statements, found.subject, found.faults) == ((), None, ())


def test_repeats_state_nothing():  # R1
    xml = b"<data id='f'><lap><chi_tieu><vneid_done>1</vneid_done><vneid_of>1</vneid_of></chi_tieu></lap>"
    xml += b"<meta><instanceID>uuid:1</instanceID></meta></data>"
    assert state(read(xml), DEFINITION).statements == ()


COUNTS = st.one_of(
    st.sampled_from(["", " ", "NaN", "Infinity", "-1", "0", "1", "1000", "1001", "2.0", "2.5", "1e3"]),
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="<&\ufffe\uffff"),
        max_size=5,
    ),
    st.integers(-2, 1002).map(str),
)


@given(COUNTS, COUNTS)
def test_whatever_is_written_a_statement_is_a_share(done, of):
    found = stated(done, of)
    assert len(found.statements) + len(found.faults) <= 1
    for each in found.statements:
        assert 0 <= each.done <= each.of <= 1000
        assert each.of >= 1
