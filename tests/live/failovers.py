"""Rounds in which the PostgreSQL that takes visits is killed, frozen or cut off while phones send."""

import dataclasses
import time

import sqlalchemy as sa

from server.counting import tally
from server.db import db
from server.models import Submission
from tests.live.applied import wait_until_applied
from tests.live.rounds import Rounds
from tests.live.served import Served
from tests.live.stream import Stream
from tests.patroni_cluster import PatroniCluster

HOW = ("kill", "freeze", "partition")
PHONES = 8
WITHIN = 30.0  # seconds
BETWEEN_SECONDS = 0.2
"""What a phone waits after a visit: a round takes half a minute, most of it for the cluster to be whole again."""


@dataclasses.dataclass(frozen=True)
class Failover:
    """One round: what happened to the primary, and for how long the slowest phone had to wait."""

    how: str
    seconds: float
    acknowledged: int


class Failovers:
    """A server with a cluster behind it, and everything that it has ever acknowledged."""

    def __init__(self, served: Served, cluster: PatroniCluster) -> None:
        self.cluster = cluster
        town = Rounds(served, None, seed=5)
        self._phones = [town.phones[n % len(town.phones)] for n in range(PHONES)]
        self._households = town.households
        self.acknowledged: set[str] = set()

    def run(self, how: str) -> Failover:
        """Whatever happens, visits go on by themselves; then the machine comes back, and is one of three again."""
        self.cluster.await_whole()
        primary = self.cluster.primary
        assert primary is not None
        with Stream(self._phones, self._households, between=BETWEEN_SECONDS) as stream:
            stream.wait_for(3)
            self.cluster.hurt(primary, how)
            moment = time.monotonic()
            seconds = stream.wait_for(3, moment, seconds=90)
            self.cluster.heal(primary, how)
            self.cluster.await_whole()
            stream.wait_for(3, time.monotonic(), seconds=60)
        self.acknowledged |= stream.acknowledged
        self._check()
        return Failover(how, seconds, len(stream.acknowledged))

    def _check(self) -> None:
        """All that was ever acknowledged is there, once, and counted."""
        db.dispose()
        wait_until_applied()
        with db.engine.connect() as connection:
            stored = connection.scalars(sa.select(Submission.instance_id)).all()
            assert self.acknowledged <= set(stored), "an acknowledged visit is lost"
            assert len(stored) == len(set(stored))
            assert tally.recount(connection) == []
