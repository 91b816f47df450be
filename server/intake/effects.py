"""What follows from one submission: where it belongs, and every row that it writes."""

import dataclasses
import datetime as dt
import functools
import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from geo.series import Entry, Turn, home_on
from server import audit, clock
from server.counting import tally
from server.files import attachments
from server.hot_path.statements import Step, step
from server.households import records
from server.households.rebuild import restate
from server.households.records import HOUSEHOLDS, Origin, Visit
from server.intake import place, resend
from server.intake.known import Before, Sent
from server.intake.place import Placed
from server.intake.sender import Sender
from server.models import Finding, Submission
from server.published_forms.read_submission import Reading, observed
from server.published_forms.registry import KnownIndicator

SAME_DAY = "same_day"

ADD = sa.insert(Submission).values(
    {column.name: sa.bindparam(column.name) for column in Submission.__table__.columns}
)
ADD_FINDING = sa.insert(Finding).values(
    {column.name: sa.bindparam(column.name) for column in Finding.__table__.columns}
)


@dataclasses.dataclass(frozen=True)
class Arrival:
    """A submission with everything that decides what is written."""

    reading: Reading
    blobs: Sequence[attachments.Blob]
    sender: Sender
    before: Before
    placed: Placed
    received_at: dt.datetime
    observed_at: dt.datetime
    flags: tuple[dict[str, str], ...]
    repeated: frozenset[str] = frozenset()
    """Codes of events that another visit to the household stated on the same day: they wait for a person."""

    @property
    def id(self) -> int:
        return self.before.submission_id

    @functools.cached_property
    def turns(self) -> tuple[Turn, ...]:
        """How the household that it is about moved, ended or was split."""
        known = self.before.known.get(self.reading.subject) if self.reading.subject else None
        return known.turns if known is not None else ()

    def village_of(self, indicator: KnownIndicator) -> int | None:
        """The thôn in which an indicator's finding counts: for people, where they lived on that day (R4)."""
        village_id = self.placed.village_of(indicator)
        if self.turns and indicator.of_people:
            return home_on(self.turns, clock.day_of(self.observed_at), village_id)
        return village_id


def arrival_of(
    sent: Sent, before: Before, received_at: dt.datetime, known: dt.datetime | None = None
) -> Arrival:
    """Decide where a submission belongs, when it was, and what looks wrong with it.

    `known` is the latest moment that the server knows to have been, where its clock may have gone back.
    """
    placed = place.place(
        sent.reading, before.known, sent.sender, before.edited, before.stated_in(sent.reading)
    )
    moment, clock_flag = observed(sent.reading, received_at, known or received_at)
    blobs = sent.blobs
    if before.edited is not None and before.edited.is_theirs:
        moment = before.edited.observed_at
        blobs = (*blobs, *before.edited.carried(sent.reading.files, blobs))
    decided = None if sent.sender.person else before.edited  # who corrects on a page decides there too
    repeated = _repeated(sent, before, moment) if placed.quarantine is None else frozenset()
    flags = (*place.flags(sent.reading, placed, clock_flag, decided), *resend.broken(sent.blobs))
    if repeated:
        flags = (*flags, {"code": SAME_DAY, "about": "", "detail": ",".join(sorted(repeated))})
    return Arrival(sent.reading, blobs, sent.sender, before, placed, received_at, moment, flags, repeated)


def _repeated(sent: Sent, before: Before, moment: dt.datetime) -> frozenset[str]:
    """Help that was stated for the same household on the same day already: told twice, it may have been given once."""
    day = clock.day_of(moment)
    return frozenset(
        each.indicator.code
        for each in sent.reading.statements
        if each.indicator.rule.event
        and any(clock.day_of(when[0]) == day for when, *_ in before.series.get(each.indicator.id, ()))
    )


def steps_of(connection: sa.Connection, this: Arrival) -> list[Step]:
    """Everything that one submission writes, in the order in which it can be written."""
    steps = [Step(ADD, (columns(this),)), *resend.attachment_rows(this.id, this.blobs, this.received_at)]
    if this.placed.quarantine is None:
        steps += _guard(connection, this)
        steps += consequences(connection, this)
        steps += _tally_steps(this)
    record = f"submission:{this.id}"
    sender = this.sender
    told = audit.row(sender.actor, "submission.receive", record, address=sender.address, at=this.received_at)
    steps.append(Step(audit.ADD, (told,)))
    return steps


def columns(this: Arrival) -> dict[str, Any]:
    """The row of a submission."""
    reading, placed, point = this.reading, this.placed, this.placed.kept_point
    missing = sorted(reading.files - {blob.name for blob in this.blobs})
    edited = this.before.edited
    return {
        "id": this.id,
        "instance_id": reading.instance.instance_id,
        "root_id": edited.root_id if edited is not None and edited.is_theirs else None,
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


def consequences(connection: sa.Connection, this: Arrival) -> list[Step]:
    """What follows from a submission that counts: new versions of its entities, and its findings."""
    return [*_entity_steps(connection, this), Step(ADD_FINDING, _findings(this))]


def _entity_steps(connection: sa.Connection, this: Arrival) -> list[Step]:
    """New versions of the entities that the submission names; a household gets its status from its visits."""
    origin = Origin(this.id, this.received_at, this.observed_at)
    steps: list[Step] = []
    computed = _status(this)
    for block in this.reading.blocks:
        own = computed if block.id == this.placed.entity_id and block.list_name == HOUSEHOLDS else {}
        is_main = block is this.reading.blocks[0]
        later = this.before.later if is_main else records.later(connection, block)
        steps += records.apply(
            block, this.before.known.get(block.id), this.placed.home_id, own, origin, later,
            said_before=this.before.says_anew(block.id),
        )  # fmt: skip
    for block in this.before.merged:
        known = this.before.known.get(block.id)
        steps += records.apply(block, known, None, {}, origin, (), said_before=True)
    known = this.before.known.get(this.placed.entity_id) if this.placed.entity_id else None
    if not this.reading.blocks and known is not None and this.placed.is_household:
        steps += records.update(known, None, computed, origin)
    return steps


def _status(this: Arrival) -> dict[str, str]:
    visits = list(this.before.visits)
    if this.reading.result is not None:
        visits.append(Visit(this.observed_at, this.received_at, this.id, this.reading.result))
    return records.status(visits, this.turns)


def _findings(this: Arrival) -> list[dict[str, Any]]:
    """What the submission states, each finding in its thôn."""
    subject = this.reading.subject or own_subject(this.reading)
    return [
        {
            "submission_id": this.id, "indicator_id": each.indicator.id, "subject": subject,
            "village_id": this.village_of(each.indicator), "done": each.done, "of": each.of,
            "observed_at": this.observed_at, "received_at": this.received_at,
            "counts": each.indicator.code not in this.repeated,
        }
        for each in this.reading.statements
    ]  # fmt: skip


def _tally_steps(this: Arrival) -> list[Step]:
    """The tally that follows from the findings (R3)."""
    day = clock.day_of(this.observed_at)
    tallied = []
    counted = (each for each in this.reading.statements if each.indicator.code not in this.repeated)
    for indicator, done, of in ((each.indicator, each.done, each.of) for each in counted):
        village_id = this.village_of(indicator)
        entry = Entry(this.observed_at, this.received_at, this.id, day, village_id, done, of)
        tallied += tally.joined(this.before.series, indicator.id, entry, indicator.rule, this.turns)
    return [Step(tally.APPEND, tallied)]


def _guard(connection: sa.Connection, this: Arrival) -> list[Step]:
    """One visit to a household at a time: the later of two fails here, and begins again with what it missed."""
    subject = this.reading.subject
    if subject is None:
        return []
    return [step(tally.GUARD[connection.dialect.name], subject=subject, seen=this.before.seen)]


def own_subject(reading: Reading) -> uuid.UUID:
    """A submission without an entity is its own subject; an instance id need not be a UUID (openrosa.md, 3)."""
    return uuid.uuid5(uuid.NAMESPACE_URL, reading.instance.instance_id)


def retell(connection: sa.Connection, this: Arrival) -> None:
    """After an edit was written: what it and the version before it changed, as all that counts makes it now."""
    edited = this.before.edited
    if edited is not None and this.placed.quarantine is None:
        changed = edited.touched | {block.id for block in this.reading.blocks}
        for entity_id in sorted(changed | ({this.placed.entity_id} if this.placed.entity_id else set())):
            restate(connection, entity_id, this.received_at)
