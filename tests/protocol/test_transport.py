"""What holds for every phone's request: addresses, headers, types, caching, errors (C1–C8, C38, C39)."""

import dataclasses
import re

import pytest
from flask import Flask
from werkzeug.datastructures import Headers

from app import create_app
from server.db import db
from server.phones.collectors import NewCollector
from server.settings import Settings
from tests import sample
from tests.phone import Answer, InProcess, Phone


def test_the_form_list_is_found_with_and_without_a_slash_and_never_by_a_redirect(
    phone: Phone, collector: NewCollector
) -> None:
    """C1, C6: Collect strips the slashes of its server URL; others ask with one at the end."""
    sample.publish_plain()
    for address in (phone.server_url, f"{phone.server_url}/"):
        same = dataclasses.replace(phone, server_url=address)
        assert [form.form_id for form in same.forms()] == ["don_gian"]
        assert same.head().status == 204
    assert phone.get(f"{phone.server_url}/formList/").status == 200


def test_the_name_of_the_form_list_is_case_sensitive(phone: Phone) -> None:
    """C1."""
    assert phone.get(f"{phone.server_url}/formlist").status == 404


def test_neither_version_header_nor_date_nor_device_is_needed(app: Flask, collector: NewCollector) -> None:
    """C2: browsers and curl send none of them; Collect's Date has a 12-hour clock."""
    answer = InProcess(app).send(
        "GET", f"/key/{collector.token}/formList", Headers({"Date": "yesterday"}), b""
    )
    assert answer.status == 200


def test_odd_device_names_and_agents_are_taken_as_they_are(phone: Phone) -> None:
    """C2, C48: what a phone says of itself never breaks a request."""
    odd = dataclasses.replace(phone, device="collect:\x00\x07\n" + "đ" * 900)
    assert odd.form_list().status == 200
    sample.publish_plain()
    assert odd.post(sample.filled()).status == 201


def _answers(phone: Phone) -> dict[str, Answer]:
    sample.publish_visit()
    base = phone.server_url
    return {
        "list": phone.form_list(),
        "form": phone.get(f"{base}/forms/tham/1.xml"),
        "manifest": phone.get(f"{base}/forms/tham/1/manifest"),
        "media": phone.get(f"{base}/forms/tham/1/media/thon.csv"),
        "integrity": phone.get(f"{base}/lists/ho_dan/integrity?id="),
        "head": phone.head(),
        "post": phone.post(sample.filled(form_id="tham")),
        "lost": phone.get(f"{base}/forms/nonsense"),
        "unknown": phone.get(f"{base}/forms/khong_co/1.xml"),
        "wrong method": phone.request("PUT", f"{base}/formList"),
        "get of submission": phone.get(f"{base}/submission"),
    }


def test_every_answer_has_the_headers_of_openrosa(any_phone: Phone) -> None:
    """C3: also errors, also those of the framework."""
    for what, answer in _answers(any_phone).items():
        assert answer.headers["X-OpenRosa-Version"] == "1.0", what
        assert answer.headers["X-OpenRosa-Accept-Content-Length"].isdigit(), what
        assert answer.headers.getlist("X-OpenRosa-Version") == ["1.0"], what
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answer.headers["Date"]), what
        assert answer.headers["Referrer-Policy"] == "no-referrer", what
        assert "Set-Cookie" not in answer.headers, what
        assert "Location" not in answer.headers, what


def test_lists_and_answers_are_text_xml(any_phone: Phone) -> None:
    """C4: phones refuse application/xml and text/html."""
    answers = _answers(any_phone)
    for what in ("list", "form", "manifest", "integrity", "post", "lost", "unknown", "wrong method"):
        assert answers[what].headers["Content-Type"] == "text/xml; charset=utf-8", what
        assert not answers[what].body.startswith(b"\xef\xbb\xbf")
    assert answers["media"].headers["Content-Type"] == "text/csv; charset=utf-8"


def test_every_error_has_a_message_for_the_phone_to_show(any_phone: Phone) -> None:
    """C38, C39: the envelope, also for 404 and 405 of the framework."""
    answers = _answers(any_phone)
    for what, status in (("lost", 404), ("unknown", 404), ("wrong method", 405), ("get of submission", 405)):
        assert answers[what].status == status
        assert answers[what].message, what
        assert len(answers[what].message or "") <= 200
    assert set(answers["get of submission"].headers["Allow"].split(", ")) == {"HEAD", "POST"}


def test_a_bug_is_told_as_500_with_a_message_and_never_as_an_empty_list(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, app: Flask
) -> None:
    """C19, C39: with match_exactly an empty list would delete every form from the phone."""
    app.testing = False
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def fail(*_args: object) -> None:
        raise RuntimeError("the database has gone")

    monkeypatch.setattr("server.openrosa.forms_for_phones.listed", fail)
    answer = phone.form_list()
    assert answer.status == 500
    assert answer.message
    assert b"xforms" not in answer.body


@pytest.mark.parametrize(
    "path", ["formList", "forms/tham/1.xml", "forms/tham/1/manifest", "forms/tham/1/media/ho_dan.csv"]
)
def test_downloads_are_revalidated_and_cost_nothing_when_unchanged(phone: Phone, path: str) -> None:
    """C7: ETag and `private, no-cache`, 304 for If-None-Match; never max-age."""
    sample.publish_visit()
    first = phone.get(f"{phone.server_url}/{path}")
    assert first.status == 200
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = phone.get(f"{phone.server_url}/{path}", **{"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["X-OpenRosa-Version"] == "1.0"


def test_the_etag_of_a_list_changes_with_the_collector_and_with_the_rows(
    app: Flask, phone: Phone, collector: NewCollector
) -> None:
    """C7, E7."""
    sample.publish_visit()
    path = "forms/tham/1/media/ho_dan.csv"
    before = phone.get(f"{phone.server_url}/{path}")
    other = sample.make_collector(
        collector.collector.commune,
        [sample.make_village(collector.collector.commune, "11629002", "Thôn Tây")],
    )
    sample.make_entity(other.collector.villages[0].village, "Bà Tẹo")
    his = Phone(InProcess(app), f"http://localhost/key/{other.token}")
    assert phone.get(f"{phone.server_url}/{path}", **{"If-None-Match": before.headers["ETag"]}).status == 304
    assert his.get(f"{his.server_url}/{path}", **{"If-None-Match": before.headers["ETag"]}).status == 200


def test_plain_http_works_by_token_and_by_digest(any_phone: Phone) -> None:
    """C8: a commune's own network has no certificate."""
    sample.publish_plain()
    assert any_phone.server_url.startswith("http://")
    assert any_phone.post(sample.filled()).status == 201


def test_addresses_follow_the_proxy(settings: Settings) -> None:
    """C11, C20: scheme, host and prefix as the phone sees them, or it would send no credentials there."""
    behind = create_app(dataclasses.replace(settings, proxies=1))
    with behind.app_context():
        made = sample.make_collector()
        sample.publish_visit()
        proxied = InProcess(
            behind,
            HTTP_X_FORWARDED_PROTO="https",
            HTTP_X_FORWARDED_HOST="tn.example",
            HTTP_X_FORWARDED_PREFIX="/tung-nha",
        )
        answer = proxied.send("GET", f"/key/{made.token}/formList", Headers(), b"")
        links = re.findall(r"<(?:downloadUrl|manifestUrl)>([^<]*)<", answer.body.decode())
        assert len(links) == 2
        assert all(link.startswith(f"https://tn.example/tung-nha/key/{made.token}/forms/") for link in links)
        db.dispose()
