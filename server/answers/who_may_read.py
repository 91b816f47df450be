"""Who reads single submissions: in which communes and thôn, and whether with personal answers (R24)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server.accounts.callers import Caller
from server.accounts.roles import Right
from server.db import db
from server.errors import CommonProblem, Problem
from server.exports import select_submissions
from server.exports.select_submissions import Here, Named, NamesByKey, SubmissionFilter
from server.models import Commune, Form, Submission
from server.published_forms import catalogue


@dataclass(frozen=True)
class AnswersReader:
    """A reader as plain values; without communes they see no submission at all."""

    communes: tuple[Named, ...]
    here: Here
    personal: bool
    """Whether answers to personal and sensitive questions are shown; what is not shown cannot be asked about either."""

    @property
    def is_nobody(self) -> bool:
        return not self.communes

    def names(self) -> NamesByKey:
        """The thôn and collectors that the reader's rows point at."""
        return select_submissions.known(*self.communes)


NOBODY = AnswersReader((), Here(frozenset(), frozenset()), personal=False)


def reader(caller: Caller, *, personal: bool) -> AnswersReader:
    """What a caller may read: an officer and a reviewer their communes, the leader of a team their thôn; nobody else
    anything. `personal` is what was asked for; it holds where the caller may read labels."""
    if caller.commune_ids is None or not caller.may(Right.READ_SUBMISSIONS):
        return NOBODY
    rows = db.session.scalars(
        sa.select(Commune).where(Commune.id.in_(caller.commune_ids)).order_by(Commune.code)
    )
    communes = tuple(map(select_submissions.named, rows))
    here = (
        select_submissions.here(*caller.commune_ids) if caller.may(Right.REVIEW) else _led(caller, communes)
    )
    return AnswersReader(communes, here, personal and caller.may(Right.READ_LABELS))


def _led(caller: Caller, communes: tuple[Named, ...]) -> Here:
    """The thôn of a team's leader, with those that were merged into them."""
    places = select_submissions.known(*communes).villages
    codes = {places[key] for key in caller.village_ids if key in places}
    return Here(frozenset(key for key, home in places.items() if home in codes), frozenset())


def forms(of: AnswersReader) -> list[Form]:
    """The forms that the reader's communes have, by their id: theirs and those of the city that they were given."""
    if of.is_nobody:
        return []
    offered = sa.or_(*(catalogue.offered_to(each.id) for each in of.communes))
    found = db.session.scalars(sa.select(Form).where(offered).order_by(Form.form_id)).all()
    return [form for form in found if form.versions]


def wanted(of: AnswersReader, form: Form, **more: Any) -> SubmissionFilter:
    """Submissions of a form that the reader may see; Problem FORM_UNKNOWN where they see none of any form."""
    if of.is_nobody:
        raise Problem(CommonProblem.FORM_UNKNOWN, form_id=form.form_id)
    return SubmissionFilter(
        commune=of.communes[0], form=Named(form.id, form.form_id, form.title), here=of.here, **more
    )


@dataclass(frozen=True)
class FormCount:
    """How many submissions of a form count for a reader, and when the last of them came."""

    count: int
    last: Any = None


def sent(of: AnswersReader) -> Mapping[int, FormCount]:
    """For each form by its key; forms without any are left out. One statement."""
    if of.is_nobody:
        return {}
    query = (
        sa.select(Submission.form_id, sa.func.count(), sa.func.max(Submission.received_at))
        .where(select_submissions.within(of.here), *select_submissions.COUNTING)
        .group_by(Submission.form_id)
    )
    return {key: FormCount(count, last) for key, count, last in db.session.execute(query)}
