"""The one way an answer enters: read, placed, stored and counted in one transaction."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from geo.series import Entry
from server import arrival, batch, clock, entities, media, resend, tally
from server.arrival import Placed
from server.batch import Step, step
from server.db import db, single_statements
from server.entities import HOUSEHOLDS, Known, Origin, Visit
from server.errors import KEY_UNKNOWN, SUBMISSION_CONFLICT, UNAVAILABLE, Problem
from server.models import Audit, Finding, Submission
from server.reading import Reading, observed, understand
from server.sender import Sender, Upload

ADD = sa.insert(Submission).values(
    {column.name: sa.bindparam(column.name) for column in Submission.__table__.columns}
)
ADD_FINDING = sa.insert(Finding).values(
    {column.name: sa.bindparam(column.name) for column in Finding.__table__.columns}
)
ADD_AUDIT = (
    sa.insert(Audit)
    .inline()
    .values({name: sa.bindparam(name) for name in ("at", "actor", "act", "record", "address", "detail")})
)


@dataclasses.dataclass(frozen=True)
class Receipt:
    """What the phone is told; `new` where something was stored that was not there (201, else 202)."""

    submission_id: int
    new: bool
    sentence: str


@dataclasses.dataclass(frozen=True)
class Before:
    """What was known when a submission came; what it writes fails where its subject has changed since."""

    submission_id: int
    """The key that the new submission will have."""
    stored: resend.Stored | None
    """The submission that already has its instance id."""
    seen: int = 0
    """How often the subject had changed."""
    known: Mapping[uuid.UUID, Known] = dataclasses.field(default_factory=dict)
    visits: tuple[Visit, ...] = ()
    series: tally.Series = dataclasses.field(default_factory=dict)
    edited: resend.Edited | None = None


@dataclasses.dataclass(frozen=True)
class Arrival:
    """A submission with everything that decides what is written."""

    reading: Reading
    blobs: Sequence[media.Blob]
    sender: Sender
    before: Before
    placed: Placed
    received_at: dt.datetime
    observed_at: dt.datetime
    flags: tuple[dict[str, str], ...]

    @property
    def id(self) -> int:
        return self.before.submission_id


def accept(xml: bytes, uploads: Sequence[Upload], sender: Sender) -> Receipt:
    """Receive a submission durably: when this returns, a phone may delete its copy (C37).

    Raises Problem for what the collector can cure; anything else is kept and flagged (C39). Of twins that
    arrive at once one is stored; the other meets its row on a second try and is told so (C46).
    """
    reading = understand(xml)
    if uploads:
        _foresee(reading, sender)
    blobs = tuple(media.store(upload, cut_points=reading.cuts_points) for upload in uploads)
    for _try in range(5):
        with _connect(reading) as connection:
            try:
                return receive(connection, reading, blobs, sender)
            except sa.exc.DBAPIError as error:
                connection.rollback()
                if not _lost_a_race(error):
                    raise
    raise Problem(UNAVAILABLE)


def _foresee(reading: Reading, sender: Sender) -> None:
    """Refuse what is going to be refused before its photos are on disk, where they would be nobody's (C45)."""
    with db.engine.connect() as connection:
        stored = _first(connection, reading, sender).stored
    if stored is not None and stored.sha256 != reading.sha256:
        raise Problem(SUBMISSION_CONFLICT)


def _connect(reading: Reading) -> sa.Connection:
    """On PostgreSQL a visit is two reads and one writing statement, and needs no transaction around them.

    An edit changes two submissions and their subjects; it has one.
    """
    if db.engine.dialect.name == "postgresql" and reading.instance.deprecated_id is None:
        return single_statements().connect()
    return db.engine.connect().execution_options(writes=True)


def _lost_a_race(error: sa.exc.DBAPIError) -> bool:
    """A twin was first, or two edits waited for each other: the same again will meet what is there now."""
    return isinstance(error, sa.exc.IntegrityError) or getattr(error.orig, "sqlstate", None) == "40P01"


def receive(
    connection: sa.Connection, reading: Reading, blobs: Sequence[media.Blob], sender: Sender
) -> Receipt:
    """Store one submission with all that follows from it and commit; or meet the one that is already there."""
    received_at = clock.now()
    before = _look(connection, reading, sender)
    if before.stored is not None:
        connection.rollback()
        again = resend.again(before.stored, reading, blobs, received_at)
        return Receipt(before.stored.id, again.new, again.sentence)
    placed = arrival.place(reading, before.known, sender)
    moment, clock_flag = observed(reading, received_at)
    if before.edited is not None:
        moment = before.edited.observed_at
    flags = arrival.flags(reading, placed, clock_flag)
    this = Arrival(reading, blobs, sender, before, placed, received_at, moment, flags)
    batch.write(connection, _steps(connection, this))
    return Receipt(this.id, True, arrival.thanks(placed.quarantine))


def _look(connection: sa.Connection, reading: Reading, sender: Sender) -> Before:
    """Read what is known of the subject; an edit first takes back what it replaces."""
    before = _first(connection, reading, sender)
    if before.stored is not None:
        return before
    if reading.instance.deprecated_id is not None:
        edited = resend.replace(connection, reading, before.submission_id, sender.collector_id)
        again = _first(connection, reading, sender)
        before = dataclasses.replace(again, submission_id=before.submission_id, edited=edited)
    main, subject = main_entity(reading), reading.subject
    others = [block.id for block in reading.blocks if block.id != main]
    steps = [Step(entities.VISITS, [{"entity": main}] if main in before.known else [])]
    steps.append(Step(tally.SERIES, [{"subject": subject}] if before.seen else []))
    visits, series, *found = batch.read(
        connection, [*steps, *(step(entities.KNOWN, entity=each) for each in others)]
    )
    return dataclasses.replace(
        before,
        known={**before.known, **{rows[0][0]: Known(*rows[0]) for rows in found if rows}},
        visits=tuple(Visit(row[1], row[2], row[0], row[3]) for row in visits),
        series=tally.series(series),
    )


def main_entity(reading: Reading) -> uuid.UUID | None:
    """The entity that a submission is about: that of its first block, else its subject."""
    return reading.blocks[0].id if reading.blocks else reading.subject


def _first(connection: sa.Connection, reading: Reading, sender: Sender) -> Before:
    asked = step(
        resend.STORED, instance_id=reading.instance.instance_id, collector=sender.collector_id,
        subject=reading.subject, entity=main_entity(reading),
    )  # fmt: skip
    [[row]] = batch.read(connection, [asked])
    new_id, stored_id, digest, is_revoked, changes, *known = row
    if is_revoked:
        raise Problem(KEY_UNKNOWN)
    if stored_id is not None:
        return Before(stored_id, resend.Stored(stored_id, bytes(digest)))
    return Before(new_id, None, changes or 0, {known[0]: Known(*known)} if known[0] is not None else {})


def _steps(connection: sa.Connection, this: Arrival) -> list[Step]:
    """Everything that one submission writes, in the order in which it can be written."""
    steps = [_submission(this), *resend.attachments(this.id, this.blobs, this.received_at)]
    if this.placed.quarantine is None:
        steps += _guard(connection, this)
        steps += _entity_steps(connection, this)
        steps += _finding_steps(this)
    steps.append(
        step(
            ADD_AUDIT, at=this.received_at, actor=this.sender.actor, act="submission.receive",
            record=f"submission:{this.id}", address=this.sender.address, detail=None,
        )
    )  # fmt: skip
    return steps


def _submission(this: Arrival) -> Step:
    reading, placed, point = this.reading, this.placed, this.placed.kept_point
    missing = sorted(reading.files - {blob.name for blob in this.blobs})
    values: dict[str, Any] = {
        "id": this.id,
        "instance_id": reading.instance.instance_id,
        "root_id": this.before.edited.root_id if this.before.edited else None,
        "replaced_by_id": None,
        "form_id": reading.form.id,
        "form_version_id": reading.version.id if reading.version else None,
        "version": reading.instance.version,
        "collector_id": this.sender.collector_id,
        "village_id": placed.village_id,
        "entity_id": placed.entity_id,
        "result": reading.result,
        "sha256": reading.sha256,
        "xml": reading.xml,
        "answers": reading.answers,
        "latitude": point.latitude if point else None,
        "longitude": point.longitude if point else None,
        "accuracy": point.accuracy if point else None,
        "observed_at": this.observed_at,
        "received_at": this.received_at,
        "device": this.sender.device,
        "user_agent": this.sender.user_agent,
        "review": "received",
        "quarantine": placed.quarantine,
        "flags": list(this.flags) or None,
        "missing_files": missing or None,
    }
    return step(ADD, **values)


def _entity_steps(connection: sa.Connection, this: Arrival) -> list[Step]:
    """New versions of the entities that the submission names; a household gets its status from its visits."""
    origin = Origin(this.id, this.received_at)
    steps: list[Step] = []
    computed = _status(this)
    for block in this.reading.blocks:
        own = computed if block.id == this.placed.entity_id and block.list_name == HOUSEHOLDS else {}
        steps += entities.apply(
            connection, block, this.before.known.get(block.id), this.placed.home_id, own, origin
        )
    if not this.reading.blocks and this.placed.entity_id is not None and this.placed.is_household:
        steps += entities.update(this.before.known[this.placed.entity_id], None, computed, origin, None)
    return steps


def _status(this: Arrival) -> dict[str, str]:
    if this.reading.result is None:
        return entities.status(this.before.visits)
    visit = Visit(this.observed_at, this.received_at, this.id, this.reading.result)
    return entities.status([*this.before.visits, visit])


def _finding_steps(this: Arrival) -> list[Step]:
    """The findings, and the tally that follows from them (DESIGN 6.3)."""
    if not this.reading.statements:
        return []
    subject = this.reading.subject or _own_subject(this.reading)
    day = clock.day_of(this.observed_at)
    findings, tallied = [], []
    for indicator, done, of in ((each.indicator, each.done, each.of) for each in this.reading.statements):
        village_id = this.placed.village_of(indicator)
        entry = Entry(this.observed_at, this.received_at, this.id, day, village_id, done, of)
        tallied += tally.joined(this.before.series, indicator.id, entry, indicator.rule)
        findings.append(
            {
                "submission_id": this.id, "indicator_id": indicator.id, "subject": subject, "village_id": village_id,
                "done": done, "of": of, "observed_at": this.observed_at, "received_at": this.received_at,
                "counts": True,
            }
        )  # fmt: skip
    return [Step(ADD_FINDING, findings), Step(tally.APPEND, tallied)]


def _guard(connection: sa.Connection, this: Arrival) -> list[Step]:
    """One visit to a household at a time: the later of two fails here, and begins again with what it missed."""
    subject = this.reading.subject
    if subject is None:
        return []
    return [step(tally.GUARD[connection.dialect.name], subject=subject, seen=this.before.seen)]


def _own_subject(reading: Reading) -> uuid.UUID:
    """A submission without an entity is its own subject; an instance id need not be a UUID (openrosa.md, 3)."""
    return uuid.uuid5(uuid.NAMESPACE_URL, reading.instance.instance_id)
