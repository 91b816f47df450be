"""Files that are made beside the server: asked for, followed, taken by who asked, made anew where that was ended."""

import datetime as dt
import gc
import os
import re
import tempfile
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from dashboards.downloads import download_pages
from server import clock, migrate
from server.db import begin_writing, db
from server.files import made_files, making_process
from server.models import Audit, Commune, MadeFile, MadeFilePiece, Submission
from server.office import collector_pages
from server.privacy import erase
from server.settings import Settings
from tests import sample
from tests.exported import ANSWERS, cells, commune, officer, store
from tests.people import Browser, browser, make_commune, make_person
from tests.server.operations.test_outages import Here, SmallDisk, on_small_disk, small_disk
from tests.server.serving.test_first_pieces import all_killed_at

__all__ = ["commune", "officer", "on_small_disk", "small_disk"]  # fixtures are found by their names

LARGE = "/xa/11629/tai-ve/phieu?bieu_mau=thu&dang=xlsx&nhan=0"


@pytest.fixture(autouse=True)
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_pages, "LONG", 2)
    monkeypatch.setattr(collector_pages, "MANY", 2)


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is begun: a test makes the files when it likes."""
    monkeypatch.setattr(making_process, "wake", lambda: None)


def make(app: Flask) -> None:
    db.session.rollback()
    making_process.work(app, nice=0)
    db.session.rollback()


def asked(officer: Browser, commune: Commune) -> str:
    """The page of a file of two submissions."""
    store(commune, ANSWERS, {**ANSWERS, "thon": "11629.02"})
    answer = officer.get(LARGE)
    assert answer.status_code == 303
    return str(answer.location)


def acts(act: str) -> list[Audit]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Audit).where(Audit.act == act).order_by(Audit.id)))


@pytest.mark.usefixtures("by_hand")
def test_a_large_workbook_is_followed_on_a_page_and_taken_from_it(
    app: Flask, officer: Browser, commune: Commune
) -> None:
    """It is the file that a small one is at once, and each taking is in the audit as any other file's."""
    page = asked(officer, commune)
    assert "Đang chờ" in officer.get(page).text
    assert officer.get(f"{page}/noi-dung").status_code == 410
    assert acts("submissions.export") == []
    make(app)
    told = officer.get(page).text
    assert "Tệp đã tạo xong" in told
    assert 'http-equiv="refresh"' not in told
    taken = officer.get(f"{page}/noi-dung")
    assert taken.status_code == 200
    assert int(taken.headers["Content-Length"]) == len(taken.data)
    assert re.search(r"thu-.*\.xlsx", taken.headers["Content-Disposition"])
    header, *rows = cells(taken.data)
    assert [row[header.index("thon")] for row in rows] == ["11629.01", "11629.02"]
    officer.get(f"{page}/noi-dung")
    written = acts("submissions.export")
    assert [each.actor for each in written] == [written[0].actor] * 2
    assert [each.detail["personal"] for each in written if each.detail] == [False, False]


@pytest.mark.usefixtures("by_hand")
def test_small_files_and_streams_are_handed_out_at_once(
    officer: Browser, commune: Commune, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(officer, commune)
    assert officer.get(LARGE.replace("xlsx", "csv")).status_code == 200
    monkeypatch.setattr(download_pages, "LONG", 3)
    assert officer.get(LARGE).status_code == 200


@pytest.mark.usefixtures("by_hand")
def test_nobody_else_is_given_it(app: Flask, officer: Browser, commune: Commune) -> None:
    page = asked(officer, commune)
    make(app)
    make_person("can.bo.hai", "officer", commune)
    make_person("xa.khac", "officer", make_commune("10930", "Mao Điền", thon=1))
    for name, status in (("can.bo.hai", 410), ("lanh.dao", 403), ("xa.khac", 403)):
        other = browser(app)
        other.sign_in(name)
        for path in (page, f"{page}/noi-dung"):
            assert other.get(path).status_code == status, (name, path)
    assert officer.get(f"{page.rpartition('/')[0]}/khong-co").status_code == 410
    [key] = db.session.scalars(sa.select(MadeFile.id))
    assert officer.get(f"/quan-tri/xa/11629/thanh-vien/to-in/tep/{key}").status_code == 410


@pytest.mark.usefixtures("by_hand")
def test_asking_twice_is_answered_by_one_file(officer: Browser, commune: Commune) -> None:
    page = asked(officer, commune)
    assert officer.get(LARGE).location == page
    assert officer.get(f"{LARGE}&ca_nhan=1").location != page


@pytest.mark.usefixtures("by_hand")
def test_what_was_ended_in_the_middle_is_made_anew_and_said_so(
    app: Flask, officer: Browser, commune: Commune
) -> None:
    page = asked(officer, commune)
    _ended_in_the_middle()
    assert "dừng giữa chừng" in officer.get(page).text
    make(app)
    assert "Tệp đã tạo xong" in officer.get(page).text
    assert officer.get(f"{page}/noi-dung").status_code == 200


@pytest.mark.usefixtures("by_hand")
def test_what_was_ended_twice_is_given_up_with_what_to_do(
    app: Flask, officer: Browser, commune: Commune
) -> None:
    page = asked(officer, commune)
    _ended_in_the_middle()
    _ended_in_the_middle()
    make(app)
    told = officer.get(page).text
    assert "chọn ít dòng hơn" in told
    assert "Tạo lại" in told
    assert officer.get(LARGE).location != page


@pytest.mark.usefixtures("by_hand")
def test_while_one_is_being_made_no_other_is_begun(app: Flask, officer: Browser, commune: Commune) -> None:
    page = asked(officer, commune)
    assert made_files.take_up() is not None
    officer.get(f"{LARGE}&ca_nhan=1")
    db.session.rollback()
    assert made_files.take_up() is None
    assert "Đang tạo tệp: 0 trên 2 dòng" in officer.get(page).text


@pytest.mark.usefixtures("by_hand")
def test_a_form_that_is_gone_is_told_on_the_page(app: Flask, officer: Browser, commune: Commune) -> None:
    page = asked(officer, commune)
    with db.engine.begin() as connection:
        connection.execute(sa.update(MadeFile).values(address=LARGE.replace("thu", "khong_co")))
    make(app)
    assert "không có biểu mẫu “khong_co”" in officer.get(page).text


@pytest.mark.usefixtures("by_hand")
def test_it_is_gone_after_a_day_and_with_the_data_that_it_holds(
    app: Flask, officer: Browser, commune: Commune
) -> None:
    page = asked(officer, commune)
    make(app)
    with db.engine.begin() as connection:
        connection.execute(sa.update(MadeFile).values(asked_at=clock.now() - dt.timedelta(hours=25)))
    assert officer.get(page).status_code == 410
    made_files.forget()
    assert _pieces() == 0


@pytest.mark.usefixtures("by_hand")
def test_deleting_submissions_deletes_what_was_made_of_them(
    app: Flask, officer: Browser, commune: Commune
) -> None:
    page = asked(officer, commune)
    make(app)
    assert _pieces() == 1
    [first, _] = db.session.scalars(sa.select(Submission.id).order_by(Submission.id))
    db.session.rollback()
    with db.engine.connect().execution_options(writes=True) as connection:
        erase.erase(connection, erase.of_submissions(connection, [first]), keeps_counts=True)
        connection.commit()
    assert officer.get(page).status_code == 410
    assert _pieces() == 0


@pytest.mark.usefixtures("by_hand")
def test_a_long_sheet_of_codes_is_made_so_too(app: Flask, officer: Browser, commune: Commune) -> None:
    pytest.importorskip("weasyprint", exc_type=OSError)
    for number in range(2):
        sample.make_collector(commune, commune.villages[:1], f"Người số {number}")
    answer = officer.get("/quan-tri/xa/11629/thanh-vien/to-in?dang=pdf")
    assert answer.status_code == 303
    assert acts("collector.print") == []
    make(app)
    taken = officer.get(f"{answer.location}/noi-dung")
    assert taken.data.startswith(b"%PDF-")
    assert taken.content_type == "application/pdf"
    assert len(acts("collector.print")) == 1


def test_a_process_beside_the_server_makes_it(
    officer: Browser, commune: Commune, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a server that ends just then, and takes the folder of its figures with it."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "gone"))
    page = asked(officer, commune)
    making_process.rest(60)
    db.session.rollback()
    assert "Tệp đã tạo xong" in officer.get(page).text
    assert cells(officer.get(f"{page}/noi-dung").data)[1]


def test_such_a_process_has_the_settings_of_the_one_that_began_it(tmp_path: Path) -> None:
    given = Settings(
        instance=tmp_path, min_samples=7, https=True, second_factor="none", database_url="sqlite://"
    )
    assert Settings.from_env(given.environ()) == given


def test_pieces_are_cut_anew(monkeypatch: pytest.MonkeyPatch, app: Flask, commune: Commune) -> None:
    """Whatever pieces a maker gives, what is stored is cut evenly and read back as it was."""
    monkeypatch.setattr(made_files, "PIECE", 4)
    wish = made_files.FileWish("phieu", commune.id, "person:1", "An", "/x", "http://localhost", 3, {})
    key = made_files.ask(wish)
    db.session.commit()
    content = made_files.MadeContent("a.bin", "text/plain", [b"", b"abcdefghij", b"kl", b"m"])
    made_files.keep(db.engine, key, content)
    db.session.rollback()
    row = db.session.get_one(MadeFile, key)
    assert (row.state, row.size) == ("ready", 13)
    stored = sa.select(MadeFilePiece.content).order_by(MadeFilePiece.number)
    assert list(db.session.scalars(stored)) == [b"abcd", b"efgh", b"ijkl", b"m"]


def test_no_connection_grows_by_what_a_large_file_is_taken_in(app: Flask, commune: Commune) -> None:
    """It keeps the room of the largest value that it read, and reads each byte as two letters."""
    wish = made_files.FileWish("phieu", commune.id, "person:1", "An", "/x", "http://localhost", 3, {})
    key = made_files.ask(wish)
    db.session.commit()
    made_files.keep(db.engine, key, made_files.MadeContent("a.bin", "text/plain", [bytes(700_001)]))
    db.session.rollback()
    lengths = list(db.session.scalars(sa.select(sa.func.length(MadeFilePiece.content))))
    assert sum(lengths) == 700_001
    assert 2 * max(lengths) < 256 * 1024


def test_a_file_of_the_city_is_gone_where_tables_are_taken_back_to_communes_alone(
    app: Flask, commune: Commune
) -> None:
    content = made_files.MadeContent("a.bin", "text/plain", [b"abc"])
    for place in (commune.id, None):
        wish = made_files.FileWish("phieu", place, "person:1", "An", f"/{place}", "http://localhost", 3, {})
        key = made_files.ask(wish)
        db.session.commit()
        made_files.keep(db.engine, key, content)
    db.session.rollback()
    migrate.downgrade("0061")
    migrate.upgrade()
    assert _pieces() == 1
    assert list(db.session.scalars(sa.select(MadeFile.commune_id))) == [commune.id]


def _ended_in_the_middle() -> None:
    db.session.rollback()
    assert made_files.take_up() is not None
    with db.engine.begin() as connection:
        connection.execute(sa.update(MadeFile).values(seen_at=clock.now() - dt.timedelta(minutes=2)))
    db.session.rollback()


def _pieces() -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(MadeFilePiece)) or 0


@pytest.mark.usefixtures("by_hand")
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # the library's archive, left open
def test_a_file_that_finds_no_room_is_told_and_leaves_nothing(
    app: Flask,
    officer: Browser,
    commune: Commune,
    small_disk: SmallDisk,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A workbook is written to the disk for temporary files first."""
    page = asked(officer, commune)
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk.folder))
    small_disk.fill()
    make(app)
    gc.collect()
    assert "hết chỗ lưu nên chưa tạo được tệp này" in officer.get(page).text
    assert [each.name for each in small_disk.folder.iterdir()] == ["filler"]
    assert "Traceback" not in caplog.text
    small_disk.free()
    again = officer.get(LARGE).location
    make(app)
    assert "Tệp đã tạo xong" in officer.get(again).text


def test_a_file_that_would_take_the_room_of_visits_is_given_up_and_its_pieces_with_it(
    on_small_disk: Here, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk SQLite takes no visit, and cannot even delete what filled it."""
    if database != "sqlite":
        pytest.skip("PostgreSQL lies elsewhere")
    monkeypatch.setattr(made_files, "LEFT_FOR_VISITS", 8_000_000)
    commune = db.session.scalars(sa.select(Commune)).one()
    pieces = (os.urandom(made_files.PIECE) for _ in range(40_000_000 // made_files.PIECE))
    made = made_files.MadeContent("lon.bin", "x/y", pieces)
    making_process.register(on_small_disk.app, "lon", lambda *_: made)
    begin_writing()
    wish = made_files.FileWish("lon", commune.id, "person:1", "An", "/x", "http://localhost", 3, {})
    key = made_files.ask(wish)
    db.session.commit()
    making_process.work(on_small_disk.app, nice=0)
    assert on_small_disk.send(f"uuid:{uuid.uuid4()}").status == 201
    with db.engine.connect() as connection:
        told = connection.execute(sa.select(MadeFile.state, MadeFile.problem).where(MadeFile.id == key)).one()
        assert told.state == "failed"
        assert "hết chỗ" in told.problem
        assert connection.scalar(sa.select(sa.func.count()).select_from(MadeFilePiece)) == 0
    assert len(list(pieces)) * made_files.PIECE > 20_000_000, "it ended well before the disk was full"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("by_hand")
def test_the_process_that_makes_files_outlives_a_database_that_ends_all_connections(
    app: Flask, officer: Browser, commune: Commune, database: str
) -> None:
    """The file is left for the next one that looks, or ready: never given up."""
    if database == "sqlite":
        pytest.skip("a file does not go away")
    asked(officer, commune)
    anew = sa.update(MadeFile).values(state="waiting", tries=0, seen_at=None)
    for moment in ("after_cursor_execute", "checkin"):
        number = count = 1
        while number <= count:
            with db.engine.begin() as connection:
                connection.execute(anew)
            with all_killed_at(moment, number) as met:
                making_process.work(app, nice=0)
            with db.engine.connect() as connection:
                assert connection.scalar(sa.select(MadeFile.state)) in ("waiting", "making", "ready")
            number, count = number + 1, max(count, len(met))
    gc.collect()  # psycopg complains of what nobody could close, here and not in another test
