"""Outlines and household figures of communes and thôn into the tables, by official codes."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import shapely
import sqlalchemy as sa
from sqlalchemy.orm import joinedload, undefer

from geo.boundaries import BoundaryReading, Figures, Level, Outline
from geo.illustrative_outlines import CommuneSketch, VillageSketch
from server import audit
from server.boundaries import outline_history
from server.boundaries.outline_history import FormerOutline, OutlineChange, OutlineOrigin
from server.db import db
from server.models import Commune, Village
from server.places import household_numbers
from server.places.communes import PlacesRejected, forget_index

_COMMUNE_DIGITS = 5  # official codes of communes; a thôn's code begins with its commune's


@dataclass(frozen=True)
class StoredOutlines:
    """How many places a file added, changed and left as they were, and how many household figures it told."""

    added: int
    changed: int
    unchanged: int
    figures: int


def store_outlines(
    reading: BoundaryReading | Sequence[Outline],
    level: Level,
    *,
    commune: Commune | None = None,
    source: str,
    day: dt.date | None = None,
    illustrative: bool = False,
    derived: bool = False,
    actor: str = "system",
    kinds: Mapping[str, str] | None = None,
) -> StoredOutlines:
    """Add or change places by their codes, and the household figures the file tells; the caller commits.

    What they replace is kept (`outline_history.py`). `source` names the file or office, `day` is the date of
    its figures (today); `kinds` maps a commune's code to xã, phường or đặc khu. Raises PlacesRejected, with
    nothing added, where the reading has errors or a thôn belongs to no known commune.
    """
    if isinstance(reading, BoundaryReading) and reading.errors:
        raise PlacesRejected(problem.sentence for problem in reading.errors)
    outlines = reading.outlines if isinstance(reading, BoundaryReading) else tuple(reading)
    if not outlines:
        raise PlacesRejected(["Tệp không có ranh giới nào để nạp."])
    epsg = reading.crs.epsg if isinstance(reading, BoundaryReading) and reading.crs else None
    origin = OutlineOrigin(source, actor, epsg, illustrative, derived)
    communes = _communes(outlines, kinds or {}) if level == "commune" else []
    villages = _villages(outlines, commune) if level == "village" else []
    rows: list[tuple[Outline, Commune | Village]] = [*communes, *villages]
    changes = [_settle(place, outline, origin) for outline, place in rows]
    db.session.flush()
    outline_history.record(level, changes, origin)
    figures = sum(household_numbers.store(place, outline.figures, source, day) for outline, place in villages)
    counts = Counter(change.what for change in changes)
    stored = StoredOutlines(counts["added"], counts["changed"], counts["unchanged"], figures)
    _audit(level, commune, origin, stored)
    forget_index()
    return stored


def sketched(sketches: Iterable[CommuneSketch | VillageSketch]) -> tuple[Outline, ...]:
    """Sketches of `geo.illustrative_outlines` as outlines that `store_outlines` takes, figures of thôn included."""
    return tuple(
        Outline(sketch.code, sketch.name, sketch.geometry, 0.0, row, _figures(sketch), illustrative=True)
        for row, sketch in enumerate(sketches, start=1)
    )


def _figures(sketch: CommuneSketch | VillageSketch) -> Figures:
    if isinstance(sketch, CommuneSketch):
        return Figures()
    return Figures(sketch.households, sketch.people, sketch.adults)


def _audit(level: Level, commune: Commune | None, origin: OutlineOrigin, stored: StoredOutlines) -> None:
    detail = {"level": level, "source": origin.source, "added": stored.added, "changed": stored.changed}
    record = f"commune:{commune.id}" if commune is not None else None
    audit.add(origin.actor, "places.import", record, detail)


def _communes(outlines: Sequence[Outline], kinds: Mapping[str, str]) -> list[tuple[Outline, Commune]]:
    known = _by_code({outline.code for outline in outlines})
    found = []
    for outline in outlines:
        place = known.get(outline.code) or Commune(code=outline.code, name=outline.name, outline=None)
        place.kind = kinds.get(outline.code) or place.kind or "xã"
        found.append((outline, place))
    return found


def _villages(outlines: Sequence[Outline], commune: Commune | None) -> list[tuple[Outline, Village]]:
    """The row of every thôn, new ones in the commune given, else in the one whose code theirs begins with."""
    known = _known([outline.code for outline in outlines])
    communes = {} if commune is not None else _by_code({o.code[:_COMMUNE_DIGITS] for o in outlines})
    found, wrong = [], []
    for outline in outlines:
        village = known.get(outline.code)
        home = commune or communes.get(outline.code[:_COMMUNE_DIGITS])
        named = f"Dòng {outline.row}, mã {outline.code} ({outline.name})"
        if home is None:
            wrong.append(f"{named}: không biết thuộc xã nào; hãy nạp ranh giới xã trước hoặc ghi rõ mã xã.")
        elif village is not None and village.commune_id != home.id:
            wrong.append(f"{named}: mã này đã thuộc {village.commune.name}.")
        else:
            new = Village(commune_id=home.id, code=outline.code, name=outline.name, outline=None)
            found.append((outline, village or new))
    if wrong:
        raise PlacesRejected(wrong)
    return found


def _by_code(codes: set[str]) -> dict[str, Commune]:
    found = db.session.scalars(sa.select(Commune).where(Commune.code.in_(codes), Commune.valid_to.is_(None)))
    return {commune.code: commune for commune in found}


def _known(codes: Sequence[str]) -> dict[str, Village]:
    known = sa.select(Village).where(Village.code.in_(codes), Village.valid_to.is_(None))
    return {
        place.code: place
        for place in db.session.scalars(known.options(joinedload(Village.commune), undefer(Village.outline)))
    }


def _settle(place: Commune | Village, outline: Outline, origin: OutlineOrigin) -> OutlineChange:
    """Write an outline into its row; what that changed, with what was there before."""
    wkb = shapely.to_wkb(outline.geometry)
    sketch = origin.illustrative or outline.illustrative
    before = outline_history.seen(place)
    if (before.outline, place.name, before.illustrative, before.derived) == (
        wkb, outline.name, sketch, origin.derived,
    ):  # fmt: skip
        return OutlineChange(place, "unchanged", before)
    outline_history.write(place, FormerOutline(wkb, origin.stamp, sketch, origin.derived))
    place.name = outline.name
    if place.id is not None:
        return OutlineChange(place, "changed", before)
    db.session.add(place)
    return OutlineChange(place, "added", before)
