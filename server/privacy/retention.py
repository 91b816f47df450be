"""What has been kept as long as its form says is deleted; its numbers stay without a household (R26)."""

import datetime as dt
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server import audit, clock
from server.audit import SHELL
from server.db import again
from server.households.entity_changes import HOUSEHOLDS
from server.models import Entity, EntityList, Form, HouseholdImport, Submission
from server.privacy import deleted_bin, deletion_guard, erase, tombstones
from server.privacy.deletion_guard import Share
from server.privacy.erase import Doomed

UNCONFIRMED = dt.timedelta(days=30)
"""How long a list of households that was loaded may wait to be confirmed before its file is deleted."""
_AT_ONCE = 50
_LONGEST_PAUSE = 0.5
IMPORTS = "household_import"
DELETED = "retention.delete"
OPTION = "--yes-delete"


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
    found.append(Due(IMPORTS, stale, _count(session, _unconfirmed(stale))))
    return [each for each in found if each.count]


def unstated(session: Session) -> Sequence[str]:
    """Forms that say no retention: nothing of theirs is ever due."""
    return session.scalars(
        sa.select(Form.form_id).where(Form.retention_months.is_(None)).order_by(Form.form_id)
    ).all()


def retain(session: Session, confirmed: int | None = None) -> list[Due]:
    """Delete what is due, some at a time, each with its row in the audit; what was deleted. Commits.

    DeletionStopped, and nothing deleted, where the clock may be wrong or unusually much is due, unless a person has
    `confirmed` so many rows.
    """
    found = due(session)
    shares = _shares(session, found)
    if deletion_guard.ask(session.connection(), DELETED, shares, confirmed, OPTION):
        _writing(session)
        deletion_guard.note_confirmed(deletion_guard.RETENTION, sum(each.count for each in found))
        session.commit()
    session.rollback()
    cutoffs = _cutoffs(session)
    done = [_retain_households(session, cutoffs)]
    done += [_retain_submissions(session, *cutoff) for cutoff in cutoffs]
    done.append(again(lambda: _drop_unconfirmed(session), session))
    return [each for each in done if each.count]


def _shares(session: Session, found: Sequence[Due]) -> list[Share]:
    """What is due of all visits and of all households; files that nobody confirmed may go all at once."""
    visits = sum(each.count for each in found if each.about.startswith("form:"))
    homes = sum(each.count for each in found if each.about == f"list:{HOUSEHOLDS}")
    files = sum(each.count for each in found if each.about == IMPORTS)
    listed = sa.select(Entity.id).join(EntityList, EntityList.id == Entity.list_id)
    return [
        Share("phiếu", visits, _count(session, sa.select(Submission.id))),
        Share("hộ", homes, _count(session, listed.where(EntityList.name == HOUSEHOLDS))),
        Share("danh sách chưa xác nhận", files, None),
    ]


def _retain_households(session: Session, cutoffs: Sequence[_Cutoff]) -> Due:
    query = _households(cutoffs)
    until = _oldest(cutoffs)
    about = f"list:{HOUSEHOLDS}"
    count = 0 if query is None else _in_portions(session, query, about, until, erase.of_households)
    return Due(about, until, count)


def _retain_submissions(session: Session, form: int, form_id: str, until: dt.datetime) -> Due:
    about = f"form:{form_id}"
    return Due(
        about, until, _in_portions(session, _submissions(form, until), about, until, erase.of_submissions)
    )


def _in_portions(
    session: Session,
    query: sa.Select[Any],
    about: str,
    until: dt.datetime,
    doomed_of: Callable[[sa.Connection, list[Any]], Doomed],
) -> int:
    """Delete all that a query names in small transactions, with a pause after each for visits that wait; how many."""

    def portion() -> int:
        ids = list(session.scalars(query.limit(_AT_ONCE)))
        if ids:
            connection = _writing(session)
            _log(session, Due(about, until, len(ids)))
            tombstones.forget(session, doomed_of(connection, ids), tombstones.RETENTION, about)
        return len(ids)

    count = 0
    while taken := _timed(portion, session):
        count += taken
    session.rollback()
    return count


def _timed(portion: Callable[[], int], session: Session) -> int:
    began = time.monotonic()
    taken = again(portion, session)
    time.sleep(min(_LONGEST_PAUSE, time.monotonic() - began) if taken else 0)
    return taken


def _drop_unconfirmed(session: Session) -> Due:
    connection = _writing(session)
    stale = clock.now() - UNCONFIRMED
    ids = list(session.scalars(_unconfirmed(stale)))
    found = Due(IMPORTS, stale, len(ids))
    if ids:
        for row in connection.execute(
            sa.select(HouseholdImport.__table__).where(HouseholdImport.id.in_(ids))
        ):
            rows = {HouseholdImport.__tablename__: [dict(row._mapping)]}
            deleted_bin.keep(connection, IMPORTS, f"{IMPORTS}:{row.id}", rows)
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
    audit.add(SHELL.name, DELETED, what.about, detail, by=session)
