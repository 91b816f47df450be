"""`flask doctor` finds what was broken on purpose, says what to do, and ends with a code."""

import dataclasses
import datetime as dt
import io
import json
import os
import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.db import db
from server.files.attachments import Upload
from server.intake import receive_submission
from server.models import Attachment, Submission, Tally
from server.operations import doctor
from server.review import doubts
from server.settings import Settings
from tests import sample
from tests.people import browser, make_person
from tests.server.intake.test_receive_submission import Place, Visit, place, send

__all__ = ["place"]  # a fixture is found by its name


@pytest.fixture(autouse=True)
def tidy(settings: Settings) -> None:
    """As the program itself leaves it, were the umask of the tests not the machine's."""
    settings.instance.chmod(0o700)
    for path in settings.instance.glob("*.sqlite3"):
        path.chmod(0o600)


def found(thorough: bool = True) -> Mapping[str, str]:
    """Subject → sentences of everything that is not in order."""
    said: dict[str, str] = {}
    for each in doctor.examine(thorough=thorough):
        if each.level != doctor.OK:
            said[each.subject] = said.get(each.subject, "") + each.words
    return said


def without_the_tests_own(said: Mapping[str, str]) -> Mapping[str, str]:
    """Tests let officers in without codes; the doctor is right to say so."""
    return {
        subject: words for subject, words in said.items() if subject not in ("settings", "fonts", "backup")
    }


def test_nothing_is_said_of_what_is_in_order(
    place: Place, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: dt.datetime.now(dt.UTC))
    receive_submission.accept(Visit(household=1, create=True).xml(), [_photo()], place.both)
    assert without_the_tests_own(found()) == {}
    answer = app.test_cli_runner().invoke(args=["doctor"])
    assert answer.exit_code == 0, answer.output
    assert "Đủ 1 ảnh" in answer.output
    assert "Số đang dùng khớp" in answer.output


def _photo() -> Upload:
    return Upload("a.bin", io.BytesIO(uuid.uuid4().bytes), "application/octet-stream")


def test_a_photo_that_is_gone_is_an_error_and_one_that_nobody_names_is_not(place: Place, app: Flask) -> None:
    receive_submission.accept(Visit(household=1, create=True).xml(), [_photo()], place.both)
    path = sample.path_of(db.session.scalars(sa.select(Attachment.stored_sha256)).one())
    path.rename(path.with_name("0" * 64))
    before = clock.now().timestamp() - 7200
    os.utime(path.with_name("0" * 64), (before, before))
    said = found()["blobs"]
    assert f"Thiếu 1 ảnh hoặc tệp mà phiếu có nêu ({path.name[:12]}" in said
    assert "Có 1 tệp ảnh không thuộc phiếu nào" in said
    answer = app.test_cli_runner().invoke(args=["doctor", "--json"])
    assert answer.exit_code == 1
    told = json.loads(answer.stdout)
    assert {"subject", "level", "words"} == set(told[0])
    assert [each["level"] for each in told if each["subject"] == "blobs"] == ["error", "warning"]


def test_sums_that_are_not_those_of_the_findings_are_an_error(place: Place) -> None:
    send(Visit(household=1, create=True), place.both)
    db.session.execute(sa.update(Tally).values(done=Tally.done + 1, of=Tally.of + 1))
    db.session.commit()
    assert "flask coverage recount --correct" in found()["tally"]
    assert "tally" not in found(thorough=False)


def test_visits_that_nobody_has_looked_at_for_more_than_a_day_are_told(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(Visit(household=1, create=True), place.both)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + dt.timedelta(hours=25))
    assert "doubts" not in found(thorough=False)
    monkeypatch.setattr(clock, "now", lambda: now + dt.timedelta(hours=27))
    assert "flask submissions check" in found(thorough=False)["doubts"]
    doubts.once()
    assert "doubts" not in found(thorough=False)


def test_a_clock_that_went_back_is_an_error(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    send(Visit(household=1, create=True), place.both)
    stored = db.session.scalars(sa.select(Submission.received_at)).one()
    monkeypatch.setattr(clock, "now", lambda: stored - dt.timedelta(hours=3))
    assert "chậm hơn phiếu đã nhận" in found()["clock"]
    monkeypatch.setattr(clock, "now", lambda: dt.datetime(1970, 1, 2, tzinfo=dt.UTC))
    assert "02/01/1970" in found()["clock"]


def test_another_key_than_the_codes_were_sealed_with_is_an_error(app: Flask) -> None:
    sample.make_collector(sample.make_commune())
    assert "key" not in found(thorough=False)
    app.config["SECRET_KEY"] = "another secret, of which nobody has printed a code"
    app.extensions.pop("tungnha.seal")
    assert "chép lại tệp secret_key" in found(thorough=False)["key"]


def test_secrets_that_others_can_read_are_an_error(app: Flask, settings: Settings) -> None:
    path = settings.instance / "secret_key"
    path.write_text("a secret for this test alone, long enough")
    path.chmod(0o640)
    assert f"chmod 600 {path}" in found(thorough=False)["secrets"]
    path.chmod(0o600)
    assert "secrets" not in found(thorough=False)
    settings.instance.chmod(0o777)
    assert "chmod go-w" in found(thorough=False)["secrets"]


def test_settings_that_nobody_reads_are_named(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNGNHA_SECRETKEY", "misspelt")
    assert "TUNGNHA_SECRETKEY" in found(thorough=False)["settings"]
    assert "misspelt" not in str(found(thorough=False))


def test_a_base_map_without_words_of_its_provider_is_named(app: Flask, settings: Settings) -> None:
    tiles = "http://127.0.0.1:9/{z}/{x}/{y}.png"
    for words, is_named in (("", True), ("© Cục Đo đạc", False)):
        app.config["SETTINGS"] = dataclasses.replace(settings, base_map=tiles, base_map_attribution=words)
        assert ("TUNGNHA_BASE_MAP_ATTRIBUTION" in found()["settings"]) is is_named


@pytest.mark.parametrize(
    ("tiles", "is_drawn"),
    [
        ("https://{s}.ban-do.example.vn/{z}/{x}/{y}{r}.png?k=1", True),
        ("/ban-do/{z}/{x}/{-y}.png", True),
        ("https://ban-do.example.vn/{TileMatrix}/{TileCol}/{TileRow}", False),
        ("https://ban-do.example.vn/{z}/{x}/{y}.png?k={khoa}", False),
        ("https://ban-do.example.vn/{z}/{x}.png", False),
        ("ban-do", False),
    ],
)
def test_a_base_map_that_cannot_be_asked_for_is_named_and_left_out(
    app: Flask, settings: Settings, tiles: str, is_drawn: bool
) -> None:
    """Leaflet stops at a place that it cannot fill in, and the thôn are not drawn either."""
    asked = dataclasses.replace(settings, base_map=tiles, base_map_attribution="© Cục Đo đạc")
    app.config["SETTINGS"] = asked
    assert asked.tiles == (tiles if is_drawn else "")
    assert ("không vẽ" in found()["settings"]) is not is_drawn


def test_low_disk_is_a_warning_and_full_disk_an_error(app: Flask, settings: Settings) -> None:
    app.config["SETTINGS"] = dataclasses.replace(settings, min_free_mb=10**9)
    assert "hãy dọn" in found(thorough=False)["disk"]
    app.config["SETTINGS"] = dataclasses.replace(settings, max_submission_mb=10**9)
    assert "đã đầy" in found(thorough=False)["disk"]


def test_tables_of_another_version_are_an_error(app: Flask) -> None:
    with db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    assert "flask db upgrade" in found(thorough=False)["database"]


def test_a_database_that_forgets_is_an_error(app: Flask, database: str) -> None:
    if database != "postgresql":
        pytest.skip("SQLite is told on every connection (server/db.py)")
    said = found(thorough=False).get("database", "")
    assert said == ""
    url = db.engine.url.update_query_dict({"options": "-c synchronous_commit=off"})
    engines = db.engines
    kept = engines["default"]
    engines["default"] = sa.create_engine(url)
    try:
        assert "synchronous_commit = off" in found(thorough=False)["database"]
    finally:
        engines["default"].dispose()
        engines["default"] = kept


def test_a_backup_that_is_old_or_missing_is_a_warning(
    app: Flask, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Chưa sao lưu lần nào" in found(thorough=False)["backup"]
    assert app.test_cli_runner().invoke(args=["backup", str(tmp_path / "b.tar")]).exit_code == 0
    assert "backup" not in found(thorough=False)
    later = clock.now() + dt.timedelta(days=3)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert "đã 3 ngày" in found(thorough=False)["backup"]
    app.config["SETTINGS"] = dataclasses.replace(settings, backup_days=0)
    assert "backup" not in found(thorough=False)


def test_an_upgrade_waits_for_a_backup_and_for_the_right_program(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever upgrades asks first; the code of the command is for his script."""
    runner = app.test_cli_runner()
    refused = runner.invoke(args=["preflight"])
    assert refused.exit_code == 1
    assert "không có gì để nâng" in refused.output
    assert "Chưa có bản sao lưu nào" in refused.output
    assert runner.invoke(args=["backup", str(tmp_path / "b.tar")]).exit_code == 0
    assert runner.invoke(args=["preflight"]).exit_code == 0
    _set_version("0018")
    assert "Bảng ở bản 0018, sẽ nâng lên" in runner.invoke(args=["preflight"]).output
    later = clock.now() + dt.timedelta(hours=25)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert runner.invoke(args=["preflight"]).exit_code == 1
    _set_version("9999")
    assert "hãy dùng chương trình mới hơn" in runner.invoke(args=["preflight"]).output


def _set_version(number: str) -> None:
    with db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :number"), {"number": number})


def test_administrators_see_what_the_doctor_says(app: Flask, tmp_path: Path) -> None:
    make_person("quan_tri", "admin")
    visitor = browser(app)
    visitor.sign_in("quan_tri")
    page = visitor.get("/quan-tri/may-chu").text
    assert "Chưa sao lưu lần nào" in page
    assert "Cơ sở dữ liệu trả lời" in page
    assert [subject for subject, _ in doctor.QUICK if f">{subject}<" in page] == [], (
        "subjects are told in words"
    )
    assert page.index("cần xem") < page.index(">tốt<"), "the worst first"
    assert app.test_cli_runner().invoke(args=["backup", str(tmp_path / "b.tar")]).exit_code == 0
    page = visitor.get("/quan-tri/may-chu").text
    assert "tệp b.tar" in page
    assert "không mã hóa" in page
    assert 'href="/quan-tri/may-chu"' in page, "it is in the menu"
