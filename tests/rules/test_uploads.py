"""Every page that takes a file: too large, a bomb, another kind than its name says; refused in words, nothing left."""

import io
import re
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from server import sealed_secrets
from server.db import db
from server.files.attachments import Upload
from server.intake import receive_submission
from server.intake.submission_sender import Sender
from server.models import Collector, FormDraft
from server.published_forms import form_drafts
from tests import sample
from tests.census import unchanged
from tests.people import Browser, browser, make_person
from tests.server.office.test_form_pages import draft_of, workbook

ROOT = Path(__file__).parents[2]
OF_COMMUNE = "/quan-tri/xa/11629"
BUNDLES = "/quan-tri/goi-so-lieu"
"""Where the city takes bundles in; all others are officers' pages."""
TAKING = {
    "server/office/table_pages.py": (f"{OF_COMMUNE}/bang/thanh-vien", "tep", "to.xlsx"),
    "server/office/plan_upload_pages.py": (f"{OF_COMMUNE}/ke-hoach", "tep", "ke-hoach.yaml"),
    "server/office/household_import_pages.py": (f"{OF_COMMUNE}/ho/nhap", "tep", "ho.xlsx"),
    "server/office/form_pages.py": ("/quan-tri/bieu-mau", "bieu_mau", "phieu.xlsx"),
    "server/office/form_draft_pages.py": ("", "tep", "bien.png"),
    "server/office/correction_pages.py": ("/sua", "tep:/data/anh", "anh.png"),
    "server/office/correction_by_answer_pages.py": ("/sua/tung-cau", "tep:/data/anh", "anh.png"),
    "server/office/bundle_pages.py": (BUNDLES, "tep", "so-lieu.tungnha"),
    "dashboards/pages/boundary_pages.py": (f"{OF_COMMUNE}/ranh-gioi", "tep", "thon.zip"),
}
"""Each module that reads a file which a person sends: where it goes, in which field, under which name."""
AT_DOORS = {
    "server/api/kobo/deploy_routes.py", "server/api/kobo/kobo_bodies.py", "server/api/kobo/media_routes.py",
}  # fmt: skip
"""Modules of programs' doors, tried in tests/server/api/kobo; what they read goes the way of the pages' files."""
PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(4000)
MOST_MEMORY = 200_000_000
"""Far less than the bomb unpacked, in bytes."""

Send = Callable[[str, str, str, bytes], tuple[int, str]]


def _pages(officer: Browser) -> list[tuple[str, str, str]]:
    to_correct = _visit_to_correct()
    made = {
        "": draft_of(officer, workbook()),
        "/sua": to_correct,
        "/sua/tung-cau": f"{to_correct}/tung-cau",
    }
    return [(made.get(path, path), field, name) for path, field, name in TAKING.values()]


def _visit_to_correct() -> str:
    """The page on which a stored visit with a photo is corrected."""
    sample.publish_plain()
    collector = db.session.scalars(sa.select(Collector)).one()
    sender = Sender(collector.id, collector.commune_id, {})
    sent = sample.filled("<so>3</so><anh>a.jpg</anh>")
    photo = Upload("a.jpg", io.BytesIO(sample.JPEG), "image/jpeg")
    number = receive_submission.accept(sent, [photo], sender).submission_id
    sample.arrived()
    return f"{OF_COMMUNE}/phieu/{number}/sua"


@pytest.fixture
def officer(app: Flask) -> Browser:
    make_person("can_bo", "officer", sample.make_collector().collector.commune)
    visitor = browser(app)
    visitor.sign_in("can_bo")
    return visitor


@pytest.fixture
def send(officer: Browser) -> Send:
    make_person("thanh_pho", "city")
    city = browser(officer.application)
    city.sign_in("thanh_pho")

    def post(path: str, field: str, name: str, content: bytes) -> tuple[int, str]:
        visitor = city if path == BUNDLES else officer
        data = {
            "csrf_token": visitor.csrf_token("/tai-khoan"),
            "viec": "tep",
            "ban_sua": '{"answers": {}, "rounds": []}',
            field: FileStorage(io.BytesIO(content), name),
        }
        boundary, body = encode_multipart(data)  # Werkzeug's client would leave large bodies in open files
        answer = visitor.post(path, data=body, content_type=f"multipart/form-data; boundary={boundary}")
        return answer.status_code, answer.text

    return post


def bomb() -> bytes:
    """A zip of a few hundred kB that unpacks to 400 MB, named as the parts of a workbook and of outlines are."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        for name in ("xl/worksheets/sheet1.xml", "thon.geojson"):
            with archive.open(name, "w") as part:
                for _ in range(200):
                    part.write(bytes(1_000_000))
    return packed.getvalue()


def test_no_other_module_reads_a_file_that_a_person_sends() -> None:
    """A new one belongs into TAKING above."""
    reading = {
        str(path.relative_to(ROOT))
        for package in ("server", "dashboards")
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"request\.files", path.read_text())
    }
    assert reading == set(TAKING) | AT_DOORS


def test_a_program_by_another_name_is_refused_in_words(app: Flask, officer: Browser, send: Send) -> None:
    for page in _pages(officer):
        with unchanged(app):
            status, told = send(*page, PROGRAM)
            assert status in (400, 422), page
            assert "tệp" in told.lower() or "file" in told, page


def test_a_bomb_is_not_unpacked(app: Flask, officer: Browser, send: Send) -> None:
    content = bomb()
    for page in _pages(officer):
        with unchanged(app):
            tracemalloc.start()
            status, _ = send(*page, content)
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert status in (400, 422), page
            assert most < MOST_MEMORY, page


def test_what_is_larger_than_a_page_takes_is_refused_with_the_limit(
    app: Flask, officer: Browser, send: Send
) -> None:
    for path, field, name in _pages(officer):
        start = b"\x89PNG\r\n\x1a\n" if name.endswith("png") else b"PK\x03\x04"
        with unchanged(app):
            status, told = send(path, field, name, start + bytes(20_400_000))
            assert status in (400, 413, 422), path
            assert re.search(r"lớn hơn \d+ [Mk]B|tối đa \d+ MB", told), path


def test_what_is_larger_than_the_server_takes_is_not_read(app: Flask, officer: Browser, send: Send) -> None:
    for page in _pages(officer):
        with unchanged(app):
            status, told = send(*page, bytes(app.config["MAX_CONTENT_LENGTH"] + 1))
            assert (status, "quá lớn" in told) == (413, True), page


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("bien.png", b"\x89PNG\r\n\x1a\n...", 302),
        ("tieng.mp3", b"ID3...", 302),
        ("tieng.mp3", b"\xff\xfb\x90\x00", 302),
        ("phim.mp4", b"\x00\x00\x00\x18ftypmp42", 302),
        ("thon.csv", "mã,tên\n1,Thôn Đông".encode(), 302),
        ("thon.csv", "\ufeffmã,tên".encode(), 302),
        ("so-do.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", 302),
        ("bien.png", b"<html><script>alert(1)</script></html>", 400),
        ("bien.jpg", b"\x89PNG\r\n\x1a\n...", 400),
        ("trang.html", b"<html></html>", 400),
        ("cai.apk", b"PK\x03\x04", 400),
        ("khong-duoi", b"abc", 400),
        ("thon.csv", b"PK\x03\x04\x00\x00", 400),
        ("thon.csv", b"\xff\xfe\x00", 400),
    ],
)
def test_a_forms_file_is_what_its_name_says(
    app: Flask, officer: Browser, send: Send, name: str, content: bytes, status: int
) -> None:
    path = draft_of(officer, workbook())
    assert send(path, "tep", name, content)[0] == status


def test_a_browser_that_opens_a_phones_file_runs_nothing_of_it(
    app: Flask, officer: Browser, send: Send
) -> None:
    """An officer's own picture may hold a script (SVG), and lies on the host of the pages."""
    content = workbook().replace(b"| label | calculation |", b"| label | calculation | image |")
    path = draft_of(
        officer, content.replace("| Có Wi-Fi? | |".encode(), "| Có Wi-Fi? | | so-do.svg |".encode())
    )
    send(path, "tep", "so-do.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    draft = db.session.get_one(FormDraft, int(path.rpartition("/")[2]))
    assert [each.media_type for each in draft.files] == ["image/svg+xml"]
    token = sealed_secrets.unseal(draft.token_sealed)
    version = form_drafts.definition(draft).version
    answer = officer.get(f"/thu/{token}/forms/{draft.form_id}/{version}/media/so-do.svg")
    assert b"alert(1)" in answer.data
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
