"""Links that open one table without signing in: made, read with their maker's rights, and ended (N16, R24, R25)."""

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, html
from PIL import Image
from werkzeug.test import TestResponse

from dashboards.downloads import flat_files
from geo.coverage_json import to_json
from server import audit, clock
from server.accounts import persons
from server.api.odata import query_options
from server.coverage import coverage_table
from server.db import db
from server.exports.flat_table import DECIMAL, FlatColumn, FlatTable
from server.models import Audit, Commune, Person, SharedLink, TallyDay, Village
from server.operations import logs
from tests.conftest import Template, filled_once
from tests.exported import ANSWERS, FORM, store
from tests.leaders import NOON, TODAY, fill, sign_up
from tests.people import Browser, browser
from tests.sample import make_entity, publish

YESTERDAY = TODAY - dt.timedelta(days=1)
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture(scope="module")
def prepared(template_database: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """An Lão with fourteen thôn, and somebody of each role that has links."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: NOON)
        with filled_once(template_database, tmp_path_factory.mktemp("links"), _fill) as found:
            yield found


@pytest.fixture
def commune(app: Flask) -> Commune:
    found = db.session.scalars(sa.select(Commune).where(Commune.code == "11629")).one()
    db.session.commit()
    return found


def _fill(_app: Flask) -> None:
    commune = fill("11629", villages=14)
    for role, name in (
        ("leader", "lanh.dao"),
        ("officer", "can.bo"),
        ("city", "thanh.pho"),
        ("reviewer", "soat"),
    ):
        sign_up(commune, role, name)
    db.session.commit()


def signed_in(app: Flask, name: str) -> Browser:
    visitor = browser(app)
    assert visitor.sign_in(name).status_code == 302
    return visitor


def make(
    visitor: Browser, subject: str, base: str = "/xa/11629/tai-ve/lien-ket", **fields: str
) -> TestResponse:
    sent = {"ten": "Báo cáo tuần", "bang": subject, "han": "30", "csrf_token": visitor.csrf_token(base)}
    return visitor.post(base, data=sent | fields)


def made(visitor: Browser, subject: str, base: str = "/xa/11629/tai-ve/lien-ket", **fields: str) -> str:
    """The path of a link just made, as the page tells it once."""
    assert make(visitor, subject, base, **fields).status_code == 302
    told = visitor.get(base).text
    found = re.search(r"http://localhost(/lien-ket/[\w-]{43})</p>", told)
    assert found
    assert found[1] not in visitor.get(base).text
    return found[1]


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def test_a_link_opens_the_thon_without_signing_in_until_yesterday(app: Flask, commune: Commune) -> None:
    path = made(signed_in(app, "lanh.dao"), "coverage")
    with app.app_context():
        told = to_json(coverage_table.table(db.session.merge(commune), feed=True))
    answer = browser(app).get(f"{path}/bang.csv")
    head, *rows = rows_of(answer.get_data(as_text=True))
    assert told["as_of"] == YESTERDAY.isoformat()
    assert {row[-1] for row in rows} == {YESTERDAY.isoformat()}
    assert {row[0]: row[2:4] for row in rows} == {
        each["code"]: [str(each["households"]), "" if each["visited"] is None else str(each["visited"])]
        for each in told["villages"]
    }
    place = next(number for number, name in enumerate(head) if "5G" in name and name.endswith("(%)"))
    percents = {row[0]: row[place] for row in rows}
    for each in told["villages"]:
        percent = each["indicators"]["phu_song_5g"]["percent"]
        assert percents[each["code"]] == ("" if percent is None else str(Decimal(str(percent))))


def test_an_officers_link_hides_small_cells_all_the_same(app: Flask, commune: Commune) -> None:
    """The thôn with three households met: an officer sees them on their page, nobody through a link."""
    officer = signed_in(app, "can.bo")
    path = made(officer, "coverage")
    small = db.session.scalars(sa.select(Village.code).order_by(Village.id)).all()[11]
    rows = {row[0]: row for row in rows_of(browser(app).get(f"{path}/bang.csv").get_data(as_text=True))}
    page = {
        village["code"]: village for village in to_json(coverage_table.table(commune, full=True))["villages"]
    }
    assert page[small]["visited"] == 3
    assert rows[small][3] == ""
    assert "dưới 5 hộ" in rows[small]


def test_the_same_numbers_in_every_kind_of_file(app: Flask, commune: Commune) -> None:
    path = made(signed_in(app, "lanh.dao"), "coverage")
    visitor = browser(app)
    in_csv = [
        [_text(cell) for cell in row]
        for row in rows_of(visitor.get(f"{path}/bang.csv").get_data(as_text=True))
    ]
    sheet = openpyxl.load_workbook(io.BytesIO(visitor.get(f"{path}/bang.xlsx").data)).worksheets[0]
    in_xlsx = [[_text(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    assert in_xlsx == in_csv
    in_html = cells(visitor.get(f"{path}/bang.html").text)
    assert [[_text(_read(cell)) for cell in row] for row in in_html[1:]] == in_csv[1:]
    refreshing = openpyxl.load_workbook(io.BytesIO(visitor.get(f"{path}/tu-lam-moi.xlsx").data)).worksheets[0]
    assert [[_text(value) for value in row] for row in refreshing.iter_rows(values_only=True)] == in_csv


def _text(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, float | Decimal):
        return str(int(value)) if value == int(value) else f"{value:.1f}"
    text = "" if value is None else str(value)
    return text[:-2] if re.fullmatch(r"\d+\.0", text) else text


def _read(cell: str) -> object:
    """A cell of the page as Excel reads it, whatever its language."""
    return Decimal(cell) if re.fullmatch(r"-?\d+E-?\d+", cell) else cell


class _Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1] and data.strip():
            self.rows[-1][-1] += data


def cells(page: str) -> list[list[str]]:
    reader = _Cells()
    reader.feed(page.partition("<table>")[2].replace("</td>\n", "</td>"))
    return reader.rows


@given(st.decimals(-1000, 1000, places=3))
def test_a_decimal_of_the_page_has_no_sign_that_a_language_reads_otherwise(value: Decimal) -> None:
    written = flat_files.signless(value)
    assert re.fullmatch(r"-?\d+(E-?\d+)?", written)
    assert Decimal(written) == value


def test_no_cell_of_a_link_is_computed_and_none_breaks_the_page() -> None:
    table = FlatTable(
        "t", "<b>Bảng", (FlatColumn("a", "=1+1"), FlatColumn("b", "Số", DECIMAL)), [("=cmd|' /C calc'!A0", None)],
        ("ghi chú",),
    )  # fmt: skip
    [head, row] = rows_of(flat_files.csv_text(table))
    assert (head[0], row[0]) == ("'=1+1", "'=cmd|' /C calc'!A0")
    assert "<b>" not in flat_files.html(table)
    assert cells(flat_files.html(table))[1][0] == "'=cmd|' /C calc'!A0"


def test_the_workbook_holds_the_query_that_excel_refreshes(app: Flask, commune: Commune) -> None:
    """The parts of ECMA-376-1: each is named by content type and relation, and the range is where the rows are."""
    path = made(signed_in(app, "lanh.dao"), "coverage")
    archive = zipfile.ZipFile(io.BytesIO(browser(app).get(f"{path}/tu-lam-moi.xlsx").data))
    assert archive.testzip() is None
    [connection] = etree.fromstring(archive.read("xl/connections.xml"))
    assert (connection.get("type"), connection.find(f"{MAIN}webPr").get("url")) == (
        "4",
        f"http://localhost{path}/bang.html",
    )
    query = etree.fromstring(archive.read("xl/queryTables/queryTable1.xml"))
    assert query.get("connectionId") == connection.get("id")
    types = archive.read("[Content_Types].xml").decode()
    assert 'PartName="/xl/connections.xml"' in types
    assert 'PartName="/xl/queryTables/queryTable1.xml"' in types
    assert "../queryTables/queryTable1.xml" in archive.read("xl/worksheets/_rels/sheet1.xml.rels").decode()
    assert "connections.xml" in archive.read("xl/_rels/workbook.xml.rels").decode()
    names = etree.fromstring(archive.read("xl/workbook.xml")).find(f"{MAIN}definedNames")
    assert [(each.get("name"), each.get("localSheetId")) for each in names] == [(query.get("name"), "0")]
    for name in archive.namelist():
        if name.endswith((".xml", ".rels")):
            etree.fromstring(archive.read(name))


def test_the_workbook_and_the_page_of_a_link_say_what_to_do(app: Flask, commune: Commune) -> None:
    """To a clerk who has the file alone, and to one who has to paste an address into a program."""
    path = made(signed_in(app, "lanh.dao"), "coverage")
    book = openpyxl.load_workbook(io.BytesIO(browser(app).get(f"{path}/tu-lam-moi.xlsx").data))
    said = [row[0] for row in book["Nguồn"].iter_rows(values_only=True)]
    assert "Làm mới tất cả" in said[0]
    assert any("Enable Content" in line for line in said)
    expires = db.session.scalars(sa.select(SharedLink)).one().expires_at
    assert any(f"{expires:%d/%m/%Y}" in line for line in said)
    shown = html.fromstring(browser(app).get(path).text)
    pasted = [each.text for each in shown.xpath("//ul[@class='takeaways']//span[@class='key-text']")]
    assert pasted == [f"http://localhost{path}/odata/", f"http://localhost{path}/bang.csv"]


def test_each_reading_of_a_link_by_odata_is_counted_once(app: Flask, commune: Commune) -> None:
    path = made(signed_in(app, "lanh.dao"), "coverage")
    address: str | None = f"{path}/odata/muc_bao_phu?$top=5"
    pages = 0
    while address:
        told = browser(app).get(address).json
        address, pages = told.get("@odata.nextLink", "").removeprefix("http://localhost"), pages + 1
    assert pages == 3
    token = query_options.token({"ma_thon": told["value"][0]["ma_thon"]})
    assert browser(app).get(f"{path}/odata/muc_bao_phu?$top=5&$skiptoken={token}").status_code == 200
    db.session.expire_all()
    assert db.session.scalars(sa.select(SharedLink)).one().uses == 2


def test_the_map_is_a_picture_with_the_day_of_yesterday(app: Flask, commune: Commune) -> None:
    path = made(signed_in(app, "lanh.dao"), "coverage")
    answer = browser(app).get(f"{path}/ban-do.png?chi_tieu=phu_song_5g")
    picture = Image.open(io.BytesIO(answer.data))
    assert (answer.mimetype, picture.format) == ("image/png", "PNG")
    assert picture.width > 1000
    assert browser(app).get(f"{path}/ban-do.png?chi_tieu=khong_co").status_code == 404
    again = browser(app).get(
        f"{path}/ban-do.png?chi_tieu=phu_song_5g", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")


def test_todays_visits_are_in_no_table_of_a_link(app: Flask, commune: Commune) -> None:
    path = made(signed_in(app, "lanh.dao"), "coverage")
    before = browser(app).get(f"{path}/bang.csv").data
    village, indicator = db.session.execute(
        sa.select(TallyDay.village_id, TallyDay.indicator_id).limit(1)
    ).one()
    db.session.add(TallyDay(village_id=village, indicator_id=indicator, day=TODAY, done=7, of=7, subjects=7))
    db.session.commit()
    assert browser(app).get(f"{path}/bang.csv").data == before


def test_the_city_has_a_line_a_commune(app: Flask, commune: Commune) -> None:
    path = made(signed_in(app, "thanh.pho"), "city", "/thanh-pho/lien-ket")
    head, *rows = rows_of(browser(app).get(f"{path}/bang.csv").get_data(as_text=True))
    assert head[:2] == ["Mã xã", "Xã, phường, đặc khu"]
    assert [row[0] for row in rows] == ["11629"]
    assert browser(app).get(f"{path}/ban-do.png").status_code == 404


def test_households_have_an_outcome_and_no_name(app: Flask, commune: Commune) -> None:
    [village, *_] = db.session.scalars(sa.select(Village).order_by(Village.id))
    data = {"tinh_trang": "vang", "ngay_cuoi": "2026-11-20", "dia_chi": "Ngõ Kín", "ma_ho": "MH-KIN"}
    make_entity(village, "Chủ Hộ Kín", data=data)
    path = made(signed_in(app, "can.bo"), "households")
    told = browser(app).get(f"{path}/bang.csv").get_data(as_text=True)
    [row] = rows_of(told)[1:]
    assert row[1:5] == [village.code, village.name, "vắng nhà", "2026-11-20"]
    assert not re.search("Kín|KIN", told)


@pytest.fixture
def with_submissions(commune: Commune) -> Commune:
    version = publish(FORM, **{"class": "ca_nhan", "version": "1"})
    for number in range(3):
        seen = NOON - dt.timedelta(days=number)
        store(commune, ANSWERS | {"ho/so_nguoi": number}, version=version, observed_at=seen)
    return commune


def test_a_forms_submissions_come_without_personal_columns(app: Flask, with_submissions: Commune) -> None:
    path = made(signed_in(app, "can.bo"), "submissions", bieu_mau="thu")
    visitor = browser(app)
    for name in ("bang.csv", "bang.xlsx", "bang.html", "tu-lam-moi.xlsx"):
        answer = visitor.get(f"{path}/{name}")
        assert answer.status_code == 200, name
        unpacked = _unpacked(answer.data)
        assert b"Wi-Fi" in unpacked, name
        assert "Nguyễn A".encode() not in unpacked, name
    numbers = [
        row[head.index("Số người")]
        for head, *rows in [rows_of(visitor.get(f"{path}/bang.csv").text)]
        for row in rows
    ]
    assert numbers == ["1", "2"]  # the first is of today


def _unpacked(content: bytes) -> bytes:
    if not content.startswith(b"PK"):
        return content
    archive = zipfile.ZipFile(io.BytesIO(content))
    return b"".join(archive.read(name) for name in archive.namelist())


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("lanh.dao", {"coverage"}), ("soat", {"coverage"}), ("thanh.pho", {"coverage"}),
     ("can.bo", {"coverage", "households", "submissions"})],
)  # fmt: skip
def test_each_role_makes_links_to_what_it_may_see(
    app: Flask, with_submissions: Commune, name: str, allowed: set[str]
) -> None:
    visitor = signed_in(app, name)
    for subject in ("coverage", "city", "households", "submissions", "khong-co"):
        status = make(visitor, subject, bieu_mau="thu").status_code
        assert status == (302 if subject in allowed else 422), subject


def test_a_link_shows_no_more_than_its_maker_may_see_when_it_is_read(
    app: Flask, with_submissions: Commune
) -> None:
    path = made(signed_in(app, "can.bo"), "households")
    assert browser(app).get(f"{path}/bang.csv").status_code == 200
    maker = db.session.scalars(sa.select(Person).where(Person.username == "can.bo")).unique().one()
    persons.change(maker, "leader", maker.commune, (), name=maker.name, unit="Văn phòng", by=audit.SHELL)
    db.session.commit()
    assert browser(app).get(f"{path}/bang.csv").status_code == 410


def test_a_link_ends_with_its_time_with_its_maker_and_when_it_is_revoked(
    app: Flask, commune: Commune, monkeypatch: pytest.MonkeyPatch
) -> None:
    leader = signed_in(app, "lanh.dao")
    [first, second] = [made(leader, "coverage") for _ in range(2)]
    number = db.session.scalars(sa.select(SharedLink.id).order_by(SharedLink.id)).first()
    page = "/xa/11629/tai-ve/lien-ket"
    leader.post(f"{page}/{number}/thu-hoi", data={"csrf_token": leader.csrf_token(page)})
    assert browser(app).get(first).status_code == 410
    assert browser(app).get(second).status_code == 200
    db.session.rollback()
    maker = db.session.scalars(sa.select(Person).where(Person.username == "lanh.dao")).unique().one()
    persons.disable(maker, by=audit.SHELL)
    db.session.commit()
    assert browser(app).get(second).status_code == 410
    persons.enable(maker, by=audit.SHELL)
    db.session.commit()
    assert browser(app).get(second).status_code == 200
    monkeypatch.setattr(clock, "now", lambda: NOON + dt.timedelta(days=31))
    assert browser(app).get(second).status_code == 410


def test_nobody_ends_anothers_link_but_who_looks_after_keys(app: Flask, commune: Commune) -> None:
    path, page = made(signed_in(app, "can.bo"), "coverage"), "/xa/11629/tai-ve/lien-ket"
    number = db.session.scalars(sa.select(SharedLink.id)).one()
    db.session.rollback()
    leader, officer = signed_in(app, "lanh.dao"), signed_in(app, "can.bo")
    leader.post(f"{page}/{number}/thu-hoi", data={"csrf_token": leader.csrf_token(page)})
    assert browser(app).get(path).status_code == 200
    own = made(leader, "coverage")
    other = db.session.scalars(sa.select(SharedLink.id).order_by(SharedLink.id.desc())).first()
    officer.post(f"{page}/{other}/thu-hoi", data={"csrf_token": officer.csrf_token(page)})
    assert browser(app).get(own).status_code == 410


def test_a_wrong_key_opens_nothing_and_says_what_to_do(app: Flask, commune: Commune) -> None:
    for key in ("x" * 43, "ngan", "x" * 400, "%2e%2e"):
        answer = browser(app).get(f"/lien-ket/{key}/bang.csv")
        assert answer.status_code in (404, 429)
    assert "Hãy chép lại trọn liên kết" in browser(app).get(f"/lien-ket/{'y' * 43}").text


def test_each_reading_is_in_the_audit_and_the_key_is_nowhere(app: Flask, commune: Commune) -> None:
    path = made(signed_in(app, "lanh.dao"), "coverage")
    key = path.removeprefix("/lien-ket/")
    for name in ("bang.csv", "ban-do.png"):
        browser(app).get(f"{path}/{name}")
    rows = db.session.execute(sa.select(Audit.actor, Audit.detail).where(Audit.act == "link.read")).all()
    link = db.session.scalars(sa.select(SharedLink)).one()
    assert [(row.actor, row.detail["as"]) for row in rows] == [
        (f"link:{link.id}", each) for each in ("csv", "png")
    ]
    assert link.uses == 2
    every = "".join(str(tuple(row)) for row in db.session.execute(sa.select(Audit.__table__)))
    assert key not in every
    assert key not in logs.asked("GET", f"{path}/bang.csv?x=1")
    assert logs.asked("GET", f"{path}/bang.csv") == "GET /lien-ket/…/bang.csv"


def test_a_link_leads_to_no_other_page_and_tells_no_proxy_to_keep_it(app: Flask, commune: Commune) -> None:
    path = made(signed_in(app, "lanh.dao"), "coverage")
    visitor = browser(app)
    answer = visitor.get(path)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "/xa/11629" not in answer.text
    assert visitor.get("/xa/11629").status_code == 302


def test_a_long_table_of_submissions_says_to_take_the_csv(
    app: Flask, with_submissions: Commune, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(signed_in(app, "can.bo"), "submissions", bieu_mau="thu")
    monkeypatch.setattr("dashboards.downloads.link_submissions.MOST_ROWS", 1)
    assert browser(app).get(f"{path}/bang.xlsx").status_code == 422
    assert browser(app).get(f"{path}/bang.csv").status_code == 200


def test_submissions_of_a_link_are_read_by_pages_as_odata(app: Flask, with_submissions: Commune) -> None:
    """Until yesterday, filtered by any answer that is not personal; what is, nobody can ask about."""
    root = made(signed_in(app, "can.bo"), "submissions", bieu_mau="thu") + "/odata"
    visitor = browser(app)
    assert visitor.get(root).json["value"] == [
        {"name": "Submissions_flat", "kind": "EntitySet", "url": "Submissions_flat"}
    ]
    assert b"ho_so_nguoi" in visitor.get(f"{root}/$metadata").data
    told = visitor.get(f"{root}/Submissions_flat?$top=1&$count=true").json
    again = visitor.get(told["@odata.nextLink"].removeprefix("http://localhost")).json
    assert [row["ho_so_nguoi"] for row in (*told["value"], *again["value"])] == [1, 2]
    assert told["@odata.count"] == 2
    assert "chu_ho" not in str(told)
    some = visitor.get(f"{root}/Submissions_flat?$filter=ho_so_nguoi gt 1&ca_nhan=1").json["value"]
    assert [row["ho_so_nguoi"] for row in some] == [2]
    assert (
        visitor.get(f"{root}/Submissions_flat?$filter=ho_chu_ho eq 'Nguyễn A'&ca_nhan=1").status_code == 400
    )
    assert visitor.get(f"{root}/Submissions").status_code == 404
