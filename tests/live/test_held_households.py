"""Somebody's psql holds rows of some households while phones send: visits are stored, those of others counted."""

import datetime as dt
import time

import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.counting import tally
from server.db import db
from server.models import Entity, Submission
from tests.live.applied import wait_until_applied
from tests.live.rounds import Rounds
from tests.live.served import Served
from tests.live.stream import Stream

pytestmark = pytest.mark.live

HELD = 8
SECONDS = 8.0
_OLDEST = sa.select(sa.func.min(Submission.received_at)).where(Submission.facts.is_not(sa.null()))


def test_eight_held_households_hold_up_no_visit(app: Flask, served: Served, database: str) -> None:
    """db-2."""
    if database == "sqlite":
        pytest.skip("SQLite has no locks of rows")
    town = Rounds(served, None, seed=3)
    with Stream(town.phones, town.households) as stream:
        stream.wait_for(5)
        with db.engine.connect() as psql, db.engine.connect() as connection:
            held = psql.scalars(sa.select(Entity.id).limit(HELD).with_for_update()).all()
            began = time.monotonic()
            time.sleep(SECONDS)
            told = [each for each in list(stream.told) if each.at > began]
            oldest = connection.scalar(_OLDEST.where(Submission.entity_id.not_in(held)))
            waited = clock.now() - oldest if oldest else dt.timedelta()
            psql.rollback()
    assert {each.status for each in told} == {201}
    assert len(told) > SECONDS * 20
    assert max(each.seconds for each in told) < 1.5
    assert waited < dt.timedelta(seconds=3), "others are counted meanwhile"
    wait_until_applied()
    with db.engine.connect() as connection:
        assert tally.recount(connection) == []
