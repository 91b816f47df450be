"""The file of a backup: a tar whose last members name all others with their SHA-256; encrypted by age with a key."""

import contextlib
import hashlib
import io
import os
import re
import secrets
import tarfile
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import pyrage

from server.files.blobs.folder import settle

FORMAT = 1
MANIFEST = "manifest.json"
SEAL = "manifest.sha256"
LIST = "photos.gz"
"""The member that names the photos of a backup, where they lie beside it."""
KEY = "secret_key"
_MEMBER = re.compile(
    rf"tables/\w+/[0-9]{{6}}\.jsonl\.gz|blobs/[0-9a-f]{{64}}|{'|'.join(map(re.escape, (LIST, KEY, MANIFEST, SEAL)))}"
)
"""What a backup is made of; anything else is of somebody else's making."""
_NEEDED: dict[str, type] = {
    "format": int, "made_at": str, "revision": str, "counters": dict, "tables": dict, "missing": list, "members": dict,
}  # fmt: skip
MOST_UNPACKED = 500_000_000
"""Bytes of a part: many times what the largest holds, and less than what stops a machine."""
_AGE = b"age-encryption.org/"
_CHUNK = 256 * 1024


class Unusable(Exception):
    """An archive that cannot be used, a key that is none; the sentence is Vietnamese and says what to do."""


DAMAGED = "Tệp sao lưu bị hỏng hoặc chép thiếu ({why}). Hãy dùng bản khác."
KEY_NEEDED = "Tệp sao lưu này được mã hóa: hãy thêm --key và tệp khóa riêng."
KEY_WRONG = "Khóa riêng này không mở được tệp sao lưu: hãy dùng khóa đi cùng khóa công khai lúc sao lưu."
KEY_UNREADABLE = "{path} không phải tệp khóa riêng (dòng AGE-SECRET-KEY-1…)."
RECIPIENT_UNREADABLE = "TUNGNHA_BACKUP_KEY có khóa không đọc được: mỗi khóa dạng age1…, cách nhau dấu cách."


@dataclass(frozen=True)
class Member:
    """One part of the archive, read once and in its order."""

    name: str
    content: bytes


class Writer:
    """Takes parts one after the other; only what was closed without an error gets its name."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.members: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(content), 0o600
        self._tar.addfile(info, io.BytesIO(content))
        self.members[name] = hashlib.sha256(content).hexdigest()

    def finish(self, manifest: dict[str, Any]) -> None:
        """Name all that was added; nothing comes after."""
        told = orjson.dumps(
            {"format": FORMAT, **manifest, "members": dict(self.members)}, option=orjson.OPT_INDENT_2
        )
        self.add(MANIFEST, told)
        self.add(SEAL, hashlib.sha256(told).hexdigest().encode())


@contextlib.contextmanager
def writing(path: Path, recipients: Sequence[Any]) -> Iterator[Writer]:
    """A new archive, the owner's alone; on disk under its name when the block ends, gone if it fails."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            with _encrypting(file, recipients) as plain, tarfile.open(fileobj=plain, mode="w|") as tar:
                yield Writer(tar)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        settle(path.parent)
    finally:
        fresh.unlink(missing_ok=True)


@contextlib.contextmanager
def _encrypting(file: BinaryIO, recipients: Sequence[Any]) -> Iterator[BinaryIO]:
    if not recipients:
        yield file
        return
    try:
        with _piped(lambda source: pyrage.encrypt_io(source, file, recipients)) as plain:
            yield plain
    except pyrage.EncryptError as error:  # what writing the file raised, as a text
        raise OSError(str(error)) from error


@contextlib.contextmanager
def _piped(work: Callable[[BinaryIO], None]) -> Iterator[BinaryIO]:
    """What is written to the block's file is read by `work` in a thread; its error rises here."""
    reading, writing_end = os.pipe()
    failed: list[BaseException] = []

    def run() -> None:
        with os.fdopen(reading, "rb") as source:
            try:
                work(source)
            except BaseException as error:
                failed.append(error)

    thread = threading.Thread(target=run, name="age")
    thread.start()
    try:
        with os.fdopen(writing_end, "wb") as sink:
            yield sink
    except BrokenPipeError:
        if not failed:
            raise
    finally:
        thread.join()
    if failed:
        raise failed[0]


def members(path: Path, identities: Sequence[Any]) -> Iterator[Member]:
    """Every part in its order. Unusable where the file is cut, changed, or closed to these keys."""
    try:
        with (
            path.open("rb") as file,
            _decrypting(file, identities) as plain,
            tarfile.open(fileobj=plain, mode="r|") as tar,
        ):
            for info in tar:
                yield Member(info.name, _content(tar, info))
    except pyrage.DecryptError as error:
        is_closed = "matching keys" in str(error)
        raise Unusable(KEY_WRONG if is_closed else DAMAGED.format(why="phần đầu sai")) from error
    except (tarfile.TarError, EOFError) as error:
        raise Unusable(DAMAGED.format(why="không đọc được đến hết tệp")) from error
    except OSError as error:
        if error.errno:  # the disk's; age says "decryption error" without a number
            raise
        raise Unusable(DAMAGED.format(why="mã hóa không khớp")) from error


def _content(tar: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    """Of a plain file as we write them: no folder or link, and none that says that it is longer than it lies there."""
    part = tar.extractfile(info) if info.isreg() and not info.issparse() else None
    if part is None or info.size > MOST_UNPACKED or not _MEMBER.fullmatch(info.name):
        raise Unusable(DAMAGED.format(why=f"có phần lạ {info.name[:60]!a}"))
    return part.read()


def unpacked(content: bytes) -> bytes:
    """What was packed as a part; Unusable where it is none, or more than any part holds."""
    reader = zlib.decompressobj(wbits=31)
    try:
        whole = reader.decompress(content, MOST_UNPACKED)
    except zlib.error as error:
        raise Unusable(DAMAGED.format(why="không giải nén được")) from error
    if not reader.eof:
        raise Unusable(DAMAGED.format(why="không giải nén được, hoặc lớn quá"))
    return whole


@contextlib.contextmanager
def _decrypting(file: BinaryIO, identities: Sequence[Any]) -> Iterator[BinaryIO]:
    head = file.read(len(_AGE))
    file.seek(0)
    if head != _AGE:
        yield file
        return
    if not identities:
        raise Unusable(KEY_NEEDED)
    reading, writing_end = os.pipe()
    failed: list[BaseException] = []

    def run() -> None:
        with os.fdopen(writing_end, "wb") as sink:
            try:
                pyrage.decrypt_io(file, sink, list(identities))
            except BaseException as error:
                failed.append(error)

    thread = threading.Thread(target=run, name="age")
    thread.start()
    try:
        with os.fdopen(reading, "rb") as plain:
            yield plain
    except tarfile.TarError:
        thread.join()
        if failed:
            raise failed[0] from None
        raise
    finally:
        thread.join()
    if failed and not isinstance(failed[0], BrokenPipeError):
        raise failed[0]


def verified(path: Path, identities: Sequence[Any]) -> dict[str, Any]:
    """The manifest, after every part was read and found to be what the manifest says. Unusable otherwise."""
    found: dict[str, str] = {}
    told = b""
    for member in members(path, identities):
        if member.name in found:
            raise Unusable(DAMAGED.format(why=f"phần {member.name} có hai lần"))
        found[member.name] = hashlib.sha256(member.content).hexdigest()
        if member.name == MANIFEST:
            told = member.content
        if member.name == SEAL and member.content != found.get(MANIFEST, "").encode():
            raise Unusable(DAMAGED.format(why="bảng kê bị sửa"))
    if SEAL not in found:
        raise Unusable(DAMAGED.format(why="thiếu phần cuối"))
    manifest = _read(told)
    if manifest["format"] != FORMAT:
        raise Unusable("Tệp sao lưu do chương trình mới hơn làm: hãy cập nhật chương trình rồi phục hồi.")
    given = {name: digest for name, digest in found.items() if name not in (MANIFEST, SEAL)}
    if given != manifest["members"]:
        wrong = sorted(set(given.items()) ^ set(manifest["members"].items()))
        raise Unusable(DAMAGED.format(why=f"phần {wrong[0][0]} không khớp bảng kê"))
    return manifest


def _read(told: bytes) -> dict[str, Any]:
    """The manifest with all that a restore asks it for."""
    try:
        manifest = orjson.loads(told)
    except ValueError as error:
        raise Unusable(DAMAGED.format(why="bảng kê không đọc được")) from error
    is_one = isinstance(manifest, dict) and all(
        isinstance(manifest.get(name), kind) for name, kind in _NEEDED.items()
    )
    if not is_one:
        raise Unusable(DAMAGED.format(why="bảng kê thiếu mục"))
    found: dict[str, Any] = manifest
    return found


def recipients(setting: str) -> list[Any]:
    """The public keys of the setting `backup_key`."""
    try:
        return [pyrage.x25519.Recipient.from_str(each) for each in setting.split()]
    except pyrage.RecipientError as error:
        raise Unusable(RECIPIENT_UNREADABLE) from error


def identities(path: Path | None) -> list[Any]:
    """The private keys in a file as `flask backup-key` or `age-keygen` writes it."""
    if path is None:
        return []
    lines = [line.strip() for line in path.read_text(errors="replace").splitlines()]
    try:
        found = [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except pyrage.IdentityError as error:
        raise Unusable(KEY_UNREADABLE.format(path=path)) from error
    if not found:
        raise Unusable(KEY_UNREADABLE.format(path=path))
    return found


def make_key(path: Path) -> str:
    """Write a new private key, readable by the owner alone; returns the public key."""
    made = pyrage.x25519.Identity.generate()
    public = str(made.to_public())
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(f"# public key: {public}\n{made}\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink()  # an empty file would be taken for a key that must not be written over
        raise
    return public
