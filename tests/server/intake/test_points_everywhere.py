"""A household's point sent with 7 decimals is found nowhere with more than 3 (R21)."""

import io
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image

from dashboards.downloads.submission_files import WRITINGS
from server.db import db
from server.models import Submission
from server.operations.backup import archive, make_backup
from tests import town
from tests.phone import Phone
from tests.protocol.test_briefcase_pull import SPACE
from tests.server.privacy.test_deletion import Story, disk, rows

POINT = "20.8231177 106.5494466 5.5 8.0"
EXACT = re.compile(r"20\.823[0-9]|106\.549[0-9]")
ROUNDED = b"20.823"
LOG = (
    b"event,node,start,end,latitude,longitude,accuracy,old-value,new-value\n"
    b"question,/data/vi_tri,1787365512345,1787365519999,20.8231177,106.5494466,8.0,,"
    b'"20.8231177 106.5494466 5.5 8.0"\n'
)


@pytest.fixture
def story(app: Flask) -> Story:
    """The household agreed to its point being recorded; the phone also wrote it into its log and into a photo."""
    found = Story(app)
    told = Image.Exif()
    told[0x010E] = POINT
    photo = io.BytesIO()
    Image.new("RGB", (8, 8)).save(photo, "JPEG", exif=told, comment=POINT.encode())
    assert POINT.encode() in photo.getvalue()
    files = {"audit.csv": LOG, "anh.jpg": photo.getvalue()}
    found.visit(found.home, files, cho_vi_tri="co", vi_tri=POINT)
    db.session.rollback()
    return found


def exact(content: bytes | str) -> list[str]:
    text = content if isinstance(content, str) else content.decode("utf-8", "replace")
    return EXACT.findall(text)


def test_database_photos_and_log_hold_three_decimals(story: Story) -> None:
    told, files = rows(), disk(story.app)
    assert "20.823" in told, "the rounded one is there"
    assert exact(told) == []
    assert exact(files) == []


def test_exports_hold_three_decimals(story: Story) -> None:
    """Every way to write submissions, with personal answers asked for."""
    officer = story.world.visitor("can_bo", "officer")
    with_point = 0
    for writing in WRITINGS:
        for form in ("ho_gia_dinh", "phan_anh"):
            query = {"bieu_mau": form, "dang": writing.code, "ca_nhan": "1", "nhan": "0"}
            answer = officer.get("/xa/11629/tai-ve/phieu", query_string=query)
            assert answer.status_code in (200, 404)
            content = town.told(answer.get_data())
            assert exact(content) == [], writing.code
            with_point += ROUNDED in content
    assert with_point >= 3


def test_briefcase_pulls_three_decimals(story: Story) -> None:
    phone: Phone = story.world.phone
    instance = db.session.scalar(sa.select(Submission.instance_id).order_by(Submission.id.desc()).limit(1))
    db.session.rollback()
    key = f"ho_gia_dinh[@version=null and @uiVersion=null]/data[@key={instance}]"
    answer = phone.get(f"{phone.server_url}/view/downloadSubmission?formId={key}")
    assert ROUNDED in answer.body
    assert exact(answer.body) == []
    files = answer.root.findall(f".//{SPACE}mediaFile/{SPACE}downloadUrl")
    assert len(files) == 2
    assert [exact(phone.get(url.text).body) for url in files] == [[], []]


def test_the_backup_holds_three_decimals(story: Story, tmp_path: Path) -> None:
    made = make_backup.backup(tmp_path)
    parts = list(archive.members(made.path, []))
    assert len(parts) > 10
    assert [part.name for part in parts if exact(part.content)] == []
