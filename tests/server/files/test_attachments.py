"""Attachments on disk: by their hash, once, whole, and without exact points."""

import hashlib
import io
import os
import re
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from server.files import attachments
from server.files.attachments import Upload
from tests.sample import path_of, photo

AUDIT = (
    b"event,node,start,end,latitude,longitude,accuracy,old-value,new-value\n"
    b"form start,,1787365512345,,,,,,\n"
    b"question,/data/vi_tri,1787365512345,1787365519999,20.8449112,106.6881124,8.25,,"
    b'"20.8449112 106.6881124 3.5 8.25"\n'
)


def _upload(content: bytes, name: str = "a.jpg") -> Upload:
    return Upload(name, io.BytesIO(content), "image/jpeg")


def _on_disk(app: Flask) -> list[Path]:
    return [path for path in app.config["SETTINGS"].blob_folder.rglob("*") if path.is_file()]


def test_a_file_lies_under_its_hash(app: Flask) -> None:
    content = photo()
    blob = attachments.store(_upload(content))
    digest = hashlib.sha256(content)
    assert blob.received_sha256 == blob.stored_sha256 == digest.digest()
    assert (blob.name, blob.size, blob.media_type) == ("a.jpg", len(content), "image/jpeg")
    path = path_of(blob.stored_sha256)
    assert path.read_bytes() == content
    assert path.relative_to(app.config["SETTINGS"].blob_folder).parts == (
        digest.hexdigest()[:2],
        digest.hexdigest()[2:4],
        digest.hexdigest(),
    )


def test_the_same_bytes_are_stored_once_whatever_their_names(app: Flask) -> None:
    for name in ("a.jpg", "b.jpg", "../../x"):
        attachments.store(_upload(b"same", name))
    assert len(_on_disk(app)) == 1


def test_a_stream_that_was_read_before_is_stored_whole(app: Flask) -> None:
    upload = _upload(b"whole")
    upload.stream.read()
    assert path_of(attachments.store(upload).stored_sha256).read_bytes() == b"whole"


def test_nothing_is_answered_before_the_disk_has_file_and_folder(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C37: a phone deletes what we acknowledged; a name not synced is gone after a power cut."""
    synced: list[str] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    path = path_of(attachments.store(_upload(b"durable")).stored_sha256)
    assert re.search(rf"\.{path.name}\.\w+$", synced[-2])  # the file, before it gets its name
    assert synced[-1] == str(path.parent)
    assert {str(path.parent.parent), str(path.parent.parent.parent)} <= set(synced)


def test_a_write_that_fails_leaves_nothing_behind(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        attachments.store(_upload(b"too much"))
    assert _on_disk(app) == []


def test_an_audit_log_loses_its_exact_points_before_it_is_stored(app: Flask) -> None:
    """R21: 3 decimals, in the columns and in the values that repeat them; known by what was received."""
    blob = attachments.store(_upload(AUDIT, "audit.csv"), cut_points=True)
    stored = path_of(blob.stored_sha256).read_bytes()
    assert b"20.844,106.688,8.25" in stored
    assert b'"20.844 106.688 3.5 8.25"' in stored
    assert b"1787365512345" in stored
    assert blob.received_sha256 == hashlib.sha256(AUDIT).digest()
    assert blob.stored_sha256 == hashlib.sha256(stored).digest()
    assert blob.size == len(stored)


def test_points_that_may_be_kept_are_kept(app: Flask) -> None:
    """R21: those of places and check points, and what is not an audit log."""
    assert attachments.store(_upload(AUDIT, "audit.csv")).stored_sha256 == hashlib.sha256(AUDIT).digest()
    blob = attachments.store(_upload(photo(b" 1.23456789")), cut_points=True)
    assert blob.stored_sha256 == blob.received_sha256


@given(st.floats(-180, 180), st.text(max_size=20))
def test_no_number_keeps_more_than_three_decimals(number: float, around: str) -> None:
    """R21, also in a file that is no good CSV."""
    cut = attachments.redact_audit(f"{around}{number:.9f},{around}\n".encode())
    assert not re.search(rb"[0-9]\.[0-9]{4}", cut)
    assert attachments.redact_audit(cut) == cut


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"\x89PNG\r\n\x1a\nx", "a.jpg", "image/png"),
        (b"RIFF\x00\x00\x00\x00WEBPx", "a", "image/webp"),
        (b"\x00\x00\x00\x18ftypmp42", "a.mp4", "video/mp4"),
        (b"\x00\x00\x00\x18ftypM4A ", "a.m4a", "audio/mp4"),
        (b"#!AMR\n", "a.amr", "audio/amr"),
        (b"event,node\n", "audit.csv", "text/csv; charset=utf-8"),
        (b"<html><script>", "a.jpg", "application/octet-stream"),
        (b"<html><script>", "a.html", "application/octet-stream"),
        (b"", "a.svg", "application/octet-stream"),
        (b"secret", "a.jpg.enc", "application/octet-stream"),
    ],
)
def test_the_type_is_that_of_the_bytes_and_never_what_the_phone_claims(
    app: Flask, content: bytes, name: str, kind: str
) -> None:
    """C35: nothing that a browser would run."""
    assert attachments.store(_upload(content, name)).media_type == kind
