"""What a submission changes about the entity it names, and the status that its visits give a household."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from forms.instance import EntityBlock
from geo.plain_words import one_line
from geo.series import Turn
from server.clock import day_of
from server.counting import tally
from server.households import household_states
from server.households.conflicting_changes import UNMET, LaterChange, Meeting, meet
from server.models import Entity, EntityVersion, Submission
from server.published_forms.read_submission import LONGEST_LABEL, LONGEST_PROPERTY
from server.published_forms.registry import registry

HOUSEHOLDS = "ho_dan"
ADDRESS = Entity.data["dia_chi"].as_string()
"""A household's address by itself, for statements about many of which no more is asked."""
STATE = sa.func.coalesce(
    sa.func.nullif(Entity.data["tinh_trang"].as_string(), ""), household_states.NOT_VISITED
)
"""What its visits make of a household, as its row has it."""

KNOWN_COLUMNS = (
    Entity.id, Entity.list_id, Entity.village_id, Entity.label, Entity.data, Entity.version, Entity.turns,
    Entity.merged_into_id, Entity.ended_reason,
)  # fmt: skip
KNOWN = sa.select(*KNOWN_COLUMNS).where(Entity.id.in_(sa.bindparam("entities", expanding=True)))
_RESULT = sa.case(
    (
        sa.and_(
            Submission.result == sa.literal_column(f"'{household_states.MOVED}'"),
            Submission.review != sa.literal_column("'approved'"),
        ),
        sa.literal_column(f"'{household_states.SAYS_MOVED}'"),
    ),
    else_=Submission.result,
).label("result")
"""What came of a visit; that a household has moved is a proposal until an officer has approved it."""
_VISIT = (Submission.id, Submission.observed_at, Submission.received_at, _RESULT)
_IS_VISIT = sa.and_(
    Submission.quarantine.is_(None),
    Submission.replaced_by_id.is_(None),
    Submission.review != sa.literal_column("'rejected'"),
    Submission.result.is_not(None),
)
VISITS_OF = sa.select(Submission.entity_id, *_VISIT).where(
    Submission.entity_id.in_(sa.bindparam("entities", expanding=True)), _IS_VISIT
)
"""The accepted visits to these, each row with its entity before it."""
RECEIVED = (
    sa.select(
        EntityVersion.entity_id,
        EntityVersion.version,
        EntityVersion.received,
        sa.func.coalesce(Submission.observed_at, EntityVersion.created_at).label("observed_at"),
    )
    .outerjoin(Submission, Submission.id == EntityVersion.submission_id)
    .where(
        EntityVersion.entity_id.in_(sa.bindparam("entities", expanding=True)),
        EntityVersion.version > sa.bindparam("base"),
        sa.not_(EntityVersion.is_elsewhere),
        EntityVersion.received != sa.literal_column("'{}'"),
    )
)
"""What was received for entities since a version, each row with its entity and version before it."""


@dataclasses.dataclass(frozen=True)
class KnownEntity:
    """An entity as it is before a submission."""

    id: uuid.UUID
    list_id: int
    village_id: int | None
    label: str
    data: Mapping[str, Any]
    version: int
    kept_turns: Sequence[Mapping[str, Any]] | None = None
    merged_into_id: uuid.UUID | None = None
    ended_reason: str | None = None

    @property
    def is_lost(self) -> bool:
        """Off the list because nothing that counts says that it is there: the next visit that counts does."""
        return self.ended_reason == household_states.REJECTED

    @property
    def turns(self) -> tuple[Turn, ...]:
        """How the household moved, ended or was split."""
        return tally.turns(self.kept_turns)


@dataclasses.dataclass(frozen=True, order=True)
class AcceptedVisit:
    """One accepted visit to a household; visits sort as series do."""

    observed_at: dt.datetime
    received_at: dt.datetime
    submission_id: int
    result: str


@dataclasses.dataclass(frozen=True)
class ChangeOrigin:
    """Which submission changes an entity, and when it arrived."""

    submission_id: int
    received_at: dt.datetime
    observed_at: dt.datetime


def status(visits: Iterable[AcceptedVisit], turns: Iterable[Turn] = ()) -> dict[str, str]:
    """A household's computed properties, from its accepted visits and its turns alone (R5).

    A household once met stays met, no matter who opens the door later; one that has moved away has moved away, once
    somebody has agreed to it; one that was split is to be visited again.
    """
    ordered = sorted(visits)
    if not ordered:
        return {
            "tinh_trang": household_states.NOT_VISITED,
            "ket_qua": "",
            "lan_tham": "0",
            "ngay_cuoi": "",
            "marker-color": household_states.COLOURS[household_states.NOT_VISITED],
        }
    last = ordered[-1]
    is_proposal = last.result == household_states.SAYS_MOVED
    said = [visit for visit in ordered if visit.result != household_states.SAYS_MOVED]
    state = household_states.OF_RESULT.get(said[-1].result if said else "", household_states.NOT_VISITED)
    met = next((day_of(visit.observed_at) for visit in reversed(ordered) if visit.result == "gap"), None)
    if state != household_states.MOVED and met is not None:
        split = max((turn.day for turn in turns if turn.persons_only), default=None)
        state = household_states.MET if split is None or met > split else household_states.REVISIT
    return {
        "tinh_trang": state,
        "ket_qua": household_states.MOVED if is_proposal else last.result,
        "lan_tham": str(len(ordered)),
        "ngay_cuoi": day_of(last.observed_at).isoformat(),
        "marker-color": household_states.COLOURS[state],
    }


@dataclasses.dataclass(frozen=True)
class ChangedEntity:
    """An entity as a submission leaves it, and the row of the version that says so."""

    known: KnownEntity
    version: Mapping[str, Any]
    is_new: bool = False

    @property
    def row(self) -> dict[str, Any]:
        """The entity's own columns that are written now."""
        known, at = self.known, self.version["created_at"]
        changed = {
            "id": known.id, "label": known.label, "data": known.data, "version": known.version, "changed_at": at
        }  # fmt: skip
        if self.is_new:
            changed |= {"list_id": known.list_id, "village_id": known.village_id, "created_at": at}
        return changed


def apply(
    block: EntityBlock,
    known: KnownEntity | None,
    village_id: int | None,
    computed: Mapping[str, str],
    origin: ChangeOrigin,
    since: Sequence[LaterChange],
    *,
    said_before: bool = False,
) -> ChangedEntity | None:
    """What one entity block changes: E12 and E13 for what is there or not, E15 for what has changed meanwhile.

    `since` is what came after the version that the block was made on. A create of what exists, an update of what
    does not, and a list that nobody published change nothing; the submission keeps the block, and its flags say so.
    An edit says anew what an earlier version of it `said_before`, a registration too, and meets nobody: those who
    came after that version knew it (R12).
    """
    if known is not None:
        if said_before:
            return update(known, block, computed, origin)
        if not block.update:
            return update(known, None, computed, origin)
        return update(known, block, computed, origin, meet(block, since, known.data, origin.observed_at))
    list_id = registry().list_id(block.list_name)
    if not block.create or list_id is None:
        return None
    return create(block, list_id, village_id, computed, origin)


def create(
    block: EntityBlock,
    list_id: int,
    village_id: int | None,
    computed: Mapping[str, str],
    origin: ChangeOrigin,
    label: str | None = None,
) -> ChangedEntity:
    """A new entity with its first version."""
    label = _one_line(label or block.label) or str(block.id)[:8]
    known = KnownEntity(block.id, list_id, village_id, label, {**_cut(block.properties), **computed}, 1)
    return ChangedEntity(known, _version(known, block, origin, None), is_new=True)


def update(
    known: KnownEntity,
    block: EntityBlock | None,
    computed: Mapping[str, str],
    origin: ChangeOrigin,
    meeting: Meeting = UNMET,
) -> ChangedEntity | None:
    """The entity's next version: what came with the visit laid over what was known, but for what newer visits said.

    Without a block only the computed properties change; nothing at all is written where they are as before.
    """
    received = _cut(block.properties) if block else {}
    label = _one_line(block.label if block else None) or known.label
    data = {**known.data, **{k: v for k, v in received.items() if k not in meeting.kept}, **computed}
    if block is None and data == known.data:
        return None
    after = dataclasses.replace(known, label=label, data=data, version=known.version + 1)
    return ChangedEntity(after, _version(after, block, origin, meeting.conflict))


def _version(
    known: KnownEntity, block: EntityBlock | None, origin: ChangeOrigin, conflict: str | None
) -> dict[str, Any]:
    return {
        "entity_id": known.id, "version": known.version, "submission_id": origin.submission_id,
        "label": known.label, "data": known.data,
        "received": _cut(block.properties) if block else None,
        "named": _one_line(block.label if block else None) or None,
        "base_version": block.base_version if block else None,
        "trunk_version": block.trunk_version if block else None,
        "branch_id": block.branch_id if block else None,
        "conflict": conflict, "created_at": origin.received_at, "act_id": None, "settled_at": None,
        "settled_by": None,
    }  # fmt: skip


def _one_line(label: str | None) -> str:
    """A label as lists show it: people type names with doubled spaces, tabs and line ends; "" for none."""
    return one_line(label or "")[:LONGEST_LABEL]


def _cut(properties: Mapping[str, str]) -> dict[str, str]:
    """Properties no longer than phones' lists may hold: what a person let count although it was."""
    return {name: value[:LONGEST_PROPERTY] for name, value in properties.items()}
