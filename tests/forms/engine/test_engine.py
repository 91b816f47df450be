"""The engine fills a published XForm as a phone does: relevance, calculates, actions, lists, what is sent."""

import csv
import io
from datetime import datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from pyxform.xls2xform import convert

from forms.engine import engine
from forms.engine.java_dates import moment_of
from forms.engine.java_values import keep, write_answer

NOW = datetime(2026, 8, 22, 9, 15, 3, tzinfo=engine.HANOI)


@cache
def form(markdown: str) -> engine.Fillable:
    return engine.open_form(convert(markdown, file_type=".md").xform.encode())


def started(markdown: str) -> engine.Filling:
    return form(markdown).start(NOW, "collect:aB3dE6gH9jK2mN5p")


def calculated(expression: str, **answers: str) -> str:
    rows = "".join(f"| | text | {name} | Q | |\n" for name in answers)
    md = (
        f"| survey |\n| | type | name | label | calculation |\n{rows}"
        f"| | calculate | x | | {expression} |\n| | note | n | N | |\n"
    )
    filling = form(md).start(NOW)
    for name, answer in answers.items():
        filling.answer(name, answer)
    return filling.value("x")


@pytest.mark.parametrize(
    ("expression", "answers", "expected"),
    [
        ("${a} + 1", {"a": "2"}, "3"),
        ("${a} + 1", {"a": ""}, ""),
        ("coalesce(${a}, ${b})", {"a": "", "b": "x"}, "x"),
        ("if(${a} > 1, 'nhiều', 'ít')", {"a": "2"}, "nhiều"),
        ("if(${a} = '', 'trống', 'có')", {"a": ""}, "trống"),
        ("selected(${a}, 'b')", {"a": "a b"}, "1"),
        ("selected(${a}, 'b')", {"a": "a bb"}, "0"),
        ("selected-at(${a}, 1)", {"a": "a b"}, "b"),
        ("selected-at(${a}, 5)", {"a": "a b"}, ""),
        ("count-selected(${a})", {"a": "a b c"}, "3"),
        ("substr(${a}, 1, 3)", {"a": "abcd"}, "bc"),
        ("string-length(${a})", {"a": "Ấm"}, "2"),
        ("concat(${a}, '-', 1)", {"a": "x"}, "x-1"),
        ("round(${a}, 1)", {"a": "2.25"}, "2.3"),
        ("int(${a})", {"a": "-2.9"}, "-2"),
        ("max(${a}, 3)", {"a": "2"}, "3"),
        ("min(${a}, '')", {"a": "2"}, "2"),
        ("digest(${a}, 'MD5', 'hex')", {"a": "abc"}, "900150983cd24fb0d6963f7d28e17f72"),
        ("regex(${a}, '[0-9]{3}')", {"a": "12"}, "0"),
        ("format-date(${a}, '%d/%m/%Y')", {"a": "2026-08-05"}, "05/08/2026"),
        ("format-date(today(), '%e/%n/%y')", {"a": ""}, "22/8/26"),
        ("decimal-date-time(${a}) &gt; 0", {"a": "1970-01-02"}, "1"),
        ("today()", {"a": ""}, "2026-08-22T00:00:00.000+07:00"),
        ("not(${a} = 'x') and true()", {"a": "y"}, "1"),
        ("position(..)", {"a": ""}, "1"),
        ("'/data/a'", {"a": "y"}, "/data/a"),
    ],
)
def test_functions_are_those_of_phones(expression: str, answers: dict[str, str], expected: str) -> None:
    assert calculated(expression.replace("&gt;", ">"), **answers) == expected


CHAIN = """
| survey |
| | type | name | label | relevant | calculation | constraint | constraint_message | required |required_message|default|
| | integer | a | A | | | . > 0 | Phải lớn hơn 0 | yes | Cần số A | |
| | begin group | g | G | ${a} > 5 | | | | | | |
| | text | b | B | | | | | yes | | |
| | calculate | c | | | concat(${b}, '!') | | | | | |
| | end group | | | | | | | | | |
| | calculate | d | | | if(${c} = '', 'không', ${c}) | | | | | |
| | calculate | e | | | once(uuid()) | | | | | |
| | text | f | F ${a} | | | | | | | mặc định |
"""


def test_what_is_not_relevant_reads_as_blank_and_is_not_sent() -> None:
    filling = started(CHAIN)
    filling.answer("a", 6)
    filling.answer("b", "x")
    assert filling.value("d") == "x!"
    filling.answer("a", 5)
    assert filling.value("d") == "không"
    assert b"<g>" not in filling.submission()
    filling.answer("a", 7)
    assert filling.value("d") == "x!"


def said(filling: engine.Filling) -> tuple[tuple[str, str], ...]:
    return tuple((each.name, each.message) for each in filling.problems())


def test_problems_are_the_forms_own_sentences() -> None:
    filling = started(CHAIN)
    assert said(filling) == (("a", "Cần số A"),)
    filling.answer("a", 0)
    assert said(filling) == (("a", "Phải lớn hơn 0"),)
    filling.answer("a", 6)
    assert said(filling) == (("b", "Câu này cần trả lời."),)


def test_once_keeps_its_first_value() -> None:
    filling = started(CHAIN)
    first = filling.value("e")
    filling.answer("a", 6)
    assert filling.value("e") == first != ""


def test_labels_show_answers_and_defaults_are_there() -> None:
    filling = started(CHAIN)
    filling.answer("a", 6)
    assert filling.text("f") == "F 6"
    assert filling.value("f") == "mặc định"


@pytest.mark.parametrize(
    ("question", "value"), [("a", "1.5"), ("a", "x"), ("b", "x"), ("c", "x"), ("zzz", "x")]
)
def test_an_answer_that_a_phone_would_not_take_is_refused(question: str, value: str) -> None:
    with pytest.raises(engine.AnswerRefused):
        started(CHAIN).answer(question, value)


META = """
| survey |
| | type | name | label |
| | start | start | |
| | end | end | |
| | today | today | |
| | deviceid | deviceid | |
| | text | t | T |
| settings |
| | form_id | version | form_title |
| | thu | 7 | Thử |
"""


def test_a_submission_is_written_as_collect_writes_it() -> None:
    """C23, C33, C48: root with id and version and no namespace of its own, meta, times with their zone."""
    filling = started(META)
    filling.answer("t", "<Ấm & Bé>")
    root = etree.fromstring(filling.submission(NOW + timedelta(minutes=8)))
    assert (root.tag, root.get("id"), root.get("version")) == ("data", "thu", "7")
    assert root.findtext("start") == "2026-08-22T09:15:03.000+07:00"
    assert root.findtext("end") == "2026-08-22T09:23:03.000+07:00"
    assert root.findtext("today") == "2026-08-22"
    assert root.findtext("deviceid") == "collect:aB3dE6gH9jK2mN5p"
    assert root.findtext("t") == "<Ấm & Bé>"
    assert root.findtext("meta/instanceID").startswith("uuid:")


def test_each_filling_has_an_instance_id_of_its_own() -> None:
    assert started(META).value("instanceID") != started(META).value("instanceID")


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")))
def test_any_text_is_sent_and_read_back_as_typed(text: str) -> None:
    filling = started(META)
    filling.answer("t", text)
    assert (etree.fromstring(filling.submission()).findtext("t") or "") == text


LISTS = """
| survey |
| | type | name | label | choice_filter | calculation | trigger | default |
| | select_one tinh | tinh | Tỉnh | | | | |
| | select_one xa | xa | Xã | tinh = ${tinh} | | | |
| | select_multiple tinh | nhieu | Nhiều | | | | |
| | calculate | ten | | | jr:choice-name(${xa}, '${xa}') | | |
| | calculate | luc | | | concat('sau ', ${tinh}) | ${tinh} | |
| | date | ngay | Ngày | | | | today() |
| choices |
| | list_name | name | label | tinh |
| | tinh | hp | Hải Phòng | |
| | tinh | hd | Hải Dương | |
| | xa | al | An Lão | hp |
| | xa | md | Mao Điền | hd |
"""


def test_choices_are_those_the_filter_leaves() -> None:
    filling = started(LISTS)
    filling.answer("tinh", "hp")
    assert filling.choices("xa") == (engine.OfferedChoice("al", "An Lão"),)
    with pytest.raises(engine.AnswerRefused):
        filling.answer("xa", "md")
    filling.answer("xa", "al")
    assert filling.value("ten") == "An Lão"


def test_several_choices_are_sent_with_spaces() -> None:
    filling = started(LISTS)
    filling.answer("nhieu", ["hp", "hd"])
    assert filling.value("nhieu") == "hp hd"


def test_a_changed_answer_sets_off_its_action_and_the_first_load_sets_defaults() -> None:
    filling = started(LISTS)
    assert filling.value("ngay") == "2026-08-22"
    assert filling.value("luc") == ""
    filling.answer("tinh", "hd")
    assert filling.value("luc") == "sau hd"


FILE = """
| survey |
| | type | name | label | choice_filter | calculation |
| | select_one_from_file ds.csv | ai | Ai | | |
| | calculate | tuoi | | | instance('ds')/root/item[name = ${ai}]/tuoi |
"""


def test_a_row_of_a_file_is_read_by_its_name() -> None:
    table = io.StringIO()
    csv.writer(table).writerows(
        [["name", "label", "tuoi", "cột lạ"], ["a", 'Ấm, "Bé"', "5", "x"], ["b", "Bé", "", "y"]]
    )
    xform = convert(FILE, file_type=".md").xform.encode()
    filling = engine.open_form(xform, {"ds.csv": b"\xef\xbb\xbf" + table.getvalue().encode()}).start()
    assert filling.choices("ai")[0] == engine.OfferedChoice("a", 'Ấm, "Bé"')
    filling.answer("ai", "a")
    assert filling.value("tuoi") == "5"
    filling.answer("ai", "b")
    assert filling.value("tuoi") == ""


@pytest.mark.parametrize("media", [{}, {"ds.csv": b"\xff\xfe"}])
def test_a_form_without_its_file_cannot_be_opened(media: dict[str, bytes]) -> None:
    """C27."""
    with pytest.raises(engine.Unfillable):
        engine.open_form(convert(FILE, file_type=".md").xform.encode(), media)


@pytest.mark.parametrize(
    "xform", [b"", b"<a/>", b"\x00", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"<html><head/></html>"]
)
def test_what_is_no_form_is_refused(xform: bytes) -> None:
    with pytest.raises(engine.Unfillable):
        engine.open_form(xform)


def test_calculates_that_wait_for_each_other_are_refused() -> None:
    md = """
| survey |
| | type | name | label | calculation |
| | calculate | a | | ${b} + 1 |
| | calculate | b | | ${a} + 1 |
| | note | n | N | |
"""
    with pytest.raises(engine.Unfillable, match="depend on each other"):
        form(md)


REPEAT = """
| survey |
| | type | name | label | calculation | default |
| | begin repeat | r | R | | |
| | integer | n | N | | |
| | calculate | hai | | ${n} * 2 | |
| | calculate | thu | | position(..) | |
| | calculate | truoc | | indexed-repeat(${n}, ${r}, position(..) - 1) | |
| | calculate | phan | | ${n} div sum(../../r/n) | |
| | text | loai | L | | concat('lượt ', ${n}) |
| | end repeat | | | | |
| | calculate | tong | | sum(${n}) + count(${r}) | |
"""


def test_a_visit_begins_with_the_rounds_of_the_form() -> None:
    filling = started(REPEAT)
    filling.answer("n", 4)
    assert filling.value("hai") == "8"
    assert b"<r><n>4</n><hai>8</hai>" in filling.submission()


def test_rounds_are_worked_out_each_by_its_own_answers() -> None:
    filling = started(REPEAT)
    filling.answer("n", 4)
    assert filling.add_round("/data/r") == "/data/r[2]"
    filling.answer("/data/r[2]/n", 12)
    assert [filling.value(f"/data/r[{at}]/hai") for at in (1, 2)] == ["8", "24"]
    assert [filling.value(f"/data/r[{at}]/thu") for at in (1, 2)] == ["1", "2"]
    assert filling.value("/data/r[2]/truoc") == "4"
    assert filling.value("tong") == "18"


def test_what_reads_all_rounds_follows_each_of_them() -> None:
    filling = started(REPEAT)
    filling.answer("n", 4)
    filling.add_round("/data/r")
    filling.answer("/data/r[2]/n", 12)
    assert [filling.value(f"/data/r[{at}]/phan") for at in (1, 2)] == ["0.25", "0.75"]


COUNTED = """
| survey |
| | type | name | label | repeat_count | relevant |
| | integer | so | S | | |
| | begin repeat | r | R | ${so} | |
| | text | t | T | | |
| | begin repeat | v | V | | |
| | text | u | U | | |
| | end repeat | | | | |
| | end repeat | | | | |
"""


def test_an_answer_that_counts_rounds_makes_them_and_takes_them_away() -> None:
    filling = started(COUNTED)
    assert filling.submission().count(b"<r>") == 1
    filling.answer("so", 3)
    filling.answer("/data/r[3]/t", "ba")
    filling.add_round("/data/r[2]/v")
    assert filling.submission().count(b"<v>") == 2
    filling.answer("so", 2)
    assert filling.submission().count(b"<r>") == 2
    with pytest.raises(engine.AnswerRefused):
        filling.value("/data/r[3]/t")
    with pytest.raises(engine.AnswerRefused):
        filling.add_round("/data/r")


GEOJSON = """
| survey |
| | type | name | label | calculation |
| | select_one_from_file diem.geojson | d | D | |
| | calculate | noi | | instance('diem')/root/item[id = ${d}]/geometry |
"""


def test_a_list_of_places_is_read_from_geojson() -> None:
    """Geometry as ODK writes it, properties as columns, the id of the feature (ODK: select from map)."""
    place = '"geometry": {"type": "Point", "coordinates": [106.4, 20.8]}'
    point = f'{{"type": "Feature", "id": "b1", "properties": {{"title": "Bến 1"}}, {place}}}'
    document = f'{{"type": "FeatureCollection", "features": [{point}]}}'.encode()
    filling = engine.open_form(
        convert(GEOJSON, file_type=".md").xform.encode(), {"diem.geojson": document}
    ).start(NOW)
    assert filling.choices("d") == (engine.OfferedChoice("b1", "Bến 1"),)
    filling.answer("d", "b1")
    assert filling.value("noi") == "20.8 106.4 0 0"
    with pytest.raises(engine.Unfillable, match="GeoJSON"):
        engine.open_form(convert(GEOJSON, file_type=".md").xform.encode(), {"diem.geojson": b"{}"})


def test_a_function_that_no_phone_knows_is_named() -> None:
    with pytest.raises(engine.Unfillable, match="tinh-toan"):
        calculated("tinh-toan(1)")


@given(st.floats() | st.booleans() | st.text())
def test_any_result_can_be_stored(value: float | bool | str) -> None:
    assert isinstance(write_answer(keep(value, "string", moment_of(NOW)), "string"), str)


ATTRIBUTES = """
| survey |
| | type | name | label | calculation |
| | text | ten | Tên | |
| | calculate | ban | | concat(/data/@id, ' ', /data/@version) |
| | calculate | nhan | | if(/data/@version > 2026112400, 'mới', 'cũ') |
| settings |
| | form_id | version |
| | cay_xanh | 2026112501 |
"""


def test_a_formula_reads_the_id_and_version_that_stand_at_the_top_of_a_visit() -> None:
    """As JavaRosa does; what is sent has them once, where they stood."""
    filling = started(ATTRIBUTES)
    assert (filling.value("ban"), filling.value("nhan")) == ("cay_xanh 2026112501", "mới")
    sent = etree.fromstring(filling.submission())
    assert dict(sent.attrib) == {"id": "cay_xanh", "version": "2026112501"}


@pytest.mark.parametrize(
    ("kind", "typed", "stored"),
    [
        ("time", "7:45", "07:45:00.000+07:00"),
        ("time", "01:30Z", "08:30:00.000+07:00"),
        ("dateTime", "2026-11-20T09:05", "2026-11-20T09:05:00.000+07:00"),
        ("date", "2026-3-8", "2026-03-08"),
        ("text", "7:45", "7:45"),
    ],
)
def test_times_are_stored_as_phones_store_them(kind: str, typed: str, stored: str) -> None:
    filling = started(f"| survey |\n| | type | name | label |\n| | {kind} | x | Câu |\n")
    filling.answer("x", typed)
    assert filling.value("x") == stored
