"""Submissions of the form of Kobo's tests: filled in as a phone does, sent by a collector."""

from collections.abc import Mapping

import sqlalchemy as sa

from forms.engine import engine
from server.api.kobo import kobo_ids
from server.db import db
from server.intake import catch_up, receive_submission
from server.intake.submission_sender import Sender
from server.models import Commune, FormVersion, Submission
from tests import sample

ANSWERS = {"chu_ho": "Nguyễn A", "so_nguoi": "4", "dich_vu": "shp cks"}
ASSET = f"/api/v2/assets/{kobo_ids.uid('a', 'khao_sat')}"


class Field:
    """A collector of a commune who fills the form in and sends it."""

    def __init__(self, commune: Commune) -> None:
        villages = list(commune.villages)
        made = sample.make_collector(commune, villages)
        codes = {village.code: village.id for village in villages}
        self.sender = Sender(made.collector.id, commune.id, codes)
        self.xform = db.session.scalars(sa.select(FormVersion.xform).order_by(FormVersion.id.desc())).first()
        db.session.close()

    def send(self, **answers: str) -> int:
        """One more submission; its number."""
        filling = engine.open_form(self.xform or b"", {}).start()
        for question, answer in (ANSWERS | answers).items():
            filling.answer(question, answer)
        number = receive_submission.accept(filling.submission(), (), self.sender).submission_id
        catch_up.caught_up()
        return number


def row(number: int) -> Submission:
    """A submission as it stands."""
    db.session.rollback()
    return db.session.get_one(Submission, number, populate_existing=True)


def newest() -> Submission:
    """The submission that came last."""
    db.session.rollback()
    query = sa.select(Submission).order_by(Submission.id.desc()).limit(1)
    return db.session.scalars(query).one()


def answers(number: int) -> Mapping[str, object]:
    """What it says."""
    return row(number).answers
