"""The one way an answer enters: read, placed, stored and counted in one transaction."""

import dataclasses
import logging
from collections.abc import Sequence

import sqlalchemy as sa
from flask import current_app

from server import clock
from server.db import db, single_statements
from server.errors import CommonProblem, Problem
from server.files import attachments
from server.files.attachments import Upload
from server.hot_path import statements
from server.hot_path.group_commit import Ticket, Together
from server.hot_path.statements import Step
from server.intake import before_registration, check_points, effects, latest_moment, place, resend
from server.intake.intake_problems import IntakeProblem
from server.intake.known import Sent, first, look
from server.intake.sender import Sender
from server.models import Tombstone
from server.models.privacy import of_points
from server.phones.phone_problems import PhoneProblem
from server.published_forms.read_submission import Reading, understand

log = logging.getLogger(__name__)

MOST = 32
"""Submissions that are stored in one transaction: a phone waits for no more than a moment's work."""
_ARRIVALS = "tungnha.arrivals"
_WITHDRAWN = sa.select(sa.literal(True)).where(sa.exists().where(Tombstone.key == sa.bindparam("key")))


@dataclasses.dataclass(frozen=True)
class Receipt:
    """What the phone is told; `new` where something was stored that was not there (201, else 202)."""

    submission_id: int
    new: bool
    sentence: str


_GONE = Receipt(
    0, False, "Đã nhận. Dữ liệu của phiếu hoặc hộ này đã được xóa theo yêu cầu nên không lưu lại."
)
"""What a phone is told that sends again what was deleted: it may delete its copy too (R22)."""


def accept(xml: bytes, uploads: Sequence[Upload], sender: Sender) -> Receipt:
    """Receive a submission durably: when this returns, a phone may delete its copy (C37).

    Raises Problem for what the collector can cure; anything else is kept and flagged (C39). What waits at the
    same time is stored in one transaction (docs/decisions/0015). Of twins that arrive at once one is stored; the
    other meets its row on a second try and is told so (C46).
    """
    reading = check_points.with_own_subject(understand(xml), sender)
    if uploads and (refused := _foresee(reading, sender)):
        return refused
    uploads = _without_log(uploads, reading)
    sealed = reading.instance.encrypted
    blobs = tuple(
        attachments.store(upload, cut_points=reading.cuts_points, sealed=sealed) for upload in uploads
    )
    return _arrivals().join(Sent(reading, blobs, sender))


def _foresee(reading: Reading, sender: Sender) -> Receipt | None:
    """Refuse what is going to be refused before its photos are on disk, where they would be nobody's (C45).

    The receipt of what was deleted is given at once.
    """
    with db.engine.connect() as connection:
        [before] = first(connection, [Sent(reading, (), sender)])
    if before.is_revoked:
        raise Problem(PhoneProblem.KEY_UNKNOWN)
    if before.stored is not None and before.stored.sha256 != reading.sha256:
        raise Problem(IntakeProblem.SUBMISSION_CONFLICT)
    return _GONE if before.is_buried and before.stored is None else None


def _without_log(uploads: Sequence[Upload], reading: Reading) -> Sequence[Upload]:
    """Without Collect's log, which repeats positions, where the household no longer agrees to their being kept."""
    if not any(_is_log(upload) for upload in uploads):
        return uploads
    with single_statements().connect() as connection:
        withdrawn = connection.scalar(_WITHDRAWN, {"key": of_points(reading.instance.instance_id)})
    return [upload for upload in uploads if not (withdrawn and _is_log(upload))]


def _is_log(upload: Upload) -> bool:
    return upload.name.lower() == attachments.AUDIT_FILE


def _arrivals() -> Together[Sent, Receipt]:
    """The one queue of this application in this process."""
    extensions = current_app.extensions
    if _ARRIVALS not in extensions:  # of two that come at once one makes it
        extensions.setdefault(_ARRIVALS, Together(store, MOST))
    found: Together[Sent, Receipt] = extensions[_ARRIVALS]
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
    known_at = latest_moment.known(received_at)
    chosen = sorted((ticket for ticket in tickets if _is_plain(ticket.work.reading)), key=_subject)
    known = zip(chosen, first(connection, [ticket.work for ticket in chosen]), strict=True)
    met: set[object] = set()
    steps: list[Step] = []
    receipts = []
    for ticket, before in known:
        if not before.is_plain or not _apart(ticket.work, met) or before.is_awaited:
            continue
        this = effects.arrival_of(ticket.work, before, received_at, known_at)
        steps += effects.steps_of(connection, this)
        receipts.append((ticket, Receipt(this.id, True, place.thanks(this.placed.quarantine))))
    if steps:
        statements.write(connection, steps)
    for ticket, receipt in receipts:
        ticket.settle(receipt)


def _subject(ticket: Ticket[Sent, Receipt]) -> bytes:
    subject = ticket.work.reading.subject
    return subject.bytes if subject is not None else b""


def _is_plain(reading: Reading) -> bool:
    """Neither an edit, which changes two submissions, nor about several entities."""
    names_one = reading.subject in (None, reading.about) and len(reading.blocks) < 2
    return reading.instance.deprecated_id is None and names_one


def _apart(sent: Sent, met: set[object]) -> bool:
    """Whether a submission shares neither its id nor its subject with one met before; it is met now."""
    own = {sent.reading.instance.instance_id, sent.reading.subject, sent.reading.about} - {None}
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
        raise Problem(CommonProblem.UNAVAILABLE)
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
    this = effects.arrival_of(sent, before, received_at, latest_moment.known(received_at))
    if before.is_awaited and this.placed.quarantine is None:
        if not whole:
            return None
        statements.run(connection, effects.steps_of(connection, this))
        before_registration.settle(connection, this.reading.about)
        connection.commit()
    elif before.edited is not None:
        statements.run(connection, effects.steps_of(connection, this))
        effects.retell(connection, this)
        connection.commit()
    else:
        statements.write(connection, effects.steps_of(connection, this))
    return Receipt(this.id, True, place.thanks(this.placed.quarantine))
