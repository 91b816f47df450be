"""Household lists of a commune from Excel or CSV: read, checked, compared with what is there, added, undone."""

import csv
import io
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import sqlalchemy as sa

from forms import sheets
from forms.choices import unaccented
from forms.errors import FormRejected
from geo import encodings
from server import audit, clock
from server.db import db
from server.errors import Problem
from server.households.household_problems import HouseholdProblem
from server.households.records import HOUSEHOLDS, status
from server.households.search import are_alike
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

MOST_BYTES = 10_000_000
MOST_ROWS = 20_000
MOST_TOLD = 50
"""Wrong rows that are told at once."""

NAMES = (
    "ho ten chu ho",
    "ho va ten chu ho",
    "ten chu ho",
    "chu ho",
    "ho ten",
    "ho va ten",
    "ten ho",
    "ho gia dinh",
)
PLACES = ("thon", "ma thon", "ten thon", "thon/to dan pho", "to dan pho", "khu dan cu", "to")
ADDRESSES = ("dia chi", "noi o", "noi o hien nay", "dia chi thuong tru")
LANES = ("ngo", "xom", "duong", "ngo/xom", "duong/ngo", "ten duong")
NUMBERS = ("so nha", "so")
"""Headings that are understood, lower case and without marks."""


class RegisterRejected(Exception):
    """A list of which nothing was stored; one Vietnamese sentence for each thing to put right."""

    def __init__(self, sentences: Sequence[str]) -> None:
        told = [*sentences[:MOST_TOLD]]
        if len(sentences) > MOST_TOLD:
            told.append(f"… và {len(sentences) - MOST_TOLD} dòng nữa.")
        self.sentences = tuple(told)
        super().__init__(" ".join(told))


@dataclass(frozen=True)
class Row:
    """A household as a list names it; `number` as Excel counts rows."""

    number: int
    label: str
    place: str
    address: str


@dataclass(frozen=True)
class Placed:
    """A row whose thôn is known."""

    row: Row
    village: Village


@dataclass(frozen=True)
class Twin:
    """A row that may be a household which is there already, or which an earlier row of the list names."""

    placed: Placed
    other_label: str
    other_address: str
    other_id: uuid.UUID | None
    """None: it stands earlier in the same list, at row `other_row`."""
    other_row: int | None = None


@dataclass(frozen=True)
class Compared:
    """A list set against what is there: rows that are new, and rows that may be there already."""

    new: tuple[Placed, ...]
    twins: tuple[Twin, ...]


def read(content: bytes, filename: str) -> list[Row]:
    """The rows of a list: .xlsx or .xls by its first sheet, anything else as CSV. Raises RegisterRejected."""
    if len(content) > MOST_BYTES:
        raise RegisterRejected([f"Tệp lớn hơn {MOST_BYTES // 1_000_000} MB; hãy tách theo thôn."])
    workbook = PurePath(filename).suffix.lower() in (".xlsx", ".xls", ".xlsm")
    head, cells = _of_workbook(content, filename) if workbook else _of_csv(content)
    if len(cells) > MOST_ROWS:
        raise RegisterRejected([f"Danh sách có {len(cells)} dòng; mỗi lần nạp nhiều nhất {MOST_ROWS} hộ."])
    return _rows(head, cells)


def _of_workbook(content: bytes, filename: str) -> tuple[list[str], list[tuple[int, Mapping[str, str]]]]:
    try:
        sheet = next(iter(sheets.read(content, filename).values()), None)
    except FormRejected as rejected:
        raise RegisterRejected([f"Tệp không đọc được: {error}" for error in rejected.errors]) from rejected
    if sheet is None:
        raise RegisterRejected(["Tệp không có trang tính nào."])
    return [each or "" for each in sheet.headings], [(row.number, row.cells) for row in sheet.rows]


def _of_csv(content: bytes) -> tuple[list[str], list[tuple[int, Mapping[str, str]]]]:
    """CSV in whatever letters it was written: UTF-8, TCVN3 or Windows-1258."""
    plain = content.removeprefix(b"\xef\xbb\xbf")
    letters, _ = encodings.decode(plain.splitlines()[:2000], None)
    text = encodings.text(plain, letters)
    mark = max("\t;,", key=text.partition("\n")[0].count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
    except csv.Error as error:
        raise RegisterRejected(["Tệp không đọc được: có ô mở ngoặc kép mà không đóng."]) from error
    table = [(number, row) for number, row in enumerate(rows, start=1) if any(map(str.strip, row))]
    if not table:
        raise RegisterRejected(["Tệp trống."])
    (_, head), *rest = table
    return head, [(number, dict(zip(head, row, strict=False))) for number, row in rest]


def _rows(head: Sequence[str], cells: Sequence[tuple[int, Mapping[str, str]]]) -> list[Row]:
    name, place = _column(head, NAMES), _column(head, PLACES)
    if name is None or place is None:
        missing = [
            words for column, words in ((name, "“Họ tên chủ hộ”"), (place, "“Thôn”")) if column is None
        ]
        raise RegisterRejected(
            [f"Dòng đầu chưa có cột {' và '.join(missing)}; hãy thêm tiêu đề ấy rồi nạp lại."]
        )
    if not cells:
        raise RegisterRejected(["Danh sách chỉ có dòng tiêu đề."])
    parts = [column for column in (_column(head, each) for each in (NUMBERS, LANES, ADDRESSES)) if column]
    found, wrong = [], []
    for number, row in cells:
        label, where = _clean(row.get(name)), _clean(row.get(place))
        if not label:
            wrong.append(f"Dòng {number}: chưa có họ tên chủ hộ.")
        if not where:
            wrong.append(f"Dòng {number}: chưa ghi thôn.")
        address = ", ".join(filter(None, (_clean(row.get(column)) for column in parts)))
        found.append(Row(number, label, where, address))
    if wrong:
        raise RegisterRejected(wrong)
    return found


def _column(head: Sequence[str], known: Sequence[str]) -> str | None:
    return next((each for name in known for each in head if " ".join(unaccented(each).split()) == name), None)


def _clean(value: str | None) -> str:
    """One line of at most 200 printable characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in value or "").split())[:200]


def compare(rows: Iterable[Row], commune: Commune) -> Compared:
    """Find the thôn of every row, and the households that may be the same. Raises RegisterRejected for wrong rows.

    The same is: in the same thôn nearly the same name, and an address that does not speak against it.
    """
    placed = _placed(rows, commune)
    known = _known(commune)
    new, twins = [], []
    for each in placed:
        same = known.setdefault((each.village.id, _last_word(each.row.label)), [])
        twin = next((other for other in same if _may_be(each.row, *other[:2])), None)
        if twin is None:
            new.append(each)
        else:
            twins.append(Twin(each, *twin))
        same.append((each.row.label, each.row.address, None, each.row.number))
    return Compared(tuple(new), tuple(twins))


_Other = tuple[str, str, uuid.UUID | None, int | None]


def _known(commune: Commune) -> dict[tuple[int, str], list[_Other]]:
    """The households of a commune by the thôn of today and the last word of their names."""
    today = merged_villages.merged(commune)
    query = (
        sa.select(Entity.village_id, Entity.label, Entity.data, Entity.id)
        .join(EntityList, EntityList.id == Entity.list_id)
        .join(Village, Village.id == Entity.village_id)
        .where(EntityList.name == HOUSEHOLDS, Village.commune_id == commune.id, Entity.ended_at.is_(None))
    )
    found: dict[tuple[int, str], list[_Other]] = {}
    rows: Iterable[Any] = db.session.execute(query)
    for village_id, label, data, key in rows:
        home = today[village_id].id if village_id in today else village_id
        named = found.setdefault((home, _last_word(label)), [])
        named.append((label, data.get("dia_chi") or "", key, None))
    return found


def _last_word(label: str) -> str:
    return unaccented(label).rpartition(" ")[2]


def _may_be(row: Row, label: str, address: str) -> bool:
    """Nearly the same name, and no two addresses that speak against it."""
    return are_alike(row.label, label) and (not row.address or not address or are_alike(row.address, address))


def _placed(rows: Iterable[Row], commune: Commune) -> list[Placed]:
    """Rows in their thôn, by code or by a name that is the only one."""
    places = merged_villages.by_words(commune)
    placed, wrong = [], []
    for row in rows:
        found = merged_villages.called(places, row.place)
        if len(found) == 1:
            placed.append(Placed(row, found[0]))
        elif found:
            codes = ", ".join(sorted(village.code for village in found))
            wrong.append(
                f"Dòng {row.number}: có {len(found)} thôn tên “{row.place[:40]}”; hãy ghi mã: {codes}."
            )
        else:
            wrong.append(f"Dòng {row.number}: xã không có thôn “{row.place[:40]}”.")
    if wrong:
        raise RegisterRejected(wrong)
    return placed


def keep(commune: Commune, content: bytes, filename: str, *, actor: str, name: str) -> HouseholdImport:
    """Set a readable list aside until it is confirmed; the caller commits. Raises RegisterRejected."""
    read(content, filename)
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


def store(kept: HouseholdImport, commune: Commune, also: Iterable[int] = ()) -> int:
    """Add the households of a list that are not there yet, and those twins whose rows are in `also`; how many.

    The caller commits. The list itself is forgotten: what it said stands in the households.
    """
    if kept.content is None:
        raise Problem(HouseholdProblem.IMPORT_UNKNOWN)
    compared = compare(read(bytes(kept.content), kept.filename), commune)
    wanted = frozenset(also)
    chosen = [*compared.new, *(twin.placed for twin in compared.twins if twin.placed.row.number in wanted)]
    _add(chosen, kept)
    kept.added, kept.content = len(chosen), None
    _audit("household.import", kept, {"added": len(chosen), "left_out": len(compared.twins) - len(wanted)})
    return len(chosen)


def _add(chosen: Sequence[Placed], kept: HouseholdImport) -> None:
    list_id = db.session.scalar(sa.select(EntityList.id).where(EntityList.name == HOUSEHOLDS))
    if list_id is None:
        row = EntityList(name=HOUSEHOLDS)
        db.session.add(row)
        db.session.flush()
        list_id = row.id
    at = clock.now()
    rows = [(uuid.uuid4(), each, {"thon": each.village.code, "dia_chi": each.row.address}) for each in chosen]
    if not rows:
        return
    db.session.execute(
        sa.insert(Entity),
        [
            {
                "id": key, "list_id": list_id, "village_id": each.village.id, "label": each.row.label,
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
                "entity_id": key, "version": 1, "label": each.row.label, "data": {**own, **status(())},
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
