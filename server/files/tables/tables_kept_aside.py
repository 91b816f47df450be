"""Tables that wait for their officer's word: kept aside, found again, read as was chosen, forgotten."""

import datetime as dt
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from server import clock
from server.db import db
from server.errors import Problem
from server.files.file_problems import FileProblem
from server.files.tables import cells_by_reading_process, excel_and_csv
from server.files.tables.excel_and_csv import SheetCells, TableRejected
from server.files.tables.table_kinds import ReadingChoice
from server.models import TableDraft

KEPT = dt.timedelta(hours=24)
"""How long a table waits for its confirmation."""
_COLUMN = re.compile(r"cot_([a-z_]{1,40})")


@dataclass(frozen=True)
class KeptTable:
    """A table that waits, and what the form said when it was sent."""

    id: str
    file_name: str
    content: bytes
    given: Mapping[str, str]

    cells: tuple[SheetCells, ...] | None = None
    """What it was found to hold, where it was read before."""

    def sheets(self) -> tuple[SheetCells, ...]:
        """Its cells. Raises TableRejected."""
        if self.cells is not None:
            return self.cells
        if self.file_name:
            return cells_by_reading_process.of_file(self.content, self.file_name)
        return cells_by_reading_process.of_text(self.content.decode())

    def read(self) -> "KeptTable":
        """The same with its cells, to be looked at more than once and in a transaction that writes."""
        return replace(self, cells=self.sheets())

    @property
    def choice(self) -> ReadingChoice:
        return choice_of(self.given)


def choice_of(given: Mapping[str, str]) -> ReadingChoice:
    """How an officer wants a table read, as a form says it: columns, the row of the heading, sheets to leave out."""
    columns = {
        found[1]: int(place[:4]) if place.isdecimal() and place.isascii() else None
        for name, place in given.items()
        if (found := _COLUMN.fullmatch(name)) and place
    }
    heading = given.get("dong_tieu_de", "")
    without = frozenset(filter(None, given.get("bo_trang", "").split("\n")))
    is_row = heading.isdecimal() and heading.isascii()
    return ReadingChoice(columns, without, int(heading[:6]) if is_row else None)


def keep(
    commune_id: int, subject: str, actor: str, content: bytes, file_name: str, given: Mapping[str, str]
) -> KeptTable:
    """Set a table aside in place of the same officer's earlier one, and forget those that waited too long.

    The caller commits. Raises TableRejected for what is too large to be kept.
    """
    if len(content) > excel_and_csv.MOST_BYTES:
        raise TableRejected(
            [f"Tệp lớn hơn {excel_and_csv.MOST_BYTES // 1_000_000} MB; hãy tách thành nhiều tệp."]
        )
    mine = sa.and_(
        TableDraft.commune_id == commune_id, TableDraft.subject == subject, TableDraft.actor == actor
    )
    db.session.execute(sa.delete(TableDraft).where(sa.or_(TableDraft.made_at < clock.now() - KEPT, mine)))
    name = PurePath(file_name.replace("\\", "/")).name[:120]
    row = TableDraft(
        id=secrets.token_urlsafe(12), commune_id=commune_id, subject=subject, actor=actor, file_name=name,
        content=content, choice=dict(given), made_at=clock.now(),
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return KeptTable(row.id, name, content, dict(given))


def kept(commune_id: int, subject: str, key: str) -> KeptTable:
    """A commune's table of a subject; Problem FILE_EXPIRED where it waits no longer."""
    row = db.session.get(TableDraft, key, options=[undefer(TableDraft.content)])
    if (
        row is None
        or (row.commune_id, row.subject) != (commune_id, subject)
        or row.made_at < clock.now() - KEPT
    ):
        raise Problem(FileProblem.FILE_EXPIRED)
    return KeptTable(row.id, row.file_name, bytes(row.content), dict(row.choice))


def choose(table: KeptTable, given: Mapping[str, str]) -> KeptTable:
    """Have it read in another way. The caller commits."""
    db.session.execute(sa.update(TableDraft).where(TableDraft.id == table.id).values(choice=dict(given)))
    return KeptTable(table.id, table.file_name, table.content, dict(given))


def forget(key: str) -> None:
    """The table is not needed any more."""
    db.session.execute(sa.delete(TableDraft).where(TableDraft.id == key))
