"""Personal data that went where it must not: noted, reported within 72 hours, told to those concerned (Điều 23)."""

import datetime as dt
from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server import clock
from server.errors import Problem
from server.models import Breach
from server.privacy.privacy_problems import PrivacyProblem

HOURS = dt.timedelta(hours=72)
"""From its being found to the report to the authority (Mẫu 08), and to those concerned where positions are in it."""


def add(
    session: Session,
    commune_id: int | None,
    found_at: dt.datetime,
    what: str,
    subjects: int | None,
    *,
    is_sensitive: bool,
    by: str,
) -> Breach:
    """Note a breach; the caller commits."""
    if not what.strip():
        raise Problem(PrivacyProblem.REQUEST_IMPOSSIBLE, why="hãy ghi việc gì đã xảy ra.")
    if found_at > clock.now():
        raise Problem(PrivacyProblem.REQUEST_IMPOSSIBLE, why="thời điểm phát hiện chưa tới.")
    found = Breach(
        commune_id=commune_id, found_at=found_at, what=what.strip()[:4000], subjects=subjects,
        is_sensitive=is_sensitive, due=found_at + HOURS, recorded_by=by,
    )  # fmt: skip
    session.add(found)
    session.flush()
    return found


def listed(session: Session, communes: Collection[int] | None) -> Sequence[Breach]:
    """The newest first; None: of the whole installation."""
    query = sa.select(Breach).order_by(Breach.found_at.desc())
    if communes is not None:
        query = query.where(Breach.commune_id.in_(list(communes)))
    return session.scalars(query).all()


def note(session: Session, key: int, communes: Collection[int] | None, step: str, measures: str) -> Breach:
    """The authority has its report, or those concerned were told; and what was done."""
    found = session.get(Breach, key)
    if found is None or (communes is not None and found.commune_id not in communes):
        raise Problem(PrivacyProblem.BREACH_UNKNOWN)
    if step == "reported":
        found.reported_at = found.reported_at or clock.now()
    elif step == "told":
        found.told_at = found.told_at or clock.now()
    found.measures = measures.strip()[:4000] or found.measures
    return found


def is_late(row: Breach) -> bool:
    """Whether the authority, or those whose positions are in it, were not told in time."""
    steps = [row.reported_at, row.told_at] if row.is_sensitive else [row.reported_at]
    return any((step or clock.now()) > row.due for step in steps)
