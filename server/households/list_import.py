"""Household lists of a commune from Excel or CSV: read, checked row by row, kept until they are confirmed."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import sqlalchemy as sa

from server import clock
from server.db import db
from server.errors import Problem
from server.files.tables import cells_by_reading_process, excel_and_csv, read_table, tables_kept_aside
from server.files.tables.excel_and_csv import SheetCells, TableRejected
from server.files.tables.read_table import RowFault, SheetRead, TableRead, TableRow
from server.files.tables.table_kinds import AS_FOUND, ReadingChoice, TableColumn, TableKind
from server.households import household_parts, read_address
from server.households.household_parts import Parts
from server.households.household_problems import HouseholdProblem
from server.models import Commune, HouseholdImport, Village
from server.places import merged_villages

MOST_BYTES = excel_and_csv.MOST_BYTES
MOST_ROWS = 20_000

HOUSEHOLD_TABLE = TableKind(
    "danh-sach-ho",
    (
        TableColumn("household_head", "Họ tên chủ hộ", "Nguyễn Văn Ấm"),
        TableColumn("village_code", "Mã thôn"),
        TableColumn("village", "Thôn", "Thôn Đông"),
        TableColumn("lane", "Ngõ", "Ngõ 4"),
        TableColumn("side_lane", "Ngách"),
        TableColumn("house_number", "Số nhà", "12"),
        TableColumn("address", "Địa chỉ"),
        TableColumn("household_code", "Mã hộ"),
    ),
    (("household_head",), ("village_code", "village")),
    around="village",
    within="address",
    heads="relation",
)


_NAME = re.compile(r"[^\W\d_]{2}|[^\W\d_]\s+[^\W\d_]|\d")
"""Two letters together, two words ("A Ó"), or a number as some lists name a household ("Hộ 12"); an "x" marks
something."""
_DAY = re.compile(r"\d{2}/\d{2}/\d{4}|\d{2}:\d{2}:\d{2}")
_BORN = re.compile(
    r"\s*(?:[,;(–-]\s*(?:(?:sinh năm|năm sinh|sinh|sn|ns)\b[\s.:]*)?|\b(?:sinh năm|năm sinh|sn|ns)\b[\s.:]*)"
    r"(?:\d{1,2}[/.-]){0,2}(?:19\d\d|20[0-2]\d)\s*\)?\s*$",
    re.IGNORECASE,
)
"""A year of birth behind a name, which is no part of it and no house number: “Hà Văn Lộc, SN 1960”."""


class RegisterRejected(TableRejected):
    """A list of which nothing was stored; one Vietnamese sentence for each thing to put right."""


@dataclass(frozen=True)
class ListRow:
    """A household as a list names it; `where` is its place as people find it, `number` one of its own in the list."""

    number: int
    place: str
    parts: Parts
    where: str
    code: str = ""
    village_code: str = ""

    @property
    def label(self) -> str:
        """What the list calls the household: the name of its head."""
        return self.parts.called

    @property
    def address(self) -> str:
        return self.parts.address


@dataclass(frozen=True)
class PlacedRow:
    """A row whose thôn is known."""

    row: ListRow
    village: Village


@dataclass(frozen=True)
class CheckedList:
    """The rows of a list in their thôn, and what is wrong with the others."""

    placed: tuple[PlacedRow, ...]
    faults: tuple[RowFault, ...]


def read(content: bytes, filename: str, choice: ReadingChoice = AS_FOUND) -> list[ListRow]:
    """The rows of a list, of all its sheets. Raises RegisterRejected."""
    return rows_of(table_of(cells(content, filename), choice))


def rows_of(reading: TableRead) -> list[ListRow]:
    """The households that a table names. Raises RegisterRejected."""
    faults = [fault for row in reading.rows for fault in _missing(row, reading)]
    if faults:
        raise RegisterRejected(map(str, faults))
    return [row for _, row in _rows(reading)]


def check(reading: TableRead, commune: Commune) -> CheckedList:
    """Each row in its thôn, or what is wrong with it."""
    faults = [fault for row in reading.rows for fault in _missing(row, reading)]
    wrong = {id(fault.row) for fault in faults}
    places, placed = merged_villages.by_words(commune), []
    for source, row in _rows(reading):
        if id(source) in wrong:
            continue
        found = places.find(row.village_code, row.place)
        if isinstance(found, str):
            faults.append(RowFault(source, found, "village_code" if row.village_code else "village"))
        else:
            placed.append(PlacedRow(row, found))
    place_of = {id(row): place for place, row in enumerate(reading.rows)}
    return CheckedList(tuple(placed), tuple(sorted(faults, key=lambda fault: place_of[id(fault.row)])))


def placed_rows(rows: Sequence[ListRow], commune: Commune) -> list[PlacedRow]:
    """Rows in their thôn, by code or by a name that is the only one. Raises RegisterRejected."""
    places = merged_villages.by_words(commune)
    placed, wrong = [], []
    for row in rows:
        found = places.find(row.village_code, row.place)
        if isinstance(found, str):
            wrong.append(f"{row.where}: {found}.")
        else:
            placed.append(PlacedRow(row, found))
    if wrong:
        raise RegisterRejected(wrong)
    return placed


_SHEET = 1_000_000
"""More than a sheet has rows: rows of several sheets keep numbers of their own."""


def _rows(reading: TableRead) -> Iterator[tuple[TableRow, ListRow]]:
    if len(reading.rows) > MOST_ROWS:
        raise RegisterRejected(
            [f"Danh sách có {len(reading.rows)} dòng; mỗi lần nạp nhiều nhất {MOST_ROWS} hộ."]
        )
    for sheet, found in enumerate(reading.sheets):
        words = _lane_word(found, "lane", "Ngõ"), _lane_word(found, "side_lane", "Ngách")
        for row in found.rows:
            yield row, _row(row, sheet * _SHEET + row.number, words)


def _missing(row: TableRow, reading: TableRead) -> Iterator[RowFault]:
    yield from row.uncomputed(HOUSEHOLD_TABLE)
    name = _clean(row.text("household_head"))
    if not name:
        yield RowFault(row, "chưa có họ tên chủ hộ", "household_head")
    elif not _NAME.search(name):
        yield RowFault(row, f"“{name}” không phải họ tên chủ hộ", "household_head")
    if reading.has("relation") and not row.text("relation"):
        yield RowFault(row, "chưa ghi quan hệ với chủ hộ", "household_head")
    for meaning in ("lane", "side_lane", "house_number", "address"):
        if _DAY.fullmatch(text := row.text(meaning)):
            what, into = HOUSEHOLD_TABLE.title(meaning).lower(), "giờ" if ":" in text else "ngày"
            told = f"{what} “{text}” đã bị Excel đổi thành {into}; hãy định dạng cột là Văn bản rồi gõ lại"
            yield RowFault(row, told, meaning)
    if not row.text("village_code") and not _clean(row.text("village")):
        yield RowFault(row, "chưa ghi thôn", "village")


def _lane_word(sheet: SheetRead, meaning: str, usual: str) -> str:
    """What a lane is called of which a cell has only the number: as the column's heading says (Ngõ, Xóm, Ngách);
    `usual` where only a heading further down has the column."""
    column = sheet.chosen.get(meaning)
    return read_address.lane_word(sheet.headings[column]) if column is not None else usual


def _row(row: TableRow, number: int, lane_words: tuple[str, str]) -> ListRow:
    name, address, lane, side, house = (
        row.text(part) for part in ("household_head", "address", "lane", "side_lane", "house_number")
    )
    name = _BORN.sub("", name) or name
    lane_word, side_word = lane_words
    if side:
        lane = household_parts.lanes_of(((lane_word, lane), (side_word, side)))
    parts = household_parts.of_list(name, address, lane, house, lane_word=lane_word)
    code, village_code = _clean(row.text("household_code")), _clean(row.text("village_code"))
    return ListRow(number, _clean(row.text("village")), parts, row.where, code, village_code)


def _clean(value: str | None) -> str:
    """One line of at most 200 printable characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in value or "").split())[:200]


def keep(commune: Commune, content: bytes, filename: str, *, actor: str, name: str) -> HouseholdImport:
    """Set a list whose cells were read aside until it is confirmed, wrong rows and all; the caller commits."""
    kept = HouseholdImport(
        commune_id=commune.id, at=clock.now(), actor=actor, name=name, content=content,
        filename=PurePath(filename.replace("\\", "/")).name[:120] or "danh sách", choice={},
        added=0, changed=0, ended=0,
    )  # fmt: skip
    db.session.add(kept)
    db.session.flush()
    return kept


def found(commune: Commune, key: int) -> HouseholdImport:
    """An import of this commune; Problem IMPORT_UNKNOWN for any other."""
    row = db.session.get(HouseholdImport, key)
    if row is None or row.commune_id != commune.id:
        raise Problem(HouseholdProblem.IMPORT_UNKNOWN)
    return row


def choice(kept: HouseholdImport) -> ReadingChoice:
    """How its officer wants a list read."""
    return tables_kept_aside.choice_of(kept.choice)


def cells(content: bytes, filename: str) -> tuple[SheetCells, ...]:
    """The cells of a list, read by the reading process before anything is written. Raises RegisterRejected."""
    try:
        return cells_by_reading_process.of_file(content, filename)
    except TableRejected as rejected:
        raise RegisterRejected(rejected.sentences) from rejected


def cells_kept(kept: HouseholdImport) -> tuple[SheetCells, ...]:
    """Those of a list that waits. Problem IMPORT_UNKNOWN where it waits no longer."""
    if kept.content is None:
        raise Problem(HouseholdProblem.IMPORT_UNKNOWN)
    return cells(bytes(kept.content), kept.filename)


def table_of(sheets: Sequence[SheetCells], chosen: ReadingChoice = AS_FOUND) -> TableRead:
    """The table that cells hold, with all that is left out of it. Raises RegisterRejected."""
    try:
        return read_table.read(sheets, HOUSEHOLD_TABLE, chosen)
    except TableRejected as rejected:
        raise RegisterRejected(rejected.sentences) from rejected


def recent(commune: Commune) -> Sequence[HouseholdImport]:
    """The last lists that were loaded, the newest first."""
    query = sa.select(HouseholdImport).where(
        HouseholdImport.commune_id == commune.id, HouseholdImport.content.is_(None)
    )
    return db.session.scalars(query.order_by(HouseholdImport.id.desc()).limit(10)).all()
