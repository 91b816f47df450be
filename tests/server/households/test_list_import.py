"""Lists of households from Excel and CSV: every heading people use, every wrong row named, twins told, all undone."""

import contextlib
import io
import unicodedata
import uuid
from collections.abc import Sequence

import openpyxl
import pytest
import sqlalchemy as sa
import xlsxwriter
from flask import Flask
from flask.testing import FlaskCliRunner
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from geo.encodings import TCVN3_TABLE
from server.db import db
from server.households import household_acts, list_changes, list_comparison, list_import, merge_households
from server.households.list_changes import ListDecisions
from server.households.list_import import RegisterRejected
from server.models import Commune, Entity, HouseholdImport
from tests.people import Browser
from tests.server.households.test_household_acts import officer as acting
from tests.server.households.test_household_acts import writing
from tests.server.intake.test_receive_submission import Place, Visit, count, differences, place, send, sums
from tests.server.office.test_household_pages import signed_in

__all__ = ["place"]  # a fixture is found by its name
PAGE = "/quan-tri/xa/11629/ho/nhap"


def workbook(rows: Sequence[Sequence[object]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("Danh sách")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return out.getvalue()


def commune() -> Commune:
    return db.session.scalars(sa.select(Commune).where(Commune.code == "11629")).one()


def load(content: bytes, filename: str = "ho.xlsx", also: Sequence[int] = ()) -> tuple[int, int]:
    """The key of the import, and how many households it added."""
    db.session.rollback()
    kept = list_import.keep(commune(), content, filename, actor="person:1", name="Hạnh")
    stored = list_changes.store(kept, commune(), lambda _: ListDecisions(other=frozenset(also)))
    added, key = stored.added, kept.id
    db.session.commit()
    db.session.close()
    return key, added


def active() -> int:
    db.session.rollback()
    found = db.session.scalar(sa.select(sa.func.count()).where(Entity.ended_at.is_(None))) or 0
    db.session.close()
    return found


@pytest.mark.parametrize(
    ("head", "row", "address"),
    [
        (("Họ tên chủ hộ", "Thôn", "Địa chỉ"), ("Nguyễn Văn Ấm", "Thôn 1", "Ngõ 3, số 5"), "Ngõ 3, số 5"),
        (("CHỦ HỘ", "Mã thôn", "Ngõ", "Số nhà"), ("Nguyễn Văn Ấm", "11629001", "Ngõ 3", 5), "Ngõ 3, số 5"),
        (("stt", "ho va ten", "to dan pho"), (1, "Nguyễn Văn Ấm", "1"), ""),
    ],
)
def test_headings_are_understood_as_people_write_them(
    place: Place, head: Sequence[object], row: Sequence[object], address: str
) -> None:
    load(workbook([head, row]))
    entity = db.session.scalars(sa.select(Entity)).one()
    assert (entity.label, entity.data["dia_chi"], entity.data["thon"]) == (
        f"Nguyễn Văn Ấm, {address}".rstrip(", "),
        address,
        "11629001",
    )
    assert entity.data["tinh_trang"] == "chua_tham"


def in_tcvn3(text: str) -> bytes:
    back = {letter: byte for byte, letter in TCVN3_TABLE.items()}
    return bytes(back.get(letter, ord(letter)) for letter in text)


@pytest.mark.parametrize("letters", ["utf-8", "utf-8-sig", "cp1258", "tcvn3"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_csv_in_old_letters_and_with_any_mark(place: Place, letters: str, mark: str) -> None:
    text = (
        mark.join(("Họ tên", "Thôn", "Địa chỉ"))
        + "\n"
        + mark.join(("Đỗ Thị Hường", "Thôn 2", "Ngõ Đình"))
        + "\n"
    )
    if letters == "tcvn3":
        content = in_tcvn3(text)
    elif letters == "cp1258":
        content = b"".join(
            letter.encode("cp1258", "ignore")
            or unicodedata.normalize("NFD", letter).encode("cp1258", "ignore")
            for letter in text
        )
    else:
        content = text.encode(letters)
    [row] = list_import.read(content, "ho.csv")
    assert row.parts.name.startswith("Đ")
    assert list_comparison.compare([row], commune()).new[0].village.code == "11629002"


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([("Tên", "Thôn"), ("A", "Thôn 1")], "“Họ tên chủ hộ”"),
        ([("Chủ hộ", "Xóm cũ"), ("A", "B")], "“Thôn”"),
        ([("Chủ hộ", "Thôn")], "chỉ có dòng tiêu đề"),
        ([("Chủ hộ", "Thôn"), ("Ấm", "Thôn 1"), ("", "Thôn 1")], "Dòng 3: chưa có họ tên chủ hộ."),
        ([("Chủ hộ", "Thôn"), ("Ấm", "")], "Dòng 2: chưa ghi thôn."),
        ([("Chủ hộ", "Thôn"), ("Ấm", "Thôn 9")], "Dòng 2: xã không có thôn “Thôn 9”."),
    ],
)
def test_what_is_wrong_is_told_by_row_and_nothing_is_stored(
    place: Place, rows: Sequence[Sequence[object]], sentence: str
) -> None:
    with pytest.raises(RegisterRejected) as rejected:
        load(workbook(rows))
    assert sentence in str(rejected.value)
    db.session.rollback()
    assert count(Entity) == 0


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01\x02", b"PK\x03\x04 no workbook", b'"open,\n', b"\xff" * 500]
)
@pytest.mark.parametrize("filename", ["ho.xlsx", "ho.csv", "../../ho.xls"])
def test_what_is_no_list_is_refused_in_words(place: Place, content: bytes, filename: str) -> None:
    with pytest.raises(RegisterRejected):
        list_import.read(content, filename)


@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.xlsx", "a.txt"]))
@hypothesis_settings(max_examples=60, deadline=None)
def test_reading_never_fails_in_another_way(content: bytes, filename: str) -> None:
    with contextlib.suppress(RegisterRejected):
        assert list_import.read(content, filename)


def test_a_thousand_households_with_thirty_twice_are_counted_right_through_merge_and_undo(
    place: Place,
) -> None:
    """Import, twins told, merge, undo; counts right at each step."""
    rows: list[Sequence[object]] = [("Họ tên chủ hộ", "Thôn", "Địa chỉ")]
    rows += [(f"Hộ {n} Nguyễn Văn T{n}", f"Thôn {n % 2 + 1}", f"Ngõ {n % 40}, số {n}") for n in range(970)]
    rows += [(f"HỘ {n} Nguyen Van T{n}", f"Thôn {n % 2 + 1}", "") for n in range(30)]
    content = workbook(rows)
    compared = list_comparison.compare(list_import.read(content, "ho.xlsx"), commune())
    assert (len(compared.new), len(compared.twins)) == (970, 30)
    assert {twin.other_row for twin in compared.twins} == set(range(2, 32))
    key, added = load(content)
    assert (active(), added) == (970, 970)

    # the first once more, ticked as another household
    _, added = load(workbook([rows[0], rows[1], ("Người mới", "Thôn 1", "")]), also=[2])
    assert (added, active()) == (2, 972)
    first, twin = db.session.scalars(
        sa.select(Entity.id)
        .where(Entity.label == "Hộ 0 Nguyễn Văn T0, Ngõ 0, số 0")
        .order_by(Entity.created_at)
    ).all()
    send(household_visit(first, stated=((1, 1), (1, 2), None, None)), place.both)
    send(household_visit(twin, stated=((1, 1), (4, 4), None, None)), place.both)
    assert sums()["vneid_nguoi_dan"] == (5, 6, 2)
    with writing() as connection:
        act = merge_households.merge(connection, first, twin, acting(place))
    assert active() == 971
    assert sums()["vneid_nguoi_dan"] == (4, 4, 1)
    with writing() as connection:
        household_acts.undo(connection, act, acting(place))
    assert (active(), sums()["vneid_nguoi_dan"]) == (972, (5, 6, 2))
    assert differences() == []

    third, _ = load(workbook([rows[0], ("Hộ sau cùng", "Thôn 2", "")]))
    assert list_changes.undo(list_import.found(commune(), third)) == list_changes.UndoneList(1, 0, 0)
    db.session.commit()
    assert active() == 972
    # the first of all was visited: it stays
    assert list_changes.undo(list_import.found(commune(), key)) == list_changes.UndoneList(969, 0, 1)
    db.session.commit()
    assert active() == 3
    assert differences() == []


class _OfId(Visit):
    """A visit to a household of any id."""

    def xml(self) -> bytes:
        own = str(uuid.UUID(int=self.household, version=4)).encode()
        return super().xml().replace(own, str(uuid.UUID(int=self.household)).encode())


def household_visit(entity: uuid.UUID, **fields: object) -> Visit:
    return _OfId(household=entity.int, **fields)  # type: ignore[arg-type]


def test_an_officer_looks_before_anything_is_stored_and_may_take_it_back(app: Flask, place: Place) -> None:
    browser: Browser = signed_in(app, "officer", "can.bo")
    rows = [
        ("Chủ hộ", "Thôn"),
        ("Nguyễn Văn Ấm", "Thôn 1"),
        ("Nguyen Van Am", "Thôn 1"),
        ("Đỗ Sen", "Thôn 2"),
    ]
    sent = browser.post(PAGE, data={"tep": (io.BytesIO(workbook(rows)), "ho.xlsx")})
    assert sent.status_code == 302
    look = browser.get(sent.headers["Location"]).get_data(as_text=True)
    assert "dòng 3" in look
    assert active() == 0
    browser.post(sent.headers["Location"], data={})
    assert active() == 2
    kept = db.session.scalars(sa.select(HouseholdImport)).one()
    assert kept.content is None
    db.session.rollback()
    assert browser.post(sent.headers["Location"], data={}).status_code == 404
    browser.post(sent.headers["Location"], data={"viec": "undo"})
    assert active() == 0


def test_a_wrong_list_is_told_on_the_page(app: Flask, place: Place) -> None:
    browser = signed_in(app, "officer", "can.bo")
    rows = [("Chủ hộ", "Thôn"), ("Nguyễn Văn Ấm", "Thôn 77")]
    sent = browser.post(PAGE, data={"tep": (io.BytesIO(workbook(rows)), "ho.xlsx")})
    assert sent.status_code == 422
    assert "Dòng 2: xã không có thôn “Thôn 77”." in sent.get_data(as_text=True)
    at = f"{PAGE}/{db.session.scalars(sa.select(HouseholdImport.id)).one()}"
    mended = openpyxl.load_workbook(io.BytesIO(browser.get(f"{at}/can-sua.xlsx").data)).active
    assert [mended["A2"].value, mended["C2"].value] == ["Nguyễn Văn Ấm", "Thôn 77"]
    assert browser.post(at, data={}).status_code == 422
    assert browser.post(PAGE, data={}).status_code == 422
    assert count(Entity) == 0


def test_the_command_loads_a_list_and_takes_it_back(app: Flask, place: Place, tmp_path) -> None:
    runner: FlaskCliRunner = app.test_cli_runner()
    path = tmp_path / "ho.xlsx"
    path.write_bytes(workbook([("Chủ hộ", "Thôn"), ("Nguyễn Văn Ấm", "Thôn 1"), ("Nguyễn Văn Âm", "Thôn 1")]))
    db.session.close()
    checked = runner.invoke(args=["households", "import", "--commune", "11629", "--check", str(path)])
    assert (checked.exit_code, active()) == (0, 0), checked.output + repr(checked.exception)
    loaded = runner.invoke(args=["households", "import", "--commune", "11629", str(path)])
    assert "1 hộ mới, 0 hộ đổi tên hoặc địa chỉ" in loaded.output
    assert "1 dòng cần hỏi lại; đã thêm 1 hộ." in loaded.output
    assert active() == 1
    key = db.session.scalars(sa.select(HouseholdImport.id)).one()
    db.session.close()
    assert runner.invoke(args=["households", "undo", "--commune", "11629", str(key)]).exit_code == 0
    assert active() == 0
    path.write_bytes(b"no list")
    assert runner.invoke(args=["households", "import", "--commune", "11629", str(path)]).exit_code == 1
