"""Tables of households and people by thôn, from Excel or CSV, into the dated figures that percentages are taken of."""

import csv
import datetime as dt
import io
from dataclasses import dataclass

import sqlalchemy as sa

from forms import sheets
from forms.errors import FormRejected
from geo import figure_rows
from geo.figure_rows import Table
from server import audit, clock
from server.db import db
from server.models import Commune, Village, VillageFigure
from server.places import household_numbers
from server.places.communes import PlacesRejected

MOST_ROWS = 5_000


@dataclass(frozen=True)
class Newest:
    """What is known of a commune's households: how many, in how many thôn, and by whom on which day."""

    households: int | None
    villages: int
    source: str
    day: dt.date | None


def store(
    commune: Commune, content: bytes, file_name: str, *, source: str, day: dt.date, actor: str = "system"
) -> int:
    """Store the figures of a table; of how many thôn. The caller commits.

    Raises PlacesRejected, with nothing stored and one sentence a row, while anything in it is wrong.
    """
    villages = db.session.scalars(
        sa.select(Village).where(Village.commune_id == commune.id, Village.valid_to.is_(None))
    ).all()
    read = figure_rows.read(_table(content, file_name), {village.code: village.name for village in villages})
    if read.errors:
        raise PlacesRejected(read.errors)
    by_code = {village.code: village for village in villages}
    stored = sum(
        household_numbers.store(by_code[code], told, source, day) for code, told in read.figures.items()
    )
    detail = {"source": source, "day": day.isoformat(), "villages": stored}
    record = f"commune:{commune.id}"
    audit.add(actor, "places.figures", record, detail)
    return stored


def newest(commune: Commune) -> Newest:
    """The figures in force today."""
    here = sa.select(VillageFigure.village_id).join(Village).where(Village.commune_id == commune.id)
    found = household_numbers.newest(list(db.session.scalars(here.distinct())), clock.today())
    told = household_numbers.source(found.values())
    return Newest(
        household_numbers.total(found.values()),
        len(found),
        told.source if told else "",
        told.date if told else None,
    )


def _table(content: bytes, file_name: str) -> Table:
    """The first sheet that holds anything, or the lines of a CSV file."""
    if file_name.lower().endswith((".csv", ".txt")):
        return _csv(content)
    try:
        found = sheets.tables(content, file_name)
    except FormRejected as rejected:
        raise PlacesRejected(
            error.sentence[:1].upper() + error.sentence[1:] for error in rejected.errors
        ) from rejected
    filled = [list(rows) for _, rows in found]
    return next((rows for rows in filled if rows), [])[:MOST_ROWS]


def _csv(content: bytes) -> Table:
    """Excel writes semicolons where the comma is the decimal sign, and UTF-8 with a mark in front."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PlacesRejected(["Tệp CSV không viết bằng UTF-8: hãy lưu lại, chọn “CSV UTF-8”."]) from error
    head = text[:2000]
    separator = max(",;\t", key=head.count)
    try:
        return list(enumerate(csv.reader(io.StringIO(text), delimiter=separator), start=1))[:MOST_ROWS]
    except csv.Error as error:
        raise PlacesRejected(["Tệp CSV bị hỏng, không đọc được."]) from error
