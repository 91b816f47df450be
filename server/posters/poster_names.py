"""What a poster is called where people read who sent something, and what has become of it."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from server import clock
from server.db import db
from server.models import Collector, Commune, Entity, Form, Poster, Submission, Village
from server.posters.answering import is_over
from server.published_forms.self_answers import WORD

SENDER = sa.case(
    (Poster.label.is_not(None), sa.literal(f"{WORD}: ").concat(Poster.label)), else_=Collector.name
)
"""Who sent a submission, for statements that join both outwards: a collector by name, or a poster by its place."""
SENDER_KEY = sa.func.coalesce(Submission.collector_id, -Submission.poster_id)
"""One key for either: that of a collector, or that of a poster below zero."""
OPEN, ENDED, CLOSED, RENEWED = "open", "ended", "closed", "renewed"
STATES = {OPEN: "đang nhận", ENDED: "hết hạn", CLOSED: "đã đóng", RENEWED: "đã thay mã"}


@dataclasses.dataclass(frozen=True)
class PosterRow:
    """A poster in the list of its commune, with how many answers it has brought."""

    id: int
    code: str
    label: str
    form_pk: int
    form: str
    is_of_thon: bool
    village: str
    """The thôn that it is of, or in which its place lies; empty where the place lies in none."""
    created_at: dt.datetime
    ends_on: dt.date | None
    state: str
    answers: int
    last_at: dt.datetime | None

    @property
    def word(self) -> str:
        return STATES[self.state]


def column_of(key: int) -> Any:
    """The column in which a sender with this SENDER_KEY stands, without its sign."""
    return Submission.collector_id if key >= 0 else Submission.poster_id


def senders(*commune_ids: int) -> list[tuple[int, str]]:
    """The posters of these communes as senders, by their keys below zero: `tự trả lời: Thôn Đông (Phiếu hài lòng)`."""
    query = (
        sa.select(Poster.id, Poster.label, Form.title)
        .join(Form, Form.id == Poster.form_id)
        .where(Poster.commune_id.in_(commune_ids))
        .order_by(Poster.id)
    )
    return [(-row.id, f"{WORD}: {row.label} ({row.title})") for row in db.session.execute(query)]


def open_ones(form_id: str) -> int:
    """How many posters of a form take answers, in all communes."""
    takes_answers = sa.or_(Poster.ends_on.is_(None), Poster.ends_on >= clock.today())
    query = (
        sa.select(sa.func.count())
        .select_from(Poster)
        .join(Form, Form.id == Poster.form_id)
        .where(Form.form_id == form_id, Poster.closed_at.is_(None), takes_answers)
    )
    return db.session.scalar(query) or 0


def of_commune(commune: Commune) -> Sequence[PosterRow]:
    """All posters of a commune, the newest first. One statement; answers that were replaced or refused count too."""
    follower = sa.orm.aliased(Poster)
    answered = (
        sa.select(
            Submission.poster_id,
            sa.func.count().label("answers"),
            sa.func.max(Submission.received_at).label("last_at"),
        )
        .where(Submission.poster_id.in_(sa.select(Poster.id).where(Poster.commune_id == commune.id)))
        .group_by(Submission.poster_id)
        .subquery()
    )
    query = (
        sa.select(
            Poster,
            Form.title,
            answered.c.answers,
            answered.c.last_at,
            follower.id.label("follower"),
            Form.retired_at,
            Village.name.label("village"),
        )
        .join(Form, Form.id == Poster.form_id)
        .outerjoin(answered, answered.c.poster_id == Poster.id)
        .outerjoin(follower, follower.follows_id == Poster.id)
        .outerjoin(Entity, Entity.id == Poster.place_id)
        .outerjoin(Village, Village.id == sa.func.coalesce(Poster.village_id, Entity.village_id))
        .where(Poster.commune_id == commune.id)
        .order_by(Poster.id.desc())
    )
    return [_row(row) for row in db.session.execute(query)]


def _row(found: Any) -> PosterRow:
    poster: Poster = found.Poster
    if poster.closed_at is not None:
        state = RENEWED if found.follower is not None else CLOSED
    else:
        state = ENDED if is_over(poster.ends_on) or found.retired_at is not None else OPEN
    return PosterRow(
        poster.id, poster.code, poster.label, poster.form_id, found.title, poster.village_id is not None,
        found.village or "", poster.created_at, poster.ends_on, state, found.answers or 0, found.last_at,
    )  # fmt: skip
