"""Photos beside the backups of a folder, each once: what an earlier backup has put there is not copied again."""

import contextlib
import datetime as dt
import gzip
import hashlib
import io
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyrage

from server import clock
from server.files.blobs import NAME
from server.files.blobs.folder import Folder, UnreadableFile
from server.operations.backup import archive
from server.operations.backup.archive import Unusable

STORE = re.compile(r"backup-photos(-[0-9a-f]{12})?")
"""What a store is called: never what a server's own photos lie in, since backups may be made into its folder."""
LISTED = ".anh"
"""Ends the name of the file beside a backup that says which photos it needs: an archive may be closed to the server."""
YOUNG = dt.timedelta(days=1)
"""What was put there since then may belong to a backup that is being made."""
NOT_BESIDE = (
    "Cạnh tệp này không có thư mục {folder}, nơi chứa {count} ảnh của nó: hãy chép cả thư mục sao lưu, "
    "không chỉ một tệp."
)


@dataclass(frozen=True)
class PhotoStore:
    """A folder of photos by their SHA-256; for keys each is a file of age's."""

    root: Path
    is_encrypted: bool
    recipients: Sequence[Any] = ()

    @property
    def _folder(self) -> Folder:
        return Folder(self.root)

    def has(self, sha256: bytes, size: int) -> bool:
        """Whether it was put there whole; its bytes are compared by `flask restore --verify`."""
        try:
            found = self._folder.path_of(sha256).stat()
        except OSError:
            return (
                False  # not there, or on a spoilt place: `put` writes it anew, or says that the disk is away
            )
        is_whole = found.st_size > size if self.is_encrypted else found.st_size == size
        return is_whole and stat.S_ISREG(found.st_mode)

    def put(self, sha256: bytes, content: bytes) -> None:
        kept = pyrage.encrypt(content, list(self.recipients)) if self.is_encrypted else content
        self._folder.put(sha256, io.BytesIO(kept))

    def get(self, sha256: bytes, identities: Sequence[Any]) -> bytes | None:
        """What was put there; None where it is not there any more, cannot be read, or is not what it was."""
        try:
            kept = self._folder.get(sha256)
        except UnreadableFile:
            return None
        if kept is None:
            return None
        try:
            content = pyrage.decrypt(kept, list(identities)) if self.is_encrypted else kept
        except (pyrage.DecryptError, OSError):
            return None
        return content if hashlib.sha256(content).digest() == sha256 else None

    def prune(self, needed: set[bytes]) -> int:
        """Take away what no backup needs any more; how many."""
        before = clock.now() - YOUNG
        idle = [name for name, _, at in self._folder.files() if NAME.fullmatch(name) and at < before]
        gone = [name for name in idle if bytes.fromhex(name) not in needed]
        return sum(self._folder.delete(bytes.fromhex(name)) for name in gone)


def beside(folder: Path, setting: str, recipients: Sequence[Any]) -> PhotoStore:
    """The store of a folder for these keys: what was closed for others stays with the backups that need it."""
    keys = hashlib.sha256(" ".join(sorted(setting.split())).encode()).hexdigest()[:12]
    return PhotoStore(
        folder / (f"backup-photos-{keys}" if recipients else "backup-photos"), bool(recipients), recipients
    )


def told_in(folder: Path, manifest: dict[str, Any]) -> PhotoStore | None:
    """The store that an archive in this folder needs; None where it holds its photos itself.

    Unusable where it is gone.
    """
    told = manifest.get("photos")
    if not told:
        return None
    try:
        name, is_encrypted, count = str(told["folder"]), bool(told["encrypted"]), int(told["count"])
    except (KeyError, TypeError, ValueError) as error:
        raise Unusable(archive.DAMAGED.format(why="bảng kê thiếu mục")) from error
    if not STORE.fullmatch(name):
        raise Unusable(archive.DAMAGED.format(why="thư mục ảnh lạ"))
    store = PhotoStore(folder / name, is_encrypted)
    if count and not store.root.is_dir():
        raise Unusable(NOT_BESIDE.format(folder=name, count=count))
    return store


def packed(names: Iterable[bytes]) -> bytes:
    """The list of photos as a member keeps it: 32 bytes each."""
    return gzip.compress(b"".join(names), mtime=0)


def unpacked(content: bytes) -> Iterator[bytes]:
    names = archive.unpacked(content)
    return (names[start : start + 32] for start in range(0, len(names), 32))


def list_of(path: Path) -> Path:
    """The file beside a backup that says which photos it needs."""
    return path.with_name(path.name + LISTED)


def write_list(path: Path, store: PhotoStore, names: bytes) -> None:
    """Say which photos a backup is going to need, before it is there."""
    list_of(path).write_bytes(store.root.name.encode() + b"\n" + names)


def prune(folder: Path) -> int:
    """Take away photos that no backup of a folder needs any more; how many."""
    needed: dict[str, set[bytes]] = {store.name: set() for store in _stores(folder)}
    for path in folder.glob(f"*{LISTED}"):
        name, _, names = path.read_bytes().partition(b"\n")
        if name.decode() in needed:
            needed[name.decode()].update(unpacked(names))
    return sum(PhotoStore(folder / name, is_encrypted=False).prune(kept) for name, kept in needed.items())


def drop(folder: Path, names: Iterable[str]) -> None:
    """Take away photos that are spoilt, where this process may: the next backup puts them there anew."""
    wanted = [bytes.fromhex(name) for name in names]
    for store in _stores(folder):
        for sha256 in wanted:
            with contextlib.suppress(OSError):
                Folder(store).delete(sha256)


def _stores(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir() and STORE.fullmatch(path.name)]
