"""Backups that can be trusted: spoilt photos are named and lose nothing else, a cut restore is known, each is tried."""

import datetime as dt
import gzip
import json
import re
import shutil
import tarfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.db import begin_writing, db
from server.models import Submission
from server.operations import doctor
from server.operations.backup import archive, make_backup, restore, row_json
from server.privacy import erase, tombstones
from tests import sample
from tests.conftest import Template
from tests.phone import InProcess, Phone, statuses
from tests.server.office.test_review_pages import LABEL
from tests.server.operations.test_backup import elsewhere, photos, rows
from tests.server.privacy.test_deletion import Story


@pytest.mark.parametrize("how", [b"0123456789", b"", None])
def test_a_spoilt_photo_is_named_and_all_else_comes_back(
    filled: Flask, template_database: Template, tmp_path: Path, how: bytes | None
) -> None:
    """ops-03: cut short, emptied, or of the right length with one bit turned."""
    kept = photos()
    path = sample.path_of(bytes.fromhex(kept[0]))
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]) if how is None else how)
    runner = filled.test_cli_runner()
    told = runner.invoke(args=["backup", str(tmp_path / "b.tar")])
    assert (told.exit_code, kept[0] in told.stderr) == (0, True), told.output
    said = " ".join(each.words for each in doctor.examine(thorough=True) if each.level == doctor.ERROR)
    assert f"1 ảnh hoặc tệp đã hỏng trên đĩa ({kept[0][:12]})" in said
    sampled = " ".join(each.words for each in doctor.examine(thorough=False, nightly=True))
    assert kept[0][:12] in sampled
    before = rows()
    with elsewhere(template_database, tmp_path / "new"):
        done = restore.restore(tmp_path / "b.tar", [])
        assert kept[0][:12] in " ".join(done.warnings)
        assert photos() == kept[1:]
        assert {name: each for name, each in rows().items() if name != "audit"} == {
            name: each for name, each in before.items() if name != "audit"
        }


def test_a_photo_that_the_disk_cannot_read_keeps_no_backup_from_being_made(
    filled: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ops-03: as on a spoilt place of the disk, here a link in a circle; of a disk that is away there is no backup."""
    kept = photos()
    path = sample.path_of(bytes.fromhex(kept[0]))
    path.unlink()
    path.symlink_to(path)
    runner = filled.test_cli_runner()
    told = runner.invoke(args=["backup", str(tmp_path / "b.tar")])
    assert (told.exit_code, kept[0] in told.stderr) == (0, True), told.output
    for ways in ({"thorough": True}, {"thorough": False, "nightly": True}):
        said = [each.words for each in doctor.examine(**ways) if each.level == doctor.ERROR]
        assert any(kept[0][:12] in words for words in said)
    assert runner.invoke(args=["restore", "--verify", str(tmp_path / "b.tar")]).exit_code == 0
    monkeypatch.setattr(make_backup, "MOST_UNREADABLE", 0)
    assert runner.invoke(args=["backup", str(tmp_path / "c.tar")]).exit_code == 1
    assert not (tmp_path / "c.tar").exists()


def test_a_backup_of_an_older_program_with_a_spoilt_photo_in_it_comes_back_as_well(
    filled: Flask, template_database: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It put in what it found, under the name of what it should have been."""
    name = photos()[0]
    spoilt = sample.path_of(bytes.fromhex(name)).read_bytes()[:10]
    added = archive.Writer.add

    def add(writer: archive.Writer, member: str, content: bytes) -> None:
        added(writer, member, spoilt if member == f"blobs/{name}" else content)

    with monkeypatch.context() as patched:
        patched.setattr(archive.Writer, "add", add)
        made = make_backup.backup(tmp_path / "b.tar")
    with elsewhere(template_database, tmp_path / "new"):
        done = restore.restore(made.path, [])
        assert name[:12] in " ".join(done.warnings)
        assert name not in photos()
        assert len(rows()["submission"]) > 1


def test_a_phone_that_sends_a_spoilt_photo_again_mends_it(app: Flask) -> None:
    """blob-2: what is stored is compared with what came, before the phone is told to delete its copy."""
    collector = sample.make_collector()
    sample.publish_plain()
    phone = Phone(InProcess(app), f"http://localhost/key/{collector.token}")
    xml, photo = sample.filled("<so>3</so><anh>a.jpg</anh>"), sample.photo(b"the door" * 500)
    assert phone.post(xml, {"a.jpg": photo}).status == 201
    name = photos()[0]
    path = sample.path_of(bytes.fromhex(name))
    whole = path.read_bytes()
    for spoilt in (whole[:100], whole[:-1] + bytes([whole[-1] ^ 1]), b""):
        path.write_bytes(spoilt)
        assert phone.post(xml, {"a.jpg": photo}).status == 202
        assert path.read_bytes() == whole
    path.unlink()
    path.symlink_to(path)  # as a file that the disk cannot read
    assert phone.post(xml, {"a.jpg": photo}).status == 202
    assert path.read_bytes() == whole


@pytest.mark.parametrize("above", [0, 1, 2])
def test_what_lies_in_a_photos_place_and_is_no_photo_is_set_aside(
    app: Flask, tmp_path: Path, above: int
) -> None:
    """A folder where the photo should be, or a file where a folder above it should: of a repair of the disk, say."""
    collector = sample.make_collector()
    sample.publish_plain()
    phone = Phone(InProcess(app), f"http://localhost/key/{collector.token}")
    xml, photo = sample.filled("<so>3</so><anh>a.jpg</anh>"), sample.photo(b"the gate" * 500)
    assert phone.post(xml, {"a.jpg": photo}).status == 201
    name = photos()[0]
    path = sample.path_of(bytes.fromhex(name))
    whole, stranger = path.read_bytes(), [path, *path.parents][above]
    shutil.rmtree(stranger) if above else stranger.unlink()
    if above:
        stranger.write_bytes(b"not ours")
    else:
        stranger.mkdir()
        (stranger / "found.0001").write_bytes(b"not ours")
    told = app.test_cli_runner().invoke(args=["backup", str(tmp_path / "b.tar")])
    assert (told.exit_code, name in told.stderr) == (0, True), told.output
    instance = sample.arrived()[0].instance_id
    pulled = f"{phone.server_url}/view/downloadSubmission?formId=don_gian[@version=1]/data[@key={instance}]"
    assert phone.get(pulled).status == 503
    assert phone.post(xml, {"a.jpg": photo}).status == 202
    assert phone.get(pulled).status == 200
    assert path.read_bytes() == whole
    blobs_folder = app.config["SETTINGS"].blob_folder
    assert [each.read_bytes() for each in blobs_folder.rglob("*") if each.is_file() and each != path] == [
        b"not ours"
    ]
    assert not any("hỏng" in each.words or "Thiếu" in each.words for each in doctor.examine(thorough=True))


def test_a_restore_that_is_cut_short_is_marked_and_begun_again(
    app: Flask, template_database: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """restore-1: before a row was there, and after them all but before the deletions of since were made up for."""
    story = Story(app)
    made = make_backup.backup(tmp_path)
    story.delete()

    def killed(*_: object) -> int:
        raise KeyboardInterrupt

    with elsewhere(template_database, tmp_path / "new") as other:
        shutil.copy(tmp_path / tombstones.FILE, tmp_path / "new")
        for where, what in ((row_json, "load"), (tombstones, "apply_tombstones")):
            with monkeypatch.context() as patched:
                patched.setattr(where, what, killed)
                with pytest.raises(KeyboardInterrupt):
                    restore.restore(made.path, [])
            db.session.close()
            assert other.test_client().get("/healthz").json["tables"] == "restoring"
        refused = other.test_cli_runner().invoke(args=["db", "upgrade"])
        assert (refused.exit_code, "flask restore" in refused.output) == (1, True)
        assert "ngắt giữa chừng" in " ".join(each.words for each in doctor.examine(thorough=False))
        db.session.close()
        done = restore.restore(made.path, [])
        assert done.erased == 5
        assert LABEL not in repr(rows(but=("tombstone", "subject")))
        assert other.test_client().get("/healthz").status_code == 200


def test_a_restore_that_cannot_be_leaves_its_place_empty_and_in_use(
    filled: Flask, template_database: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_backup.backup(tmp_path / "b.tar")

    def broken(*_: object) -> None:
        raise archive.Unusable("Hết chỗ.")

    with elsewhere(template_database, tmp_path / "new") as other:
        with monkeypatch.context() as patched:
            patched.setattr(row_json, "set_counters", broken)
            with pytest.raises(archive.Unusable):
                restore.restore(made.path, [])
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Submission)) == 0
        db.session.close()
        assert other.test_client().get("/healthz").status_code == 200


def test_what_retention_deleted_comes_back_with_a_backup_of_before_and_lives(
    app: Flask, template_database: Template, tmp_path: Path
) -> None:
    """clock-2: only what was asked for is deleted again, and a phone may go on with what came back."""
    story = Story(app)
    made = make_backup.backup(tmp_path)
    begin_writing()
    doomed = erase.of_household(db.session.connection(), story.home)
    tombstones.forget(db.session, doomed, tombstones.RETENTION)
    with elsewhere(template_database, tmp_path / "new") as other:
        shutil.copy(tmp_path / tombstones.FILE, tmp_path / "new")
        before = db.session.scalar(sa.select(sa.func.count()).select_from(Submission))
        db.session.close()
        assert restore.restore(made.path, []).erased == 0
        assert LABEL in repr(rows(but=("tombstone", "subject")))
        assert tombstones.apply_tombstones(db.session) == 0
        phone = Phone(InProcess(other), story.world.phone.server_url)
        again = re.sub(rb"uuid:[0-9a-f-]{36}(?=</)", f"uuid:{uuid.uuid4()}".encode(), story.sent[0])
        assert statuses(phone.send(again)) == [201], "a new visit to it is no visit to somebody deleted"
        assert before == 0


def test_a_backup_is_tried_in_a_scratch_place_and_the_doctor_reminds_of_it(
    filled: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = filled.test_cli_runner()
    assert runner.invoke(args=["backup", str(tmp_path / "b.tar")]).exit_code == 0
    count = len(rows()["submission"])
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment + dt.timedelta(days=9))
    assert "phục hồi thử" in _said("backup")
    tried = runner.invoke(args=["restore", str(tmp_path / "b.tar"), "--verify", "--json"])
    assert tried.exit_code == 0, tried.output
    assert json.loads(tried.stdout)["blobs"] == len(photos())
    assert len(rows()["submission"]) == count
    assert "phục hồi thử" in _said("backup"), "it is the backup that is nine days old"
    monkeypatch.setattr(clock, "now", lambda: moment + dt.timedelta(days=7))
    assert "phục hồi thử" not in _said("backup")


def _said(subject: str) -> str:
    found = [each.words for each in doctor.examine(thorough=False) if each.subject == subject]
    db.session.rollback()
    return " ".join(found)


def _forged(real: Path, path: Path, change: Callable[[list[archive.Member], dict[str, Any]], None]) -> None:
    """A backup with its parts and its list changed, and a seal that fits."""
    parts = list(archive.members(real, []))
    manifest = json.loads(next(each.content for each in parts if each.name == archive.MANIFEST))
    kept = [each for each in parts if each.name not in (archive.MANIFEST, archive.SEAL)]
    change(kept, manifest)
    with archive.writing(path, []) as writer:
        for each in kept:
            writer.add(each.name, each.content)
        told = {name: value for name, value in manifest.items() if name not in ("format", "members")}
        writer.finish(told)


FOREIGN = {
    "a name that leads out": lambda parts, _: parts.append(
        archive.Member("blobs/../../../etc/cron.d/x", b"x")
    ),
    "a photo of no hash": lambda parts, _: parts.append(archive.Member("blobs/zz", b"x")),
    "a part twice": lambda parts, _: parts.insert(0, parts[0]),
    "rows that are none": lambda parts, _: parts.__setitem__(
        0, archive.Member(parts[0].name, gzip.compress(b"[1,2,3]"))
    ),
    "more than a part holds": lambda parts, _: parts.__setitem__(
        0, archive.Member(parts[0].name, gzip.compress(bytes(2_000_000)))
    ),
    "a list without tables": lambda _, manifest: manifest.pop("tables"),
    "tables that are a word": lambda _, manifest: manifest.update(tables="submission"),
    "photos of another folder": lambda _, manifest: manifest.update(
        photos={"folder": "../../etc", "count": 0, "encrypted": False}
    ),
}


@pytest.mark.parametrize("change", FOREIGN.values(), ids=FOREIGN)
def test_a_backup_of_somebody_elses_making_is_refused_in_a_sentence(
    filled: Flask, template_database: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Any
) -> None:
    """Its seal is right, what it says is not: nothing of it is written, no memory is filled, no traceback told."""
    monkeypatch.setattr(archive, "MOST_UNPACKED", 1_000_000)
    _forged(make_backup.backup(tmp_path / "b.tar").path, tmp_path / "forged.tar", change)
    with elsewhere(template_database, tmp_path / "new") as app:
        told = app.test_cli_runner().invoke(args=["restore", str(tmp_path / "forged.tar")])
        assert (told.exit_code, "Tệp sao lưu bị hỏng" in told.output) == (1, True), told.output
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Submission)) == 0


def test_a_backup_whose_parts_say_that_they_are_longer_than_they_are_is_refused(tmp_path: Path) -> None:
    """A file of holes: eight gigabytes in half a kilobyte."""
    with tarfile.open(tmp_path / "b.tar", "w", format=tarfile.GNU_FORMAT) as tar:
        hole = tarfile.TarInfo("secret_key")
        hole.type = tarfile.GNUTYPE_SPARSE
        block = bytearray(hole.tobuf(tarfile.GNU_FORMAT))
        block[386:482] = b"00000000000\0" * 8
        block[483:495] = b"77777777777\0"
        block[148:156] = b"        "
        block[148:156] = b"%06o\0 " % sum(block[:512])
        tar.fileobj.write(bytes(block))  # type: ignore[union-attr]
        tar.offset += 512
    with pytest.raises(archive.Unusable, match="có phần lạ"):
        list(archive.members(tmp_path / "b.tar", []))
