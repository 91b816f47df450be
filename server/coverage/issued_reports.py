"""Issued reports: stored once with their files, never changed; and what has come in since."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server import audit, clock
from server.accounts.callers import Caller
from server.coverage.coverage_problems import CoverageProblem
from server.db import db
from server.errors import Problem
from server.models import Commune, Snapshot, Submission, Village

PAGE = 20
"""Reports on one page of the list."""


@dataclass(frozen=True)
class Issue:
    """What is to be frozen."""

    period: str
    cut_off: dt.date
    received_until: dt.datetime | None
    content: dict[str, Any]
    docx: bytes
    pdf: bytes


@dataclass(frozen=True)
class ReportList:
    """One page of a commune's reports, the newest first."""

    reports: tuple[Snapshot, ...]
    page: int
    pages: int


@dataclass(frozen=True)
class LateSubmissions:
    """Submissions of the commune that came after a report: of days that it speaks of, and of later days."""

    late: int
    after: int


def newest_submission() -> int:
    """The key of the newest submission anywhere; taken before a report is counted, so that none is missed."""
    return db.session.scalar(sa.select(sa.func.max(Submission.id))) or 0


def issue(commune: Commune, given: Issue, last_submission_id: int, by: Caller) -> Snapshot:
    """Store a report under the commune's next number, with its row in the audit. The caller commits.

    Two officers who issue at once wait for each other, and get two numbers.
    """
    db.session.execute(sa.select(Commune.id).where(Commune.id == commune.id).with_for_update())
    newest = db.session.scalar(
        sa.select(sa.func.max(Snapshot.number)).where(Snapshot.commune_id == commune.id)
    )
    row = Snapshot(
        commune_id=commune.id,
        number=(newest or 0) + 1,
        period=given.period,
        cut_off=given.cut_off,
        received_until=given.received_until,
        last_submission_id=last_submission_id,
        content=given.content,
        docx=given.docx,
        docx_sha256=hashlib.sha256(given.docx).hexdigest(),
        pdf=given.pdf,
        pdf_sha256=hashlib.sha256(given.pdf).hexdigest(),
        issued_at=clock.now(),
        issued_by=by.actor,
        issued_name=by.name,
    )
    db.session.add(row)
    db.session.flush()
    detail = {"commune": commune.code, "period": given.period, "docx": row.docx_sha256, "pdf": row.pdf_sha256}
    audit.note("report.issue", f"report:{row.id}", detail)
    return row


def listing(commune: Commune, page: int) -> ReportList:
    """The commune's reports; a page beyond the last is the last."""
    mine = Snapshot.commune_id == commune.id
    count = db.session.scalar(sa.select(sa.func.count()).select_from(Snapshot).where(mine)) or 0
    pages = max(1, -(-count // PAGE))
    number = min(max(1, page), pages)
    found = sa.select(Snapshot).where(mine).order_by(Snapshot.number.desc())
    rows = db.session.scalars(found.offset((number - 1) * PAGE).limit(PAGE))
    return ReportList(tuple(rows), number, pages)


def one(commune: Commune, number: int) -> Snapshot:
    """Problem REPORT_UNKNOWN where the commune has issued none of this number."""
    mine = sa.select(Snapshot).where(Snapshot.commune_id == commune.id, Snapshot.number == number)
    found = db.session.scalars(mine).first()
    if found is None:
        raise Problem(CoverageProblem.REPORT_UNKNOWN)
    return found


def newer(report: Snapshot) -> Sequence[Snapshot]:
    """Reports of the same period that were issued after this one."""
    same = sa.select(Snapshot).where(
        Snapshot.commune_id == report.commune_id,
        Snapshot.period == report.period,
        Snapshot.number > report.number,
    )
    return db.session.scalars(same.order_by(Snapshot.number)).all()


def later(report: Snapshot) -> LateSubmissions:
    """How many submissions came in since, by whether their day lies within what the report speaks of."""
    end = clock.end_of(report.cut_off)
    is_late = Submission.observed_at < end
    counted = sa.select(
        sa.func.count().filter(is_late).label("late"), sa.func.count().filter(~is_late).label("after")
    ).where(
        Submission.id > report.last_submission_id,
        Submission.village_id.in_(sa.select(Village.id).where(Village.commune_id == report.commune_id)),
    )
    row = db.session.execute(counted).one()
    return LateSubmissions(row.late, row.after)
