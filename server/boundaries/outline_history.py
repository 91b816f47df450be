"""What outlines were before: kept at each import with who, when and from what, and brought back on request."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from geo.boundaries import Level
from server import audit, clock
from server.db import db
from server.models import BoundaryImport, Commune, OutlineBefore, Person, Village
from server.places.communes import forget_index

What = Literal["added", "changed", "unchanged"]
MOST = 100
"""How many imports a page lists."""


@dataclass(frozen=True)
class OutlineOrigin:
    """Whose word outlines are: a file or office, the one who stored them, and what kind of outlines they are."""

    source: str
    actor: str = "system"
    epsg: int | None = None
    illustrative: bool = False
    derived: bool = False

    @property
    def stamp(self) -> str:
        """The source with the moment of storing, by which other processes see that outlines changed."""
        return f"{clock.now():%Y-%m-%d %H:%M:%S.%f} UTC · {self.source}"


@dataclass(frozen=True)
class FormerOutline:
    """The outline of a place (WKB) and where it came from; None where it had none."""

    outline: bytes | None
    source: str | None
    illustrative: bool
    derived: bool


@dataclass(frozen=True)
class OutlineChange:
    """What an import did to a place, and what was there before."""

    place: Commune | Village
    what: What
    before: FormerOutline


@dataclass(frozen=True)
class Past:
    """An import as a page lists it."""

    id: int
    level: str
    at: dt.datetime
    who: str
    source: str
    epsg: int | None
    added: int
    changed: int
    unchanged: int


def seen(place: Commune | Village) -> FormerOutline:
    """The outline that a place has now."""
    derived = place.derived if isinstance(place, Village) else False
    return FormerOutline(place.outline, place.outline_source, bool(place.illustrative), bool(derived))


def write(place: Commune | Village, outline: FormerOutline) -> None:
    """Give a place this outline."""
    place.outline, place.outline_source = outline.outline, outline.source
    place.illustrative = outline.illustrative
    if isinstance(place, Village):
        place.derived = outline.derived


def record(level: Level, changes: Sequence[OutlineChange], origin: OutlineOrigin) -> None:
    """Keep what an import replaced, one record for each commune it touched; the places have their keys."""
    by_commune: dict[int, list[OutlineChange]] = {}
    for change in changes:
        key = change.place.commune_id if isinstance(change.place, Village) else change.place.id
        by_commune.setdefault(key, []).append(change)
    for commune_id, its in by_commune.items():
        counts = {
            what: sum(change.what == what for change in its) for what in ("added", "changed", "unchanged")
        }
        row = BoundaryImport(
            commune_id=commune_id,
            level=level,
            at=clock.now(),
            actor=origin.actor,
            source=origin.source,
            epsg=origin.epsg,
            **counts,
        )
        db.session.add(row)
        db.session.flush()
        db.session.add_all(_row(row.id, change) for change in its if change.what != "unchanged")


def _row(import_id: int, change: OutlineChange) -> OutlineBefore:
    before = change.before
    return OutlineBefore(
        import_id=import_id,
        village_id=change.place.id if isinstance(change.place, Village) else None,
        outline=before.outline,
        source=before.source,
        illustrative=before.illustrative,
        derived=before.derived,
    )


def listed(commune: Commune) -> tuple[Past, ...]:
    """The imports of a commune, the newest first."""
    rows = db.session.scalars(
        sa.select(BoundaryImport)
        .where(BoundaryImport.commune_id == commune.id)
        .order_by(BoundaryImport.id.desc())
        .limit(MOST)
    ).all()
    names = _names(row.actor for row in rows)
    return tuple(
        Past(
            row.id, row.level, row.at, names.get(row.actor, "hệ thống"), row.source, row.epsg,
            row.added, row.changed, row.unchanged,
        )
        for row in rows
    )  # fmt: skip


def _names(actors: Iterable[str]) -> dict[str, str]:
    keys = {int(actor[7:]) for actor in actors if actor.startswith("person:")}
    found = db.session.execute(sa.select(Person.id, Person.name).where(Person.id.in_(keys)))
    return {f"person:{key}": name for key, name in found}


def find(commune: Commune, import_id: int) -> BoundaryImport | None:
    """The import of this commune with this number."""
    row = db.session.get(BoundaryImport, import_id)
    return row if row is not None and row.commune_id == commune.id else None


def bring_back(commune: Commune, past: BoundaryImport, actor: str) -> int:
    """Give every place the outline it had before an import; how many that changed. The caller commits.

    That is an import of its own and can be undone in its turn. A thôn which the import had added stays on the
    list, without an outline.
    """
    day = past.at.astimezone(clock.LOCAL)
    origin = OutlineOrigin(f"trở lại như trước lần nạp {day:%d/%m/%Y} ({past.source})"[:300], actor)
    changes = []
    for place, before in _earliest(commune, past):
        now = seen(place)
        if (now.outline, now.illustrative, now.derived) != (
            before.outline, before.illustrative, before.derived,
        ):  # fmt: skip
            stamp = origin.stamp if before.outline is not None else None
            write(place, FormerOutline(before.outline, stamp, before.illustrative, before.derived))
            changes.append(OutlineChange(place, "changed", now))
    level: Level = "commune" if past.level == "commune" else "village"
    if changes:
        record(level, changes, origin)
    detail = {"import": past.id, "changed": len(changes)}
    audit.add(actor, "places.bring_back", f"commune:{commune.id}", detail)
    forget_index()
    return len(changes)


def _earliest(commune: Commune, past: BoundaryImport) -> list[tuple[Commune | Village, FormerOutline]]:
    """For each place changed since, what it was before the first of those changes."""
    rows = db.session.scalars(
        sa.select(OutlineBefore)
        .join(BoundaryImport, BoundaryImport.id == OutlineBefore.import_id)
        .where(
            BoundaryImport.commune_id == commune.id,
            BoundaryImport.level == past.level,
            BoundaryImport.id >= past.id,
        )
        .order_by(OutlineBefore.id)
        .options(undefer(OutlineBefore.outline))
    )
    first: dict[int | None, FormerOutline] = {}
    for row in rows:
        first.setdefault(
            row.village_id, FormerOutline(row.outline, row.source, row.illustrative, row.derived)
        )
    villages = db.session.scalars(
        sa.select(Village)
        .where(Village.id.in_([key for key in first if key is not None]))
        .options(undefer(Village.outline))
    )
    found: list[tuple[Commune | Village, FormerOutline]] = [
        (village, first[village.id]) for village in villages
    ]
    return [*found, (commune, first[None])] if None in first else found
