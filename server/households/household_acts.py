"""What officers do to a household (R4): correct its thôn, move, end or split it; every act is undone here."""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from server import clock
from server.counting import noted_changes, tally
from server.counting.tally_after_changes import recasting
from server.households import door_remarks, household_parts, merge_households, visit_moves
from server.households.act_rows import (
    BY_ITSELF,
    Officer,
    change,
    check_listed,
    household_of,
    impossible,
    note,
    record,
)
from server.households.entity_changes import status
from server.households.household_states import GONE, MERGED
from server.households.rebuild_entity import restate
from server.models import Entity, EntityAct, EntityVersion, Finding, Indicator, Submission, Village
from server.published_forms.registry import OF_PEOPLE


def fix_village(connection: sa.Connection, entity_id: uuid.UUID, village_id: int, officer: Officer) -> int:
    """The household was listed in the wrong thôn: its whole history moves to the right one. Returns the act's key."""
    household = household_of(connection, entity_id, officer)
    _check_village(connection, village_id, household.village_id, officer)
    check_listed(household)
    if household.turns:
        raise impossible("hộ đã từng chuyển thôn; hãy hoàn tác lần chuyển ấy trước.")
    act = record(
        connection, "fix", entity_id, None, officer, {"from": household.village_id, "to": village_id}
    )
    with recasting(connection, [entity_id]):
        _rehome(connection, entity_id, household.village_id, village_id)
        change(connection, household, {"village_id": village_id})
    return act


def move(
    connection: sa.Connection, entity_id: uuid.UUID, village_id: int, day: dt.date, officer: Officer
) -> int:
    """The household has lived in another thôn since `day`: its series end in the one and begin in the other."""
    household = household_of(connection, entity_id, officer)
    _check_village(connection, village_id, household.village_id, officer)
    _check_day(household, day)
    detail = {"from": household.village_id, "to": village_id}
    act = record(connection, "move", entity_id, day, officer, detail)
    with recasting(connection, [entity_id]):
        _rehome(connection, entity_id, household.village_id, village_id, since=day)
        turns = _turned(household, act, day, household.village_id, village_id)
        change(connection, household, {"village_id": village_id, "turns": turns})
    return act


def end(connection: sa.Connection, entity_id: uuid.UUID, day: dt.date, officer: Officer) -> int:
    """The household is no longer there since `day`: its series end, its row stays on phones as moved away (E17)."""
    household = household_of(connection, entity_id, officer)
    _check_day(household, day)
    act = record(connection, "end", entity_id, day, officer, {"from": household.village_id})
    with recasting(connection, [entity_id]):
        turns = _turned(household, act, day, household.village_id, None)
        ended = {"ended_at": clock.now(), "ended_reason": GONE}
        change(connection, household, {"turns": turns, **ended})
    return act


def split(
    connection: sa.Connection,
    entity_id: uuid.UUID,
    day: dt.date,
    label: str,
    officer: Officer,
    address: str = "",
) -> uuid.UUID:
    """Part of the household has been one of its own since `day`: a new row; the old one is to be visited again.

    Until then what was stated about persons of the old one counts no more: nobody knows who of them left.
    """
    household = household_of(connection, entity_id, officer)
    _check_day(household, day)
    if not label.strip():
        raise impossible("hộ mới cần một tên để tìm trên điện thoại.")
    new = household_parts.of_list(label, address or household.data.get("dia_chi") or "")
    _check_called_alone(connection, household, new.label)
    new_id = uuid.uuid4()
    act = record(connection, "split", entity_id, day, officer, {"new": str(new_id)})
    data = {"thon": household.data.get("thon", ""), "dia_chi": new.address}
    _add(connection, household, new_id, new.label, data)
    with recasting(connection, [entity_id]):
        turns = _turned(household, act, day, household.village_id, None, persons_only=True)
        change(connection, household, {"turns": turns})
        restate(connection, entity_id, clock.now())
    return new_id


def _check_called_alone(connection: sa.Connection, household: Any, label: str) -> None:
    """A label stands once in a thôn: of two alike nobody can tell which to choose on a phone."""
    alike = sa.select(Entity.id).where(
        Entity.list_id == household.list_id,
        Entity.village_id == household.village_id,
        Entity.label == label,
        Entity.ended_at.is_(None),
    )
    if connection.execute(alike.limit(1)).first() is not None:
        raise impossible(f"thôn đã có hộ “{label}”; nếu là hộ khác thì ghi thêm địa chỉ để phân biệt.")


def undo(connection: sa.Connection, act_id: int, officer: Officer) -> None:
    """Take an act back, with all that followed from it and nothing else; the newest act of a household first."""
    act = connection.execute(
        sa.select(*EntityAct.__table__.c).where(EntityAct.id == act_id, EntityAct.undone_at.is_(None))
    ).first()
    if act is None:
        raise impossible("việc này không có, hoặc đã được hoàn tác.")
    household = household_of(connection, act.entity_id, officer)
    if household.ended_reason == MERGED:
        raise impossible("hộ đã được gộp vào hộ khác; hãy hoàn tác lần gộp ấy trước.")
    later = sa.select(EntityAct.id).where(
        EntityAct.entity_id == act.entity_id,
        EntityAct.id > act_id,
        EntityAct.undone_at.is_(None),
        EntityAct.kind.not_in(BY_ITSELF),
    )
    if act.kind not in BY_ITSELF and connection.scalar(later.limit(1)) is not None:
        raise impossible("sau việc này hộ còn thay đổi nữa; hãy hoàn tác việc mới nhất trước.")
    connection.execute(
        sa.update(EntityAct)
        .where(EntityAct.id == act_id)
        .values(undone_at=clock.now(), undone_by=officer.name)
    )
    _UNDO[act.kind](connection, household, act, officer)
    note(connection, f"household.undo_{act.kind}", act.entity_id, officer)


def _undo_village(connection: sa.Connection, household: Any, act: Any, _officer: Officer) -> None:
    with recasting(connection, [household.id]):
        _rehome(connection, household.id, act.detail["to"], act.detail["from"], since=act.day)
        turns = _without(household, act.id)
        change(connection, household, {"village_id": act.detail["from"], "turns": turns})


def _undo_end(connection: sa.Connection, household: Any, act: Any, _officer: Officer) -> None:
    with recasting(connection, [household.id]):
        back = {"turns": _without(household, act.id), "ended_at": None, "ended_reason": None}
        change(connection, household, back)


def _undo_split(connection: sa.Connection, household: Any, act: Any, officer: Officer) -> None:
    new = household_of(connection, uuid.UUID(act.detail["new"]), officer)
    check_listed(new)
    visited = connection.scalar(sa.select(sa.func.count()).where(Submission.entity_id == new.id))
    if visited:
        raise impossible("hộ mới tách đã có phiếu; hãy gộp hai hộ thay vì hoàn tác.")
    change(connection, new, {"ended_at": clock.now(), "ended_reason": MERGED, "merged_into_id": household.id})
    with recasting(connection, [household.id]):
        change(connection, household, {"turns": _without(household, act.id)})
        restate(connection, household.id, clock.now())


def _undo_said(connection: sa.Connection, household: Any, _act: Any, _officer: Officer) -> None:
    """What an act said of the household's properties is gone with it."""
    restate(connection, household.id, clock.now())


def _undo_visit(connection: sa.Connection, household: Any, act: Any, officer: Officer) -> None:
    visit_moves.undo(connection, household, act, officer)


def _undo_remark(connection: sa.Connection, household: Any, _act: Any, _officer: Officer) -> None:
    door_remarks.undo(connection, household)


_UNDO: Mapping[str, Callable[[sa.Connection, Any, Any, Officer], None]] = {
    "fix": _undo_village,
    "move": _undo_village,
    "end": _undo_end,
    "split": _undo_split,
    "merge": merge_households.undo,
    "list": _undo_said,
    "remark": _undo_remark,
    "visit": _undo_visit,
    "appoint": _undo_said,
    "reopen": _undo_said,
}


def _check_village(connection: sa.Connection, village_id: int, now: int | None, officer: Officer) -> None:
    commune_id = connection.scalar(sa.select(Village.commune_id).where(Village.id == village_id))
    if commune_id != officer.commune_id:
        raise impossible("thôn ấy thuộc nơi khác.")
    if village_id == now:
        raise impossible("hộ đang ở đúng thôn ấy.")


def _check_day(household: Any, day: dt.date) -> None:
    if day > clock.today():
        raise impossible("ngày chưa tới.")
    turns = tally.turns(household.turns)
    if turns and day <= max(turn.day for turn in turns):
        raise impossible("ngày phải sau lần chuyển hoặc tách gần nhất của hộ.")
    check_listed(household)


def _turned(
    household: Any, act: int, day: dt.date, before: int, after: int | None, *, persons_only: bool = False
) -> list[dict[str, Any]]:
    turn = {
        "act": act, "day": day.isoformat(), "before": before, "after": after, "persons_only": persons_only
    }  # fmt: skip
    return [*(household.turns or ()), turn]


def _without(household: Any, act: int) -> list[dict[str, Any]] | None:
    return [turn for turn in household.turns or () if turn["act"] != act] or None


def _rehome(
    connection: sa.Connection,
    entity_id: uuid.UUID,
    before: int | None,
    after: int | None,
    since: dt.date | None = None,
) -> None:
    """Let what was counted for its people in the one thôn (since a day) be counted in the other."""
    start = None if since is None else clock.start_of(since)
    of_people = sa.select(Indicator.id).where(Indicator.unit.in_(OF_PEOPLE))
    findings = sa.update(Finding).where(
        Finding.subject == entity_id, Finding.village_id == before, Finding.indicator_id.in_(of_people)
    )
    these = sa.select(Submission.id).where(Submission.entity_id == entity_id, Submission.village_id == before)
    if start is not None:
        findings = findings.where(Finding.observed_at >= start)
        these = these.where(Submission.observed_at >= start)
    connection.execute(findings.values(village_id=after))
    moved = connection.scalars(these).all()
    noted_changes.note(connection, moved)
    connection.execute(sa.update(Submission).where(Submission.id.in_(moved)).values(village_id=after))
    noted_changes.note(connection, moved)


def _add(
    connection: sa.Connection, old: Any, new_id: uuid.UUID, label: str, received: Mapping[str, Any]
) -> None:
    """A household that was part of another: with its thôn and address, not yet visited."""
    at = clock.now()
    data = {**received, **status(())}
    connection.execute(
        sa.insert(Entity).values(
            id=new_id, list_id=old.list_id, village_id=old.village_id, label=label, data=data, version=1,
            created_at=at, changed_at=at, split_from_id=old.id,
        )
    )  # fmt: skip
    connection.execute(
        sa.insert(EntityVersion).values(
            entity_id=new_id, version=1, label=label, data=data, received=dict(received), created_at=at
        )
    )
