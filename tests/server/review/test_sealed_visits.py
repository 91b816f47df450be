"""A sealed visit is never corrected: the server cannot read it, and an edit would put an empty one in its place."""

import io
from pathlib import Path

import pytest
from flask import Flask

from server.db import db
from server.files.attachments import Upload
from server.intake import receive
from server.models import Commune
from server.published_forms import publishing
from tests import sample, survey
from tests.people import browser, make_person

CASE = Path(__file__).parents[2] / "data" / "edits"


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_sealed_visit_is_corrected_by_no_address(app: Flask, method: str) -> None:
    """edit-20: 409 to look and to save; the sealed visit stands as it came."""
    place = survey.begin(())
    commune = db.session.get_one(Commune, place.commune.id)
    publishing.publish((CASE / "edit-20.md").read_bytes(), "kin.md", commune=commune)
    db.session.commit()
    xml = (CASE / "edit-20-sent.xml").read_bytes()
    sealed = Upload(
        "submission.xml.enc", io.BytesIO((CASE / "edit-20-submission.xml.enc").read_bytes()), "x/y"
    )
    sent = receive.accept(xml, [sealed], place.second).submission_id
    make_person("can.bo", "officer", commune)
    officer = browser(app)
    officer.sign_in("can.bo")
    page = f"/quan-tri/xa/11629/phieu/{sent}/sua"
    if method == "get":
        answer = officer.get(page)
    else:
        data = {
            "ly_do": "Đã gọi lại",
            "cau:/data/loi_khai": "",
            "csrf_token": officer.csrf_token("/quan-tri/xa/11629/phieu"),
        }
        answer = officer.post(page, data=data)
    assert (answer.status_code, "đã mã hóa" in answer.text) == (409, True)
    [stored] = sample.arrived()
    assert (stored.xml, stored.review, stored.replaced_by_id) == (xml, "received", None)
