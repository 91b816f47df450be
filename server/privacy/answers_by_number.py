"""An answer by a poster, which nobody's name stands on: the person who tells its number may have it deleted (R22)."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server import audit
from server.errors import Problem
from server.models import Commune, Poster, Submission
from server.posters.poster_problems import PosterProblem
from server.privacy import erase, tombstones


def delete(session: Session, commune: Commune, number: int) -> None:
    """Delete it everywhere, photos and counts included; a resend stores nothing. Commits.

    Problem ANSWER_UNKNOWN where no poster of the commune brought an answer of that number.
    """
    known = (
        sa.select(Submission.id)
        .join(Poster, Poster.id == Submission.poster_id)
        .where(Submission.id == number, Poster.commune_id == commune.id)
    )
    if session.scalar(known) is None:
        raise Problem(PosterProblem.ANSWER_UNKNOWN, number=number)
    audit.note("poster.delete_answer", f"commune:{commune.code}")
    tombstones.forget(session, erase.of_submissions(session.connection(), [number]), tombstones.REQUEST)
