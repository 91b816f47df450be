"""What follows from one submission: where it belongs, and every row that it writes."""

import dataclasses
import datetime as dt
import functools
import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from geo.series import Amount, Turn, home_on
from server import audit, clock
from server.counting import tally
from server.households import door_remarks, entity_changes, household_states
from server.households.entity_changes import (
    HOUSEHOLDS,
    AcceptedVisit,
    ChangedEntity,
    ChangeOrigin,
    KnownEntity,
)
from server.households.rebuild_entity import restate
from server.intake import submission_place
from server.intake.batch_state import Before
from server.intake.submission_place import SubmissionPlace
from server.intake.submission_sender import Sender
from server.intake.write_rows import WrittenRows
from server.published_forms.read_submission import SubmissionReading
from server.published_forms.registry import KnownIndicator

SAME_DAY = "same_day"
SAYS_MOVED = "says_moved"
OTHER_VILLAGE = "names_other_village"
REGISTERS_KNOWN = "registers_known"


@dataclasses.dataclass(frozen=True)
class Arrival:
    """A submission with everything that decides what is written."""

    reading: SubmissionReading
    sender: Sender
    before: Before
    placed: SubmissionPlace
    received_at: dt.datetime
    observed_at: dt.datetime
    flags: tuple[dict[str, str], ...]
    """What looked wrong with it when it came."""

    @property
    def id(self) -> int:
        return self.before.submission_id

    @functools.cached_property
    def repeated(self) -> frozenset[str]:
        """Codes of help that was stated for the same household on the same day already: it waits for a person.

        Told twice, it may have been given once.
        """
        if self.placed.quarantine is not None:
            return frozenset()
        day, series = clock.day_of(self.observed_at), self.before.series
        return frozenset(
            each.indicator.code
            for each in self.reading.statements
            if each.indicator.rule.event
            and any(entry.day == day for entry in series.get(each.indicator.id, ()))
        )

    @functools.cached_property
    def turns(self) -> tuple[Turn, ...]:
        """How the household that it is about moved, ended or was split."""
        known = self.before.known.get(self.reading.subject) if self.reading.subject else None
        return known.turns if known is not None else ()

    @property
    def says_moved(self) -> bool:
        """Whether it says that the household has moved: one finger's slip would take it off every phone."""
        return self.reading.result == household_states.MOVED and not self.sender.decides

    @property
    def names_other_village(self) -> bool:
        """Whether it says another thôn of a household than was said before: the office alone moves households (R4)."""
        return not self.sender.person and any(
            self._is_elsewhere(self.before.known.get(block.id), block.properties.get("thon"))
            for block in self.reading.blocks
            if block.list_name == HOUSEHOLDS
        )

    @property
    def registers_known(self) -> bool:
        """Whether it registers what is in a list already: it says nothing of what is there (E12), so a person looks
        whether it means the same."""
        return not self.sender.decides and any(
            block.create
            and not block.update
            and block.id in self.before.known
            and not self.before.says_anew(block.id)
            for block in self.reading.blocks
        )

    def _is_elsewhere(self, known: KnownEntity | None, code: str | None) -> bool:
        if known is None or not code or code == known.data.get("thon", code):
            return False
        return self.sender.villages.get(code) != known.village_id

    @property
    def result(self) -> str | None:
        """What came of the visit; that a household has moved is a proposal until somebody has agreed to it."""
        return household_states.SAYS_MOVED if self.says_moved else self.reading.result

    @property
    def visit(self) -> tuple[uuid.UUID, AcceptedVisit] | None:
        """The visit that it is, and to which household or place; None where it is none that counts."""
        entity_id, result = self.placed.entity_id, self.result
        if self.placed.quarantine is not None or entity_id is None or result is None:
            return None
        return entity_id, AcceptedVisit(self.observed_at, self.received_at, self.id, result)

    def village_of(self, indicator: KnownIndicator) -> int | None:
        """The thôn in which an indicator's finding counts: for people, where they lived on that day (R4)."""
        village_id = self.placed.village_of(indicator)
        if self.turns and indicator.of_people:
            return home_on(self.turns, clock.day_of(self.observed_at), village_id)
        return village_id


def rows_of(this: Arrival) -> WrittenRows:
    """Everything that applying a submission writes."""
    rows = consequences(this) if this.placed.quarantine is None else WrittenRows()
    rows.sums = _sums(this, rows.findings)
    rows.submissions.append(
        {
            "id": this.id,
            **placing(this),
            "facts": None,
            "failure": None,
        }
    )
    rows.audit.append(
        audit.row(
            this.sender.actor, "submission.receive", f"submission:{this.id}", address=this.sender.address,
            at=this.received_at,
        )
    )  # fmt: skip
    return rows


def understanding(reading: SubmissionReading, placed: SubmissionPlace) -> dict[str, Any]:
    """The columns of a submission that say what is understood of it."""
    point = placed.kept_point
    return {
        "form_version_id": reading.version.id if reading.version else None,
        "result": reading.result,
        "answers": reading.answers,
        "latitude": point.latitude if point else None,
        "longitude": point.longitude if point else None,
        "accuracy": point.accuracy if point else None,
    }


def placing(this: Arrival) -> dict[str, Any]:
    """The columns of a submission that say where it belongs and what looks wrong with it."""
    placed, flags = this.placed, [*this.flags]
    if this.repeated:
        flags.append({"code": SAME_DAY, "about": "", "detail": ",".join(sorted(this.repeated))})
    if this.says_moved:
        flags.append({"code": SAYS_MOVED, "about": ""})
    if this.names_other_village:
        flags.append({"code": OTHER_VILLAGE, "about": ""})
    if this.registers_known:
        flags.append({"code": REGISTERS_KNOWN, "about": ""})
    decided = None if this.sender.person else this.before.edited  # who corrects on a page decides there too
    return {
        "village_id": placed.village_id,
        "entity_id": placed.entity_id,
        "quarantine": placed.quarantine,
        "flags": [*flags, *submission_place.flags(placed, decided)] or None,
    }


def consequences(this: Arrival) -> WrittenRows:
    """What follows from a submission that counts: new versions of its entities, and its findings."""
    return WrittenRows(changes=_changes(this), findings=_findings(this))


def _changes(this: Arrival) -> list[ChangedEntity]:
    """New versions of the entities that the submission names; a household gets its status from its visits."""
    origin = ChangeOrigin(this.id, this.received_at, this.observed_at)
    computed, known = _status(this), dict(this.before.known)
    found = []
    for block in this.reading.blocks:
        own = computed if block.id == this.placed.entity_id and block.list_name == HOUSEHOLDS else {}
        later = this.before.later.get(block.id, ())
        said_before = this.before.says_anew(block.id)
        change = entity_changes.apply(
            block, known.get(block.id), this.placed.home_id, own, origin, later, said_before=said_before
        )
        if change is not None:
            known[block.id] = change.known
            found.append(change)
    for block in this.before.merged:
        change = entity_changes.apply(block, known.get(block.id), None, {}, origin, (), said_before=True)
        found += [change] if change is not None else []
    main = known.get(this.placed.entity_id) if this.placed.entity_id else None
    if not this.reading.blocks and main is not None and this.placed.is_household:
        changed = entity_changes.update(main, None, computed, origin)
        found += [changed] if changed is not None else []
    return found


def _status(this: Arrival) -> dict[str, str]:
    visits = list(this.before.visits)
    if this.result is not None:
        visits.append(AcceptedVisit(this.observed_at, this.received_at, this.id, this.result))
    return entity_changes.status(visits, this.turns)


def _findings(this: Arrival) -> list[dict[str, Any]]:
    """What the submission states, each finding in its thôn."""
    subject = this.reading.subject or own_subject(this.reading)
    return [
        {
            "submission_id": this.id, "indicator_id": each.indicator.id, "subject": subject,
            "village_id": this.village_of(each.indicator), "done": each.done, "of": each.of,
            "observed_at": this.observed_at, "received_at": this.received_at,
            "counts": each.indicator.code not in this.repeated,
        }
        for each in this.reading.statements
    ]  # fmt: skip


def _sums(this: Arrival, findings: Sequence[dict[str, Any]]) -> dict[tally.Key, Amount]:
    """What is added to the tally by the findings (R3)."""
    sums: dict[tally.Key, Amount] = {}
    for each, row in zip(this.reading.statements, findings, strict=False):  # none where it does not count
        indicator = each.indicator
        if row["counts"]:
            series = this.before.series.get(indicator.id, ())
            sums |= tally.joined(series, indicator.id, tally.entry(row), indicator.rule, this.turns)
    return sums


def own_subject(reading: SubmissionReading) -> uuid.UUID:
    """A submission without an entity is its own subject; an instance id need not be a UUID (openrosa.md, 3)."""
    return uuid.uuid5(uuid.NAMESPACE_URL, reading.instance.instance_id)


def retell(connection: sa.Connection, this: Arrival) -> None:
    """After it was written: what an edit and the version before it changed, and what was off the list for want of a
    submission that counts, as all that counts makes it now."""
    edited = this.before.edited
    if this.placed.quarantine is not None:
        return
    told = {known.id for known in this.before.known.values() if known.is_lost}
    if edited is not None:
        told |= edited.touched | {block.id for block in this.reading.blocks}
        told |= {this.placed.entity_id} if this.placed.entity_id else set()
    for entity_id in sorted(told):
        if not restate(connection, entity_id, this.received_at):
            door_remarks.may_have_ended(connection, entity_id)
