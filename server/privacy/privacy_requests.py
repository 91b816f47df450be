"""What households ask about their data: noted, told in time, done from the request itself (NĐ 356/2025, Điều 5)."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server import clock
from server.counting.tally_after_changes import recasting
from server.errors import Problem
from server.households import household_parts
from server.households.act_rows import Officer
from server.models import Commune, Entity, EntityVersion, PrivacyRequest
from server.privacy import erase, legal_deadlines, tombstones
from server.privacy.privacy_problems import PrivacyProblem

KINDS: Mapping[str, str] = {
    "view": "xem, nhận bản sao dữ liệu",
    "correct": "sửa dữ liệu",
    "delete": "xóa dữ liệu",
    "withdraw": "rút lại đồng ý ghi vị trí",
}
STATES: Mapping[str, str] = {"open": "đang xử lý", "done": "đã xong", "refused": "từ chối"}


@dataclass(frozen=True)
class ListedRequest:
    """A request with the commune that has it, and what is late about it."""

    row: PrivacyRequest
    commune: Commune
    is_late: bool
    """Not done in time."""
    is_unanswered: bool
    """The household was not told in time."""


def add(
    session: Session, commune: Commune, entity_id: uuid.UUID, kind: str, received_on: dt.date, asked: str
) -> PrivacyRequest:
    """Note a request of a household of this commune; the caller commits."""
    if kind not in KINDS:
        raise _impossible("hãy chọn hộ yêu cầu điều gì.")
    if received_on > clock.today():
        raise _impossible("ngày nhận yêu cầu chưa tới.")
    found = PrivacyRequest(
        commune_id=commune.id, entity_id=entity_id, kind=kind, state="open", received_on=received_on,
        asked=asked.strip()[:2000] or None,
        answer_due=legal_deadlines.after(received_on, legal_deadlines.ANSWER_DAYS),
        due=legal_deadlines.by(received_on, legal_deadlines.DAYS[kind]),
    )  # fmt: skip
    session.add(found)
    session.flush()
    return found


def listed(session: Session, communes: Collection[int] | None) -> list[ListedRequest]:
    """All requests of these communes (None: of all), the open ones first, by their due day."""
    query = (
        sa.select(PrivacyRequest, Commune)
        .join(Commune, Commune.id == PrivacyRequest.commune_id)
        .order_by(PrivacyRequest.state != "open", PrivacyRequest.due, PrivacyRequest.id)
    )
    if communes is not None:
        query = query.where(PrivacyRequest.commune_id.in_(list(communes)))
    return [shown(row, commune) for row, commune in session.execute(query)]


def shown(row: PrivacyRequest, commune: Commune) -> ListedRequest:
    done_on = clock.day_of(row.closed_at) if row.closed_at else clock.today()
    told_at = row.answered_at or row.closed_at
    told_on = clock.day_of(told_at) if told_at else clock.today()
    return ListedRequest(row, commune, done_on > row.due, told_on > row.answer_due)


def one(session: Session, commune: Commune, key: int) -> PrivacyRequest:
    """A request of this commune; Problem REQUEST_UNKNOWN for any other."""
    found = session.get(PrivacyRequest, key)
    if found is None or found.commune_id != commune.id:
        raise Problem(PrivacyProblem.REQUEST_UNKNOWN)
    return found


def of_household(session: Session, entity_id: uuid.UUID) -> Sequence[PrivacyRequest]:
    """The requests about one household, the newest first."""
    query = sa.select(PrivacyRequest).where(PrivacyRequest.entity_id == entity_id)
    return session.scalars(query.order_by(PrivacyRequest.id.desc())).all()


def answer(row: PrivacyRequest) -> None:
    """The household has been told."""
    _check_open(row)
    if row.answered_at is not None:
        raise _impossible("hộ đã được trả lời rồi.")
    row.answered_at = clock.now()


def extend(row: PrivacyRequest) -> None:
    """More time, once, as the decree gives it; the household is to be told why."""
    _check_open(row)
    if row.extended_at is not None:
        raise _impossible("yêu cầu này đã được gia hạn một lần.")
    row.extended_at = clock.now()
    row.due = legal_deadlines.by(row.due, legal_deadlines.MORE_DAYS[row.kind])


def refuse(row: PrivacyRequest, why: str, officer: Officer) -> None:
    if not why.strip():
        raise _impossible("hãy ghi lý do từ chối, để trả lời hộ.")
    _close(row, "refused", why, officer)


def hand_over(row: PrivacyRequest, officer: Officer) -> None:
    """The household has its data in its hands."""
    _check_kind(row, "view")
    _close(row, "done", "đã trao bản trích dữ liệu", officer)


def correct(session: Session, row: PrivacyRequest, label: str, address: str, officer: Officer) -> None:
    """Give the household the name and the address that it says are right; phones get them at their next sync."""
    _check_kind(row, "correct")
    if not label.strip():
        raise _impossible("hộ cần một tên để tìm trên điện thoại.")
    own = household_parts.of_list(label, address)
    entity_id = erase.heir(session.connection(), row.entity_id)
    connection = session.connection()
    with recasting(connection, [entity_id]):
        entity = session.get(Entity, entity_id, populate_existing=True)
        if entity is None:
            raise Problem(PrivacyProblem.REQUEST_UNKNOWN)
        at = clock.now()
        entity.label, entity.version, entity.changed_at = own.label, entity.version + 1, at
        entity.data = {**entity.data, "dia_chi": own.address}
        session.add(
            EntityVersion(
                entity_id=entity_id, version=entity.version, label=own.label, data=entity.data,
                received={"dia_chi": entity.data["dia_chi"]}, named=own.label, created_at=at,
            )
        )  # fmt: skip
        session.flush()
    _close(row, "done", "đã sửa tên, địa chỉ của hộ", officer)


def delete(session: Session, row: PrivacyRequest, officer: Officer) -> None:
    """Delete the household everywhere, the words of the request included. Commits."""
    _check_kind(row, "delete")
    doomed = erase.of_household(session.connection(), row.entity_id)
    for other in session.scalars(
        sa.select(PrivacyRequest).where(PrivacyRequest.entity_id.in_(doomed.entities | {row.entity_id}))
    ):
        other.asked = None
        if other.state == "open":
            _close(other, "done", "đã xóa dữ liệu của hộ", officer)
    session.flush()
    tombstones.forget(session, doomed, tombstones.REQUEST)


def withdraw(session: Session, row: PrivacyRequest, officer: Officer) -> None:
    """Take away what was kept by consent: where the house is. Commits.

    What the law allows without consent stays (Luật 91/2025, Điều 19.1.c).
    """
    _check_kind(row, "withdraw")
    doomed = erase.of_household(session.connection(), row.entity_id)
    _close(row, "done", f"đã xóa vị trí nhà trong {len(doomed.submissions)} phiếu", officer)
    session.flush()
    tombstones.forget_points(session, doomed)


def _close(row: PrivacyRequest, state: str, outcome: str, officer: Officer) -> None:
    _check_open(row)
    row.state, row.outcome = state, outcome.strip()[:500]
    row.closed_at, row.closed_by = clock.now(), officer.name
    row.answered_at = row.answered_at or row.closed_at


def _check_open(row: PrivacyRequest) -> None:
    if row.state != "open":
        raise _impossible("yêu cầu này đã đóng.")


def _check_kind(row: PrivacyRequest, kind: str) -> None:
    _check_open(row)
    if row.kind != kind:
        raise _impossible("việc này không phải điều hộ đã yêu cầu.")


def _impossible(why: str) -> Problem:
    return Problem(PrivacyProblem.REQUEST_IMPOSSIBLE, why=why)
