"""The official report: set as Decree 30/2020 asks, of the page's own numbers, and frozen when it is issued."""

import datetime as dt
import hashlib
import io
import json
import re
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import docx
import pytest
import sqlalchemy as sa
from flask import Flask

from dashboards import target_lines, village_lines
from dashboards.reports import report_content, report_periods
from server import clock
from server.coverage import coverage_table
from server.db import db
from server.models import Audit, Indicator, Snapshot, TallyDay, Village
from server.places import communes
from tests.conftest import Template, application, filled_once, on_a_copy
from tests.leaders import NOON, TODAY, fill, sign_up
from tests.people import Browser, browser

pytestmark = pytest.mark.usefixtures("noon")

BASE = "/xa/11629/bao-cao"
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@pytest.fixture(scope="module")
def prepared(
    template_database: Template, tmp_path_factory: pytest.TempPathFactory, noon: None
) -> Iterator[Template]:
    """The commune, its leader and its officer."""
    with filled_once(template_database, tmp_path_factory.mktemp("filled"), _fill) as found:
        yield found


def _fill(_app: Flask) -> None:
    commune = fill("11629", villages=9)
    sign_up(commune)
    sign_up(commune, "officer", "can.bo")
    db.session.commit()


@pytest.fixture(scope="module")
def issued_template(prepared: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """The same with the report of November issued: seconds of setting type, for all tests that begin after it."""
    folder = tmp_path_factory.mktemp("issued")
    with filled_once(prepared, folder, lambda app: issue(signed_in(app, "can.bo"))) as found:
        yield found


@pytest.fixture
def issued(issued_template: Template, tmp_path: Path) -> Iterator[Browser]:
    """The officer, whose commune has a report."""
    with on_a_copy(issued_template, tmp_path) as settings, application(settings) as app:
        yield signed_in(app, "can.bo")


@pytest.fixture
def leader(app: Flask) -> Browser:
    return signed_in(app, "lanh.dao")


@pytest.fixture
def officer(app: Flask) -> Browser:
    return signed_in(app, "can.bo")


def signed_in(app: Flask, username: str) -> Browser:
    visitor = browser(app)
    visitor.sign_in(username)
    return visitor


def issue(officer: Browser, **given: str) -> None:
    fields = {
        "ky": "2026-11",
        "kinh_gui": report_content.UPWARD,
        "ho_ten": "Trần Thị B",
        "da_doc": "1",
        **given,
    }
    answer = officer.post(BASE, data={"csrf_token": officer.csrf_token(BASE), **fields})
    assert answer.status_code == 302, answer.text


def word(visitor: Browser, number: int = 1) -> docx.document.Document:
    answer = visitor.get(f"{BASE}/{number}/tep.docx")
    assert answer.status_code == 200
    return docx.Document(io.BytesIO(answer.data))


def told(document: docx.document.Document) -> str:
    """All text, of tables too."""
    return "\n".join(text for text in document.element.body.itertext())


def test_the_file_is_set_as_the_decree_asks(issued: Browser) -> None:
    """Decree 30/2020/NĐ-CP, Annex I: paper, margins, font, the two lines of the nation, page numbers, annexes."""
    document = word(issued)
    first = document.sections[0]
    sizes = [first.page_width, first.page_height, first.top_margin, first.bottom_margin]
    assert [round(size.mm) for size in sizes if size] == [210, 297, 20, 20]
    assert [round(size.mm) for size in (first.left_margin, first.right_margin) if size] == [30, 15]
    text = told(document).replace("\xa0", " ")
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in text
    assert "Độc lập - Tự do - Hạnh phúc" in text
    assert "Số:      /BC-UBND" in text
    assert "An Lão, ngày      tháng      năm 2026" in text
    assert "TM. ỦY BAN NHÂN DÂN" in text
    assert "PHÓ CHỦ TỊCH" in text
    assert "Lưu: VT, VHXH." in text
    assert "trân trọng báo cáo./." in text
    assert "DỰ THẢO" not in text
    fonts = {run.font.name for run in _runs(document)}
    assert fonts == {"Times New Roman"}
    assert len(document.sections) == 5  # the body and four annexes, each numbered from 1
    for section in document.sections:
        assert section.different_first_page_header_footer
        assert "PAGE" in section.header._element.xml
        assert not "".join(section.first_page_header._element.itertext()).strip()
        assert section._sectPr.find(f"{WORD}pgNumType").get(f"{WORD}start") == "1"
        assert section.orientation == 0


def _runs(document: docx.document.Document) -> list[docx.text.run.Run]:
    paragraphs = [*document.paragraphs]
    for table in document.tables:
        paragraphs += [each for row in table.rows for cell in row.cells for each in cell.paragraphs]
    return [run for paragraph in paragraphs for run in paragraph.runs if run.text.strip()]


def test_its_numbers_are_those_of_the_leaders_page(issued: Browser) -> None:
    document = word(issued)
    table = coverage_table.table(communes.commune("11629"))
    figures = document.tables[2]
    lines = target_lines.lines(table)
    assert len(figures.rows) == 1 + len(lines)
    for row, line in zip(figures.rows[1:], lines, strict=True):
        cells = [cell.text for cell in row.cells]
        assert cells[:5] == [line.id, line.label, line.required, line.value or "–", line.words]
    thons = document.tables[3]
    shown = village_lines.thons(table, village_lines.columns(table), village_lines.Order())
    for row, thon in zip(thons.rows[1:], shown, strict=True):
        cells = [cell.text for cell in row.cells]
        assert cells[:2] == [thon.name, thon.households]
        assert [text.partition("\n")[0] for text in cells[3:]] == [cell.text for cell in thon.cells]
    assert "tính đến 22/11/2026" in told(document)


def test_a_small_cell_is_hidden_though_an_officer_issues_it(officer: Browser) -> None:
    """R24: a report goes to those without the right to single records."""
    third = db.session.scalars(sa.select(Village).order_by(Village.code)).all()[2]
    asked = db.session.scalars(sa.select(Indicator).where(Indicator.code == "phu_song_5g")).one()
    db.session.execute(sa.delete(TallyDay).where(TallyDay.village_id == third.id))
    db.session.add(TallyDay(village_id=third.id, indicator_id=asked.id, day=TODAY, done=2, of=3, subjects=3))
    db.session.commit()
    issue(officer)
    row = next(row for row in word(officer).tables[3].rows if row.cells[0].text == third.name)
    assert row.cells[3].text == "dưới 5 hộ"


def test_a_report_stands_when_late_visits_come_and_its_page_shows_the_change(
    issued: Browser,
) -> None:
    """Issue: a report issued, then late visits: the report stands, its page shows the change."""
    leader = signed_in(issued.application, "lanh.dao")
    before = {ending: leader.get(f"{BASE}/1/tep.{ending}").data for ending in ("docx", "pdf")}
    assert "Không chỉ tiêu nào của kế hoạch thay đổi" in leader.get(f"{BASE}/1").text
    asked = db.session.scalars(sa.select(Indicator).where(Indicator.code == "phu_song_5g")).one()
    first = db.session.scalars(sa.select(Village).order_by(Village.code)).first()
    assert first is not None
    value = report_content.read(_stored().content["report"]).figures[0].value
    for row in db.session.scalars(sa.select(TallyDay).where(TallyDay.indicator_id == asked.id)):
        row.done = 0
    db.session.commit()
    page = leader.get(f"{BASE}/1").text
    now = target_lines.lines(coverage_table.table(communes.commune("11629")))[0]
    assert now.value != value
    assert re.search(rf"{re.escape(value)}[^<]*</td>.*{re.escape(now.value)}[^<]*</td>", page, re.DOTALL)
    assert {ending: leader.get(f"{BASE}/1/tep.{ending}").data for ending in before} == before
    for ending, data in before.items():
        assert hashlib.sha256(data).hexdigest() in page, ending


def _stored() -> Snapshot:
    db.session.rollback()
    return db.session.scalars(sa.select(Snapshot).order_by(Snapshot.id.desc()).limit(1)).one()


def test_on_a_later_day_a_weekday_is_not_told_anew(
    officer: Browser, leader: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R25: past days only as ends of weeks; a report of a Wednesday is compared with today alone."""
    wednesday = NOON + dt.timedelta(days=3)
    monkeypatch.setattr(clock, "now", lambda: wednesday)
    officer.sign_in("can.bo")
    issue(officer)
    db.session.execute(sa.update(TallyDay).values(done=0))
    db.session.commit()
    leader.sign_in("lanh.dao")
    assert "nay biết thêm" in leader.get(f"{BASE}/1").text
    monkeypatch.setattr(clock, "now", lambda: wednesday + dt.timedelta(days=2))
    leader.sign_in("lanh.dao")
    page = leader.get(f"{BASE}/1").text
    assert "Trong báo cáo" in page
    assert "nay biết thêm" not in page


def test_the_same_report_is_the_same_bytes(issued: Browser) -> None:
    """Two issued at the same moment differ in their number alone, which no file bears."""
    issue(issued)
    rows = db.session.scalars(sa.select(Snapshot).order_by(Snapshot.number)).all()
    assert [row.number for row in rows] == [1, 2]
    assert rows[0].docx_sha256 == rows[1].docx_sha256
    assert rows[0].pdf_sha256 == rows[1].pdf_sha256
    with zipfile.ZipFile(io.BytesIO(rows[0].docx)) as made:
        assert {entry.date_time for entry in made.infolist()} == {(2020, 1, 1, 0, 0, 0)}
    assert "lần 2" in issued.get(f"{BASE}/1").text


def test_issuing_is_in_the_audit_with_the_hashes(issued: Browser) -> None:
    row = db.session.scalars(sa.select(Audit).where(Audit.act == "report.issue")).one()
    assert row.detail["docx"] == _stored().docx_sha256


@pytest.mark.parametrize("missing", ["ho_ten", "da_doc"])
def test_nothing_is_issued_without_a_signer_or_before_the_draft_was_read(
    officer: Browser, missing: str
) -> None:
    fields = {"ky": "2026-11", "kinh_gui": report_content.UPWARD, "ho_ten": "Trần Thị B", "da_doc": "1"}
    given = {"csrf_token": officer.csrf_token(BASE), **fields, missing: ""}
    assert officer.post(BASE, data=given).status_code == 422
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Snapshot)) == 0


def test_a_draft_is_marked_and_kept_nowhere(officer: Browser) -> None:
    page = officer.get(f"{BASE}/du-thao?ky=2026-11").text
    assert "KẾT QUẢ SO VỚI MỨC GIAO" in page
    given = {"ky": "2026-11", "y_kien": "Cần thêm trạm 5G.\n\nĐề nghị hỗ trợ.", "nguoi_ky": "chu_tich"}
    answer = officer.post(f"{BASE}/du-thao.docx", data={"csrf_token": officer.csrf_token(BASE), **given})
    text = told(docx.Document(io.BytesIO(answer.data)))
    assert "DỰ THẢO" in text
    assert "Cần thêm trạm 5G." in text
    assert "PHÓ CHỦ TỊCH" not in text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Snapshot)) == 0


def test_words_that_are_meant_to_break_it_are_text(officer: Browser) -> None:
    """Whatever an officer pastes: markup, a control letter, a direction mark, an emoji, much of it."""
    given = {
        "kinh_gui": '<b>Sở</b> & "ai" {{ 7*7 }}; \x0b\x00Phòng',
        "ho_ten": "=HYPERLINK(1)",
        "y_kien": "<script>alert(1)</script>\n\u202eabc \U0001f600 " + "dài " * 3000,
    }
    issue(officer, **given)
    text = told(word(officer))
    assert '<b>Sở</b> & "ai" {{ 7*7 }}' in text
    assert "<script>alert(1)</script>" in text
    page = officer.get(f"{BASE}/1").text
    assert "<script>alert(1)" not in page
    assert len(officer.get(f"{BASE}/1/tep.pdf").data) > 10_000


@pytest.mark.skipif(which("pdftotext") is None, reason="cần pdftotext (poppler-utils) để đọc lại tệp PDF")
def test_the_pdf_says_what_the_word_file_says(issued: Browser, tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(issued.get(f"{BASE}/1/tep.pdf").data)
    text = subprocess.run(
        ["pdftotext", "-layout", path, "-"], capture_output=True, check=True, text=True
    ).stdout
    flat = " ".join(text.split())
    for line in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "BÁO CÁO", "Phụ lục IV", "Nơi nhận:"):
        assert line in flat
    for figure in report_content.read(_stored().content["report"]).figures:
        assert figure.id in flat
        assert " ".join(figure.value.split()) in flat


def test_what_was_stored_reads_back_equal(app: Flask) -> None:
    period = report_periods.read("2026-Q4")
    assert period is not None
    report, _ = report_content.build(communes.commune("11629"), period, TODAY, report_content.ReportWish())
    assert report_content.read(json.loads(json.dumps(report_content.to_json(report)))) == report


def test_thon_of_one_name_are_told_apart_in_every_annex(app: Flask) -> None:
    codes = db.session.scalars(sa.select(Village.code).order_by(Village.code)).all()[:2]
    db.session.execute(sa.update(Village).where(Village.code.in_(codes)).values(name="Quyết Tiến"))
    period = report_periods.read("2026-11")
    assert period is not None
    report, _ = report_content.build(communes.commune("11629"), period, TODAY, report_content.ReportWish())
    names = {f"Quyết Tiến ({code[-3:]})" for code in codes}
    assert names <= {thon.name for thon in report.thons}
    assert names <= {thon.name for thon in report.help_thons}


def test_periods_end_on_their_last_day_and_nothing_else_is_one() -> None:
    ends = {
        key: report_periods.read(key)
        for key in ("2026-02", "2026-12", "2026-Q1", "2026-Q4", "2026-H1", "2026-H2", "2028-02")
    }
    days = {key: (found.start.isoformat(), found.end.isoformat()) for key, found in ends.items() if found}
    assert days == {
        "2026-02": ("2026-02-01", "2026-02-28"),
        "2026-12": ("2026-12-01", "2026-12-31"),
        "2026-Q1": ("2026-01-01", "2026-03-31"),
        "2026-Q4": ("2026-10-01", "2026-12-31"),
        "2026-H1": ("2026-01-01", "2026-06-30"),
        "2026-H2": ("2026-07-01", "2026-12-31"),
        "2028-02": ("2028-02-01", "2028-02-29"),
    }
    for wrong in ("", "2026-13", "2026-00", "2026-Q5", "26-01", "2026-1", "2026-01-01", "٢٠٢٦-01"):
        assert report_periods.read(wrong) is None


def test_a_past_period_is_told_as_of_its_last_day(officer: Browser) -> None:
    issue(officer, ky="2026-10")
    assert _stored().cut_off == dt.date(2026, 10, 31)
    answer = officer.get(f"{BASE}/du-thao?ky=2026-12")
    assert answer.status_code == 422
    assert "chọn một kỳ" in answer.text
    assert officer.get(f"{BASE}/du-thao?ky=2026-11&den_ngay=hom-nay").status_code == 422


def test_who_may_do_what(leader: Browser) -> None:
    assert leader.get(f"{BASE}/du-thao?ky=2026-11").status_code == 403
    given = {"ky": "2026-11", "csrf_token": leader.csrf_token(BASE)}
    assert leader.post(BASE, data=given).status_code == 403
    assert leader.get(f"{BASE}/7").status_code == 404
    assert leader.get(f"{BASE}/7/tep.docx").status_code == 404
    assert "Xã chưa phát hành báo cáo nào" in leader.get(BASE).text


def test_the_command_writes_a_draft(app: Flask, tmp_path: Path) -> None:
    run = app.test_cli_runner()
    path = tmp_path / "bc.docx"
    done = run.invoke(args=["report", "11629", "--ky", "2026-11", "--out", str(path)])
    assert done.exit_code == 0, done.output
    assert "DỰ THẢO" in told(docx.Document(str(path)))
    for wrong in (
        ["report", "11629", "--out", str(tmp_path / "bc.odt")],
        ["report", "11629", "--ky", "2026-13", "--out", str(path)],
        ["report", "99999", "--out", str(path)],
        ["report", "11629", "--out", str(tmp_path / "khong-co" / "bc.docx")],
    ):
        refused = run.invoke(args=wrong)
        assert refused.exit_code == 1
        assert refused.output.count("\n") == 1


def test_its_figures_for_a_reporting_system_are_those_that_were_issued(issued: Browser) -> None:
    address = f"{BASE}/1/so-lieu.csv"
    told = issued.get(address).data.decode()
    now = issued.get(f"{BASE}/so-lieu.csv?ky=2026-11").data.decode()
    assert told.replace(',1,"CSV của', ',,"CSV của') == now
    assert told.count(',1,"CSV của') == told.count("11629-2026") > 10
    assert address in issued.get(BASE).text
