"""Visits and the second ones side by side: which questions can be compared, what both answer, what it adds up to."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forms.definition import Definition, Field
from geo import backcheck_agreement, funnel_limits
from geo.backcheck_agreement import AgreementShare, ComparedAnswer, QuestionKind, VisitPair
from geo.backcheck_draw import DrawReason
from server import clock
from server.db import db
from server.households import backcheck_list
from server.households.backcheck_list import FORM, SecondVisit, WaitingCheck
from server.models import Backcheck, BackcheckDraw, Commune, Form, Submission
from server.published_forms.registry import registry

CAME = "da_den"
"""The question of the second form whether anybody came."""
CAME_LABEL = "Tổ có đến nhà hay không"
KINDS: Mapping[str, QuestionKind] = {
    "khong_doi": QuestionKind.FIXED,
    "co_the_doi": QuestionKind.CHANGING,
}
"""Groups of the second form, and what the questions within can tell."""
_SAYS_CAME = frozenset({"gap", "tu_choi"})
"""Results of a visit at which somebody opened the door."""


@dataclass(frozen=True)
class ComparedQuestion:
    """One question at both visits in words; `agrees` None where one of them does not answer."""

    label: str
    kind: QuestionKind
    first: str
    second: str
    agrees: bool | None


@dataclass(frozen=True)
class CheckedVisit:
    """A drawn visit with its second one; `pair` holds what can be compared."""

    check: Backcheck
    observed_at: dt.datetime
    second: SecondVisit | None
    pair: VisitPair
    questions: tuple[ComparedQuestion, ...]

    @property
    def is_met_again(self) -> bool:
        return self.second is not None and self.second.result == "gap"


@dataclass(frozen=True)
class AgreementFound:
    """What second visits of a time found; everything but `met_again` by those drawn by chance."""

    drawn: int
    met_again: int
    confirmed: AgreementShare
    kinds: Mapping[QuestionKind, AgreementShare]

    @property
    def is_enough(self) -> bool:
        """Whether a share may be told: by as many as are needed to say anything of a person."""
        return self.confirmed.of >= funnel_limits.FEWEST


def found(visits: Sequence[CheckedVisit]) -> AgreementFound:
    """What these add up to."""
    pairs = [each.pair for each in visits if each.is_met_again]
    return AgreementFound(
        drawn=len(visits),
        met_again=len(pairs),
        confirmed=backcheck_agreement.confirmed(pairs),
        kinds=backcheck_agreement.by_kind(pairs),
    )


def drawn_between(commune: Commune, start: dt.date, end: dt.date) -> list[CheckedVisit]:
    """All visits drawn from the first to the last of these days (UTC+7), with the second visits made until then."""
    first, after = clock.start_of(start), clock.end_of(end)
    query = _QUERY.where(
        BackcheckDraw.commune_id == commune.id,
        BackcheckDraw.drawn_at >= first,
        BackcheckDraw.drawn_at < after,
    )
    return _checked(query, after)


def one(commune: Commune, check_id: int) -> CheckedVisit | None:
    """One drawn visit of a commune."""
    query = _QUERY.where(BackcheckDraw.commune_id == commune.id, Backcheck.id == check_id)
    return next(iter(_checked(query, None)), None)


_QUERY = (
    sa.select(
        Backcheck,
        Form.form_id,
        Submission.version,
        Submission.answers,
        Submission.result,
        Submission.observed_at,
    )
    .join(BackcheckDraw, BackcheckDraw.id == Backcheck.draw_id)
    .join(Submission, Submission.id == Backcheck.submission_id)
    .join(Form, Form.id == Submission.form_id)
    .order_by(Backcheck.id)
)


def _checked(query: Any, until: dt.datetime | None) -> list[CheckedVisit]:
    rows: Sequence[Any] = db.session.execute(query).all()
    checks = [
        WaitingCheck(check.id, check.entity_id, check.collector_id, check.draw.drawn_at) for check, *_ in rows
    ]
    seconds = backcheck_list.second_visits(db.session.connection(), checks)
    return [_visit(row, _until(seconds.get(row[0].id), until)) for row in rows]


def _until(second: SecondVisit | None, until: dt.datetime | None) -> SecondVisit | None:
    return second if second is not None and (until is None or second.observed_at < until) else None


def _visit(row: Any, second: SecondVisit | None) -> CheckedVisit:
    check, form_id, version, answers, result, observed_at = row
    own, other = _definition(form_id, version), _definition(FORM, second.version) if second else None
    compared, questions = [], []
    if own is not None and other is not None and second is not None:
        for field, kind in _asked(other):
            first = _first(field, kind, own, answers or {}, result)
            again = second.answers.get(field.path)
            both = backcheck_agreement.compared(field.name, kind, first, again)
            compared += [both] if both is not None else []
            questions.append(_question(field, kind, first, again, both))
    pair = VisitPair(check.collector_id, DrawReason(check.reason), tuple(compared))
    return CheckedVisit(check, observed_at, second, pair, tuple(questions))


def _definition(form_id: str, version: str) -> Definition | None:
    form = registry().form(form_id)
    known = registry().version(form, version) if form else None
    return known.definition if known else None


def _asked(second: Definition) -> Iterator[tuple[Field, QuestionKind]]:
    """The questions of a second form that are compared, each with what it can tell."""
    for field in second.fields:
        if field.name == CAME:
            yield field, QuestionKind.CAME
        kinds = [KINDS[group] for group in field.path.split("/")[:-1] if group in KINDS]
        if kinds and field.repeat is None and field.kind not in ("note", "calculate"):
            yield field, kinds[-1]


def _first(
    field: Field, kind: QuestionKind, own: Definition, answers: Mapping[str, Any], result: str | None
) -> Any:
    """What the first visit says to a question of the second: by the question's name, as both forms call it."""
    if kind is QuestionKind.CAME:
        return "co" if result in _SAYS_CAME else None
    path = next(
        (each.path for each in own.fields if each.name == field.name and each.kind == field.kind), None
    )
    return answers.get(path) if path else None


def _question(
    field: Field, kind: QuestionKind, first: Any, second: Any, both: ComparedAnswer | None
) -> ComparedQuestion:
    label = CAME_LABEL if kind is QuestionKind.CAME else field.label
    agrees = None if both is None else both.agrees
    return ComparedQuestion(label, kind, _words(field, first), _words(field, second), agrees)


def _words(field: Field, answer: Any) -> str:
    """An answer as the form's own choices call it; "" where there is none."""
    labels = {choice.name: next(iter(choice.labels.values()), choice.name) for choice in field.choices}
    given: Iterable[Any] = answer if isinstance(answer, list) else [answer]
    return ", ".join(labels.get(str(each), str(each)) for each in given if each not in (None, ""))
