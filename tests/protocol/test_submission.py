"""Sending as phones send: HEAD, multipart, splitting, resends, conflicts, bad input (C30–C42, C45–C48)."""

import contextlib
import contextvars
import dataclasses
import io
import threading
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server import intake
from server.collectors import NewCollector
from server.db import db
from server.errors import BAD_REQUEST, Problem
from server.media import path_of
from server.models import Attachment, Device, Submission
from server.openrosa import parts, submission
from tests import sample
from tests.phone import InProcess, Phone, multipart, part, statuses

JPEG = b"\xff\xd8\xff\xe0" + b"photo" * 20


@pytest.fixture(autouse=True)
def _published(request: pytest.FixtureRequest, app: Flask) -> None:
    sample.publish_plain()


def _stored() -> list[Submission]:
    db.session.rollback()  # what others have written since is seen by a new transaction
    return list(db.session.scalars(sa.select(Submission).order_by(Submission.id)))


def _files() -> dict[str, bytes]:
    """What is on disk of every attachment, by name."""
    db.session.rollback()
    rows = db.session.scalars(sa.select(Attachment))
    return {row.name: path_of(row.stored_sha256).read_bytes() for row in rows}


def _form(xml: bytes, name: str = "xml_submission_file", **more: bytes) -> tuple[bytes, str]:
    content = [part(name, xml, "Từng Nhà.xml", "text/xml")]
    content += [part(each, value, each, "image/jpeg") for each, value in more.items()]
    return multipart("b0undary", content), "multipart/form-data; boundary=b0undary"


# HEAD


def test_head_is_204_with_the_size_that_may_be_sent(any_phone: Phone) -> None:
    """C30, C31, C32: exactly 204, an integer, no body, no Location."""
    answer = any_phone.head()
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["X-OpenRosa-Accept-Content-Length"] == "20000000"
    assert "Location" not in answer.headers


def test_the_announced_size_follows_the_setting(app: Flask, phone: Phone) -> None:
    """C30: what is announced is what is taken."""
    app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], max_submission_mb=3)
    assert phone.head().headers["X-OpenRosa-Accept-Content-Length"] == "3000000"


# POST


def test_a_visit_is_answered_201_with_a_sentence(any_phone: Phone) -> None:
    """C37, C38: 201, never 200; a message of at most 200 characters, in an element without a prefix."""
    [answer] = any_phone.send(sample.filled(), {"a.jpg": JPEG})
    assert answer.status == 201
    assert answer.message
    assert len(answer.message) <= 200
    assert b"<message>" in answer.body


def test_the_xml_is_kept_as_it_came_and_files_by_the_names_of_their_parts(phone: Phone) -> None:
    """C35, C47."""
    xml = sample.filled("<so>3</so><anh>Ảnh nhà.jpg</anh>")
    assert phone.post(xml, {"Ảnh nhà.jpg": JPEG, "audit.csv": b"event,node\n"}).status == 201
    [stored] = _stored()
    assert stored.xml == xml
    assert _files() == {"Ảnh nhà.jpg": JPEG, "audit.csv": b"event,node\n"}
    assert stored.missing_files is None


def test_who_sent_it_and_when_are_kept_beside_what_the_phone_says(
    any_phone: Phone, collector: NewCollector
) -> None:
    """C48."""
    assert any_phone.post(sample.filled()).status == 201
    [stored] = _stored()
    assert stored.collector_id == collector.collector.id
    assert stored.device == any_phone.device
    assert (stored.user_agent or "").startswith("org.odk.collect.android/")
    assert stored.received_at.tzinfo is not None


@pytest.mark.parametrize(
    "content",
    [
        part("xml_submission_file", b"{xml}"),  # curl -F
        part("xml_submission_file", b"{xml}", "xml_submission_file", "text/xml"),  # Enketo
        part("xml_submission_file", b"{xml}", "a.xml", "application/xml"),  # Briefcase
        part("xml_submission_file", b"{xml}", 'Phiếu "mới"; của=tôi.xml', "text/xml"),
        b"content-type: text/xml\r\nCONTENT-DISPOSITION:form-data;name=xml_submission_file;filename=a\r\n\r\n{xml}",
        b'Content-Disposition: form-data; name="xml_submission_file"; filename="a.xml"\r\n'
        b"Content-Type: text/xml\r\nContent-Length: 999\r\nContent-Transfer-Encoding: binary\r\n\r\n{xml}",
    ],
)
def test_all_ways_to_write_the_form_part_are_read(phone: Phone, content: bytes) -> None:
    """C33: OkHttp, browsers, curl, Apache."""
    xml = sample.filled()
    body = multipart("b", [content.replace(b"{xml}", xml)])
    assert phone.post_raw(body, 'multipart/form-data; boundary="b"').status == 201
    assert _stored()[0].xml == xml


def test_line_ends_without_carriage_returns_are_read_too(phone: Phone) -> None:
    """C33: not by the book, yet seen."""
    xml = sample.filled()
    body, kind = _form(xml)
    assert phone.post_raw(body.replace(b"\r\n", b"\n"), kind).status == 201
    assert _stored()[0].xml == xml


@pytest.mark.parametrize(
    "declaration", [b"", b"<?xml version='1.0' ?>", b'<?xml version="1.0" encoding="UTF-8"?>\n']
)
def test_declarations_and_styles_of_meta_do_not_matter(phone: Phone, declaration: bytes) -> None:
    """C34."""
    plain = sample.filled().removeprefix(b"<?xml version='1.0' ?>")
    openrosa = sample.filled().replace(b"<meta>", b"<orx:meta>").replace(b"</meta>", b"</orx:meta>")
    openrosa = openrosa.replace(b"instanceID", b"orx:instanceID").removeprefix(b"<?xml version='1.0' ?>")
    for xml in (plain, openrosa):
        assert phone.post(declaration + xml).status == 201


# splitting


def test_a_split_submission_is_one_record_with_all_its_files(app: Flask, any_phone: Phone) -> None:
    """C36: 6 files of 800 bytes under a limit of 3,000 come in several POSTs, all 201 or 202."""
    files = {f"{number}.jpg": JPEG + bytes([number]) * 700 for number in range(6)}
    names = "".join(f"<a{number}>{number}.jpg</a{number}>" for number in range(6))
    xml = sample.filled(f"<so>3</so><anh>0.jpg</anh>{names}")
    any_phone.head()
    packets = [dict(list(files.items())[start : start + 2]) for start in (0, 2, 4)]
    answers = [any_phone.post(xml, packet, incomplete=number < 2) for number, packet in enumerate(packets)]
    assert set(statuses(answers)) <= {201, 202}
    assert len(_stored()) == 1
    assert _files() == files


def test_a_phone_splits_by_the_announced_limit(app: Flask, phone: Phone) -> None:
    """C30, C36: and Enketo's way, without *isIncomplete*, comes to the same."""
    app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], max_submission_mb=1)
    files = {f"{number}.jpg": JPEG + bytes([number]) * 400_000 for number in range(4)}
    answers = phone.send(sample.filled("<so>1</so><anh>0.jpg</anh>"), files)
    assert len(answers) == 2
    assert set(statuses(answers)) <= {201, 202}
    assert _files() == files


def test_a_file_larger_than_the_limit_still_comes_alone(app: Flask, phone: Phone) -> None:
    """C36: the body limit is a good deal above the announced one."""
    limit = int(phone.head().headers["X-OpenRosa-Accept-Content-Length"])
    large = JPEG + bytes(limit)
    assert statuses(phone.send(sample.filled("<so>1</so><anh>a.mp4</anh>"), {"a.mp4": large})) == [201]
    assert _files() == {"a.mp4": large}


def test_what_has_not_come_yet_is_seen_from_the_answers(phone: Phone) -> None:
    """C36, C41: complete when every file that the answers name is there; it may stay incomplete for ever."""
    xml = sample.filled("<so>3</so><anh>a.jpg</anh>")
    assert phone.post(xml, incomplete=True).status == 201
    assert _stored()[0].missing_files == ["a.jpg"]
    assert phone.post(xml, {"a.jpg": JPEG}).status in (201, 202)
    assert _stored()[0].missing_files is None


# again


def test_sending_twice_stores_once(any_phone: Phone) -> None:
    """C40: resends are normal; the second is 202."""
    xml = sample.filled("<so>3</so><anh>a.jpg</anh>")
    first = any_phone.post(xml, {"a.jpg": JPEG})
    again = [any_phone.post(xml, {"a.jpg": JPEG}) for _ in range(3)]
    assert first.status == 201
    assert statuses(again) == [202] * 3
    assert all(answer.message for answer in again)
    assert len(_stored()) == 1
    assert _files() == {"a.jpg": JPEG}


def test_late_media_are_attached_and_other_bytes_are_a_conflict(phone: Phone) -> None:
    """C41."""
    xml = sample.filled("<so>3</so><anh>a.jpg</anh>")
    assert phone.post(xml).status == 201
    assert phone.post(xml, {"a.jpg": JPEG}).status in (201, 202)
    refused = phone.post(xml, {"a.jpg": JPEG + b"other"})
    assert refused.status == 409
    assert "a.jpg" in (refused.message or "")
    assert _files() == {"a.jpg": JPEG}


def test_the_same_id_with_another_content_is_refused_and_changes_nothing(any_phone: Phone) -> None:
    """C45: raw bytes are compared."""
    instance = f"uuid:{uuid.uuid4()}"
    first = sample.filled("<so>3</so>", instance_id=instance)
    assert any_phone.post(first).status == 201
    for other in (sample.filled("<so>4</so>", instance_id=instance), first + b"\n"):
        refused = any_phone.post(other)
        assert refused.status == 409
        assert refused.message
    assert [stored.xml for stored in _stored()] == [first]


def test_the_same_visit_sent_at_once_from_several_threads_is_stored_once(
    app: Flask, collector: NewCollector
) -> None:
    """C46: one 201, the others 202."""
    xml = sample.filled()
    found: list[int] = []
    ready = threading.Barrier(4)

    def send() -> None:
        phone = Phone(InProcess(app), f"http://localhost/key/{collector.token}")
        ready.wait(10)
        found.append(phone.post(xml).status)

    threads = [threading.Thread(target=contextvars.Context().run, args=(send,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(found) == [201, 202, 202, 202]
    assert len(_stored()) == 1


def test_old_and_unknown_versions_are_taken(phone: Phone) -> None:
    """C39, C42: what the collector cannot cure is never refused."""
    sample.publish_plain("2")
    assert phone.post(sample.filled(version="1")).status == 201
    assert phone.post(sample.filled(version="unheard of")).status in (201, 202)
    assert len(_stored()) == 2


# bad input


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
    assert _stored() == []


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
    assert _stored() == []


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.98])
@pytest.mark.parametrize("photo", [JPEG, JPEG + bytes(600_000)], ids=["small", "large"])
def test_a_body_cut_short_is_refused_and_leaves_nothing(phone: Phone, share: float, photo: bytes) -> None:
    """C39: the connection of a phone breaks at any byte."""
    body, kind = _form(sample.filled(), **{"a.jpg": photo})
    for cut in (body[: int(len(body) * share)], body[:-4]):
        answer = phone.post_raw(cut, kind)
        assert answer.status == 400
        assert answer.message
    assert _stored() == []
    assert _files() == {}


def test_too_large_a_body_is_413_with_a_sentence_and_is_taken_off_the_line(
    app: Flask, collector: NewCollector
) -> None:
    """C39: else the phone sees a reset connection instead of the reason."""
    waiting = io.BytesIO(bytes(50_000_000))
    response = app.test_client().post(
        f"/key/{collector.token}/submission",
        input_stream=waiting,
        content_length=50_000_000,
        content_type="multipart/form-data; boundary=b",
    )
    assert response.status_code == 413
    assert "<message>" in response.text
    assert "MB" in response.text
    assert waiting.tell() == 50_000_000


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
    assert _files() == {kept: JPEG}
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
            *(part("a.jpg", JPEG + each, "a") for each in (b"1", b"2")),
        ],
    )
    assert phone.post_raw(body, "multipart/form-data; boundary=b").status == 201
    assert phone.post_raw(body, "multipart/form-data; boundary=b").status == 202
    assert _files() == {"a.jpg": JPEG + b"1", "a~2.jpg": JPEG + b"2"}


def test_fields_that_are_no_files_are_no_attachments(phone: Phone) -> None:
    """C35, C36."""
    content = [
        part("xml_submission_file", sample.filled()),
        part("*isIncomplete*", b"yes"),
        part("note", b"hello"),
    ]
    assert phone.post_raw(multipart("b", content), "multipart/form-data; boundary=b").status == 201
    assert _files() == {}


def test_a_phone_is_noted_when_it_asks_for_forms_and_not_when_it_sends(phone: Phone) -> None:
    """C48: what a submission writes is only what it says."""
    assert phone.post(sample.filled()).status == 201
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Device)) == 0
    db.session.rollback()
    phone.form_list()
    [device] = db.session.scalars(sa.select(Device)).all()
    first = device.last_seen
    db.session.rollback()
    phone.form_list()
    db.session.expire_all()
    assert (device.device_id, device.last_seen) == (phone.device, first)


def test_a_defect_of_ours_is_500_and_the_phone_keeps_its_copy(
    app: Flask, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C37, C39."""
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def fail(*_args: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(intake, "accept", fail)
    answer = phone.post(sample.filled())
    assert answer.status == 500
    assert answer.message


# the parts alone


NAMES = st.text(st.characters(exclude_characters='"\r\n\\', codec="utf-8"), max_size=20)


@given(st.lists(st.tuples(NAMES, st.none() | NAMES, st.binary(max_size=200)), max_size=5))
def test_parts_read_back_as_they_were_written(written: list[tuple[str, str | None, bytes]]) -> None:
    """C33: in memory and from a stream alike."""
    boundary = "5a4e0f0e-2f4b-4d3a"
    body = multipart(boundary, [part(name, content, filename) for name, filename, content in written])
    kind = f"multipart/form-data; boundary={boundary}"
    for length in (len(body), None):
        with parts.received(io.BytesIO(body), kind, length) as found:
            contents = [each.stream.read() for each in found]
        fields = [(each.name, each.filename) for each in found]
        expected = [
            (name.replace("%22", '"'), None if filename is None else filename.replace("%22", '"'))
            for name, filename, _content in written
        ]
        if length is not None:
            assert fields == expected
            assert contents == [content for _name, _filename, content in written]
        else:
            assert len(found) == len(written)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_break_the_reading_of_parts(noise: bytes, large: bool) -> None:
    """C39: parts or one clear error, whatever comes."""
    marked = noise.replace(b"\x01", b"\r\n--b\r\n").replace(b"\x02", b"\r\n\r\n").replace(b"\x03", b"--b--")
    for body in (noise, marked, b"--b\r\n" + marked + b"\r\n--b--\r\n"):
        length = None if large else len(body)
        with contextlib.suppress(Problem):
            with parts.received(io.BytesIO(body), "multipart/form-data; boundary=b", length) as found:
                submission.unwrap(found)


@given(st.text())
def test_a_safe_name_is_one_name(name: str) -> None:
    """C35."""
    safe = submission.safe_name(name)
    assert 0 < len(safe) <= 255
    assert "/" not in safe
    assert "\\" not in safe
    assert safe.strip(".")
    assert safe.isprintable()


def test_a_body_that_is_no_multipart_says_what_is_needed() -> None:
    """C39."""
    with pytest.raises(Problem) as told, parts.received(io.BytesIO(b""), "text/plain", 0):
        pass
    assert told.value.kind is BAD_REQUEST
    assert "xml_submission_file" in told.value.sentence
