"""More new households or places than a person can walk: one phone's flood is set aside whole until somebody decides.

R13. Two measures, each a setting: visits within one hour by their own times, and what arrived within one hour whatever
times it states. A phone that was offline for days sends hundreds at once and walked at a person's pace: it is no
flood. What belongs to one and was applied before the flood showed is set aside with the rest.
"""

import dataclasses
import datetime as dt
import uuid
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask import current_app

from server import clock
from server.counting import noted_changes
from server.counting.tally_after_changes import recasting
from server.households.rebuild_entity import restate
from server.models import EntityVersion, Finding, Submission
from server.published_forms.read_submission import SubmissionReading
from server.settings import Settings

FLOOD = "flood"
"""Why such a submission counts nowhere until a person decides."""
HOUR = dt.timedelta(hours=1)

_COLUMNS = (
    Submission.id,
    Submission.collector_id,
    Submission.observed_at,
    Submission.received_at,
    sa.and_(
        Submission.facts.is_(sa.null()),
        Submission.quarantine.is_(None),
        Submission.replaced_by_id.is_(None),
    ).label("counts"),
)
_UNDECIDED = sa.or_(Submission.review.in_(("received", "has_issues")), Submission.quarantine == FLOOD)
"""What an officer has approved speaks against nobody any more; what was not accepted still does."""


def registers(reading: SubmissionReading, *, is_known: bool) -> bool:
    """Whether a submission would bring a household or place that nobody knows: it creates it, or it is about it.

    An edit says anew what was said.
    """
    if reading.instance.deprecated_id is not None or not reading.blocks:
        return False
    return not is_known or any(block.create for block in reading.blocks)


@dataclasses.dataclass(frozen=True)
class CrowdedSpans:
    """The stretches of time in which more happened than may within an hour, one after the other."""

    starts: tuple[dt.datetime, ...] = ()
    ends: tuple[dt.datetime, ...] = ()

    def hold(self, moment: dt.datetime) -> bool:
        at = bisect_right(self.starts, moment) - 1
        return at >= 0 and moment <= self.ends[at]


def spans(moments: Iterable[dt.datetime], most: int) -> CrowdedSpans:
    """Where more than `most` of these moments lie within one hour; nowhere for a `most` of 0."""
    ordered = sorted(moments)
    starts, ends = list[dt.datetime](), list[dt.datetime]()
    for first, last in zip(ordered, ordered[most:], strict=False) if most else ():
        if last - first > HOUR:
            continue
        if ends and first <= ends[-1]:
            ends[-1] = last
        else:
            starts.append(first)
            ends.append(last)
    return CrowdedSpans(tuple(starts), tuple(ends))


@dataclasses.dataclass(frozen=True)
class RegistrationPace:
    """When one collector's phones registered too much: by the visits' own times, and by their arrival."""

    walked: CrowdedSpans
    arrived: CrowdedSpans

    def is_flood(self, row: Any) -> bool:
        return self.walked.hold(row.observed_at) or self.arrived.hold(row.received_at)


class Floods:
    """Which of a batch of submissions belong to a flood, and what of the same floods was applied before."""

    def __init__(self, paces: Mapping[int, RegistrationPace], applied: Sequence[int]) -> None:
        self._paces, self.applied = paces, applied

    @classmethod
    def read(cls, connection: sa.Connection, rows: Sequence[Any]) -> "Floods":
        """One statement where one of these rows of the log registers something, else none."""
        new = [row for row in rows if row.registers and row.collector_id is not None]
        if not new:
            return cls({}, ())
        settings: Settings = current_app.config["SETTINGS"]
        own = defaultdict[int, list[Any]](list)
        for row in connection.execute(_around(new)):
            own[row.collector_id].append(row)
        paces = {
            collector: RegistrationPace(
                spans((row.observed_at for row in found), settings.new_per_hour),
                spans((row.received_at for row in found), settings.new_at_once),
            )
            for collector, found in own.items()
        }
        before = [
            row.id
            for collector, found in own.items()
            for row in found
            if row.counts and paces[collector].is_flood(row)
        ]
        return cls(paces, before)

    def hold(self, row: Any) -> bool:
        """Whether a row of the log belongs to a flood."""
        pace = self._paces.get(row.collector_id) if row.registers else None
        return pace is not None and pace.is_flood(row)


def _around(rows: Sequence[Any]) -> sa.Select[*tuple[Any, ...]]:
    """What the same collectors registered within an hour of any of these, by either clock."""

    def within(column: Any, of: Callable[[Any], dt.datetime]) -> sa.ColumnElement[bool]:
        moments = [of(row) for row in rows]
        return sa.and_(column >= min(moments) - HOUR, column <= max(moments) + HOUR)

    return sa.select(*_COLUMNS).where(
        Submission.collector_id.in_({row.collector_id for row in rows}),
        Submission.registers.is_not(None),
        _UNDECIDED,
        sa.or_(
            within(Submission.observed_at, lambda row: row.observed_at),
            within(Submission.received_at, lambda row: row.received_at),
        ),
    )


def set_aside(connection: sa.Connection, submissions: Sequence[int]) -> None:
    """Take submissions that were applied out of the counts, and their households off the lists, until somebody decides.

    In the caller's transaction, as the one writer.
    """
    if not submissions:
        return
    of_these = Finding.submission_id.in_(submissions)
    subjects = set(connection.scalars(sa.select(Finding.subject).where(of_these).distinct()))
    changed = (
        sa.select(EntityVersion.entity_id).where(EntityVersion.submission_id.in_(submissions)).distinct()
    )
    entities: set[uuid.UUID] = set(connection.scalars(changed))
    with recasting(connection, subjects | entities):
        connection.execute(sa.delete(Finding).where(of_these))
        aside = sa.update(Submission).where(Submission.id.in_(submissions))
        connection.execute(aside.values(quarantine=FLOOD))
        noted_changes.note(connection, submissions)
        for entity_id in sorted(entities):
            restate(connection, entity_id, clock.now())
