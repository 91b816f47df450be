"""Two PostgreSQL, an address that names both, phones that send: the first is gone, the second takes its place."""

import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from app import create_app
from server import migrate
from server.counting import tally
from server.db import db
from server.models import Submission
from server.settings import Settings
from tests.live.applied import wait_until_applied
from tests.live.rounds import Rounds
from tests.live.served import Served
from tests.live.stream import Stream
from tests.own_postgres import a_pair

pytestmark = pytest.mark.live

WITHIN = 10.0  # seconds
DETECTED = 3.0  # seconds after which whoever watches a real database makes the stand-by its successor


@pytest.mark.parametrize("how", ["frozen", "killed"])
def test_visits_go_on_within_ten_seconds_after_the_stand_by_takes_over(how: str, tmp_path: Path) -> None:
    """db-1: its link or its power is cut, or its machine takes packets and its PostgreSQL does nothing."""
    with a_pair() as (one, other):
        url = f"postgresql+psycopg://postgres@/tungnha?host={one.place}&host={other.place}"
        settings = Settings(instance=tmp_path, secret_key="k" * 40, database_url=url)
        with create_app(settings).app_context(), Served(settings) as served:
            migrate.upgrade()
            town = Rounds(served, None, seed=1)
            with Stream(town.phones + town.phones[:2], town.households) as stream:
                stream.wait_for(3)
                one.freeze() if how == "frozen" else one.kill()
                time.sleep(DETECTED)
                other.said("SELECT pg_promote()")
                promoted = time.monotonic()
                try:
                    took = stream.wait_for(3, promoted)
                finally:
                    if how == "frozen":
                        one.kill()
            assert took < WITHIN
            db.dispose()
            wait_until_applied()
            with db.engine.connect() as connection:
                kept = set(connection.scalars(sa.select(Submission.instance_id)))
                assert stream.acknowledged <= kept
                assert tally.recount(connection) == []
            db.session.close()
            db.dispose()
