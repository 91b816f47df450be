"""What a published form asks, states and needs, read from its XForm and the officer's extra sheets."""

import contextlib
import dataclasses
import json
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.convert_workbook import convert
from forms.definition import (
    Choice,
    Definition,
    EntityDeclaration,
    Field,
    IndicatorDeclaration,
    Purpose,
    define,
)
from forms.errors import Unreadable

FORM = """
| survey |
| | type | name | label::VI | label::EN | hint::VI | hint::EN | calculation | save_to | parameters | phan_loai |
| | start | start | | | | | | | | |
| | end | end | | | | | | | | |
| | deviceid | deviceid | | | | | | | | |
| | audit | | | | | | | | | |
| | select_one_from_file thon.csv | thon | Thôn | Village | Chọn thôn | Choose | | | | |
| | select_one_from_file ho_dan.csv | ho | Hộ | Household | | | | | | ca_nhan |
| | select_one ket_qua | ket_qua | Kết quả | Result | | | | | | |
| | begin group | nha | Nhà | Home | | | | | | |
| | integer | so_nguoi | Số người | People | | | | so_nguoi | | |
| | decimal | toc_do | Tốc độ của ${so_nguoi} người | Speed | | | | | | |
| | select_multiple ket_qua | nhieu | Nhiều | Many | | | | | | |
| | note | ghi | Xin chào | Hello | | | | | | |
| | image | anh | Ảnh | Photo | | | | | max-pixels=1024 | nhay_cam |
| | end group | | | | | | | | | |
| | begin repeat | nguoi | Người | Person | | | | | | |
| | geopoint | cho | Chỗ | Spot | | | | | | |
| | date | sinh | Sinh | Born | | | | | | |
| | end repeat | | | | | | | | | |
| | geopoint | vi_tri | Vị trí | Point | | | | | | nhay_cam |
| | geotrace | ngo | Ngõ | Lane | | | | | | |
| | begin group | chi_tieu | Ghi nhận | Stated | | | | | | |
| | calculate | doi_tuong | | | | | ${ho} | | | |
| | calculate | tham_ho_done | | | | | 1 | | | |
| | calculate | tham_ho_of | | | | | 1 | | | |
| | note | xong | Xong | Done | | | | | | |
| | end group | | | | | | | | | |
| choices |
| | list_name | name | label::VI | label::EN | media::image::VI | media::image::EN |
| | ket_qua | gap | Gặp | Met | gap.png | gap.png |
| | ket_qua | vang | Vắng | Away | | |
| settings |
| | form_title | form_id | version | default_language |
| | Thăm hộ | tham_ho | 2026112201 | Tiếng Việt (vi) |
| entities |
| | list_name | label | entity_id | create_if | update_if |
| | ho_dan | | ${ho} | | true() |
| chi_tieu |
| | indicator | label::Tiếng Việt | label::English | unit | kind |
| | tham_ho | Hộ đã thăm | Visited | household | state |
| muc_dich |
| | muc_dich | can_cu | luu_thang |
| | Đếm hộ | Điều 19.1.c | 36 |
""".replace("::VI", "::Tiếng Việt (vi)").replace("::EN", "::English (en)")


@pytest.fixture(scope="module")
def definition() -> Definition:
    return convert(FORM.encode(), "tham_ho.md").definition


def test_it_knows_its_name(definition):
    assert (definition.form_id, definition.version) == ("tham_ho", "2026112201")
    assert (definition.title, definition.root) == ("Thăm hộ", "data")


KINDS = {
    "start": "meta", "deviceid": "meta", "thon": "select_one", "ket_qua": "select_one", "nha/so_nguoi": "integer",
    "nha/toc_do": "decimal", "nha/nhieu": "select_multiple", "nha/ghi": "note", "nha/anh": "binary",
    "nguoi/cho": "geopoint", "nguoi/sinh": "date", "vi_tri": "geopoint", "ngo": "geotrace",
    "chi_tieu/tham_ho_of": "calculate", "meta/audit": "binary",
}  # fmt: skip


@pytest.mark.parametrize(("path", "kind"), KINDS.items())
def test_each_question_has_its_kind(definition, path, kind):
    assert definition.by_path[path].kind == kind


def test_labels_stand_in_both_languages_the_default_one_first(definition):
    assert definition.languages == ("Tiếng Việt (vi)", "English (en)")
    assert definition.default_language == "Tiếng Việt (vi)"
    village = definition.by_path["thon"]
    assert village.label == "Thôn"
    assert village.labels == {"Tiếng Việt (vi)": "Thôn", "English (en)": "Village"}
    assert village.hints["Tiếng Việt (vi)"] == "Chọn thôn"


def test_a_label_shows_which_answer_it_repeats(definition):
    assert definition.by_path["nha/toc_do"].label == "Tốc độ của {so_nguoi} người"


def test_choices_come_from_the_form_or_from_a_file(definition):
    met = Choice("gap", {"Tiếng Việt (vi)": "Gặp", "English (en)": "Met"})
    assert definition.by_path["ket_qua"].choices[0] == met
    assert definition.by_path["ho"].choices_file == "ho_dan.csv"
    assert definition.by_path["ho"].choices == ()


def test_what_stands_in_a_repeat_says_so(definition):
    assert definition.by_path["nguoi/sinh"].repeat == "nguoi"
    assert definition.by_path["vi_tri"].repeat is None


def test_the_point_of_the_form_is_the_first_outside_repeats(definition):  # C23
    assert definition.point_path == "vi_tri"


def test_it_knows_the_questions_that_all_forms_share(definition):
    assert definition.village_path == "thon"
    assert definition.result_path == "ket_qua"
    assert definition.subject_path == "chi_tieu/doi_tuong"
    assert (definition.start_path, definition.end_path) == ("start", "end")


def test_it_names_every_file_that_the_phone_must_have(definition):  # C25, C27
    assert definition.media == ("gap.png", "ho_dan.csv", "thon.csv")


def test_the_phones_own_last_saved_record_is_no_file():  # C29
    form = FORM.replace(
        "| | integer | so_nguoi | Số người |", "| | integer | so_nguoi | ${last-saved#so_nguoi} |"
    )
    assert "last-saved.xml" not in convert(form.encode(), "a.md").definition.media


def test_it_knows_what_it_writes_to_which_list(definition):  # E2
    assert definition.entities == (EntityDeclaration("ho_dan", "meta/entity", False, True, None),)
    people = definition.by_path["nha/so_nguoi"]
    assert (people.save_to, people.save_to_list) == ("so_nguoi", "ho_dan")


def test_indicators_purpose_and_classes_come_from_the_sheets(definition):
    assert definition.indicators == ("tham_ho",)
    assert definition.declared == (
        IndicatorDeclaration("tham_ho", "Hộ đã thăm", "Visited", "household", "state"),
    )
    assert definition.purpose == Purpose("Đếm hộ", "Điều 19.1.c", 36)
    assert definition.by_path["ho"].sensitivity == "personal"
    assert definition.by_path["nha/anh"].sensitivity == "sensitive"
    assert definition.by_path["thon"].sensitivity == "none"


def test_it_is_about_households_by_its_list_or_by_its_units(definition):  # R20
    assert definition.about_households
    assert dataclasses.replace(definition, declared=()).about_households
    assert dataclasses.replace(definition, entities=()).about_households
    place = IndicatorDeclaration("x", "X", "X", "place", "state")
    opens_the_list = dataclasses.replace(definition, entities=(), declared=(place,))
    assert opens_the_list.about_households
    assert not dataclasses.replace(opens_the_list, media=()).about_households


def test_a_public_key_makes_it_encrypted(definition):  # C44
    assert not definition.encrypted
    form = FORM.replace("| default_language |", "| default_language | public_key |").replace(
        "| 2026112201 | Tiếng Việt (vi) |", "| 2026112201 | Tiếng Việt (vi) | MIIB |"
    )
    converted = convert(form.encode(), "a.md")
    assert converted.definition.encrypted
    assert "mã hoá" in converted.warnings[0].sentence


def test_a_form_without_translations_has_plain_labels():
    form = "| survey |\n| | type | name | label |\n| | text | a | Chữ |\n"
    form += "| settings |\n| | form_id | version |\n| | f | 1 |"
    definition = convert(form.encode(), "a.md").definition
    assert definition.fields[0].label == "Chữ"
    assert definition.languages == ()


def test_two_lists_share_the_answers_by_their_nearest_container():  # E2
    form = """
    | survey |
    | | type | name | label | save_to |
    | | text | ten | Tên | ho_dan#ten |
    | | begin repeat | nguoi | N | |
    | | text | ho_ten | Họ tên | nguoi_dan#ho_ten |
    | | end repeat | | | |
    | settings |
    | | form_id | version |
    | | f | 1 |
    | entities |
    | | list_name | label |
    | | ho_dan | ${ten} |
    | | nguoi_dan | ${ho_ten} |
    """
    definition = convert(form.encode(), "a.md").definition
    assert {each.list_name: each.repeat for each in definition.entities} == {
        "ho_dan": None,
        "nguoi_dan": "nguoi",
    }
    assert {each.save_to: each.save_to_list for each in definition.fields if each.save_to} == {
        "ten": "ho_dan",
        "ho_ten": "nguoi_dan",
    }


def test_stored_as_json_it_comes_back_whole(definition):
    assert Definition.from_json(json.loads(json.dumps(definition.to_json()))) == definition


def test_the_default_language_is_first_whatever_order_the_database_keeps():
    """PostgreSQL sorts the keys of JSON by length."""
    form = """
    | survey |
    | | type | name | label::Tiếng Việt (vi) | label::English (en) |
    | | select_one a | q | Hỏi | Ask |
    | choices |
    | | list_name | name | label::Tiếng Việt (vi) | label::English (en) |
    | | a | x | Có | Yes |
    | settings |
    | | form_id | version | default_language |
    | | a | 1 | Tiếng Việt (vi) |
    """
    stored = json.loads(json.dumps(convert(form.encode(), "a.md").definition.to_json()))
    for told in (stored["fields"][0], stored["fields"][0]["choices"][0]):
        told["labels"] = dict(sorted(told["labels"].items(), key=lambda pair: len(pair[0])))
        assert next(iter(told["labels"])) == "English (en)"
    field = Definition.from_json(stored).fields[0]
    assert field.label == "Hỏi"
    assert next(iter(field.choices[0].labels.values())) == "Có"


WORDS = st.text(max_size=8)
LABELS = st.dictionaries(WORDS, WORDS, max_size=2)
FIELDS = st.builds(
    Field,
    path=WORDS,
    name=WORDS,
    kind=WORDS,
    labels=LABELS,
    hints=LABELS,
    choices=st.lists(st.builds(Choice, WORDS, LABELS), max_size=2).map(tuple),
    choices_file=st.none() | WORDS,
    repeat=st.none() | WORDS,
    save_to=st.none() | WORDS,
)
DEFINITIONS = st.builds(
    Definition,
    form_id=WORDS,
    version=WORDS,
    title=WORDS,
    root=WORDS,
    fields=st.lists(FIELDS, max_size=3).map(tuple),
    indicators=st.lists(WORDS, max_size=2).map(tuple),
    declared=st.lists(st.builds(IndicatorDeclaration, WORDS, WORDS, WORDS, WORDS, WORDS), max_size=2).map(
        tuple
    ),
    media=st.lists(WORDS, max_size=2).map(tuple),
    entities=st.lists(
        st.builds(EntityDeclaration, WORDS, WORDS, st.booleans(), st.booleans(), st.none() | WORDS),
        max_size=2,
    ).map(tuple),
    languages=st.lists(WORDS, max_size=2).map(tuple),
    encrypted=st.booleans(),
    purpose=st.none() | st.builds(Purpose, WORDS, WORDS, st.none() | st.integers(0, 999)),
)


@given(DEFINITIONS)
def test_any_definition_comes_back_whole(definition):
    assert Definition.from_json(json.loads(json.dumps(definition.to_json()))) == definition


NOT_FORMS = [
    b"",
    b"<a/>",
    b"<a",
    b"<!DOCTYPE a><a/>",
    b"<h><model><instance/></model></h>",
    b"<h><model><instance><d/></instance></model></h>",
    b"<h><model><instance><d id='a'><x/></d></instance></model></h>",
]


@pytest.mark.parametrize("xform", NOT_FORMS)
def test_what_is_no_form_is_unreadable(xform):
    with pytest.raises(Unreadable):
        define(xform)


@given(st.binary(max_size=200), st.integers(0, 5000), st.integers(0, 255))
def test_a_damaged_form_is_read_or_unreadable(tail, at, byte):
    damaged = bytearray(convert_once())
    damaged[at % len(damaged)] = byte
    for xform in (bytes(damaged), tail):
        with contextlib.suppress(Unreadable):
            assert define(xform).form_id


@cache
def convert_once() -> bytes:
    return convert(FORM.encode(), "a.md").xform


PLACES = """
| survey |
| | type | name | label | calculation |
| | geopoint | cho | Chỗ | |
| | integer | so_nguoi | Số người | |
| | calculate | vi_do | | selected-at(${cho}, 0) |
| | calculate | viet | | concat('Ở ', ${vi_do}) |
| | calculate | gap_doi | | ${so_nguoi} * 2 |
| | begin repeat | nguoi | Người | |
| | geotrace | loi | Lối đi | |
| | calculate | dai | | string(${loi}) |
| | end repeat | | | |
| settings |
| | form_id | version |
| | noi | 1 |
"""


def test_what_is_worked_out_from_a_point_is_known_as_its_copy():
    xform = convert(PLACES.encode(), "noi.md").xform
    assert define(xform).place_copies == ("nguoi/dai", "vi_do", "viet")


def test_of_a_version_stored_without_copies_all_that_is_worked_out_may_be_one():
    stored = json.loads(json.dumps(define(convert(PLACES.encode(), "noi.md").xform).to_json()))
    del stored["place_copies"]
    assert set(Definition.from_json(stored).place_copies) == {"vi_do", "viet", "gap_doi", "nguoi/dai"}
