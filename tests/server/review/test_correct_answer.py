"""An officer corrects an answer on a page: an edit with history, counts and phones after it."""

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from server.counting import folding
from server.coverage import coverage_table
from server.db import db
from server.models import Audit, Commune, Entity, Person, Submission, SubmissionReview
from tests import town
from tests.conftest import Template, filled_once
from tests.people import Browser, visitor
from tests.server.intake.test_receive_submission import differences
from tests.town import Town

CODE = "11629"


@pytest.fixture(scope="module")
def begun(
    template_database: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Template, dict[str, Town]]]:
    made: list[dict[str, Town]] = []
    with filled_once(
        template_database,
        tmp_path_factory.mktemp("towns"),
        lambda app: made.append(town.build(app, reports=False)),
    ) as found:
        yield found, made[0]


@pytest.fixture(scope="module")
def prepared(begun: tuple[Template, dict[str, Town]]) -> Template:
    return begun[0]


@pytest.fixture
def towns(app: Flask, begun: tuple[Template, dict[str, Town]]) -> dict[str, Town]:
    return begun[1]


@pytest.fixture
def officer(app: Flask, towns: dict[str, Town]) -> Browser:
    commune = db.session.scalars(sa.select(Commune).where(Commune.code == CODE)).one()
    return visitor(app, "can.bo", "officer", commune)


def page(towns: dict[str, Town]) -> str:
    return f"/quan-tri/xa/{CODE}/phieu/{towns[CODE].values['submission_id']}/sua/tung-cau"


def fields(text: str) -> dict[str, list[str]]:
    """What a browser would send of the page's form as it stands."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", text):
        name = re.search(r'name="(cau:[^"]+)"', tag)
        kind, value = re.search(r'type="(\w+)"', tag), re.search(r' value="([^"]*)"', tag)
        if name and kind and (kind.group(1) not in ("radio", "checkbox") or " checked" in tag):
            found.setdefault(name.group(1), []).append(value.group(1) if value else "")
    return found


def save(officer: Browser, path: str, reason: str = "Đã gọi lại", **answers: str) -> TestResponse:
    given = fields(officer.get(path).text)
    by_name = {name.rpartition("/")[2]: name for name in given}
    for name, value in answers.items():
        given[by_name[name]] = ["", *value.split()] if value else [""]
    token = officer.csrf_token(path)
    return officer.post(path, data={**given, "ly_do": reason, "csrf_token": token})


def newest() -> Submission:
    db.session.rollback()
    return db.session.scalars(sa.select(Submission).order_by(Submission.id.desc()).limit(1)).one()


def counted(code: str) -> tuple[int, int]:
    folding.once()
    db.session.rollback()
    commune = db.session.scalars(sa.select(Commune).where(Commune.code == CODE)).one()
    row = coverage_table.table(commune, full=True).indicator(code)
    assert row
    return row.cell.done or 0, row.cell.of or 0


def test_a_corrected_answer_is_counted_and_both_versions_are_kept(
    officer: Browser, towns: dict[str, Town]
) -> None:
    old = db.session.get_one(Submission, int(towns[CODE].values["submission_id"]))
    before = {
        "id": old.id,
        "observed": old.observed_at,
        "collector": old.collector_id,
        "entity": old.entity_id,
    }
    had, apart = counted("bang_rong_1gbps"), differences()
    answer = save(officer, page(towns), gbps="khong")
    assert answer.status_code == 302, answer.text
    new = newest()
    assert new.root_id == before["id"]
    assert (new.observed_at, new.collector_id, new.entity_id) == (
        before["observed"], before["collector"], before["entity"]
    )  # fmt: skip
    assert new.review == "approved"
    assert db.session.get_one(Submission, before["id"]).replaced_by_id == new.id
    assert [value for path, value in new.answers.items() if path.endswith("gbps")] == ["khong"]
    now = counted("bang_rong_1gbps")
    assert now == (had[0] - 1, had[1])
    assert differences() == apart  # the town's own tally is not that of any submission
    note = db.session.scalars(
        sa.select(SubmissionReview).where(SubmissionReview.submission_id == new.id)
    ).one()
    assert "Đã gọi lại" in note.comment
    text = officer.get(answer.location).text
    assert "Bản 1" in text
    assert "Bản 2" in text
    assert "Sửa câu trả lời" not in officer.get(page(towns).removesuffix("/sua/tung-cau")).text


def test_who_corrected_is_in_the_audit_and_no_answer_is(officer: Browser, towns: dict[str, Town]) -> None:
    save(officer, page(towns), gbps="khong")
    person = db.session.scalars(sa.select(Person.id).where(Person.username == "can.bo")).one()
    row = db.session.scalars(sa.select(Audit).where(Audit.act == "submission.correct")).one()
    assert row.actor == f"person:{person}"
    assert row.detail["questions"] == ["gbps"]
    received = db.session.scalars(
        sa.select(Audit.actor).where(
            Audit.record == f"submission:{newest().id}", Audit.act == "submission.receive"
        )
    ).one()
    assert received == f"person:{person}"


def test_what_the_form_forbids_is_said_and_nothing_is_stored(
    officer: Browser, towns: dict[str, Town]
) -> None:
    """Constraints, choices and required questions are the form's own."""
    before = newest().id
    for answers in ({"gbps": "bia_dat"}, {"ket_qua": ""}):
        answer = save(officer, page(towns), **answers)
        assert answer.status_code == 422
        assert 'class="wrong"' in answer.text
    assert "nói về hộ khác" in save(officer, page(towns), tim_ho="moi").text
    assert save(officer, page(towns), reason=" ", gbps="khong").status_code == 422
    assert "Chưa câu nào được sửa" in save(officer, page(towns)).text
    assert newest().id == before


def test_only_what_stands_can_be_corrected(officer: Browser, towns: dict[str, Town]) -> None:
    save(officer, page(towns), gbps="khong")
    answer = officer.get(page(towns))
    assert answer.status_code == 409
    assert "bản sửa" in answer.text
    other = towns["10930"].values["submission_id"]
    assert officer.get(f"/quan-tri/xa/{CODE}/phieu/{other}/sua/tung-cau").status_code == 404


def test_the_household_follows_the_correction(officer: Browser, towns: dict[str, Town]) -> None:
    """Not met after all: nothing that only the meeting said stays on the household's list (R5)."""
    had = counted("tham_ho")
    answer = save(officer, page(towns), ket_qua="vang")
    assert answer.status_code == 302, answer.text
    new = newest()
    assert new.result == "vang"
    assert new.entity_id is not None
    assert db.session.get_one(Entity, new.entity_id).data["tinh_trang"] == "vang"
    assert counted("tham_ho") == (had[0] - 1, had[1] - 1)
