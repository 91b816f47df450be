"""Two households of the list that are one (R4): merged, and taken apart again."""

import uuid
from typing import Any

import sqlalchemy as sa

from server import clock
from server.counting.tally_after_changes import recasting
from server.households import visit_moves
from server.households.act_rows import Officer, change, check_listed, household_of, impossible, record
from server.households.household_states import MERGED
from server.households.rebuild_entity import restate
from server.households.visit_moves import hand_over
from server.models import Entity, Submission
from server.published_forms.read_submission import understand


def merge(connection: sa.Connection, kept_id: uuid.UUID, gone_id: uuid.UUID, officer: Officer) -> int:
    """Two rows are one household: visits and counts of the second are the first's from now on."""
    if kept_id == gone_id:
        raise impossible("đây là cùng một hộ.")
    rows = {each: household_of(connection, each, officer) for each in sorted((kept_id, gone_id))}
    kept, gone = rows[kept_id], rows[gone_id]
    check_listed(kept)
    check_listed(gone)
    if kept.turns or gone.turns:
        raise impossible("một trong hai hộ đã chuyển hoặc tách; hãy hoàn tác việc ấy trước.")
    act = record(connection, "merge", kept_id, None, officer, {"gone": str(gone_id)})
    with recasting(connection, [kept_id, gone_id]):
        moved = sa.select(Submission.id).where(Submission.entity_id == gone_id)
        hand_over(connection, list(connection.scalars(moved)), gone_id, kept)
        missing = {name: value for name, value in gone.data.items() if value and not kept.data.get(name)}
        change(connection, kept, {}, received=missing, act=act)
        ended = {"ended_at": clock.now(), "ended_reason": MERGED, "merged_into_id": kept_id}
        change(connection, gone, ended)
        restate(connection, kept_id, clock.now())
    return act


def undo(connection: sa.Connection, household: Any, act: Any, officer: Officer) -> None:
    """Submission by submission: each goes back whose own XML names the merged household, or one merged into that."""
    gone = household_of(connection, uuid.UUID(act.detail["gone"]), officer)
    names = with_merged(connection, gone.id)
    with recasting(connection, [household.id, gone.id]):
        own = visit_moves.roots_given(connection, household.id)  # given to it by itself, whatever it names
        columns = (Submission.id, Submission.root_id, Submission.xml)
        theirs = sa.select(*columns).where(Submission.entity_id == household.id)
        back = [
            row.id
            for row in connection.execute(theirs)
            if (row.root_id or row.id) not in own and _names(bytes(row.xml)) in names
        ]
        hand_over(connection, back, household.id, gone)
        change(connection, gone, {"ended_at": None, "ended_reason": None, "merged_into_id": None})
        for each in (household.id, gone.id):
            restate(connection, each, clock.now())


def with_merged(connection: sa.Connection, entity_id: uuid.UUID) -> set[uuid.UUID]:
    """A household and all that were merged into it, at whatever remove."""
    every, newest = {entity_id}, {entity_id}
    while newest:
        merged = sa.select(Entity.id).where(Entity.merged_into_id.in_(newest))
        newest = set(connection.scalars(merged)) - every
        every |= newest
    return every


def _names(xml: bytes) -> uuid.UUID | None:
    """The household that a stored submission itself names."""
    return understand(xml).about
