"""Kills, freezes and cuts off the PostgreSQL that takes visits: `python -m bench.failover [rounds]`, 20 unless said."""

import statistics
import sys
import tempfile
from pathlib import Path

from app import create_app
from bench.ending import tidy
from server import migrate
from server.db import db
from server.settings import Settings
from tests.live.failovers import HOW, Failover, Failovers
from tests.live.served import Served
from tests.patroni_cluster import PatroniCluster, account


def main(count: int) -> None:
    """An AssertionError says what was lost, or who was never answered."""
    found: list[Failover] = []
    with tempfile.TemporaryDirectory(prefix="tungnha-failover-") as name:
        folder = Path(name)
        user = account(folder)
        (folder / "instance").mkdir()
        with PatroniCluster(folder, user) as cluster:
            settings = Settings(instance=folder / "instance", secret_key="k" * 40, database_url=cluster.url)
            with create_app(settings).app_context(), Served(settings) as served:
                migrate.upgrade()
                rounds = Failovers(served, cluster)
                for number in range(count):
                    found.append(rounds.run(HOW[number % len(HOW)]))
                    told = found[-1]
                    print(
                        f"{number + 1} {told.how}: {told.seconds:.1f} s, {told.acknowledged} kept", flush=True
                    )
                db.session.close()
                db.dispose()
    for how in HOW:
        took = [each.seconds for each in found if each.how == how]
        if took:
            print(
                f"{how}: {len(took)} rounds, half within {statistics.median(took):.1f} s, at most {max(took):.1f} s"
            )
    print(f"machines that had to be copied anew before they followed: {len(cluster.copied_anew)}")
    print(f"acknowledged {len(rounds.acknowledged)}, lost 0, doubled 0")


if __name__ == "__main__":
    with tidy():
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
