"""What people answer by themselves stands apart from what teams ask, wherever it is shown (R27)."""

import datetime as dt
import io
from collections.abc import Iterator

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask

from geo.compute_coverage import CoverageTable
from server import clock
from server.counting import recount
from server.coverage import coverage_table
from server.db import db
from server.intake import catch_up
from server.models import Commune, Form, Indicator, JudgedSelfAnswers, Plan, Poster, Submission, Target
from tests.conftest import Template, filled_once
from tests.people import Browser, bearing, browser, make_person, make_token
from tests.phone import InProcess, Phone
from tests.posters import Hung, answer, hang, opinion
from tests.sample import make_collector

TWIN = "hai_long_xa_tu_tra_loi"


@pytest.fixture(scope="module")
def prepared(template_database: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    with filled_once(template_database, tmp_path_factory.mktemp("filled"), _fill) as found:
        yield found


def _fill(app: Flask) -> None:
    """Twelve answers by a poster, nine of them content; two by a team, one of them content."""
    hung = hang()
    _promise(hung)
    make_person("can.bo", "officer", hung.commune)
    make_person("lanh.dao", "leader", hung.commune)
    phone = Phone(InProcess(app), f"http://localhost/key/{make_collector(hung.commune, [hung.own]).token}")
    client = app.test_client()
    for number in range(12):
        assert answer(client, hung.poster, opinion("tot" if number < 9 else "chua")).status_code == 201
    for level in ("tot", "chua"):
        assert phone.send(opinion(level))[0].status == 201
    catch_up.caught_up()
    db.session.rollback()


def _promise(hung: Hung) -> None:
    """A figure of the plan that names what the form states."""
    known = db.session.scalars(sa.select(Indicator).where(Indicator.code == "hai_long_xa")).one()
    plan = Plan(commune=hung.commune, year=clock.today().year, title="Kế hoạch")
    year = clock.today().year
    plan.targets = [
        Target(
            code="T1", position=1, section="I", label="Dân hài lòng với xã", wording="", comparator=">=", value="70",
            unit="percent", period="year", start=dt.date(year, 1, 1), deadline=dt.date(year, 12, 31),
            how="survey", indicator=known,
        )
    ]  # fmt: skip
    db.session.add(plan)
    db.session.commit()


def commune() -> Commune:
    return db.session.scalars(sa.select(Commune)).one()


def table(*, full: bool = True) -> CoverageTable:
    return coverage_table.table(commune(), full=full)


def judge() -> None:
    form = db.session.scalars(sa.select(Form).where(Form.form_id == "y_kien")).one()
    db.session.add(JudgedSelfAnswers(commune_id=commune().id, form_id=form.id, since=clock.now()))
    db.session.commit()


@pytest.fixture
def officer(app: Flask) -> Browser:
    found = browser(app)
    found.sign_in("can.bo")
    return found


def test_both_origins_have_a_row_of_their_own_and_the_figure_is_the_teams(app: Flask) -> None:
    """R27."""
    rows = {row.indicator.code: row for row in table().indicators}
    assert (rows["hai_long_xa"].cell.done, rows["hai_long_xa"].cell.of) == (1, 2)
    assert (rows[TWIN].cell.done, rows[TWIN].cell.of) == (9, 12)
    assert rows[TWIN].indicator.label == "Người hài lòng với xã (tự trả lời)"
    [target] = table().targets
    assert target.surveyed is not None
    assert target.judgement.value_shown == 50
    assert recount.compare().differences == ()


def test_nobody_judges_it_unless_the_officer_says_so_for_the_form(app: Flask) -> None:
    """R27."""
    row = table().self_answered("hai_long_xa")
    assert row is not None
    assert (row.target, row.judgement) == (None, None)
    assert all(TWIN not in village.judgements for village in table().villages)
    judge()
    row = table().self_answered("hai_long_xa")
    assert row is not None
    assert row.judgement is not None
    assert row.judgement.words == "mới hỏi 12 người, cần từ 100 người để kết luận"
    [target] = table().targets
    assert target.judgement.value_shown == 50  # the figure itself stays the teams'


def test_small_numbers_of_it_are_hidden_from_leaders(app: Flask) -> None:
    row = table(full=False).self_answered("hai_long_xa")
    assert row is not None
    assert (row.cell.done, row.cell.suppressed) == (None, "part")
    shown = table(full=False).village("11629001")
    assert shown is not None
    assert shown.cells[TWIN].done is None


def test_pages_show_it_in_a_column_of_its_own_under_its_own_name(officer: Browser) -> None:
    targets = officer.get("/xa/11629/chi-tieu").text
    assert "Tự trả lời (tính riêng)" in targets
    assert 'data-label="Tự trả lời">75,0 % (12 người)<' in targets.replace("\u00a0", " ")
    one = officer.get("/xa/11629/chi-tieu/T1").text
    assert "Người dân tự trả lời, tính riêng: 75" in one
    assert "không so với mức giao" in one
    assert 'data-label="Tự trả lời"' in one
    assert "Dân hài lòng với xã (tự trả lời)" in officer.get("/xa/11629").text
    assert "Người hài lòng với xã (tự trả lời)" in officer.get("/xa/11629/thon/11629001").text


def test_files_and_programs_tell_both_apart(app: Flask, officer: Browser) -> None:
    told = (
        app.test_client()
        .get("/api/v1/communes/11629/coverage", headers=bearing(make_token(commune())))
        .get_json()
    )
    rows = {row["code"]: row for row in told["indicators"]}
    assert rows[TWIN]["self_of"] == "hai_long_xa"
    assert "self_of" not in rows["hai_long_xa"]
    assert (rows[TWIN]["target"], rows["hai_long_xa"]["target"]["id"]) == (None, "T1")
    book = openpyxl.load_workbook(io.BytesIO(officer.get("/xa/11629/tai-ve/muc-bao-phu.xlsx").data))
    heads = [cell.value for cell in book["Bảng các thôn"][1]]
    assert "Dân hài lòng với xã (tự trả lời) %" in heads
    lines = officer.get("/xa/11629/tai-ve/muc-bao-phu.csv?cap=xa").text.splitlines()
    [own] = [line for line in lines if f",{TWIN}," in line]
    assert ",hai_long_xa," in own


def test_the_queue_and_exports_name_the_poster_as_sender(app: Flask, officer: Browser) -> None:
    queue = officer.get("/quan-tri/xa/11629/phieu?trang_thai=tat_ca").text
    assert queue.count("tự trả lời: Thôn Đông") >= 12
    poster = db.session.scalars(sa.select(Poster)).one()
    only = officer.get(f"/quan-tri/xa/11629/phieu?trang_thai=tat_ca&nguoi=-{poster.id}").text
    assert only.count("tự trả lời: Thôn Đông</td>") == 12


def test_a_decision_takes_an_answer_out_of_its_own_column_and_puts_it_back(
    app: Flask, officer: Browser
) -> None:
    number = db.session.scalars(sa.select(Submission.id).where(Submission.poster_id.is_not(None))).first()
    page = f"/quan-tri/xa/11629/phieu/{number}"
    for seen, state, counted in (("received", "rejected", (8, 11)), ("rejected", "approved", (9, 12))):
        form = {
            "trang_thai": state,
            "dang_la": seen,
            "ghi_chu": "thử",
            "csrf_token": officer.csrf_token(page),
        }
        assert officer.post(page, data=form).status_code in (200, 302)
        db.session.rollback()
        row = table().self_answered("hai_long_xa")
        assert row is not None
        assert (row.cell.done, row.cell.of) == counted
    assert recount.compare().differences == ()


def test_what_is_let_count_after_all_counts_in_its_own_column(app: Flask, officer: Browser) -> None:
    poster = db.session.scalars(sa.select(Poster)).one()
    answer(app.test_client(), poster, opinion("tot", thon="11629002"))
    catch_up.caught_up()
    db.session.rollback()
    aside = db.session.scalars(
        sa.select(Submission.id).where(Submission.quarantine == "outside_village")
    ).one()
    page = f"/quan-tri/xa/11629/phieu/{aside}"
    form = {"trang_thai": "approved", "dang_la": "received", "csrf_token": officer.csrf_token(page)}
    assert officer.post(page, data=form).status_code == 302
    db.session.rollback()
    rows = {row.indicator.code: row.cell for row in table().indicators}
    assert (rows[TWIN].done, rows[TWIN].of, rows["hai_long_xa"].of) == (10, 13, 2)
    assert recount.compare().differences == ()
