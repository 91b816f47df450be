"""The one way an answer enters: read, placed, stored and counted in one transaction."""

import dataclasses
import datetime as dt
import logging
import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import current_app

from geo.series import Entry, Turn, home_on
from server import arrival, batch, clock, entities, latest, media, resend, tally, waiting
from server.arrival import Placed
from server.batch import Step, step
from server.before import Before, Sent, first, look, main_entity
from server.db import db, single_statements
from server.entities import HOUSEHOLDS, Origin, Visit
from server.errors import KEY_UNKNOWN, SUBMISSION_CONFLICT, UNAVAILABLE, Problem
from server.models import Audit, Finding, Submission, Tombstone
from server.models.privacy import of_points
from server.reading import Reading, observed, understand
from server.registry import KnownIndicator
from server.sender import Sender, Upload
from server.together import Ticket, Together

log = logging.getLogger(__name__)

MOST = 32
"""Submissions that are stored in one transaction: a phone waits for no more than a moment's work."""
_ARRIVALS = "tungnha.arrivals"
_WITHDRAWN = sa.select(sa.literal(True)).where(sa.exists().where(Tombstone.key == sa.bindparam("key")))

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


_GONE = Receipt(
    0, False, "Đã nhận. Dữ liệu của phiếu hoặc hộ này đã được xóa theo yêu cầu nên không lưu lại."
)
"""What a phone is told that sends again what was deleted: it may delete its copy too (DESIGN 7)."""


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

    @property
    def turns(self) -> tuple[Turn, ...]:
        """How the household that it is about moved, ended or was split."""
        known = self.before.known.get(self.reading.subject) if self.reading.subject else None
        return known.turns if known is not None else ()

    def village_of(self, indicator: KnownIndicator) -> int | None:
        """The thôn in which an indicator's finding counts: for people, where they lived on that day (DESIGN 6.4)."""
        village_id = self.placed.village_of(indicator)
        if self.turns and indicator.of_people:
            return home_on(self.turns, clock.day_of(self.observed_at), village_id)
        return village_id


def accept(xml: bytes, uploads: Sequence[Upload], sender: Sender) -> Receipt:
    """Receive a submission durably: when this returns, a phone may delete its copy (C37).

    Raises Problem for what the collector can cure; anything else is kept and flagged (C39). What waits at the
    same time is stored in one transaction (docs/decisions/0015). Of twins that arrive at once one is stored; the
    other meets its row on a second try and is told so (C46).
    """
    reading = understand(xml)
    if uploads and (refused := _foresee(reading, sender)):
        return refused
    uploads = _without_log(uploads, reading)
    sealed = reading.instance.encrypted
    blobs = tuple(media.store(upload, cut_points=reading.cuts_points, sealed=sealed) for upload in uploads)
    return _arrivals().join(Sent(reading, blobs, sender))


def _foresee(reading: Reading, sender: Sender) -> Receipt | None:
    """Refuse what is going to be refused before its photos are on disk, where they would be nobody's (C45).

    The receipt of what was deleted is given at once.
    """
    with db.engine.connect() as connection:
        [before] = first(connection, [Sent(reading, (), sender)])
    if before.is_revoked:
        raise Problem(KEY_UNKNOWN)
    if before.stored is not None and before.stored.sha256 != reading.sha256:
        raise Problem(SUBMISSION_CONFLICT)
    return _GONE if before.is_buried and before.stored is None else None


def _without_log(uploads: Sequence[Upload], reading: Reading) -> Sequence[Upload]:
    """Without Collect's log, which repeats positions, where the household no longer agrees to their being kept."""
    if not any(_is_log(upload) for upload in uploads):
        return uploads
    with single_statements().connect() as connection:
        withdrawn = connection.scalar(_WITHDRAWN, {"key": of_points(reading.instance.instance_id)})
    return [upload for upload in uploads if not (withdrawn and _is_log(upload))]


def _is_log(upload: Upload) -> bool:
    return upload.name.lower() == media.AUDIT_FILE


def _arrivals() -> Together[Sent, Receipt]:
    """The one queue of this application in this process."""
    found: Together[Sent, Receipt] = current_app.extensions.setdefault(_ARRIVALS, Together(store, MOST))
    return found


def store(tickets: Sequence[Ticket[Sent, Receipt]]) -> None:
    """Store what has come: all that can be in one transaction, and what is left, or fails there, one by one.

    Of several visits to one household each is in a transaction of its own, with what others of the kind are left.
    Where another process has stored a visit to one of the households meanwhile, all begin again with what they
    missed; more than a few times is no chance any more.
    """
    left, tries = list(tickets), 3
    while len(left) > 1 and tries:
        try:
            with _connect() as connection:
                _store_together(connection, left)
        except sa.exc.IntegrityError:
            tries -= 1
            continue
        except Exception:  # one that cannot be stored must not take its neighbours along
            log.info("stored one by one", exc_info=True)
            break
        before, left = left, [ticket for ticket in left if not ticket.is_settled]
        if len(left) == len(before):
            break
    for ticket in left:
        _store_alone(ticket)


def _store_together(connection: sa.Connection, tickets: Sequence[Ticket[Sent, Receipt]]) -> None:
    """Plain visits to different subjects in one transaction; whatever is special is left to `_store_alone`.

    In the order of their subjects: two processes that store visits to the same households wait for each other and
    never in a ring.
    """
    received_at = clock.now()
    chosen = sorted((ticket for ticket in tickets if _is_plain(ticket.work.reading)), key=_subject)
    known = zip(chosen, first(connection, [ticket.work for ticket in chosen]), strict=True)
    met: set[object] = set()
    steps: list[Step] = []
    receipts = []
    for ticket, before in known:
        if not before.is_plain or not _apart(ticket.work, met) or before.is_awaited:
            continue
        this = arrival_of(ticket.work, before, received_at, latest.known(received_at))
        steps += _steps(connection, this)
        receipts.append((ticket, Receipt(this.id, True, arrival.thanks(this.placed.quarantine))))
    if steps:
        batch.write(connection, steps)
    for ticket, receipt in receipts:
        ticket.settle(receipt)


def _subject(ticket: Ticket[Sent, Receipt]) -> bytes:
    subject = ticket.work.reading.subject
    return subject.bytes if subject is not None else b""


def _is_plain(reading: Reading) -> bool:
    """Neither an edit, which changes two submissions, nor about several entities."""
    return reading.instance.deprecated_id is None and len(reading.blocks) < 2


def _apart(sent: Sent, met: set[object]) -> bool:
    """Whether a submission shares neither its id nor its subject with one met before; it is met now."""
    own = {sent.reading.instance.instance_id, sent.reading.subject, main_entity(sent.reading)} - {None}
    is_apart = not own & met
    met |= own
    return is_apart


def _store_alone(ticket: Ticket[Sent, Receipt]) -> None:
    """Store one submission in a transaction of its own, again where another came between."""
    sent = ticket.work
    try:
        whole = sent.reading.instance.deprecated_id is not None
        for _try in range(5):
            with _connect(whole=whole) as connection:
                try:
                    receipt = receive(connection, sent, whole=whole)
                    if receipt is not None:
                        return ticket.settle(receipt)
                    whole = True
                except sa.exc.DBAPIError as error:
                    connection.rollback()
                    if not _may_try_again(error):
                        raise
        raise Problem(UNAVAILABLE)
    except Exception as error:  # whoever waits raises it in his own request
        ticket.fail(error)


def _connect(*, whole: bool = False) -> sa.Connection:
    """On PostgreSQL a visit is a few reads and one writing statement, and needs no transaction around them.

    An edit changes two submissions and their subjects, a registration may have others waiting for it: these
    are `whole`.
    """
    if db.engine.dialect.name == "postgresql" and not whole:
        return single_statements().connect()
    return db.engine.connect().execution_options(writes=True)


def _may_try_again(error: sa.exc.DBAPIError) -> bool:
    """A twin was first, two edits waited for each other, or the connection broke: meet what is there now."""
    is_race = isinstance(error, sa.exc.IntegrityError) or getattr(error.orig, "sqlstate", None) == "40P01"
    return is_race or error.connection_invalidated


def receive(connection: sa.Connection, sent: Sent, *, whole: bool) -> Receipt | None:
    """Store one submission with all that follows from it and commit; or meet the one that is already there.

    None where it needs a `whole` transaction and has none: it registers what earlier arrivals are about.
    """
    received_at = clock.now()
    sent, before = look(connection, sent)
    if before.stored is not None:
        connection.rollback()
        again = resend.again(before.stored, sent.reading, sent.blobs, received_at)
        return Receipt(before.stored.id, again.new, again.sentence)
    if before.is_buried:
        connection.rollback()
        return _GONE
    this = arrival_of(sent, before, received_at, latest.known(received_at))
    if before.is_awaited and this.placed.quarantine is None:
        if not whole:
            return None
        batch.run(connection, _steps(connection, this))
        waiting.settle(connection, main_entity(this.reading))
        connection.commit()
    else:
        batch.write(connection, _steps(connection, this))
    return Receipt(this.id, True, arrival.thanks(this.placed.quarantine))


def arrival_of(
    sent: Sent, before: Before, received_at: dt.datetime, known: dt.datetime | None = None
) -> Arrival:
    """Decide where a submission belongs, when it was, and what looks wrong with it.

    `known` is the latest moment that the server knows to have been, where its clock may have gone back.
    """
    placed = arrival.place(sent.reading, before.known, sent.sender)
    moment, clock_flag = observed(sent.reading, received_at, known or received_at)
    blobs = sent.blobs
    if before.edited is not None:
        moment = before.edited.observed_at
        blobs = (*blobs, *before.edited.carried(sent.reading.files, blobs))
    flags = (*arrival.flags(sent.reading, placed, clock_flag), *resend.broken(sent.blobs))
    return Arrival(sent.reading, blobs, sent.sender, before, placed, received_at, moment, flags)


def _steps(connection: sa.Connection, this: Arrival) -> list[Step]:
    """Everything that one submission writes, in the order in which it can be written."""
    steps = [Step(ADD, (columns(this),)), *resend.attachments(this.id, this.blobs, this.received_at)]
    if this.placed.quarantine is None:
        steps += _guard(connection, this)
        steps += consequences(connection, this)
        steps += _tally_steps(this)
    steps.append(
        step(
            ADD_AUDIT, at=this.received_at, actor=this.sender.actor, act="submission.receive",
            record=f"submission:{this.id}", address=this.sender.address, detail=None,
        )
    )  # fmt: skip
    return steps


def columns(this: Arrival) -> dict[str, Any]:
    """The row of a submission."""
    reading, placed, point = this.reading, this.placed, this.placed.kept_point
    missing = sorted(reading.files - {blob.name for blob in this.blobs})
    return {
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
        later = this.before.later if is_main else entities.later(connection, block)
        steps += entities.apply(
            block, this.before.known.get(block.id), this.placed.home_id, own, origin, later
        )
    known = this.before.known.get(this.placed.entity_id) if this.placed.entity_id else None
    if not this.reading.blocks and known is not None and this.placed.is_household:
        steps += entities.update(known, None, computed, origin)
    return steps


def _status(this: Arrival) -> dict[str, str]:
    visits = list(this.before.visits)
    if this.reading.result is not None:
        visits.append(Visit(this.observed_at, this.received_at, this.id, this.reading.result))
    return entities.status(visits, this.turns)


def _findings(this: Arrival) -> list[dict[str, Any]]:
    """What the submission states, each finding in its thôn."""
    subject = this.reading.subject or own_subject(this.reading)
    return [
        {
            "submission_id": this.id, "indicator_id": each.indicator.id, "subject": subject,
            "village_id": this.village_of(each.indicator), "done": each.done, "of": each.of,
            "observed_at": this.observed_at, "received_at": this.received_at, "counts": True,
        }
        for each in this.reading.statements
    ]  # fmt: skip


def _tally_steps(this: Arrival) -> list[Step]:
    """The tally that follows from the findings (DESIGN 6.3)."""
    day = clock.day_of(this.observed_at)
    tallied = []
    for indicator, done, of in ((each.indicator, each.done, each.of) for each in this.reading.statements):
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
