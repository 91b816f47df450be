"""Real workbooks, each broken in one way: each gives a sentence with its place that one who knows Excel can act on."""

import io
import zipfile

import openpyxl
import pytest
from flask import Flask

from forms.errors import FormRejected, SheetError
from server.published_forms import publishing
from tests.people import browser, make_commune, make_person

HEAD = ["type", "name", "label", "relevant", "constraint", "calculation", "repeat_count", "save_to"]
WIFI = ["select_one ck", "wifi", "Có Wi-Fi?"]
PAIR = [
    ["begin group", "chi_tieu", "Chỉ tiêu"],
    ["calculate", "co_wifi_done", None, None, None, "if(${wifi} = '', '', 1)"],
    ["calculate", "co_wifi_of", None, None, None, "if(${wifi} = '', '', 1)"],
    ["note", "ket_luan", "Đã ghi nhận"],
    ["end group"],
]
CHOICES = [["list_name", "name", "label"], ["ck", "co", "Có"], ["ck", "khong", "Không"]]
SETTINGS = [["form_id", "version", "form_title"], ["phieu_thu", "1", "Phiếu thử"]]
DECLARED = [["indicator", "label", "unit", "kind"], ["co_wifi", "Có Wi-Fi", "household", "state"]]
ENTITIES = [["list_name", "label"], ["ho_dan", "${ten}"]]


def book(*rows, **sheets) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)
    usual = {"survey": [HEAD, *rows], "choices": CHOICES, "settings": SETTINGS}
    for name, table in {**usual, **sheets}.items():
        if table is not None:
            sheet = made.create_sheet(name)
            for row in table:
                sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def with_part(name: str, content: bytes) -> bytes:
    out = io.BytesIO(book(WIFI))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def question(**cells) -> list:
    return [{"type": "text", "name": "cau", "label": "Câu?", **cells}.get(column) for column in HEAD]


# what is broken: the workbook, (sheet, row, column), a word of what to do
BROKEN = {
    "a list that is not there": (book(["select_one khac", "a", "A?"]), ("survey", 2, "type"), "choices"),
    "a name used twice": (book(question(), question()), ("survey", 3, "name"), "dòng 2"),
    "a wrong formula": (
        book(WIFI, question(relevant="${wifi} == 'co'")),
        ("survey", 3, "relevant"),
        "một dấu =",
    ),
    "brackets that do not close": (
        book(question(type="calculate", calculation="if(1, 2, 3")),
        ("survey", 2, "calculation"),
        "“(”",
    ),
    "an unknown function": (
        book(WIFI, question(relevant="isblank(${wifi})")),
        ("survey", 3, "relevant"),
        "isblank",
    ),
    "no survey sheet": (book(survey=None, khao_sat=[HEAD, question()]), ("", None, None), "“survey”"),
    "a group that is not closed": (
        book(["begin group", "g", "G"], question()),
        ("survey", 2, "type"),
        "end group",
    ),
    "begin and end that do not match": (
        book(["begin group", "g", "G"], question(), ["end repeat"]),
        ("survey", 4, "type"),
        "dòng 2",
    ),
    "an unknown type": (book(question(type="txt")), ("survey", 2, "type"), "Có phải “text”"),
    "a question without words": (book(question(label=None)), ("survey", 2, "label"), "cột label"),
    "a form_id that is an Excel error": (
        book(WIFI, settings=[["form_id", "version"], ["#REF!", "1"]]),
        ("settings", 2, "form_id"),
        "Hãy gõ lại",
    ),
    "a name with marks": (book(question(name="họ tên")), ("survey", 2, "name"), "“ho_ten”"),
    "a reference to no question": (
        book(WIFI, question(relevant="${wfi} = 'co'")),
        ("survey", 3, "relevant"),
        "Có phải ${wifi}",
    ),
    "calculations that wait for each other": (
        book(
            question(),
            question(type="calculate", name="a", label=None, calculation="${b}"),
            question(type="calculate", name="b", label=None, calculation="${a}"),
        ),
        ("survey", 3, "calculation"),
        "bỏ một chỗ",
    ),
    "a choice that is there twice": (
        book(WIFI, choices=[*CHOICES, ["ck", "co", "Có nữa"]]),
        ("choices", 4, "name"),
        "dòng 2",
    ),
    "a choice without a code": (
        book(WIFI, choices=[*CHOICES, ["ck", None, "Khác"]]),
        ("choices", 4, "name"),
        "chưa có mã",
    ),
    "a bad constraint": (book(question(constraint=". > 0 and")), ("survey", 2, "constraint"), "công thức"),
    "a bad repeat_count": (
        book(["begin repeat", "r", "R", None, None, None, "${so"], question(), ["end repeat"]),
        ("survey", 2, "repeat_count"),
        "dấu “}”",
    ),
    "chi_tieu that shows nothing": (
        book(WIFI, *PAIR[:3], PAIR[4], chi_tieu=DECLARED),
        ("survey", 3, "name"),
        "Thêm một dòng note",
    ),
    "half of an indicator's pair": (
        book(WIFI, PAIR[0], PAIR[1], *PAIR[3:], chi_tieu=DECLARED),
        ("survey", 4, "name"),
        "co_wifi_of",
    ),
    "an indicator with a unit that does not exist": (
        book(WIFI, *PAIR, chi_tieu=[DECLARED[0], ["co_wifi", "Có Wi-Fi", "nhà", "state"]]),
        ("chi_tieu", 2, "unit"),
        "household",
    ),
    "an entity that is saved to nowhere": (
        book(question(save_to="dia_chi")),
        ("survey", 2, "save_to"),
        "“entities”",
    ),
    "an entity whose label names no question": (
        book(question(save_to="dia_chi"), entities=ENTITIES),
        ("entities", 2, "label"),
        "ten",
    ),
    "a cell that shows an Excel error": (book(question(label="#REF!")), ("survey", 2, "label"), "Hãy gõ lại"),
    "a sheet with too many rows": (
        book(*(question(name=f"c{n}") for n in range(5_002))),
        ("survey", 5_002, None),
        "5000 dòng",
    ),
    "a file that is no workbook": (b"%PDF-1.7 ...", ("", None, None), "không phải file .xlsx"),
    "a zip bomb": (with_part("xl/media/a.bin", b"0" * 51_000_000), ("", None, None), "nén quá nhiều"),
    "a workbook with macros": (with_part("xl/vbaProject.bin", b"x"), ("", None, None), "macro"),
    "a workbook with entities of XML": (
        with_part("xl/x.xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
        ("", None, None),
        "DTD",
    ),
    "figures out of another workbook": (
        with_part("xl/externalLinks/externalLink1.xml", b"<externalLink/>"),
        ("", None, None),
        "Break Link",
    ),
}


def refused(content: bytes) -> tuple[SheetError, ...]:
    with pytest.raises(FormRejected) as caught:
        publishing.checked(content, "phieu.xlsx")
    return caught.value.errors


@pytest.mark.parametrize("kind", BROKEN)
def test_each_kind_is_told_at_its_place_with_what_to_do(app: Flask, kind: str) -> None:
    content, place, advice = BROKEN[kind]
    errors = refused(content)
    told = [error for error in errors if (error.sheet, error.row, error.column) == place]
    assert told, [str(error) for error in errors]
    assert any(advice in error.sentence for error in told), [str(error) for error in told]
    assert all(error.sentence.rstrip().endswith((".", "?", ":", ")")) for error in errors)


def test_a_good_workbook_has_no_errors(app: Flask) -> None:
    assert publishing.checked(book(WIFI, *PAIR, chi_tieu=DECLARED), "phieu.xlsx").definition.indicators


def test_all_that_is_wrong_is_told_at_once_on_the_page(app: Flask) -> None:
    make_person("can_bo", "officer", make_commune())
    who = browser(app)
    who.sign_in("can_bo")
    wrong = book(question(name="họ tên"), question(type="txt"), ["select_one khac", "a", "A?"])
    page = "/quan-tri/bieu-mau"
    sent = {"csrf_token": who.csrf_token(page), "bieu_mau": (io.BytesIO(wrong), "phiếu.xlsx")}
    text = who.post(page, data=sent).text
    assert "3 chỗ cần sửa" in text
    for address in (">B2<", ">A3<", ">A4<"):
        assert address in text
