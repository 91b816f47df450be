"""An installation that was begun with the household form as it was shipped first: its visits live on beside today's."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from forms import library
from server.db import db
from server.models import Commune, FormVersion, Submission
from server.plans import load_plans
from server.published_forms import publishing
from tests import survey
from tests.people import Browser, browser, make_person
from tests.server.review.test_correct_answer import save
from tests.survey import Survey

EARLIER = Path(__file__).parents[2] / "data" / "library" / "ho_gia_dinh_2026112501.md"
"""Before it asked when to come again, under the number that the form still has."""


@pytest.fixture
def place(app: Flask) -> Survey:
    """What phones filled in with the form of then, and then the library of today."""
    load_plans.load_indicators()
    earlier = library.workbook(EARLIER.read_text(encoding="utf-8"))
    publishing.publish(earlier, "ho_gia_dinh.xlsx")
    return survey.begin(("ho_gia_dinh",))


@pytest.fixture
def officer(place: Survey, app: Flask) -> Browser:
    commune = db.session.scalars(sa.select(Commune).where(Commune.code == "11629")).one()
    make_person("can.bo", "officer", commune)
    db.session.close()
    who = browser(app)
    who.sign_in("can.bo")
    return who


def newest() -> str:
    return db.session.scalars(sa.select(FormVersion.version).order_by(FormVersion.id.desc())).first() or ""


def versions() -> list[str]:
    return list(db.session.scalars(sa.select(Submission.version).order_by(Submission.id)))


def test_a_phone_that_still_has_the_form_of_then_registers_and_edits(place: Survey) -> None:
    """R12, C42."""
    survey.send("ho-register", place.second)
    edit = survey.send("ho-edit-gbps", place.second)
    household = survey.entity()
    assert (household.label, household.ended_at) == ("Lương Thị Nụ, Ngõ 14, số 3", None)
    assert household.data["dia_chi"] == "Ngõ 14, số 3"
    assert survey.stated(edit.submission_id)["bang_rong_1gbps"] == (1, 1, True)
    assert survey.differences() == []
    assert newest() not in versions()


def test_an_officer_corrects_it_by_the_form_it_was_filled_with(place: Survey, officer: Browser) -> None:
    """R12: nothing that is asked today is put into it."""
    first = survey.send("ho-register", place.second).submission_id
    page = f"/quan-tri/xa/11629/phieu/{first}/sua/tung-cau"
    assert "hen_lai" not in officer.get(page).text
    assert save(officer, page, gbps="co", ket_qua="gap").status_code == 302
    stored = db.session.scalars(sa.select(Submission).order_by(Submission.id.desc())).first()
    assert stored is not None
    assert (stored.version, stored.quarantine) == ("2026112501", None)
    assert "hien_moi" not in stored.xml.decode()
    assert survey.sums()["bang_rong_1gbps"] == (1, 1, 1)
    assert survey.entity().label == "Lương Thị Nụ, Ngõ 14, số 3"
    assert survey.differences() == []


def test_an_edit_that_was_filled_in_with_the_form_of_today_takes_its_place(place: Survey) -> None:
    """R12: the phone that has updated meanwhile; the household keeps what both say."""
    survey.send("ho-register", place.second)
    newer = survey.xml("ho-edit-gbps").replace(b'version="2026112501"', f'version="{newest()}"'.encode())
    newer = newer.replace(
        b"<thon_moi>", "<hien_moi>✓ Lương Thị Nụ, Ngõ 14, số 3 (đã gặp 23/11)</hien_moi><thon_moi>".encode()
    )
    edit = survey.received(newer, place.second)
    assert survey.stated(edit.submission_id)["bang_rong_1gbps"] == (1, 1, True)
    assert survey.sums()["tham_ho"] == (1, 1, 1)
    assert survey.entity().label == "Lương Thị Nụ, Ngõ 14, số 3"
    assert survey.entity().data["dia_chi"] == "Ngõ 14, số 3"
    assert survey.differences() == []
