"""What phones must never send and servers get: bad forms, bad bodies, bad names; one clear error (C33–C39, C47)."""

import io

import pytest
import sqlalchemy as sa
from flask import Flask

from server.db import db
from server.intake import receive_submission
from server.models import Attachment
from server.phones.collectors import NewCollector
from tests import sample
from tests.phone import Phone, multipart, part
from tests.sample import JPEG, arrived, arrived_files, photo


@pytest.fixture(autouse=True)
def _published(app: Flask) -> None:
    sample.publish_plain()


def _form(xml: bytes, name: str = "xml_submission_file", **more: bytes) -> tuple[bytes, str]:
    content = [part(name, xml, "Từng Nhà.xml", "text/xml")]
    content += [part(each, value, each, "image/jpeg") for each, value in more.items()]
    return multipart("b0undary", content), "multipart/form-data; boundary=b0undary"


@pytest.mark.parametrize(
    ("xml", "status"),
    [
        (b"", 400),
        (b"not xml", 400),
        (b"<data", 400),
        (sample.filled().replace(b"<so>3", b"<so>\x003"), 400),
        (sample.filled().replace(b"<data", b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><data'), 400),
        (sample.filled().replace(b' id="don_gian"', b""), 400),
        (sample.filled(form_id="khong_co"), 404),
        (b"<data id='don_gian' version='1'><so>3</so></data>", 400),
        (b"<data id='don_gian'>" + b"<a>" * 100_000, 400),
        (sample.filled(f"<so>{'9' * 5_100_000}</so>"), 400),
    ],
    ids=["empty", "text", "cut", "nul", "dtd", "no id", "unknown form", "no instance id", "deep", "large"],
)  # fmt: skip
def test_a_form_that_cannot_be_read_is_refused_with_a_sentence(phone: Phone, xml: bytes, status: int) -> None:
    """C34, C39, C47."""
    answer = phone.post(xml)
    assert answer.status == status
    assert answer.message
    assert arrived() == []


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", ""),
        (b"", "multipart/form-data"),
        (b"", "multipart/form-data; boundary=b"),
        (sample.filled(), "text/xml"),
        (b"xml_submission_file=1", "application/x-www-form-urlencoded"),
        (b"--b--\r\n", "multipart/form-data; boundary=b"),
        (b"no boundary at all", "multipart/form-data; boundary=b"),
        (b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b"),
        (b"--b\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b"),
        (b"--b\r\nContent-Disposition: \xff\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b"),
        (multipart("b", [part("photo.jpg", JPEG, "photo.jpg")]), "multipart/form-data; boundary=b"),
        (multipart("é", [part("xml_submission_file", sample.filled())]), "multipart/form-data; boundary=é"),
        (multipart("b", [part("xml_submission_file", sample.filled())] * 2), "multipart/form-data; boundary=b"),
        (multipart("b", [part("a", b"x")] * 1100), "multipart/form-data; boundary=b"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_submission_is_refused_with_a_sentence(
    phone: Phone, body: bytes, content_type: str
) -> None:
    """C34, C39: wrong type, no part, no boundary, two forms."""
    answer = phone.post_raw(body, content_type)
    assert answer.status in (400, 413)
    assert answer.message
    assert arrived() == []


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.98])
@pytest.mark.parametrize("photo", [JPEG, photo(bytes(600_000))], ids=["small", "large"])
def test_a_body_cut_short_is_refused_and_leaves_nothing(phone: Phone, share: float, photo: bytes) -> None:
    """C39: the connection of a phone breaks at any byte."""
    body, kind = _form(sample.filled(), **{"a.jpg": photo})
    for cut in (body[: int(len(body) * share)], body[:-4]):
        answer = phone.post_raw(cut, kind)
        assert answer.status == 400
        assert answer.message
    assert arrived() == []
    assert arrived_files() == {}


def test_too_large_a_body_is_413_with_a_sentence(app: Flask, collector: NewCollector) -> None:
    """C39. That it is taken off the line, so that a phone reads it: tests/live/test_broken_lines.py."""
    response = app.test_client().post(
        f"/key/{collector.token}/submission",
        input_stream=io.BytesIO(bytes(50_000_000)),
        content_length=50_000_000,
        content_type="multipart/form-data; boundary=b",
    )
    assert response.status_code == 413
    assert "<message>" in response.text
    assert "MB" in response.text


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../x", "x"),
        ("/etc/passwd", "passwd"),
        ("C:\\anh\\nha.jpg", "C:anhnha.jpg"),
        ("..", "tep"),
        ("", "tep"),
        ("a\x00b\x07.jpg", "ab.jpg"),
        ("Ảnh nhà.jpg", "Ảnh nhà.jpg"),
        ("x" * 400 + ".jpg", "x" * 255),
    ],
)
def test_names_of_files_lead_nowhere(app: Flask, phone: Phone, sent: str, kept: str) -> None:
    """C35: a photo named `../../x` is stored by its hash, and listed as `x`."""
    body = multipart(
        "b", [part("xml_submission_file", sample.filled(), "f.xml"), part(sent, JPEG, "any.jpg")]
    )
    assert phone.post_raw(body, "multipart/form-data; boundary=b").status == 201
    assert arrived_files() == {kept: JPEG}
    folder = app.config["SETTINGS"].blob_folder
    assert {path.name for path in folder.rglob("*") if path.is_file()} == {
        row.stored_sha256.hex() for row in db.session.scalars(sa.select(Attachment))
    }


def test_two_files_of_one_name_are_both_kept(phone: Phone) -> None:
    """C35, C39: nothing that the collector could cure, so nothing is refused; a resend meets the same names."""
    body = multipart(
        "b",
        [
            part("xml_submission_file", sample.filled()),
            *(part("a.jpg", photo(each), "a") for each in (b"1", b"2")),
        ],
    )
    assert phone.post_raw(body, "multipart/form-data; boundary=b").status == 201
    assert phone.post_raw(body, "multipart/form-data; boundary=b").status == 202
    assert arrived_files() == {"a.jpg": photo(b"1"), "a~2.jpg": photo(b"2")}


def test_fields_that_are_no_files_are_no_attachments(phone: Phone) -> None:
    """C35, C36."""
    content = [
        part("xml_submission_file", sample.filled()),
        part("*isIncomplete*", b"yes"),
        part("note", b"hello"),
    ]
    assert phone.post_raw(multipart("b", content), "multipart/form-data; boundary=b").status == 201
    assert arrived_files() == {}


def test_a_defect_of_ours_is_500_and_the_phone_keeps_its_copy(
    app: Flask, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C37, C39."""
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def fail(*_args: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(receive_submission, "read", fail)
    answer = phone.post(sample.filled())
    assert answer.status == 500
    assert answer.message
