"""A table of collectors, from Excel, CSV or the clipboard: read, checked row by row, and added all or not at all."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import sqlalchemy as sa

from forms import sheets
from forms.choices import unaccented
from forms.errors import FormRejected
from server import clock
from server.db import db
from server.models import Collector, CollectorVillage, Commune, Village
from server.phones import collectors
from server.phones.collectors import CollectorRejected, NewCollector
from server.places import merged_villages

MOST_ROWS = 500
MOST_BYTES = 2_000_000
MOST_TOLD = 20
"""Wrong rows that are told at once."""

NAMES = ("ho ten", "ho va ten", "ten", "thanh vien", "ho ten thanh vien")
PLACES = ("thon", "ma thon", "to", "ten thon", "ma to", "to dan pho", "thon/to dan pho")
"""Headings that are understood, lower case and without marks."""


class TableRejected(Exception):
    """A table from which nobody was added; one Vietnamese sentence for each thing to put right."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self.sentences = tuple(sentences)
        super().__init__("; ".join(sentences))


@dataclass(frozen=True)
class Line:
    """One row: its number as Excel counts, the name, and what stands for the thôn."""

    number: int
    name: str
    places: str


def add(lines: Iterable[Line], commune: Commune, *, actor: str = "system") -> list[NewCollector]:
    """Add everybody in the table; the caller commits. Raises TableRejected, and then has added nobody."""
    places = merged_villages.by_words(commune)
    known = _known(commune)
    wrong: list[str] = []
    wanted: list[tuple[Line, list[Village]]] = []
    for line in lines:
        villages = _villages(line, places, wrong)
        key = {(unaccented(line.name), village.id) for village in villages}
        twice = key & known.keys()
        if twice:
            wrong.append(f"Dòng {line.number}: {line.name} đã có ở thôn này ({known[min(twice)]}).")
        known.update(dict.fromkeys(key, f"dòng {line.number}"))
        wanted.append((line, villages))
    made = [] if wrong else _made(wanted, commune, actor, wrong)
    if wrong:
        more = [f"… và {len(wrong) - MOST_TOLD} dòng nữa."] if len(wrong) > MOST_TOLD else []
        raise TableRejected([*wrong[:MOST_TOLD], *more])
    return made


def _made(
    wanted: Iterable[tuple[Line, list[Village]]], commune: Commune, actor: str, wrong: list[str]
) -> list[NewCollector]:
    made = []
    for line, villages in wanted:
        try:
            made.append(collectors.add(line.name, commune, villages, actor=actor))
        except CollectorRejected as rejected:
            wrong.append(f"Dòng {line.number}: {rejected}")
    return made


def read(content: bytes, filename: str) -> list[Line]:
    """The rows of a file: .xlsx or .xls by its first sheet, anything else as CSV. Raises TableRejected."""
    if len(content) > MOST_BYTES:
        raise TableRejected(["Tệp lớn hơn 2 MB; chỉ cần hai cột họ tên và thôn."])
    if PurePath(filename).suffix.lower() in (".xlsx", ".xls"):
        return _of_workbook(content, filename)
    try:
        return read_text(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise TableRejected(
            ["Tệp CSV không phải UTF-8: trong Excel chọn Lưu thành “CSV UTF-8”, hoặc tải lên tệp .xlsx."]
        ) from error


def read_text(text: str) -> list[Line]:
    """The rows of CSV text, or of cells copied from Excel (separated by tabs). Raises TableRejected."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    mark = max("\t;,", key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
    except csv.Error as error:
        raise TableRejected(["Bảng không đọc được: có ô mở ngoặc kép mà không đóng."]) from error
    table = [(number, row) for number, row in enumerate(rows, start=1) if any(map(str.strip, row))]
    if not table:
        raise TableRejected(["Bảng trống."])
    (_, head), *rest = table
    cells = [(number, dict(zip(head, row, strict=False))) for number, row in rest]
    return _lines(head, cells)


def _of_workbook(content: bytes, filename: str) -> list[Line]:
    try:
        sheet = next(iter(sheets.read(content, filename).values()), None)
    except FormRejected as rejected:
        raise TableRejected([f"Tệp không đọc được: {error}" for error in rejected.errors]) from rejected
    if sheet is None:
        raise TableRejected(["Tệp không có trang tính nào."])
    return _lines([each or "" for each in sheet.headings], [(row.number, row.cells) for row in sheet.rows])


def _lines(head: Sequence[str], rows: Sequence[tuple[int, Mapping[str, str]]]) -> list[Line]:
    name, place = _column(head, NAMES), _column(head, PLACES)
    if name is None or place is None:
        raise TableRejected(["Dòng đầu phải có hai tiêu đề “Họ tên” và “Thôn” (mã hoặc tên thôn)."])
    if not rows:
        raise TableRejected(["Bảng chỉ có dòng tiêu đề."])
    if len(rows) > MOST_ROWS:
        raise TableRejected([f"Bảng có {len(rows)} dòng; mỗi lần thêm nhiều nhất {MOST_ROWS} người."])
    return [
        Line(number, (row.get(name) or "").strip(), (row.get(place) or "").strip()) for number, row in rows
    ]


def _column(head: Sequence[str], known: Sequence[str]) -> str | None:
    return next((each for each in head if " ".join(unaccented(each).split()) in known), None)


def _villages(line: Line, places: Mapping[str, Sequence[Village]], wrong: list[str]) -> list[Village]:
    named = [" ".join(each.split()) for each in line.places.replace(",", ";").split(";") if each.strip()]
    if not named:
        wrong.append(f"Dòng {line.number}: chưa ghi thôn của {line.name or 'người này'}.")
    chosen: list[Village] = []
    for each in named:
        found = merged_villages.called(places, each)
        if len(found) == 1:
            chosen += found
        elif not found:
            wrong.append(f"Dòng {line.number}: xã không có thôn “{each[:40]}”.")
        else:
            codes = ", ".join(sorted(village.code for village in found))
            wrong.append(f"Dòng {line.number}: có {len(found)} thôn tên “{each[:40]}”; hãy ghi mã: {codes}.")
    return chosen


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
