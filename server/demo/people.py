"""Who signs in and who walks in the demonstration, and the record of it that is written to demo.json."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from server.accounts import persons, program_keys
from server.db import db
from server.demo import names
from server.demo.scale import COMMUNES, Scale
from server.models import Collector, Commune, Village
from server.phones import app_settings, collectors
from server.places import communes

_SIZES = (2, 1, 3, 2, 2, 3, 1, 2)
"""How many thôn each next collector walks: about one collector for two."""
_LOCAL = (
    ("officer", "Cán bộ Phòng Văn hóa - Xã hội", "officer"),
    ("leader", "Lãnh đạo xã", "leader"),
    ("team_leader", "Tổ trưởng Tổ công nghệ số cộng đồng", "team_leader"),
)


@dataclass(frozen=True)
class Account:
    """A person who signs in; `key` is how demo.json calls them."""

    key: str
    username: str
    password: str


@dataclass(frozen=True)
class Walker:
    """A collector with the codes of their thôn."""

    name: str
    commune: str
    villages: tuple[str, ...]
    username: str
    password: str
    token: str


@dataclass(frozen=True)
class Everyone:
    """All who take part."""

    accounts: tuple[Account, ...]
    walkers: tuple[Walker, ...]
    api_token: str


def make(scale: Scale) -> Everyone:
    """Make an account for every role, a collector for about every two thôn, a program's token; the caller commits."""
    accounts = [_account("admin", "Quản trị", "admin"), _account("city", "Sở Khoa học và Công nghệ", "city")]
    walkers: list[Walker] = []
    for code in COMMUNES:
        commune = communes.commune(code)
        walking = _walkers(commune, scale)
        first = walking[0].villages
        for key, name, role in _LOCAL:
            accounts.append(_account(f"{key}_{code}", f"{name} {commune.name}", role, commune, first))
        walkers += walking
    token = program_keys.add("Dùng thử", reads=program_keys.READS, days=365)
    return Everyone(tuple(accounts), tuple(walkers), token.token)


def _account(
    key: str, name: str, role: str, commune: Commune | None = None, codes: Sequence[str] = ()
) -> Account:
    own = [each for each in _villages(commune) if each.code in codes] if role == "team_leader" else []
    made = persons.add(key, name, [role], commune=commune, villages=own)
    return Account(key, key, made.password)


def _villages(commune: Commune | None) -> Sequence[Village]:
    if commune is None:
        return ()
    return db.session.scalars(
        sa.select(Village).where(Village.commune_id == commune.id).order_by(Village.code)
    ).all()


def _walkers(commune: Commune, scale: Scale) -> list[Walker]:
    dice = scale.dice("walkers", commune.code)
    waiting = list(_villages(commune))
    found: list[Walker] = []
    while waiting:
        size = _SIZES[len(found) % len(_SIZES)]
        mine, waiting = waiting[:size], waiting[size:]
        made = collectors.add(names.person(dice), commune, mine)
        codes = tuple(village.code for village in mine)
        who = made.collector
        found.append(Walker(who.name, commune.code, codes, who.username, made.password, made.token))
    return found


def qr_text(username: str, base_url: str) -> str:
    """The QR code of a collector for a server at this address; LookupError where there is no such collector."""
    found = db.session.scalars(sa.select(Collector).where(Collector.username == username)).first()
    if found is None:
        raise LookupError(username)
    return app_settings.qr_text(found, base_url)
