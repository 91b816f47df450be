"""Phones that tell their id only when they send (C2) are known by their User-Agent until then."""

import io
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from server.db import db
from server.models import Device, DeviceForm
from server.phones import last_contact
from server.phones.collectors import NewCollector
from tests import sample

KOBO = "org.koboc.collect.android/v2025.3.3 Dalvik/2.1.0 (Linux; U; Android 13)"
COLLECT = "org.odk.collect.android/v2025.4.1 Dalvik/2.1.0 (Linux; U; Android 14)"


@pytest.fixture
def base(collector: NewCollector) -> str:
    sample.publish_visit()
    return f"/key/{collector.token}"


def asks(client: FlaskClient, base: str, agent: str, path: str = "formList", query: str = "") -> int:
    return client.get(f"{base}/{path}{query}", headers={"User-Agent": agent}).status_code


def sends(client: FlaskClient, base: str, agent: str, device: str | None) -> int:
    xml = sample.filled("<ket_qua>vang</ket_qua>", form_id="tham", instance_id=f"uuid:{uuid.uuid4()}")
    query = f"?deviceID={device}" if device else ""
    body = {"xml_submission_file": (io.BytesIO(xml), "phieu.xml", "text/xml")}
    return client.post(f"{base}/submission{query}", data=body, headers={"User-Agent": agent}).status_code


def devices() -> list[tuple[str, str]]:
    db.session.rollback()
    rows = db.session.scalars(sa.select(Device).order_by(Device.id))
    return [(row.device_id, row.user_agent) for row in rows]


def contact(collector: NewCollector) -> last_contact.Contact:
    db.session.rollback()
    key = collector.collector.id
    return last_contact.contacts([key])[key]


@pytest.mark.parametrize("agent", [KOBO, COLLECT])
def test_a_phone_without_an_id_is_known_by_its_app(
    client: FlaskClient, base: str, collector: NewCollector, agent: str
) -> None:
    assert asks(client, base, agent) == 200
    [phone] = contact(collector).phones
    assert phone.app in {"KoboCollect v2025.3.3", "ODK Collect v2025.4.1"}
    assert not phone.is_named
    assert not contact(collector).knows_unsent


def test_its_id_is_learnt_when_it_sends_and_what_it_fetched_stays(
    client: FlaskClient, base: str, collector: NewCollector
) -> None:
    asks(client, base, KOBO)
    assert asks(client, base, KOBO, "forms/tham/1.xml") == 200
    assert sends(client, base, KOBO, "collect%3Aabc") == 201
    assert devices() == [("collect:abc", KOBO)]
    [phone] = contact(collector).phones
    assert [(held.title, held.version) for held in phone.forms] == [("Từng Nhà & thử", "1")]
    asks(client, base, KOBO)
    assert devices() == [("collect:abc", KOBO)]


def test_a_phone_that_only_sends_is_known_too(client: FlaskClient, base: str) -> None:
    sends(client, base, COLLECT, "collect%3Adef")
    assert devices() == [("collect:def", COLLECT)]


def test_a_new_version_of_the_app_is_the_same_phone(client: FlaskClient, base: str) -> None:
    newer = COLLECT.replace("2025.4.1", "2026.1.0")
    sends(client, base, COLLECT, "collect%3Adef")
    asks(client, base, newer, "forms/tham/1.xml")
    asks(client, base, newer)
    asks(client, base, newer, "forms/tham/1.xml")
    sends(client, base, newer, "collect%3Adef")
    assert devices() == [("collect:def", newer)]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(DeviceForm)) == 1


def test_two_phones_of_one_app_are_not_taken_for_one(client: FlaskClient, base: str) -> None:
    sends(client, base, KOBO, "collect%3Aabc")
    sends(client, base, KOBO, "collect%3Axyz")
    asks(client, base, KOBO)
    assert [name for name, _ in devices()] == ["collect:abc", "collect:xyz", f"?{KOBO}"]


def test_a_phone_that_tells_its_id_is_what_it_says(client: FlaskClient, base: str) -> None:
    asks(client, base, KOBO)
    asks(client, base, COLLECT, query="?deviceID=collect%3Anew")
    assert [name for name, _ in devices()] == [f"?{KOBO}", "collect:new"]


def test_other_programs_are_no_phones(client: FlaskClient, base: str) -> None:
    asks(client, base, "curl/8.5")
    assert devices() == []


def test_what_a_phone_asked_about_counts_for_it(
    client: FlaskClient, base: str, app: Flask, collector: NewCollector
) -> None:
    """E10: it asks for the households made on it; another may hold some that it never asked about."""
    sends(client, base, KOBO, "collect%3Aabc")
    assert asks(client, base, KOBO, "lists/ho_dan/integrity", f"?id={uuid.uuid4()}") == 200
    assert (contact(collector).unsent, contact(collector).knows_unsent) == (1, True)
    sends(client, base, KOBO, "collect%3Axyz")
    assert not contact(collector).knows_unsent
