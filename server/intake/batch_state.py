"""What is known of the entities and subjects of a batch: read once, then kept as each submission leaves it."""

import dataclasses
import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from forms.instance import EntityBlock
from server.counting import tally
from server.households import entity_changes
from server.households.conflicting_changes import LaterChange
from server.households.entity_changes import AcceptedVisit, KnownEntity
from server.intake.edited_submission import Edited
from server.intake.write_rows import WrittenRows
from server.models import Tombstone
from server.models.privacy import of_entity, of_submission
from server.published_forms.read_submission import SubmissionReading

_BURIED = sa.select(Tombstone.key).where(Tombstone.key.in_(sa.bindparam("keys", expanding=True)))


@dataclasses.dataclass(frozen=True)
class Before:
    """What decides about one submission: its key, and what was known before it."""

    submission_id: int
    known: Mapping[uuid.UUID, KnownEntity] = dataclasses.field(default_factory=dict)
    """The entities that it names, as far as they exist."""
    visits: tuple[AcceptedVisit, ...] = ()
    """To its main entity."""
    series: tally.Series = dataclasses.field(default_factory=dict)
    """What counts about its subject."""
    later: Mapping[uuid.UUID, Sequence[LaterChange]] = dataclasses.field(default_factory=dict)
    """What each of its entities received since the version that the phone knew."""
    edited: Edited | None = None
    merged: tuple[EntityBlock, ...] = ()
    """What an edit says anew of entities that were merged into others since: an undone merge finds it there."""

    def stated_in(self, reading: SubmissionReading) -> frozenset[int | None]:
        """The thôn in which something counts about a subject that is no known entity."""
        if reading.subject in self.known:
            return frozenset()
        return frozenset(entry.village_id for entries in self.series.values() for entry in entries)

    def says_anew(self, entity_id: uuid.UUID) -> bool:
        """Whether this is an edit, and an earlier version of it registered or changed this entity."""
        return self.edited is not None and entity_id in self.edited.changed


class BatchState:
    """The rows that a batch of submissions is applied to."""

    def __init__(self) -> None:
        self._known: dict[uuid.UUID, KnownEntity] = {}
        self._visits: dict[uuid.UUID, list[AcceptedVisit]] = defaultdict(list)
        self._series: dict[uuid.UUID, tally.Series] = defaultdict(dict)
        self._received: dict[uuid.UUID, list[tuple[int, LaterChange]]] = defaultdict(list)
        self._buried: set[str] = set()

    @classmethod
    def read(
        cls, connection: sa.Connection, readings: Iterable[SubmissionReading], edited: Edited | None = None
    ) -> "BatchState":
        """All that these submissions need, or one that edits another; a few statements, however many they are."""
        state, readings = cls(), list(readings)
        state._read_entities(connection, {each for reading in readings for each in names(reading, edited)})
        if keys := sorted({key for reading in readings for key in _keys(reading)}):
            state._buried = set(connection.scalars(_BURIED, {"keys": keys}))
        readings = [state.renamed(reading) for reading in readings]
        state._read_visits(connection, {reading.about for reading in readings if reading.about})
        state._read_series(connection, {reading.subject for reading in readings if reading.subject})
        state._read_received(connection, readings)
        return state

    def renamed(self, reading: SubmissionReading) -> SubmissionReading:
        """The submission about what its entities are called since they were merged into others (R4).

        Versions that it knew were those of the old id.
        """
        heirs = {each: self._heir(each) for each in names(reading)}
        if all(each == heir for each, heir in heirs.items()):
            return reading
        blocks = tuple(
            block
            if heirs[block.id] == block.id
            else dataclasses.replace(block, id=heirs[block.id], base_version=None)
            for block in reading.blocks
        )
        subject = heirs[reading.subject] if reading.subject else None
        return dataclasses.replace(reading, blocks=blocks, subject=subject)

    def is_buried(self, reading: SubmissionReading) -> bool:
        """It, what it edits, or what it names was deleted on request: nothing of it is stored again (R22)."""
        return not self._buried.isdisjoint(_keys(reading))

    def finds_again(self, reading: SubmissionReading) -> bool:
        """It is at an entity that is off the list for want of a submission that counts."""
        return any(each in self._known and self._known[each].is_lost for each in names(reading))

    def is_awaited(self, reading: SubmissionReading) -> bool:
        """It registers what earlier submissions were about already (E14)."""
        about = reading.about
        creates = any(block.create and block.id == about for block in reading.blocks)
        return creates and about not in self._known and bool(about and self._visits.get(about))

    def before(
        self, submission_id: int, sent: SubmissionReading, edited: Edited | None = None
    ) -> tuple[SubmissionReading, Before]:
        """A submission by the names of today (`renamed`), and what is known of it now."""
        reading = self.renamed(sent)
        named = names(sent, edited) | names(reading)
        known = {each: self._known[each] for each in named if each in self._known}
        about, subject = reading.about, reading.subject
        return reading, Before(
            submission_id,
            known,
            tuple(self._visits.get(about, ())) if about else (),
            self._series.get(subject, {}) if subject else {},
            {
                block.id: [
                    later
                    for version, later in self._received.get(block.id, ())
                    if version > block.base_version
                ]
                for block in reading.blocks
                if block.base_version is not None
            },
            edited,
            self._merged(sent, edited),
        )

    def _merged(self, sent: SubmissionReading, edited: Edited | None) -> tuple[EntityBlock, ...]:
        """Blocks of an edit about entities that an earlier version changed and that were merged since."""
        if edited is None:
            return ()
        return tuple(
            block for block in sent.blocks if block.id in edited.changed and self._heir(block.id) != block.id
        )

    def follow(
        self, rows: WrittenRows, observed_at: dt.datetime, visit: tuple[uuid.UUID, AcceptedVisit] | None
    ) -> None:
        """Know what a submission writes, and the visit that it is, as if it had been read from the tables."""
        for change in rows.changes:
            self._known[change.known.id] = change.known
            received = change.version["received"]
            if received:
                later = LaterChange(received, observed_at)
                self._received[change.known.id].append((change.known.version, later))
        for row in rows.findings:
            if not row["counts"]:
                continue
            self._series[row["subject"]].setdefault(row["indicator_id"], []).append(tally.entry(row))
        if visit is not None:
            self._visits[visit[0]].append(visit[1])

    def _heir(self, entity_id: uuid.UUID) -> uuid.UUID:
        while (known := self._known.get(entity_id)) is not None and known.merged_into_id is not None:
            entity_id = known.merged_into_id
        return entity_id

    def _read_entities(self, connection: sa.Connection, sought: set[uuid.UUID]) -> None:
        while sought:
            rows: Sequence[Any] = connection.execute(entity_changes.KNOWN, {"entities": list(sought)}).all()
            found = [KnownEntity(*row) for row in rows]
            self._known |= {known.id: known for known in found}
            sought = {known.merged_into_id for known in found if known.merged_into_id} - self._known.keys()

    def _read_visits(self, connection: sa.Connection, entities: set[uuid.UUID]) -> None:
        if entities:
            for row in connection.execute(entity_changes.VISITS_OF, {"entities": list(entities)}):
                visit = AcceptedVisit(row.observed_at, row.received_at, row.id, row.result)
                self._visits[row.entity_id].append(visit)

    def _read_series(self, connection: sa.Connection, subjects: set[uuid.UUID]) -> None:
        if subjects:
            rows = defaultdict(list)
            for subject, *row in connection.execute(tally.SERIES_OF, {"subjects": list(subjects)}):
                rows[subject].append(row)
            self._series |= {subject: tally.series(stated) for subject, stated in rows.items()}

    def _read_received(self, connection: sa.Connection, readings: Iterable[SubmissionReading]) -> None:
        """Only of entities that have changed since a phone knew them."""
        bases: dict[uuid.UUID, int] = {}
        for block in (block for reading in readings for block in reading.blocks):
            known = self._known.get(block.id)
            if known is not None and block.base_version is not None and known.version > block.base_version:
                bases[block.id] = min(block.base_version, bases.get(block.id, block.base_version))
        if bases:
            asked = {"entities": list(bases), "base": min(bases.values())}
            for row in connection.execute(entity_changes.RECEIVED, asked):
                self._received[row.entity_id].append(
                    (row.version, LaterChange(row.received, row.observed_at))
                )


def names(reading: SubmissionReading, edited: Edited | None = None) -> set[uuid.UUID]:
    """Every entity that a submission could act on: its blocks', its subject, those of what it edits."""
    named = {block.id for block in reading.blocks} | ({reading.subject} if reading.subject else set())
    return named | (edited.touched if edited is not None else set())


def _keys(reading: SubmissionReading) -> list[str]:
    """Under which tombstones would stand."""
    instance = reading.instance
    submissions = [instance.instance_id, *([instance.deprecated_id] if instance.deprecated_id else ())]
    return [*map(of_submission, submissions), *map(of_entity, names(reading))]
