"""Pages of collectors: add one or a hundred, print their codes, change thôn, rotate, revoke; who may open them."""

import io
import re
import zlib
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from server.db import db
from server.models import Audit, Collector, Commune, Village
from server.office import collector_pages
from server.phones import collectors, collectors_import
from server.phones.collectors_import import TableRejected
from tests import sample
from tests.people import Browser, browser, make_person

PAGE = "/quan-tri/xa/11629/thanh-vien"


@pytest.fixture
def commune(app: Flask) -> Commune:
    """An Lão with three thôn, two of which have one name."""
    found = sample.make_commune()
    sample.make_village(found, "11629001", "Thôn Đông")
    sample.make_village(found, "11629002", "Thôn Đoài")
    sample.make_village(found, "11629003", "Thôn Đoài")
    return found


@pytest.fixture
def officer(app: Flask, commune: Commune) -> Browser:
    make_person("can.bo", "officer", commune)
    found = browser(app)
    found.sign_in("can.bo")
    return found


def _collectors() -> list[Collector]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Collector).order_by(Collector.id)))


def _acts() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Audit.act).order_by(Audit.id)))


def _queries(work: Callable[[], object]) -> int:
    """How many statements something takes."""
    said: list[str] = []

    def note(*told: object) -> None:
        said.append(str(told[2]))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    return len(said)


def _post(officer: Browser, path: str, page: str = f"{PAGE}/them", **data: object) -> TestResponse:
    return officer.post(path, data={"csrf_token": officer.csrf_token(page), **data})


TABLE = "/quan-tri/xa/11629/bang/thanh-vien"


def _send(officer: Browser, **data: object) -> TestResponse:
    """Send a table and, where nothing is wrong with it, say yes to what the page shows."""
    answer = _post(officer, TABLE, TABLE, **data)
    return _post(officer, answer.location, TABLE, viec="luu") if answer.status_code == 302 else answer


def test_one_is_added_and_has_a_code_to_print(officer: Browser) -> None:
    village = db.session.scalar(sa.select(Village.id).where(Village.code == "11629001"))
    answer = _post(officer, f"{PAGE}/them", ho_ten="Phạm Thị Ơn", thon=[village])
    assert answer.status_code == 302
    [made] = _collectors()
    page = officer.get(answer.location).text
    assert "Phạm Thị Ơn" in page
    assert "Đã thêm" in page
    assert collectors.token(made) not in page
    assert collectors.password(made) not in page


def test_one_without_a_thon_is_refused_and_what_was_typed_stays(officer: Browser) -> None:
    answer = _post(officer, f"{PAGE}/them", ho_ten="Phạm Thị Ơn")
    assert answer.status_code == 422
    assert 'value="Phạm Thị Ơn"' in answer.text
    assert "cần ít nhất một thôn" in answer.text
    assert _collectors() == []


def test_a_button_pressed_twice_adds_one_and_a_namesake_is_added_when_said_so(officer: Browser) -> None:
    village = str(db.session.scalar(sa.select(Village.id).where(Village.code == "11629001")))
    other = str(db.session.scalar(sa.select(Village.id).where(Village.code == "11629002")))
    db.session.rollback()
    for name, thon, status in (
        ("Mạc Thị Sớm", village, 302), ("Mạc Thị Sớm", village, 422), ("mac thi som", village, 422),
        ("Mạc Thị Sớm", other, 302),
    ):  # fmt: skip
        answer = _post(officer, f"{PAGE}/them", ho_ten=name, thon=thon)
        assert answer.status_code == status
    asked = _post(officer, f"{PAGE}/them", ho_ten="Mạc Thị Sớm", thon=village).text
    assert "đã có ở thôn này. Chưa thêm ai." in asked
    assert 'name="nguoi_khac"' in asked
    assert len(_collectors()) == 2
    db.session.rollback()
    assert (
        _post(officer, f"{PAGE}/them", ho_ten="Mạc Thị Sớm", thon=village, nguoi_khac="1").status_code == 302
    )
    assert len(_collectors()) == 3


def test_a_hundred_are_added_from_a_table(officer: Browser) -> None:
    rows = "\n".join(f"Người {n}\t{'11629001' if n % 2 else 'thon dong; 11629002'}" for n in range(100))
    answer = _send(officer, dan=f"Họ tên\tThôn\n{rows}")
    assert answer.status_code == 302
    made = _collectors()
    assert len(made) == 100
    assert [v.code for v in collectors.walked(made[0])] == ["11629001", "11629002"]
    first, second = officer.get(PAGE).text, officer.get(f"{PAGE}?trang=2").text
    assert (first.count('scope="row"'), second.count('scope="row"')) == (50, 50)


def test_those_who_were_added_together_are_shown_with_their_codes_alone(officer: Browser) -> None:
    """Everyday task 4: five collectors from a table, their five codes."""
    _send(officer, dan="Họ tên\tThôn\nCũ Văn Một\t11629001")
    rows = "\n".join(f"Mạc Thị Số {n}\t11629001" for n in range(5))
    answer = _send(officer, dan=f"Họ tên\tThôn\n{rows}")
    page = officer.get(answer.headers["Location"]).text
    assert "Đã thêm 5 thành viên" in page
    assert page.count('class="code-card"') == 5
    assert "Cũ Văn Một" not in page


def test_the_sheet_of_a_changed_code_says_what_to_do_with_the_old_project(officer: Browser) -> None:
    """Case qr-01."""
    _send(officer, dan="Họ tên\tThôn\nMạc Thị Sớm\t11629001")
    [made] = _collectors()
    assert "xóa dự án cũ" not in officer.get(f"{PAGE}/to-in?nguoi={made.id}").text
    _post(officer, f"{PAGE}/{made.id}/doi-ma")
    page = officer.get(f"{PAGE}/to-in?nguoi={made.id}").text
    assert "Mạc Thị Sớm (mã 2)" in page
    assert "Gửi hết phiếu trong dự án cũ, rồi xóa dự án cũ." in page


def test_a_workbook_is_read_as_excel_writes_it(officer: Browser) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (("STT", "Họ và tên", "Mã thôn"), (1, "Đỗ Văn Ất", 11629001), (None, None, None)):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    answer = _send(officer, tep=(file, "tổ.xlsx"))
    assert answer.status_code == 302
    assert [(c.name, collectors.walked(c)[0].code) for c in _collectors()] == [("Đỗ Văn Ất", "11629001")]


def test_a_table_with_wrong_rows_adds_nobody_and_names_each(officer: Browser) -> None:
    table = "Họ tên;Thôn\nAn;11629001\n;11629001\nBình;Thôn Nam\nChi;Thôn Đoài\nDung;\nAn;Thôn Đông\n"
    page = _send(officer, dan=table)
    assert page.status_code == 422
    for line, words in (
        (4, "xã không có thôn “Thôn Nam”"),
        (5, "có 2 thôn tên “Thôn Đoài”; hãy ghi mã: 11629002, 11629003"),
        (6, "chưa ghi thôn của Dung"),
        (7, "An đã có ở thôn này (dòng 2)"),
    ):
        assert f"Dòng {line}: {words}" in page.text
    assert _collectors() == []


def test_a_name_that_cannot_be_used_is_told_with_its_row(commune: Commune) -> None:
    with pytest.raises(TableRejected, match="Dòng 3: Tên thành viên"):
        collectors_import.add(collectors_import.read_text("Họ tên,Thôn\nAn,11629001\n,11629001"), commune)


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "a.csv", "Bảng trống"),
        ("Tên,Nơi\nAn,1".encode(), "a.csv", "tiêu đề có cột “Họ tên” và “Mã thôn” hoặc “Thôn”.*“Tên”, “Nơi”"),
        ("Họ tên,Thôn\n".encode(), "a.csv", "chỉ có dòng tiêu đề"),
        (b"not a workbook", "a.xlsx", "Không thấy dòng tiêu đề"),
        (b"PK\x03\x04 no workbook", "a.xlsx", "không phải file .xlsx"),
        (bytes(500), "a.xlsx", "không phải bảng Excel"),
        (("Họ tên,Thôn\n" + "An,1\n" * 501).encode(), "a.csv", "nhiều nhất 500"),
    ],
)
def test_a_file_that_is_no_table_says_what_to_do(content: bytes, name: str, words: str) -> None:
    with pytest.raises(TableRejected, match=words):
        collectors_import.read(content, name)


def test_the_sheet_shows_codes_and_its_printing_is_logged(officer: Browser, commune: Commune) -> None:
    made = sample.make_collector(commune, commune.villages[:1], "Bùi Thị Ếch")
    before = officer.get(f"{PAGE}/to-in").text
    again = officer.get(f"{PAGE}/to-in").text
    for words in ("Bùi Thị Ếch", "Thôn Đông", "Quét mã QR", made.password, "<svg"):
        assert words in before
    drawn = re.compile("<svg.*?</svg>", re.DOTALL)
    assert drawn.findall(before) == drawn.findall(again)
    assert _acts().count("collector.print") == 2


def test_many_codes_are_shown_some_at_once_and_only_those_shown_are_logged(
    officer: Browser, commune: Commune, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["Lê Văn An", "Đỗ Thị Ẩn", "Trần Bình", "Vũ Thị Ý", "Bùi Thị Ếch"]
    for name in names:
        sample.make_collector(commune, commune.villages[:1], name)
    shown = re.compile("<h2>(.*?)</h2>")
    whole = shown.findall(officer.get(f"{PAGE}/to-in").text)
    assert sorted(whole) == sorted(names)
    monkeypatch.setattr(collector_pages, "CODES", 2)
    address, pages = f"{PAGE}/to-in?thon={commune.villages[0].id}", []
    while address:
        page = officer.get(address).text
        assert "trong 5 mã" in page
        pages.append(shown.findall(page))
        onwards = re.search(r'href="([^"]+)" rel="next"', page)
        address = onwards[1].replace("&amp;", "&") if onwards else ""
    assert pages == [whole[:2], whole[2:4], whole[4:]]
    db.session.rollback()
    rows = db.session.scalars(
        sa.select(Audit.detail).where(Audit.act == "collector.print").order_by(Audit.id)
    )
    assert [len(row["collectors"]) for row in rows if row] == [5, 2, 2, 1]


def test_the_sheet_is_a_pdf_too(officer: Browser, commune: Commune) -> None:
    pytest.importorskip("weasyprint", exc_type=OSError)
    sample.make_collector(commune, commune.villages[:1])
    answer = officer.get(f"{PAGE}/to-in?dang=pdf")
    assert answer.content_type == "application/pdf"
    assert answer.data.startswith(b"%PDF-")


def test_five_codes_fit_on_a_page_of_the_pdf(officer: Browser, commune: Commune) -> None:
    pytest.importorskip("weasyprint", exc_type=OSError)
    for number in range(11):
        sample.make_collector(commune, commune.villages[:1], f"Người số {number}")
    sheet = officer.get(f"{PAGE}/to-in?dang=pdf").data
    packed = re.findall(rb"/ObjStm[^<>]*>>\s*stream\r?\n(.*?)endstream", sheet, re.DOTALL)
    objects = b"".join(zlib.decompressobj().decompress(part) for part in packed)
    assert len(re.findall(rb"/Type\s*/Page\b", objects)) == 3


def test_rotating_and_revoking_are_two_acts_and_revoking_warns_first(
    officer: Browser, commune: Commune
) -> None:
    made = sample.make_collector(commune, commune.villages[:1])
    one = f"{PAGE}/{made.collector.id}"
    assert _post(officer, f"{one}/doi-ma", page=one).status_code == 302
    warning = officer.get(f"{one}/thu-hoi").text
    assert "Phiếu đã điền mà chưa gửi sẽ mất" in warning
    assert "Liên lạc lần cuối" in warning
    assert _collectors()[0].revoked_at is None
    assert _post(officer, f"{one}/thu-hoi", page=f"{one}/thu-hoi").status_code == 302
    assert _collectors()[0].revoked_at is not None
    assert [act for act in _acts() if act.startswith("collector.")][1:] == [
        "collector.rotate",
        "collector.revoke",
    ]
    assert collectors.token(_collectors()[0]) not in officer.get(f"{PAGE}/to-in").text


def test_thon_are_changed_on_the_page(officer: Browser, commune: Commune) -> None:
    made = sample.make_collector(commune, commune.villages[:1])
    one, wanted = f"{PAGE}/{made.collector.id}", commune.villages[1].id
    assert _post(officer, f"{one}/thon", page=one, thon=[wanted]).status_code == 302
    page = officer.get(one).text
    assert "còn trên điện thoại đến" in page
    assert _post(officer, f"{one}/thon", page=one).status_code == 422


def test_nobody_else_opens_them(app: Flask, commune: Commune) -> None:
    """R24: an officer's pages, of his own commune."""
    made = sample.make_collector(commune, commune.villages[:1])
    other = sample.make_commune("10930", "Mao Điền")
    paths = ("", "/them", "/to-in", f"/{made.collector.id}", f"/{made.collector.id}/thu-hoi")
    make_person("lanh.dao", "leader", commune)
    make_person("can.bo.khac", "officer", other)
    for name in ("lanh.dao", "can.bo.khac"):
        visitor = browser(app)
        visitor.sign_in(name)
        assert {visitor.get(f"{PAGE}{path}").status_code for path in paths} == {403}
    stranger = browser(app)
    stranger.sign_in("can.bo.khac")
    assert stranger.get(f"/quan-tri/xa/10930/thanh-vien/{made.collector.id}").status_code == 404


def test_the_list_costs_the_same_for_two_and_for_forty(officer: Browser, commune: Commune) -> None:
    for _ in range(2):
        sample.make_collector(commune, commune.villages[:1])
    officer.get(PAGE)
    few = _queries(lambda: officer.get(PAGE))
    for _ in range(38):
        sample.make_collector(commune, commune.villages[:2])
    assert _queries(lambda: officer.get(PAGE)) == few
