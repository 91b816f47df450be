"""Lists as the CSV that phones open: the same rows always give the same bytes."""

import csv
import io
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.list_csv import (
    EntityChoice,
    VillageChoice,
    entities_csv,
    md5,
    unaccented,
    villages_csv,
)

A, B = UUID("0CC175B9-C0F1-46A8-B1C3-99E269772661"), UUID("92eb5ffe-e6ae-4fec-bad7-1c7787730317")


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def test_villages_have_their_code_and_name():
    content = villages_csv(
        [VillageChoice("11629002", "Thôn B"), VillageChoice("11629001", "Thôn Quyết Tiến, xóm 1")]
    )
    assert content.decode() == 'name,label\n11629001,"Thôn Quyết Tiến, xóm 1"\n11629002,Thôn B\n'


def test_two_villages_may_have_one_name():
    content = villages_csv([VillageChoice("11629002", "Quyết Tiến"), VillageChoice("11629001", "Quyết Tiến")])
    assert [row[0] for row in rows(content)[1:]] == ["11629001", "11629002"]


def test_entities_have_the_columns_that_phones_need():  # E4
    household = EntityChoice(A, "Bà Ấm, ngõ 5", 3, {"thon": "11629001", "ket_qua": None, "khac": "x"})
    content = entities_csv([household], ("thon", "ket_qua", "tim"))
    assert content.decode() == (
        "name,label,__version,thon,ket_qua,tim\n"
        '0cc175b9-c0f1-46a8-b1c3-99e269772661,"Bà Ấm, ngõ 5",3,11629001,,\n'
    )


def test_a_list_without_rows_keeps_its_columns():  # E4: the header is the phone's schema
    assert entities_csv([], ("thon",)) == b"name,label,__version,thon\n"


def test_a_blank_label_or_version_never_reaches_a_phone():  # E4
    (_, row) = rows(entities_csv([EntityChoice(A, " ", 0)], ()))
    assert row == [str(A), str(A), "1"]


@pytest.mark.parametrize("properties", [("name",), ("label",), ("__version",), ("a", "a"), ("",)])
def test_properties_that_phones_would_drop_are_refused(properties):  # E3, E4
    with pytest.raises(ValueError, match="properties"):
        entities_csv([], properties)


def test_labels_are_in_the_order_in_which_people_look_for_them():
    content = entities_csv([EntityChoice(A, "Đỗ B", 1), EntityChoice(B, "Đinh A", 1)], ())
    assert [row[1] for row in rows(content)[1:]] == ["Đinh A", "Đỗ B"]


ENTITIES = st.lists(
    st.builds(
        EntityChoice,
        st.uuids(),
        st.text(max_size=10),
        st.integers(0, 9),
        st.dictionaries(st.just("thon"), st.text(max_size=5)),
    ),
    unique_by=lambda each: each.id,
    max_size=6,
)


@given(ENTITIES, st.randoms())
def test_the_order_of_the_rows_changes_nothing(entities, random):  # E7
    shuffled = list(entities)
    random.shuffle(shuffled)
    assert entities_csv(shuffled, ("thon",)) == entities_csv(entities, ("thon",))


@given(ENTITIES)
def test_every_row_is_one_line_with_all_columns(entities):
    content = entities_csv(entities, ("thon",))
    assert content.count(b"\n") == len(entities) + 1
    assert b"\r" not in content
    assert all(len(row) == 4 and row[1] for row in rows(content))


def test_md5_is_that_of_the_bytes():  # C16
    assert md5(b"a") == "0cc175b9c0f1b6a831c399e269772661"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Đường Số 5", "duong so 5"),
        ("QUYẾT TIẾN", "quyet tien"),
        ("Ấm", "am"),
        ("Ngõ ơi ưu", "ngo oi uu"),
        ("abc", "abc"),
    ],
)
def test_a_search_needs_no_marks(text, plain):
    assert unaccented(text) == plain


@given(st.text(max_size=20))
def test_without_marks_twice_is_once(text):
    assert unaccented(unaccented(text)) == unaccented(text)
