"""The list of households that a collector is to visit again, and the second visits that have come (R28)."""

import csv
import datetime as dt
import io
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server import clock
from server.households import household_parts
from server.models import Backcheck, BackcheckDraw, CollectorVillage, Entity, Form, Submission, Village
from server.phones.phone_access import PhoneCaller

FORM = "phuc_tra"
FILE = "phuc_tra.csv"
COLUMNS = ("name", "label", "thon", "ngay")
MET_AGAIN = "gap_lai"
"""The question of the form whether anybody was met; one that met nobody is tried again."""
OPEN_FOR = dt.timedelta(days=28)
"""After so long a household does not remember the day, and nobody goes any more."""

_WALKS = sa.exists().where(
    CollectorVillage.collector_id == Backcheck.checker_id,
    CollectorVillage.village_id == Backcheck.village_id,
    CollectorVillage.until.is_(None),
)
_OPEN = (
    sa.select(
        Backcheck.id, Backcheck.entity_id, Backcheck.collector_id, Entity.label, Entity.data, Village.code,
        Submission.observed_at, BackcheckDraw.drawn_at,
    )
    .join(BackcheckDraw, BackcheckDraw.id == Backcheck.draw_id)
    .join(Submission, Submission.id == Backcheck.submission_id)
    .join(Entity, Entity.id == Backcheck.entity_id)
    .join(Village, Village.id == Entity.village_id)
    .where(
        Backcheck.village_id.in_(sa.bindparam("villages", expanding=True)),
        Entity.village_id.in_(sa.bindparam("villages", expanding=True)),
        Backcheck.collector_id != sa.bindparam("collector"),
        sa.or_(
            Backcheck.checker_id.is_(None), Backcheck.checker_id == sa.bindparam("collector"), sa.not_(_WALKS)
        ),
        BackcheckDraw.drawn_at > sa.bindparam("since"),
        Entity.ended_at.is_(None),
    )
)  # fmt: skip
_SECOND = (
    sa.select(
        Submission.id, Submission.entity_id, Submission.collector_id, Submission.version, Submission.answers,
        Submission.observed_at, Submission.received_at,
    )
    .join(Form, Form.id == Submission.form_id)
    .where(
        Form.form_id == FORM,
        Submission.entity_id.in_(sa.bindparam("entities", expanding=True)),
        Submission.quarantine.is_(None),
        Submission.replaced_by_id.is_(None),
        Submission.review != "rejected",
    )
    .order_by(Submission.observed_at, Submission.id)
)  # fmt: skip


@dataclass(frozen=True)
class WaitingCheck:
    """A visit that is to be checked, as far as it decides which second visit is its own."""

    id: int
    entity_id: uuid.UUID
    collector_id: int
    drawn_at: dt.datetime


@dataclass(frozen=True)
class SecondVisit:
    """A second visit as it was sent; `answers` by path."""

    submission_id: int
    collector_id: int | None
    version: str
    answers: Mapping[str, Any]
    observed_at: dt.datetime

    @property
    def result(self) -> str:
        """Whether anybody was met: gap, vang, tu_choi; "" where it does not say."""
        return str(self.answers.get(MET_AGAIN) or "")


def second_visits(connection: sa.Connection, checks: Sequence[WaitingCheck]) -> dict[int, SecondVisit]:
    """For each of these, by its id, the first second visit that met somebody, else the newest; one's own never."""
    if not checks:
        return {}
    sent: dict[uuid.UUID, list[Any]] = {}
    for row in connection.execute(_SECOND, {"entities": list({each.entity_id for each in checks})}):
        sent.setdefault(row.entity_id, []).append(row)
    found = {}
    for check in checks:
        own = [
            SecondVisit(row.id, row.collector_id, row.version, row.answers or {}, row.observed_at)
            for row in sent.get(check.entity_id, ())
            if row.received_at > check.drawn_at and row.collector_id != check.collector_id
        ]
        if own:
            found[check.id] = next((each for each in own if each.result != "vang"), own[-1])
    return found


def content(connection: sa.Connection, caller: PhoneCaller) -> bytes:
    """`phuc_tra.csv`: the households that this collector is to visit again, in the order of walking.

    It tells the day of the visit that is checked, not who made it nor what it says.
    """
    values = {
        "villages": sorted(caller.village_ids), "collector": caller.collector_id,
        "since": clock.now() - OPEN_FOR,
    }  # fmt: skip
    rows = connection.execute(_OPEN, values).all() if caller.village_ids else []
    checks = [WaitingCheck(row.id, row.entity_id, row.collector_id, row.drawn_at) for row in rows]
    done = {key for key, visit in second_visits(connection, checks).items() if visit.result != "vang"}
    newest = {row.entity_id: row for row in sorted(rows, key=lambda row: row.id) if row.id not in done}
    return _csv(sorted(newest.values(), key=_walking))


def _walking(row: Any) -> tuple[Any, ...]:
    return row.code, household_parts.of_row(row.label, row.data).walking, row.entity_id.hex


def _csv(rows: Iterable[Any]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        label = " ".join(row.label.split()) or str(row.entity_id)
        writer.writerow((row.entity_id, label, row.code, f"{clock.day_of(row.observed_at):%d/%m}"))
    return out.getvalue().encode()
