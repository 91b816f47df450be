"""Which app and which version phones have, and how many are too old for what a form uses."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from forms.check import phone_and_web_limits
from forms.check.phone_and_web_limits import Need, Version
from server.db import db
from server.models import Collector, Device
from server.phones.last_contact import app

_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True)
class Behind:
    """How many phones do not know something that a form uses, of how many; `unknown` do not say their version."""

    need: Need
    older: int
    unknown: int
    phones: int


def version_of(user_agent: str) -> tuple[str, Version] | None:
    """App and version that a phone tells; None where it is neither ODK Collect nor KoboCollect, or tells none."""
    name, _, rest = app(user_agent).rpartition(" ")
    found = _VERSION.match(rest)
    if name not in {phone_and_web_limits.COLLECT, phone_and_web_limits.KOBO} or found is None:
        return None
    return name, tuple(int(part) for part in found.groups() if part is not None)


def behind(wanted: Iterable[Need], commune_id: int | None) -> list[Behind]:
    """For each need of phones, those of a commune's collectors (None: of all) that are too old for it."""
    asked = [need for need in wanted if need.of_phones]
    if not asked:
        return []
    query = sa.select(Device.user_agent).join(Collector, Collector.id == Device.collector_id)
    query = query.where(Collector.revoked_at.is_(None))
    if commune_id is not None:
        query = query.where(Collector.commune_id == commune_id)
    told = [version_of(agent) for agent in db.session.scalars(query)]
    known = [each for each in told if each is not None]
    return [
        Behind(
            need,
            sum(phone_and_web_limits.older(need, *each) for each in known),
            len(told) - len(known),
            len(told),
        )
        for need in asked
    ]
