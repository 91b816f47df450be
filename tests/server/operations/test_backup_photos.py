"""Photos of backups in one folder: copied once, kept while a backup needs them, known when they are spoilt."""

import dataclasses
import hashlib
import io
import os
import re
import shutil
import tracemalloc
import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.db import db
from server.files import blobs
from server.models import Attachment, Audit, Submission
from server.operations.backup import archive, make_backup, restore
from server.operations.backup.archive import Unusable
from server.operations.backup.last_backup import VERIFIED
from tests import sample
from tests.conftest import Template
from tests.phone import InProcess, Phone
from tests.server.operations.test_backup import elsewhere, new_collector, photos, rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "backups"
    made.mkdir()
    return made


@pytest.fixture(params=["plain", "encrypted"])
def identities(request: pytest.FixtureRequest, filled: Flask, tmp_path: Path) -> list[Any]:
    """What opens the backups that are made from now on."""
    if request.param == "plain":
        return []
    _encrypt(filled, tmp_path / "key")
    return archive.identities(tmp_path / "key")


def _encrypt(app: Flask, key: Path) -> None:
    public = archive.make_key(key)
    app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], backup_key=public)


def _backup(folder: Path, name: str) -> make_backup.MadeBackup:
    """Under a name of its own: two may be made in one second."""
    made = make_backup.backup(folder)
    path = made.path.with_name(name + "".join(made.path.suffixes))
    for ending in ("", ".anh"):
        made.path.with_name(made.path.name + ending).rename(path.with_name(path.name + ending))
    return dataclasses.replace(made, path=path)


def _copies(folder: Path) -> dict[str, int]:
    """Photos in the stores of a folder, and when each was written."""
    found = (path for path in folder.rglob("*") if re.fullmatch("[0-9a-f]{64}", path.name))
    return {path.name: path.stat().st_mtime_ns for path in found}


def _send(app: Flask) -> str:
    """One more photo; its name."""
    before, name = set(photos()), f"f{uuid.uuid4().hex[:6]}"
    collector = new_collector()
    sample.publish_plain(form_id=name)
    phone = Phone(InProcess(app), f"http://localhost/key/{collector.token}")
    xml = sample.filled("<so>3</so><anh>a.jpg</anh>", form_id=name)
    photo = sample.photo(uuid.uuid4().bytes.replace(b"\xff", b"0"))
    assert phone.post(xml, {"a.jpg": photo}).status == 201
    [made] = set(photos()) - before
    return made


def test_a_photo_is_copied_once_and_every_backup_brings_its_own_back(
    filled: Flask, template_database: Template, folder: Path, tmp_path: Path, identities: list[Any]
) -> None:
    first = _backup(folder, "first")
    assert first.copied == first.blobs == len(photos()) > 0
    written = _copies(folder)
    assert set(written) == set(photos())
    new = _send(filled)
    kept, before = photos(), rows()
    second = _backup(folder, "second")
    assert (second.copied, second.blobs) == (1, len(kept))
    assert {name: at for name, at in _copies(folder).items() if name != new} == written
    with elsewhere(template_database, tmp_path / "new"):
        done = restore.restore(second.path, identities)
        assert (done.blobs, done.warnings, photos()) == (len(kept), [], kept)
        assert rows() == before
    with elsewhere(template_database, tmp_path / "old"):
        assert restore.restore(first.path, identities).blobs == len(kept) - 1


def test_photos_for_a_key_are_closed_to_everybody_else(filled: Flask, folder: Path, tmp_path: Path) -> None:
    """And those of an older key stay with the backups that need them."""
    _backup(folder, "open")
    _encrypt(filled, tmp_path / "key")
    closed = _backup(folder, "closed")
    assert closed.copied == len(photos())
    contents = [blobs.get(bytes.fromhex(name)) for name in photos()]
    stores = [path for path in folder.iterdir() if path.is_dir()]
    assert len(stores) == 2
    [store] = [path for path in stores if path.name != "backup-photos"]
    for path in store.rglob("*"):
        assert not path.is_file() or path.read_bytes() not in contents
        assert path.stat().st_mode & 0o077 == 0


def test_what_no_backup_needs_goes_with_the_last_that_did(
    filled: Flask, template_database: Template, folder: Path, tmp_path: Path
) -> None:
    """A photo that was deleted on request is gone once the backups of before are."""
    doomed = _send(filled)
    old = make_backup.backup(folder)
    old.path.rename(folder / "tungnha-20260101-013000.tar")
    old.path.with_name(old.path.name + ".anh").rename(folder / "tungnha-20260101-013000.tar.anh")
    db.session.execute(sa.delete(Attachment).where(Attachment.stored_sha256 == bytes.fromhex(doomed)))
    db.session.commit()
    for path in folder.rglob("*"):
        os.utime(path, (1, 1))
    runner = filled.test_cli_runner()
    told = runner.invoke(args=["backup", str(folder), "--keep", "2"])
    assert told.exit_code == 0, told.output
    assert doomed in _copies(folder), "the first backup needs it still"
    newest = max(folder.glob("tungnha-*.tar"))
    newest.rename(folder / "tungnha-20260102-013000.tar")
    newest.with_name(newest.name + ".anh").rename(folder / "tungnha-20260102-013000.tar.anh")
    assert runner.invoke(args=["backup", str(folder), "--keep", "2"]).exit_code == 0
    assert doomed not in _copies(folder)
    left = sorted(folder.glob("tungnha-*.tar"))
    assert len(left) == 2
    with elsewhere(template_database, tmp_path / "new"):
        assert restore.restore(left[-1], []).warnings == []


def test_a_photo_that_rots_beside_the_backup_is_named_and_copied_anew(
    filled: Flask, folder: Path, tmp_path: Path, identities: list[Any]
) -> None:
    """Tried with --verify: such a backup is not one that was tried, until the next has mended it."""
    made = make_backup.backup(folder)
    name = photos()[0]
    [path] = folder.rglob(name)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    runner = filled.test_cli_runner()
    key = ["--key", str(tmp_path / "key")] if identities else []
    told = runner.invoke(args=["restore", str(made.path), "--verify", *key])
    assert (told.exit_code, name[:12] in told.output) == (1, True), told.output
    assert _verified() == 0
    mended = make_backup.backup(folder)
    assert mended.copied == 1
    told = runner.invoke(args=["restore", str(mended.path), "--verify", *key])
    assert told.exit_code == 0, told.output
    assert _verified() == 1
    path.unlink()
    path.symlink_to(path)  # as a file that the disk cannot read
    told = runner.invoke(args=["restore", str(mended.path), "--verify", *key])
    assert (told.exit_code, name[:12] in told.output) == (1, True), told.output
    assert make_backup.backup(folder).copied == 1


def _verified() -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).where(Audit.act == VERIFIED)) or 0


def test_what_is_there_already_is_not_read_again_and_memory_stays_flat(
    filled: Flask, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """20 GB of photos take a night the first time, and minutes afterwards."""
    size = 4_000_000
    now = clock.now()
    submissions = db.session.scalars(sa.select(Submission.id).limit(12)).all()
    for number, submission in enumerate(submissions):
        content = number.to_bytes(1, "big") * size
        sha256 = hashlib.sha256(content).digest()
        blobs.put(sha256, io.BytesIO(content))
        db.session.add(
            Attachment(submission_id=submission, name=f"large{number}.jpg", received_sha256=sha256,
                       stored_sha256=sha256, size=size, media_type="image/jpeg", received_at=now)
        )  # fmt: skip
    db.session.commit()
    tracemalloc.start()
    _backup(folder, "first")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 5 * size

    def unread(_sha256: bytes) -> bytes:
        raise AssertionError("a photo was read that is there already")

    monkeypatch.setattr(blobs, "get", unread)
    assert _backup(folder, "second").copied == 0


def test_a_backup_without_the_photos_beside_it_is_refused_before_a_row_is_written(
    filled: Flask, template_database: Template, folder: Path, tmp_path: Path
) -> None:
    made = make_backup.backup(folder)
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(made.path, alone)
    with elsewhere(template_database, tmp_path / "new"):
        with pytest.raises(Unusable, match="chép cả thư mục"):
            restore.restore(alone / made.path.name, [])
        assert all(not each for name, each in rows().items() if name not in ("role", "entity_list"))


def test_a_backup_into_the_servers_own_folder_touches_none_of_its_photos(
    filled: Flask, tmp_path: Path, identities: list[Any]
) -> None:
    """As the book has it before an upgrade; with --keep, and photos that lie there for years."""
    kept = photos()
    stray = bytes(32).hex()
    blobs.put(bytes(32), io.BytesIO(b"of a sending that was cut off"))
    for path in tmp_path.rglob("*"):
        os.utime(path, (1, 1))
    runner = filled.test_cli_runner()
    for _ in range(2):
        told = runner.invoke(args=["backup", str(tmp_path), "--keep", "1"])
        assert told.exit_code == 0, told.output
    [newest] = [path for path in tmp_path.glob("tungnha-*.tar*") if path.suffix != ".anh"]
    name = kept[0]
    [path] = [path for path in tmp_path.glob("backup-photos*/**/*") if path.name == name]
    path.write_bytes(b"spoilt" * 100)
    key = ["--key", str(tmp_path / "key")] if identities else []
    assert runner.invoke(args=["restore", str(newest), "--verify", *key]).exit_code == 1
    assert photos() == sorted([stray, *kept])
