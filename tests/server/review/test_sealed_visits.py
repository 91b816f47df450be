"""A sealed visit is never corrected: the server cannot read it, and an edit would put an empty one in its place."""

import io
from pathlib import Path

import pytest
from flask import Flask

from server.db import db
from server.errors import Problem
from server.files.attachments import Upload
from server.intake import receive_submission
from server.models import Commune
from server.published_forms import publishing
from tests import sample, survey
from tests.people import browser, make_person

CASE = Path(__file__).parents[2] / "data" / "edits"


def test_an_edit_in_clear_takes_no_sealed_visits_place(app: Flask) -> None:
    """R12: a phone's edit that is not sealed is kept aside, and nobody can let it stand for the sealed one."""
    place = survey.begin(())
    commune = db.session.get_one(Commune, place.commune.id)
    publishing.publish((CASE / "edit-20.md").read_bytes(), "kin.md", commune=commune)
    db.session.commit()
    xml = (CASE / "edit-20-sent.xml").read_bytes()
    receive_submission.accept(xml, (), place.second)
    for old, new in (
        ("uuid:00002000-0000-4000-8000-000000000001", "uuid:clear"),
        ("uuid:clear", "uuid:again"),
    ):
        ids = f"<meta><deprecatedID>{old}</deprecatedID><instanceID>{new}</instanceID></meta>"
        clear = f'<data id="kin_1" version="1"><loi_khai>Đã thay</loi_khai>{ids}</data>'
        receive_submission.accept(clear.encode(), (), place.second)
    sealed, first, second = sample.arrived()
    assert (sealed.xml, sealed.quarantine, sealed.replaced_by_id) == (xml, "sealed", None)
    assert (first.quarantine, second.quarantine) == ("edit_of_sealed", "edit_outdated")
    assert first.replaced_by_id == second.id
    with pytest.raises(Problem, match="phiếu gốc đã mã hóa"):
        survey.decide(place, second.id, "approved")
    assert survey.submission(sealed.id).replaced_by_id is None


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("get", "/sua"),
        ("get", "/sua/phieu"),
        ("post", "/sua"),
        ("get", "/sua/tung-cau"),
        ("post", "/sua/tung-cau"),
    ],
)
def test_a_sealed_visit_is_corrected_by_no_address(app: Flask, method: str, address: str) -> None:
    """edit-20: 409 to look and to save; the sealed visit stands as it came."""
    place = survey.begin(())
    commune = db.session.get_one(Commune, place.commune.id)
    publishing.publish((CASE / "edit-20.md").read_bytes(), "kin.md", commune=commune)
    db.session.commit()
    xml = (CASE / "edit-20-sent.xml").read_bytes()
    sealed = Upload(
        "submission.xml.enc", io.BytesIO((CASE / "edit-20-submission.xml.enc").read_bytes()), "x/y"
    )
    sent = receive_submission.accept(xml, [sealed], place.second).submission_id
    make_person("can.bo", "officer", commune)
    officer = browser(app)
    officer.sign_in("can.bo")
    page = f"/quan-tri/xa/11629/phieu/{sent}{address}"
    if method == "get":
        answer = officer.get(page)
    else:
        data = {
            "ly_do": "Đã gọi lại",
            "cau:/data/loi_khai": "",
            "ban_sua": '{"answers": {"/data/loi_khai": ""}, "rounds": []}',
            "csrf_token": officer.csrf_token("/quan-tri/xa/11629/phieu"),
        }
        answer = officer.post(page, data=data)
    told = answer.json["message"] if answer.is_json else answer.text
    assert (answer.status_code, "đã mã hóa" in told) == (409, True)
    [stored] = sample.arrived()
    assert (stored.xml, stored.review, stored.replaced_by_id) == (xml, "received", None)
