"""What commands say where the installation is not as they need it: one sentence, whatever goes wrong beneath."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from app import create_app
from server import clock
from server.cli import nightly
from server.counting import tally
from server.db import db
from server.models import Collector
from server.settings import BadSetting, Settings
from tests.people import make_commune

NEED_TABLES = (
    ("people", "list"),
    ("export", "coverage", "11629", "--out", "{out}.csv"),
    ("export", "submissions", "11629", "ho_gia_dinh", "--out", "{out}.xlsx"),
    ("report", "11629", "--out", "{out}.pdf"),
    ("backup", "{out}"),
    ("db", "check"),
    ("submissions", "apply"),
)


def _run(app: Flask, out: Path, *args: str) -> str:
    """What a command that fails says on stderr: one sentence, nothing else, exit code 1."""
    result: Result = app.test_cli_runner().invoke(args=[arg.format(out=out) for arg in args])
    assert (result.exit_code, result.stdout) == (1, ""), (args, result.output, result.exception)
    assert isinstance(result.exception, SystemExit)
    assert len(result.stderr.strip().splitlines()) == 1
    return result.stderr.strip()


@pytest.mark.parametrize("args", NEED_TABLES, ids=" ".join)
def test_an_installation_without_tables_or_with_a_rotten_file_is_told_in_a_sentence(
    tmp_path: Path, args: tuple[str, ...]
) -> None:
    settings = Settings(instance=tmp_path / "moi")
    app = create_app(settings)
    assert "flask db upgrade" in _run(app, tmp_path / "ra", *args) or args[0] == "db"
    settings.database_file.write_bytes(os.urandom(9_000))
    assert "flask restore" in _run(create_app(settings), tmp_path / "ra", *args)


@pytest.mark.parametrize("args", NEED_TABLES, ids=" ".join)
def test_a_database_that_is_away_is_told_in_a_sentence(tmp_path: Path, args: tuple[str, ...]) -> None:
    away = "postgresql+psycopg://lan:m%E1%BA%ADtkh%E1%BA%A9u@127.0.0.1:9/tungnha"
    app = create_app(Settings(instance=tmp_path / "moi", database_url=away))
    said = _run(app, tmp_path / "ra", *args)
    assert "TUNGNHA_DATABASE_URL" in said
    assert "khẩu" not in said


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("tungnha", "TUNGNHA_DATABASE_URL"),
        ("mysql://lan:bimat@may/tungnha", "TUNGNHA_DATABASE_URL"),
        ("postgresql+psycopg2://lan:bimat@may/tungnha", "TUNGNHA_DATABASE_URL"),
        ("postgresql+psycopg://lan:bimat@may:cong/tungnha", "TUNGNHA_DATABASE_URL"),
    ],
)
def test_an_address_that_names_no_database_is_told_without_its_password(
    tmp_path: Path, address: str, words: str
) -> None:
    with pytest.raises(BadSetting, match=words) as told:
        create_app(Settings(instance=tmp_path, database_url=address))
    assert "bimat" not in str(told.value)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    taken = tmp_path / "tep"
    taken.write_text("không phải thư mục")
    for folder in (taken, taken / "duoi", Path("/proc/tungnha")):
        with pytest.raises(BadSetting, match="TUNGNHA_INSTANCE"):
            create_app(Settings(instance=folder))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("backup",), "thiếu 'OUT'"),
        (("backup", "{out}", "--keep", "nhiều"), "--keep"),
        (("export", "coverage", "11629", "--out", "/"), "--out"),
        (("report", "11629"), "--out"),
        (("doctor", "--nhanh"), "--nhanh"),
        (("people", "--nhanh"), "--nhanh"),
        (("db", "upgrade", ""), "bản mới nhất là"),
        (("db", "upgrade", "moi"), "moi"),
        (("db", "downgrade", "9999"), "9999"),
        (("tokens", "revoke", "99999999999999999999"), "NUMBER"),
        (("submissions", "list", "--before", "0"), "--before"),
        (("bin", "bring-back", "2026-11-29"), "Không có gì bị xóa"),
    ],
    ids=str,
)
def test_wrong_arguments_of_any_command_are_told_in_vietnamese(
    app: Flask, tmp_path: Path, args: tuple[str, ...], words: str
) -> None:
    assert words in _run(app, tmp_path / "ra", *args)


@pytest.mark.parametrize(
    "args",
    [
        ("tokens", "add", "Cổng dữ liệu", "--commune", ""),
        ("forms", "publish", "--library", "--commune", " "),
        ("people", "add", "lan", "--role", "city", "--commune", ""),
        ("submissions", "list", "--commune", ""),
        ("coverage", "recount", ""),
        ("rollup", "write", "--commune", ""),
    ],
    ids=" ".join,
)
def test_an_empty_variable_of_a_script_does_not_mean_every_commune(
    app: Flask, tmp_path: Path, args: tuple[str, ...]
) -> None:
    assert "để trống" in _run(app, tmp_path / "ra", *args)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EACCES])
def test_a_disk_that_fails_is_told_in_a_sentence(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A disk is the machine's: it is full, or cannot be read, in whatever a command does."""

    def fail(*_: object) -> object:
        raise OSError(number, os.strerror(number), "/srv/tungnha/blobs")

    monkeypatch.setattr(clock, "today", fail)
    said = _run(app, tmp_path / "ra", "coverage", "show", "11629")
    assert "/srv/tungnha/blobs" in said
    assert os.strerror(number) in said


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that opens files and takes no byte: what writes to one is told so, as by the machine."""
    plain = Path.write_bytes

    def write(path: Path, content: bytes) -> int:
        plain(path, b"")
        raise FULL

    monkeypatch.setattr(Path, "write_bytes", write)
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(FULL))


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_leaves_the_old_file_and_no_half_of_a_new_one(app: Flask, tmp_path: Path) -> None:
    village = make_commune(thon=1).villages[0].code
    db.session.rollback()
    folder = tmp_path / "ra"
    folder.mkdir()
    old, key = folder / "ma.png", folder / "khoa"
    old.touch()
    added = ["collectors", "add", "Bùi Thị Lụa", "--commune", "11629", "--village", village]
    assert "No space left" in _run(app, tmp_path, *added, "--url", "https://a.vn", "--qr", str(old))
    assert "No space left" in _run(app, tmp_path, "backup-key", str(key))
    assert [each.name for each in folder.iterdir()] == ["ma.png"]
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Collector)) == 0


def test_a_tally_that_cannot_be_folded_is_no_success(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object) -> int:
        raise sa.exc.OperationalError(
            "UPDATE tally_day", {}, sqlite3.OperationalError("database or disk is full")
        )

    monkeypatch.setattr(tally, "WAITING", sa.select(sa.literal(1), sa.literal(2)))
    monkeypatch.setattr(tally, "fold", fail)
    assert "dọn chỗ trống" in _run(app, tmp_path, "coverage", "fold")


def test_a_night_without_a_database_waits_for_it_once_and_not_for_every_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(nightly.time, "sleep", waits.append)
    app = create_app(Settings(instance=tmp_path, database_url="postgresql+psycopg://lan@127.0.0.1:9/tungnha"))
    result = app.test_cli_runner().invoke(args=["nightly"])
    assert (result.exit_code, len(waits)) == (1, nightly.TRIES - 1)
    assert isinstance(result.exception, SystemExit)
    assert "households settle: Cơ sở dữ liệu chưa dùng được" in result.stderr
    assert result.stderr.strip().splitlines()[-1].startswith("Chưa xong: households settle, privacy retain")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root acts as another account")
def test_another_account_is_told_by_whose_to_run_it(tmp_path: Path) -> None:
    folder = tmp_path / "moi"
    create_app(Settings(instance=folder))
    try:
        os.seteuid(65534)
        with pytest.raises(BadSetting, match="tài khoản của máy chủ"):
            create_app(Settings(instance=folder))
    finally:
        os.seteuid(0)
