"""Files that take longer to make than a page may: a person asks, a process beside the server makes them one by one
(`making_process`), the person takes them; after a day they are forgotten (docs/decisions/0043).
"""

import datetime as dt
import errno
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from server import audit, clock
from server.db import db
from server.errors import Problem
from server.files.file_problems import FileProblem
from server.models import MadeFile, MadeFilePiece

KEPT = dt.timedelta(hours=24)
"""How long a file waits to be taken."""
FRESH = dt.timedelta(minutes=10)
"""The same question by the same person within this time is answered by the same file."""
SILENT = dt.timedelta(seconds=60)
"""Whatever makes a file and has said nothing for so long is gone."""
MOST_TRIES = 2
PIECE = 100_000
"""Bytes. A connection to PostgreSQL keeps, as long as it lives, the room that the largest value it ever read took, and
bytes come as two letters each: with pieces of a megabyte each connection that had been lent for one held two more."""
LEFT_FOR_VISITS = 100_000_000
"""Bytes of the disk with SQLite's database that no file takes: on a full one nothing can even be deleted."""
_ENDED = "Máy chủ dừng hai lần giữa chừng khi tạo tệp này. Hãy chọn ít dòng hơn (bớt ngày, bớt thôn), hoặc tải CSV."


@dataclass(frozen=True)
class FileWish:
    """What a person asks for, of a commune or (None) of the whole city; `of` is how many rows it will hold, `audit`
    what is written whenever it is taken."""

    kind: str
    commune_id: int | None
    actor: str
    name: str
    address: str
    outside_url: str
    of: int
    audit: Mapping[str, Any]


@dataclass(frozen=True)
class MadeContent:
    """A file as its maker gives it, piece by piece."""

    file_name: str
    media_type: str
    pieces: Iterable[bytes]


class Forgotten(Exception):
    """The file that is being made is wanted no more: its data was deleted meanwhile."""


def ask(wish: FileWish) -> str:
    """The name under which a file can be followed. The caller has begun to write, and commits."""
    now = clock.now()
    _forget(now)
    alike = sa.select(MadeFile.id).where(
        MadeFile.actor == wish.actor,
        MadeFile.kind == wish.kind,
        MadeFile.address == wish.address,
        MadeFile.state != "failed",
        MadeFile.asked_at > now - FRESH,
    )
    known = db.session.scalar(alike.order_by(MadeFile.asked_at.desc()).limit(1))
    if known is not None:
        return known
    row = MadeFile(id=secrets.token_urlsafe(16), asked_at=now, **{**vars(wish), "audit": dict(wish.audit)})
    db.session.add(row)
    return row.id


def forget() -> None:
    """Delete what has waited too long to be taken; commits."""
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.execute(sa.delete(MadeFile).where(MadeFile.asked_at < clock.now() - KEPT))
        connection.commit()


def _forget(now: dt.datetime) -> None:
    db.session.execute(sa.delete(MadeFile).where(MadeFile.asked_at < now - KEPT))


def of_person(commune_id: int | None, kind: str, key: str, actor: str) -> MadeFile:
    """A file of this commune (None: of the city) that this person asked for.

    Problem FILE_FORGOTTEN for any other, or none.
    """
    found = db.session.get(MadeFile, key)
    mine = found is not None and (found.commune_id, found.kind, found.actor) == (commune_id, kind, actor)
    if found is None or not mine or found.asked_at < clock.now() - KEPT:
        raise Problem(FileProblem.FILE_FORGOTTEN)
    return found


def was_interrupted(row: MadeFile) -> bool:
    """Whether whatever was making it has ended in the middle; it is begun anew."""
    silent = row.seen_at is None or row.seen_at < clock.now() - SILENT
    return row.tries > 1 or (row.state == "making" and silent)


def take(row: MadeFile) -> Iterator[bytes]:
    """The content of a file that is ready; that it was taken is written down first."""
    audit.note_reading(row.audit["act"], row.audit["record"], row.audit["detail"])
    return _pieces(db.engine, row.id)


def _pieces(engine: sa.Engine, key: str) -> Iterator[bytes]:
    """By connections of its own, one a piece: a file goes on being sent after its request has ended."""
    number = 0
    while True:
        with engine.connect() as connection:
            piece = connection.scalar(
                sa.select(MadeFilePiece.content).where(
                    MadeFilePiece.file_id == key, MadeFilePiece.number == number
                )
            )
        if piece is None:
            return
        yield piece
        number += 1


def is_anything_to_make(connection: sa.Connection) -> bool:
    """Whether a file waits and nothing is at one: they are made one after the other, whatever asks for them."""
    silent = clock.now() - SILENT
    busy = sa.exists().where(MadeFile.state == "making", MadeFile.seen_at >= silent)
    waits = sa.exists().where(_is_left(silent))
    found = connection.execute(sa.select(waits, busy)).one()
    return bool(found[0]) and not found[1]


def _is_left(silent: dt.datetime) -> sa.ColumnElement[bool]:
    return sa.or_(MadeFile.state == "waiting", sa.and_(MadeFile.state == "making", MadeFile.seen_at < silent))


def take_up() -> MadeFile | None:
    """The next file to be made, now marked as being made; None where there is none. Commits.

    A file that was begun twice and never finished is given up.
    """
    now = clock.now()
    with db.engine.connect().execution_options(writes=True) as connection:
        if not is_anything_to_make(connection):
            return None
        left = sa.select(MadeFile.id, MadeFile.tries, MadeFile.seen_at).where(_is_left(now - SILENT))
        for row in connection.execute(left.order_by(MadeFile.asked_at)).all():
            # another process may have taken it up meanwhile
            same = sa.and_(MadeFile.id == row.id, MadeFile.tries == row.tries)
            if row.tries >= MOST_TRIES:
                connection.execute(sa.update(MadeFile).where(same).values(state="failed", problem=_ENDED))
                continue
            begun = {"state": "making", "tries": row.tries + 1, "seen_at": now, "done": 0}
            taken = connection.execute(sa.update(MadeFile).where(same).values(**begun))
            if taken.rowcount:
                connection.execute(sa.delete(MadeFilePiece).where(MadeFilePiece.file_id == row.id))
                connection.commit()
                return db.session.get(MadeFile, row.id, populate_existing=True)
        connection.commit()
    return None


def take_this(key: str) -> MadeFile | None:
    """One file, now marked as being made; None where it waits no more. Commits."""
    waits = sa.and_(MadeFile.id == key, MadeFile.state == "waiting")
    begun = {"state": "making", "tries": MadeFile.tries + 1, "seen_at": clock.now(), "done": 0}
    with db.engine.connect().execution_options(writes=True) as connection:
        taken = connection.execute(sa.update(MadeFile).where(waits).values(**begun)).rowcount
        connection.commit()
    return db.session.get(MadeFile, key, populate_existing=True) if taken else None


def go_on(engine: sa.Engine, key: str, done: int) -> None:
    """Say that a file is still being made, and how many of its rows are done; commits."""
    _set(engine, key, seen_at=clock.now(), done=done)


def keep(engine: sa.Engine, key: str, made: MadeContent) -> None:
    """Store a file as it is made, and say that it is ready.

    Raises Forgotten where it is wanted no more, OSError where it would take the room that visits need.
    """
    size = number = 0
    for number, piece in enumerate(_cut(made.pieces)):
        _leave_room(engine)
        with engine.connect().execution_options(writes=True) as connection:
            _still_wanted(connection, key)
            connection.execute(sa.insert(MadeFilePiece).values(file_id=key, number=number, content=piece))
            connection.commit()
        size += len(piece)
    _set(engine, key, state="ready", size=size, file_name=made.file_name, media_type=made.media_type)


def give_up(engine: sa.Engine, key: str, why: str) -> None:
    """Say why a file cannot be made, in a sentence, and then let go of what there is of it; commits."""
    _set(engine, key, state="failed", problem=why)
    last = sa.select(sa.func.max(MadeFilePiece.number)).where(MadeFilePiece.file_id == key)
    with engine.connect() as connection:
        count = connection.scalar(last)
    for number in range(-1 if count is None else count, -1, -1):
        # one at a time: SQLite writes noughts where something was, as much again in its log
        _delete_piece(engine, key, number)


def _delete_piece(engine: sa.Engine, key: str, number: int) -> None:
    piece = sa.and_(MadeFilePiece.file_id == key, MadeFilePiece.number == number)
    with engine.connect().execution_options(writes=True) as connection:
        connection.execute(sa.delete(MadeFilePiece).where(piece))
        connection.commit()


def _leave_room(engine: sa.Engine) -> None:
    if engine.dialect.name != "sqlite":
        return
    if shutil.disk_usage(Path(engine.url.database or "").absolute().parent).free < LEFT_FOR_VISITS:
        raise OSError(errno.ENOSPC, "the rest of the disk is for visits")


def _still_wanted(connection: sa.Connection, key: str) -> None:
    row = sa.select(MadeFile.id).where(MadeFile.id == key).with_for_update(read=True)
    if connection.scalar(row) is None:
        raise Forgotten


def _set(engine: sa.Engine, key: str, **values: object) -> None:
    with engine.connect().execution_options(writes=True) as connection:
        connection.execute(sa.update(MadeFile).where(MadeFile.id == key).values(**values))
        connection.commit()


def _cut(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of PIECE, the last one shorter; at least one."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= PIECE:
            yield bytes(waiting[:PIECE])
            del waiting[:PIECE]
    yield bytes(waiting)
