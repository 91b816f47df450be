"""The file for reporting systems says what the report and the page say, and what it is not."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from dashboards import target_lines
from dashboards.reports import report_content, report_periods, reporting_csv
from geo.target_states import TargetState
from server import clock
from server.coverage import coverage_table
from server.db import db
from server.places import communes
from tests.conftest import Template, filled_once
from tests.leaders import fill, sign_up
from tests.people import Browser, browser

pytestmark = pytest.mark.usefixtures("noon")

BASE = "/xa/11629/bao-cao"
DOCS = Path(__file__).parents[3] / "docs" / "reporting.md"


@pytest.fixture(scope="module")
def prepared(
    template_database: Template, tmp_path_factory: pytest.TempPathFactory, noon: None
) -> Iterator[Template]:
    with filled_once(template_database, tmp_path_factory.mktemp("filled"), _fill) as found:
        yield found


def _fill(_app: Flask) -> None:
    commune = fill("11629", villages=9)
    sign_up(commune)
    sign_up(commune, "officer", "can.bo")
    db.session.commit()


def signed_in(app: Flask, name: str) -> Browser:
    visitor = browser(app)
    visitor.sign_in(name)
    return visitor


def read(told: bytes) -> list[dict[str, str]]:
    text = told.decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["export", "reporting", *words])


@pytest.mark.parametrize("key", ["2026-11", "2026-10", "2026-Q4", "2026-Q3", "2026-H2", "2026"])
def test_it_says_what_the_report_says(app: Flask, key: str) -> None:
    got = read(signed_in(app, "lanh.dao").get(f"{BASE}/so-lieu.csv?ky={key}").data)
    period = report_periods.read(key)
    assert period is not None
    report, table = report_content.build(
        communes.commune("11629"), period, clock.today(), report_content.ReportWish()
    )
    assert [row["ma_chi_tieu"] for row in got] == [figure.id for figure in report.figures]
    assert got
    for row, figure, target in zip(got, report.figures, table.targets, strict=True):
        assert (row["gia_tri"], row["gia_tri_hien"]) == (figure.number, figure.value)
        assert (row["trang_thai"], row["trang_thai_chu"]) == (figure.state, figure.words)
        assert row["muc_giao"] == f"{float(target.target.value):g}"
        assert reporting_csv.COMPARISONS[target.target.comparator] == row["so_sanh"]
        assert (row["tu_ngay"], row["den_ngay"]) == (period.start.isoformat(), period.end.isoformat())
        assert row["tinh_den"] == table.as_of.isoformat() <= row["den_ngay"]


def test_it_says_what_the_page_says(app: Flask) -> None:
    leader = signed_in(app, "lanh.dao")
    got = {row["ma_chi_tieu"]: row for row in read(leader.get(f"{BASE}/so-lieu.csv?ky=2026-11").data)}
    table = coverage_table.table(communes.commune("11629"), clock.today(), full=False)
    lines = target_lines.lines(table)
    assert set(got) == {line.id for line in lines}
    page = leader.get("/xa/11629/chi-tieu").text
    for line in lines:
        assert got[line.id]["gia_tri_hien"] == line.value
        assert got[line.id]["trang_thai_chu"] == line.words
        assert line.value in page
    assert {row["trang_thai"] for row in got.values()} <= {state.value for state in TargetState}


def test_a_past_month_ends_on_its_last_day(app: Flask) -> None:
    got = read(signed_in(app, "can.bo").get(f"{BASE}/so-lieu.csv?ky=2026-10").data)
    assert {(row["loai_ky"], row["den_ngay"], row["tinh_den"]) for row in got} == {
        ("thang", "2026-10-31", "2026-10-31")
    }


def test_each_row_says_that_it_is_no_message(app: Flask) -> None:
    leader = signed_in(app, "lanh.dao")
    got = read(leader.get(f"{BASE}/so-lieu.csv?ky=2026-11").data)
    assert {row["luu_y"] for row in got} == {"CSV của Từng Nhà, không phải gói tin QCVN 125:2021/BTTTT"}
    assert "không phải gói tin QCVN 125:2021/BTTTT" in leader.get(BASE).text


def test_the_columns_are_those_that_are_written_down(app: Flask) -> None:
    described = re.findall(r"^\| `(\w+)` \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert tuple(described) == reporting_csv.COLUMNS
    assert tuple(read(signed_in(app, "lanh.dao").get(f"{BASE}/so-lieu.csv?ky=2026").data)[0]) == tuple(
        described
    )


def test_the_command_writes_the_same_bytes(app: Flask, tmp_path: Path) -> None:
    out = tmp_path / "so-lieu.csv"
    said = run(app, "11629", "--ky", "2026-10", "--out", str(out))
    assert said.exit_code == 0, said.output
    assert "không phải gói tin" in said.output
    assert out.read_bytes() == signed_in(app, "lanh.dao").get(f"{BASE}/so-lieu.csv?ky=2026-10").data


@pytest.mark.parametrize(
    "words", [("11629", "--ky", "2026-13"), ("11629", "--ky", "2027-01"), ("99999", "--ky", "2026-10")]
)
def test_a_wrong_wish_is_one_sentence(app: Flask, tmp_path: Path, words: tuple[str, ...]) -> None:
    said = run(app, *words, "--out", str(tmp_path / "a.csv"))
    assert (said.exit_code, said.output.strip().count("\n")) == (1, 0)
    assert not (tmp_path / "a.csv").exists()


def test_a_period_that_has_not_begun_is_refused(app: Flask) -> None:
    assert signed_in(app, "lanh.dao").get(f"{BASE}/so-lieu.csv?ky=2027").status_code in (400, 404, 422)


def test_a_report_of_an_earlier_version_leaves_blank_what_it_did_not_keep() -> None:
    """What was issued before these were kept has the defaults."""
    figure = report_content.ReportFigure(
        "AL-T01", "5G", "I", "≥ 80 %", "82,0 %", "82.0", "met", "đạt", (), "", "khảo sát", ""
    )
    told = reporting_csv.row(_report(), figure, 3)
    assert (told.ma_chi_so, told.don_vi_tinh, told.so_sanh, told.muc_giao) == ("", "", "", "")
    assert (told.yeu_cau, told.gia_tri, told.so_bao_cao) == ("≥ 80 %", "82.0", "3")


def _report() -> report_content.Report:
    return report_content.Report(
        code="11629", name="xã An Lão", place="An Lão", plan="Kế hoạch", period="2026-Q3", label="quý III năm 2026",
        start="2026-07-01", end="2026-09-30", as_of="2026-09-30", received="", households="", households_source="",
        visited="", visited_share="", min_reach="", figures=(), columns=(), thons=(), unplaced=0, help=(),
        help_thons=(), tasks=(), upward=(), is_chairman=False, signer="", remarks=(), copies=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("key", "kind"), [("2026-10", "thang"), ("2026-Q4", "quy"), ("2026-H1", "nua_nam"), ("2026", "nam")]
)
def test_a_periods_kind_is_told(key: str, kind: str) -> None:
    assert reporting_csv.kind_of(key) == kind
