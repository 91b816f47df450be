"""What communes with installations of their own have sent up last, as rows of the city's table."""

import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask import current_app

from geo.indicator_cell import Cell, CountedIndicator
from server.coverage import bundle_content
from server.coverage.commune_row import CommuneRow
from server.db import db
from server.errors import Problem
from server.models import BundleSource, Commune

_READ = "tungnha.bundles"


@dataclasses.dataclass(frozen=True)
class SentSums:
    """The newest bundle of a commune, by indicator."""

    as_of: dt.date
    rows: Mapping[str, CommuneRow]
    indicators: Sequence[CountedIndicator]


def newest() -> dict[str, SentSums | None]:
    """By commune; None where it is trusted to send and has not yet, or where what it sent can be read no more.

    One statement, and another for those that this process has not read before: a city of bundles is megabytes.
    """
    query = sa.select(Commune.code, BundleSource.id, BundleSource.sha256)
    sources = db.session.execute(query.join(Commune, Commune.id == BundleSource.commune_id)).all()
    read: dict[bytes, SentSums | None] = current_app.extensions.setdefault(_READ, {})
    unread = {each.id: each.sha256 for each in sources if each.sha256 and each.sha256 not in read}
    if unread:
        _forget_others(read, {each.sha256 for each in sources})
        wanted = sa.select(BundleSource.id, BundleSource.content).where(BundleSource.id.in_(unread))
        for row in db.session.execute(wanted):
            read[unread[row.id]] = _read(row.content)
    return {each.code: read.get(each.sha256) if each.sha256 else None for each in sources}


def _forget_others(read: dict[bytes, SentSums | None], needed: Collection[bytes | None]) -> None:
    for sha256 in set(read) - set(needed):
        read.pop(sha256, None)  # another thread may have been here


def _read(plain: Mapping[str, Any]) -> SentSums | None:
    """What a bundle said; None for one that an earlier version of the program took in other words."""
    try:
        content = bundle_content.of_json(plain)
    except Problem:
        return None
    rows = {each.indicator.code: each.row for each in content.rows}
    return SentSums(content.as_of, rows, [each.indicator for each in content.rows])


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
