"""What ODK Briefcase asks for: lists of ids, single submissions, their files; and what it may not (C49–C54)."""

import datetime as dt
import hashlib
import uuid
from urllib.parse import quote, urlsplit

import pytest
from flask import Flask
from lxml import etree

from server import clock
from server.phones.collectors import NewCollector
from tests import sample
from tests.phone import InProcess, Phone
from tests.protocol.test_edits import edit

SPACE = "{http://opendatakit.org/submissions}"


def listed(phone: Phone, cursor: str = "", number: int = 100, more: str = "") -> tuple[list[str], str]:
    """The ids of one page and the cursor of the next (C50)."""
    query = f"formId=don_gian&cursor={cursor}&numEntries={number}{more}"
    answer = phone.get(f"{phone.server_url}/view/submissionList?{query}")
    assert answer.status == 200
    assert "text/xml" in answer.headers["Content-Type"]
    root = answer.root
    assert root.tag == f"{SPACE}idChunk"
    ids = [each.text for each in root.findall(f"{SPACE}idList/{SPACE}id")]
    return ids, root.findtext(f"{SPACE}resumptionCursor")


def downloaded(phone: Phone, instance: str, version: str = "Optional[1]") -> etree._Element:
    key = f"don_gian[@version={version} and @uiVersion=null]/data[@key={instance}]"
    answer = phone.get(f"{phone.server_url}/view/downloadSubmission?formId={quote(key)}")
    assert answer.status == 200
    return answer.root


@pytest.fixture
def sent(any_phone: Phone) -> list[str]:
    """Five forms, the last one with a photo; their instance ids."""
    sample.publish_plain()
    ids = [f"uuid:{uuid.uuid4()}" for _ in range(5)]
    for instance in ids[:4]:
        any_phone.send(sample.filled(instance_id=instance))
    photo = sample.filled("<so>3</so><anh>1.jpg</anh>", instance_id=ids[4])
    any_phone.send(photo, {"1.jpg": sample.JPEG})
    return ids


def test_ids_come_in_the_order_of_arrival_until_none_are_left(any_phone: Phone, sent: list[str]) -> None:
    """C49, C50, C51: no page twice, the empty one with the same cursor."""
    found, cursor, pages = [], "", []
    while True:
        ids, cursor = listed(any_phone, cursor, 2)
        pages.append(len(ids))
        if not ids:
            break
        found += ids
    assert found == sent
    assert pages == [2, 2, 1, 0]
    assert listed(any_phone, cursor, 2) == ([], cursor)
    assert listed(any_phone, "0")[0] == sent


def test_a_cursor_that_nobody_gave_out_is_400_with_a_sentence(phone: Phone) -> None:
    sample.publish_plain()
    answer = phone.get(f"{phone.server_url}/view/submissionList?formId=don_gian&cursor=%3Cx%3E")
    assert answer.status == 400
    assert answer.message


def test_an_edit_stands_at_a_new_place_and_what_it_replaced_nowhere(phone: Phone) -> None:
    """C51."""
    sample.publish_plain()
    ids = [f"uuid:{uuid.uuid4()}" for _ in range(2)]
    for instance in ids:
        phone.send(sample.filled(instance_id=instance))
    end = listed(phone)[1]
    new, xml = edit(ids[0], "<so>7</so><anh/>")
    phone.send(xml)
    assert listed(phone)[0] == [ids[1], new]
    assert listed(phone, end)[0] == [new]


def test_incomplete_ones_are_left_out_unless_asked_for(phone: Phone) -> None:
    """C50."""
    sample.publish_plain()
    phone.send(sample.filled("<so>1</so><anh>khong_toi.jpg</anh>"))
    assert listed(phone)[0] == []
    assert len(listed(phone, more="&includeIncomplete=true")[0]) == 1


@pytest.mark.parametrize("version", ["Optional[1]", "Optional.empty", "null"])
def test_a_submission_comes_with_its_date_and_files(any_phone: Phone, sent: list[str], version: str) -> None:
    """C52, C53: the key as Briefcase writes it; files open without any password."""
    root = downloaded(any_phone, sent[4], version)
    [inside] = root.find(f"{SPACE}data")
    assert inside.get("instanceID") == sent[4]
    assert dt.datetime.fromisoformat(inside.get("submissionDate")).tzinfo is not None
    assert inside.findtext(f"{SPACE}so") == "3"
    [file] = root.findall(f"{SPACE}mediaFile")
    assert file.findtext(f"{SPACE}filename") == "1.jpg"
    assert file.findtext(f"{SPACE}hash") == f"md5:{hashlib.md5(sample.JPEG).hexdigest()}"
    url = file.findtext(f"{SPACE}downloadUrl")
    assert urlsplit(url)[:2] == urlsplit(any_phone.server_url)[:2]
    answer = Phone(any_phone.transport, "http://localhost").request("GET", url)
    assert (answer.status, answer.body) == (200, sample.JPEG)


def test_a_files_address_ends_after_an_hour_and_cannot_be_made_up(
    app: Flask, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C53."""
    sample.publish_plain()
    instance = f"uuid:{uuid.uuid4()}"
    phone.send(sample.filled("<so>3</so><anh>1.jpg</anh>", instance_id=instance), {"1.jpg": sample.JPEG})
    url = downloaded(phone, instance).findtext(f".//{SPACE}downloadUrl")
    # not the last letter, whose lowest bits say nothing
    assert phone.get(url[:-2] + ("A" if url[-2] != "A" else "B") + url[-1]).status == 404
    assert phone.get(f"{phone.server_url}/view/media/1").status == 404
    later = clock.now() + dt.timedelta(minutes=61)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert phone.get(url).status == 404


def test_nobody_pulls_what_another_has_sent(app: Flask, phone: Phone, collector: NewCollector) -> None:
    """R23: a phone's code reads its own sent forms alone."""
    sample.publish_plain()
    instance = f"uuid:{uuid.uuid4()}"
    phone.send(sample.filled(instance_id=instance))
    other = sample.make_collector(collector.collector.commune, [collector.collector.villages[0].village])
    his = Phone(InProcess(app), f"http://localhost/key/{other.token}")
    assert listed(his)[0] == []
    key = quote(f"don_gian/data[@key={instance}]")
    assert his.get(f"{his.server_url}/view/downloadSubmission?formId={key}").status == 404


def test_forms_are_not_pushed(any_phone: Phone) -> None:
    """C54: 403, to the question and to the form."""
    assert any_phone.request("HEAD", f"{any_phone.server_url}/upload").status == 403
    answer = any_phone.request("POST", f"{any_phone.server_url}/formUpload", b"x")
    assert answer.status == 403
    assert "cán bộ" in (answer.message or "")
