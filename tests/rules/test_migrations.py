"""Tables and migrations agree, forward and back, on both databases."""

import sqlalchemy as sa
from flask import Flask

from server import migrate
from server.db import db
from server.models import Collector, Commune, Entity, EntityVersion, Finding, Person, Submission, Village
from tests import leaders, sample
from tests.server.intake.test_receive_submission import Place, Visit, count, place, send

__all__ = ["place"]  # a fixture is found by its name


def test_tables_are_what_the_migrations_make(app: Flask) -> None:
    migrate.check()


def test_migrations_go_back_and_forward(app: Flask) -> None:
    migrate.downgrade("base")
    migrate.upgrade()
    migrate.check()


def test_rows_survive_going_back_to_the_first_tables_and_forward_again(place: Place) -> None:
    """With a commune, a collector, a person, a household and its visit in the tables."""
    commune = db.session.scalars(sa.select(Commune)).one()
    sample.make_collector(commune, list(commune.villages))
    leaders.sign_up(commune)
    db.session.commit()
    send(Visit(create=True), place.both)
    db.session.close()
    tables = (Commune, Village, Collector, Person, Entity, EntityVersion, Submission, Finding)
    before = [count(table) for table in tables]
    db.session.close()
    migrate.downgrade("0001")
    migrate.upgrade()
    migrate.check()
    assert [count(table) for table in tables] == before
    assert all(before)
