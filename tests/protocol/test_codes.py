"""Codes that change: rotation, revocation, thôn that are taken back, and what a phone may do meanwhile (R23)."""

import datetime as dt
import uuid

import pytest
from flask import Flask

from server import clock
from server.db import db
from server.models import Collector, CollectorVillage
from server.phones import collectors, last_contact
from server.phones.collectors import NewCollector
from tests import sample
from tests.phone import InProcess, Phone, statuses

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def visits(app: Flask, phone: Phone) -> list[bytes]:
    """Twelve visits that were filled in and not sent."""
    sample.publish_plain()
    return [sample.filled(instance_id=f"uuid:{uuid.uuid4()}") for _ in range(12)]


def rotate(made: NewCollector) -> NewCollector:
    changed = collectors.rotate(_fresh(made))
    db.session.commit()
    return changed


def _fresh(made: NewCollector) -> Collector:
    db.session.rollback()
    found = db.session.get(Collector, made.collector.id)
    assert found is not None
    return found


def test_after_rotation_twelve_unsent_visits_still_arrive(
    any_phone: Phone, collector: NewCollector, visits: list[bytes]
) -> None:
    """C12, C13, R23: the old code still sends, by token and by password."""
    any_phone.sync()
    rotate(collector)
    for xml in visits:
        assert statuses(any_phone.send(xml, {"1.jpg": sample.JPEG})) == [201]
    assert len(sample.arrived()) == 12
    assert any_phone.head().status == 204


def test_after_rotation_the_old_code_reads_nothing(
    phone: Phone, digest_phone: Phone, collector: NewCollector, visits: list[bytes]
) -> None:
    """C12: a token gets 403 with a sentence, a password 401, so that the new one is asked for (C13)."""
    [form] = phone.forms()
    digest_phone.forms()
    rotate(collector)
    for url in (f"{phone.server_url}/formList", form.download_url):
        answer = phone.get(url)
        assert answer.status == 403
        assert "đã được đổi" in (answer.message or "")
    assert digest_phone.form_list().status == 401


def test_the_new_code_reads_and_sends(app: Flask, collector: NewCollector, visits: list[bytes]) -> None:
    changed = rotate(collector)
    assert changed.token != collector.token
    assert changed.password != collector.password
    transport = InProcess(app)
    for phone in (
        Phone(transport, f"http://localhost/key/{changed.token}"),
        Phone(transport, "http://localhost", collector.collector.username, changed.password),
    ):
        assert len(phone.forms()) == 1
        assert statuses(phone.send(visits.pop())) == [201]


def test_thirty_days_after_rotation_the_old_code_sends_nothing(
    phone: Phone, digest_phone: Phone, collector: NewCollector, visits: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    rotate(collector)
    monkeypatch.setattr(clock, "now", lambda: NOW + dt.timedelta(days=29, hours=23))
    assert statuses(phone.send(visits[0])) == [201]
    monkeypatch.setattr(clock, "now", lambda: NOW + dt.timedelta(days=31))
    assert phone.head().status == 403
    assert digest_phone.head().status == 401


def test_rotating_twice_leaves_both_old_codes_sending(
    app: Flask, phone: Phone, collector: NewCollector, visits: list[bytes]
) -> None:
    between = rotate(collector)
    rotate(collector)
    other = Phone(InProcess(app), f"http://localhost/key/{between.token}")
    assert statuses(phone.send(visits[0]) + other.send(visits[1])) == [201, 201]


def test_after_revocation_nothing_arrives_under_any_code(
    app: Flask, phone: Phone, digest_phone: Phone, collector: NewCollector, visits: list[bytes]
) -> None:
    """C12: 403 to all, also to a code that had been changed before."""
    changed = rotate(collector)
    new = Phone(InProcess(app), f"http://localhost/key/{changed.token}")
    assert statuses(phone.send(visits[0])) == [201]
    collectors.revoke(_fresh(collector))
    db.session.commit()
    for each in (phone, new):
        assert each.head().status == 403
        assert statuses(each.send(visits[1])) == [403]
        assert each.form_list().status == 403
    assert digest_phone.form_list().status in (401, 403)
    assert statuses(digest_phone.send(visits[2])) != [201]
    assert len(sample.arrived()) == 1


def test_a_revoked_code_cannot_be_changed_back_into_use(collector: NewCollector) -> None:
    collectors.revoke(_fresh(collector))
    db.session.commit()
    with pytest.raises(collectors.CollectorRejected, match="thu hồi"):
        collectors.rotate(_fresh(collector))


def test_a_thon_that_is_taken_stays_on_the_phone_for_fourteen_days(
    phone: Phone, collector: NewCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E6, E17: drafts on the phone still name its households; then integrity says that they are gone (E10)."""
    own = _fresh(collector)
    other = sample.make_village(own.commune, "11629002", "Thôn Đoài")
    household = sample.make_entity(own.villages[0].village, "Ngõ 3, số 7", data={"dia_chi": "Ngõ 3"})
    url = f"{phone.server_url}/lists/ho_dan/integrity?id={household.id}"
    sample.publish_visit()
    collectors.assign(own, [other])
    db.session.commit()
    assert "Ngõ 3, số 7" in phone.sync()["tham"][1]["ho_dan.csv"].decode()
    assert b"false" in phone.get(url).body
    monkeypatch.setattr(clock, "now", lambda: NOW + dt.timedelta(days=15))
    media = phone.sync()["tham"][1]
    assert "Ngõ 3, số 7" not in media["ho_dan.csv"].decode()
    assert media["thon.csv"].decode().splitlines()[1:] == ["11629002,Thôn Đoài"]
    assert b"true" in phone.get(url).body


def test_a_thon_that_is_given_back_is_his_again(collector: NewCollector) -> None:
    own = _fresh(collector)
    first = own.villages[0].village
    other = sample.make_village(own.commune, "11629002", "Thôn Đoài")
    collectors.assign(own, [other])
    collectors.assign(own, [first, other])
    db.session.commit()
    assert [village.code for village in collectors.walked(own)] == ["11629001", "11629002"]
    assert {row.until for row in db.session.query(CollectorVillage)} == {None}


def test_what_a_phone_holds_and_has_not_sent_is_known(phone: Phone, collector: NewCollector) -> None:
    """C2, C18, E10: from the forms it fetches and the households it asks about."""
    sample.publish_visit("1")
    phone.sync()
    url = f"{phone.server_url}/lists/ho_dan/integrity?id={uuid.uuid4()}%2C{uuid.uuid4()}"
    phone.get(url)
    contact = last_contact.contacts([collector.collector.id])[collector.collector.id]
    [known] = contact.phones
    assert known.unsent == 2
    assert known.app == "ODK Collect v2026.3.1"
    assert [(held.title, held.version, held.is_newest) for held in known.forms] == [
        ("Từng Nhà & thử", "1", True)
    ]
    db.session.rollback()
    commune = _fresh(collector).commune
    assert last_contact.old_phones(commune) == 0
    sample.publish_visit("2")
    assert last_contact.old_phones(commune) == 1
    phone.sync()
    db.session.rollback()
    assert last_contact.old_phones(commune) == 0
