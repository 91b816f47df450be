"""What the server can know of collectors' phones: last contact, forms they hold, and what is not sent yet."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from server.db import db
from server.models import Collector, Commune, Device, DeviceForm, Form, FormVersion, Submission
from server.models.people import UNNAMED

_NEWER = aliased(FormVersion)
NEWEST = (
    sa.select(Form.form_id, FormVersion.version)
    .join(FormVersion, FormVersion.form_id == Form.id)
    .where(
        Form.retired_at.is_(None),
        ~sa.exists().where(_NEWER.form_id == FormVersion.form_id, _NEWER.id > FormVersion.id),
    )
)
"""Each form that phones are to have, in its newest version."""

_LAST_SENT = (
    sa.select(Submission.received_at)
    .where(Submission.collector_id == Collector.id)
    .order_by(Submission.id.desc())
    .limit(1)
    .scalar_subquery()
)
_INCOMPLETE = sa.select(Submission.collector_id, sa.func.count()).where(
    Submission.missing_files.is_not(sa.null()), Submission.replaced_by_id.is_(None)
)


@dataclass(frozen=True)
class Held:
    """A form on a phone; `is_newest` None where phones are not to have that form any more."""

    title: str
    """Its id where the server knows no form of that id any more."""
    version: str
    is_newest: bool | None


@dataclass(frozen=True)
class KnownPhone:
    """One phone; `unsent` are households made on it that it asked about and that never came, None: unknown."""

    device: str
    app: str
    first_seen: dt.datetime
    last_seen: dt.datetime
    unsent: int | None
    unsent_at: dt.datetime | None
    forms: tuple[Held, ...] = ()

    @property
    def is_named(self) -> bool:
        """Whether it has told its id: one that has not may be several of the same app (C2)."""
        return not self.device.startswith(UNNAMED)

    @property
    def is_old(self) -> bool:
        return any(held.is_newest is False for held in self.forms)


@dataclass(frozen=True)
class Contact:
    """What is known of one collector's phones; times None where nothing was ever heard."""

    phones: tuple[KnownPhone, ...] = ()
    last_sent: dt.datetime | None = None
    incomplete: int = 0
    """Visits that came without all their photos."""

    @property
    def last_seen(self) -> dt.datetime | None:
        """When one of the collector's phones last asked or sent."""
        moments = [phone.last_seen for phone in self.phones]
        return max([*moments, self.last_sent] if self.last_sent else moments, default=None)

    @property
    def unsent(self) -> int:
        return sum(phone.unsent or 0 for phone in self.phones)

    @property
    def knows_unsent(self) -> bool:
        """Whether every phone has asked about the households made on it; else nobody can say that none is unsent."""
        return bool(self.phones) and all(phone.is_named and phone.unsent is not None for phone in self.phones)

    @property
    def has_old(self) -> bool:
        return any(phone.is_old for phone in self.phones)


def contacts(ids: Iterable[int]) -> Mapping[int, Contact]:
    """What is known of these collectors, in five statements however many they are."""
    asked = list(ids)
    phones = _phones(asked)
    sent = dict(_pairs(sa.select(Collector.id, _LAST_SENT).where(Collector.id.in_(asked))))
    counted = _INCOMPLETE.where(Submission.collector_id.in_(asked)).group_by(Submission.collector_id)
    incomplete = dict(_pairs(counted))
    return {key: Contact(phones.get(key, ()), sent.get(key), incomplete.get(key, 0)) for key in asked}


def old_phones(commune: Commune) -> int:
    """How many phones of a commune's collectors still have an older version of a form."""
    newest = NEWEST.subquery()
    query = (
        sa.select(sa.func.count(sa.distinct(Device.id)))
        .join(Collector, Collector.id == Device.collector_id)
        .join(DeviceForm, DeviceForm.device_id == Device.id)
        .join(newest, newest.c.form_id == DeviceForm.form_id)
        .where(
            Collector.commune_id == commune.id,
            Collector.revoked_at.is_(None),
            DeviceForm.version != newest.c.version,
        )
    )
    return db.session.scalar(query) or 0


def _phones(ids: list[int]) -> dict[int, tuple[KnownPhone, ...]]:
    newest = dict(_pairs(NEWEST))
    titles = dict(_pairs(sa.select(Form.form_id, Form.title)))
    held: dict[int, list[Held]] = {}
    of = sa.select(DeviceForm).join(Device, Device.id == DeviceForm.device_id)
    for row in db.session.scalars(of.where(Device.collector_id.in_(ids)).order_by(DeviceForm.form_id)):
        known = newest.get(row.form_id)
        is_newest = None if known is None else known == row.version
        held.setdefault(row.device_id, []).append(
            Held(titles.get(row.form_id, row.form_id), row.version, is_newest)
        )
    found: dict[int, tuple[KnownPhone, ...]] = {}
    devices = sa.select(Device).where(Device.collector_id.in_(ids)).order_by(Device.last_seen.desc())
    for device in db.session.scalars(devices):
        phone = KnownPhone(
            device.device_id,
            app(device.user_agent),
            device.first_seen,
            device.last_seen,
            device.unsent,
            device.unsent_at,
            tuple(held.get(device.id, ())),
        )
        found[device.collector_id] = (*found.get(device.collector_id, ()), phone)
    return found


def app(user_agent: str) -> str:
    """`ODK Collect v2026.3.1` or `Phiếu web, iPhone` for what a phone says of itself; anything else as it came."""
    name, _, rest = user_agent.partition("/")
    known = {"org.odk.collect.android": "ODK Collect", "org.koboc.collect.android": "KoboCollect"}.get(name)
    if known:
        return f"{known} {rest.partition(' ')[0]}"
    if name != "Mozilla":
        return user_agent[:40]
    machine = next((each for each in ("iPhone", "iPad", "Android") if each in rest), "máy tính")
    return f"Phiếu web, {machine}"


def _pairs(query: "sa.Select[*tuple[Any, ...]]") -> list[tuple[Any, Any]]:
    return [(row[0], row[1]) for row in db.session.execute(query)]
