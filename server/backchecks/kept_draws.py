"""Draws which visits of a commune are checked by a second one; each visit stands in one draw alone (R28)."""

import datetime as dt
import secrets
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from forms.visit_checks import SECOND_VISIT
from geo import backcheck_draw
from geo.backcheck_draw import CheckableVisit, DrawnVisit, VisitOutcome
from server import audit, clock
from server.counting import writer_lock
from server.coverage.commune_input import VISITED
from server.db import begin_writing, db
from server.households.backcheck_list import FORM
from server.intake import catch_up
from server.models import (
    Backcheck,
    BackcheckDraw,
    Collector,
    CollectorVillage,
    Commune,
    Form,
    Indicator,
    Submission,
    Tally,
    TallyDay,
    Village,
)

WEEK = dt.timedelta(days=7)
LOOKED_BACK = dt.timedelta(days=14)
"""Visits from before are not drawn: nobody remembers the day."""
OUTCOMES = {"gap": VisitOutcome.MET, "vang": VisitOutcome.ABSENT, "tu_choi": VisitOutcome.REFUSED}
"""By `ket_qua`; that a household moved away is an officer's to settle."""
DOUBTS = frozenset(
    {
        "too_short",
        "log_short",
        "same_point",
        "same_answers",
        "clock_backwards",
        "clock_ahead",
        "clock_behind",
        "point_elsewhere",
        "point_abroad",
    }
)
"""What speaks against the visit itself, of all that may be flagged; beside it what a form's own check wants checked."""


def is_due(commune: Commune) -> bool:
    """Whether a week has gone since the last draw, and phones of the commune have the form to go with."""
    newest = last(commune)
    if newest is not None and newest.drawn_at > clock.now() - WEEK + dt.timedelta(hours=12):
        return False
    return has_form(commune)


def has_form(commune: Commune) -> bool:
    """Whether the form of second visits is in use in the commune."""
    of_all = sa.or_(Form.commune_id.is_(None), Form.commune_id == commune.id)
    return bool(
        db.session.scalar(sa.select(Form.id).where(Form.form_id == FORM, of_all, Form.retired_at.is_(None)))
    )


def last(commune: Commune) -> BackcheckDraw | None:
    """The newest draw of a commune."""
    query = sa.select(BackcheckDraw).where(BackcheckDraw.commune_id == commune.id)
    return db.session.scalar(query.order_by(BackcheckDraw.id.desc()).limit(1))


def draw_now(commune: Commune, actor: audit.Actor) -> BackcheckDraw | None:
    """Draw in a transaction of its own, after all that phones sent has been applied; None where nothing is drawn.

    Two who draw at once wait for each other, and the second finds that this week's draw is made.
    """
    catch_up.caught_up()
    begin_writing()
    writer_lock.hold(db.session.connection())
    made = draw(commune, actor) if is_due(commune) else None
    db.session.commit()
    return made


def draw(commune: Commune, actor: audit.Actor) -> BackcheckDraw | None:
    """Draw from all visits since the last draw; None where there are none. The caller commits.

    The seed is made now, so that nobody knew it when they visited.
    """
    newest, today = last(commune), clock.today()
    rows = _visits(commune, newest.until_id if newest else 0)
    if not rows:
        return None
    first_day = backcheck_draw.began([*_days(commune), today]) or today
    share = backcheck_draw.share_on(first_day, today)
    seed = f"{commune.code} {today.isoformat()} {secrets.token_hex(8)}"
    made = BackcheckDraw(
        commune_id=commune.id, drawn_at=clock.now(), seed=seed, share=str(share), visits=len(rows),
        until_id=max(row.id for row in rows), actor=actor.name,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    drawn = backcheck_draw.draw(map(_checkable, rows), _teams(commune), share, seed)
    by_key = {row.instance_id: row for row in rows}
    db.session.add_all(_waiting(made, each, by_key[each.visit.key]) for each in drawn)
    audit.add_by(actor, "backcheck.draw", f"commune:{commune.code}", {"seed": seed, "drawn": len(drawn)})
    return made


def _visits(commune: Commune, after: int) -> Sequence[Any]:
    """Visits to households since the last draw; an edit of one that an earlier draw knew is none."""
    query = (
        sa.select(
            Submission.id, Submission.instance_id, Submission.collector_id, Submission.village_id,
            Submission.entity_id, Submission.result, Submission.flags,
        )
        .join(Village, Village.id == Submission.village_id)
        .join(Collector, Collector.id == Submission.collector_id)
        .where(
            Village.commune_id == commune.id,
            Submission.id > after,
            sa.or_(Submission.root_id.is_(None), Submission.root_id > after),
            Submission.observed_at > clock.now() - LOOKED_BACK,
            Submission.result.in_(list(OUTCOMES)),
            Submission.entity_id.is_not(None),
            Submission.quarantine.is_(None),
            Submission.replaced_by_id.is_(None),
        )
    )  # fmt: skip
    return db.session.execute(query).all()


def _checkable(row: Any) -> CheckableVisit:
    is_doubtful = any(
        flag.get("code") in DOUBTS or flag.get("act") == SECOND_VISIT for flag in row.flags or ()
    )
    return CheckableVisit(
        row.instance_id, row.collector_id, row.village_id, OUTCOMES[row.result], is_doubtful
    )


def _waiting(made: BackcheckDraw, drawn: DrawnVisit, row: Any) -> Backcheck:
    return Backcheck(
        draw_id=made.id, submission_id=row.id, entity_id=row.entity_id, village_id=row.village_id,
        collector_id=row.collector_id, checker_id=drawn.checker, reason=drawn.reason.value,
        outcome=drawn.visit.outcome.value,
    )  # fmt: skip


def _teams(commune: Commune) -> dict[int, list[int]]:
    """Who walks each thôn now."""
    query = (
        sa.select(CollectorVillage.village_id, Collector.id)
        .join(Collector, Collector.id == CollectorVillage.collector_id)
        .where(
            Collector.commune_id == commune.id,
            Collector.revoked_at.is_(None),
            CollectorVillage.until.is_(None),
        )
        .order_by(Collector.id)
    )
    found: dict[int, list[int]] = defaultdict(list)
    for village_id, collector_id in db.session.execute(query):
        found[village_id].append(collector_id)
    return found


def _days(commune: Commune) -> list[dt.date]:
    """Days on which a household was met, from the sums: how long a campaign has been walked."""
    villages = sa.select(Village.id).where(Village.commune_id == commune.id)
    indicator = sa.select(Indicator.id).where(Indicator.code == VISITED).scalar_subquery()
    parts = [
        sa.select(table.day).where(table.indicator_id == indicator, table.village_id.in_(villages)).distinct()
        for table in (TallyDay, Tally)
    ]
    return list(db.session.scalars(sa.union(*parts)))
