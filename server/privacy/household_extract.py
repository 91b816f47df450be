"""All that is held about one household, in words, to be given into its hands (Luật 91/2025, Điều 4)."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.households.household_states import ENDS, WORDS
from server.households.rebuild_entity import COMPUTED
from server.models import Attachment, Audit, Collector, Entity, Form, Submission, Village
from server.privacy import erase
from server.review.answer_words import Answered
from server.review.one_submission import said

READINGS = ("household.read", "submission.read", "photo.read", "privacy.extract")
"""Acts by which a person saw the household's data."""


@dataclass(frozen=True)
class ExtractedVisit:
    """One submission: when, by whom, on what legal basis, and everything that was answered."""

    form: str
    legal_basis: str
    observed_at: dt.datetime
    collector: str
    answers: tuple[Answered, ...]
    files: int
    point: tuple[float, float] | None


@dataclass(frozen=True)
class Extract:
    """What is held, and who has read it."""

    label: str
    village: str
    facts: dict[str, str]
    visits: tuple[ExtractedVisit, ...]
    readings: Sequence[Any]
    """Times and acts, from the audit."""


def gather(session: Session, entity_id: uuid.UUID) -> Extract | None:
    """Everything about a household under all ids it had; None where it is deleted."""
    doomed = erase.of_household(session.connection(), entity_id)
    entity = session.get(Entity, erase.heir(session.connection(), entity_id))
    if entity is None:
        return None
    village = session.get(Village, entity.village_id) if entity.village_id else None
    return Extract(
        entity.label,
        village.name if village else "",
        _facts(entity),
        tuple(_visits(session, list(doomed.submissions))),
        _readings(session, doomed.records),
    )


def _facts(entity: Entity) -> dict[str, str]:
    state = str(entity.data.get("tinh_trang", ""))
    ended = ENDS.get(entity.ended_reason or "")
    facts = {"Tình trạng": ended or WORDS.get(state, state), "Địa chỉ": str(entity.data.get("dia_chi", ""))}
    others = {
        name: str(value)
        for name, value in entity.data.items()
        if name not in COMPUTED and name not in ("thon", "dia_chi")
    }
    return {name: value for name, value in (facts | others).items() if value}


def _visits(session: Session, ids: list[int]) -> list[ExtractedVisit]:
    attached = session.execute(
        sa.select(Attachment.submission_id, sa.func.count())
        .where(Attachment.submission_id.in_(ids))
        .group_by(Attachment.submission_id)
    )
    files: dict[int, int] = {row[0]: row[1] for row in attached}
    rows = session.execute(
        sa.select(
            Submission.id, Submission.answers, Submission.form_version_id, Submission.observed_at,
            Submission.latitude, Submission.longitude, Form.title, Form.legal_basis, Collector.name,
        )
        .join(Form, Form.id == Submission.form_id)
        .outerjoin(Collector, Collector.id == Submission.collector_id)
        .where(Submission.id.in_(ids))
        .order_by(Submission.observed_at, Submission.id)
    )  # fmt: skip
    return [
        ExtractedVisit(
            row.title, row.legal_basis or "", row.observed_at, row.name or "",
            said(row.answers or {}, row.form_version_id), files.get(row.id, 0),
            (row.latitude, row.longitude) if row.latitude is not None else None,
        )
        for row in rows
    ]  # fmt: skip


def _readings(session: Session, records: Sequence[str]) -> Sequence[Any]:
    query = sa.select(Audit.at, Audit.act, Audit.actor).where(
        Audit.record.in_(records), Audit.act.in_(READINGS)
    )
    return session.execute(query.order_by(Audit.id)).all()
