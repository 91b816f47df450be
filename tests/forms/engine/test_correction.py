"""R12: a visit opened again and corrected: what was touched and what follows from it changes, nothing else."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from pyxform.xls2xform import convert

from forms.engine import engine
from forms.engine.correction import CORRECTED, FOLLOWED, GONE, NEW, Correction, alike
from forms.engine.engine import AnswerRefused, Unfillable

DATA = Path(__file__).parents[2] / "data" / "corrections"
CASES = json.loads((DATA / "corrections.json").read_text(encoding="utf-8"))
VISIT = datetime(2026, 11, 29, 9, 0, tzinfo=engine.HANOI)


def opened(
    markdown: str, sent: bytes, media: dict[str, bytes] | None = None, now: datetime = VISIT
) -> Correction:
    form = engine.open_form(convert(markdown, file_type=".md").xform.encode(), media)
    return Correction(form.form, sent, now, uuid=lambda: "NEW")


def leaves(xml: bytes) -> list[tuple[str, str]]:
    """Each leaf with its path, in order."""
    tree = etree.fromstring(xml).getroottree()
    return [
        (re.sub(r"\{[^}]*\}", "", tree.getelementpath(each)), each.text or "")
        for each in tree.iter(etree.Element)
        if not len(each)
    ]


def case(number: str) -> Correction:
    return opened(
        (DATA / f"{number}.md").read_text(encoding="utf-8"), (DATA / f"{number}-sent.xml").read_bytes()
    )


@pytest.mark.parametrize("each", CASES, ids=lambda each: each["id"])
def test_what_is_left_alone_stays_byte_for_byte(each: dict[str, str]) -> None:
    """R12: nothing but instanceID and deprecatedID; the formulas give what was sent."""
    found = case(each["id"])
    assert found.differences() == []
    assert found.changes() == []
    old = re.search(rb"<instanceID>(.*?)</instanceID>", found.sent)
    assert old
    fresh = b"<deprecatedID>" + old[1] + b"</deprecatedID><instanceID>uuid:NEW</instanceID>"
    assert found.written() == found.sent.replace(old[0], fresh)


@pytest.mark.parametrize("each", CASES, ids=lambda each: each["id"])
def test_a_corrected_visit_is_what_it_must_be(each: dict[str, dict[str, str]]) -> None:
    found = case(str(each["id"]))
    for address, text in each["correct"].items():
        found.correct(address, text)
    want = (DATA / f"{each['id']}-want.xml").read_bytes()
    assert leaves(found.written()) == leaves(want)


def test_a_group_that_goes_and_what_comes_are_told() -> None:
    found = case("09")
    found.correct("/data/ngay_sinh", "2015-02-03")
    told = {(each.kind, each.label) for each in found.changes()}
    assert (CORRECTED, "Ngày sinh") in told
    assert (GONE, "Người lớn") in told
    assert (NEW, "Học trường nào?") in told
    assert {label for kind, label in told if kind == FOLLOWED} == {"tuoi", "hen_lai", "ngay_hen"}


LISTS = """
| survey |
| | type | name | label | calculation | relevant |
| | select_one_from_file ho.csv | ho | Hộ | | |
| | calculate | truoc | | instance('ho')/root/item[name = ${ho}]/mang | |
| | calculate | lan_dau | | once(now()) | |
| | calculate | ma | | once(uuid()) | |
| | integer | so | Số | | |
| | calculate | ngay | | concat(today(), ' ', ${so}) | |
| | calculate | ten | | jr:choice-name(${ho}, '${ho}') | |
| | text | y | Ý | | ${truoc} = '5g' |
"""
SENT = (
    "<?xml version='1.0' ?><data id=\"data\"  version='1'><ho>h1</ho><truoc>4g</truoc>"
    "<lan_dau>2026-01-05T07:00:00.000+07:00</lan_dau><ma>abc</ma>\n <so>3</so><!-- ghi --><ngay>2026-01-05 3</ngay>"
    "<ten>Tên cũ</ten><meta><instanceID>uuid:1</instanceID></meta></data>"
).encode()


def test_what_was_read_at_the_door_is_not_read_again() -> None:
    """R12: lists and clocks have moved on; what reads the touched answer is worked out on the day of the visit."""
    media = {"ho.csv": "name,label,mang\nh1,Tên mới,5g\nh2,Hai,4g\n".encode()}
    found = opened(LISTS, SENT, media, datetime(2026, 1, 5, 1, tzinfo=UTC))
    assert found.differences() == []
    found.correct("/data/so", "4")
    want = SENT.replace(b"<so>3</so>", b"<so>4</so>").replace(b"2026-01-05 3", b"2026-01-05 4")
    assert found.written() == want.replace(
        b"<instanceID>uuid:1</instanceID>",
        b"<deprecatedID>uuid:1</deprecatedID><instanceID>uuid:NEW</instanceID>",
    )


def test_a_list_is_read_again_where_its_question_was_corrected() -> None:
    media = {"ho.csv": "name,label,mang\nh1,Tên mới,4g\nh2,Hai,5g\n".encode()}
    found = opened(LISTS, SENT, media, datetime(2026, 1, 5, 1, tzinfo=UTC))
    found.correct("/data/ho", "h2")
    told = dict(leaves(found.written()))
    assert (told["truoc"], told["ten"], told["ma"], told["y"]) == ("5g", "Hai", "abc", "")


WRONG = """
| survey |
| | type | name | label | calculation | relevant |
| | integer | a | A | | |
| | calculate | hai | | ${a} * 2 | |
| | text | t | T | | ${a} > 5 |
"""


@pytest.mark.parametrize(
    ("answers", "address"),
    [
        ("<a>3</a><hai>7</hai>", "/data/hai"),
        ("<a>3</a><hai>6</hai><t>x</t>", "/data/t"),
        ("<a>3</a>", "/data/hai"),
    ],
)
def test_a_visit_that_the_formulas_do_not_give_is_told(answers: str, address: str) -> None:
    found = opened(
        WRONG, f"<data id='data'>{answers}<meta><instanceID>uuid:1</instanceID></meta></data>".encode()
    )
    assert [each.address for each in found.differences()] == [address]


LATE = """
| survey |
| | type | name | label | calculation |
| | begin repeat | nguoi | Người | |
| | begin group | ai | Ai | |
| | text | ten | Tên | |
| | end group | | | |
| | calculate | truoc | | indexed-repeat(${ten}, ${nguoi}, position(..) - 1) |
| | end repeat | | | |
| | calculate | cac_ten | | join(', ', ${ten}) |
| | text | y | Ý kiến | |
"""


def test_what_phones_have_not_worked_out_anew_over_rounds_stops_no_correction() -> None:
    """JavaRosa leaves sums and joins as they were when a round is added whose question stands in a group, and what
    reads the round before when that one changes."""
    sent = (
        "<data id='data'><nguoi><ai><ten>Mị</ten></ai><truoc/></nguoi><nguoi><ai><ten/></ai><truoc>Mỵ</truoc></nguoi>"
        "<cac_ten>Mị</cac_ten><y>tốt</y><meta><instanceID>uuid:1</instanceID></meta></data>"
    )
    found = opened(LATE, sent.encode())
    assert found.differences() == []
    found.correct("/data/y", "rất tốt")
    told = dict(leaves(found.written()))
    assert (told["nguoi[2]/truoc"], told["cac_ten"], told["y"]) == ("Mỵ", "Mị", "rất tốt")
    found.correct("/data/nguoi[1]/ai/ten", "Pao")
    told = dict(leaves(found.written()))
    assert (told["nguoi[2]/truoc"], told["cac_ten"]) == ("Pao", "Pao, ")


def test_a_function_that_is_lacking_is_named() -> None:
    md = WRONG.replace("${a} * 2", "intersects(${a})")
    found = opened(
        md, b"<data id='data'><a>3</a><hai>x</hai><meta><instanceID>uuid:1</instanceID></meta></data>"
    )
    assert [each.function for each in found.differences()] == ["intersects"]


@pytest.mark.parametrize(
    "sent",
    [b"", b"<a", b"<khac/>", b"<data><a>1</a><a>2</a></data>", "<data/>".encode("utf-16"), b"<!DOCTYPE data><data/>",
     b"<?xml version='1.0' encoding='windows-1258'?><data><a>1</a></data>"],
)  # fmt: skip
def test_what_cannot_be_opened_again_is_refused(sent: bytes) -> None:
    with pytest.raises(Unfillable):
        opened(WRONG, sent)


@pytest.mark.parametrize(
    ("now", "sent", "same"),
    [("12", "12.0", True), ("12", "13", False), ("", "NaN", True), ("Infinity", "Infinity", True),
     ("1961-03-05T00:00:00.000+08:00", "1961-03-05T00:00:00.000+07:00", True),
     ("2026-03-05T00:00:00.000+07:00", "2026-03-05", True), ("2026-03-05", "2026-03-06", False), ("a", "b", False)],
)  # fmt: skip
def test_results_are_alike_where_they_say_the_same(now: str, sent: str, same: bool) -> None:
    assert alike(now, sent) is same


ATTRIBUTES = """
| survey |
| | type | name | label | save_to | relevant |
| | select_one_from_file ho.csv | ho | Hộ | | |
| | text | ten | Tên | ten | |
| | integer | so | Số | | ${ten} != '' |
| entities |
| | list_name | label | create_if | update_if | entity_id |
| | ho | ${ten} | ${ten} = 'mới' | ${ten} != 'mới' | if(${ten} = 'mới', uuid(), 'e1') |
"""


def test_attributes_follow_what_they_depend_on() -> None:
    form = engine.open_form(convert(ATTRIBUTES, file_type=".md").xform.encode(), {"ho.csv": b"name,label\n"})
    filling = form.start(VISIT)
    filling.answer("ten", "cũ")
    found = Correction(form.form, filling.submission(), VISIT, uuid=lambda: "NEW")
    found.correct("/data/ten", "cũ hơn")
    entity = etree.fromstring(found.written()).find("meta/{*}entity")
    assert entity is not None
    assert (entity.get("id"), entity.get("update"), entity.get("create")) == ("e1", "1", "0")
    assert entity.findtext("{*}label") == "cũ hơn"


# Any form, any visit, any leaf --------------------------------------------------------------------------------

DRAWN = """
| survey |
| | type | name | label | calculation | relevant | repeat_count |
| | start | start | | | | |
| | text | ten | Tên | | | |
| | date | sinh | Sinh | | | |
| | calculate | tuoi | | int((today() - ${sinh}) div 365.25) | | |
| | calculate | hen | | date(${sinh} + 30) | | |
| | begin group | lon | Lớn | | ${tuoi} >= 18 | |
| | select_multiple ds | mon | Món | | | |
| | calculate | dem | | count-selected(${mon}) | | |
| | end group | | | | | |
| | begin repeat | tre | Trẻ | | | |
| | text | ten_tre | Tên trẻ | | | |
| | decimal | nang | Nặng | | | |
| | calculate | gram | | round(${nang} * 1000, 0) | | |
| | calculate | thu | | position(..) | | |
| | begin repeat | do | Đồ | | | |
| | text | mon_do | Món đồ | | | |
| | end repeat | | | | | |
| | end repeat | | | | | |
| | calculate | tong | | sum(${nang}) | | |
| | calculate | may | | count(${tre}) | | |
| | image | anh | Ảnh | | | |
| | select_one_from_file noi.csv | noi | Nơi | | | |
| | calculate | noi_truoc | | instance('noi')/root/item[name = ${noi}]/gia | | |
| | time | gio | Giờ | | | |
| choices |
| | list_name | name | label |
| | ds | a | A |
| | ds | b | B |
| | ds | c | C |
"""
FORM = engine.open_form(
    convert(DRAWN, file_type=".md").xform.encode(), {"noi.csv": b"name,label,gia\nx,X,1\ny,Y,2\n"}
)
LATER = engine.open_form(
    convert(DRAWN, file_type=".md").xform.encode(), {"noi.csv": b"name,label,gia\nx,X,9\ny,Y,8\n"}
)
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"),
    max_size=40,
)
DATES = st.dates(datetime(1930, 1, 1).date(), datetime(2026, 11, 1).date()).map(str)  # noqa: DTZ001
CHILDREN = st.lists(st.tuples(TEXTS, st.decimals(0, 90, places=1).map(str), st.integers(0, 3)), max_size=5)


@st.composite
def visits(draw: st.DrawFn) -> bytes:
    filling = FORM.start(VISIT - timedelta(days=draw(st.integers(0, 400))))
    filling.answer("ten", draw(TEXTS))
    filling.answer("sinh", draw(st.just("") | DATES))
    if filling.relevant("mon"):
        filling.answer("mon", draw(st.permutations(["c", "a", "b"]).map(lambda codes: codes[:2])))
    for at, (name, weight, things) in enumerate(draw(CHILDREN)):
        if at:
            filling.add_round("/data/tre")
        filling.answer(f"/data/tre[{at + 1}]/ten_tre", name)
        filling.answer(f"/data/tre[{at + 1}]/nang", weight)
        for thing in range(1 if at == 0 else 0, things):
            filling.add_round(f"/data/tre[{at + 1}]/do")
            filling.answer(f"/data/tre[{at + 1}]/do[{thing + 1}]/mon_do", draw(TEXTS))
    filling.answer("noi", draw(st.sampled_from(["", "x", "y"])))
    return filling.submission(VISIT)


# What each answer may change beside itself.
FOLLOW = {
    "sinh": {"tuoi", "hen", "mon", "dem"},
    "mon": {"dem"},
    "nang": {"gram", "tong"},
    "noi": {"noi_truoc"},
}
NEW_ANSWERS = {
    **dict.fromkeys(("ten", "ten_tre", "mon_do"), TEXTS),
    "sinh": DATES,
    "mon": st.sampled_from(["a", "b a", "c"]),
    "nang": st.integers(0, 99).map(str),
    "noi": st.sampled_from(["x", "y"]),
}


@settings(max_examples=150, deadline=None)
@given(visits(), st.data())
def test_one_leaf_of_any_visit_is_corrected_and_every_other_stays(sent: bytes, data: st.DataObject) -> None:
    """R12: also when the list has changed since, and whatever day it is."""
    found = Correction(LATER.form, sent, VISIT)
    assert found.differences() == []
    live = [node for node in found.questions() if node.live and node.name in NEW_ANSWERS]
    node = data.draw(st.sampled_from(live))
    name = node.name
    found.correct(node.address, data.draw(NEW_ANSWERS[name]))
    was, now = dict(leaves(sent)), dict(leaves(found.written()))
    changed = {path for path in was.keys() | now.keys() if was.get(path) != now.get(path)}
    names = {path.rpartition("/")[2].partition("[")[0] for path in changed} - {
        "instanceID",
        "deprecatedID",
        "lon",
    }
    assert names <= {name} | FOLLOW.get(name, set())
    told = {each.address.rpartition("/")[2].partition("[")[0] for each in found.changes()} - {"lon"}
    assert names - {"mon", "dem"} == told - {"mon", "dem"}
    again = Correction(LATER.form, found.written(), VISIT)
    assert again.changes() == []


@settings(max_examples=80, deadline=None)
@given(visits().filter(lambda sent: sent.count(b"<tre>") > 0), st.data())
def test_any_round_is_taken_away_and_only_what_counts_rounds_follows(
    sent: bytes, data: st.DataObject
) -> None:
    """R12: those after it keep their bytes, but for what tells their place."""
    found = Correction(LATER.form, sent, VISIT)
    gone = data.draw(st.integers(1, sent.count(b"<tre>")))
    found.remove_round(f"/data/tre[{gone}]")
    rounds = re.findall(rb"<tre>.*?</tre>", sent, re.DOTALL)
    left = [each for at, each in enumerate(rounds, 1) if at != gone]
    want = [re.sub(rb"<thu>.*?</thu>", b"<thu>%d</thu>" % at, each) for at, each in enumerate(left, 1)]
    now = found.written()
    assert re.findall(rb"<tre>.*?</tre>", now, re.DOTALL) == want
    was = re.sub(rb"(<tre>.*</tre>)|<tong.*?<may>\d+</may>", b"", sent, flags=re.DOTALL)
    assert (
        re.sub(
            rb"(<tre>.*</tre>)|<tong.*?<may>\d+</may>|<deprecatedID>.*?</deprecatedID>",
            b"",
            now,
            flags=re.DOTALL,
        ).split(b"<meta>")[0]
        == was.split(b"<meta>")[0]
    )
    assert dict(leaves(now))["may"] == str(len(left))
    assert Correction(LATER.form, now, VISIT).changes() == []


@pytest.mark.parametrize(
    "address", ["/data", "/data/tre[9]", "/data/ten", "/data/tre[1]/do[7]", "/data/khac[1]"]
)
def test_what_is_no_round_is_not_taken_away(address: str) -> None:
    filling = FORM.start(VISIT)
    filling.answer("ten", "A")
    found = Correction(FORM.form, filling.submission(), VISIT)
    with pytest.raises(AnswerRefused):
        found.remove_round(address)
    assert found.changes() == []


LABELS_IN_ROUNDS = """
| survey |
| | type | name | label | calculation | choice_filter |
| | begin repeat | nha | Nhà | | |
| | text | ten | Tên | | |
| | select_one loai | loai | Loại | | ${ten} = 'B' or name != 'cho' |
| | begin group | g | Nhóm | | |
| | calculate | nhan | | jr:choice-name(${loai}, '${loai}') | |
| | end group | | | | |
| | end repeat | | | | |
| choices |
| | list_name | name | label |
| | loai | dan | Nhà dân |
| | loai | cho | Chợ |
| settings |
| | form_id | version |
| | nhan | 1 |
"""


def test_the_label_of_a_choice_in_a_round_is_that_rounds() -> None:
    """pyxform writes the question's path from where the formula stands; JavaRosa reads it from there."""
    sent = (
        "<data id='nhan' version='1'><nha><ten>A</ten><loai>dan</loai><g><nhan>Nhà dân</nhan></g></nha>"
        "<nha><ten>B</ten><loai>cho</loai><g><nhan>Chợ</nhan></g></nha>"
        "<meta><instanceID>uuid:1</instanceID></meta></data>"
    ).encode()
    found = opened(LABELS_IN_ROUNDS, sent)
    assert found.differences() == []
    found.correct("/data/nha[2]/loai", "dan")
    assert [text for path, text in leaves(found.written()) if path.endswith("nhan")] == ["Nhà dân", "Nhà dân"]
