"""A visit that was written down for the wrong household is given to the right one, with all its versions; undone."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from geo.series import home_on
from server import clock
from server.counting import noted_changes, tally
from server.counting.tally_after_changes import recasting
from server.households.act_rows import Officer, check_listed, household_of, impossible, record
from server.households.household_states import MERGED
from server.households.rebuild_entity import restate_all
from server.models import Entity, EntityAct, EntityVersion, Finding, Indicator, Submission
from server.published_forms.read_submission import understand
from server.published_forms.registry import OF_PEOPLE

KIND = "visit"


def give(connection: sa.Connection, submission_id: int, taker_id: uuid.UUID, officer: Officer) -> int:
    """The visit was at another household than it says: its answers and counts are that one's. The act's key.

    The visit itself stays as it was sent (R12); edits of it that come later follow it.
    """
    taker = household_of(connection, taker_id, officer)
    check_listed(taker)
    columns = (Submission.id, Submission.root_id, Submission.entity_id, Submission.quarantine, Submission.xml)
    visit = connection.execute(sa.select(*columns).where(Submission.id == submission_id)).first()
    if visit is None or visit.entity_id is None or visit.quarantine is not None:
        raise impossible("phiếu này chưa được tính cho hộ nào; hãy duyệt phiếu trước.")
    if visit.entity_id == taker_id:
        raise impossible("phiếu đang ở đúng hộ này.")
    giver = household_of(connection, visit.entity_id, officer)
    root = visit.root_id or visit.id
    chain = _chain(connection, root)
    first = sa.select(EntityVersion.submission_id).where(
        EntityVersion.entity_id == giver.id, EntityVersion.version == 1
    )
    if connection.scalar(first) in chain:
        raise impossible("phiếu này đăng ký hộ đang ghi; hãy gộp hộ ấy vào hộ đúng.")
    named = understand(bytes(visit.xml)).about
    detail = {"root": root, "from": str(giver.id), "named": str(named) if named else None}
    act = record(connection, KIND, taker_id, None, officer, detail)
    _carry(connection, chain, giver, taker)
    return act


def undo(connection: sa.Connection, taker: Any, act: Any, officer: Officer) -> None:
    """The visit, with edits of it that came since, is the first household's again."""
    giver = household_of(connection, uuid.UUID(act.detail["from"]), officer)
    if giver.ended_reason == MERGED:
        raise impossible("hộ kia đã được gộp vào hộ khác; hãy hoàn tác lần gộp ấy trước.")
    _carry(connection, _chain(connection, act.detail["root"]), taker, giver)


def roots_given(connection: sa.Connection, taker_id: uuid.UUID) -> set[int]:
    """The first versions of the visits that a household was given and still has."""
    query = sa.select(EntityAct.detail).where(
        EntityAct.entity_id == taker_id, EntityAct.kind == KIND, EntityAct.undone_at.is_(None)
    )
    details: Iterable[Any] = connection.scalars(query)
    return {detail["root"] for detail in details}


def _chain(connection: sa.Connection, root: int) -> list[int]:
    """A visit and all edits of it."""
    query = sa.select(Submission.id).where(sa.or_(Submission.id == root, Submission.root_id == root))
    return list(connection.scalars(query))


def _carry(connection: sa.Connection, chain: Sequence[int], giver: Any, taker: Any) -> None:
    with recasting(connection, [giver.id, taker.id]):
        about = sa.select(Submission.id).where(Submission.id.in_(chain), Submission.entity_id == giver.id)
        hand_over(connection, list(connection.scalars(about)), giver.id, taker)
        _carry_versions(connection, chain, giver.id, taker)
        restate_all(connection, [giver.id, taker.id], clock.now())


def _carry_versions(connection: sa.Connection, chain: Sequence[int], giver: uuid.UUID, taker: Any) -> None:
    """What the visit said counts for the one household no more, and for the other as if it had been sent for it."""
    of_chain = EntityVersion.submission_id.in_(chain)
    said = sa.select(EntityVersion.submission_id, EntityVersion.received).where(
        of_chain, EntityVersion.entity_id == giver, EntityVersion.received.is_not(None)
    )
    rows = connection.execute(said.order_by(EntityVersion.version)).all()
    there = set(
        connection.scalars(
            sa.select(EntityVersion.submission_id).where(of_chain, EntityVersion.entity_id == taker.id)
        )
    )
    mark = sa.update(EntityVersion).where(of_chain)
    connection.execute(mark.where(EntityVersion.entity_id == giver).values(is_elsewhere=True))
    connection.execute(mark.where(EntityVersion.entity_id == taker.id).values(is_elsewhere=False))
    new = [row for row in rows if row.submission_id not in there]
    if not new:
        return
    at, version, data = clock.now(), taker.version, taker.data
    versions = []
    for row in new:
        version, data = version + 1, {**data, **row.received}
        versions.append(
            {
                "entity_id": taker.id, "version": version, "submission_id": row.submission_id,
                "label": taker.label, "data": data, "received": row.received, "created_at": at,
            }
        )  # fmt: skip
    connection.execute(sa.insert(EntityVersion), versions)
    changed = {"version": version, "data": data, "changed_at": at}
    connection.execute(sa.update(Entity).where(Entity.id == taker.id).values(changed))


def hand_over(connection: sa.Connection, submissions: Iterable[int], giver: uuid.UUID, taker: Any) -> None:
    """Let these submissions and what they state be about another household, where it lived on their days."""
    turns = tally.turns(taker.turns)
    observed = sa.select(Submission.id, Submission.observed_at).where(Submission.id.in_(list(submissions)))
    by_home: dict[int | None, list[int]] = defaultdict(list)
    for row in connection.execute(observed):
        by_home[_home(turns, row.observed_at, taker.village_id)].append(row.id)
    of_people = sa.select(Indicator.id).where(Indicator.unit.in_(OF_PEOPLE))
    for home, these in by_home.items():
        stated = sa.update(Finding).where(Finding.submission_id.in_(these), Finding.subject == giver)
        at_home = stated.where(Finding.indicator_id.in_(of_people))
        connection.execute(at_home.values(village_id=home))
        connection.execute(stated.values(subject=taker.id))
        noted_changes.note(connection, these)
        moved = sa.update(Submission).where(Submission.id.in_(these))
        connection.execute(moved.values(entity_id=taker.id, village_id=home))
        noted_changes.note(connection, these)


def _home(turns: Any, observed_at: dt.datetime, village_id: int | None) -> int | None:
    return home_on(turns, clock.day_of(observed_at), village_id) if turns else village_id
