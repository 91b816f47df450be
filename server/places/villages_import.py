"""Thôn of a commune from a table: made with or without codes, named anew, with their households and people."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from geo import village_kinds, village_names
from geo.boundary_columns import Figures
from geo.plain_words import one_line, titled
from geo.written_numbers import says_nothing
from server import audit
from server.db import db
from server.files.tables.read_table import RowFault, RowsRejected, SheetRead, TableRead, TableRow
from server.files.tables.table_kinds import TableKind
from server.models import Commune, Village
from server.places import communes, household_numbers, merged_villages
from server.places.communes import forget_index
from server.places.household_numbers_import import NUMBERS_TABLE, figures_of

VILLAGE_TABLE = TableKind("thon", NUMBERS_TABLE.columns, (("village",),))
LONGEST_NAME = 200
_NUMBER = re.compile(r"(?:số )?[0-9]{1,3}[A-Z]?", re.IGNORECASE)
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,31}")
_OWN_DIGITS = 3
"""Behind the five of its commune, in official codes of thôn."""


@dataclass(frozen=True)
class PlannedVillage:
    """What a row will make: a new thôn, or the one that is there with its new name and figures."""

    row: TableRow
    code: str
    name: str
    village: Village | None
    figures: Figures

    @property
    def remark(self) -> str:
        """What is new about it, as people read it."""
        if self.village is None:
            return "thôn mới"
        return "" if self.village.name == self.name else f"đổi tên từ “{self.village.name}”"


@dataclass(frozen=True)
class VillagePlan:
    """What a table will make of a commune's thôn, and what is wrong with its rows."""

    rows: tuple[PlannedVillage, ...]
    faults: tuple[RowFault, ...]
    numbered: tuple[str, ...]
    """Codes that were made because the table gives none, or only numbers within the commune."""

    @property
    def new(self) -> int:
        return sum(row.village is None for row in self.rows)

    @property
    def renamed(self) -> int:
        return sum(row.village is not None and row.village.name != row.name for row in self.rows)


def plan(reading: TableRead, commune: Commune) -> VillagePlan:
    """What each row means: a thôn by its code, else by its name, else a new one with the next free code."""
    given = [_whole_code(row.text("village_code"), commune) for row in reading.rows]
    known = _known(given)
    places = merged_villages.by_words(commune)
    free = (code for code in _free_codes(commune) if code not in given)
    rows: list[PlannedVillage] = []
    wrong: list[RowFault] = []
    numbered: list[str] = []
    units = {id(row): _unit(sheet, commune) for sheet in reading.sheets for row in sheet.rows}
    for row, code in zip(reading.rows, given, strict=True):
        name = _name(row.text("village"), units[id(row)])
        village, fault = _meant(code, name, known, places, commune)
        figures, faults = _figures(row, reading.kind)
        wrong += [*row.uncomputed(reading.kind), *faults]
        if fault:
            wrong.append(RowFault(row, fault, "village_code" if code else "village"))
            continue
        own = village.code if village else code or next(free, "")
        if own != row.text("village_code") and village is None:
            numbered.append(own)
        rows.append(PlannedVillage(row, own, name, village, figures))
    wrong += _twice(rows)
    return VillagePlan(tuple(rows), tuple(wrong), tuple(numbered))


def store(found: VillagePlan, commune: Commune, *, source: str, day: dt.date, actor: str) -> None:
    """Make, name and count the thôn of a plan without faults; the caller commits. Raises RowsRejected."""
    if found.faults:
        raise RowsRejected(found.faults)
    added, renamed, told = found.new, found.renamed, 0
    for row in found.rows:
        village = row.village
        if village is None:
            village = Village(commune_id=commune.id, code=row.code, name=row.name, outline=None)
            db.session.add(village)
            db.session.flush()
        village.name = row.name
        told += household_numbers.store(village, row.figures, source, day)
    detail = {"source": source, "day": day.isoformat(), "added": added, "renamed": renamed, "figures": told}
    audit.add(actor, "places.villages", f"commune:{commune.id}", detail)
    forget_index()


def _meant(
    code: str,
    name: str,
    known: Mapping[str, Village],
    places: merged_villages.VillagesByWords,
    commune: Commune,
) -> tuple[Village | None, str]:
    """The thôn that is there already, and what speaks against the row."""
    village = known.get(code)
    fault = _unusable(name, code)
    if fault or village is not None:
        is_ours = village is not None and village.commune_id == commune.id and village.valid_to is None
        taken = (
            f"mã {code} đã thuộc {village.name} ({village.commune.name})" if village and not is_ours else ""
        )
        return village, fault or taken
    neighbour = _neighbour_of(code, commune)
    if neighbour is not None:
        return None, f"mã {code} bắt đầu bằng mã của {neighbour.kind} {neighbour.name} ({neighbour.code})"
    named = places.called(name)
    if len(named) > 1:
        return None, f"có {len(named)} thôn tên “{name[:40]}”; hãy ghi mã"
    if named and code:
        return None, f"{named[0].name} đang mang mã {named[0].code}, không phải {code}"
    return (named[0] if named else None), ""


def _unusable(name: str, code: str) -> str:
    """Why a name or a code can be no thôn's; "" where both can."""
    if not name or len(name) > LONGEST_NAME:
        return f"tên thôn dài quá {LONGEST_NAME} chữ" if name else "chưa ghi tên thôn"
    return (
        f"mã “{code[:32]}” chỉ được gồm chữ không dấu và chữ số" if code and not _CODE.fullmatch(code) else ""
    )


def _neighbour_of(code: str, commune: Commune) -> Commune | None:
    """The other commune of today whose code a thôn's code begins with: its thôn will need it."""
    begins = code[: len(commune.code)]
    if not code or begins == commune.code:
        return None
    return next((each for each in communes.valid_today(None) if each.code == begins), None)


def _twice(rows: list[PlannedVillage]) -> list[RowFault]:
    """Rows that mean a thôn which an earlier row means."""
    codes: dict[str, PlannedVillage] = {}
    new_names: dict[str, PlannedVillage] = {}
    wrong = []
    for each in rows:
        earlier = codes.get(each.code)
        if earlier is None and each.village is None and not each.row.text("village_code"):
            earlier = new_names.get(village_names.plain(each.name))
        if earlier is not None:
            told = f"{each.name} (mã {earlier.code}) đã có ở {earlier.row.where.lower()}"
            wrong.append(RowFault(each.row, told, "village"))
        codes.setdefault(each.code, each)
        new_names.setdefault(village_names.plain(each.name), each)
    return wrong


def _figures(row: TableRow, kind: TableKind) -> tuple[Figures, list[RowFault]]:
    """The figures of a row; none at all, blank or a dash, is right, people without households is not."""
    if all(says_nothing(row.text(each)) for each in ("households", "people", "adults")):
        return Figures(), []
    return figures_of(row, kind)


def _unit(sheet: SheetRead, commune: Commune) -> str:
    """What a sheet's thôn are called: as the heading of their column says, else as in communes of this kind."""
    usual = "thôn" if commune.kind == "xã" else "tổ dân phố"
    return (village_kinds.of_heading(sheet.headings[sheet.chosen["village"]]) or usual).capitalize()


def _name(text: str, unit: str) -> str:
    """A thôn's name as it is shown; one that is a number ("3", "Số 3") gets its unit before it."""
    name = titled(one_line(village_names.brackets_off(text)))
    return f"{unit} {name[:1].lower()}{name[1:]}" if _NUMBER.fullmatch(name) else name


def _whole_code(code: str, commune: Commune) -> str:
    """A number within the commune ("7", "07") as the official code it stands for."""
    return f"{commune.code}{int(code):0{_OWN_DIGITS}d}" if re.fullmatch(r"[0-9]{1,3}", code) else code


def _known(codes: list[str]) -> dict[str, Village]:
    """The thôn that have these codes anywhere, or had them: a code is kept for ever."""
    query = sa.select(Village).where(Village.code.in_(codes)).order_by(Village.valid_to.is_(None))
    return {village.code: village for village in db.session.scalars(query)}


def _free_codes(commune: Commune) -> Iterator[str]:
    """The commune's code and the next numbers that no thôn has or had."""
    taken = {
        int(code[len(commune.code) :])
        for code in db.session.scalars(sa.select(Village.code).where(Village.code.startswith(commune.code)))
        if re.fullmatch(rf"{re.escape(commune.code)}[0-9]{{{_OWN_DIGITS}}}", code)
    }
    for number in range(max(taken, default=0) + 1, 10**_OWN_DIGITS):
        yield f"{commune.code}{number:0{_OWN_DIGITS}d}"
