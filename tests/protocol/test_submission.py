"""Sending as phones send: HEAD, multipart, splitting, resends, conflicts (C30–C42, C45–C48)."""

import contextvars
import dataclasses
import threading
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask

from server.db import db
from server.models import Device
from server.phones.collectors import NewCollector
from tests import sample
from tests.phone import InProcess, Phone, multipart, part, statuses
from tests.sample import JPEG, arrived, arrived_files, photo


@pytest.fixture(autouse=True)
def _published(app: Flask) -> None:
    sample.publish_plain()


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
    [stored] = arrived()
    assert stored.xml == xml
    assert arrived_files() == {"Ảnh nhà.jpg": JPEG, "audit.csv": b"event,node\n"}
    assert stored.missing_files is None


def test_who_sent_it_and_when_are_kept_beside_what_the_phone_says(
    any_phone: Phone, collector: NewCollector
) -> None:
    """C48."""
    assert any_phone.post(sample.filled()).status == 201
    [stored] = arrived()
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
    assert arrived()[0].xml == xml


def test_line_ends_without_carriage_returns_are_read_too(phone: Phone) -> None:
    """C33: not by the book, yet seen."""
    xml = sample.filled()
    body, kind = _form(xml)
    assert phone.post_raw(body.replace(b"\r\n", b"\n"), kind).status == 201
    assert arrived()[0].xml == xml


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
    files = {f"{number}.jpg": photo(bytes([number]) * 700) for number in range(6)}
    names = "".join(f"<a{number}>{number}.jpg</a{number}>" for number in range(6))
    xml = sample.filled(f"<so>3</so><anh>0.jpg</anh>{names}")
    any_phone.head()
    packets = [dict(list(files.items())[start : start + 2]) for start in (0, 2, 4)]
    answers = [any_phone.post(xml, packet, incomplete=number < 2) for number, packet in enumerate(packets)]
    assert set(statuses(answers)) <= {201, 202}
    assert len(arrived()) == 1
    assert arrived_files() == files


def test_a_phone_splits_by_the_announced_limit(app: Flask, phone: Phone) -> None:
    """C30, C36: and Enketo's way, without *isIncomplete*, comes to the same."""
    app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], max_submission_mb=1)
    files = {f"{number}.jpg": photo(bytes([number]) * 400_000) for number in range(4)}
    answers = phone.send(sample.filled("<so>1</so><anh>0.jpg</anh>"), files)
    assert len(answers) == 2
    assert set(statuses(answers)) <= {201, 202}
    assert arrived_files() == files


def test_a_file_larger_than_the_limit_still_comes_alone(app: Flask, phone: Phone) -> None:
    """C36: the body limit is a good deal above the announced one."""
    limit = int(phone.head().headers["X-OpenRosa-Accept-Content-Length"])
    large = photo(bytes(limit))
    assert statuses(phone.send(sample.filled("<so>1</so><anh>a.mp4</anh>"), {"a.mp4": large})) == [201]
    assert arrived_files() == {"a.mp4": large}


def test_what_has_not_come_yet_is_seen_from_the_answers(phone: Phone) -> None:
    """C36, C41: complete when every file that the answers name is there; it may stay incomplete for ever."""
    xml = sample.filled("<so>3</so><anh>a.jpg</anh>")
    assert phone.post(xml, incomplete=True).status == 201
    assert arrived()[0].missing_files == ["a.jpg"]
    assert phone.post(xml, {"a.jpg": JPEG}).status in (201, 202)
    assert arrived()[0].missing_files is None


# again


def test_sending_twice_stores_once(any_phone: Phone) -> None:
    """C40: resends are normal; the second is 202."""
    xml = sample.filled("<so>3</so><anh>a.jpg</anh>")
    first = any_phone.post(xml, {"a.jpg": JPEG})
    again = [any_phone.post(xml, {"a.jpg": JPEG}) for _ in range(3)]
    assert first.status == 201
    assert statuses(again) == [202] * 3
    assert all(answer.message for answer in again)
    assert len(arrived()) == 1
    assert arrived_files() == {"a.jpg": JPEG}


def test_late_media_are_attached_and_other_bytes_are_a_conflict(phone: Phone) -> None:
    """C41."""
    xml = sample.filled("<so>3</so><anh>a.jpg</anh>")
    assert phone.post(xml).status == 201
    assert phone.post(xml, {"a.jpg": JPEG}).status in (201, 202)
    refused = phone.post(xml, {"a.jpg": photo(b"other")})
    assert refused.status == 409
    assert "a.jpg" in (refused.message or "")
    assert arrived_files() == {"a.jpg": JPEG}


def test_the_same_id_with_another_content_is_refused_and_changes_nothing(any_phone: Phone) -> None:
    """C45: raw bytes are compared."""
    instance = f"uuid:{uuid.uuid4()}"
    first = sample.filled("<so>3</so>", instance_id=instance)
    assert any_phone.post(first).status == 201
    for other in (sample.filled("<so>4</so>", instance_id=instance), first + b"\n"):
        refused = any_phone.post(other)
        assert refused.status == 409
        assert refused.message
    assert [stored.xml for stored in arrived()] == [first]


def test_the_same_visit_sent_at_once_from_several_threads_is_stored_once(
    app: Flask, collector: NewCollector
) -> None:
    """C46: one 201, the others 202."""
    xml = sample.filled()
    found: list[int] = []
    ready = threading.Barrier(4)

    def send() -> None:
        phone = Phone(InProcess(app), f"http://localhost/key/{collector.token}")
        ready.wait(60)
        found.append(phone.post(xml).status)

    threads = [threading.Thread(target=contextvars.Context().run, args=(send,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(found) == [201, 202, 202, 202]
    assert len(arrived()) == 1


def test_old_and_unknown_versions_are_taken(phone: Phone) -> None:
    """C39, C42: what the collector cannot cure is never refused."""
    sample.publish_plain("2")
    assert phone.post(sample.filled(version="1")).status == 201
    assert phone.post(sample.filled(version="unheard of")).status in (201, 202)
    assert len(arrived()) == 2


def test_a_phone_is_noted_when_it_first_asks_or_sends_and_no_more_when_it_sends(phone: Phone) -> None:
    """C2, C48: older phones tell their id only when they send."""
    assert phone.post(sample.filled()).status == 201
    [device] = db.session.scalars(sa.select(Device)).all()
    first = device.last_seen
    db.session.rollback()
    assert phone.post(sample.filled(instance_id="uuid:00000000-0000-4000-8000-00000000000b")).status == 201
    phone.form_list()
    db.session.expire_all()
    assert (device.device_id, device.last_seen) == (phone.device, first)
