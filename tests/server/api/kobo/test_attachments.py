"""K14: photos of submissions, in sizes and in parts, for whoever may read the answer that names them."""

import io

import pytest
import sqlalchemy as sa
from PIL import Image

from server.db import db
from server.models import Audit
from tests import sample
from tests.phone import Phone, statuses
from tests.server.api.conftest import FILES, FIRST, FORM, UID, VISITS, Client


@pytest.fixture
def drawn(walker: Phone) -> bytes:
    """A photo that can be drawn, sent with a visit."""
    out = io.BytesIO()
    Image.new("RGB", (2000, 1000), "teal").save(out, "JPEG")
    xml = sample.filled(VISITS[FIRST], form_id="khao_sat", instance_id=FIRST)
    assert statuses(walker.send(xml, FILES | {"1763.jpg": out.getvalue()})) == [201]
    return out.getvalue()


def files(client: Client, uid: str) -> list[dict[str, str]]:
    return client.json(f"/api/v2/assets/{uid}/data/{FIRST}/")["_attachments"]  # type: ignore[no-any-return]


def test_a_file_is_sent_as_it_is_kept_and_in_three_sizes(drawn: bytes, officer: Client) -> None:
    house = files(officer, UID)[0]
    whole = officer.get(house["download_url"])
    assert (whole.status_code, whole.mimetype, whole.data) == (200, "image/jpeg", drawn)
    for name, longest in (("large", 1280), ("medium", 640), ("small", 240)):
        answer = officer.get(house[f"download_{name}_url"])
        with Image.open(io.BytesIO(answer.data)) as picture:
            assert (answer.mimetype, picture.size) == ("image/jpeg", (longest, longest // 2))
    assert officer.get(house["download_url"] + "original/").data == drawn


def test_what_cannot_be_drawn_is_sent_as_it_is(officer: Client, visits: str) -> None:
    house = files(officer, visits)[0]
    assert officer.get(house["download_small_url"]).data == sample.photo(b"nha")


def test_a_part_of_a_file_is_sent_and_what_is_known_is_not_sent_again(officer: Client, visits: str) -> None:
    house = files(officer, visits)[0]
    part = officer.get(house["download_url"], headers={"Range": "bytes=2-5"})
    assert (part.status_code, part.data) == (206, sample.photo(b"nha")[2:6])
    assert part.headers["Content-Range"].startswith("bytes 2-5/")
    assert officer.get(house["download_url"], headers={"Range": "bytes=999999-"}).status_code == 416
    known = {"If-None-Match": officer.get(house["download_url"]).headers["ETag"]}
    assert officer.get(house["download_url"], headers=known).status_code == 304


def test_files_are_listed_and_found_by_their_question(officer: Client, visits: str) -> None:
    base = f"/api/v2/assets/{visits}/data/{sample.arrived()[0].id}/attachments"
    assert officer.json(f"{base}/")["count"] == 2
    [house] = officer.json(f"{base}/?xpath=ho/anh")["results"]
    assert house["media_file_basename"] == "1763.jpg"
    assert officer.get(f"{base}/attKhongCo/").status_code == 404


def test_each_opening_is_written_down_and_leaders_open_none(
    officer: Client, leader: Client, visits: str
) -> None:
    house = files(officer, visits)[0]
    officer.get(house["download_url"])
    assert db.session.scalar(sa.select(sa.func.count()).where(Audit.act == "photo.read")) == 1
    assert leader.get(house["download_url"]).status_code == 404


def test_a_file_of_a_personal_question_needs_the_right(
    officer: Client, named: Client, walker: Phone, visits: str
) -> None:
    text = FORM.replace("| Ảnh              |           |", "| Ảnh              | ca_nhan   |")
    sample.publish(text, form_id="khao_sat", version="2")
    assert [each["media_file_basename"] for each in files(officer, visits)] == ["may 1.jpg"]
    house = files(named, visits)[0]
    assert named.get(house["download_url"]).status_code == 200
    assert officer.get(house["download_url"]).status_code == 404
