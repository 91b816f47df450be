"""What communes with installations of their own have sent up last, as rows of the city's table."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from geo.cells import Cell, CountedIndicator
from server.coverage import bundle_content
from server.coverage.commune_row import CommuneRow
from server.db import db
from server.models import BundleSource


@dataclasses.dataclass(frozen=True)
class SentSums:
    """The newest bundle of a commune, by indicator."""

    as_of: dt.date
    rows: Mapping[str, CommuneRow]
    indicators: Sequence[CountedIndicator]


def newest() -> dict[str, SentSums | None]:
    """By commune; None where it is trusted to send and has not yet. One statement."""
    sources = db.session.scalars(sa.select(BundleSource).options(undefer(BundleSource.content)))
    found: dict[str, SentSums | None] = {}
    for source in sources:
        if source.content is None:
            found[source.commune.code] = None
            continue
        content = bundle_content.of_json(source.content)
        rows = {each.indicator.code: each.row for each in content.rows}
        found[content.commune] = SentSums(content.as_of, rows, [each.indicator for each in content.rows])
    return found


def in_place_of(own: CommuneRow, sent: SentSums | None, indicator: str, day: dt.date) -> CommuneRow:
    """What the city shows of a commune that works by itself: what it sent, where that is of the day or before.

    Its name and its outline are the city's. Nothing is known of it before it has sent anything.
    """
    told = sent.rows.get(indicator) if sent and sent.as_of <= day else None
    if told is None:
        nothing = CommuneRow(own.code, own.name, own.kind, None, None, Cell(), None, own.illustrative)
        return dataclasses.replace(nothing, sent=sent.as_of if sent else None)
    return dataclasses.replace(
        told, name=own.name, kind=own.kind, illustrative=own.illustrative, sent=sent.as_of if sent else None
    )
