"""Photos and other attachments, kept by their SHA-256 in a folder; on disk before the phone is answered."""

import contextlib
import hashlib
import io
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from flask import current_app

from server import pictures
from server.sender import Upload

AUDIT_FILE = "audit.csv"
"""Collect's log of a form filled in, with the points where each question was answered."""

_CHUNK = 256 * 1024
_TOO_EXACT = re.compile(rb"([0-9]\.[0-9]{3})[0-9]+")

_BY_FIRST_BYTES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"#!AMR", "audio/amr"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
)
_BY_ENDING = {
    ".csv": "text/csv; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "text/xml; charset=utf-8",
}
UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class Blob:
    """A stored attachment; `received_sha256` is of the bytes sent, `stored_sha256` of those kept (DESIGN 7).

    `size` counts the stored bytes; `media_type` is what the bytes are, whatever the phone called them.
    """

    name: str
    received_sha256: bytes
    stored_sha256: bytes
    size: int
    media_type: str
    is_broken: bool = False
    """A photo of which only a part could be read, and only that part is kept."""


def store(upload: Upload, *, cut_points: bool = False, sealed: bool = False) -> Blob:
    """Keep the bytes of one file part; when this returns they survive a power cut (C37).

    Photos lose what they tell beside the picture; with `cut_points` the points in Collect's `audit.csv` are cut
    (DESIGN 7). What is `sealed` is kept as it came (C44). The same bytes are stored once, however often they come.
    """
    received = _sha256(upload.stream)
    content, is_broken = (upload.stream, False) if sealed else _kept(upload, cut_points)
    stored = received if content is upload.stream else _sha256(content)
    path = path_of(stored)
    if not path.exists():
        _write(content, path)
    _settle(path.parent)
    return Blob(upload.name, received, stored, path.stat().st_size, media_type(path, upload.name), is_broken)


def _kept(upload: Upload, cut_points: bool) -> tuple[BinaryIO, bool]:
    """What of a file may be stored, and whether it is a photo that broke off."""
    if cut_points and upload.name.lower() == AUDIT_FILE:
        return io.BytesIO(redact_audit(upload.stream.read())), False
    head = upload.stream.read(16)
    upload.stream.seek(0)
    if not pictures.is_picture(head):
        return upload.stream, False
    picture = pictures.bare(upload.stream.read())
    upload.stream.seek(0)
    return io.BytesIO(picture.content), picture.is_broken


def path_of(sha256: bytes) -> Path:
    """Where the bytes with this SHA-256 lie, or would lie; made of the hash alone, never of a name sent."""
    folder: Path = current_app.config["SETTINGS"].blob_folder
    name = sha256.hex()
    return folder / name[:2] / name[2:4] / name


def redact_audit(content: bytes) -> bytes:
    """Collect's audit log with every number cut to 3 decimals, about 110 m in a coordinate.

    Not the latitude and longitude columns alone: with track-changes the old and new values repeat points.
    Working on digits rather than on columns also holds for a file that is no good CSV.
    """
    return _TOO_EXACT.sub(rb"\1", content)


def media_type(path: Path, name: str) -> str:
    """What a file is by its first bytes, for text by the ending of its name; never what the phone claims."""
    with path.open("rb") as file:
        return type_of(file.read(16), name)


def type_of(head: bytes, name: str) -> str:
    """The same of the first 16 bytes of a file."""
    for start, kind in _BY_FIRST_BYTES:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12], UNKNOWN_TYPE)
    if head[4:8] == b"ftyp":
        return "audio/mp4" if head[8:11] == b"M4A" else "video/mp4"
    return _BY_ENDING.get(Path(name).suffix.lower(), UNKNOWN_TYPE)


def _sha256(stream: BinaryIO) -> bytes:
    """The hash of all that a stream holds; leaves it at its start."""
    stream.seek(0)
    digest = hashlib.sha256()
    for chunk in _chunks(stream):
        digest.update(chunk)
    stream.seek(0)
    return digest.digest()


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk


def _write(content: BinaryIO, path: Path) -> None:
    """Write beside the place, sync, then rename: nobody ever sees half a file under its hash."""
    _make_folder(path.parent)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with fresh.open("xb") as file:
            for chunk in _chunks(content):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each made known to the disk in the one that holds it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _settle(folder.parent)


def _settle(folder: Path) -> None:
    """Have the disk remember which files a folder holds; also for a file that a twin renamed just now."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
