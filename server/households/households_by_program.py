"""Households of a commune's list as a program writes them: added, renamed, put into another thôn, ended.

Each goes the way that officers' lists and acts go, so that nothing is listed twice and everything can be undone.
"""

import csv
import io
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from server import clock
from server.db import begin_writing, db
from server.errors import Problem
from server.files.tables.excel_and_csv import SheetCells
from server.households import household_acts, household_parts, list_changes, list_import
from server.households.act_rows import Officer, check_listed, household_of, impossible
from server.households.household_problems import HouseholdProblem
from server.households.list_changes import ListDecisions
from server.households.list_comparison import Compared, own_code
from server.households.list_import import HOUSEHOLD_TABLE, RegisterRejected
from server.models import Commune, Entity, EntityAct, Village

_NAME, _VILLAGE, _LANE, _NUMBER, _ADDRESS, _CODE = (
    {each.meaning: each.title for each in HOUSEHOLD_TABLE.columns}[name]
    for name in ("household_head", "village_code", "lane", "house_number", "address", "household_code")
)


@dataclass(frozen=True)
class WrittenHousehold:
    """A household as a program writes it; `label` may hold the address (“Lương Thị Nụ, Ngõ 14, số 3”)."""

    id: uuid.UUID
    label: str
    village_code: str
    address: str = ""
    code: str = ""


def add(rows: Sequence[WrittenHousehold], commune: Commune, filename: str, officer: Officer) -> None:
    """Add them all, or none; the caller commits.

    Problem ACT_IMPOSSIBLE where one is, or may be, a household that is listed already, here or in the commune, or names
    no thôn of it.
    """
    sheets = _cells(rows)
    keys = [each.id for each in rows]
    begin_writing()
    if len(set(keys)) < len(keys) or db.session.scalar(
        sa.select(Entity.id).where(Entity.id.in_(keys)).limit(1)
    ):
        raise impossible("đã có hộ mang mã (uuid) này.")

    def decide(compared: Compared) -> ListDecisions:
        if compared.twins:
            twin = compared.twins[0]
            why = f"“{twin.placed.row.label}” có thể đã có trong danh sách; hãy xem ở trang Danh sách hộ."
            raise impossible(why)
        ordered = sorted(each.row.number for each in compared.new)
        return ListDecisions(keys=dict(zip(ordered, keys, strict=True)))

    _store(sheets, commune, filename, officer, decide)


def change(
    entity_id: uuid.UUID,
    version: int | None,
    values: Mapping[str, str],
    commune: Commune,
    filename: str,
    officer: Officer,
) -> None:
    """Give a household another `label`, `address` or `village` (code); the caller commits.

    `version` is the one that the program has seen, None: whichever it is. Problem HOUSEHOLD_UNKNOWN, OVERTAKEN for an
    older one, ACT_IMPOSSIBLE.
    """
    found = db.session.get(Entity, entity_id)
    if found is None:
        raise Problem(HouseholdProblem.HOUSEHOLD_UNKNOWN)
    row = _renamed(found, values)
    sheets = _cells([row]) if row is not None else None
    begin_writing()
    connection = db.session.connection()
    household = household_of(connection, entity_id, officer)
    check_listed(household)
    if version is not None and version != household.version:
        raise Problem(HouseholdProblem.OVERTAKEN, version=household.version)
    village = _village(values["village"], commune) if "village" in values else household.village_id
    if sheets is not None:
        _store(sheets, commune, filename, officer, lambda compared: _itself(compared, entity_id))
    if village != household.village_id:
        household_acts.fix_village(connection, entity_id, village, officer)


def end(entity_id: uuid.UUID, officer: Officer) -> None:
    """The household is no longer there from today; the caller commits. Problems as of `household_acts.end`."""
    begin_writing()
    household_acts.end(db.session.connection(), entity_id, clock.today(), officer)


def bring_back(entity_id: uuid.UUID, officer: Officer) -> None:
    """Take back that it ended; the caller commits. Problems HOUSEHOLD_UNKNOWN, ACT_IMPOSSIBLE where it is there."""
    begin_writing()
    connection = db.session.connection()
    household = household_of(connection, entity_id, officer)
    newest = sa.select(EntityAct.id).where(
        EntityAct.entity_id == entity_id, EntityAct.kind == "end", EntityAct.undone_at.is_(None)
    )
    act = connection.scalar(newest.order_by(EntityAct.id.desc()).limit(1))
    if household.ended_at is None or act is None:
        raise impossible("hộ còn trong danh sách, hoặc đã được gộp vào hộ khác.")
    household_acts.undo(connection, act, officer)


def _itself(compared: Compared, entity_id: uuid.UUID) -> ListDecisions:
    """The row is the household whose code it bears, and no other."""
    if [twin.other_id for twin in compared.twins] != [entity_id]:
        raise impossible("tên hoặc địa chỉ mới trùng với một hộ khác.")
    return ListDecisions(same=frozenset(twin.placed.row.number for twin in compared.twins))


def _renamed(found: Entity, values: Mapping[str, str]) -> WrittenHousehold | None:
    """The household as the list shall have it; None where name and address stay."""
    before = household_parts.of_row(found.label, found.data)
    label, address = values.get("label", ""), values.get("address", "")
    if address:
        name = household_parts.read(label, address).name if label else before.name
        after = household_parts.of_list(name, address)
    elif label:
        after = household_parts.read(label, before.address)
    else:
        return None
    if after == before or found.village_id is None:
        return None
    village = db.session.get_one(Village, found.village_id)
    return WrittenHousehold(found.id, after.called, village.code, after.address, own_code(found.id))


def _village(code: str, commune: Commune) -> int:
    found = db.session.scalar(
        sa.select(Village.id).where(Village.code == code, Village.commune_id == commune.id)
    )
    if found is None:
        raise impossible(f"{commune.kind} không có thôn mã “{code[:40]}”.")
    return found


def _store(
    sheets: Sequence[SheetCells],
    commune: Commune,
    filename: str,
    officer: Officer,
    decide: list_changes.Decide,
) -> None:
    commune = db.session.get_one(Commune, commune.id)
    kept = list_import.keep(commune, b"-", filename, actor=officer.actor, name=officer.name)
    try:
        list_changes.store(kept, commune, decide, officer, sheets)
    except RegisterRejected as rejected:
        raise impossible("; ".join(rejected.sentences)) from rejected


def _cells(rows: Sequence[WrittenHousehold]) -> tuple[SheetCells, ...]:
    """The rows as the cells of a list, read before anything is written."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow((_NAME, _VILLAGE, _LANE, _NUMBER, _ADDRESS, _CODE))
    for each in rows:
        parts = household_parts.read(each.label, each.address)
        name, lane, number, address = household_parts.filed(parts)
        writer.writerow((name, each.village_code, lane, number, address, each.code))
    try:
        return list_import.cells(text.getvalue().encode("utf-8-sig"), "danh-sach.csv")
    except RegisterRejected as rejected:
        raise impossible("; ".join(rejected.sentences)) from rejected
