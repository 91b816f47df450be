"""Communes and thôn by their codes, and the index that finds the thôn of a point."""

import datetime as dt
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import shapely
import sqlalchemy as sa
from flask import current_app
from shapely.geometry.base import BaseGeometry

from geo import village_names
from geo.village_of_point import VillageIndex
from server import clock
from server.db import db, in_vietnamese_order
from server.errors import Problem
from server.models import Commune, Village
from server.places.place_problems import PlaceProblem

CHECK_SECONDS = 10
"""How long another process may go on placing points by outlines that have since been replaced."""
_INDEX = "tungnha_village_index"


class PlacesRejected(Exception):
    """Outlines that cannot be stored; `sentences` are Vietnamese, one for each thing wrong."""

    def __init__(self, sentences: Iterable[str]) -> None:
        self.sentences = tuple(sentences)
        super().__init__(" ".join(self.sentences))


def commune(code: str, on: dt.date | None = None) -> Commune:
    """The commune that has this code on a day (today); Problem COMMUNE_UNKNOWN where none has."""
    day = on or clock.today()
    valid = sa.select(Commune).where(
        Commune.code == code,
        Commune.valid_from <= day,
        sa.or_(Commune.valid_to.is_(None), Commune.valid_to >= day),
    )
    found = db.session.scalars(valid.order_by(Commune.valid_from.desc())).first()
    if found is None:
        raise Problem(PlaceProblem.COMMUNE_UNKNOWN, code=code)
    return found


def valid_today(ids: Collection[int] | None) -> Sequence[Commune]:
    """The communes of today, all or those with these keys, by code."""
    today = clock.today()
    rows = sa.select(Commune).where(
        Commune.valid_from <= today, sa.or_(Commune.valid_to.is_(None), Commune.valid_to >= today)
    )
    if ids is not None:
        rows = rows.where(Commune.id.in_(list(ids)))
    return db.session.scalars(rows.order_by(Commune.code)).all()


def official_outline(found: Commune) -> BaseGeometry | None:
    """The outline that thôn must lie in, longitude first; None where it is unknown or only a sketch."""
    if found.outline is None or found.illustrative:
        return None
    return shapely.from_wkb(found.outline)


def villages(found: Commune, ids: Collection[int] | None = None) -> Sequence[Village]:
    """Its thôn of today in the order of their names; with `ids` of these alone."""
    return db.session.scalars(
        _villages(found, ids).order_by(in_vietnamese_order(Village.name), Village.code)
    ).all()


def villages_by_code(found: Commune, ids: Collection[int] | None = None) -> Sequence[Village]:
    """Its thôn of today in the order of their codes; with `ids` of these alone."""
    return db.session.scalars(_villages(found, ids).order_by(Village.code)).all()


def _villages(found: Commune, ids: Collection[int] | None) -> sa.Select[Village]:
    query = sa.select(Village).where(Village.commune_id == found.id, Village.valid_to.is_(None))
    return query if ids is None else query.where(Village.id.in_(ids))


def village_codes(found: Commune) -> tuple[str, ...]:
    """The codes of a commune's thôn that are valid now."""
    codes = sa.select(Village.code).where(Village.commune_id == found.id, Village.valid_to.is_(None))
    return tuple(db.session.scalars(codes.order_by(Village.code)))


def called(found: Commune) -> dict[str, str]:
    """From the code of each thôn of today to what it is called: two of one name with the ends of their codes."""
    today = sa.select(Village.code, Village.name).where(
        Village.commune_id == found.id, Village.valid_to.is_(None)
    )
    return village_names.told_apart({row.code: row.name for row in db.session.execute(today)})


@dataclass(frozen=True)
class _Known:
    """An index, the state of the tables it was built from, and when that was last compared (monotonic)."""

    index: VillageIndex
    marker: tuple[Any, ...]
    checked: float


def index() -> VillageIndex:
    """All thôn that have an outline, to look points up in; keys are village ids.

    Derived outlines are not among them: they are made from the points that they would be asked about.

    Kept by each process and compared with the tables at most every CHECK_SECONDS, since every visit asks; the
    process that stores outlines sees them once they are committed, a new process at once. Reads by a
    connection of its own, so that it has no part in the asker's transaction.
    """
    known: _Known | None = current_app.extensions.get(_INDEX)
    if known is not None and time.monotonic() - known.checked < CHECK_SECONDS:
        return known.index
    if known is not None:  # the others go on with the old one meanwhile
        current_app.extensions[_INDEX] = replace(known, checked=time.monotonic())
    with db.engine.connect() as connection:
        marker = tuple(connection.execute(_MARKER).one())
        found = known.index if known is not None and known.marker == marker else _build(connection)
    current_app.extensions[_INDEX] = _Known(found, marker, time.monotonic())
    return found


def forget_index() -> None:
    """Build the index anew at the next question."""
    current_app.extensions.pop(_INDEX, None)


_OUTLINED = (Village.outline.is_not(None), Village.valid_to.is_(None), Village.derived.is_(False))
_MARKER = sa.select(
    sa.func.count(),
    sa.func.max(Village.id),
    sa.func.max(Village.outline_source),
    sa.func.sum(sa.func.length(Village.outline)),
).where(*_OUTLINED)
"""What changes whenever outlines do: each outline carries the moment of its storing in its source."""


def _build(connection: sa.Connection) -> VillageIndex:
    rows = connection.execute(sa.select(Village.id, Village.outline).where(*_OUTLINED))
    return VillageIndex.from_wkb((key, outline) for key, outline in rows if outline is not None)
