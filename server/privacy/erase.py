"""What has to go when a household's data, or old submissions, are deleted; and their deletion from all tables."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from server import clock
from server.counting import noted_changes, writer_lock
from server.counting.tally_after_changes import recasting
from server.households.merge_households import with_merged
from server.households.rebuild_entity import restate
from server.models import (
    Attachment,
    Difficulty,
    Entity,
    EntityVersion,
    Finding,
    MadeFile,
    Submission,
    Village,
)

_NAMED = {
    "sqlite": "instr(submission.xml, :name) > 0",
    "postgresql": "position(:name in submission.xml) > 0",
}


@dataclass(frozen=True)
class Doomed:
    """Rows to be deleted, with all that hangs on them, and files that nothing else needs."""

    entities: frozenset[uuid.UUID]
    submissions: Mapping[int, str]
    """Instance ids by key."""
    blobs: frozenset[bytes]
    """SHA-256 as stored."""
    records: tuple[str, ...]
    """As the audit names them."""


def of_household(connection: sa.Connection, entity_id: uuid.UUID) -> Doomed:
    """A household under all ids it ever had, and every submission that tells of it, older versions included."""
    doomed = of_households(connection, [heir(connection, entity_id)])
    return _doomed(
        connection, doomed.entities, {**doomed.submissions, **_naming(connection, doomed.entities)}
    )


def of_households(connection: sa.Connection, ids: Iterable[uuid.UUID]) -> Doomed:
    """Households with what was merged into them and the submissions about them."""
    entities: set[uuid.UUID] = set()
    for entity_id in ids:
        entities |= with_merged(connection, entity_id)
    changed = sa.select(EntityVersion.submission_id).where(
        EntityVersion.entity_id.in_(entities), ~EntityVersion.is_elsewhere
    )
    about = sa.or_(Submission.entity_id.in_(entities), Submission.id.in_(changed))
    rows = connection.execute(sa.select(Submission.id, Submission.instance_id).where(about))
    return _doomed(connection, entities, {row.id: row.instance_id for row in rows})


def of_submissions(connection: sa.Connection, ids: Collection[int]) -> Doomed:
    """Submissions alone; what they are about stays."""
    rows = connection.execute(
        sa.select(Submission.id, Submission.instance_id).where(Submission.id.in_(list(ids)))
    )
    return _doomed(connection, (), {row.id: row.instance_id for row in rows})


def heir(connection: sa.Connection, entity_id: uuid.UUID) -> uuid.UUID:
    """The household by which this one goes now."""
    while into := connection.scalar(sa.select(Entity.merged_into_id).where(Entity.id == entity_id)):
        entity_id = into
    return entity_id


def _naming(connection: sa.Connection, entities: Collection[uuid.UUID]) -> dict[int, str]:
    """Submissions of the commune that name one of these in their XML alone: difficulties it raised, unread versions.

    Every XML of the commune is looked into, some seconds at most; a deletion may take as long.
    """
    commune = sa.select(Village.commune_id).join(Entity, Entity.village_id == Village.id)
    villages = sa.select(Village.id).where(Village.commune_id.in_(commune.where(Entity.id.in_(entities))))
    here = sa.or_(Submission.village_id.in_(villages), Submission.village_id.is_(None))
    named = sa.text(_NAMED[connection.dialect.name])
    query = sa.select(Submission.id, Submission.instance_id).where(here, named)
    found: dict[int, str] = {}
    for entity in entities:
        rows = connection.execute(query, {"name": str(entity).encode()})
        found |= {row.id: row.instance_id for row in rows}
    return found


def _doomed(
    connection: sa.Connection, entities: Iterable[uuid.UUID], submissions: Mapping[int, str]
) -> Doomed:
    ids = list(submissions)
    files = connection.execute(
        sa.select(Attachment.id, Attachment.stored_sha256).where(Attachment.submission_id.in_(ids))
    ).all()
    hashes = {row.stored_sha256 for row in files}
    elsewhere = sa.select(Attachment.stored_sha256).where(
        Attachment.stored_sha256.in_(hashes), Attachment.submission_id.not_in(ids)
    )
    told = connection.scalars(sa.select(Difficulty.id).where(Difficulty.submission_id.in_(ids)))
    records = (
        *(f"entity:{entity}" for entity in entities),
        *(f"submission:{number}" for number in ids),
        *(f"attachment:{row.id}" for row in files),
        *(f"difficulty:{number}" for number in told),
    )
    return Doomed(
        frozenset(entities), submissions, frozenset(hashes - set(connection.scalars(elsewhere))), records
    )


def erase(connection: sa.Connection, doomed: Doomed, *, keeps_counts: bool) -> None:
    """Delete the rows in the caller's transaction; the tally follows.

    What a household asks to be deleted leaves the counts as well. What has been kept long enough goes on counting
    without anything that says whose it was (`keeps_counts`, docs/decisions/0025).
    """
    writer_lock.hold(connection)
    ids = list(doomed.submissions)
    stated = sa.select(Finding.subject).where(Finding.submission_id.in_(ids)).distinct()
    changed = sa.select(EntityVersion.entity_id).where(EntityVersion.submission_id.in_(ids)).distinct()
    about = sa.select(Submission.entity_id).where(Submission.id.in_(ids), Submission.entity_id.is_not(None))
    staying = {*connection.scalars(changed), *connection.scalars(about.distinct())} - doomed.entities
    subjects = set(connection.scalars(stated)) | doomed.entities
    if keeps_counts:
        subjects -= _let_go(connection, subjects - staying)
    with recasting(connection, subjects | staying):
        _delete(connection, doomed, subjects - staying if keeps_counts else subjects)
        for entity_id in sorted(staying):
            restate(connection, entity_id, clock.now())


def _delete(connection: sa.Connection, doomed: Doomed, uncounted: Collection[uuid.UUID]) -> None:
    """Attachments, reviews and the like go with their submission, versions and acts with their entity."""
    ids = list(doomed.submissions)
    of_these = Finding.submission_id.in_(ids)
    stated = sa.and_(of_these, Finding.subject.in_(uncounted))
    connection.execute(
        sa.delete(Finding).where(
            sa.or_(stated, Finding.subject.in_(doomed.entities), sa.and_(of_these, ~Finding.counts))
        )
    )
    connection.execute(sa.delete(EntityVersion).where(EntityVersion.submission_id.in_(ids)))
    # files that were made of what was there; one that is still being made is told so by its missing row
    connection.execute(sa.delete(MadeFile).where(MadeFile.state != "waiting"))
    noted_changes.note(connection, ids, noted_changes.DELETED)
    connection.execute(sa.delete(Submission).where(Submission.id.in_(ids)))
    connection.execute(sa.delete(Entity).where(Entity.id.in_(doomed.entities)))


def _let_go(connection: sa.Connection, subjects: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Give these subjects' findings a subject that nobody has; which of them. Sums stay as they are.

    Not where a household moved, ended or was split: how its series goes on is known from its row alone.
    """
    rows = connection.execute(
        sa.select(Entity.id).where(Entity.id.in_(list(subjects)), Entity.turns.is_not(sa.null()))
    )
    free = set(subjects) - {row.id for row in rows}
    for subject in sorted(free):
        findings = sa.update(Finding).where(Finding.subject == subject, Finding.counts)
        connection.execute(findings.values(subject=uuid.uuid4()))
        connection.execute(sa.delete(Finding).where(Finding.subject == subject))
    return free
