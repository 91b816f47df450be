"""What check points and public places say about 5G and Wi-Fi: rows of the tables, handed to geo.signal."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from geo.signal import Place, Sample
from server import clock
from server.db import db, in_vietnamese_order
from server.households.phone_lists import PLACES
from server.models import Commune, Entity, EntityList, Finding, Form, Indicator, Submission, Village

POINT_FORM, WIFI_FORM = "diem_5g", "wifi_cong_cong"
POINT_INDICATOR, WIFI_INDICATOR = "phu_song_5g_diem", "wifi_nha_van_hoa"
OPERATORS = {"viettel": "Viettel", "vinaphone": "VinaPhone", "mobifone": "MobiFone", "khac": "Nhà mạng khác"}
VALID_DAYS = 90  # where the indicator does not say
_INDOOR: Mapping[object, Place] = {"trong_nha": "indoor", "ngoai_troi": "outdoor"}


@dataclass(frozen=True)
class Points:
    """The measurements of a commune in the order they were made, and the rules that they were made by."""

    samples: tuple[Sample, ...]
    valid_days: int
    threshold: str
    """The form's RSRP threshold in dBm, as the newest measurement carries it; "" before the first."""


@dataclass(frozen=True)
class Wifi:
    """A public place and what its last check says; None for what nobody has answered."""

    id: uuid.UUID
    name: str
    village: str
    village_code: str
    kind: str
    day: dt.date | None
    there: bool | None
    is_open: bool | None
    works: bool | None
    posted: bool | None
    download: float | None
    upload: float | None
    point: tuple[float, float] | None
    """Latitude and longitude; places keep their exact point (R21)."""


def points(commune: Commune, as_of: dt.date) -> Points:
    """All that was measured at check points of a commune up to a day. Two statements, of this commune alone."""
    indicator = db.session.execute(
        sa.select(Indicator.id, Indicator.valid_days).where(Indicator.code == POINT_INDICATOR)
    ).one_or_none()
    of_point = indicator.id if indicator else -1
    rows = db.session.execute(
        sa.select(
            Submission.answers, Submission.latitude, Submission.longitude, Submission.observed_at,
            Submission.instance_id, Finding.subject, Finding.done, Finding.of,
        )
        .outerjoin(
            Finding, sa.and_(Finding.submission_id == Submission.id, Finding.indicator_id == of_point)
        )
        .where(
            _counts(commune, as_of),
            Submission.entity_id.is_(None),
            Submission.form_id.in_(_forms(POINT_FORM)),
        )
        .order_by(Submission.observed_at, Submission.received_at, Submission.id)
    ).all()  # fmt: skip
    samples = tuple(sample for row in rows if (sample := _sample(row)) is not None)
    threshold = next(
        (str(row.answers["nguong_rsrp"]) for row in reversed(rows) if row.answers.get("nguong_rsrp")), ""
    )
    days = indicator.valid_days if indicator and indicator.valid_days else VALID_DAYS
    return Points(samples, days, threshold)


def _counts(commune: Commune, as_of: dt.date) -> sa.ColumnElement[bool]:
    """What counts, of the thôn that are or were this commune's, observed by the end of a day."""
    end = clock.end_of(as_of)
    return sa.and_(
        Submission.village_id.in_(sa.select(Village.id).where(Village.commune_id == commune.id)),
        Submission.quarantine.is_(None),
        Submission.replaced_by_id.is_(None),
        Submission.review != "rejected",
        Submission.observed_at < end,
    )


def _forms(form_id: str) -> sa.Select[int]:
    return sa.select(Form.id).where(Form.form_id == form_id)


def _sample(row: Any) -> Sample | None:
    answers: Mapping[str, Any] = row.answers
    place = _INDOOR.get(answers.get("trong_ngoai"))
    operator = answers.get("nha_mang")
    if place is None or operator not in OPERATORS or row.latitude is None or row.longitude is None:
        return None
    return Sample(
        subject=str(row.subject or row.instance_id),
        operator=operator,
        place=place,
        usable=bool(row.done) if row.of else None,
        day=row.observed_at.astimezone(clock.LOCAL).date(),
        latitude=row.latitude,
        longitude=row.longitude,
        download=_number(answers.get("i_speed/tai_xuong")),
        upload=_number(answers.get("i_speed/tai_len")),
        ping=_number(answers.get("i_speed/tre")),
        on_5g=answers.get("mang") == "5g",
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def wifi(commune: Commune, as_of: dt.date) -> tuple[Wifi, ...]:
    """Every public place of a commune with its last check, by thôn and name. Two statements."""
    places = db.session.execute(
        sa.select(Entity.id, Entity.label, Entity.data, Village.name, Village.code)
        .join(EntityList, EntityList.id == Entity.list_id)
        .join(Village, Village.id == Entity.village_id)
        .where(Village.commune_id == commune.id, EntityList.name == PLACES, Entity.ended_at.is_(None))
        .order_by(Village.code, in_vietnamese_order(Entity.label))
    ).all()
    checks = db.session.execute(
        sa.select(
            Submission.entity_id, Submission.answers, Submission.latitude, Submission.longitude,
            Submission.observed_at,
        )
        .where(
            Submission.entity_id.in_([place.id for place in places]),
            _counts(commune, as_of),
            Submission.form_id.in_(_forms(WIFI_FORM)),
        )
        .order_by(Submission.observed_at, Submission.received_at, Submission.id)
    ).all()  # fmt: skip
    last = {check.entity_id: check for check in checks}
    where = {check.entity_id: check for check in checks if check.latitude is not None}
    return tuple(_wifi(place, last.get(place.id), where.get(place.id)) for place in places)


def _wifi(place: Any, check: Any | None, located: Any | None) -> Wifi:
    answers: Mapping[str, Any] = check.answers if check else {}
    there = _yes(answers.get("wifi_co"))
    is_open = _yes(answers.get("wifi_mo")) if there else None
    of_use = False if there is False or is_open is False else _yes(answers.get("wifi_chay"))
    return Wifi(
        id=place.id,
        name=place.label,
        village=place.name,
        village_code=place.code,
        kind=str(place.data.get("loai") or ""),
        day=check.observed_at.astimezone(clock.LOCAL).date() if check else None,
        there=there,
        is_open=is_open,
        works=of_use,
        posted=_yes(answers.get("huong_dan")) if there else None,
        download=_number(answers.get("toc_do/tai_xuong")),
        upload=_number(answers.get("toc_do/tai_len")),
        point=(located.latitude, located.longitude) if located else None,
    )


def _yes(answer: object) -> bool | None:
    return {"co": True, "khong": False}.get(str(answer))


def working(places: Iterable[Wifi]) -> tuple[int, int, int]:
    """Of the places: how many work for people, how many were checked, how many there are."""
    listed = list(places)
    checked = [place for place in listed if place.there is not None]
    return sum(place.works is True for place in checked), len(checked), len(listed)
