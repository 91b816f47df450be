"""What Enketo asks of the same URLs, and settings that only the form can hold (C55–C58, C62)."""

import csv
import io

import pytest
from flask import Flask

from server.db import db
from server.phones.collectors import NewCollector
from server.published_forms import library_forms
from tests import sample
from tests.phone import LISTED, InProcess, Phone, digest_header, multipart, part, statuses


def test_its_check_is_a_head_of_the_form_list(any_phone: Phone) -> None:
    """C55: 2xx for one who may, 401 for one who has to say who he is."""
    sample.publish_plain()
    url = f"{any_phone.server_url}/formList?formID=don_gian"
    assert any_phone.request("HEAD", url).status == 200
    stranger = Phone(InProcess(any_phone.transport.client.application), "http://localhost")  # type: ignore[attr-defined]
    assert stranger.request("HEAD", "http://localhost/formList?formID=don_gian").status == 401


def test_it_finds_one_form_by_its_exact_id_in_xml_without_prefixes(any_phone: Phone) -> None:
    """C56, C16: `formID` as written, names as they stand, the hash to compare its own copy with."""
    sample.publish_plain()
    sample.publish_plain(form_id="don_gian_2")
    answer = any_phone.get(f"{any_phone.server_url}/formList?formID=don_gian")
    [form] = answer.root.iter(f"{LISTED}xform")
    assert form.findtext(f"{LISTED}formID") == "don_gian"
    assert b"<xforms " in answer.body
    assert b"<xform><formID>don_gian</formID>" in answer.body
    assert answer.headers["Date"]
    [known] = [each for each in any_phone.forms() if each.form_id == "don_gian"]
    assert any_phone.download(known)


def test_a_proof_made_from_one_head_is_good_for_the_post_that_follows(
    app: Flask, collector: NewCollector
) -> None:
    """C57: it asks once with HEAD, and sends with the same nonce; its own headers and file name are taken."""
    sample.publish_plain()
    phone = Phone(InProcess(app), "http://localhost", collector.collector.username, collector.password)
    head = phone.head()
    assert int(head.headers["X-OpenRosa-Accept-Content-Length"]) > 0
    challenge = phone._challenge
    xml = sample.filled()
    body = multipart("b", [part("xml_submission_file", xml, "xml_submission_file", "text/xml")])
    proof = digest_header(
        challenge, phone.username, phone.password, "POST", "/submission?deviceID=ee.kobotoolbox", 2
    )
    answer = InProcess(app).client.post(
        "/submission?deviceID=ee.kobotoolbox",
        data=body,
        content_type="multipart/form-data; boundary=b",
        headers={"Authorization": proof, "X-OpenRosa-Instance-Id": "uuid:1", "X-OpenRosa-Version": "1.0"},
    )
    assert answer.status_code == 201
    assert "<message>" in answer.text


def test_a_list_can_be_read_as_a_plain_file(phone: Phone, collector: NewCollector) -> None:
    """C58: no entities there; the CSV is whole, its hash that of its bytes, `name` and `label` as selects need."""
    sample.publish_visit()
    sample.make_entity(collector.collector.villages[0].village, "Ngõ 3, số 7")
    files = {file.name: file for file in phone.files(phone.forms()[0])}
    [row] = csv.DictReader(io.StringIO(phone.download(files["ho_dan.csv"]).decode()))
    assert row["label"] == "Ngõ 3, số 7"


@pytest.mark.parametrize("form_id", ["diem_5g", "wifi_cong_cong"])
def test_how_exact_a_point_must_be_is_the_forms_to_say(phone: Phone, form_id: str) -> None:
    """C62: no QR code can set it, so each form of the library that needs a point does."""
    library_forms.publish_library([form_id])
    db.session.commit()
    [form] = phone.forms()
    xform = phone.download(form).decode()
    assert "accuracyThreshold" in xform or "capture-accuracy" in xform
    assert statuses([phone.head()]) == [204]
