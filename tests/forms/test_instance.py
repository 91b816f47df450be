"""A submission's XML as values, and what is refused; nothing else ever happens."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forms.convert_workbook import convert
from forms.errors import Unreadable
from forms.indicators import state
from forms.instance import answers, binaries, entities, read, times
from forms.rounded_points import rounded

HOUSEHOLD = "7d4d4c4e-8c6f-4f6a-9a53-0d6f8f1f5b11"
BRANCH = "11111111-2222-4333-8444-555555555555"
FORM = """
| survey |
| | type | name | label | calculation | save_to |
| | start | start | | | |
| | end | end | | | |
| | audit | | | | |
| | select_one thon | thon | Thôn | | |
| | text | ten | Tên | | ten |
| | integer | so | Số | | so |
| | decimal | toc_do | Tốc độ | | |
| | select_multiple viec | viec | Việc | | |
| | date | ngay | Ngày | | |
| | time | gio | Giờ | | |
| | dateTime | luc | Lúc | | |
| | geopoint | vi_tri | Vị trí | | |
| | geotrace | ngo | Ngõ | | |
| | image | anh | Ảnh | | |
| | calculate | vi_do | | selected-at(${vi_tri}, 0) | |
| | begin repeat | nguoi | Người | | |
| | integer | tuoi | Tuổi | | |
| | image | chan_dung | Ảnh | | |
| | geopoint | cho | Chỗ | | |
| | end repeat | | | | |
| choices |
| | list_name | name | label |
| | thon | 11629001 | Thôn A |
| | viec | vneid | VNeID |
| | viec | smart | Smart |
| settings |
| | form_id | version |
| | tham_ho | 1 |
| entities |
| | list_name | label | entity_id | create_if | update_if |
| | ho_dan | ${ten} | ${ten} | ${ten} = '' | ${ten} != '' |
"""
DEFINITION = convert(FORM.encode(), "a.md").definition
ENTITY = (
    f'<entity dataset="ho_dan" id="{HOUSEHOLD}" create="" update="1" baseVersion="3" trunkVersion="2" '
    f'branchId="{BRANCH}"><label>Hộ bà Ấm</label></entity>'
)


def submission(body: str = "", entity: str = "", instance_id: str = "uuid:1", head: str = "") -> bytes:
    meta = f"<meta>{entity}<instanceID>{instance_id}</instanceID></meta>"
    return f'{head}<data id="tham_ho" version="1">{body}{meta}</data>'.encode()


def answered(body: str) -> dict:
    return answers(read(submission(body)), DEFINITION)


# --- read -------------------------------------------------------------------------------------------------

NAMESPACE_STYLES = [
    '<data id="f" version="1"><meta><instanceID>uuid:1</instanceID></meta></data>',
    '<?xml version="1.0"?><data xmlns:orx="http://openrosa.org/xforms" id="f" version="1">'
    "<orx:meta><orx:instanceID>uuid:1</orx:instanceID></orx:meta></data>",
    '<d xmlns="http://www.w3.org/2002/xforms" xmlns:o="http://openrosa.org/xforms" id="f" version="1">'
    "<o:meta><o:instanceID>uuid:1</o:instanceID></o:meta></d>",
    '\ufeff<data id="f" version="1"><!-- x --><meta><instanceID> uuid:1\n</instanceID></meta></data>',
    '<x:data xmlns:x="http://example.org" id="f" version="1">'
    "<x:meta><x:instanceID>uuid:1</x:instanceID></x:meta></x:data>",
]


@pytest.mark.parametrize("xml", NAMESPACE_STYLES)
def test_any_namespace_style_is_read(xml):  # C34
    instance = read(xml.encode())
    assert (instance.form_id, instance.version, instance.instance_id) == ("f", "1", "uuid:1")
    assert instance.deprecated_id is None
    assert not instance.encrypted


def test_the_bytes_are_kept_as_received():  # C40, C47
    xml = submission("<ten>Ấm</ten>")
    assert read(xml).xml is xml


@pytest.mark.parametrize("plain", ["uuid:7d4d4c4e", "x", "kobo:1 2", "a" * 255])
def test_an_instance_id_need_not_be_a_uuid(plain):
    assert read(submission(instance_id=plain)).instance_id == plain


def test_a_version_may_be_absent():  # C17
    assert read(b'<data id="f"><meta><instanceID>uuid:1</instanceID></meta></data>').version == ""


def test_without_an_id_the_namespace_names_the_form():  # C34
    xml = b'<data xmlns="http://example.org/tham_ho"><meta><instanceID>uuid:1</instanceID></meta></data>'
    assert read(xml).form_id == "http://example.org/tham_ho"


def test_an_edit_names_what_it_replaces():  # C43
    xml = submission(instance_id="uuid:2</instanceID><deprecatedID>uuid:1</deprecatedID><instanceID>")
    assert (read(xml).instance_id, read(xml).deprecated_id) == ("uuid:2", "uuid:1")


ENCRYPTED = """<data id="f" version="1" encrypted="yes" xmlns="{0}">
<base64EncryptedKey>a</base64EncryptedKey>
<orx:meta xmlns:orx="http://openrosa.org/xforms"><orx:instanceID>uuid:1</orx:instanceID></orx:meta>
<media><file>anh.jpg.enc</file></media><encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>"""


@pytest.mark.parametrize(
    "namespace", ["http://www.opendatakit.org/xforms/encrypted", "http://opendatakit.org/submissions"]
)
def test_a_sealed_submission_says_only_who_it_is_and_which_files_it_has(namespace):  # C44
    instance = read(ENCRYPTED.format(namespace).encode())
    assert instance.encrypted
    assert instance.instance_id == "uuid:1"
    assert answers(instance, DEFINITION) == {}
    assert binaries(instance, DEFINITION) == {"anh.jpg.enc", "submission.xml.enc"}


LAUGHS = (
    '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]>'
    '<data id="f"><meta><instanceID>&c;</instanceID></meta></data>'
)
UNREADABLE = [
    (b"", "not_xml"),
    (b"   ", "not_xml"),
    (b"khong phai xml", "not_xml"),
    (submission()[:-8], "not_xml"),
    (submission().decode().encode("utf-16"), "not_xml"),
    (submission("<ten>\xe9</ten>").decode().encode("latin-1"), "not_xml"),
    (submission("<ten>&khong_co;</ten>"), "not_xml"),
    (LAUGHS.encode(), "doctype"),
    (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "doctype"),
    (submission("<ten>a\x00b</ten>"), "control_characters"),
    (submission("<ten>a\x0bb</ten>"), "control_characters"),
    (submission("<ten>&#0;</ten>"), "control_characters"),
    (submission("<ten>&#x1F;</ten>"), "control_characters"),
    (b"<data><meta><instanceID>uuid:1</instanceID></meta></data>", "no_id"),
    (b'<data id=" "><meta><instanceID>uuid:1</instanceID></meta></data>', "no_id"),
    (b'<h:html xmlns:h="http://www.w3.org/1999/xhtml"/>', "no_id"),
    (b'<data id="f"/>', "no_instance_id"),
    (b'<data id="f"><meta><instanceID> </instanceID></meta></data>', "no_instance_id"),
    (submission(instance_id="a" * 256), "bad_instance_id"),
    (submission(instance_id="a&#10;b"), "bad_instance_id"),
    (b'<data id="' + b"f" * 256 + b'"/>', "bad_id"),
    (b"<a>" * 100_000, "too_deep"),
    (b"<data id='f'>" + b"<a>" * 70 + b"</a>" * 70 + b"</data>", "too_deep"),
    (b"x" * 50_000_000, "too_large"),
]


@pytest.mark.parametrize(("xml", "code"), UNREADABLE, ids=[str(number) for number in range(len(UNREADABLE))])
def test_what_is_no_submission_is_refused_with_its_reason(xml, code):  # C39, C47
    with pytest.raises(Unreadable) as caught:
        read(xml)
    assert caught.value.code == code


def test_no_file_of_the_server_is_read():  # C47
    xml = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + submission("<ten>&x;</ten>").decode()
    with pytest.raises(Unreadable):
        read(xml.encode())


def read_or_refuse(xml: bytes) -> None:
    with contextlib.suppress(Unreadable):
        instance = read(xml)
        for look in (answers, entities, binaries, times, state):
            look(instance, DEFINITION)
        rounded(instance, DEFINITION)


@given(st.one_of(st.binary(max_size=300), st.text(max_size=100).map(lambda text: text.encode("utf-16"))))
def test_any_bytes_are_read_or_refused(xml):
    read_or_refuse(xml)


FULL = submission(
    "<start>2026-11-22T09:15:03.123+07:00</start><thon>11629001</thon><ten>Bà Ấm</ten><so>3</so>"
    "<vi_tri>20.844911 106.688112 3.5 8.2</vi_tri><viec>vneid smart</viec><anh>a.jpg</anh>"
    "<nguoi><tuoi>8</tuoi></nguoi><nguoi><tuoi>9</tuoi><cho>20.1 106.1 0 0</cho></nguoi>",
    ENTITY,
)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(FULL) - 1), st.binary(min_size=1, max_size=3)), max_size=5))
def test_any_damaged_submission_is_read_or_refused(changes):
    xml = bytearray(FULL)
    for at, noise in changes:
        xml[at : at + len(noise)] = noise
    read_or_refuse(bytes(xml))


ANYTHING = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30).map(
    lambda text: text.replace("&", "").replace("<", "").replace("\ufffe", "").replace("\uffff", "")
)
PATHS = st.sampled_from(
    [each.name for each in DEFINITION.fields if each.repeat is None and "/" not in each.path]
)


@given(st.dictionaries(PATHS, ANYTHING))
def test_any_answers_are_read(given_answers):
    read_or_refuse(submission("".join(f"<{name}>{text}</{name}>" for name, text in given_answers.items())))


# --- answers ----------------------------------------------------------------------------------------------

VALUES = [
    ("so", "3", 3),
    ("so", " 03 ", 3),
    ("so", "-2", -2),
    ("so", "2.0", 2),
    ("toc_do", "12.50", 12.5),
    ("toc_do", "1e3", 1000.0),
    ("toc_do", "3", 3.0),
    ("ten", " Bà  Ấm ", " Bà  Ấm "),
    ("ten", "<![CDATA[a<b]]>", "a<b"),
    ("thon", "11629001", "11629001"),
    ("viec", "vneid smart", ["vneid", "smart"]),
    ("ngay", "2026-11-22", "2026-11-22"),
    ("gio", "09:15:00.000+07:00", "09:15:00.000+07:00"),
    ("luc", "2026-11-22T09:15:03.123+07:00", "2026-11-22T09:15:03.123+07:00"),
    ("vi_tri", "20.8449 106.6881 3.5 8.2", {"lat": 20.8449, "lon": 106.6881, "alt": 3.5, "acc": 8.2}),
    ("vi_tri", "20.8449 106.6881", {"lat": 20.8449, "lon": 106.6881, "alt": None, "acc": None}),
    ("ngo", "20.1 106.1 0 0; 20.2 106.2 0 0", "20.1 106.1 0 0; 20.2 106.2 0 0"),
    ("anh", "1787365512345.jpg", "1787365512345.jpg"),
]


@pytest.mark.parametrize(("name", "raw", "value"), VALUES)
def test_an_answer_has_its_type(name, raw, value):
    found = answered(f"<{name}>{raw}</{name}>")
    assert found == {name: value}
    assert type(found[name]) is type(value)
    assert found.misfits == ()


@pytest.mark.parametrize("blank", ["", " ", "\n\t"])
@pytest.mark.parametrize("name", ["so", "toc_do", "ten", "viec", "vi_tri", "anh", "ngay"])
def test_a_blank_answer_is_missing_and_never_zero(name, blank):
    assert answered(f"<{name}>{blank}</{name}>") == {}


@pytest.mark.parametrize("name", ["so", "toc_do"])
def test_a_number_that_could_not_be_computed_is_missing(name):
    assert answered(f"<{name}>NaN</{name}>") == {}


MISFITS = [
    ("so", "ba"), ("so", "2.5"), ("so", "1_0"), ("so", "１２"), ("so", "9" * 5000), ("so", "Infinity"),
    ("toc_do", "1,5"), ("toc_do", "-Infinity"), ("toc_do", "1e999"), ("thon", "99999999"), ("viec", "vneid la"),
    ("ngay", "22/11/2026"), ("gio", "sáng"), ("luc", "hôm nay"), ("vi_tri", "20.8"), ("vi_tri", "91 106 0 0"),
    ("vi_tri", "20 181 0 0"), ("vi_tri", "NaN NaN 0 0"), ("vi_tri", "a b c d"), ("ngo", "20 106; x"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "raw"), MISFITS)
def test_an_answer_of_another_type_is_kept_as_text_and_named(name, raw):
    found = answered(f"<{name}>{raw}</{name}>")
    assert found == {name: raw}
    assert found.misfits == (name,)


def test_repeats_are_lists_of_their_rounds():
    found = answered("<nguoi><tuoi>8</tuoi></nguoi><nguoi><tuoi/></nguoi><nguoi><tuoi>x</tuoi></nguoi>")
    assert found == {"nguoi": [{"nguoi/tuoi": 8}, {}, {"nguoi/tuoi": "x"}]}
    assert found.misfits == ("nguoi/tuoi",)


def test_text_is_composed_in_answers_and_left_alone_in_the_xml():  # C47
    decomposed = "Ấm"
    assert answered(f"<ten>{decomposed}</ten>") == {"ten": "Ấm"}
    assert decomposed.encode() in read(submission(f"<ten>{decomposed}</ten>")).xml


def test_of_an_answer_given_twice_the_first_counts():
    assert answered("<so>1</so><so>2</so>") == {"so": 1}


def test_what_the_form_does_not_ask_is_left_out():
    assert answered("<la>1</la><nguoi_la><so>2</so></nguoi_la>") == {}


def test_answers_are_read_in_any_namespace():  # C34
    xml = b'<d xmlns="http://x" id="f"><so>3</so><meta><instanceID>uuid:1</instanceID></meta></d>'
    assert answers(read(xml), DEFINITION) == {"so": 3}


# --- files and times --------------------------------------------------------------------------------------


def test_files_are_what_the_answers_name_also_in_repeats_and_the_audit():  # C35, C36
    body = "<anh>a.jpg</anh><nguoi><chan_dung>b.jpg</chan_dung></nguoi><nguoi><chan_dung/></nguoi>"
    instance = read(submission(body, "<audit>audit.csv</audit>"))
    assert binaries(instance, DEFINITION) == {"a.jpg", "b.jpg", "audit.csv"}


@pytest.mark.parametrize(
    ("written", "called"),
    [
        ("../../x", "x"),
        ("a/b.jpg", "b.jpg"),
        ("..\\x.jpg", "x.jpg"),
        (" C:\\anh\\cổng nhà.jpg\n", "cổng nhà.jpg"),
        ("co\tng.jpg", "cong.jpg"),
        ("...", "tep"),
    ],
)
def test_a_file_is_called_as_phones_call_its_part_whatever_way_the_answer_names(written: str, called: str):
    """C35: an answer read names it so too, for whoever looks for the file by it."""
    instance = read(submission(f"<anh>{written}</anh>"))
    assert binaries(instance, DEFINITION) == {called}
    assert answers(instance, DEFINITION)["anh"] == called


def test_times_are_read_with_their_zone():  # C48
    body = "<start>2026-11-22T09:15:03.123+07:00</start><end>2026-11-22T02:25:03Z</end>"
    found = times(read(submission(body)), DEFINITION)
    assert found.start == datetime(2026, 11, 22, 2, 15, 3, 123000, tzinfo=UTC)
    assert found.end == datetime(2026, 11, 22, 2, 25, 3, tzinfo=UTC)
    assert found.faults == ()


HOSTILE_TIMES = [
    "hôm qua",
    "2026-11-22T09:15:03",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "9" * 5000,
]


@pytest.mark.parametrize("raw", HOSTILE_TIMES)
def test_a_senseless_time_is_none_and_a_fault(raw):
    found = times(read(submission(f"<end>{raw}</end>")), DEFINITION)
    assert found.end is None
    assert [fault.code for fault in found.faults] == ["bad_time"]


def test_a_missing_time_is_none_without_a_fault():
    assert times(read(submission()), DEFINITION) == (None, None, ())


def test_an_instance_is_walked_once_for_all_who_ask():
    instance = read(FULL)
    first = instance.found(DEFINITION)
    answers(instance, DEFINITION)
    assert instance.found(DEFINITION) is first
