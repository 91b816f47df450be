"""When a household is to be tried next: appointments, tries so far, when it was tried often enough, in words.

Closing is a matter of the plan and no state: a household that was tried often enough stays “vắng nhà” wherever it is
counted (R5), and only leaves the lists of those to go to.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import current_app

from server import clock
from server.households.act_rows import Officer, change, check_listed, household_of, impossible, record
from server.households.entity_changes import HOUSEHOLDS
from server.households.household_states import AWAY, MET, MOVED, NOT_VISITED, WORDS
from server.households.rebuild_entity import IS_ACCEPTED
from server.models import Entity, EntityList, Submission
from server.settings import Settings

APPOINT, REOPEN = "appoint", "reopen"
"""The acts by which a person makes an appointment, or opens again what was tried often enough."""
DAY, PART, REOPENED = "hen_ngay", "hen_buoi", "mo_lai"
"""Properties: the day of an appointment, its part of the day, and the visits there had been at the reopening. Forms
may save the first two (`save_to`)."""
PARTS: Mapping[str, str] = {"sang": "sáng", "trua": "trưa", "chieu": "chiều", "toi": "tối"}
FURTHEST = dt.timedelta(days=92)
"""How far ahead an appointment may lie; what is further is a slip of the finger."""
_WEEKDAYS = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")


@dataclass(frozen=True)
class Appointment:
    """A day on which somebody of a household wants to be visited, and a part of that day; "" where none was said."""

    day: dt.date
    part: str = ""

    @property
    def words(self) -> str:
        """“tối T7 05/12”, as labels on phones and paper have room for."""
        return f"{PARTS.get(self.part, '')} {short_day(self.day)}".strip()


@dataclass(frozen=True)
class NextTry:
    """What a household's row says of the next try."""

    appointment: Appointment | None
    visits: int
    """Visits so far, whatever came of them."""
    is_closed: bool
    """Tried often enough without anybody met: nobody goes any more until somebody opens it again."""


def most() -> int:
    """After how many visits that met nobody a household is closed; 0: never."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings.most_tries


def of(data: Mapping[str, Any], today: dt.date, most_tries: int) -> NextTry:
    """What a household's properties say of its next try. An appointment ahead keeps it open."""
    visits = _number(data.get("lan_tham"))
    appointment = _appointment(data, today)
    is_tried = most_tries > 0 and visits - _number(data.get(REOPENED)) >= most_tries
    is_away = data.get("tinh_trang") == AWAY
    return NextTry(appointment, visits, is_away and is_tried and appointment is None)


def _appointment(data: Mapping[str, Any], today: dt.date) -> Appointment | None:
    """The appointment that lies ahead; it passes by with its day, or with a visit of that day."""
    if data.get("tinh_trang", NOT_VISITED) in (MET, MOVED):
        return None
    try:
        day = dt.date.fromisoformat(str(data.get(DAY) or ""))
    except ValueError:
        return None
    is_kept = str(data.get("ngay_cuoi") or "") >= day.isoformat()
    if not today <= day <= today + FURTHEST or is_kept:
        return None
    part = str(data.get(PART) or "")
    return Appointment(day, part if part in PARTS else "")


def _number(text: object) -> int:
    plain = str(text or "")
    return int(plain) if plain.isascii() and plain.isdecimal() else 0


def short_day(day: dt.date) -> str:
    """“T7 05/12”: the day of the week, and the day."""
    return f"{_WEEKDAYS[day.weekday()]} {day:%d/%m}"


def away_words(tried: NextTry, last: dt.datetime | None, most_tries: int, today: dt.date) -> str:
    """What a label says of a household where nobody was at home: when last, and how often so far; "" where the hour
    is not known and it was tried once.

    `last` is the moment of the last try.
    """
    said = f"đã thử đủ {most_tries} lần" if tried.is_closed else WORDS[AWAY]
    if last is not None:
        moment = last.astimezone(clock.LOCAL)
        day = f"{moment:%d/%m}" if moment.year == today.year else f"{moment:%d/%m/%Y}"
        said += f" {day}, {moment:%H:%M} {_WEEKDAYS[moment.weekday()]}"
    elif not tried.is_closed and tried.visits < 2:
        return ""
    return said + (f", đã đến {tried.visits} lần" if tried.visits > 1 and not tried.is_closed else "")


_LAST = (
    sa.select(Submission.entity_id, sa.func.max(Submission.observed_at))
    .join(Entity, Entity.id == Submission.entity_id)
    .join(EntityList, EntityList.id == Entity.list_id)
    .where(
        Entity.village_id.in_(sa.bindparam("villages", expanding=True)),
        EntityList.name == HOUSEHOLDS,
        Entity.ended_at.is_(None),
        Entity.data["tinh_trang"].as_string() == AWAY,
        Submission.result.is_not(None),
        IS_ACCEPTED,
    )
    .group_by(Submission.entity_id)
)


def last_tries(connection: sa.Connection, village_ids: Iterable[int]) -> dict[uuid.UUID, dt.datetime]:
    """When each household of these thôn where nobody was at home was tried last."""
    rows: Any = connection.execute(_LAST, {"villages": sorted(village_ids)})
    return dict(rows.all())


def appoint(
    connection: sa.Connection, entity_id: uuid.UUID, wanted: Appointment | None, officer: Officer
) -> int:
    """Make an appointment with a household, or take it away (None). The act's key; phones see it at their next sync."""
    household = household_of(connection, entity_id, officer)
    check_listed(household)
    if wanted is not None and not clock.today() <= wanted.day <= clock.today() + FURTHEST:
        raise impossible(f"ngày hẹn phải từ hôm nay, nhiều nhất {FURTHEST.days} ngày tới.")
    if household.data.get("tinh_trang") == MET:
        raise impossible("hộ này đã gặp rồi.")
    day = wanted.day if wanted else None
    said = {DAY: day.isoformat() if day else "", PART: wanted.part if wanted else ""}
    act = record(connection, APPOINT, entity_id, day, officer, {})
    change(connection, household, {}, received=said, act=act)
    return act


def reopen(connection: sa.Connection, entity_id: uuid.UUID, officer: Officer) -> int:
    """Let teams go again to a household that was tried often enough: tries are counted anew from here."""
    household = household_of(connection, entity_id, officer)
    check_listed(household)
    now = of(household.data, clock.today(), most())
    if not now.is_closed:
        raise impossible("hộ này vẫn đang trong danh sách phải đến.")
    act = record(connection, REOPEN, entity_id, None, officer, {})
    change(connection, household, {}, received={REOPENED: str(now.visits)}, act=act)
    return act
