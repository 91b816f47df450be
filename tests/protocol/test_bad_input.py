"""Bad input from phones: one clear error each, or kept apart for a person; nothing half-written."""

import datetime as dt

import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.db import db
from server.models import Collector, Finding, Form, Submission, Tally
from server.phones.collectors import NewCollector
from tests import sample
from tests.census import everything, unchanged
from tests.phone import Answer, Phone
from tests.sample import JPEG, arrived, photo

COUNTING = """
| survey |
| | type | name | label | calculation |
| | end | end | | |
| | text | ten | Tên | |
| | begin group | chi_tieu | Chỉ tiêu | |
| | calculate | viec_thu_done | | 1 |
| | calculate | viec_thu_of | | 1 |
| | note | ket_luan | Đã ghi nhận | |
| | end group | | | |
| settings |
| | form_title | form_id | version |
| | Thử | phieu_dem | 1 |
| chi_tieu |
| | indicator | label::Tiếng Việt | label::English | unit | kind |
| | viec_thu | Việc thử | A try | household | state |
"""


@pytest.fixture
def published(app: Flask) -> None:
    sample.publish_plain()


def said(answer: Answer) -> str:
    """The sentence that the collector reads: Vietnamese, in OpenRosa's envelope, nothing of our insides (C38)."""
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    message = answer.message
    assert message
    assert len(message) <= 200
    assert "Traceback" not in message
    assert "lxml" not in message
    return message


GOOD = sample.filled().decode().removeprefix("<?xml version='1.0' ?>")
LAUGHS = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))


@pytest.mark.parametrize(
    "xml",
    [
        f"<!DOCTYPE data [<!ENTITY x 'y'>]>{GOOD.replace('<so>3', '<so>&x;')}".encode(),
        f"<!DOCTYPE data [<!ENTITY l0 'ha'>{LAUGHS}]>{GOOD.replace('<so>3', '<so>&l9;')}".encode(),
        f"<!DOCTYPE data [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/x'> %p;]>{GOOD}".encode(),
        f"<!DOCTYPE data SYSTEM 'http://127.0.0.1:9/x.dtd'>{GOOD}".encode(),
    ],
    ids=["entity", "entities of entities", "parameter entity", "external"],
)
def test_a_doctype_is_refused_whatever_is_in_it(
    app: Flask, phone: Phone, published: None, xml: bytes
) -> None:
    """C47."""
    with unchanged(app):
        answer = phone.post(xml, {"a.jpg": JPEG})
        assert answer.status == 400
        assert "DOCTYPE" in said(answer)


@pytest.mark.parametrize(
    ("xml", "status"),
    [
        (b"<html><body>Error</body></html>", 400),
        (b'<h:html xmlns:h="http://www.w3.org/1999/xhtml"><h:head/></h:html>', 400),
        (b'<OpenRosaResponse xmlns="http://openrosa.org/http/response"/>', 400),
        (b'<submission id="la"><meta><instanceID>uuid:1</instanceID></meta></submission>', 404),
        (b'<data id="../../etc/passwd"><meta><instanceID>uuid:1</instanceID></meta></data>', 404),
        (b"<data id='don_gian'><meta><instanceID> </instanceID></meta></data>", 400),
        (b"<data id='don_gian'><instanceID>uuid:1</instanceID></data>", 400),
        (GOOD.replace("<so>3", "<so>&#0;").encode(), 400),
        (GOOD.replace("<so>3", "<so>&#27;").encode(), 400),
        (GOOD.replace("<so>3", "<so>&unknown;").encode(), 400),
        (b"\x00" + GOOD.encode(), 400),
        (GOOD.encode() + b"\x00", 400),
        (GOOD.encode() + b"<data/>", 400),
        (f"<!DOCTYPE data [<!ENTITY x 'y'>]>{GOOD}".encode("utf-16"), 400),
        (GOOD.replace("<so>3", "<so>ấ").encode("cp1258", "replace").replace(b"?", b"\xe2"), 400),
    ],
    ids=[
        "page", "form itself", "answer", "unknown form", "path for a form", "blank instance id",
        "instance id elsewhere", "NUL by number", "escape by number", "unknown entity", "NUL before", "NUL after",
        "two roots", "DOCTYPE hidden in UTF-16", "letters of Windows",
    ],
)  # fmt: skip
def test_what_is_no_submission_is_refused(
    app: Flask, phone: Phone, published: None, xml: bytes, status: int
) -> None:
    """C34, C39."""
    with unchanged(app):
        answer = phone.post(xml, {"a.jpg": JPEG})
        assert answer.status == status
        said(answer)


def test_other_content_under_a_known_id_changes_nothing_not_even_by_its_photo(
    app: Flask, phone: Phone, published: None
) -> None:
    """C45: neither row nor file; a photo that nobody owns could never be deleted on request (R22)."""
    first = sample.filled("<so>3</so><anh>a.jpg</anh>", instance_id="uuid:1")
    assert phone.post(first, {"a.jpg": JPEG}).status == 201
    with unchanged(app):
        answer = phone.post(first.replace(b"<so>3", b"<so>4"), {"a.jpg": photo(b"other")})
        assert answer.status == 409
        assert "khác" in said(answer)
    assert [stored.xml for stored in arrived()] == [first]


def test_a_phone_that_was_stopped_a_moment_ago_leaves_no_photo(
    app: Flask, phone: Phone, collector: NewCollector, published: None
) -> None:
    """C12: also while another process still remembers him; what is refused never reaches the disk."""
    assert phone.post(sample.filled()).status == 201
    db.session.get_one(Collector, collector.collector.id).revoked_at = clock.now()
    db.session.commit()
    with unchanged(app):
        answer = phone.post(sample.filled("<so>3</so><anh>a.jpg</anh>"), {"a.jpg": JPEG})
        assert answer.status == 403
        said(answer)


NOON = dt.datetime(2026, 11, 20, 5, tzinfo=dt.UTC)


@pytest.fixture
def counting(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form with an indicator, published a month ago; it is noon of 20 November 2026."""
    monkeypatch.setattr(clock, "now", lambda: NOON - dt.timedelta(days=30))
    sample.publish(COUNTING)
    monkeypatch.setattr(clock, "now", lambda: NOON)


def counted(done: object, of: object, end: str = "2026-11-20T09:00:00.000+07:00") -> bytes:
    answers = (
        f"<end>{end}</end><ten>x</ten><chi_tieu><viec_thu_done>{done}</viec_thu_done>"
        f"<viec_thu_of>{of}</viec_thu_of></chi_tieu>"
    )
    return sample.filled(answers, form_id="phieu_dem")


@pytest.mark.parametrize(
    ("done", "of"),
    [(3, 2), ("NaN", 2), (1, "NaN"), (-1, 2), (0, -1), ("Infinity", "Infinity"), ("1e99", "1e99"), (1, 1001),
     ("9" * 400, "9" * 400), ("١", "١"), (0.5, 1), ("1 OR 1=1", 1)],
)  # fmt: skip
def test_nonsense_is_kept_for_a_person_and_counts_nowhere(
    app: Flask, phone: Phone, counting: None, done: object, of: object
) -> None:
    """R9: what the collector cannot cure is not refused."""
    before = everything(app)
    answer = phone.post(counted(done, of))
    assert answer.status == 201
    after = everything(app)
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        "submission": 1,
        "audit": 1,
        "change": 1,
        "device": 1,  # the phone tells its id with what it sends
    }
    [stored] = arrived()
    assert [flag["about"] for flag in stored.flags or ()] == ["viec_thu"]
    assert stored.quarantine is None


@pytest.mark.parametrize(
    ("end", "flag"),
    [
        ("2027-11-20T09:00:00.000+07:00", "clock_ahead"),
        ("1970-01-01T00:00:00.000Z", "clock_behind"),
        ("9999-12-31T23:59:59.999-14:00", "bad_time"),
        ("0001-01-01T00:00:00.000+14:00", "bad_time"),
        ("hôm qua", "bad_time"),
    ],
)
def test_a_broken_clock_never_decides_the_day(phone: Phone, counting: None, end: str, flag: str) -> None:
    """R2: the visit counts on the day it came in."""
    assert phone.post(counted(1, 1, end)).status == 201
    [stored] = arrived()
    assert flag in [each["code"] for each in stored.flags or ()]
    assert stored.observed_at == stored.received_at
    days = list(db.session.scalars(sa.select(Tally.day)))
    assert days == [clock.day_of(stored.received_at)]


def test_an_unknown_version_is_kept_apart_and_listed(app: Flask, phone: Phone, counting: None) -> None:
    """C39, C42: accepted, quarantined, listed."""
    xml = counted(1, 1).replace(b'version="1"', b'version="2031"')
    assert phone.post(xml).status in (201, 202)
    [stored] = arrived()
    assert (stored.quarantine, stored.form_version_id) == ("version_unknown", None)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Finding)) == 0
    db.session.rollback()
    assert "2031" in app.test_cli_runner().invoke(args=["submissions", "list", "--quarantined"]).stdout


def test_doors_that_were_shut_leave_the_house_as_it_was(app: Flask) -> None:
    """The counting of rows and files above sees what is written."""
    before = everything(app)
    sample.publish_plain()
    after = everything(app)
    assert (after["form"] - before["form"], after["form_version"] - before["form_version"]) == (1, 1)
    assert {Form.__tablename__, Submission.__tablename__} <= set(after)
