"""A draft on the officer's own screen: made-up households, and answers that count nowhere."""

import io

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.db import db
from server.models import DraftSubmission, FormDraft, Submission
from server.published_forms import form_drafts
from tests.people import browser, make_commune, make_person
from tests.protocol.test_draft_on_phone import SENT, workbook


@pytest.fixture
def draft(app: Flask) -> FormDraft:
    """A draft of a commune's."""
    made = form_drafts.save(workbook(), "thu.md", make_commune(thon=2), "person:1")
    db.session.commit()
    return made


def under(draft: FormDraft) -> dict[str, str]:
    return {"Authorization": f"Bearer {form_drafts.screen_url(draft, '').rpartition('=')[2]}"}


def test_a_draft_is_shown_with_invented_households_and_its_answers_count_nowhere(
    client: FlaskClient, draft: FormDraft
) -> None:
    told = client.get("/phieu/trial/about", headers=under(draft)).get_json()
    [form] = told["forms"]
    assert form["id"] == "phieu_thu"
    lists = {
        each["name"]: client.get(each["url"], headers=under(draft)).get_data(as_text=True)
        for each in form["files"]
    }
    assert "Hộ thử Một" in lists["ho_dan.csv"]
    assert b"phieu_thu" in client.get(form["url"], headers=under(draft)).get_data()
    sent = SENT.format(version="7", name="1").encode()
    answers = [
        client.post(
            "/phieu/trial/submission",
            data={"xml_submission_file": (io.BytesIO(sent), "form.xml", "text/xml")},
            headers=under(draft),
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 202]
    assert db.session.query(DraftSubmission).count() == 1
    assert db.session.query(Submission).count() == 0


def test_a_collectors_code_opens_no_draft_and_a_drafts_link_no_collectors_lists(
    client: FlaskClient, draft: FormDraft
) -> None:
    for path in ("/phieu/about", "/phieu/forms/phieu_thu/7.xml", "/phieu/submission"):
        method = "POST" if path.endswith("submission") else "GET"
        assert client.open(path, method=method, headers=under(draft)).status_code == 403
    assert (
        client.get("/phieu/trial/about", headers={"Authorization": f"Bearer {'x' * 64}"}).status_code == 403
    )


def test_the_page_of_a_draft_leads_to_it(app: Flask, draft: FormDraft) -> None:
    make_person("can.bo", "officer", draft.commune)
    officer = browser(app)
    officer.sign_in("can.bo")
    page = officer.open(f"/quan-tri/bieu-mau/nhap/{draft.id}").get_data(as_text=True)
    assert form_drafts.screen_url(draft, "http://localhost") in page
