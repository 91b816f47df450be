"""What a person decides about a submission: whether it counts; and all that follows for counts and households."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from server import audit, clock
from server.counting import noted_changes, writer_lock
from server.counting.tally_after_changes import recasting
from server.errors import Problem
from server.hooks import outbox
from server.households import household_states, sample_list
from server.households.rebuild_entity import restate, touched_by
from server.intake import (
    before_registration,
    edited_submission,
    read_for_sender,
    submission_effects,
    submission_place,
)
from server.intake.batch_state import BatchState, names
from server.intake.edited_submission import Edited
from server.intake.submission_effects import Arrival
from server.intake.submission_sender import Sender
from server.intake.write_rows import WrittenRows
from server.models import Entity, EntityVersion, Finding, Indicator, Submission, SubmissionReview, Village
from server.published_forms.read_submission import UNREAD, SubmissionReading, observed
from server.review import submission_states
from server.review.review_problems import ReviewProblem

_STORED = (
    sa.select(
        Submission.id,
        Submission.review,
        Submission.quarantine,
        Submission.root_id,
        Submission.replaced_by_id,
        Submission.entity_id,
        Submission.result,
        Submission.form_id,
        Submission.collector_id,
        Submission.poster_id,
        Submission.device,
        Submission.user_agent,
        Submission.observed_at,
        Submission.received_at,
        Submission.xml,
        Submission.flags,
    )
    .where(Submission.id == sa.bindparam("submission"))
    .with_for_update()
)
_SUBJECTS = sa.select(Finding.subject).where(Finding.submission_id == sa.bindparam("submission")).distinct()
_COUNT = (
    sa.update(Finding)
    .where(Finding.submission_id == sa.bindparam("submission_"))
    .values(counts=sa.bindparam("counting"))
)
_REVIEW = (
    sa.update(Submission)
    .where(Submission.id == sa.bindparam("submission_"))
    .values(review=sa.bindparam("state"))
)
_DECIDED = sa.insert(SubmissionReview)
# written once: a flood is undone by a thousand of each
IMPOSSIBLE = {
    UNREAD: "phiếu ghi vào hơn 1.000 hộ hoặc điểm, nhiều hơn mức máy chủ đọc trong một phiếu. Hãy chọn Không nhận và "
    "nhờ người gửi chia thành nhiều phiếu.",
}
"""Why what was set aside cannot be taken in by anybody."""


@dataclasses.dataclass(frozen=True)
class Decision:
    """What was decided: from which state into which."""

    submission_id: int
    before: str
    after: str


@dataclasses.dataclass(frozen=True)
class Reviewer:
    """Who decides, as the audit names them, and the commune within which they may."""

    actor: str
    name: str
    commune_id: int
    address: str | None = None


def decide(
    connection: sa.Connection,
    submission_id: int,
    state: str,
    *,
    expected: str,
    reviewer: Reviewer,
    comment: str = "",
) -> Decision:
    """Bring a submission into a state and let counts and household follow; the caller commits.

    Approving lifts a quarantine: the submission is placed and counts as if it had just been accepted. Rejecting
    takes it out of the counts and gives its household back what it was without it (R5). `expected` is
    the state that the reviewer saw: Problem REVIEW_OVERTAKEN where another one was faster. Raises
    SUBMISSION_UNKNOWN, and REVIEW_IMPOSSIBLE for what cannot be counted (still unreadable, replaced by an edit).
    """
    writer_lock.hold(connection)
    stored = connection.execute(_STORED, {"submission": submission_id}).first()
    if stored is None or state not in submission_states.WORDS:
        raise Problem(ReviewProblem.SUBMISSION_UNKNOWN)
    if stored.review != expected:
        raise Problem(ReviewProblem.REVIEW_OVERTAKEN, state=submission_states.word(stored.review))
    if stored.replaced_by_id is not None:
        raise _impossible("phiếu này đã được một bản sửa thay thế.")
    if stored.quarantine in (submission_place.PENDING, submission_place.FAILED):
        raise _impossible("máy chủ chưa xử lý được phiếu này; quản trị viên sẽ cho xử lý lại.")
    if state == "approved" and stored.quarantine is not None:
        _take_in(connection, stored, reviewer)
    elif stored.quarantine is None and (
        _uncounted(stored, state) != _uncounted(stored, stored.review)
        or stored.result == household_states.MOVED
    ):
        _set_counting(connection, stored, state)
    connection.execute(_REVIEW, {"submission_": stored.id, "state": state})
    sample_list.retell_about(connection, {stored.entity_id} - {None})
    decision = Decision(stored.id, stored.review, state)
    _remember(connection, [decision], reviewer, comment)
    return decision


def decide_all(
    connection: sa.Connection,
    chosen: Iterable[tuple[int, str]],
    state: str,
    *,
    reviewer: Reviewer,
    comment: str = "",
) -> tuple[list[int], int]:
    """Bring many submissions into one state with one reason: those that came there, and how many had to stay.

    Each is decided as if alone, with a line of history of its own; what cannot be counted, or was decided by
    somebody else meanwhile, stays as it is. The caller commits.
    """
    every = dict(chosen)
    done, left = _reject_aside(connection, every, reviewer, comment) if state == "rejected" else [], 0
    for submission_id, expected in [(each, seen) for each, seen in every.items() if each not in set(done)]:
        try:
            with connection.begin_nested():
                decide(
                    connection, submission_id, state, expected=expected, reviewer=reviewer, comment=comment
                )
            done.append(submission_id)
        except Problem:
            left += 1
    return done, left


def _reject_aside(
    connection: sa.Connection, seen: Mapping[int, str], reviewer: Reviewer, comment: str
) -> list[int]:
    """Reject at once what was set aside, from which nothing follows: a flood of thousands costs a few statements.

    Left to `decide` is what counts, or is no longer in the state that the reviewer saw.
    """
    writer_lock.hold(connection)
    aside = sa.select(Submission.id, Submission.review).where(
        Submission.id.in_(seen),
        Submission.quarantine.is_not(None),
        Submission.quarantine.not_in((submission_place.PENDING, submission_place.FAILED)),
        Submission.replaced_by_id.is_(None),
    )
    rows = connection.execute(aside.order_by(Submission.id).with_for_update()).all()
    decided = [Decision(row.id, row.review, "rejected") for row in rows if row.review == seen[row.id]]
    if decided:
        these = Submission.id.in_([each.submission_id for each in decided])
        connection.execute(sa.update(Submission).where(these).values(review="rejected"))
        _remember(connection, decided, reviewer, comment)
    return [each.submission_id for each in decided]


def remark(
    connection: sa.Connection, submission_id: int, text: str, *, reviewer: Reviewer, sends_on: bool = False
) -> None:
    """Add a note to the history of a submission, which stays in the state it is in; the caller commits.

    One that `sends_on` leaves the submission to the office, whatever it says (R37).

    Problem SUBMISSION_UNKNOWN.
    """
    stored = connection.execute(_STORED, {"submission": submission_id}).first()
    if stored is None:
        raise Problem(ReviewProblem.SUBMISSION_UNKNOWN)
    moment = clock.now()
    line = {
        "submission_id": stored.id, "at": moment, "actor": reviewer.actor, "name": reviewer.name,
        "before": stored.review, "after": stored.review, "comment": text.strip() or None, "sends_on": sends_on,
    }  # fmt: skip
    connection.execute(_DECIDED, line)
    record = f"submission:{stored.id}"
    act = "submission.send_on" if sends_on else "submission.comment"
    audit.add(reviewer.actor, act, record, address=reviewer.address, by=connection)


def history(connection: sa.Connection, submission_id: int) -> list[SubmissionReview]:
    """All decisions about a submission, the first one first."""
    columns = SubmissionReview.__table__.c
    rows = connection.execute(
        sa.select(*columns).where(columns.submission_id == submission_id).order_by(columns.id)
    )
    return [SubmissionReview(**row._mapping) for row in rows]


def _uncounted(stored: Any, state: str) -> frozenset[str] | None:
    """Indicators of a submission that do not count in a state; None where none of it does.

    Help that another visit told on the same day counts once somebody has approved it.
    """
    if state == submission_states.REJECTED:
        return None
    if state == submission_states.APPROVED:
        return frozenset()
    repeated = (flag["detail"] for flag in stored.flags or () if flag["code"] == submission_effects.SAME_DAY)
    return frozenset(code for codes in repeated for code in codes.split(","))


def _set_counting(connection: sa.Connection, stored: Any, state: str) -> None:
    """Take a submission's findings out of the counts, or back in, and tell its household anew."""
    this = {"submission": stored.id}
    subjects = set(connection.scalars(_SUBJECTS, this))
    touched = touched_by(connection, stored.id, stored.entity_id)
    uncounted = _uncounted(stored, state)
    with recasting(connection, subjects | touched):
        connection.execute(_COUNT, {"submission_": stored.id, "counting": uncounted is not None})
        if uncounted:
            left_out = Finding.indicator_id.in_(sa.select(Indicator.id).where(Indicator.code.in_(uncounted)))
            these = sa.update(Finding).where(Finding.submission_id == stored.id, left_out)
            connection.execute(these.values(counts=False))
        connection.execute(_REVIEW, {"submission_": stored.id, "state": state})
        for entity_id in sorted(touched):
            restate(connection, entity_id, clock.now())


def _take_in(connection: sa.Connection, stored: Any, reviewer: Reviewer) -> None:
    """Place and count a quarantined submission as if it had just been accepted, by a sender for the whole commune."""
    sender = Sender(
        stored.collector_id, reviewer.commune_id, _villages(connection, reviewer.commune_id),
        stored.device, stored.user_agent, decides=True, poster_id=stored.poster_id,
    )  # fmt: skip
    reading = read_for_sender.understood(bytes(stored.xml), sender)
    if reading.version is None or reading.instance.encrypted:
        raise _impossible("máy chủ chưa đọc được phiếu này (mã hóa, hoặc phiên bản lạ).")
    edited = _edited(connection, stored, reading)
    reading = edited_submission.followed(reading, edited)
    if edited is not None and edited.is_sealed:
        raise _impossible(
            "phiếu gốc đã mã hóa, bản sửa không mã hóa không thay được. Hãy mở bằng khóa riêng của biểu mẫu."
        )
    if edited is not None and edited.id != stored.id:
        edited_submission.replace(connection, edited, stored.id)
    subjects = {reading.subject or submission_effects.own_subject(reading), *names(reading, edited)}
    with recasting(connection, subjects):
        this = _arrival(connection, stored, reading, sender, edited)
        if this.placed.quarantine is not None:
            raise _impossible(IMPOSSIBLE.get(this.placed.quarantine, "hộ hoặc điểm này thuộc nơi khác."))
        _approve(connection, this, stored.root_id)
        submission_effects.consequences(this).write(connection)
        submission_effects.retell(connection, this)
        _bring_back(connection, stored.id)
    before_registration.settle(connection, this.reading.about)


def _approve(connection: sa.Connection, this: Arrival, root_id: int | None) -> None:
    """Write down of a submission where it belongs by now, and that it is approved."""
    edited = this.before.edited
    values = {
        **submission_effects.understanding(this.reading, this.placed),
        **submission_effects.placing(this),
        "root_id": root_id or (edited.root_id if edited is not None and edited.is_theirs else None),
        "observed_at": this.observed_at,
        "review": "approved",
    }
    connection.execute(sa.update(Submission).where(Submission.id == this.id).values(**values))


def _impossible(why: str) -> Problem:
    return Problem(ReviewProblem.REVIEW_IMPOSSIBLE, why=why)


def _bring_back(connection: sa.Connection, submission_id: int) -> None:
    """Put households back on the list that left it when this submission, which had counted, was set aside."""
    ended = sa.select(Entity.id).where(
        Entity.id.in_(sa.select(EntityVersion.entity_id).where(EntityVersion.submission_id == submission_id)),
        Entity.ended_reason == household_states.REJECTED,
    )
    for entity_id in sorted(connection.scalars(ended).all()):
        restate(connection, entity_id, clock.now())


def _arrival(
    connection: sa.Connection, stored: Any, sent: SubmissionReading, sender: Sender, edited: Edited | None
) -> Arrival:
    """A submission that came long ago, with what is known of its subject now."""
    reading, found = BatchState.read(connection, [sent], edited).before(stored.id, sent, edited)
    before = dataclasses.replace(found, series={})  # nothing that counts elsewhere speaks against a decision
    placed = submission_place.place(reading, before.known, sender, edited, before.stated_in(reading))
    _, clock_flag = observed(reading, stored.received_at, stored.received_at)
    moment = edited.observed_at if edited is not None else stored.observed_at
    flags = submission_place.first_flags(reading, clock_flag)
    return Arrival(reading, sender, before, placed, stored.received_at, moment, flags)


def _edited(connection: sa.Connection, stored: Any, reading: SubmissionReading) -> Edited | None:
    """The version in whose place a submission comes when it is approved: the newest of what it is an edit of."""
    root = stored.root_id
    if root is None and reading.instance.deprecated_id is not None:
        found = edited_submission.edited(connection, reading, stored.collector_id)
        root = found.root_id if found.form_id == stored.form_id else None
    return edited_submission.newest(connection, root) if root is not None else None


def _villages(connection: sa.Connection, commune_id: int) -> dict[str, int]:
    rows = connection.execute(sa.select(Village.code, Village.id).where(Village.commune_id == commune_id))
    return {row.code: row.id for row in rows}


def _remember(
    connection: sa.Connection, decided: Sequence[Decision], reviewer: Reviewer, comment: str
) -> None:
    """A line of history and a row of the audit for each; other systems are told where hooks say so."""
    moment = clock.now()
    told = [
        {
            "submission_id": each.submission_id, "at": moment, "actor": reviewer.actor, "name": reviewer.name,
            "before": each.before, "after": each.after, "comment": comment.strip() or None,
        }
        for each in decided
    ]  # fmt: skip
    connection.execute(_DECIDED, told)
    acts = [
        audit.row(
            reviewer.actor, "submission.review", f"submission:{each.submission_id}",
            {"before": each.before, "after": each.after}, address=reviewer.address, at=moment,
        )
        for each in decided
    ]  # fmt: skip
    WrittenRows(audit=acts).write(connection)
    noted_changes.note(connection, [each.submission_id for each in decided])
    for state in sorted({each.after for each in decided}):
        outbox.add(connection, [each.submission_id for each in decided if each.after == state], state)
