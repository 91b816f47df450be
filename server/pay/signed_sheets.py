"""A commune's sheets of days walked: its rates, a month as it would be now, and as it was signed (R30)."""

import datetime as dt
import hashlib
from collections.abc import Sequence

import sqlalchemy as sa

from server import audit, clock
from server.accounts.callers import Caller
from server.db import db
from server.errors import Problem
from server.models import Commune, PayRates, PaySheet
from server.pay import pay_sheet, pay_workbook, work_done
from server.pay.pay_problems import PayProblem
from server.pay.pay_sheet import AgreedRates, MonthSheet

MADE_GOOD_MONTHS = 12
"""So many signed months are looked at for changes; what changes of older ones is not made good."""
MOST = 1_000_000_000
"""Đồng: no rate is higher."""


def rates(commune: Commune) -> AgreedRates:
    """What the commune pays now; all 0 where nothing is set."""
    row = db.session.get(PayRates, commune.id)
    return AgreedRates(row.day, row.visit, row.helped) if row else AgreedRates()


def set_rates(commune: Commune, given: AgreedRates) -> None:
    """Set what is paid from the next sheet on; signed ones keep theirs. The caller commits."""
    row = db.session.get(PayRates, commune.id) or PayRates(commune_id=commune.id)
    row.day, row.visit, row.helped = given.day, given.visit, given.helped
    db.session.add(row)
    detail = {"day": given.day, "visit": given.visit, "helped": given.helped}
    audit.note("pay.rates", f"commune:{commune.code}", detail)


def signed(commune: Commune) -> Sequence[PaySheet]:
    """All signed sheets, the newest first."""
    query = sa.select(PaySheet).where(PaySheet.commune_id == commune.id)
    return db.session.scalars(query.order_by(PaySheet.month.desc())).all()


def of_month(commune: Commune, month: dt.date) -> PaySheet | None:
    """The signed sheet of a month."""
    return db.session.scalar(
        sa.select(PaySheet).where(PaySheet.commune_id == commune.id, PaySheet.month == month)
    )


def draft(commune: Commune, month: dt.date) -> MonthSheet:
    """The sheet of a month as it would be signed now; Problem where it is signed.

    A month may be signed after a later one: what has changed of any signed month is made good by the next sheet.
    """
    every = signed(commune)
    if any(each.month == month for each in every):
        raise Problem(PayProblem.PAY_MONTH_ISSUED)
    others = [pay_sheet.read(each.content) for each in every[:MADE_GOOD_MONTHS]]
    months = [month, *(each.month for each in others)]
    done = work_done.by_month(commune, min(months), following(max(months)))
    return pay_sheet.sheet(month, rates(commune), work_done.members(commune), done, others)


def issue(commune: Commune, month: dt.date, by: Caller) -> PaySheet:
    """Sign a month that is over: content and file are frozen together. The caller commits."""
    if following(month) > clock.today():
        raise Problem(PayProblem.PAY_MONTH_NOT_OVER)
    made = draft(commune, month)
    xlsx = pay_workbook.workbook(made, f"{commune.kind} {commune.name}", is_draft=False)
    row = PaySheet(
        commune_id=commune.id, month=month, content=pay_sheet.to_json(made), xlsx=xlsx,
        sha256=hashlib.sha256(xlsx).hexdigest(), issued_at=clock.now(), issued_by=by.actor, issued_name=by.name,
    )  # fmt: skip
    db.session.add(row)
    audit.note("pay.issue", f"commune:{commune.code}", {"month": f"{month:%Y-%m}", "sha256": row.sha256})
    return row


def following(month: dt.date) -> dt.date:
    """The first day of the month after."""
    return (month.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def before(month: dt.date) -> dt.date:
    """The first day of the month before."""
    return (month.replace(day=1) - dt.timedelta(days=1)).replace(day=1)
