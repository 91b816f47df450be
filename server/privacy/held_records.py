"""How many records are held, and how often consent was given in them: of communes as of now, of all as of last night.

A city holds millions of submissions, and an auditor need not wait for each of them to be counted.
"""

import dataclasses
import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from forms.definition import Definition, Field
from server import clock
from server.households.entity_changes import HOUSEHOLDS
from server.models import Entity, EntityList, FormVersion, HeldRecords, Submission, Village

AGREES, REFUSES = "co", "khong"


@dataclass(frozen=True)
class FormHeld:
    """How many submissions of a form are held."""

    form: int
    submissions: int


@dataclass(frozen=True)
class ConsentGiven:
    """What was answered to a version's question for consent."""

    version: int
    path: str
    agreed: int
    refused: int


@dataclass(frozen=True)
class RecordCounts:
    """All that is counted of the records that are held, at a moment; `placed` are households with a position."""

    at: dt.datetime
    forms: tuple[FormHeld, ...]
    households: int
    placed: int
    consents: tuple[ConsentGiven, ...]

    def of_form(self, form: int) -> int:
        return next((each.submissions for each in self.forms if each.form == form), 0)

    def of_consent(self, version: int, path: str) -> ConsentGiven:
        """Nothing where its version is newer than the count."""
        known = (each for each in self.consents if (each.version, each.path) == (version, path))
        return next(known, ConsentGiven(version, path, 0, 0))


def known(session: Session, communes: Collection[int] | None) -> RecordCounts:
    """Of some communes, counted now; of the installation (None) as it was kept last night, counted now before that."""
    kept = session.get(HeldRecords, 1) if communes is None else None
    return _read(kept) if kept else count(session, communes)


def keep(session: Session, found: RecordCounts) -> None:
    """Keep what was counted of the installation, for the pages of the coming day. The caller commits."""
    content = dataclasses.asdict(found)
    session.merge(HeldRecords(id=1, at=content.pop("at"), content=content))


def _read(kept: HeldRecords) -> RecordCounts:
    content = kept.content
    return RecordCounts(
        at=kept.at,
        forms=tuple(FormHeld(**each) for each in content["forms"]),
        households=content["households"],
        placed=content["placed"],
        consents=tuple(ConsentGiven(**each) for each in content["consents"]),
    )


def count(session: Session, communes: Collection[int] | None) -> RecordCounts:
    """Count them now."""
    here: sa.ColumnElement[bool] = sa.true()
    of_households: sa.ColumnElement[bool] = sa.true()
    if communes is not None:
        villages = sa.select(Village.id).where(Village.commune_id.in_(list(communes)))
        here, of_households = Submission.village_id.in_(villages), Entity.village_id.in_(villages)
    households = (
        sa.select(sa.func.count())
        .select_from(Entity)
        .join(EntityList, EntityList.id == Entity.list_id)
        .where(EntityList.name == HOUSEHOLDS, of_households)
    )
    placed = sa.select(sa.func.count(sa.distinct(Submission.entity_id))).where(
        here, Submission.latitude.is_not(None), Submission.entity_id.is_not(None)
    )
    forms = sa.select(Submission.form_id, sa.func.count()).where(here).group_by(Submission.form_id)
    return RecordCounts(
        at=clock.now(),
        forms=tuple(FormHeld(*row) for row in session.execute(forms.order_by(Submission.form_id))),
        households=session.scalar(households) or 0,
        placed=session.scalar(placed) or 0,
        consents=tuple(_consents(session, here)),
    )


def _consents(session: Session, here: sa.ColumnElement[bool]) -> Iterator[ConsentGiven]:
    query = sa.select(FormVersion.id, FormVersion.definition).order_by(FormVersion.id)
    for version in session.execute(query).all():
        for field in asking(Definition.from_json(version.definition)):
            said = Submission.answers[field.path].as_string()
            counted = session.execute(
                sa.select(said, sa.func.count())
                .where(Submission.form_version_id == version.id, here, said.is_not(None))
                .group_by(said)
            )
            numbers = {row[0]: row[1] for row in counted}
            yield ConsentGiven(version.id, field.path, numbers.get(AGREES, 0), numbers.get(REFUSES, 0))


def asking(definition: Definition) -> Sequence[Field]:
    """The questions whose choices are to agree or not: an answer to one is the record of a consent."""
    return [field for field in definition.fields if _asks_consent(field)]


def _asks_consent(field: Field) -> bool:
    if {choice.name for choice in field.choices} != {AGREES, REFUSES}:
        return False
    labels = [label for choice in field.choices for label in choice.labels.values()]
    return any("đồng ý" in label.casefold() for label in labels)
