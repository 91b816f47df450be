"""How long a flood by one phone takes to be caught, to be undone in one act, and to be let count in one act.

python -m bench.floods [--count 1000] [--databases sqlite postgresql]

Measured is what the buttons of the queue do (`review_queue.chosen`, `decisions.decide_all`), without the page. The last
figure is of a flood that was not caught: as many registrations that count already, taken back.
"""

import argparse
import contextlib
import dataclasses
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

from app import create_app
from bench import city, machine
from server import migrate
from server.counting import tally
from server.db import db
from server.intake import catch_up, submission_log
from server.intake.submission_log import Sent
from server.intake.submission_sender import Sender
from server.models import Collector, Submission, Village
from server.published_forms.read_submission import understand
from server.review import decisions, review_queue
from server.review.decisions import Reviewer
from server.review.review_queue import QueueFilter
from server.settings import Settings

SECRET = "for benchmarks only, and long enough for them"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    given = parser.parse_args()
    for database in given.databases:
        for is_caught in (True, False):
            with _server(database) as url:
                _measure(database, url, given.count, is_caught=is_caught)


@contextlib.contextmanager
def _server(database: str) -> Iterator[str]:
    if database == "sqlite":
        yield ""
        return
    with machine.postgres() as server:
        machine.administer(server.url, "CREATE DATABASE flood")
        yield machine.database(server.url, "flood")


def _measure(database: str, url: str, count: int, *, is_caught: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(instance=Path(folder), database_url=url, secret_key=SECRET, fold_seconds=0)
        if not is_caught:
            settings = dataclasses.replace(settings, new_per_hour=0, new_at_once=0)
        app = create_app(settings)
        with app.app_context():
            migrate.upgrade()
            known = city.build(2_000)
            _flood(database, known, count)
            if is_caught:
                print(f"{database}: undone in {_timed(lambda: _decide('rejected')):.1f} s")
                print(f"{database}: let count in {_timed(lambda: _decide('approved')):.1f} s")
            else:
                print(
                    f"{database}: undone where it had counted in {_timed(lambda: _decide('rejected')):.1f} s"
                )
            with db.engine.connect() as connection:
                assert tally.recount(connection) == []
            if is_caught:
                _beyond(database, known)
            db.session.close()
            db.dispose()


def _flood(database: str, known: city.City, count: int) -> None:
    sender = _sender()
    rnd, sent = random.Random(2), list[bytes]()
    while len(sent) < count:
        xml = city.visit(rnd, known)
        sent += [xml] if b'create="1"' in xml else []
    db.session.close()
    accepted = _timed(lambda: _accept(sent, sender))
    applied = _timed(catch_up.caught_up)
    state = sa.select(Submission.quarantine, sa.func.count()).group_by(Submission.quarantine)
    found = {row[0]: row[1] for row in db.session.execute(state)}
    print(f"{database}: {count} accepted in {accepted:.1f} s, applied in {applied:.1f} s more: {found}")
    db.session.close()


def _sender() -> Sender:
    collector = db.session.scalars(sa.select(Collector)).one()
    villages = {row.code: row.id for row in db.session.scalars(sa.select(Village))}
    return Sender(collector.id, collector.commune_id, villages)


def _beyond(database: str, known: city.City) -> None:
    """What one submission may cost that is beyond all bounds."""
    rnd, sender = random.Random(3), _sender()
    db.session.close()
    block = b'<x><meta><entity dataset="ho_dan" id="%032x" create="1"/></meta></x>'
    blocks = b"".join(block % rnd.getrandbits(128) for _ in range(40_000))
    many = city.visit(rnd, known).replace(b"</data>", blocks + b"</data>")
    label = city.visit(rnd, known).replace(b"<label>", b"<label>" + b"A" * 4_000_000)
    for what, xml in (("40,000 blocks", many), ("a label of 4 MB", label)):
        spent = _timed(lambda xml=xml: _accept([xml], sender)) + _timed(catch_up.caught_up)  # type: ignore[misc]
        print(
            f"{database}: {what} in one submission ({len(xml) / 1e6:.1f} MB): {spent:.2f} s until set aside"
        )


def _accept(sent: Sequence[bytes], sender: Sender) -> None:
    """Into the log, as many at once as a process adds that gets them at the same moment."""
    for first in range(0, len(sent), submission_log.MOST):
        submission_log.keep(
            [Sent(understand(xml), (), sender) for xml in sent[first : first + submission_log.MOST]]
        )


def _decide(state: str) -> None:
    """What the button of the queue does."""
    commune = city.first_commune()
    chosen = review_queue.chosen(commune, QueueFilter(state=review_queue.EVERY))
    reviewer = Reviewer("person:1", "Bench", commune.id)
    db.session.rollback()
    with db.engine.connect().execution_options(writes=True) as connection:
        done, left = decisions.decide_all(connection, chosen, state, reviewer=reviewer, comment="Cả loạt")
        connection.commit()
    assert (len(done), left) == (len(chosen), 0)


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
