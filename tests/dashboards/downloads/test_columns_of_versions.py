"""X1, X4: each answer has one column of its own under one name, whatever version of the form it came with."""

import io
from pathlib import Path

import openpyxl
import pytest
from flask import Flask

from server.db import db
from server.models import FormFile
from tests import sample
from tests.server.review.test_corrections_of_own_forms import Office

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


def read(name: str) -> bytes:
    return (DATA / name).read_bytes()


def send(office: Office, *names: str) -> None:
    for name in names:
        sample.publish(read(f"exports/{name}.md").decode())
        [answer] = office.phone.send(read(f"exports/{name}-sent.xml"))
        assert answer.status == 201, answer.message


def taken(office: Office, form: str, words: str = "") -> dict[str, list[list[str]]]:
    """Each sheet of the workbook as rows of texts, the header first."""
    answer = office.officer.get(f"/xa/11629/tai-ve/phieu?bieu_mau={form}&dang=xlsx&{words}")
    assert answer.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    return {
        sheet.title: [
            ["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)
        ]
        for sheet in book.worksheets
    }


def test_two_questions_of_one_name_have_a_column_each(office: Office) -> None:
    """X1."""
    send(office, "01")
    files = taken(office, "hai_nhom_gieng", "nhan=0")
    header, row = files["Hai nhóm"]
    told = dict(zip(header, row, strict=True))
    assert (told["chu_nha/ten"], told["hang_xom/ten"]) == ("Vĩnh Khê", "Đông Lĩnh")
    assert len(set(header)) == len(header)
    assert {"chu_nha/ten", "hang_xom/ten"} <= {line[0] for line in files["_bang_ma"]}


def test_a_rank_keeps_its_order_and_its_columns_hold_places(office: Office) -> None:
    """X4."""
    send(office, "01")
    header, row = taken(office, "hai_nhom_gieng", "nhan=0&nhieu=tach")["Hai nhóm"]
    told = dict(zip(header, row, strict=True))
    assert (told["xep/nuoc"], told["xep/mang"], told["xep/dien"]) == ("1", "2", "3")
    header, row = taken(office, "hai_nhom_gieng", "nhan=0")["Hai nhóm"]
    assert dict(zip(header, row, strict=True))["xep"] == "nuoc mang dien"


def test_a_group_that_became_a_repeat_keeps_its_old_answers(office: Office) -> None:
    """X4."""
    send(office, "02-v1", "02-v2")
    files = taken(office, "doi_nhom_gieng", "nhan=1")
    header, first, second = files["Đổi nhóm"]
    old, new = (dict(zip(header, row, strict=True)) for row in (first, second))
    assert (old["Địa chỉ"], new["Địa chỉ"]) == ("Đông Lĩnh 1", "")
    assert (old["Mạng"], new["Mạng"]) == ("Trúc Sơn", "Ninh Tảo, Trúc Sơn")
    assert [row[0] for row in files["nha"]] == ["Địa chỉ", "Đông Lĩnh 2"]
    split = taken(office, "doi_nhom_gieng", "nhan=0&nhieu=tach")["Đổi nhóm"]
    told = [dict(zip(split[0], row, strict=True)) for row in split[1:]]
    assert [(each["mang/v"], each["mang/m"]) for each in told] == [("1", "0"), ("1", "1")]


def test_lists_from_files_are_told_by_their_labels(office: Office) -> None:
    """X3, X17."""
    version = sample.publish(read("review/places.md").decode())
    content = {"content": read("review/ben_xe.csv"), "media_type": "text/csv", "md5": ""}
    db.session.add(FormFile(form_version_id=version.id, name="ben_xe.csv", **content))
    db.session.commit()
    [answer] = office.phone.send(read("review/places-sent.xml"))
    assert answer.status == 201, answer.message
    files = taken(office, "tuyen_gieng", "nhan=1")
    header, row = files["Tuyến Bến xe"]
    told = dict(zip(header, row, strict=True))
    assert (told["Bến xe"], told["Bến xe khác"]) == ("Bến Cầu Đá", "Bến Cầu Đá, Bến Gốc Gạo")
    assert ["b2", "Bến Cầu Đá"] in [line[4:6] for line in files["_bang_ma"]]
    header, row = taken(office, "tuyen_gieng", "nhan=0")["Tuyến Bến xe"]
    assert dict(zip(header, row, strict=True))["ben_xe"] == "b2"


def form_of(rows: str, version: str = "1") -> str:
    """A form with these rows of questions, each "type name label"."""
    survey = "".join(f"| | {' | '.join(row.split(' / '))} |\n" for row in rows.splitlines())
    choices = "| choices |\n| | list_name | name | label |\n" + "".join(
        f"| | k | {code} | {label} |\n" for code, label in (("a", "An"), ("b", "Bình"), ("c", "An"))
    )
    settings = f"| settings |\n| | form_title | form_id | version |\n| | Giếng | gieng | {version} |\n"
    return f"| survey |\n| | type | name | label |\n{survey}{choices}{settings}"


def told(
    office: Office, answers: tuple[tuple[str, str], ...], words: str
) -> tuple[list[dict[str, str]], ...]:
    """Rows of the main sheet and of the repeat `nha`, after a version with a visit for each (questions, answers)."""
    for version, (rows, body) in enumerate(answers, 1):
        sample.publish(form_of(rows, str(version)))
        xml = sample.filled(body, form_id="gieng", version=str(version), instance_id=f"uuid:{version}")
        [answer] = office.phone.send(xml)
        assert answer.status == 201, answer.message
    files = taken(office, "gieng", words)
    sheets = (files["Giếng"], files.get("nha", [[]]))
    assert all(len(set(header)) == len(header) for header, *_ in sheets)
    return tuple([dict(zip(sheet[0], row, strict=True)) for row in sheet[1:]] for sheet in sheets)


REPEAT = "begin repeat / nha / Nhà\ntext / dia_chi / Địa chỉ\nend repeat / /"
ROUNDS = "<nha><dia_chi>Ngõ 1</dia_chi></nha><nha><dia_chi>Ngõ 2</dia_chi></nha>"


@pytest.mark.parametrize("kind", ["text", "select_one k", "select_multiple k", "geopoint", "integer"])
@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("words", ["nhan=1", "nhan=0&nhieu=tach"])
def test_a_question_that_becomes_a_repeat_keeps_its_answer_and_the_rounds_their_sheet(
    office: Office, kind: str, is_first: bool, words: str
) -> None:
    """X4, X8: in either order; before, the file could not be made."""
    text = {"geopoint": "20.8 106.4 0 5", "integer": "7"}.get(kind, "a")
    question, repeat = (f"{kind} / nha / Nhà", f"<nha>{text}</nha>"), (REPEAT, ROUNDS)
    main, rounds = told(office, (question, repeat) if is_first else (repeat, question), words)
    assert [each.get("Địa chỉ") or each["dia_chi"] for each in rounds] == ["Ngõ 1", "Ngõ 2"]
    own = [
        [text for heading, text in each.items() if heading.lower().startswith(("nhà", "nha")) and text]
        for each in main
    ]
    assert own[not is_first]
    assert own[is_first] == []


def test_an_answer_of_a_version_that_asked_otherwise_stays_as_it_was_sent(office: Office) -> None:
    """X4: a place that was a name, a name that was a place, a free text before choices."""
    first = (
        "text / g / Đình\ngeopoint / h / Chùa\ntext / m / Màu\nselect_multiple k / n / Nước",
        "<g>đình làng</g><h>20.8 106.4 0 5</h><m>đỏ tươi</m><n>c a</n>",
    )
    second = (
        "geopoint / g / Đình\ntext / h / Chùa\nselect_multiple k / m / Màu\ntext / n / Nước",
        "<g>20.9 106.5 1 2</g><h>chùa làng</h><m>a b</m><n>mưa</n>",
    )
    main, _ = told(office, (first, second), "nhan=0&nhieu=tach")
    assert [(each["g"], each["g (vĩ độ)"]) for each in main] == [("đình làng", ""), ("", "20.9")]
    assert [each["h"] for each in main] == ["20.8 106.4 0 5", "chùa làng"]
    assert [(each["m"], each["m/a"], each["m/b"]) for each in main] == [
        ("đỏ tươi", "0", "0"),
        ("a b", "1", "1"),
    ]
    assert [each["n"] for each in main] == ["c a", "mưa"]


def test_no_header_stands_twice_whatever_questions_and_choices_are_called(office: Office) -> None:
    """X1: questions named as our own columns, labels that are theirs, choices of one label."""
    rows = "text / _id / Mã\ntext / _index / Dòng\ntext / so / Số phiếu\nselect_multiple k / mon / Món"
    body = "<_id>7</_id><_index>8</_index><so>9</so><mon>c b</mon>"
    main, _ = told(office, ((rows, body),), "nhan=1&nhieu=ca_hai")
    [row] = main
    assert [row[name] for name in ("Mã", "Dòng [_index]", "Số phiếu [so]")] == ["7", "8", "9"]
    assert [row[name] for name in ("Món/An [mon/a]", "Món/Bình", "Món/An [mon/c]")] == ["0", "1", "1"]
    header, row_of_codes = taken(office, "gieng", "nhan=0")["Giếng"]
    assert len(set(header)) == len(header)
    assert dict(zip(header, row_of_codes, strict=True))["_id [_id]"] == "7"


def test_several_answers_with_a_code_that_no_list_has_keep_their_labels(office: Office) -> None:
    """X4, X5: the reader is told of the code, not of every code."""
    main, _ = told(office, (("select_multiple k / mon / Món", "<mon>b la a</mon>"),), "nhan=1&nhieu=ca_hai")
    assert (main[0]["Món"], main[0]["Món/Bình"], main[0]["Món/An [mon/c]"]) == ("Bình, la, An", "1", "0")


@pytest.mark.parametrize(
    "moment", ["9999-12-31T23:59:59.999-12:00", "0001-01-01T00:00:00.000+14:00", "hôm qua"]
)
def test_a_moment_that_no_calendar_here_holds_stops_no_file(office: Office, moment: str) -> None:
    """X9: it stays as it was sent."""
    main, _ = told(office, (("dateTime / luc / Lúc\ndate / ngay / Ngày", f"<luc>{moment}</luc>"),), "nhan=1")
    assert main[0]["Lúc"] == moment
