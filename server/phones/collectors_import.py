"""A table of collectors, from Excel, CSV or the clipboard: read, checked row by row, and added all or not at all."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from geo.plain_words import unaccented
from server import clock
from server.db import db
from server.files.tables import read_table
from server.files.tables.excel_and_csv import TableRejected
from server.files.tables.read_table import RowFault, RowsRejected, TableRead, TableRow
from server.files.tables.table_kinds import TableColumn, TableKind
from server.models import Collector, CollectorVillage, Commune, Village
from server.phones import collectors
from server.phones.collectors import CollectorRejected, NewCollector
from server.places import merged_villages
from server.places.merged_villages import VillagesByWords

MOST_ROWS = 500
COLLECTOR_TABLE = TableKind(
    "thanh-vien",
    (
        TableColumn("collector", "Họ tên", "Nguyễn Thị Hoa"),
        TableColumn("village_code", "Mã thôn"),
        TableColumn("village", "Thôn", "Thôn Đông; Thôn Đoài"),
    ),
    (("collector",), ("village_code", "village")),
    around="village",
)


_BETWEEN_NAMES = re.compile(r"\s*[,;&+]\s*|\s+(?:và|-|–)\s+")


@dataclass(frozen=True)
class CollectorRow:
    """One row: where it stands, the name, and what stands for the thôn."""

    row: TableRow
    name: str
    places: str
    village_code: str = ""

    @property
    def where(self) -> str:
        return self.row.where


@dataclass(frozen=True)
class PlannedCollector:
    """Somebody to add, with the thôn they will walk."""

    line: CollectorRow
    villages: tuple[Village, ...]


def plan(lines: Iterable[CollectorRow], commune: Commune) -> tuple[list[PlannedCollector], list[RowFault]]:
    """Who would be added, and all that is wrong with the rows."""
    places = merged_villages.by_words(commune)
    known = _known(commune)
    wrong: list[RowFault] = []
    wanted: list[PlannedCollector] = []
    for line in lines:
        before = len(wrong)
        wrong += line.row.uncomputed(COLLECTOR_TABLE)
        if _are_several(line.name):
            told = f"“{line.name[:80]}” có vẻ là nhiều người; hãy ghi mỗi người một dòng"
            wrong.append(RowFault(line.row, told, "collector"))
        villages = _villages(line, places, wrong)
        key = {(unaccented(line.name), village.id) for village in villages}
        twice = key & known.keys()
        if twice:
            told = f"{line.name} đã có ở thôn này ({known[min(twice)]})"
            wrong.append(RowFault(line.row, told, "collector"))
        known.update(dict.fromkeys(key, line.where.lower()))
        try:
            if len(wrong) == before:
                collectors.check_new(" ".join(line.name.split()), commune, villages)
        except CollectorRejected as rejected:
            wrong.append(RowFault(line.row, str(rejected).rstrip("."), "collector"))
        wanted.append(PlannedCollector(line, tuple(villages)))
    return wanted, wrong


def _are_several(name: str) -> bool:
    """Whether a cell names two people or more, of whom each gets a code of their own."""
    parts = [part.split() for part in _BETWEEN_NAMES.split(name)]
    return len(parts) > 1 and all(
        len(words) > 1 and all(word[:1].isupper() for word in words) for words in parts
    )


def add(lines: Iterable[CollectorRow], commune: Commune, *, actor: str = "system") -> list[NewCollector]:
    """Add everybody in the table; the caller commits. Raises RowsRejected, and then has added nobody."""
    wanted, wrong = plan(lines, commune)
    if wrong:
        raise RowsRejected(wrong)
    return store(wanted, commune, actor=actor)


def store(wanted: Iterable[PlannedCollector], commune: Commune, *, actor: str) -> list[NewCollector]:
    """Add who was planned; the caller commits."""
    return [collectors.add(each.line.name, commune, each.villages, actor=actor) for each in wanted]


def read(content: bytes, filename: str) -> list[CollectorRow]:
    """The rows of a file, of all its sheets. Raises TableRejected."""
    return lines_of(read_table.read_file(content, filename, COLLECTOR_TABLE))


def read_text(text: str) -> list[CollectorRow]:
    """The rows of CSV text, or of cells copied from Excel. Raises TableRejected."""
    return lines_of(read_table.read_text(text, COLLECTOR_TABLE))


def lines_of(reading: TableRead) -> list[CollectorRow]:
    """The rows of a table that has been read. Raises TableRejected for too many."""
    if len(reading.rows) > MOST_ROWS:
        raise TableRejected([f"Bảng có {len(reading.rows)} dòng; mỗi lần thêm nhiều nhất {MOST_ROWS} người."])
    return [
        CollectorRow(row, row.text("collector"), row.text("village"), row.text("village_code"))
        for row in reading.rows
    ]


def _villages(line: CollectorRow, places: VillagesByWords, wrong: list[RowFault]) -> list[Village]:
    codes, names = _several(line.village_code), _several(line.places)
    if not codes and not names:
        wrong.append(RowFault(line.row, f"chưa ghi thôn của {line.name or 'người này'}", "village"))
    chosen: list[Village] = []
    # one code beside one name must mean one thôn; of several, codes are the surer
    asked = (
        [(codes[0], names[0])] if len(codes) == len(names) == 1 else [("", each) for each in codes or names]
    )
    for code, name in _apart(asked, places):
        found = places.find(code, name)
        if isinstance(found, str):
            told = f"{found}; nhiều thôn thì cách nhau bằng dấu chấm phẩy"
            wrong.append(RowFault(line.row, told, "village"))
        elif found not in chosen:
            chosen.append(found)
    return chosen


def _apart(asked: Iterable[tuple[str, str]], places: VillagesByWords) -> Iterator[tuple[str, str]]:
    """What is asked for, one thôn at a time: “Cẩm La và Hòa Mỹ” is two, unless one has that name."""
    for code, name in asked:
        parts = _AND.split(name)
        if code or len(parts) == 1 or places.called(name):
            yield code, name
        else:
            yield from (("", part) for part in parts if part.strip())


_AND = re.compile(r"\s+(?:và|va)\s+|\s*[+&/]\s*|\s+[-–]\s+", re.IGNORECASE)


def _several(text: str) -> list[str]:
    return [" ".join(each.split()) for each in text.replace(",", ";").split(";") if each.strip()]


def _known(commune: Commune) -> dict[tuple[str, int], str]:
    query = (
        sa.select(Collector.name, CollectorVillage.village_id)
        .join(CollectorVillage, CollectorVillage.collector_id == Collector.id)
        .where(
            Collector.commune_id == commune.id,
            Collector.revoked_at.is_(None),
            sa.or_(CollectorVillage.until.is_(None), CollectorVillage.until > clock.now()),
        )
    )
    return {
        (unaccented(name), village): "đang trong danh sách" for name, village in db.session.execute(query)
    }
