"""Random mutations of each kind of upload: no 5xx, no hang, no file outside the blob folder.

A few hundred of each;
`TUNGNHA_TEST_MUTATIONS=10000 pytest tests/server/intake/test_mutations.py` tries as many as one likes.
"""

import io
import os
import random
import signal
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from flask import Flask
from PIL import Image

from forms import library
from server.db import db
from server.phones.collectors import NewCollector
from tests import sample
from tests.mutations import spoiled, spoiled_zip
from tests.people import Browser, browser, make_person
from tests.phone import InProcess, Phone

Spoil = Callable[[bytes, random.Random], bytes]
MANY = int(os.environ.get("TUNGNHA_TEST_MUTATIONS", "0"))
FORMS, OUTLINES = "/quan-tri/bieu-mau", "/quan-tri/xa/11629/ranh-gioi"
HANGS_AFTER_S = 60

ASKED = """
| survey |
| | type | name | label | relevant | constraint |
| | select_one co_khong | wifi | Có Wi-Fi? | | |
| | integer | so_nguoi | Mấy người? | ${wifi} = 'co' | . < 30 |
| | geopoint | vi_tri | Vị trí | | |
| | image | anh | Ảnh | | |
| choices |
| | list_name | name | label |
| | co_khong | co | Có |
| | co_khong | khong | Không |
| settings |
| | form_title | form_id | version |
| | Phiếu thử | phieu_thu | 1 |
"""
ANSWERED = (
    "<wifi>co</wifi><so_nguoi>3</so_nguoi><vi_tri>20.8051234 106.5551234 0 4.5</vi_tri><anh>a.jpg</anh>"
)


@pytest.fixture
def collector(app: Flask) -> NewCollector:
    return sample.make_collector()


@pytest.fixture
def phone(app: Flask, collector: NewCollector) -> Phone:
    sample.publish(ASKED)
    return Phone(InProcess(app), f"http://localhost/key/{collector.token}")


@pytest.fixture
def officer(app: Flask, collector: NewCollector) -> Browser:
    make_person("can.bo", "officer", collector.collector.commune)
    found = browser(app)
    found.sign_in("can.bo")
    return found


@pytest.fixture(autouse=True)
def _nothing_outside(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Files may come to lie among the blobs; those on the way are gone at the end, and nothing else is new.

    The process that reads files may begin in any of these tests and lives on: its folder stays, with nothing in it.
    """
    app.config["PROPAGATE_EXCEPTIONS"] = False
    on_the_way = tmp_path / "tam"
    on_the_way.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(on_the_way))
    before = _files_around(app, tmp_path)
    yield
    assert _files_around(app, tmp_path) == before


def _files_around(app: Flask, folder: Path) -> set[Path]:
    blobs: Path = app.config["SETTINGS"].blob_folder
    around = set(folder.rglob("*")) | set(folder.parent.iterdir())
    return {
        path
        for path in around
        if path != blobs
        and blobs not in path.parents
        and not path.name.startswith(("tungnha.sqlite3", "tungnha-reading-"))
    }


def _try(content: bytes, spoil: Spoil, few: int, send: Callable[[bytes], int]) -> set[int]:
    """Send so many mutations; the statuses that came. A failure names the number that brings it back."""
    answered: set[int] = set()
    before = signal.signal(signal.SIGALRM, _hung)
    try:
        for number in range(MANY or few):
            signal.alarm(HANGS_AFTER_S)
            status = send(spoil(content, random.Random(number)))
            assert status < 500, f"mutation {number} is answered {status}"
            answered.add(status)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return answered


def _hung(*_args: object) -> None:
    raise AssertionError(f"no answer within {HANGS_AFTER_S} s")


def _photo() -> bytes:
    """A small photo as a phone takes it, with where it was taken."""
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    exif.get_ifd(0x8825).update({1: "N", 2: (20.0, 48.0, 18.44), 3: "E", 4: (106.0, 33.0, 18.44)})
    written = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(written, "JPEG", exif=exif)
    return written.getvalue()


def _outlines(folder: Path) -> bytes:
    """Three thôn as a zipped Shapefile."""
    parts = folder / "parts"
    parts.mkdir()
    fields = [shapely.box(106.55 + 0.01 * n, 20.80, 106.56 + 0.01 * n, 20.81) for n in range(3)]
    named = {
        "ma_thon": [f"1162900{n}" for n in (1, 2, 3)],
        "ten_thon": ["Quyết Tiến", "Đồng Xuân", "Phú Lộc"],
    }
    gpd.GeoDataFrame(named, geometry=fields, crs=4326).to_file(parts / "thon.shp")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for part in sorted(parts.iterdir()):
            archive.write(part, part.name)
            part.unlink()
    parts.rmdir()
    return packed.getvalue()


def test_spoiled_submissions_are_taken_or_refused(phone: Phone) -> None:
    xml = sample.filled(ANSWERED, form_id="phieu_thu")
    answered = _try(xml, spoiled, 300, lambda sent: phone.post(sent).status)
    assert answered & {201, 202}
    assert 400 in answered


def test_spoiled_photos_are_taken_or_refused(phone: Phone) -> None:
    def send(photo: bytes) -> int:
        return phone.post(sample.filled(ANSWERED, form_id="phieu_thu"), {"a.jpg": photo}).status

    assert 201 in _try(_photo(), spoiled, 150, send)


def test_spoiled_workbooks_are_taken_or_refused(officer: Browser) -> None:
    token = officer.csrf_token(FORMS)

    def send(book: bytes) -> int:
        data = {"csrf_token": token, "bieu_mau": (io.BytesIO(book), "phieu.xlsx")}
        return officer.post(FORMS, data=data).status_code

    assert {302, 422} <= _try(library.workbook(ASKED), spoiled_zip, 150, send)


def test_spoiled_outlines_are_taken_or_refused(officer: Browser, tmp_path: Path) -> None:
    token = officer.csrf_token(OUTLINES)

    def send(outlines: bytes) -> int:
        data = {"csrf_token": token, "tep": (io.BytesIO(outlines), "thon.zip")}
        answer = officer.post(OUTLINES, data=data)
        if answer.status_code == 302:
            answer = officer.get(answer.location)
        db.session.rollback()
        return answer.status_code

    assert 200 in _try(_outlines(tmp_path), spoiled_zip, 100, send)
