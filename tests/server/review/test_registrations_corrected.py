"""An officer corrects a visit that registered a household on the page: the household stays (edit-02)."""

import sqlalchemy as sa
from flask import Flask

from server.db import db
from server.models import Commune
from tests import survey
from tests.people import browser, make_person
from tests.server.review.test_correct_answer import save


def test_a_corrected_registration_keeps_its_household(app: Flask) -> None:
    """R12, edit-02: label, address and thôn as before, the answer as corrected, and no word of a refusal."""
    place = survey.begin(("ho_gia_dinh",))
    make_person(
        "can.bo", "officer", db.session.scalars(sa.select(Commune).where(Commune.code == "11629")).one()
    )
    db.session.close()
    officer = browser(app)
    officer.sign_in("can.bo")
    first = survey.send("ho-register", place.second).submission_id
    answer = save(officer, f"/quan-tri/xa/11629/phieu/{first}/sua/tung-cau", gbps="co")
    assert answer.status_code == 302, answer.text
    household = survey.entity()
    assert (household.label, household.ended_at) == ("Lương Thị Nụ, Ngõ 14, số 3", None)
    assert household.data["dia_chi"] == "Ngõ 14, số 3"
    assert household.data["thon"] == "11629002"
    assert household.data["tinh_trang"] == "da_gap"
    assert survey.sums()["bang_rong_1gbps"] == (1, 1, 1)
    assert survey.differences() == []
    page = officer.get(f"/quan-tri/xa/11629/ho/{survey.HOUSEHOLD}").text
    assert "không còn phiếu đăng ký" not in page
    late = survey.send("ho-edit-gbps", place.second)
    assert survey.submission(late.submission_id).quarantine == "edit_outdated"
    assert survey.sums()["bang_rong_1gbps"] == (1, 1, 1)
