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
