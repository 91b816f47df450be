"""Boundary files that officers send: kept aside, read against what is registered, stored when confirmed."""

import datetime as dt
import secrets
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import undefer

from geo import boundaries, official_communes
from geo.boundaries import BoundaryReading, Level, Registered
from geo.boundary_problems import OutlineProblem
from geo.crs import Candidate
from geo.match_names import READ_AS_IT_SAYS, ReadAs
from server import clock, errors
from server.boundaries import read_outlines, stored_outlines
from server.boundaries.stored_outlines import StoredOutlines
from server.db import db
from server.files.file_problems import FileProblem
from server.models import BoundaryUpload, Commune, Village
from server.places import communes
from server.places.communes import PlacesRejected

KEPT = dt.timedelta(hours=24)
"""How long a file waits for its confirmation."""
MOST_BYTES = 20_000_000
SUFFIXES = (".zip", ".gpkg", ".geojson", ".json", ".kml", ".kmz", ".dxf", ".dgn", ".gml", ".fgb")
"""What is offered; the content decides what a file is, and a lone .shp is told to come with its parts."""


@dataclass(frozen=True)
class UploadWish:
    """How an officer wants a file read: whose outlines they are, what the file does not say, codes given by hand."""

    level: Level = "village"
    how: ReadAs = READ_AS_IT_SAYS
    chosen: tuple[tuple[int, str], ...] = ()
    """Row and code."""


@dataclass(frozen=True)
class WaitingFile:
    """A file that waits."""

    id: str
    file_name: str
    content: bytes
    made_at: dt.datetime

    @property
    def expires_at(self) -> dt.datetime:
        return self.made_at + KEPT


def refuse_large(content: bytes) -> None:
    """Problem FILE_UNREADABLE for what is not even looked into."""
    if len(content) > MOST_BYTES:
        raise errors.Problem(FileProblem.FILE_UNREADABLE, why=f"Tệp lớn hơn {MOST_BYTES // 1_000_000} MB.")


def keep(commune: Commune, file_name: str, content: bytes, actor: str) -> str:
    """Set a file aside and forget those that nobody confirmed in time; its name. The caller commits."""
    db.session.execute(sa.delete(BoundaryUpload).where(BoundaryUpload.made_at < clock.now() - KEPT))
    key = secrets.token_urlsafe(12)
    name = Path(file_name.replace("\\", "/")).name[:120] or "tệp"
    db.session.add(
        BoundaryUpload(
            id=key, commune_id=commune.id, actor=actor, file_name=name, content=content, made_at=clock.now()
        )
    )
    return key


def kept(commune: Commune, key: str) -> WaitingFile:
    """The file of this commune with this name; Problem FILE_EXPIRED where it waits no longer."""
    row = db.session.get(BoundaryUpload, key, options=[undefer(BoundaryUpload.content)])
    if row is None or row.commune_id != commune.id or row.made_at < clock.now() - KEPT:
        raise errors.Problem(FileProblem.FILE_EXPIRED)
    return WaitingFile(row.id, row.file_name, bytes(row.content), row.made_at)


def forget(key: str) -> None:
    """The file is not needed any more."""
    db.session.execute(sa.delete(BoundaryUpload).where(BoundaryUpload.id == key))


def registered(commune: Commune, level: Level) -> dict[str, Registered]:
    """What the file is compared with: the commune itself, or its thôn with the outlines that somebody drew."""
    if level == "commune":
        return {commune.code: Registered(commune.name)}
    rows = db.session.execute(
        sa.select(Village.code, Village.name, Village.outline, Village.illustrative, Village.derived)
        .where(Village.commune_id == commune.id, Village.valid_to.is_(None))
        .order_by(Village.code)
    )
    return {
        row.code: Registered(row.name, None if row.illustrative or row.derived else _shape(row.outline))
        for row in rows
    }


def _shape(wkb: bytes | None) -> BaseGeometry | None:
    return shapely.from_wkb(wkb) if wkb is not None else None


def about(commune: Commune) -> BaseGeometry | None:
    """Where a commune lies, as well as that is known: its outline, that of its thôn, or a disc at its centre."""
    if commune.outline is not None:
        return shapely.from_wkb(commune.outline)
    drawn = sa.select(Village.outline).where(Village.commune_id == commune.id, Village.outline.is_not(None))
    shapes = [shapely.from_wkb(outline) for outline in db.session.scalars(drawn)]
    return shapely.union_all(shapes) if shapes else official_communes.about(commune.code)


@dataclass(frozen=True)
class OutlineSurroundings:
    """What a file of outlines is judged by: the commune's own, about where it lies, and what is registered."""

    whole: BaseGeometry | None
    near: BaseGeometry | None
    known: tuple[tuple[str, Registered], ...]


def surroundings(commune: Commune, level: Level) -> OutlineSurroundings:
    """What files of a commune are judged by as things stand."""
    whole = communes.official_outline(commune) if level == "village" else None
    return OutlineSurroundings(whole, about(commune), tuple(registered(commune, level).items()))


def read(commune: Commune, content: bytes, file_name: str, wish: UploadWish) -> BoundaryReading:
    """What a file says of this commune; Problem FILE_UNREADABLE, in one sentence, where it says nothing."""
    beside = surroundings(commune, wish.level)
    try:
        found = _read(content, Path(file_name).suffix.lower(), wish, beside)
    except boundaries.UnreadableBoundaries as error:
        raise errors.Problem(FileProblem.FILE_UNREADABLE, why=error.sentence) from error
    return _own(commune, found) if wish.level == "commune" else found


@lru_cache(maxsize=4)
def _read(
    content: bytes,
    suffix: str,
    wish: UploadWish,
    beside: OutlineSurroundings,
) -> BoundaryReading:
    """Kept by a process for the page, its map and the confirmation, which ask for the same in turn."""
    with TemporaryDirectory() as folder:
        path = _written(folder, content, suffix)
        return read_outlines.read(
            path,
            level=wish.level,
            commune_outline=beside.whole,
            near=beside.near,
            how=wish.how,
            registered=dict(beside.known),
            chosen=dict(wish.chosen),
        )


def _written(folder: str, content: bytes, suffix: str) -> Path:
    """The file under a name of ours; its suffix alone is the sender's."""
    path = Path(folder, f"tep{suffix if suffix in SUFFIXES else ''}")
    path.write_bytes(content)
    return path


def _own(commune: Commune, reading: BoundaryReading) -> BoundaryReading:
    """Of a file of communes, this one's outline alone; the others are not this officer's to change."""
    if not reading.outlines:
        return reading
    own = tuple(outline for outline in reading.outlines if outline.code == commune.code)
    rows = {outline.row for outline in own}
    if not own:
        words = f"Tệp không có ranh giới nào mang mã {commune.code} của {commune.kind}."
        return replace(reading, outlines=(), problems=(OutlineProblem("unmatched", words),))
    kept = tuple(problem for problem in reading.problems if problem.row in rows)
    shapes = {row: shape for row, shape in reading.shapes.items() if row in rows}
    labels = tuple(label for label in reading.labels if label.row in rows)
    return replace(reading, outlines=own, problems=kept, shapes=shapes, labels=labels, unmatched=())


def candidates(commune: Commune, content: bytes, file_name: str, wish: UploadWish) -> tuple[Candidate, ...]:
    """The coordinate systems to choose from, each with the file as it would place it."""
    with TemporaryDirectory() as folder:
        path = _written(folder, content, Path(file_name).suffix.lower())
        try:
            return read_outlines.candidates(path, about(commune), wish.how)
        except boundaries.UnreadableBoundaries as error:
            raise errors.Problem(FileProblem.FILE_UNREADABLE, why=error.sentence) from error


@dataclass(frozen=True)
class ReadUpload:
    """A waiting file as it was read, and what it was judged by."""

    file: WaitingFile
    wish: UploadWish
    reading: BoundaryReading
    beside: OutlineSurroundings


def read_to_confirm(commune: Commune, key: str, wish: UploadWish) -> ReadUpload:
    """A waiting file, read before the transaction that stores it. Problems as `kept` and `read` have."""
    file, beside = kept(commune, key), surroundings(commune, wish.level)
    return ReadUpload(file, wish, read(commune, file.content, file.file_name, wish), beside)


def confirm(
    commune: Commune, read: ReadUpload, *, actor: str, source: str, day: dt.date | None
) -> StoredOutlines:
    """Store what the file says, and forget the file; the caller commits.

    Raises PlacesRejected where it still has errors, or where what it was judged by is not so any more.
    """
    file, wish, reading = read.file, read.wish, read.reading
    if kept(commune, file.id) and surroundings(commune, wish.level) != read.beside:
        raise PlacesRejected(["Danh sách hoặc ranh giới thôn vừa được người khác sửa: hãy xem lại rồi nạp."])
    stored = stored_outlines.store_outlines(
        reading, wish.level, commune=commune, source=source or file.file_name, day=day, actor=actor
    )
    forget(file.id)
    return stored
