"""Floods that wait for a person: whose phone sent how many new households in how long, and when they were visited."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from server.db import db
from server.intake import floods
from server.models import Collector, Commune, Submission
from server.review import waiting_reasons


@dataclass(frozen=True)
class FloodSetAside:
    """What of one collector's flood is not decided on; times in UTC."""

    collector_id: int
    collector: str
    count: int
    first: dt.datetime
    last: dt.datetime
    """When the last of them arrived."""
    visited_from: dt.datetime
    visited_to: dt.datetime

    @property
    def minutes(self) -> int:
        """From the first arrival to the last, at least one."""
        return max(1, round((self.last - self.first).total_seconds() / 60))


def waiting(commune: Commune) -> Sequence[FloodSetAside]:
    """The floods of a commune's collectors, the newest first; one statement that costs what is set aside."""
    received, observed = Submission.received_at, Submission.observed_at
    times = (
        sa.func.min(received), sa.func.max(received), sa.func.min(observed), sa.func.max(observed)
    )  # fmt: skip
    query = (
        sa.select(Collector.id, Collector.name, sa.func.count(), *times)
        .join(Submission, Submission.collector_id == Collector.id)
        .where(
            Collector.commune_id == commune.id,
            Submission.quarantine == floods.FLOOD,
            waiting_reasons.OPEN,
        )
        .group_by(Collector.id, Collector.name)
        .order_by(sa.func.max(received).desc())
    )
    return [FloodSetAside(*row) for row in db.session.execute(query)]
