"""Blobs in a folder: written beside their place, synced, renamed."""

import contextlib
import datetime as dt
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_CHUNK = 256 * 1024
_NO_FILE = frozenset({errno.EISDIR, errno.ENOTDIR})
"""What the system says where a folder lies in a file's place, or a file in that of a folder above it."""
_OF_ONE_FILE = frozenset({errno.EIO, errno.ELOOP, errno.EBADMSG, errno.EUCLEAN, *_NO_FILE})
"""What the system says of a file whose place on the disk is spoilt; a disk that is away says EIO of all of them."""


class UnreadableFile(OSError):
    """One file that is there and cannot be read; the others may be well."""


@dataclass(frozen=True)
class Folder:
    """Two levels of folders, so that none holds millions of files."""

    root: Path

    def path_of(self, sha256: bytes) -> Path:
        """Where the bytes with this SHA-256 lie, or would lie; made of the hash alone, never of a name sent."""
        name = sha256.hex()
        return self.root / name[:2] / name[2:4] / name

    def put(self, sha256: bytes, content: BinaryIO) -> None:
        """A file that is there under this hash and is no longer what it says is written anew."""
        path = self.path_of(sha256)
        if not _is_whole(path, sha256):
            content.seek(0)
            _write(content, path)
        settle(path.parent)

    def get(self, sha256: bytes) -> bytes | None:
        try:
            return self.path_of(sha256).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno in _OF_ONE_FILE:
                raise UnreadableFile(error.errno, error.strerror, str(self.path_of(sha256))) from error
            raise

    def delete(self, sha256: bytes) -> bool:
        path = self.path_of(sha256)
        try:
            path.unlink()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return False
        settle(path.parent)
        return True

    def files(self) -> Iterator[tuple[str, int, dt.datetime]]:
        for path in self.root.rglob("*") if self.root.is_dir() else ():
            try:
                status = path.stat()
            except OSError as error:
                # renamed or deleted since it was listed, or spoilt: the reader that looks for it finds it missing
                if error.errno not in {errno.ENOENT, *_OF_ONE_FILE}:
                    raise
                continue
            if stat.S_ISREG(status.st_mode):
                yield path.name, status.st_size, dt.datetime.fromtimestamp(status.st_mtime, dt.UTC)


def _is_whole(path: Path, sha256: bytes) -> bool:
    """Whether the file is there with the bytes that its name says."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest() == sha256
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno in _OF_ONE_FILE:
            return False  # what came is written in its place
        raise


def _write(content: BinaryIO, path: Path) -> None:
    """Write beside the place, sync, then rename: nobody ever sees half a file under its hash."""
    _make_folder(path.parent)
    fresh = _beside(path)
    try:
        with fresh.open("xb") as file:
            while chunk := content.read(_CHUNK):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if path.is_dir():
            _set_aside(path)
        fresh.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each made known to the disk in the one that holds it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    if os.path.lexists(folder) and not folder.is_dir():
        _set_aside(folder)
    folder.mkdir(exist_ok=True)
    settle(folder.parent)


def _set_aside(stranger: Path) -> None:
    """Leave the place to what belongs there; nothing is deleted that may be somebody's."""
    with contextlib.suppress(FileNotFoundError):  # a twin has set it aside
        stranger.rename(_beside(stranger))


def _beside(path: Path) -> Path:
    """A name of its own in the same folder, which is no blob's."""
    return path.with_name(f".{path.name}.{secrets.token_hex(6)}")


def settle(folder: Path) -> None:
    """Have the disk remember which files a folder holds; also for a file that a twin renamed just now."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
