"""What the doctor asks of photos: whether those that rows name are there, and still what was stored."""

import hashlib
import random
import re
from collections.abc import Iterable, Iterator, Mapping

import sqlalchemy as sa

from server import clock
from server.db import db
from server.files import blobs
from server.files.blobs.folder import UnreadableFile
from server.models import Attachment
from server.operations.doctor.data_checks import LONGEST
from server.operations.doctor.finding import Diagnosis, bad, doubtful, fine

SAMPLE = 500
"""So many photos are read whole each night: with a quarter of a million each has its turn in a year and a half."""

_HALF_WRITTEN = re.compile(r"\.[0-9a-f]{64}\.[0-9a-f]{12}")
_AT_ONCE = 5_000


def every() -> Iterator[Diagnosis]:
    """Photos that rows name and nobody finds or that are damaged, files that no row names, halves of a power cut."""
    sizes = _sizes()  # rows first: a photo is there before its row
    there, extra, halves = dict[str, int](), 0, 0
    before = clock.now() - LONGEST
    for name, size, changed_at in blobs.place().files():
        if blobs.NAME.fullmatch(name):
            there[name] = size
            extra += name not in sizes and changed_at < before
        halves += bool(_HALF_WRITTEN.fullmatch(name)) and changed_at < before
    yield from _lost(sizes, there)
    yield from _spoilt(sizes, there, sorted(sizes.keys() & there.keys()))
    if extra:
        yield doubtful(
            "blobs",
            "Có {count} tệp ảnh không thuộc phiếu nào (của lần gửi dở): có thể để yên.",
            count=extra,
        )
    if halves:
        yield doubtful("blobs", "Có {count} tệp ảnh ghi dở từ lâu trong thư mục ảnh: xóa được.", count=halves)


def sample() -> Iterator[Diagnosis]:
    """Some hundred photos by chance, read whole: what a night can afford."""
    sizes = _sizes()
    chosen = random.sample(sorted(sizes), min(SAMPLE, len(sizes)))
    missing = [name for name in chosen if not _is_there(name)]
    yield from _lost(dict.fromkeys(missing, 0), {}) if missing else ()
    yield from _spoilt(sizes, sizes, [name for name in chosen if name not in missing])


def _lost(sizes: Mapping[str, int], there: Mapping[str, int]) -> Iterator[Diagnosis]:
    missing = sorted(sizes.keys() - there.keys())
    if missing:
        yield bad(
            "blobs",
            "Thiếu {count} ảnh hoặc tệp mà phiếu có nêu ({some}): hãy lấy lại từ bản sao lưu.",
            count=len(missing), some=blobs.told(missing),
        )  # fmt: skip
    else:
        yield fine("blobs", "Đủ {count} ảnh và tệp của các phiếu.", count=len(sizes))


def _spoilt(sizes: Mapping[str, int], there: Mapping[str, int], read: Iterable[str]) -> Iterator[Diagnosis]:
    """Those of another size at once, the others by their hash."""
    damaged = [name for name in read if there[name] != sizes[name] or not _is_whole(name)]
    if damaged:
        yield bad(
            "blobs",
            "{count} ảnh hoặc tệp đã hỏng trên đĩa ({some}): hãy xem ổ đĩa, rồi lấy lại từ bản sao lưu cũ hoặc để điện "
            "thoại gửi lại phiếu.",
            count=len(damaged), some=blobs.told(damaged),
        )  # fmt: skip


def _is_there(name: str) -> bool:
    try:
        return blobs.get(bytes.fromhex(name)) is not None
    except UnreadableFile:
        return True  # and spoilt


def _is_whole(name: str) -> bool:
    try:
        content = blobs.get(bytes.fromhex(name))
    except UnreadableFile:
        return False
    return content is not None and hashlib.sha256(content).hexdigest() == name


def _sizes() -> dict[str, int]:
    """What rows name, by the SHA-256 in hexadecimal digits, with their sizes."""
    rows = db.session.execute(
        sa.select(Attachment.stored_sha256, Attachment.size).distinct(),
        execution_options={"yield_per": _AT_ONCE},
    )
    return {row[0].hex(): row[1] for row in rows}
