"""Tables of households and people by thôn, from Excel or CSV, into the dated figures that percentages are taken of."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from geo.boundary_columns import Figures
from server import audit, clock
from server.db import db
from server.files.tables import read_table
from server.files.tables.read_table import RowFault, RowsRejected, TableRead, TableRow
from server.files.tables.table_kinds import TableColumn, TableKind
from server.models import Commune, Village, VillageFigure
from server.places import household_numbers, merged_villages

NUMBERS_TABLE = TableKind(
    "so-ho",
    (
        TableColumn("village_code", "Mã thôn"),
        TableColumn("village", "Tên thôn", "Thôn Đông"),
        TableColumn("households", "Số hộ", "120", is_number=True),
        TableColumn("people", "Nhân khẩu", "430", is_number=True),
        TableColumn("adults", "Người từ đủ 18 tuổi", "310", is_number=True),
    ),
    (("village_code", "village"), ("households",)),
)


@dataclass(frozen=True)
class Newest:
    """What is known of a commune's households: how many, in how many thôn, and by whom on which day."""

    households: int | None
    villages: int
    source: str
    day: dt.date | None


def read(content: bytes, file_name: str) -> TableRead:
    """The rows of a file. Raises TableRejected."""
    return read_table.read_file(content, file_name, NUMBERS_TABLE)


def figures(reading: TableRead, commune: Commune) -> tuple[list[tuple[Village, Figures]], list[RowFault]]:
    """What each row says of which thôn, and all that is wrong."""
    places = merged_villages.by_words(commune)
    found: dict[int, tuple[Village, Figures]] = {}
    rows: dict[int, TableRow] = {}
    wrong: list[RowFault] = []
    for row in reading.rows:
        village = places.find(row.text("village_code"), row.text("village"))
        if isinstance(village, str):
            wrong.append(RowFault(row, village, "village"))
            continue
        if village.id in rows:
            earlier = rows[village.id].where.lower()
            wrong.append(RowFault(row, f"{village.name} (mã {village.code}) đã có ở {earlier}", "village"))
            continue
        told, faults = figures_of(row, reading.kind)
        wrong += faults
        found[village.id], rows[village.id] = (village, told), row
    return list(found.values()), wrong


def figures_of(row: TableRow, kind: TableKind) -> tuple[Figures, list[RowFault]]:
    """The figures of a row, and what is wrong with them."""
    wrong: list[RowFault] = []
    numbers: list[int | None] = []
    for meaning in ("households", "people", "adults"):
        told = row.whole(meaning, kind.title(meaning))
        if isinstance(told, str):
            wrong.append(RowFault(row, told, meaning))
        numbers.append(None if isinstance(told, str) else told)
    figures = Figures(*numbers)
    if not wrong and figures.households is None:
        wrong.append(RowFault(row, "thiếu số hộ", "households"))
    if figures.people is not None and max(figures.adults or 0, figures.households or 0) > figures.people:
        wrong.append(RowFault(row, "số hộ hoặc số người lớn nhiều hơn số nhân khẩu", "people"))
    return figures, wrong


def store(commune: Commune, table: TableRead, *, source: str, day: dt.date, actor: str = "system") -> int:
    """Store the figures of a table (`read`); of how many thôn. The caller commits.

    Raises TableRejected, with nothing stored and one sentence a row, while anything in it is wrong.
    """
    found, wrong = figures(table, commune)
    if wrong:
        raise RowsRejected(wrong)
    return store_figures(commune, found, source=source, day=day, actor=actor)


def store_figures(
    commune: Commune, found: Iterable[tuple[Village, Figures]], *, source: str, day: dt.date, actor: str
) -> int:
    """Store what a table says of each thôn; of how many. The caller commits."""
    stored = sum(household_numbers.store(village, told, source, day) for village, told in found)
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
