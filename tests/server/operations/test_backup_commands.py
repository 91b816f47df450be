"""`flask backup`, `flask restore`, `flask backup-key`: what they tell, and what they leave behind."""

import dataclasses
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.db import db
from server.models import Audit
from server.operations.backup import archive
from tests.server.operations.test_outages import SmallDisk, small_disk

__all__ = ["small_disk"]  # fixtures are found by their names


def test_commands_tell_in_a_sentence_what_they_did(filled: Flask, tmp_path: Path) -> None:
    runner = filled.test_cli_runner()
    made = runner.invoke(args=["backup", str(tmp_path / "b.tar")])
    assert made.exit_code == 0, made.output
    assert "Đã sao lưu" in made.output
    assert "secret_key" in made.output
    assert "b.tar đã có" in runner.invoke(args=["backup", str(tmp_path / "b.tar")]).output
    checked = runner.invoke(args=["restore", str(tmp_path / "b.tar"), "--verify"])
    assert (checked.exit_code, "Tệp còn nguyên" in checked.output) == (0, True)
    refused = runner.invoke(args=["restore", str(tmp_path / "b.tar")])
    assert (refused.exit_code, "đã có dữ liệu" in refused.output) == (1, True)
    key = runner.invoke(args=["backup-key", str(tmp_path / "key")])
    assert key.output.startswith("TUNGNHA_BACKUP_KEY=age1")
    assert runner.invoke(args=["backup-key", str(tmp_path / "key")]).exit_code == 1
    acts = db.session.scalars(sa.select(Audit.detail).where(Audit.act == "backup.make")).all()
    assert [each["file"] for each in acts if each] == ["b.tar"]


def test_old_backups_in_a_folder_are_deleted_when_asked(filled: Flask, tmp_path: Path) -> None:
    """Only those that were named by the command, and only after a new one is there."""
    (tmp_path / "khac.tar").write_bytes(b"somebody's")
    for day in (20260101, 20260102, 20260103):
        (tmp_path / f"tungnha-{day}-013000.tar.age").write_bytes(b"old")
    answer = filled.test_cli_runner().invoke(args=["backup", str(tmp_path), "--keep", "2"])
    assert answer.exit_code == 0, answer.output
    assert "Đã xóa 2 bản cũ" in answer.output
    left = sorted(path.name for path in tmp_path.glob("*.tar*") if path.suffix != ".anh")
    assert left[0] == "khac.tar"
    assert left[1] == "tungnha-20260103-013000.tar.age"
    assert len(left) == 3


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_a_backup_that_finds_no_room_leaves_nothing_and_says_so(
    filled: Flask, small_disk: SmallDisk, tmp_path: Path, is_encrypted: bool
) -> None:
    if is_encrypted:
        public = archive.make_key(tmp_path / "key")
        filled.config["SETTINGS"] = dataclasses.replace(filled.config["SETTINGS"], backup_key=public)
    small_disk.fill(but=20_000)
    answer = filled.test_cli_runner().invoke(args=["backup", str(small_disk.folder)])
    assert answer.exit_code == 1
    assert "Không ghi hoặc đọc được tệp" in answer.output
    assert {path.name.partition("-")[0] for path in small_disk.folder.iterdir()} <= {"filler", "backup"}
    assert [path for path in small_disk.folder.rglob(".*") if path.is_file()] == [], "no half of anything"
    assert db.session.scalars(sa.select(Audit.id).where(Audit.act == "backup.make")).all() == []
