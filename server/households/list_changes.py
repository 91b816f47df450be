"""What a list of households changes when its officer has decided: added, called otherwise, ended; undone as a whole."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from server import audit, clock
from server.counting import writer_lock
from server.db import db, in_vietnamese_order
from server.errors import Problem
from server.files.tables.excel_and_csv import SheetCells
from server.households import household_acts, list_comparison, list_import
from server.households.act_rows import Officer
from server.households.entity_changes import HOUSEHOLDS, status
from server.households.household_problems import HouseholdProblem
from server.households.household_states import WITHDRAWN
from server.households.list_comparison import CODE, Compared, RowDoubt, Twin
from server.households.list_import import PlacedRow
from server.households.read_address import LONGEST
from server.households.rebuild_entity import AT_ONCE, restate_all
from server.models import Commune, Entity, EntityAct, EntityList, EntityVersion, HouseholdImport, Submission


@dataclass(frozen=True)
class ListDecisions:
    """What an officer said of rows that were asked about, and of households that a list does not name."""

    same: frozenset[int] = frozenset()
    """Rows that are the household beside them, which is called as the list says from now on."""
    other: frozenset[int] = frozenset()
    """Rows that are another household, however alike."""
    gone: frozenset[uuid.UUID] = frozenset()
    """Households that are not there any more."""
    keys: Mapping[int, uuid.UUID] = field(default_factory=dict)
    """Keys that rows which are added bring along; the others get one."""


Decide = Callable[[Compared], ListDecisions]


def undecided(_: Compared) -> ListDecisions:
    """What is asked about is left as it is."""
    return ListDecisions()


@dataclass(frozen=True)
class StoredList:
    """What a list did: households added, called otherwise, ended; and rows that were left as they are."""

    added: int
    changed: int
    ended: int
    left: int


@dataclass(frozen=True)
class UndoneList:
    """What taking a list back did; `stayed` were visited or changed by others meanwhile."""

    ended: int
    restored: int
    stayed: int


def store(
    kept: HouseholdImport,
    commune: Commune,
    decide: Decide = undecided,
    officer: Officer | None = None,
    sheets: Sequence[SheetCells] | None = None,
) -> StoredList:
    """Do what a list says, read as was chosen, with what was decided about it; the caller commits.

    `sheets` are its cells where they were read before. Raises RegisterRejected, and Problem IMPORT_UNKNOWN for one
    that is stored already.
    The list itself is forgotten: what it said stands in the households.
    """
    connection = db.session.connection()
    writer_lock.hold(connection)
    if kept.content is None:
        raise Problem(HouseholdProblem.IMPORT_UNKNOWN)
    cells = list_import.cells_kept(kept) if sheets is None else sheets
    rows = list_import.rows_of(list_import.table_of(cells, list_import.choice(kept)))
    compared = list_comparison.compare(rows, commune)
    by_list, decided = _acting(kept, officer), decide(compared)
    others = [twin.placed for twin in compared.twins if twin.placed.row.number in decided.other]
    added = [*compared.new, *others]
    _add(connection, added, kept, decided.keys)
    kin = [twin for twin in compared.twins if twin.placed.row.number not in decided.other and twin.known]
    same = [twin for twin in kin if twin.doubt is not None and twin.placed.row.number in decided.same]
    known = [twin for twin in kin if twin.doubt is None]
    changed = [twin for twin in (*same, *known) if twin.renames and (twin.doubt or twin.is_changed)]
    renamed = {twin.other_id for twin in changed}
    coded = [twin for twin in (*same, *known) if twin.takes_code and twin.other_id not in renamed]
    _rename(connection, changed, coded, by_list)
    moved = _do(connection, [_Move(twin) for twin in same if twin.doubt is RowDoubt.VILLAGE], by_list)
    gone = [each.id for each in compared.missing if each.id in decided.gone]
    ended = _do(connection, [_End(each) for each in gone], by_list)
    stored = StoredList(len(added), len(renamed | moved), len(ended), _left(compared, decided))
    kept.added, kept.changed, kept.ended, kept.content = stored.added, stored.changed, stored.ended, None
    _audit("household.import", kept, by_list, vars(stored))
    return stored


def _left(compared: Compared, decided: ListDecisions) -> int:
    """Rows of which nobody has said what they are; what is repeated in the list needs no word."""
    rows = {twin.placed.row.number for twin in compared.asked if twin.doubt is not RowDoubt.REPEATED}
    return len(rows - decided.same - decided.other)


def _acting(kept: HouseholdImport, officer: Officer | None) -> Officer:
    """Who acts by this list: the one who confirms it, or the one who loaded it."""
    if officer is None:
        return Officer(kept.actor, kept.name, kept.commune_id, by_list=kept.id)
    return Officer(officer.actor, officer.name, officer.commune_id, officer.address, kept.id)


def _list_id(connection: sa.Connection) -> int:
    found = connection.scalar(sa.select(EntityList.id).where(EntityList.name == HOUSEHOLDS))
    if found is None:
        found = connection.scalar(sa.insert(EntityList).values(name=HOUSEHOLDS).returning(EntityList.id))
    return int(found or 0)


def _add(
    connection: sa.Connection,
    added: Sequence[PlacedRow],
    kept: HouseholdImport,
    keys: Mapping[int, uuid.UUID],
) -> None:
    if not added:
        return
    list_id, at = _list_id(connection), clock.now()
    entities, versions = [], []
    for each in added:
        key, own, label = keys.get(each.row.number) or uuid.uuid4(), _own(each), each.row.parts.label
        data = {**own, **status(())}
        entities.append(
            {
                "id": key, "list_id": list_id, "village_id": each.village.id, "label": label, "data": data,
                "version": 1, "created_at": at, "changed_at": at, "import_id": kept.id,
            }
        )  # fmt: skip
        versions.append(
            {"entity_id": key, "version": 1, "label": label, "data": data, "received": own, "created_at": at}
        )
    connection.execute(sa.insert(Entity), entities)
    connection.execute(sa.insert(EntityVersion), versions)


def _own(each: PlacedRow) -> dict[str, str]:
    code = {CODE: each.row.code} if each.row.code else {}
    return {"thon": each.village.code, "dia_chi": each.row.parts.address, **code}


def _rename(
    connection: sa.Connection, changed: Sequence[Twin], coded: Sequence[Twin], officer: Officer
) -> None:
    """Give households what a list says of them: an act and a version each, a statement a table for AT_ONCE."""
    said: dict[uuid.UUID, tuple[str | None, dict[str, str]]] = {}
    for twin, renames in (*((twin, twin.renames) for twin in changed), *((twin, False) for twin in coded)):
        code = {CODE: twin.placed.row.code} if twin.takes_code else {}
        own = {"dia_chi": twin.after.address, **code} if renames else code
        if twin.other_id is not None:
            said[twin.other_id] = (twin.after.label[:LONGEST] if renames else None, own)
    keys = sorted(said)
    for start in range(0, len(keys), AT_ONCE):
        _rename_some(connection, {key: said[key] for key in keys[start : start + AT_ONCE]}, officer)


def _rename_some(
    connection: sa.Connection, said: Mapping[uuid.UUID, tuple[str | None, dict[str, str]]], officer: Officer
) -> None:
    at = clock.now()
    begin_histories(connection, said)
    connection.execute(
        sa.insert(EntityAct),
        [
            {
                "entity_id": key, "kind": "list", "day": None, "at": at, "actor": officer.actor,
                "name": officer.name, "detail": {}, "import_id": officer.by_list,
            }
            for key in said
        ],
    )  # fmt: skip
    mine = sa.select(EntityAct.entity_id, EntityAct.id).where(
        EntityAct.import_id == officer.by_list, EntityAct.kind == "list", EntityAct.entity_id.in_(said)
    )
    act_of = {row.entity_id: row.id for row in connection.execute(mine)}
    columns = (Entity.id, Entity.label, Entity.data, Entity.version)
    entities, versions = [], []
    for row in connection.execute(sa.select(*columns).where(Entity.id.in_(said))):
        named, own = said[row.id]
        label, data, version = named or row.label, {**row.data, **own}, row.version + 1
        entities.append({"key": row.id, "new_label": label, "new_data": data, "new_version": version})
        versions.append(
            {
                "entity_id": row.id, "version": version, "label": label, "data": data, "received": own,
                "named": named, "created_at": at, "act_id": act_of[row.id],
            }
        )  # fmt: skip
    connection.execute(_CHANGE.values(changed_at=at), entities)
    connection.execute(sa.insert(EntityVersion), versions)


_CHANGE = (
    sa.update(Entity)
    .where(Entity.id == sa.bindparam("key"))
    .values(
        label=sa.bindparam("new_label"), data=sa.bindparam("new_data"), version=sa.bindparam("new_version")
    )
)


def begin_histories(connection: sa.Connection, keys: Iterable[uuid.UUID]) -> None:
    """Give households that were listed without a first version the one that they had: undoing goes back to it."""
    known = sa.select(EntityVersion.entity_id, EntityVersion.version, EntityVersion.received).where(
        EntityVersion.entity_id.in_(keys)
    )
    begun, set_later = set(), set()
    for row in connection.execute(known):
        if row.version == 1:
            begun.add(row.entity_id)
        set_later |= {(row.entity_id, name) for name in row.received or ()}
    lacking = [key for key in keys if key not in begun]
    if not lacking:
        return
    columns = (Entity.id, Entity.label, Entity.data, Entity.created_at)
    connection.execute(
        sa.insert(EntityVersion),
        [
            {
                "entity_id": row.id, "version": 1, "label": row.label, "created_at": row.created_at,
                "data": {k: v for k, v in row.data.items() if (row.id, k) not in set_later},
            }
            for row in connection.execute(sa.select(*columns).where(Entity.id.in_(lacking))).all()
        ],
    )  # fmt: skip


@dataclass(frozen=True)
class _Move:
    """A household that the list names in another thôn: it has lived there since today, as far as anybody knows."""

    twin: Twin

    def do(self, connection: sa.Connection, officer: Officer) -> uuid.UUID | None:
        known = self.twin.known
        if known is not None:
            household_acts.move(connection, known.id, self.twin.placed.village.id, clock.today(), officer)
        return known.id if known is not None else None


@dataclass(frozen=True)
class _End:
    """A household that the list names no more."""

    key: uuid.UUID

    def do(self, connection: sa.Connection, officer: Officer) -> uuid.UUID | None:
        household_acts.end(connection, self.key, clock.today(), officer)
        return self.key


def _do(connection: sa.Connection, wanted: Iterable[_Move | _End], officer: Officer) -> set[uuid.UUID]:
    """Do these one by one; what cannot be done (the household turned today already) is left as it is."""
    done = set()
    for each in wanted:
        try:
            key = each.do(connection, officer)
        except Problem:
            continue
        done |= {key} if key is not None else set()
    return done


def undo(kept: HouseholdImport, officer: Officer | None = None) -> UndoneList:
    """Take a whole list back, also after visits have come; the caller commits.

    What it changed goes back, the new households that nobody has visited or changed end, the others stay.
    """
    connection = db.session.connection()
    writer_lock.hold(connection)
    if kept.undone_at is not None or kept.content is not None:
        raise Problem(HouseholdProblem.IMPORT_UNKNOWN)
    by_list = _acting(kept, officer)
    restored, stuck = _undo_acts(connection, kept, by_list)
    ended = _withdraw(connection, kept)
    kept.undone_at = clock.now()
    undone = UndoneList(len(ended), len(restored), stuck + len(stayed(kept)))
    _audit("household.undo_import", kept, by_list, vars(undone))
    return undone


def _undo_acts(
    connection: sa.Connection, kept: HouseholdImport, officer: Officer
) -> tuple[set[uuid.UUID], int]:
    """Undo what the list did to households that were there: which, and how many others have done more to since."""
    own = (EntityAct.import_id == kept.id, EntityAct.undone_at.is_(None))
    columns = (EntityAct.id, EntityAct.entity_id, EntityAct.kind)
    rows = connection.execute(sa.select(*columns).where(*own).order_by(EntityAct.id.desc())).all()
    restored, stuck = set(), 0
    for row in rows:
        if row.kind != "list":
            try:
                household_acts.undo(connection, row.id, officer)
                restored.add(row.entity_id)
            except Problem:
                stuck += 1
    named = {row.entity_id for row in rows if row.kind == "list"}
    connection.execute(
        sa.update(EntityAct)
        .where(*own, EntityAct.kind == "list")
        .values(undone_at=clock.now(), undone_by=officer.name)
    )
    restate_all(connection, named, clock.now())
    return restored | named, stuck


def _mine(kept: HouseholdImport) -> tuple[sa.ColumnElement[bool], ...]:
    return (Entity.import_id == kept.id, Entity.ended_at.is_(None))


_IS_NEEDED = sa.or_(
    sa.exists().where(Submission.entity_id == Entity.id),
    sa.exists().where(EntityAct.entity_id == Entity.id, EntityAct.undone_at.is_(None)),
)
"""Somebody has visited it, or done something to it since."""


def _withdraw(connection: sa.Connection, kept: HouseholdImport) -> Sequence[uuid.UUID]:
    """Take the list's own households off the list, but for those that somebody has visited or changed."""
    columns = (Entity.id, Entity.label, Entity.data, Entity.version)
    rows = connection.execute(sa.select(*columns).where(*_mine(kept), sa.not_(_IS_NEEDED))).all()
    if not rows:
        return ()
    at = clock.now()
    ending = {"ended_at": at, "ended_reason": WITHDRAWN, "changed_at": at, "version": Entity.version + 1}
    connection.execute(sa.update(Entity).where(*_mine(kept), sa.not_(_IS_NEEDED)).values(ending))
    connection.execute(
        sa.insert(EntityVersion),
        [
            {
                "entity_id": row.id, "version": row.version + 1, "label": row.label, "data": row.data,
                "created_at": at,
            }
            for row in rows
        ],
    )  # fmt: skip
    return [row.id for row in rows]


def stayed(kept: HouseholdImport) -> Sequence[uuid.UUID]:
    """The households that a list added and that are on the list."""
    return db.session.scalars(sa.select(Entity.id).where(*_mine(kept))).all()


@dataclass(frozen=True)
class ListedChange:
    """A household that a list changed or added: what it did with it, and whether that was taken back."""

    id: uuid.UUID
    label: str
    kind: str
    """As acts are called; "" for one that it added."""
    is_undone: bool = False


MOST_SHOWN = 500


def changes(kept: HouseholdImport) -> list[ListedChange]:
    """What a stored list did to households that were there, then those of its own that are on the list."""
    acted = (
        sa.select(Entity.id, Entity.label, EntityAct.kind, EntityAct.undone_at.is_not(None))
        .join(EntityAct, EntityAct.entity_id == Entity.id)
        .where(EntityAct.import_id == kept.id)
        .order_by(EntityAct.id)
    )
    own = sa.select(Entity.id, Entity.label).where(*_mine(kept)).order_by(in_vietnamese_order(Entity.label))
    rows: Iterable[Any] = db.session.execute(acted.limit(MOST_SHOWN))
    added: Iterable[Any] = db.session.execute(own.limit(MOST_SHOWN))
    return [*(ListedChange(*row) for row in rows), *(ListedChange(row.id, row.label, "") for row in added)]


def _audit(act: str, kept: HouseholdImport, officer: Officer, detail: Mapping[str, Any]) -> None:
    audit.add(officer.actor, act, f"household_import:{kept.id}", dict(detail), address=officer.address)
