"""Three PostgreSQL under Patroni: visits go on whatever becomes of one; twenty rounds: `python -m bench.failover`."""

import os
import tempfile
from pathlib import Path

import pytest

from app import create_app
from server import migrate
from server.db import db
from server.settings import Settings
from tests.live.failovers import HOW, WITHIN, Failovers
from tests.live.served import Served
from tests.patroni_cluster import PatroniCluster, account, is_installed

pytestmark = pytest.mark.live


@pytest.mark.skipif(
    not is_installed() and os.environ.get("CI") != "true", reason="apt-get install patroni etcd-server"
)
def test_visits_go_on_whatever_becomes_of_the_primary(tmp_path: Path) -> None:
    """Killed, frozen, cut off, once each, under eight phones: within 30 s, and nothing acknowledged is lost."""
    with tempfile.TemporaryDirectory(prefix="tungnha-patroni-") as name:
        user = account(Path(name))
        with PatroniCluster(Path(name), user) as cluster:
            settings = Settings(instance=tmp_path, secret_key="k" * 40, database_url=cluster.url)
            with create_app(settings).app_context(), Served(settings) as served:
                migrate.upgrade()
                rounds = Failovers(served, cluster)
                took = {how: rounds.run(how).seconds for how in HOW}
                db.session.close()
                db.dispose()
    assert max(took.values()) < WITHIN, took
