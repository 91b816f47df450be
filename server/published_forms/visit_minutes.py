"""How long a visit will take with the chosen blocks: by this installation's own visits where there are some."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forms import form_blocks, visit_length
from forms.definition import Definition
from server.db import db
from server.models import Form, FormVersion, Interview, Submission
from server.published_forms import publish_answers

LEAST_MEASURED = 30
"""Visits with a version whose median is believed."""
LOOKED_AT = 500
"""The newest visits of a form that are looked at."""
LONGEST = 3 * 60 * 60
"""Seconds; a visit that took longer was left open."""


@dataclass(frozen=True)
class MeasuredVisits:
    """The median of the visits with one version, and the blocks that it has."""

    version: str
    visits: int
    seconds: float
    blocks: tuple[str, ...]


@dataclass(frozen=True)
class VisitEstimate:
    """Seconds with the chosen blocks, by what, and which blocks to leave out where that is too long."""

    seconds: float
    measured: MeasuredVisits | None
    leave_out: tuple[str, ...]

    @property
    def minutes(self) -> float:
        return visit_length.minutes(self.seconds)

    @property
    def is_too_long(self) -> bool:
        """Whether it takes more than MOST_MINUTES."""
        return self.seconds > 60 * visit_length.MOST_MINUTES


def held(form_id: str) -> tuple[str, ...]:
    """The blocks of the version of a form that phones get now; none where it is not published."""
    newest = publish_answers.newest(form_id)
    return _held_by(newest.definition) if newest else ()


def estimate(form_ids: Sequence[str], codes: Iterable[str]) -> VisitEstimate:
    """How long a visit with these blocks takes; measured with the first of these forms that has visits enough.

    What blocks add to a measured visit or take from it is worked out, and so is all of it where nothing is measured.
    """
    chosen, length = form_blocks.in_order(codes), visit_length.worked_out()
    measured = next(filter(None, map(measure, form_ids)), None)
    if measured is None:
        seconds = length.seconds(chosen)
    else:
        seconds = max(0.0, measured.seconds - length.seconds(measured.blocks) + length.seconds(chosen))
    return VisitEstimate(seconds, measured, visit_length.to_leave_out(chosen, seconds))


def measure(form_id: str) -> MeasuredVisits | None:
    """The median length of the visits with the newest version that has LEAST_MEASURED of them."""
    form = db.session.scalar(sa.select(Form.id).where(Form.form_id == form_id))
    if form is None:
        return None
    newest = (
        sa.select(Interview.submission_id, Interview.seconds)
        .where(Interview.form_id == form, Interview.seconds > 0, Interview.seconds <= LONGEST)
        .order_by(Interview.submission_id.desc())
        .limit(LOOKED_AT)
        .cte()
        .prefix_with("MATERIALIZED", dialect="postgresql")  # the newest are found first, by their index
    )
    taken = sa.select(newest.c.seconds, Submission.version).join(
        Submission, Submission.id == newest.c.submission_id
    )
    by_version: dict[str, list[int]] = {}
    rows: Any = db.session.execute(taken)
    for seconds, version in rows:
        by_version.setdefault(version, []).append(seconds or 0)
    published = (
        sa.select(FormVersion.version, FormVersion.definition)
        .where(FormVersion.form_id == form, FormVersion.version.in_(list(by_version)))
        .order_by(FormVersion.id.desc())
    )
    for row in db.session.execute(published):
        found = by_version[row.version]
        if len(found) >= LEAST_MEASURED:
            blocks = _held_by(Definition.from_json(row.definition))
            return MeasuredVisits(row.version, len(found), statistics.median(found), blocks)
    return None


def _held_by(definition: Definition) -> tuple[str, ...]:
    return form_blocks.held_by({each.name for each in definition.fields})
