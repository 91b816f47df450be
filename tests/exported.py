"""A commune with an officer, submissions of one form, and what he takes away of them; for tests of exports."""

import csv
import hashlib
import io
import json
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.db import db
from server.files import blobs
from server.models import Attachment, Commune, FormVersion, Submission, Village
from tests.people import Browser, browser, make_commune, make_person
from tests.sample import JPEG, publish

FORM = """
| survey |
|        | type                      | name    | label          | phan_loai |
|        | start                     | start   |                |           |
|        | end                       | end     |                |           |
|        | text                      | thon    | Thôn           |           |
|        | begin group               | ho      | Hộ gia đình    |           |
|        | text                      | chu_ho  | Chủ hộ         | {class}   |
|        | geopoint                  | vi_tri  | Vị trí         |           |
|        | select_multiple dich_vu   | dich_vu | Dịch vụ số     |           |
|        | select_one co_khong       | co_wifi | Có Wi-Fi không |           |
|        | image                     | anh     | Ảnh            |           |
|        | integer                   | so_nguoi | Số người      |           |
|        | end group                 |         |                |           |
|        | begin repeat              | thanh_vien | Thành viên  |           |
|        | text                      | ho_ten  | Họ tên         |           |
|        | begin repeat              | giay_to | Giấy tờ        |           |
|        | text                      | loai    | Loại           |           |
|        | end repeat                |         |                |           |
|        | end repeat                |         |                |           |
|        | note                      | n1      | Xin cảm ơn     |           |
| choices |
|        | list_name | name  | label          |
|        | dich_vu   | shp   | Smart Hải Phòng |
|        | dich_vu   | vneid | VNeID          |
|        | dich_vu   | cks   | Chữ ký số      |
|        | co_khong  | co    | Có             |
|        | co_khong  | khong | Không          |
| settings |
|        | form_title | form_id | version   |
|        | Phiếu thử  | thu     | {version} |
"""
ANSWERS = {
    "start": "2026-11-20T09:00:00+07:00",
    "thon": "11629.01",
    "ho/chu_ho": "Nguyễn A",
    "ho/vi_tri": {"lat": 20.712345, "lon": 106.512345, "alt": None, "acc": 4.9},
    "ho/dich_vu": ["shp", "cks"],
    "ho/co_wifi": "co",
    "ho/anh": "1763.jpg",
    "ho/so_nguoi": 4,
    "thanh_vien": [
        {"thanh_vien/ho_ten": "B", "thanh_vien/giay_to": [{"thanh_vien/giay_to/loai": "CCCD"}]},
        {"thanh_vien/ho_ten": "C"},
    ],
}


@pytest.fixture
def commune(app: Flask) -> Commune:
    commune = make_commune(thon=2)
    make_person("can.bo", "officer", commune)
    make_person("lanh.dao", "leader", commune)
    return commune


@pytest.fixture
def officer(app: Flask, commune: Commune) -> Browser:
    visitor = browser(app)
    visitor.sign_in("can.bo")
    return visitor


def store(commune: Commune, *many: dict[str, Any], version: FormVersion | None = None, **fields: Any) -> None:
    """Submissions with these answers, of the commune's first thôn."""
    version = version or publish(FORM, **{"class": "ca_nhan", "version": "1"})
    village = db.session.scalars(sa.select(Village).where(Village.commune_id == commune.id)).first()
    assert village is not None
    for number, answers in enumerate(many):
        values: dict[str, Any] = {
            "form_id": version.form_id,
            "form_version_id": version.id,
            "version": version.version,
            "village_id": village.id,
            "observed_at": version.published_at,
            "received_at": version.published_at,
            "review": "received",
            "latitude": 20.712,
            "longitude": 106.512,
        } | fields
        key = f"uuid:{hashlib.sha256(json.dumps([number, str(answers), str(fields)]).encode()).hexdigest()[:32]}"
        db.session.add(
            Submission(
                instance_id=key,
                sha256=hashlib.sha256(key.encode()).digest(),
                xml=b"",
                answers=answers,
                **values,
            )
        )
    db.session.commit()


def take(visitor: Browser, words: str = "") -> bytes:
    answer = visitor.get(f"/xa/11629/tai-ve/phieu?bieu_mau=thu&{words}")
    assert answer.status_code == 200
    return answer.data


def read_csv(content: bytes, separator: str = ",", encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(encoding), newline=""), delimiter=separator))


def cells(content: bytes, sheet: int = 0) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return list(book.worksheets[sheet].iter_rows(values_only=True))


def keep_photo(name: str) -> None:
    """The file of that name has come with the submission that names it."""
    rows = db.session.execute(sa.select(Submission.id, Submission.answers)).all()
    keep_photo_of(next(row.id for row in rows if row.answers.get("ho/anh") == name))


def keep_photo_of(submission_id: int) -> None:
    """The file that a submission names has come."""
    answers = db.session.scalars(sa.select(Submission.answers).where(Submission.id == submission_id)).one()
    digest = hashlib.sha256(JPEG).digest()
    blobs.put(digest, io.BytesIO(JPEG))
    db.session.add(
        Attachment(
            submission_id=submission_id,
            name=answers["ho/anh"],
            received_sha256=digest,
            stored_sha256=digest,
            size=len(JPEG),
            media_type="image/jpeg",
            received_at=clock.now(),
        )
    )
    db.session.commit()
