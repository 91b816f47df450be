"""The text of a QR code, taken as a phone takes it: unpacked, applied, and used to ask (C59–C61)."""

import base64
import json
import zlib

from flask import Flask

from server.phones import app_settings
from server.phones.collectors import NewCollector
from tests import sample
from tests.phone import InProcess, Phone


def test_a_scanned_code_is_a_phone_that_works(app: Flask, collector: NewCollector) -> None:
    """C59, C60, C61."""
    sample.publish_visit()
    text = app_settings.qr_text(collector.collector, "http://localhost")
    assert "\n" not in text
    found = json.loads(zlib.decompress(base64.b64decode(text, validate=True)))
    general, admin = found["general"], found["admin"]
    assert (general["form_update_mode"], general["periodic_form_updates_check"]) == (
        "match_exactly",
        "every_one_hour",
    )
    assert (general["autosend"], general["app_language"]) == ("wifi_and_cellular", "vi")
    assert admin["admin_pw"].isdigit()
    assert admin["change_server"] is False
    assert found["project"]["name"] == "An Lão – Nguyễn Văn Ấm"
    phone = Phone(InProcess(app), general["server_url"])
    assert [form.form_id for form in phone.forms()] == ["tham"]
    assert phone.head().status == 204
