"""Who answers by a poster: which poster it is while it takes answers, and what an answer may be."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from server import clock
from server.accounts import tries_by_address
from server.db import single_statements
from server.errors import Problem
from server.models import Commune, Form, Poster, Village
from server.posters.poster_problems import PosterProblem
from server.published_forms.read_submission import UNREAD, SubmissionReading


@dataclass(frozen=True)
class OpenPoster:
    """A poster that takes answers. `villages` are the thôn of which people may be, key by code."""

    id: int
    code: str
    label: str
    commune_id: int
    commune: str
    level: str
    """What its commune is: xã, phường, đặc khu."""
    form_id: int
    form_code: str
    villages: Mapping[str, int]


_POSTER = (
    sa.select(
        Poster.id, Poster.code, Poster.label, Poster.commune_id, Poster.form_id, Poster.village_id, Poster.ends_on,
        Poster.closed_at, Form.form_id.label("form_code"), Form.retired_at,
        (Commune.kind + " " + Commune.name).label("commune"), Commune.kind.label("level"),
    )
    .join(Form, Form.id == Poster.form_id)
    .join(Commune, Commune.id == Poster.commune_id)
    .where(Poster.code == sa.bindparam("code"))
)  # fmt: skip
_FOLLOWED = sa.select(sa.exists().where(Poster.follows_id == sa.bindparam("poster")))
_OF_THON = sa.select(Village.code, Village.id).where(Village.id == sa.bindparam("village"))
_OF_COMMUNE = sa.select(Village.code, Village.id).where(
    Village.commune_id == sa.bindparam("commune"), Village.valid_to.is_(None)
)


def by_code(code: str) -> OpenPoster:
    """The poster of this code; Problem POSTER_UNKNOWN, POSTER_CLOSED or POSTER_RENEWED where it takes no answer."""
    with single_statements().connect() as connection:
        row = (
            connection.execute(_POSTER, {"code": code}).first() if code.isascii() and code.isalnum() else None
        )
        if row is None:
            tries_by_address.refuse_often()
            raise Problem(PosterProblem.POSTER_UNKNOWN)
        if row.closed_at is not None:
            is_followed = connection.scalar(_FOLLOWED, {"poster": row.id})
            raise Problem(PosterProblem.POSTER_RENEWED if is_followed else PosterProblem.POSTER_CLOSED)
        if is_over(row.ends_on) or row.retired_at is not None:
            raise Problem(PosterProblem.POSTER_CLOSED)
        is_of_thon = row.village_id is not None
        found = connection.execute(
            _OF_THON if is_of_thon else _OF_COMMUNE, {"village": row.village_id, "commune": row.commune_id}
        )
        villages = {each.code: each.id for each in found}
    return OpenPoster(
        row.id,
        row.code,
        row.label,
        row.commune_id,
        row.commune,
        row.level,
        row.form_id,
        row.form_code,
        villages,
    )


def is_over(ends_on: dt.date | None) -> bool:
    """Whether the last day of a poster has gone."""
    return ends_on is not None and ends_on < clock.today()


def refuse_what_reaches_out(reading: SubmissionReading, poster: OpenPoster) -> None:
    """Problem where it is more than an answer to this poster: nobody behind a poster may act on anything else.

    A thôn that is not the poster's is judged as everywhere (R13): the answer waits for a person.
    """
    if reading.form.id != poster.form_id:
        raise Problem(PosterProblem.ANSWER_OF_ANOTHER_FORM)
    if reading.version is None or reading.instance.encrypted:
        raise Problem(PosterProblem.ANSWER_OUTDATED)
    is_edit = reading.instance.deprecated_id is not None
    if is_edit or reading.blocks or reading.subject is not None or _is_unread(reading):
        raise Problem(PosterProblem.ANSWER_REACHES_OUT)


def _is_unread(reading: SubmissionReading) -> bool:
    """Whether it holds so many blocks that it was not taken apart."""
    return any(fault.code == UNREAD for fault in reading.faults)
