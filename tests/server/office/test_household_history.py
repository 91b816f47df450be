"""The page of a household is its folder: visits by links, what was done and why, in words (desk-02, desk-04)."""

import re
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask

from server.db import db
from server.intake import receive_submission
from server.models import Commune
from server.published_forms import publishing
from tests import survey
from tests.people import Browser, browser, make_person
from tests.survey import HOUSEHOLD, Survey

PAGE = f"/quan-tri/xa/11629/ho/{HOUSEHOLD}"


@pytest.fixture
def place(app: Flask) -> Survey:
    return survey.begin(("ho_gia_dinh",))


@pytest.fixture
def officer(app: Flask, place: Survey) -> Browser:
    make_person(
        "can.bo", "officer", db.session.scalars(sa.select(Commune).where(Commune.code == "11629")).one()
    )
    db.session.close()
    visitor = browser(app)
    visitor.sign_in("can.bo")
    return visitor


def _text(page: str) -> str:
    """What people read of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_visits_are_links_to_where_they_are_judged(place: Survey, officer: Browser) -> None:
    """desk-02."""
    sent = [survey.send(name, place.second).submission_id for name in ("ho-register", "ho-visit2-5g")]
    page = officer.get(PAGE).text
    for number in sent:
        assert f'href="/quan-tri/xa/11629/phieu/{number}"' in page


def test_what_was_done_is_told_with_who_and_why_in_words(place: Survey, officer: Browser) -> None:
    """desk-04: after an edit, a rejection and an approval; no name of a property, no code."""
    survey.send("ho-register", place.second)
    survey.send("ho-edit-name", place.second)
    visit = survey.send("ho-visit2-5g", place.second).submission_id
    survey.decide(place, visit, "rejected", comment="Đo nhầm nhà")
    survey.decide(place, visit, "approved", expected="rejected", comment="Đã hỏi lại")
    text = _text(officer.get(PAGE).text)
    assert "5G Viettel: có" in text
    assert "Tên: Lương Thị Nụ, Ngõ 14, số 3 → Lương Thị Nụ Em, Ngõ 14, số 3A" in text
    assert "Tình trạng: đã gặp" in text
    assert f"Phiếu số {visit} : đã nhận → không nhận Nguyễn Thị Hạnh" in text
    assert "Đo nhầm nhà" in text
    assert "Đã hỏi lại" in text
    assert f"Nụ, phiếu số {visit}" in text
    for code in ("g5_viettel", "dia_chi", "tinh_trang", "da_gap", "lan_tham", "11629002 →", "marker-color"):
        assert code not in text


def test_a_property_of_a_communes_own_form_is_called_as_its_question(place: Survey, officer: Browser) -> None:
    form = """
| survey |
| | type | name | label | save_to |
| | text | ho | Mã hộ | |
| | select_one nuoc | nuoc | Nguồn nước | nguon_nuoc |
| choices |
| | list_name | name | label |
| | nuoc | may | Nước máy |
| entities |
| | list_name | label | entity_id | update_if |
| | ho_dan | | ${ho} | ${ho} != '' |
| settings |
| | form_title | form_id | version |
| | Nước | nuoc_sach | 1 |
"""
    publishing.publish(form.encode(), "nuoc.md", commune=None)
    db.session.commit()
    db.session.close()
    survey.send("ho-register", place.second)
    xml = (
        f'<data id="nuoc_sach" version="1"><ho>{HOUSEHOLD}</ho><nuoc>may</nuoc><meta>'
        f'<entity dataset="ho_dan" id="{HOUSEHOLD}" update="1" baseVersion="1"/>'
        f"<instanceID>uuid:{uuid.uuid4()}</instanceID></meta></data>"
    )
    receive_submission.accept(xml.encode(), [], place.second)
    text = _text(officer.get(PAGE).text)
    assert "Nguồn nước: Nước máy" in text
    assert "nguon_nuoc" not in text
