"""What a photo tells beside the picture goes out nowhere (R21)."""

import io

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image

from server.db import db
from server.files import photo_metadata
from server.models import Attachment, Commune, Submission, Village
from tests import sample
from tests.phone import InProcess, Phone, statuses
from tests.protocol.test_briefcase_pull import SPACE, downloaded
from tests.server.files.test_photos import taken, tells

ID = "uuid:0b3c9f7e-2f38-4c8e-9d9c-6d1a3f0a77e1"
WITH_PHOTO = sample.filled("<so>3</so><anh>1.jpg</anh>", instance_id=ID)


def test_no_tag_of_a_photo_is_kept_or_pulled(app: Flask, any_phone: Phone) -> None:
    """On disk and through Briefcase's address; a resend is still known by the bytes that were sent (C40)."""
    sample.publish_plain()
    content = taken("JPEG")
    assert statuses(any_phone.send(WITH_PHOTO, {"1.jpg": content})) == [201]
    assert statuses(any_phone.send(WITH_PHOTO, {"1.jpg": content})) == [202]
    [path] = [each for each in app.config["SETTINGS"].blob_folder.rglob("*") if each.is_file()]
    assert tells(path.read_bytes()) == {0x0112}
    row = db.session.scalars(sa.select(Attachment)).one()
    assert row.received_sha256 != row.stored_sha256
    db.session.close()
    url = downloaded(any_phone, ID).findtext(f".//{SPACE}mediaFile/{SPACE}downloadUrl")
    pulled = any_phone.get(url).body
    assert pulled == photo_metadata.bare(content).content
    assert Image.open(io.BytesIO(pulled)).size == (60, 40)


def test_a_photo_that_broke_off_is_kept_and_the_visit_says_so(any_phone: Phone) -> None:
    sample.publish_plain()
    assert statuses(any_phone.send(WITH_PHOTO, {"1.jpg": taken("JPEG")[:-400]})) == [201]
    flags = db.session.scalars(sa.select(Submission.flags)).one()
    assert {"code": "photo_broken", "about": "1.jpg", "detail": ""} in flags


def test_a_photo_that_comes_late_and_broken_is_told_too(any_phone: Phone) -> None:
    """C36: a request with the form alone, another one with the photo."""
    sample.publish_plain()
    assert statuses(any_phone.send(WITH_PHOTO)) == [201]
    assert statuses(any_phone.send(WITH_PHOTO, {"1.jpg": taken("PNG")[:-40]})) == [201]
    row = db.session.scalars(sa.select(Submission)).one()
    assert row.missing_files is None
    assert [flag["code"] for flag in row.flags or ()] == ["photo_broken"]


def test_who_knows_a_visit_of_another_thon_adds_no_photo_to_it(app: Flask, phone: Phone) -> None:
    """The same bytes are welcome from anybody; what they bring beside them is asked whose it is."""
    sample.publish_plain()
    assert statuses(phone.send(WITH_PHOTO)) == [201]
    commune = db.session.scalars(sa.select(Commune)).one()
    beside = sample.make_village(commune, "11629777", "Thôn Bên")
    home = db.session.get_one(Village, db.session.scalars(sa.select(Submission.village_id)).one() or 0)
    stranger = sample.make_collector(commune, [beside], "Người thôn bên").token
    neighbour = sample.make_collector(commune, [home], "Người cùng thôn").token
    db.session.close()
    for token, kept in ((stranger, 0), (neighbour, 1)):
        other = Phone(InProcess(app), f"http://localhost/key/{token}")
        assert set(statuses(other.send(WITH_PHOTO, {"1.jpg": taken("JPEG")}))) <= {201, 202}
        db.session.rollback()
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Attachment)) == kept
        db.session.close()


def test_a_raw_photo_is_not_kept_and_the_visit_is_and_says_what_to_set(any_phone: Phone) -> None:
    """A TIFF tells place and phone among what it shows; the phone is done with its visit all the same."""
    sample.publish_plain()
    raw = b"II*\0" + b"+20.8123+106.5456/" * 50
    assert statuses(any_phone.send(WITH_PHOTO, {"1.jpg": raw})) == [201]
    flags = db.session.scalars(sa.select(Submission.flags)).one()
    assert {"code": "photo_refused", "about": "1.jpg", "detail": ""} in flags
    assert sample.arrived_files() == {"1.jpg": b""}


@pytest.mark.parametrize(
    ("written", "part"),
    [("nha/1.jpg", "1.jpg"), ("nha/1.jpg", "nha/1.jpg"), ("..\\1.jpg", "1.jpg"), ("1\t.jpg", "1\t.jpg")],
)
@pytest.mark.parametrize("is_late", [False, True])
def test_a_photo_named_with_a_way_to_it_is_the_one_that_came(
    any_phone: Phone, written: str, part: str, is_late: bool
) -> None:
    """C35: the part has the name that the answer ends in, or all that stands there."""
    sample.publish_plain()
    xml = WITH_PHOTO.replace(b"1.jpg", written.encode())
    assert xml != WITH_PHOTO
    if is_late:
        assert statuses(any_phone.send(xml)) == [201]
    assert statuses(any_phone.send(xml, {part: taken("JPEG")})) == [201]
    row = db.session.scalars(sa.select(Submission)).one()
    assert (row.missing_files, list(sample.arrived_files())) == (None, ["1.jpg"])
