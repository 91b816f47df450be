"""Where photos and other attachments lie, by their SHA-256: a folder, or a bucket that speaks S3."""

import contextlib
import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from flask import current_app

from server.files.blobs.bucket import Bucket
from server.files.blobs.folder import Folder, UnreadableFile
from server.files.blobs.hanging_store import Turns
from server.settings import Settings

MOST_TOLD = 5

NAME = re.compile(r"[0-9a-f]{64}")
_PLACE = "tungnha.blobs"
_TURNS = "tungnha.blob_turns"


@dataclass(frozen=True)
class StoredBlob:
    """A blob that is there."""

    name: str
    """Its SHA-256 in hexadecimal digits."""
    size: int
    changed_at: dt.datetime


class BlobPlace(Protocol):
    """What both kinds do. Where the place is away or full an OSError rises (server/operations/outages.py)."""

    def put(self, sha256: bytes, content: BinaryIO) -> None:
        """Keep all that a stream holds; when this returns it survives a power cut. What is there stays."""

    def get(self, sha256: bytes) -> bytes | None:
        """The bytes; None where there are none."""

    def delete(self, sha256: bytes) -> bool:
        """Take them away; whether there were any."""

    def files(self) -> Iterator[tuple[str, int, dt.datetime]]:
        """Name, size and time of everything that lies there, halves included."""


def place() -> BlobPlace:
    """The place of the current application."""
    found: BlobPlace | None = current_app.extensions.get(_PLACE)
    if found is None:
        settings: Settings = current_app.config["SETTINGS"]
        found = Bucket.of(settings) if is_bucket(settings) else Folder(settings.blob_folder)
        current_app.extensions[_PLACE] = found
    return found


def is_bucket(settings: Settings) -> bool:
    """Whether blobs lie in S3 by the settings."""
    return settings.blobs.startswith("s3://")


def put(sha256: bytes, content: BinaryIO) -> None:
    with _turn():
        place().put(sha256, content)


def get(sha256: bytes) -> bytes | None:
    with _turn():
        return place().get(sha256)


def get_readable(sha256: bytes) -> bytes | None:
    """The bytes; None also where they lie on a spoilt place of the disk, for a reader of many, who waits for none."""
    try:
        return get(sha256)
    except UnreadableFile:
        return None


def delete(sha256: bytes) -> bool:
    with _turn():
        return place().delete(sha256)


def _turn() -> contextlib.AbstractContextManager[None]:
    turns: Turns = current_app.extensions.get(_TURNS) or current_app.extensions.setdefault(_TURNS, Turns())
    return turns.one()


def stored() -> Iterator[StoredBlob]:
    """Every whole blob."""
    return (StoredBlob(*each) for each in place().files() if NAME.fullmatch(each[0]))


def told(names: Sequence[str]) -> str:
    """The first names of some blobs in a sentence, short: one is found by the beginning of its name."""
    return ", ".join(name[:12] for name in names[:MOST_TOLD]) + ("…" if len(names) > MOST_TOLD else "")
