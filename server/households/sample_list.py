"""The households of a sample that phones show first, and where each sample stands by its visits (R31)."""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from geo import sampling
from geo.sampling import SampleNow
from server import clock
from server.db import Base
from server.households import household_states
from server.households.entity_changes import VISITS_OF
from server.models import Entity, EntityVersion, Finding, SampledHousehold, SampleDraw, Village, VillageSample

AT_ONCE = 500
"""Households that are told anew with one statement."""


class LostReason(StrEnum):
    """Why another household stands in for one of a sample."""

    REFUSED = "refused"
    ABSENT = "absent"
    """Nobody was met as often as was agreed."""
    GONE = "gone"
    """It moved away, is of another thôn by now, or is the same as another one of the list."""
    SILENT = "silent"
    """It was met and did not answer the question that LQAS asks."""


@dataclass(frozen=True)
class SampleStanding:
    """A sample as its visits leave it; households by the text of their ids."""

    now: SampleNow
    lost: Mapping[str, LostReason]
    """Of every household of the list that was drawn from."""
    listed: int
    """Households of that list that still have a row; the data of the others was deleted."""

    @property
    def population(self) -> int:
        """Households for which the sample speaks: those of the list that still are of the thôn."""
        return self.listed - sum(reason is LostReason.GONE for reason in self.lost.values())

    @property
    def replaced(self) -> Counter[LostReason]:
        """For how many another one stands in, by why."""
        return Counter(self.lost[each] for each in self.now.replaced.values())


_ORDERED = (
    sa.select(SampledHousehold.sample_id, SampledHousehold.entity_id, Entity.village_id, Entity.ended_at)
    .join(Entity, Entity.id == SampledHousehold.entity_id)
    .where(SampledHousehold.sample_id.in_(sa.bindparam("samples", expanding=True)))
    .order_by(SampledHousehold.sample_id, SampledHousehold.place)
)
_ANSWERED = sa.select(
    Finding.subject,
    Finding.indicator_id,
    Finding.done,
    Finding.of,
    Finding.observed_at,
    Finding.received_at,
    Finding.submission_id,
).where(
    Finding.subject.in_(sa.bindparam("entities", expanding=True)),
    Finding.indicator_id.in_(sa.bindparam("indicators", expanding=True)),
    Finding.counts,
)
_TOLD = (
    sa.select(SampledHousehold.entity_id)
    .join(VillageSample, VillageSample.id == SampledHousehold.sample_id)
    .join(Entity, Entity.id == SampledHousehold.entity_id)
    .where(
        SampledHousehold.is_told,
        VillageSample.ended_at.is_(None),
        Entity.village_id.in_(sa.bindparam("villages", expanding=True)),
    )
)
_OPEN_ABOUT = (
    sa.select(VillageSample.id)
    .join(SampledHousehold, SampledHousehold.sample_id == VillageSample.id)
    .where(
        VillageSample.ended_at.is_(None),
        SampledHousehold.entity_id.in_(sa.bindparam("entities", expanding=True)),
    )
    .distinct()
)
_SAMPLES = sa.select(
    VillageSample.id,
    VillageSample.village_id,
    VillageSample.households,
    VillageSample.wanted,
    VillageSample.ended_at,
    SampleDraw.counts_from,
    SampleDraw.tries,
    SampleDraw.indicator_id,
).join(SampleDraw, SampleDraw.id == VillageSample.draw_id)


def told(connection: sa.Connection, village_ids: Iterable[int]) -> frozenset[uuid.UUID]:
    """The households of these thôn that are to be asked now for an open sample."""
    return frozenset(connection.scalars(_TOLD, {"villages": list(village_ids)}))


def retell_about(connection: sa.Connection, entities: Collection[uuid.UUID]) -> None:
    """After visits to these, or decisions about them: phones of open samples that hold them see whom to ask now.

    In the caller's transaction, as the one writer. One indexed question where no sample is open.
    """
    if not entities:
        return
    found = list(connection.scalars(_OPEN_ABOUT, {"entities": list(entities)}))
    if found:
        retell(connection, found)


def retell(connection: sa.Connection, sample_ids: Collection[int]) -> None:
    """Let phones see whom these samples ask now; a household whose mark changes gets a new version (E15)."""
    rows = connection.execute(_SAMPLES.where(VillageSample.id.in_(list(sample_ids)))).all()
    standing = standings(connection, [row for row in rows if row.ended_at is None])
    wanted = {(sample, uuid.UUID(each)) for sample, found in standing.items() for each in found.now.to_visit}
    columns = (SampledHousehold.sample_id, SampledHousehold.entity_id)
    query = sa.select(*columns).where(
        SampledHousehold.sample_id.in_(list(sample_ids)), SampledHousehold.is_told
    )
    before = {(row.sample_id, row.entity_id) for row in connection.execute(query)}
    for is_told, changed in ((True, wanted - before), (False, before - wanted)):
        _mark(connection, changed, is_told=is_told)
    _renew(connection, {entity for _, entity in wanted ^ before})


def _mark(connection: sa.Connection, changed: Iterable[tuple[int, uuid.UUID]], *, is_told: bool) -> None:
    table = Base.metadata.tables[SampledHousehold.__tablename__]
    rows = [{"sample": sample, "entity": entity} for sample, entity in changed]
    if rows:
        these = sa.update(table).where(
            table.c.sample_id == sa.bindparam("sample"), table.c.entity_id == sa.bindparam("entity")
        )
        connection.execute(these.values(is_told=is_told), rows)


def _renew(connection: sa.Connection, entities: Iterable[uuid.UUID]) -> None:
    """A new version of each of these, the same but for what phones are told of it."""
    ordered, at = sorted(entities), clock.now()
    for start in range(0, len(ordered), AT_ONCE):
        these = Entity.id.in_(ordered[start : start + AT_ONCE])
        query = sa.select(Entity.id, Entity.version, Entity.label, Entity.data).where(these)
        versions = [
            {
                "entity_id": row.id, "version": row.version + 1, "label": row.label, "data": row.data,
                "created_at": at,
            }
            for row in connection.execute(query)
        ]  # fmt: skip
        connection.execute(sa.update(Entity).where(these).values(version=Entity.version + 1, changed_at=at))
        connection.execute(sa.insert(EntityVersion), versions)


def standings(
    connection: sa.Connection, samples: Sequence[Any], until: dt.datetime | None = None
) -> dict[int, SampleStanding]:
    """Where each of these samples (rows as `stored` gives them) stands: now, at its end, or at a moment before it."""
    if not samples:
        return {}
    listed = defaultdict(list)
    for row in connection.execute(_ORDERED, {"samples": [each.id for each in samples]}):
        listed[row.sample_id].append(row)
    entities = {str(row.entity_id) for rows in listed.values() for row in rows}
    asked = {each.indicator_id for each in samples if each.indicator_id is not None}
    said = _Said(_visits(connection, entities), answers(connection, entities, asked), _homes(connection))
    return {each.id: _standing(each, listed[each.id], said, window(each, until)) for each in samples}


def stored(connection: sa.Connection, sample_ids: Collection[int]) -> list[Any]:
    """Rows of samples, as `standings` takes them."""
    return list(connection.execute(_SAMPLES.where(VillageSample.id.in_(list(sample_ids)))).all())


def window(sample: Any, until: dt.datetime | None = None) -> tuple[dt.datetime, dt.datetime]:
    """From when to when what a household said answers for a sample."""
    start = clock.start_of(sample.counts_from)
    ends = [each for each in (sample.ended_at, until) if each is not None]
    return start, min(ends, default=clock.now() + dt.timedelta(days=1))


Answer = tuple[dt.datetime, dt.datetime, int, int, int]
"""Observed, received, submission, done, of: as series are ordered (R2)."""


def answers(
    connection: sa.Connection, entities: Collection[str], indicators: Collection[int]
) -> dict[tuple[str, int], list[Answer]]:
    """What these households said of these indicators and counts, the oldest first.

    No number that is shown as counted comes from here (R3): a sample is asked of some households alone, of whom no
    sum is kept.
    """
    found: dict[tuple[str, int], list[Answer]] = defaultdict(list)
    ordered = sorted(map(uuid.UUID, entities))
    for start in range(0, len(ordered) if indicators else 0, AT_ONCE):
        these = {"entities": ordered[start : start + AT_ONCE], "indicators": list(indicators)}
        for row in connection.execute(_ANSWERED, these):
            answer = (row.observed_at, row.received_at, row.submission_id, row.done, row.of)
            found[str(row.subject), row.indicator_id].append(answer)
    for each in found.values():
        each.sort()
    return found


def newest_within(
    given: Iterable[Answer], between: tuple[dt.datetime, dt.datetime]
) -> tuple[int, int] | None:
    """The newest (done, of) of a time, by when it was observed; None where there is none."""
    start, end = between
    found = [each for each in given if start <= each[0] < end]
    return found[-1][3:] if found else None


def _homes(connection: sa.Connection) -> dict[int, int]:
    """Each thôn that was merged, with the one it belongs to now."""
    query = sa.select(Village.id, Village.merged_into_id).where(Village.merged_into_id.is_not(None))
    into = {row.id: row.merged_into_id for row in connection.execute(query)}
    found = {}
    for village in into:
        home, met = village, {village}
        while home in into and into[home] not in met:
            home = into[home]
            met.add(home)
        found[village] = home
    return found


def _visits(connection: sa.Connection, entities: Collection[str]) -> dict[str, list[tuple[dt.datetime, str]]]:
    """What came of the accepted visits to these households."""
    found: dict[str, list[tuple[dt.datetime, str]]] = defaultdict(list)
    ordered = sorted(map(uuid.UUID, entities))
    for start in range(0, len(ordered), AT_ONCE):
        for row in connection.execute(VISITS_OF, {"entities": ordered[start : start + AT_ONCE]}):
            found[str(row.entity_id)].append((row.observed_at, row.result))
    return found


@dataclass(frozen=True)
class _Said:
    """What is known of the households of some samples, whenever it was said."""

    visits: Mapping[str, Sequence[tuple[dt.datetime, str]]]
    answers: Mapping[tuple[str, int], Sequence[Answer]]
    homes: Mapping[int, int]

    def home(self, village_id: int | None) -> int | None:
        return village_id if village_id is None else self.homes.get(village_id, village_id)


def _standing(
    sample: Any, rows: Sequence[Any], said: _Said, between: tuple[dt.datetime, dt.datetime]
) -> SampleStanding:
    answered: set[str] = set()
    lost: dict[str, LostReason] = {}
    ordered = [str(row.entity_id) for row in rows]
    for key, row in zip(ordered, rows, strict=True):
        if row.ended_at is not None or said.home(row.village_id) != said.home(sample.village_id):
            lost[key] = LostReason.GONE
            continue
        became = _became(key, sample, said, between)
        if isinstance(became, LostReason):
            lost[key] = became
        elif became:
            answered.add(key)
    return SampleStanding(sampling.now(ordered, sample.wanted, answered, lost), lost, listed=len(rows))


def _became(
    key: str, sample: Any, said: _Said, between: tuple[dt.datetime, dt.datetime]
) -> LostReason | bool:
    """Whether a household has answered, or why it will not."""
    start, end = between
    results = [result for at, result in sorted(said.visits.get(key, ())) if start <= at < end]
    if "gap" not in results:
        return _lost(results, sample.tries) or False
    if sample.indicator_id is None:
        return True
    newest = newest_within(said.answers.get((key, sample.indicator_id), ()), between)
    return True if newest is not None and newest[1] else LostReason.SILENT


def _lost(results: Sequence[str], tries: int) -> LostReason | None:
    """Why nobody of a household that was not met will answer, by what came of its visits, the oldest first."""
    if not results:
        return None
    if results[-1] in (household_states.MOVED, household_states.SAYS_MOVED):
        return LostReason.GONE
    if results[-1] == "tu_choi":
        return LostReason.REFUSED
    return LostReason.ABSENT if results.count("vang") >= tries else None
