"""What has been kept as long as its form says is deleted; its numbers stay without a household (R26)."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server import audit, clock
from server.audit import SHELL
from server.households.records import HOUSEHOLDS
from server.models import Entity, EntityList, Form, HouseholdImport, Submission
from server.privacy import erase, tombstones

UNCONFIRMED = dt.timedelta(days=30)
"""How long a list of households that was loaded may wait to be confirmed before its file is deleted."""
_AT_ONCE = 200


_Cutoff = tuple[int, str, dt.datetime]
"""A form that states a retention, and before which moment its submissions are due."""


@dataclass(frozen=True)
class Due:
    """What is due: of one form, the households of the list, or files that nobody confirmed."""

    about: str
    """`form:ho_gia_dinh`, `list:ho_dan`, `household_import`."""
    until: dt.datetime
    """Rows older than this."""
    count: int


def due(session: Session) -> list[Due]:
    """What would be deleted now."""
    cutoffs = _cutoffs(session)
    found = [
        Due(f"form:{form_id}", until, _count(session, _submissions(form, until)))
        for form, form_id, until in cutoffs
    ]
    households = _households(cutoffs)
    if households is not None:
        found.append(Due(f"list:{HOUSEHOLDS}", _oldest(cutoffs), _count(session, households)))
    stale = clock.now() - UNCONFIRMED
    found.append(Due("household_import", stale, _count(session, _unconfirmed(stale))))
    return [each for each in found if each.count]


def unstated(session: Session) -> Sequence[str]:
    """Forms that say no retention: nothing of theirs is ever due."""
    return session.scalars(
        sa.select(Form.form_id).where(Form.retention_months.is_(None)).order_by(Form.form_id)
    ).all()


def retain(session: Session) -> list[Due]:
    """Delete what is due, some hundred at a time, each with its row in the audit; what was deleted. Commits."""
    cutoffs = _cutoffs(session)
    done = [_retain_households(session, cutoffs)]
    done += [_retain_submissions(session, *cutoff) for cutoff in cutoffs]
    done.append(_drop_unconfirmed(session))
    return [each for each in done if each.count]


def _retain_households(session: Session, cutoffs: Sequence[_Cutoff]) -> Due:
    query = _households(cutoffs)
    until = _oldest(cutoffs)
    count = 0
    while query is not None and (ids := list(session.scalars(query.limit(_AT_ONCE)))):
        connection = _writing(session)
        _log(session, Due(f"list:{HOUSEHOLDS}", until, len(ids)))
        tombstones.forget(session, erase.of_households(connection, ids), tombstones.RETENTION)
        count += len(ids)
    session.rollback()
    return Due(f"list:{HOUSEHOLDS}", until, count)


def _retain_submissions(session: Session, form: int, form_id: str, until: dt.datetime) -> Due:
    query = _submissions(form, until)
    count = 0
    while ids := list(session.scalars(query.limit(_AT_ONCE))):
        connection = _writing(session)
        _log(session, Due(f"form:{form_id}", until, len(ids)))
        tombstones.forget(session, erase.of_submissions(connection, ids), tombstones.RETENTION)
        count += len(ids)
    session.rollback()
    return Due(f"form:{form_id}", until, count)


def _drop_unconfirmed(session: Session) -> Due:
    _writing(session)
    stale = clock.now() - UNCONFIRMED
    ids = list(session.scalars(_unconfirmed(stale)))
    found = Due("household_import", stale, len(ids))
    if ids:
        session.execute(sa.delete(HouseholdImport).where(HouseholdImport.id.in_(ids)))
        _log(session, found)
    session.commit()
    return found


def months_before(moment: dt.datetime, months: int) -> dt.datetime:
    """The same local day so many months ago, or the last of a shorter month."""
    local = moment.astimezone(clock.LOCAL)
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    following = dt.date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    last = (following - dt.timedelta(days=1)).day
    return local.replace(year=year, month=month + 1, day=min(local.day, last)).astimezone(dt.UTC)


def _cutoffs(session: Session) -> list[_Cutoff]:
    """Each form that states a retention, and before which moment its submissions are due."""
    forms = session.execute(
        sa.select(Form.id, Form.form_id, Form.retention_months)
        .where(Form.retention_months.is_not(None))
        .order_by(Form.form_id)
    ).all()
    session.rollback()
    return [(row.id, row.form_id, months_before(clock.now(), row.retention_months)) for row in forms]


def _oldest(cutoffs: Sequence[_Cutoff]) -> dt.datetime:
    return min((until for _, _, until in cutoffs), default=clock.now())


def _submissions(form: int, until: dt.datetime) -> sa.Select[int]:
    return (
        sa.select(Submission.id)
        .where(Submission.form_id == form, Submission.received_at < until)
        .order_by(Submission.id)
    )


def _households(cutoffs: Sequence[_Cutoff]) -> sa.Select[uuid.UUID] | None:
    """Households that nobody has listed, visited or changed for as long as the longest retention.

    None where no form states one. Those merged into another go with it.
    """
    if not cutoffs:
        return None
    is_due = sa.or_(
        *(sa.and_(Submission.form_id == form, Submission.received_at < until) for form, _, until in cutoffs)
    )
    return (
        sa.select(Entity.id)
        .join(EntityList, EntityList.id == Entity.list_id)
        .where(
            EntityList.name == HOUSEHOLDS,
            Entity.merged_into_id.is_(None),
            Entity.changed_at < _oldest(cutoffs),
            ~sa.exists().where(Submission.entity_id == Entity.id, ~is_due),
        )
        .order_by(Entity.id)
    )


def _unconfirmed(stale: dt.datetime) -> sa.Select[int]:
    return sa.select(HouseholdImport.id).where(
        HouseholdImport.content.is_not(None), HouseholdImport.at < stale
    )


def _count(session: Session, query: sa.Select[int] | sa.Select[uuid.UUID]) -> int:
    count = session.scalar(sa.select(sa.func.count()).select_from(query.order_by(None).subquery()))
    session.rollback()
    return count or 0


def _writing(session: Session) -> sa.Connection:
    session.rollback()
    return session.connection(execution_options={"writes": True})


def _log(session: Session, what: Due) -> None:
    """One row of the audit, in the transaction that deletes."""
    detail = {"rows": what.count, "until": clock.day_of(what.until).isoformat()}
    audit.add(SHELL.name, "retention.delete", what.about, detail, by=session)
