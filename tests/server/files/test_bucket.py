"""Photos in S3: the same contract as in a folder, against a server process that speaks S3."""

import contextlib
import dataclasses
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from obstore.store import S3Store

from app import create_app
from server.db import db
from server.files import blobs
from server.files.blobs import Bucket
from server.models import Attachment, Submission
from server.operations import doctor
from server.operations.backup import make_backup, restore
from server.settings import BadSetting, Settings
from tests import sample
from tests.conftest import SECRET, Template, hash_cheaply
from tests.live.served import Served
from tests.phone import InProcess, Phone

pytestmark = pytest.mark.live


class S3Server:
    """moto, as a process of its own; it may be stopped."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port: int = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        with (folder / "s3.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
                stdout=log, stderr=log, env={**os.environ, "PYTHONWARNINGS": "ignore"},
            )  # fmt: skip
        until = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < until, (folder / "s3.log").read_text()
            time.sleep(0.1)

    def _answers(self) -> bool:
        return self.ask("GET", "/") == 200

    def ask(self, method: str, path: str) -> int | None:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            line.request(method, path)
            return line.getresponse().status
        except OSError:
            return None
        finally:
            line.close()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(60)


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[S3Server]:
    server = S3Server(tmp_path)
    assert server.ask("PUT", "/anh") == 200  # the bucket
    yield server
    server.stop()


@pytest.fixture
def app(settings: Settings, s3: S3Server) -> Iterator[Flask]:
    in_bucket = dataclasses.replace(
        settings, blobs="s3://anh/an-lao", s3_endpoint=s3.url, s3_key_id="test", s3_secret="test"
    )
    app = create_app(in_bucket)
    hash_cheaply(app)
    with app.app_context():
        yield app
        db.session.close()
        db.dispose()


@pytest.fixture
def phone(app: Flask) -> Phone:
    collector = sample.make_collector(sample.make_commune())
    sample.publish_plain()
    return Phone(InProcess(app), f"http://localhost/key/{collector.token}")


FILLED = "<so>3</so><anh>a.jpg</anh>"


def test_a_photo_lies_in_the_bucket_before_the_phone_is_answered(phone: Phone, s3: S3Server) -> None:
    """C37: asked for past our program, with the key that its hash makes."""
    assert phone.post(sample.filled(FILLED), {"a.jpg": sample.JPEG}).status == 201
    [row] = db.session.scalars(sa.select(Attachment))
    name = row.stored_sha256.hex()
    store = S3Store(
        "anh", endpoint=s3.url, access_key_id="test", secret_access_key="test", region="us-east-1",
        virtual_hosted_style_request=False, client_options={"allow_http": True},
    )  # fmt: skip
    raw = store.get(f"an-lao/{name[:2]}/{name[2:4]}/{name}").bytes()
    assert bytes(raw) == blobs.get(row.stored_sha256)
    assert [each.name for each in blobs.stored()] == [name]
    assert {each.subject: each.level for each in doctor.examine(thorough=True)}["blobs"] == "ok"


def test_the_same_photo_twice_is_one_object_and_is_deleted_once(phone: Phone) -> None:
    for _ in range(2):
        assert phone.post(sample.filled(FILLED), {"a.jpg": sample.JPEG}).status == 201
    [one] = blobs.stored()
    sha256 = bytes.fromhex(one.name)
    assert blobs.delete(sha256)
    assert not blobs.delete(sha256)
    assert blobs.get(sha256) is None
    said = {each.subject: each.words for each in doctor.examine(thorough=True)}
    assert "Thiếu 1 ảnh" in said["blobs"]


def test_while_the_bucket_is_away_photos_are_refused_and_nothing_is_stored(
    phone: Phone, s3: S3Server
) -> None:
    s3.stop()
    answer = phone.post(sample.filled(FILLED), {"a.jpg": sample.JPEG})
    assert answer.status == 503
    assert "xin gửi lại sau" in (answer.message or "")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Submission)) == 0
    assert phone.post(sample.filled(), {}).status == 201, "without a photo, a visit needs no bucket"


def test_a_bucket_that_hangs_holds_up_no_visit_without_a_photo(phone: Phone, app: Flask) -> None:
    """bucket-1: it takes connections and never answers, and more phones send photos than the server has threads."""
    settings: Settings = app.config["SETTINGS"]
    code = phone.server_url.rpartition("/")[2]
    with socket.create_server(("127.0.0.1", 0), backlog=500) as hangs:
        given = {
            "TUNGNHA_BLOBS": settings.blobs, "TUNGNHA_S3_ENDPOINT": f"http://127.0.0.1:{hangs.getsockname()[1]}",
            "TUNGNHA_S3_KEY_ID": "test", "TUNGNHA_S3_SECRET": "test",
        }  # fmt: skip
        with Served(settings, environ=given) as served, ThreadPoolExecutor(70) as pool:
            assert served.phone(code).post(sample.filled(), {}).status == 201
            with_photos = [pool.submit(_photo_sent, served.phone(code), number) for number in range(70)]
            took: list[float] = []
            while len(took) < 100 or sum(took) < 3:
                asked = time.monotonic()
                assert served.phone(code).post(sample.filled(), {}).status == 201
                took.append(time.monotonic() - asked)
            assert max(took) < 2.0
            assert sum(took) / len(took) < 0.3
            served.kill()
            assert {each.result(60) for each in with_photos} == {503, None}, (
                "refused at once, or waiting still"
            )


def _photo_sent(phone: Phone, number: int) -> int | None:
    photo = sample.photo(number.to_bytes(4, "big") * 5_000)
    try:
        return phone.post(sample.filled(FILLED), {"a.jpg": photo}).status
    except (OSError, http.client.HTTPException):
        return None


def test_a_bucket_without_a_name_is_no_setting(settings: Settings) -> None:
    with pytest.raises(BadSetting), contextlib.ExitStack():
        Bucket.of(dataclasses.replace(settings, blobs="s3://"))


def test_a_backup_takes_photos_from_the_bucket_and_a_restore_puts_them_into_a_folder(
    phone: Phone, template_database: Template, tmp_path: Path
) -> None:
    assert phone.post(sample.filled(FILLED), {"a.jpg": sample.JPEG}).status == 201
    made = make_backup.backup(tmp_path / "b.tar")
    [one] = blobs.stored()
    folder = tmp_path / "new"
    folder.mkdir()
    url = template_database.copy(folder)
    other = create_app(Settings(instance=folder, database_url=url, secret_key=SECRET, second_factor="none"))
    with other.app_context():
        restore.restore(made.path, [])
        assert [each.name for each in blobs.stored()] == [one.name]
        assert sample.path_of(bytes.fromhex(one.name)).exists()
        db.session.close()
        db.dispose()
    template_database.drop(url)


def test_processes_that_were_forked_put_photos_into_the_bucket(
    phone: Phone, app: Flask, s3: S3Server
) -> None:
    """The application is loaded once and shared by gunicorn's workers; each asks the bucket by itself."""
    settings: Settings = app.config["SETTINGS"]
    given = {
        "TUNGNHA_BLOBS": settings.blobs, "TUNGNHA_S3_ENDPOINT": s3.url, "TUNGNHA_S3_KEY_ID": "test",
        "TUNGNHA_S3_SECRET": "test",
    }  # fmt: skip
    with Served(settings, environ=given) as served, ThreadPoolExecutor(6) as pool:
        code = phone.server_url.rpartition("/")[2]
        photos = [sample.photo(number.to_bytes(4, "big")) for number in range(24)]

        def send(photo: bytes) -> int:
            return served.phone(code).post(sample.filled(FILLED), {"a.jpg": photo}).status

        assert list(pool.map(send, photos)) == [201] * 24
    kept = {blobs.get(bytes.fromhex(each.name)) for each in blobs.stored()}
    assert kept == set(photos)


def test_the_doctor_says_that_the_bucket_is_away(phone: Phone, s3: S3Server) -> None:
    assert phone.post(sample.filled(FILLED), {"a.jpg": sample.JPEG}).status == 201
    s3.stop()
    said = {each.subject: (each.level, each.words) for each in doctor.examine(thorough=True)}
    assert said["blobs"][0] == "error"
    assert "kho ảnh không trả lời" in said["blobs"][1]
