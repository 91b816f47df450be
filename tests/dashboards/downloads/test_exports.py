"""Submissions of a form as files: columns by preset, nothing that is computed, personal answers only on request."""

import io
import json
import re
import zipfile

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from dashboards.downloads import download_pages
from server import clock
from server.db import db
from server.exports import select_submissions
from server.exports.disarmed_cells import COMPUTED
from server.models import Attachment, Audit, Commune, Form, FormVersion, Submission
from tests.exported import ANSWERS, FORM, cells, commune, keep_photo, officer, read_csv, store, take
from tests.people import Browser, browser, make_commune, make_person
from tests.sample import JPEG, publish
from tests.server.counting.test_counts import statements

__all__ = ["commune", "officer"]  # fixtures are found by their names

HOSTILE = (
    *(f"{mark}{rest}" for mark in COMPUTED for rest in ("1+1", 'HYPERLINK("http://x","y")', "SUM(A1)", " ", "", "-5")),
    '=Nguyễn "A"; x', "=cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0", "+84 912 345 678", "-5 độ", "=1;2",
    "={1,2}",
    "==", "https://example.vn/?a=b", "mailto:a@b.vn", "file:///etc/passwd", "#REF!", "TRUE", "_x0041_", "_x000D_",
    "<b>&amp;", "a\"b,c;d", "dòng một\ndòng hai", "' nháy", "𠮷🇻🇳", "\u200b=1", "x" * 32_767,
)  # fmt: skip


def test_the_kobo_header_is_formpacks(officer: Browser, commune: Commune) -> None:
    """X1, X2, X4, X6: names without groups, choices beside the answer, point parts, `;`, quotes, CRLF, no BOM."""
    store(commune, ANSWERS)
    content = take(officer, "dang=kobo&nhan=0&ca_nhan=1")
    header = content.decode().split("\r\n")[0].replace('"', "")
    assert header == (
        "start;end;thon;chu_ho;vi_tri;_vi_tri_latitude;_vi_tri_longitude;_vi_tri_altitude;_vi_tri_precision;"
        "dich_vu;dich_vu/shp;dich_vu/vneid;dich_vu/cks;co_wifi;anh;so_nguoi;n1;_id;_uuid;_submission_time;"
        "_validation_status;_notes;_status;_submitted_by;__version__;_tags;meta/rootUuid;_index"
    )
    row = read_csv(content, ";", "utf-8")[0]
    assert row["vi_tri"] == "20.712345 106.512345 0 4.9"
    assert (row["dich_vu"], row["dich_vu/shp"], row["dich_vu/vneid"]) == ("shp cks", "1", "0")
    assert row["end"] == ""
    assert content.startswith(b'"start";')


def test_a_question_without_an_answer_has_no_zeros(officer: Browser, commune: Commune) -> None:
    """X4: empty, not 0."""
    store(commune, {"thon": "11629.01"})
    row = read_csv(take(officer, "dang=kobo&nhan=0"), ";", "utf-8")[0]
    assert (row["dich_vu"], row["dich_vu/shp"], row["so_nguoi"]) == ("", "", "")


def test_kobo_labels_stand_in_headers_and_answers(officer: Browser, commune: Commune) -> None:
    """X3."""
    store(commune, ANSWERS)
    row = read_csv(take(officer, "dang=kobo&nhan=1"), ";", "utf-8")[0]
    assert row["Dịch vụ số"] == "Smart Hải Phòng Chữ ký số"
    assert row["Dịch vụ số/VNeID"] == "0"
    assert row["Có Wi-Fi không"] == "Có"


def test_central_is_a_zip_with_a_file_for_each_repeat(officer: Browser, commune: Commune) -> None:
    """X15: group paths with `-`, PARENT_KEY and KEY that lead back, nested repeats, codebook and source beside."""
    store(commune, ANSWERS)
    archive = zipfile.ZipFile(io.BytesIO(take(officer, "dang=zip&ca_nhan=1")))
    assert archive.namelist() == [
        "thu.csv",
        "thu-thanh_vien.csv",
        "thu-giay_to.csv",
        "_bang_ma.csv",
        "_nguon.csv",
    ]
    assert archive.testzip() is None
    main = read_csv(archive.read("thu.csv"), encoding="utf-8")[0]
    members = read_csv(archive.read("thu-thanh_vien.csv"), encoding="utf-8")
    papers = read_csv(archive.read("thu-giay_to.csv"), encoding="utf-8")
    assert next(iter(main)) == "SubmissionDate"
    assert main["ho-vi_tri-Latitude"] == "20.712345"
    assert list(main)[-11:] == [
        "meta-instanceID", "KEY", "SubmitterID", "SubmitterName", "AttachmentsPresent", "AttachmentsExpected",
        "Status", "ReviewState", "DeviceID", "Edits", "FormVersion",
    ]  # fmt: skip
    assert [row["PARENT_KEY"] for row in members] == [main["KEY"]] * 2
    assert members[0]["KEY"] == f"{main['KEY']}/thanh_vien[1]"
    assert papers[0]["PARENT_KEY"] == members[0]["KEY"]
    assert b"\r\n" not in archive.read("thu.csv")
    assert main["SubmissionDate"].endswith("Z")


def test_the_workbook_has_a_sheet_for_each_repeat_codebook_and_source(
    officer: Browser, commune: Commune
) -> None:
    """X8, X17; and X8's empty case: a form without submissions still has its headers."""
    store(commune, ANSWERS)
    content = take(officer, "dang=xlsx&nhan=0")
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["Phiếu thử", "thanh_vien", "giay_to", "_bang_ma", "_nguon"]
    header, first, second = cells(content, 1)
    assert header == ("ho_ten", "_index", "_parent_table_name", "_parent_index", "_ma_phieu", "_da_cat")
    assert (first[0], first[1], first[3], second[1]) == ("B", 1, 1, 2)
    about = dict(row[:2] for row in book["_nguon"].iter_rows(values_only=True))
    assert about["Số phiếu"] == 1
    assert len(about["SHA-256 của các câu trả lời"]) == 64
    assert about["Người tải"] == "Người can.bo"


def test_a_repeat_names_the_sheet_above_it_as_it_is_called(officer: Browser, commune: Commune) -> None:
    """X8: at most 31 letters, told apart where they are the same, none of the signs that Excel forbids."""
    title = "Phiếu [hộ]: " + "rất dài " * 6
    twice = FORM.replace("thanh_vien |", "Giay_to    |").replace("Phiếu thử", title)
    answers = {"Giay_to": [{"Giay_to/ho_ten": "B", "Giay_to/giay_to": [{"Giay_to/giay_to/loai": "CCCD"}]}]}
    store(commune, answers, version=publish(twice, **{"class": "none", "version": "1"}))
    book = openpyxl.load_workbook(io.BytesIO(take(officer, "dang=kobo-xlsx&nhan=0")))
    main, outer, inner = book.sheetnames[:3]
    assert (main, outer, inner) == ("Phiếu hộ rất dài rất dài rất", "Giay_to", "giay_to~2")
    assert not set("[]*?:\\/") & set(main)
    parents = [dict(zip(*book[name].iter_rows(values_only=True), strict=True)) for name in (outer, inner)]
    assert [each["_parent_table_name"] for each in parents] == [main, outer]


def test_no_hostile_text_is_ever_computed(officer: Browser, commune: Commune) -> None:
    """X14: a string cell with the very text in XLSX, an apostrophe in Excel's CSV alone."""
    assert len(HOSTILE) >= 50
    version = publish(FORM, **{"class": "none", "version": "1"})
    store(commune, *({"ho/chu_ho": text} for text in HOSTILE), version=version)
    page = openpyxl.load_workbook(io.BytesIO(take(officer, "dang=xlsx&nhan=0"))).worksheets[0]
    place = [cell.value for cell in page[1]].index("chu_ho")
    seen = [row[place] for row in page.iter_rows(min_row=2)]
    written = [text for text in HOSTILE if text]
    assert [unescape(cell.value) for cell in seen] == written
    assert {cell.data_type for row in page.iter_rows() for cell in row if cell.value is not None} <= {
        "s",
        "n",
        "d",
    }
    assert all(cell.data_type == "s" for cell in seen)
    excel = [row["chu_ho"] for row in read_csv(take(officer, "dang=csv&nhan=0"))]
    signs = "[=+@＝＋－＠-]"
    begun = [f"'{text}" if text.startswith(COMPUTED) else text for text in HOSTILE]
    # a spreadsheet that was told of other separators begins a cell after these, or a row, too
    assert excel == [re.sub(f"([;\t\r\n])(?={signs})", r"\1'", text) for text in begun]
    machine = [row["chu_ho"] for row in read_csv(take(officer, "dang=kobo&nhan=0"), ";", "utf-8")]
    assert machine == list(HOSTILE)


def test_a_number_below_zero_stays_a_number(officer: Browser, commune: Commune) -> None:
    """X14."""
    store(commune, {"ho/so_nguoi": -5})
    assert read_csv(take(officer, "dang=csv&nhan=0"))[0]["so_nguoi"] == "-5"
    header, row = cells(take(officer, "dang=xlsx&nhan=0"))
    assert row[header.index("so_nguoi")] == -5


def test_personal_answers_leave_only_on_request_and_every_export_is_in_the_audit(
    officer: Browser, commune: Commune
) -> None:
    """R24, X19."""
    store(commune, ANSWERS)
    for kind in ("csv", "xlsx", "zip", "kobo", "geojson"):
        content = take(officer, f"dang={kind}&nhan=0")
        if kind == "zip":
            content = zipfile.ZipFile(io.BytesIO(content)).read("thu.csv")
        told = str(cells(content)) if kind == "xlsx" else content.decode()
        assert "chu_ho" not in told
        assert "Nguyễn A" not in told
    assert "Nguyễn A" in take(officer, "dang=csv&ca_nhan=1").decode()
    acts = db.session.scalars(
        sa.select(Audit).where(Audit.act == "submissions.export").order_by(Audit.id)
    ).all()
    assert [act.detail["personal"] for act in acts if act.detail] == [False] * 5 + [True]
    assert acts[-1].actor.startswith("person:")


def test_a_leader_takes_no_submission_and_another_commune_none_of_ours(app: Flask, commune: Commune) -> None:
    store(commune, ANSWERS)
    leader = browser(app)
    leader.sign_in("lanh.dao")
    assert leader.get("/xa/11629/tai-ve/phieu?bieu_mau=thu").status_code == 403
    assert "Phiếu đã nhận" not in leader.get("/xa/11629/tai-ve").text
    other = make_commune("10930", "Mao Điền", thon=1)
    make_person("xa.khac", "officer", other)
    stranger = browser(app)
    stranger.sign_in("xa.khac")
    assert stranger.get("/xa/11629/tai-ve/phieu?bieu_mau=thu").status_code == 403
    mine = stranger.get("/xa/10930/tai-ve/phieu?bieu_mau=thu&dang=csv")
    assert read_csv(mine.data) == []


def test_geojson_has_points_thon_and_answers(officer: Browser, commune: Commune) -> None:
    """X12; repeats are left out, a submission without a point has no geometry."""
    version = publish(FORM, **{"class": "none", "version": "1"})
    store(commune, ANSWERS, version=version)
    store(commune, {}, version=version, latitude=None, longitude=None)
    told = json.loads(take(officer, "dang=geojson"))
    full, empty = told["features"]
    assert full["geometry"] == {"type": "Point", "coordinates": [106.512, 20.712]}
    assert full["properties"]["_thon"] == "thôn 1"
    assert full["properties"]["ho/dich_vu"] == ["shp", "cks"]
    assert "thanh_vien" not in full["properties"]
    assert empty["geometry"] is None


def test_older_versions_keep_their_questions_and_choices(officer: Browser, commune: Commune) -> None:
    """X4, X15: what an older version asked stays a column; what any version called personal stays so."""
    first = publish(FORM, **{"class": "ca_nhan", "version": "1"})
    store(commune, ANSWERS, version=first)
    newer = FORM.replace("| text                      | thon    |", "| text                      | xom     |")
    newer = newer.replace("|        | dich_vu   | cks   | Chữ ký số      |\n", "")
    publish(newer, **{"class": "none", "version": "2"})
    row = read_csv(take(officer, "dang=kobo&nhan=0"), ";", "utf-8")[0]
    assert row["thon"] == "11629.01"
    assert row["xom"] == ""
    assert row["dich_vu/cks"] == "1"
    assert "chu_ho" not in row


def test_what_does_not_count_is_left_out_unless_asked_for(officer: Browser, commune: Commune) -> None:
    version = publish(FORM, **{"class": "none", "version": "1"})
    store(commune, ANSWERS, version=version)
    store(commune, ANSWERS, version=version, review="rejected")
    store(commune, ANSWERS, version=version, quarantine="outside")
    assert len(read_csv(take(officer, "dang=csv"))) == 1
    rows = read_csv(take(officer, "dang=csv&nhan=0&moi_tinh_trang=1"))
    assert [row["_trang_thai"] for row in rows] == ["đã nhận", "không nhận", "chờ xem xét"]


def test_days_are_local_and_both_count(officer: Browser, commune: Commune) -> None:
    version = publish(FORM, **{"class": "none", "version": "1"})
    day = version.published_at.astimezone(clock.LOCAL).date()
    store(commune, ANSWERS, version=version)
    assert len(read_csv(take(officer, f"dang=csv&tu_ngay={day}&den_het={day}"))) == 1
    assert read_csv(take(officer, "dang=csv&den_het=2020-01-01")) == []
    assert officer.get("/xa/11629/tai-ve/phieu?bieu_mau=thu&tu_ngay=mai").status_code == 422


def test_a_photo_opens_by_its_address_for_its_officer(officer: Browser, commune: Commune) -> None:
    """X7: the address stands beside the file's name; a file that was removed, or has not come yet, is told."""
    store(commune, ANSWERS, {"ho/anh": "bo.jpg"})
    store(
        commune,
        {"ho/anh": "cho.jpg"},
        version=db.session.scalars(sa.select(FormVersion)).one(),
        missing_files=["cho.jpg"],
    )
    keep_photo("1763.jpg")
    first, *others = read_csv(take(officer, "dang=csv&nhan=0&dia_chi_anh=1"))
    assert first["anh"] == "1763.jpg"
    assert first["anh_URL"].startswith("http")
    assert first["anh_URL"].endswith(f"/xa/11629/tai-ve/anh/{first['_id']}/1763.jpg")
    assert officer.get(first["anh_URL"]).data == JPEG
    assert [row["anh_URL"] for row in others] == ["đã xóa", "chưa gửi lên"]
    kobo = read_csv(take(officer, "dang=kobo&nhan=1&dia_chi_anh=1"), ";", "utf-8")
    assert [row["Ảnh_URL"] for row in kobo] == [first["anh_URL"], "Deleted", ""]
    assert "anh_URL" not in read_csv(take(officer, "dang=csv&nhan=0"))[0]


def test_files_of_many_submissions_are_asked_for_together(officer: Browser, commune: Commune) -> None:
    """X7, R18: a question for each row took longer than all the rows."""
    store(commune, ANSWERS, *({"ho/anh": f"{number}.jpg"} for number in range(12)))
    keep_photo("1763.jpg")
    tables = 3  # of the archive, each read by itself
    for wish, files in (("dang=csv&nhan=0&dia_chi_anh=1", 1), ("dang=zip", tables), ("dang=csv&nhan=0", 0)):
        with statements() as asked:
            take(officer, wish)
        assert len([each for each in asked if "attachment" in each]) == files, wish
        assert not [each for each in asked if "attachment" in each and "answers" in each]


def test_a_file_is_read_by_the_plan_for_all_of_its_rows(commune: Commune) -> None:
    """R18: PostgreSQL plans a cursor for its first tenth, and walked a whole city's rows for those of a commune."""
    store(commune, ANSWERS)
    with select_submissions.reading(db.engine) as connection:
        if connection.dialect.name == "sqlite":
            pytest.skip("SQLite has one plan for all")
        wanted = select_submissions.choice(commune, db.session.scalars(sa.select(Form)).one())
        query = select_submissions.statement(wanted, connection.dialect.name, utc=False)
        assert len(next(select_submissions.rows(connection, query))) == 1
        assert connection.scalar(sa.text("SHOW cursor_tuple_fraction")) == "1"


def test_what_a_browser_could_run_is_a_file_to_keep(officer: Browser, commune: Commune) -> None:
    """A phone names its files as it likes; only pictures are shown, whatever their address was found in."""
    store(commune, {"ho/anh": "trang.html"})
    keep_photo("trang.html")
    db.session.scalars(sa.select(Attachment)).one().media_type = "text/html"
    db.session.commit()
    [row] = read_csv(take(officer, "dang=csv&nhan=0&dia_chi_anh=1"))
    answer = officer.get(row["anh_URL"])
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_who_takes_many_submissions_is_told_how_long_it_takes(
    officer: Browser, commune: Commune, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X18."""
    store(commune, ANSWERS)
    assert "khoảng một phút" not in officer.get("/xa/11629/tai-ve").text
    monkeypatch.setattr(download_pages, "LONG", 1)
    assert "khoảng một phút" in officer.get("/xa/11629/tai-ve").text


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=st.lists(st.tuples(texts, st.integers(-9, 999)), min_size=1, max_size=4))
def test_answers_read_back_from_every_csv(
    officer: Browser, commune: Commune, answers: list[tuple[str, int]]
) -> None:
    version = db.session.scalars(sa.select(FormVersion)).first()
    version = version or publish(FORM, **{"class": "none", "version": "1"})
    db.session.execute(sa.delete(Submission))
    store(commune, *({"ho/chu_ho": text, "ho/so_nguoi": number} for text, number in answers), version=version)
    for kind, separator in (("kobo", ";"), ("csv", ",")):
        rows = read_csv(take(officer, f"dang={kind}&nhan=0"), separator)
        told = [(row["chu_ho"], row["so_nguoi"]) for row in rows]
        wanted = [(f"'{t}" if kind == "csv" and t.startswith(COMPUTED) else t, str(n)) for t, n in answers]
        assert told == wanted


def test_an_officers_page_offers_the_forms_that_have_submissions(officer: Browser, commune: Commune) -> None:
    store(commune, ANSWERS)
    page = officer.get("/xa/11629/tai-ve")
    assert page.status_code == 200
    assert "Phiếu thử: 1 phiếu" in page.text
    assert "Phiếu thử: Chủ hộ." in page.text
