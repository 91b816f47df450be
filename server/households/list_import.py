"""Household lists of a commune from Excel or CSV: read, checked, compared with what is there, added, undone."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import sqlalchemy as sa

from server import audit, clock
from server.db import db
from server.errors import Problem
from server.files.tables import read_table, table_file
from server.files.tables.read_table import (
    AS_FOUND,
    ReadingChoice,
    SheetRead,
    TableColumn,
    TableKind,
    TableRead,
    TableRow,
)
from server.files.tables.table_file import TableRejected
from server.households import household_parts, read_address
from server.households.household_parts import Parts
from server.households.household_problems import HouseholdProblem
from server.households.records import HOUSEHOLDS, status
from server.households.same_household import Known, Likeness
from server.models import (
    Commune,
    Entity,
    EntityList,
    EntityVersion,
    HouseholdImport,
    Submission,
    Village,
)
from server.places import merged_villages

MOST_BYTES = table_file.MOST_BYTES
MOST_ROWS = 20_000
MOST_TOLD = 50
"""Wrong rows that are told at once."""

HOUSEHOLD_TABLE = TableKind(
    "danh-sach-ho",
    (
        TableColumn("household_head", "Họ tên chủ hộ", "Nguyễn Văn Ấm"),
        TableColumn("village_code", "Mã thôn"),
        TableColumn("village", "Thôn", "Thôn Đông"),
        TableColumn("lane", "Ngõ", "Ngõ 4"),
        TableColumn("house_number", "Số nhà", "12"),
        TableColumn("address", "Địa chỉ"),
        TableColumn("household_code", "Mã hộ"),
    ),
    (("household_head",), ("village_code", "village")),
)


class RegisterRejected(Exception):
    """A list of which nothing was stored; one Vietnamese sentence for each thing to put right."""

    def __init__(self, sentences: Sequence[str]) -> None:
        told = [*sentences[:MOST_TOLD]]
        if len(sentences) > MOST_TOLD:
            told.append(f"… và {len(sentences) - MOST_TOLD} dòng nữa.")
        self.sentences = tuple(told)
        super().__init__(" ".join(told))


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
class Twin:
    """A row that may be a household which is there already, or which an earlier row of the list names."""

    placed: PlacedRow
    likeness: Likeness
    other: Parts
    other_id: uuid.UUID | None
    """None: it stands earlier in the same list, at row `other_row`."""
    other_row: int | None = None
    other_where: str = ""


@dataclass(frozen=True)
class Compared:
    """A list set against what is there: rows that are new, and rows that may be there already."""

    new: tuple[PlacedRow, ...]
    twins: tuple[Twin, ...]


def read(content: bytes, filename: str, choice: ReadingChoice = AS_FOUND) -> list[ListRow]:
    """The rows of a list, of all its sheets. Raises RegisterRejected."""
    return rows_of(table(content, filename, choice))


def table(content: bytes, filename: str, choice: ReadingChoice = AS_FOUND) -> TableRead:
    """A list with all that is left out of it. Raises RegisterRejected."""
    try:
        return read_table.read_file(content, filename, HOUSEHOLD_TABLE, choice)
    except TableRejected as rejected:
        raise RegisterRejected(rejected.sentences) from rejected


def rows_of(reading: TableRead) -> list[ListRow]:
    """The households that a table names. Raises RegisterRejected."""
    if len(reading.rows) > MOST_ROWS:
        raise RegisterRejected(
            [f"Danh sách có {len(reading.rows)} dòng; mỗi lần nạp nhiều nhất {MOST_ROWS} hộ."]
        )
    wrong = [told for row in reading.rows for told in _missing(row)]
    if wrong:
        raise RegisterRejected(wrong)
    return [
        _row(row, sheet * _SHEET + row.number, _lane_word(found))
        for sheet, found in enumerate(reading.sheets)
        for row in found.rows
    ]


_SHEET = 1_000_000
"""More than a sheet has rows: rows of several sheets keep numbers of their own."""


def _missing(row: TableRow) -> Iterator[str]:
    if not _clean(row.text("household_head")):
        yield f"{row.where}: chưa có họ tên chủ hộ."
    if not row.text("village_code") and not _clean(row.text("village")):
        yield f"{row.where}: chưa ghi thôn."


def _lane_word(sheet: SheetRead) -> str:
    """What a lane is called of which a cell has only the number: as the column's heading says (Ngõ, Xóm, Đường)."""
    column = sheet.chosen.get("lane")
    return read_address.lane_word(sheet.headings[column]) if column is not None else ""


def _row(row: TableRow, number: int, lane_word: str) -> ListRow:
    name, address, lane, house = (
        row.text(part) for part in ("household_head", "address", "lane", "house_number")
    )
    parts = household_parts.of_list(name, address, lane, house, lane_word=lane_word)
    code, village_code = _clean(row.text("household_code")), _clean(row.text("village_code"))
    return ListRow(number, _clean(row.text("village")), parts, row.where, code, village_code)


def _clean(value: str | None) -> str:
    """One line of at most 200 printable characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in value or "").split())[:200]


def compare(rows: Iterable[ListRow], commune: Commune) -> Compared:
    """Find the thôn of every row, and the households that may be the same. Raises RegisterRejected for wrong rows.

    Each household is the twin of one row at most, the most alike first: of three rows with one name and three
    addresses those find their own two households, and the third is new.
    """
    placed = _placed(rows, commune)
    known = _known(commune)
    twins: dict[int, Twin] = {}
    for village_id in {each.village.id for each in placed}:
        own = [each for each in placed if each.village.id == village_id]
        listed = known.get(village_id, Known())
        twins |= _matched(own, listed, twins)
        twins |= _repeated(own, twins)
        twins |= _matched(own, listed, twins, Likeness.NAMESAKE)
    return Compared(
        tuple(each for each in placed if each.row.number not in twins),
        tuple(twins[each.row.number] for each in placed if each.row.number in twins),
    )


@dataclass(frozen=True)
class _Listed:
    """A household that is there."""

    id: uuid.UUID
    parts: Parts


def _known(commune: Commune) -> dict[int, Known[_Listed]]:
    """The households of a commune by the thôn of today."""
    today = merged_villages.merged(commune)
    query = (
        sa.select(Entity.village_id, Entity.label, Entity.data, Entity.id)
        .join(EntityList, EntityList.id == Entity.list_id)
        .join(Village, Village.id == Entity.village_id)
        .where(EntityList.name == HOUSEHOLDS, Village.commune_id == commune.id, Entity.ended_at.is_(None))
    )
    found: dict[int, Known[_Listed]] = {}
    rows: Iterable[Any] = db.session.execute(query)
    for village_id, label, data, key in rows:
        home = today[village_id].id if village_id in today else village_id
        parts = household_parts.of_row(label, data)
        found.setdefault(home, Known()).add(parts, _Listed(key, parts))
    return found


def _matched(
    placed: Sequence[PlacedRow],
    known: Known[_Listed],
    before: Mapping[int, Twin],
    least: Likeness = Likeness.PERHAPS,
) -> dict[int, Twin]:
    """The rows of one thôn with the household that each may be, by the numbers of the rows.

    Of rows and households that are left over `before`, one name at two addresses may have moved, and one address with
    two names have another head: these are asked about too, lest they be listed twice.
    """
    pairs = [
        (likeness, each, other)
        for each in placed
        if each.row.number not in before
        for likeness, other in known.like(each.row.parts, least)
    ]
    found: dict[int, Twin] = {}
    taken = {twin.other_id for twin in before.values() if twin.other_id}
    for likeness, each, other in sorted(pairs, key=lambda pair: (-pair[0], pair[1].row.number)):
        if each.row.number not in found and other.id not in taken:
            found[each.row.number] = Twin(each, likeness, other.parts, other.id)
            taken.add(other.id)
    return found


def _repeated(placed: Sequence[PlacedRow], matched: Mapping[int, Twin]) -> dict[int, Twin]:
    """Rows of one thôn that say what an earlier row of the list said."""
    earlier: Known[PlacedRow] = Known()
    found: dict[int, Twin] = {}
    for each in placed:
        if each.row.number not in matched:
            for likeness, other in earlier.like(each.row.parts)[:1]:
                found[each.row.number] = Twin(
                    each, likeness, other.row.parts, None, other.row.number, other.row.where
                )
        earlier.add(each.row.parts, each)
    return found


def _placed(rows: Iterable[ListRow], commune: Commune) -> list[PlacedRow]:
    """Rows in their thôn, by code or by a name that is the only one."""
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


def keep(commune: Commune, content: bytes, filename: str, *, actor: str, name: str) -> HouseholdImport:
    """Set a list that was read aside until it is confirmed; the caller commits."""
    kept = HouseholdImport(
        commune_id=commune.id, at=clock.now(), actor=actor, name=name, content=content,
        filename=PurePath(filename.replace("\\", "/")).name[:120] or "danh sách", added=0,
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


def store(
    kept: HouseholdImport, commune: Commune, also: Iterable[int] = (), rows: Iterable[ListRow] | None = None
) -> int:
    """Add the households of a list that are not there yet, and those twins whose rows are in `also`; how many.

    `rows` are those of the list as it was shown, where it was read before (`rows_kept`). The caller commits. The
    list itself is forgotten: what it said stands in the households.
    """
    if kept.content is None:
        raise Problem(HouseholdProblem.IMPORT_UNKNOWN)
    compared = compare(rows_kept(kept) if rows is None else rows, commune)
    wanted = frozenset(also)
    chosen = [*compared.new, *(twin.placed for twin in compared.twins if twin.placed.row.number in wanted)]
    _add(chosen, kept)
    kept.added, kept.content = len(chosen), None
    _audit("household.import", kept, {"added": len(chosen), "left_out": len(compared.twins) - len(wanted)})
    return len(chosen)


def rows_kept(kept: HouseholdImport, choice: ReadingChoice = AS_FOUND) -> list[ListRow]:
    """The rows of a list that waits, read as `choice` says. Problem IMPORT_UNKNOWN where it waits no longer."""
    if kept.content is None:
        raise Problem(HouseholdProblem.IMPORT_UNKNOWN)
    return read(bytes(kept.content), kept.filename, choice)


def _add(chosen: Sequence[PlacedRow], kept: HouseholdImport) -> None:
    list_id = db.session.scalar(sa.select(EntityList.id).where(EntityList.name == HOUSEHOLDS))
    if list_id is None:
        row = EntityList(name=HOUSEHOLDS)
        db.session.add(row)
        db.session.flush()
        list_id = row.id
    at = clock.now()
    rows = [
        (uuid.uuid4(), each, {"thon": each.village.code, "dia_chi": each.row.parts.address})
        for each in chosen
    ]
    if not rows:
        return
    db.session.execute(
        sa.insert(Entity),
        [
            {
                "id": key, "list_id": list_id, "village_id": each.village.id, "label": each.row.parts.label,
                "data": {**own, **status(())}, "version": 1, "created_at": at, "changed_at": at,
                "import_id": kept.id,
            }
            for key, each, own in rows
        ],
    )  # fmt: skip
    db.session.execute(
        sa.insert(EntityVersion),
        [
            {
                "entity_id": key, "version": 1, "label": each.row.parts.label, "data": {**own, **status(())},
                "received": own, "created_at": at,
            }
            for key, each, own in rows
        ],
    )  # fmt: skip


def undo(kept: HouseholdImport) -> int:
    """Take a whole list back while nobody has visited any of its households; how many. The caller commits."""
    mine = sa.select(Entity.id).where(Entity.import_id == kept.id)
    visited = db.session.scalar(
        sa.select(sa.func.count(sa.distinct(Submission.entity_id))).where(Submission.entity_id.in_(mine))
    )
    changed = db.session.scalar(
        sa.select(sa.func.count()).where(Entity.import_id == kept.id, Entity.version > 1)
    )
    if kept.undone_at is not None or kept.content is not None:
        raise Problem(HouseholdProblem.IMPORT_UNKNOWN)
    if visited or changed:
        raise Problem(HouseholdProblem.IMPORT_KEPT, count=max(visited or 0, changed or 0))
    db.session.execute(sa.delete(EntityVersion).where(EntityVersion.entity_id.in_(mine)))
    taken: Any = db.session.execute(sa.delete(Entity).where(Entity.import_id == kept.id))
    kept.undone_at = clock.now()
    _audit("household.undo_import", kept, {"taken": taken.rowcount})
    return int(taken.rowcount)


def _audit(act: str, kept: HouseholdImport, detail: dict[str, Any]) -> None:
    audit.add(kept.actor, act, f"household_import:{kept.id}", detail)


def recent(commune: Commune) -> Sequence[HouseholdImport]:
    """The last lists that were loaded, the newest first."""
    query = sa.select(HouseholdImport).where(
        HouseholdImport.commune_id == commune.id, HouseholdImport.content.is_(None)
    )
    return db.session.scalars(query.order_by(HouseholdImport.id.desc()).limit(10)).all()
