"""A full disk, a database that is away, a clock that jumps: told in each protocol's words, and nothing is lost."""

import contextlib
import dataclasses
import datetime as dt
import os
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from server import clock, migrate
from server.counting import tally
from server.db import db
from server.models import Attachment, Commune, Submission
from server.settings import Settings
from tests import sample
from tests.conftest import SECRET, Template
from tests.own_postgres import OwnPostgres
from tests.people import browser, make_person
from tests.phone import Answer, InProcess, Phone
from tests.server.intake.test_receive_submission import NOON, Place, Visit, place, send

__all__ = ["place"]  # a fixture is found by its name

FULL = "Máy chủ hết chỗ lưu nên chưa nhận được"
AWAY = "Máy chủ đang bận hoặc bảo trì"


class SmallDisk:
    """A file system of its own in memory that can be filled to the last byte."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        folder.mkdir()
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(folder)],
            check=True, capture_output=True,
        )  # fmt: skip

    def fill(self, but: int = 0) -> None:
        """Leave no more than so many bytes."""
        with (self.folder / "filler").open("wb", buffering=0) as file:
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"\0" * 65536)
            if but:
                file.truncate(file.tell() - but)

    def free(self) -> None:
        (self.folder / "filler").unlink()

    def end(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a disk that is small enough to be filled")
    try:
        disk = SmallDisk(tmp_path / "disk", 24)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this machine mounts nothing: {error.stderr.decode().strip()}")
    yield disk
    disk.end()


@dataclasses.dataclass(frozen=True)
class Here:
    """A server with a form and a phone that is set up for it."""

    app: Flask
    phone: Phone

    def send(self, instance: str, photo: bytes | None = None) -> Answer:
        name = "anh.jpg" if photo else ""
        xml = sample.filled(f"<so>3</so><anh>{name}</anh>", instance_id=instance)
        return self.phone.post(xml, {name: photo} if photo else {})

    def stored(self) -> dict[str, int]:
        """Instance id → how often it is there."""
        query = sa.select(Submission.instance_id, sa.func.count()).group_by(Submission.instance_id)
        with db.engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def assert_counts(self) -> None:
        with db.engine.connect() as connection:
            assert tally.recount(connection) == []
            if connection.dialect.name == "sqlite":
                assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


@contextlib.contextmanager
def serving(settings: Settings) -> Iterator[Here]:
    app = create_app(settings)
    with app.app_context():
        if settings.database.startswith("postgresql"):
            migrate.upgrade()
        collector = sample.make_collector(sample.make_commune())
        sample.publish_plain()
        yield Here(app, Phone(InProcess(app), f"http://localhost/key/{collector.token}"))
        db.session.close()
        db.dispose()


def _instance() -> str:
    return f"uuid:{uuid.uuid4()}"


@pytest.fixture
def on_small_disk(small_disk: SmallDisk, template_database: Template, database: str) -> Iterator[Here]:
    """Photos, and with SQLite the database, on the small disk."""
    url = template_database.copy(small_disk.folder)
    settings = Settings(
        instance=small_disk.folder, database_url=url, secret_key=SECRET, fold_seconds=0, check_seconds=0
    )
    with serving(settings) as here:
        yield here
    template_database.drop(url)


def test_a_photo_that_finds_no_room_is_refused_and_can_be_sent_again(
    on_small_disk: Here, small_disk: SmallDisk
) -> None:
    """C37, C39: 503 in OpenRosa's words; the phone keeps it and sends it when there is room."""
    before, photo = _instance(), sample.photo(os.urandom(50_000).replace(b"\xff", b"\0"))
    assert on_small_disk.send(before).status == 201
    small_disk.fill(but=40_960)
    answer = on_small_disk.send(instance := _instance(), photo)
    assert answer.status == 503
    assert FULL in (answer.message or "")
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert answer.headers["Retry-After"] == "60"
    assert on_small_disk.phone.form_list().status == 200, "what is there can be read"
    assert browser(on_small_disk.app).get("/healthz").get_json()["disk"] == "full"
    assert list(small_disk.folder.rglob(".*")) == [], "no half of a photo is left"
    small_disk.free()
    assert on_small_disk.send(instance, photo).status == 201
    assert on_small_disk.stored() == {before: 1, instance: 1}
    [row] = db.session.scalars(sa.select(Attachment))
    assert sample.path_of(row.stored_sha256).read_bytes() == photo
    on_small_disk.assert_counts()


def test_a_database_on_a_full_disk_keeps_what_it_acknowledged(
    on_small_disk: Here, small_disk: SmallDisk, database: str
) -> None:
    if database != "sqlite":
        pytest.skip("PostgreSQL lies elsewhere; on a full disk of its own: the next test")
    told: dict[str, int] = {}
    small_disk.fill(but=300_000)
    while 503 not in told.values():
        assert len(told) < 500
        told[instance] = (answer := on_small_disk.send(instance := _instance())).status
    assert FULL in (answer.message or "")
    assert on_small_disk.stored().keys() == {each for each, status in told.items() if status == 201}
    small_disk.free()
    again = [on_small_disk.send(each).status for each in told]
    assert again == [202 if status == 201 else 201 for status in told.values()]
    assert on_small_disk.stored() == dict.fromkeys(told, 1)
    on_small_disk.assert_counts()


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A folder whose name is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="tungnha-pg-") as folder:
        yield Path(folder)


@pytest.mark.live
def test_a_postgresql_on_a_full_disk_keeps_what_it_acknowledged(tmp_path: Path, sockets: Path) -> None:
    """It ends itself where its log finds no room; whoever runs it starts it again when there is."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a disk that is small enough to be filled")
    disk = SmallDisk(sockets / "disk", 200)
    try:
        (disk.folder / "data").mkdir()
        with OwnPostgres(disk.folder / "data", sockets) as postgres, _on(postgres, tmp_path) as here:
            _fill_and_free(here, disk, postgres)
    finally:
        disk.end()


def _stored_again(here: Here, postgres: OwnPostgres) -> dict[str, int]:
    """What is stored, by a server that may still be ending itself when it is first asked."""
    for _ in range(5):
        if not postgres.is_running:
            postgres.start()
        postgres.await_answers()
        with contextlib.suppress(sa.exc.OperationalError):
            return here.stored()
    raise AssertionError("the database does not come back")


def _fill_and_free(here: Here, disk: SmallDisk, postgres: OwnPostgres) -> None:
    told: dict[str, int] = {}
    disk.fill(but=1_000_000)
    while 503 not in told.values():
        assert len(told) < 20_000
        told[instance] = (answer := here.send(instance := _instance())).status
    assert FULL in (answer.message or "") or AWAY in (answer.message or "")
    disk.free()
    acknowledged = {each for each, status in told.items() if status == 201}
    assert _stored_again(here, postgres).keys() >= acknowledged
    assert {here.send(each).status for each in told} <= {201, 202}
    assert here.stored() == dict.fromkeys(told, 1)
    here.assert_counts()


@contextlib.contextmanager
def _on(postgres: OwnPostgres, folder: Path) -> Iterator[Here]:
    settings = Settings(
        instance=folder, database_url=postgres.url, secret_key=SECRET, fold_seconds=0, check_seconds=0,
        second_factor="none",
    )  # fmt: skip
    with serving(settings) as here:
        yield here


@pytest.mark.live
def test_while_the_database_is_away_everybody_is_told_to_come_back(tmp_path: Path, sockets: Path) -> None:
    """PostgreSQL stopped and started under a server that goes on: phones, pages and programs, each in its words."""
    with OwnPostgres(sockets / "data", sockets) as postgres, _on(postgres, tmp_path) as here:
        assert here.send(first := _instance()).status == 201
        make_person("can.bo", "officer", db.session.scalars(sa.select(Commune)).one())
        (officer := browser(here.app)).sign_in("can.bo")
        postgres.stop()
        for photo in (None, sample.JPEG):
            answer = here.send(second := _instance(), photo)
            assert answer.status == 503
            assert AWAY in (answer.message or "")
        assert here.phone.form_list().status == 503
        visitor = browser(here.app)
        assert visitor.get("/healthz").get_json()["database"] == "gone"
        assert "tungnha_database_up 0.0" in visitor.get("/metrics").text
        page = visitor.sign_in("khong_ai")
        assert page.status_code == 503
        assert AWAY in page.text
        page = officer.get("/tai-khoan")
        assert page.status_code == 503, "who is signed in cannot be looked up for the page that says so"
        assert AWAY in page.text
        api = visitor.get("/api/v1/communes", headers={"Authorization": f"Token {'0' * 40}"})
        assert (api.status_code, api.get_json()["code"]) == (503, "unavailable")
        postgres.start()
        assert here.send(second).status == 201
        assert here.stored() == {first: 1, second: 1}
        here.assert_counts()


@pytest.fixture
def here(app: Flask) -> Here:
    collector = sample.make_collector(sample.make_commune())
    sample.publish_plain()
    return Here(app, Phone(InProcess(app), f"http://localhost/key/{collector.token}"))


@pytest.mark.parametrize("jump", [dt.timedelta(days=-400), dt.timedelta(hours=-3), dt.timedelta(days=400)])
def test_a_clock_that_jumps_loses_and_doubles_nothing(
    here: Here, monkeypatch: pytest.MonkeyPatch, jump: dt.timedelta
) -> None:
    right = clock.now()
    assert here.send(first := _instance()).status == 201
    monkeypatch.setattr(clock, "now", lambda: right + jump)
    assert here.send(first).status == 202
    assert here.send(second := _instance(), sample.JPEG).status == 201
    monkeypatch.setattr(clock, "now", lambda: right + dt.timedelta(minutes=1))
    assert [
        here.send(each, photo).status for each, photo in ((second, sample.JPEG), (_instance(), None))
    ] == [202, 201]
    assert set(here.stored().values()) == {1}
    assert len(here.stored()) == 3
    here.assert_counts()


def test_phones_are_not_judged_by_a_clock_that_went_back(
    place: Place, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead battery sets a machine back by years: visits keep the time that phones say, and are not flagged."""
    right = clock.now()
    send(Visit(household=1, create=True), place.both)
    monkeypatch.setattr(clock, "now", lambda: right - dt.timedelta(days=400))
    send(Visit(household=2, create=True), place.both)
    app.extensions.pop("tungnha.latest")  # another process, which knows what is stored alone
    send(Visit(household=3, create=True), place.both)
    rows = db.session.execute(sa.select(Submission.observed_at, Submission.flags)).all()
    assert [(row[0], row[1]) for row in rows] == [(NOON, None)] * 3


BEYOND = ("%00", "%ed%a0%80", "9" * 30, "9223372036854775808")
ODD = (
    "/api/v1/communes/{}", "/v1/projects/11629/datasets/{}", "/quan-tri/xa/{}/thanh-vien",
    "/quan-tri/xa/11629/thanh-vien/{}",
    "/quan-tri/xa/11629/thanh-vien?thon={}", "/quan-tri/xa/11629/ho?tim={}", "/quan-tri/xa/11629/phuc-tra/{}",
)  # fmt: skip
ODD_FOR_ADMINISTRATORS = ("ai={}", "doi_tuong={}", "viec={}", "truoc={}")


def test_what_no_row_can_hold_is_the_askers_mistake_and_no_defect(app: Flask) -> None:
    """Numbers of thirty digits, and a letter that PostgreSQL does not take."""
    make_person("can_bo", "officer", sample.make_commune())
    make_person("quan_tri", "admin")
    officer, administrator = browser(app), browser(app)
    officer.sign_in("can_bo")
    administrator.sign_in("quan_tri")
    asked = [(officer, address.format(odd)) for address in ODD for odd in BEYOND]
    for page in ("/quan-tri/nhat-ky", "/quan-tri/nhat-ky/tai-ve.csv"):
        asked += [
            (administrator, f"{page}?{each.format(odd)}") for each in ODD_FOR_ADMINISTRATORS for odd in BEYOND
        ]
    failed = [path for visitor, path in asked if visitor.get(path).status_code >= 500]
    assert failed == []
    assert browser(app).sign_in("can\0bo", "mat\0khau").status_code < 500
