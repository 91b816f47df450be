"""Photos and other attachments: what of them may be stored, under which hash, and what they are."""

import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from server.files import blobs, heif_photos, photo_metadata

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
class Upload:
    """A file part of a submission: the part's name, its bytes, and the type it claims."""

    name: str
    stream: BinaryIO
    media_type: str


@dataclass(frozen=True)
class Blob:
    """A stored attachment; `received_sha256` is of the bytes sent, `stored_sha256` of those kept (R22).

    `size` counts the stored bytes; `media_type` is what the bytes are, whatever the phone called them.
    """

    name: str
    received_sha256: bytes
    stored_sha256: bytes
    size: int
    media_type: str
    is_broken: bool = False
    """A photo of which only a part could be read, and only that part is kept."""
    is_refused: bool = False
    """A photo of which nothing is kept, since place and phone could not be taken out of it."""


def store(upload: Upload, *, cut_points: bool = False, sealed: bool = False) -> Blob:
    """Keep the bytes of one file part; when this returns they survive a power cut (C37).

    Photos lose what they tell beside the picture; with `cut_points` the points in Collect's `audit.csv` are cut
    (R21). What is `sealed` is kept as it came (C44). The same bytes are stored once, however often they come.
    """
    received = _sha256(upload.stream)
    cut = None if sealed else _cut(upload, cut_points)
    content = io.BytesIO(cut.content) if cut is not None else upload.stream
    stored = received if content is upload.stream else _sha256(content)
    head = content.read(16)
    content.seek(0, io.SEEK_END)
    size = content.tell()
    content.seek(0)
    blobs.put(stored, content)
    told = cut or photo_metadata.CutPhoto(b"", is_broken=False)
    kind = type_of(head, upload.name)
    return Blob(upload.name, received, stored, size, kind, told.is_broken, told.is_refused)


def _cut(upload: Upload, cut_points: bool) -> photo_metadata.CutPhoto | None:
    """What of a file may be stored; None for all of it."""
    if cut_points and upload.name.lower() == AUDIT_FILE:
        return photo_metadata.CutPhoto(redact_audit(upload.stream.read()), is_broken=False)
    head = upload.stream.read(16)
    upload.stream.seek(0)
    if not photo_metadata.is_picture(head):
        return None
    picture = photo_metadata.bare(upload.stream.read())
    upload.stream.seek(0)
    return picture


def redact_audit(content: bytes) -> bytes:
    """Collect's audit log with every number cut to 3 decimals, about 110 m in a coordinate.

    Not the latitude and longitude columns alone: with track-changes the old and new values repeat points.
    Working on digits rather than on columns also holds for a file that is no good CSV.
    """
    return _TOO_EXACT.sub(rb"\1", content)


def type_of(head: bytes, name: str) -> str:
    """What a file is by its first 16 bytes, for text by the ending of its name; never what the phone claims."""
    for start, kind in _BY_FIRST_BYTES:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12], UNKNOWN_TYPE)
    if heif_photos.is_one(head):
        return "image/avif" if head[8:11] == b"avi" else "image/heic"
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
