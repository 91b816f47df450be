"""Collectors: added, given thôn, a new code, revoked; their token and password are made here."""

import datetime as dt
import hashlib
import re
import secrets
import string
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from geo.plain_words import one_line, unaccented, words
from server import audit, clock
from server.accounts import passwords
from server.db import db, in_vietnamese_order
from server.models import Collector, CollectorVillage, Commune, OldKey, Village, WalkingArea, WalkingMember
from server.phones import http_digest, phone_access
from server.places import merged_villages
from server.sealed_secrets import seal, unseal

TOKEN_LENGTH = 64
NAME_LENGTH = 120
OLD_KEY_SENDS = dt.timedelta(days=30)
"""How long what was filled in under a code that was changed may still be sent (R23)."""
STAYS_ON_PHONE = dt.timedelta(days=14)
"""How long the rows of a thôn that is no longer theirs stay on a collector's phone (R23)."""
_LETTERS = string.ascii_letters + string.digits


class CollectorRejected(Exception):
    """A collector that cannot be made; the message is one Vietnamese sentence."""


@dataclass(frozen=True)
class NewCollector:
    """A collector just made, their token (64 letters and digits) and their password (16)."""

    collector: Collector
    token: str
    password: str


def add(name: str, commune: Commune, villages: Sequence[Village], *, actor: str = "system") -> NewCollector:
    """Make a collector of one or more thôn of a commune; the caller commits. Raises CollectorRejected.

    Neither they nor anyone else choose the password (R23); it is ASCII, as Digest and Basic need (C9).
    """
    check_new(" ".join(name.split()), commune, villages)
    clean = one_line(name)
    collector = Collector(
        name=clean,
        commune=commune,
        username=_username(clean),
        created_at=clock.now(),
        villages=[CollectorVillage(village=village) for village in merged_villages.whole(villages)],
    )
    token, password = _new_secrets(collector)
    db.session.add(collector)
    db.session.flush()
    _audit("collector.add", collector, actor)
    return NewCollector(collector, token, password)


def rotate(collector: Collector, *, actor: str = "system") -> NewCollector:
    """*Đổi mã*: a new token and password; the old ones read nothing and may send for 30 days. The caller commits."""
    if collector.revoked_at is not None:
        raise CollectorRejected(f"Mã của {collector.name} đã thu hồi; hãy thêm người này như thành viên mới.")
    moment = clock.now()
    db.session.add(
        OldKey(
            collector_id=collector.id,
            token_hash=collector.token_hash,
            ha1_sealed=collector.ha1_sealed,
            until=moment + OLD_KEY_SENDS,
        )
    )
    token, password = _new_secrets(collector)
    collector.rotated_at = moment
    phone_access.forget()
    _audit("collector.rotate", collector, actor)
    return NewCollector(collector, token, password)


def revoke(collector: Collector, *, actor: str = "system") -> None:
    """*Thu hồi ngay*: close all phone URLs to them (403, C12), under old codes as well; the caller commits.

    What they have sent stays; what is unsent on their phone is lost with it.
    """
    collector.revoked_at = collector.revoked_at or clock.now()
    _release(collector, frozenset())
    phone_access.forget()
    _audit("collector.revoke", collector, actor)


def assign(collector: Collector, villages: Sequence[Village], *, actor: str = "system") -> None:
    """Change the thôn that they walk; one that is taken stays on their phone for 14 days. The caller commits."""
    check_new(collector.name, collector.commune, villages)
    wanted = {village.id: village for village in merged_villages.whole(villages)}
    before = sorted(village.code for village in walked(collector))
    for held in list(collector.villages):
        if held.village_id in wanted:
            held.until = None
            del wanted[held.village_id]
        elif held.until is None:
            held.until = clock.now() + STAYS_ON_PHONE
        elif held.until <= clock.now():
            collector.villages.remove(held)
    collector.villages.extend(CollectorVillage(village=village) for village in wanted.values())
    db.session.flush()
    _release(collector, frozenset(held.village_id for held in collector.villages if held.until is None))
    phone_access.forget()
    _audit(
        "collector.assign", collector, actor, before=before, after=sorted(v.code for v in walked(collector))
    )


def _release(collector: Collector, walked_ids: frozenset[int]) -> None:
    """Free the parts that they walked in thôn other than these, for somebody else to walk (R35)."""
    elsewhere = sa.select(WalkingArea.id).where(WalkingArea.village_id.not_in(walked_ids))
    db.session.execute(
        sa.delete(WalkingMember).where(
            WalkingMember.collector_id == collector.id, WalkingMember.area_id.in_(elsewhere)
        )
    )


def walked(collector: Collector) -> list[Village]:
    """The thôn that are theirs today, by code; without the merged ones, which are on their phone too."""
    held = (held.village for held in collector.villages if held.until is None)
    return sorted((village for village in held if village.merged_into_id is None), key=lambda v: v.code)


def places(collector: Collector, called: Mapping[str, str]) -> str:
    """The thôn that are theirs today, by what `communes.called` says of each; "" where none is."""
    return ", ".join(called.get(village.code, village.name) for village in walked(collector))


def namesake(name: str, villages: Sequence[Village]) -> Collector | None:
    """Somebody of this name, but for marks and signs, who walks one of these thôn today."""
    walks = CollectorVillage.until.is_(None), CollectorVillage.village_id.in_([each.id for each in villages])
    query = sa.select(Collector).where(
        Collector.revoked_at.is_(None), Collector.villages.any(sa.and_(*walks))
    )
    found = db.session.scalars(query.order_by(Collector.id))
    return next((each for each in found if words(each.name) == words(name)), None)


def team_of(commune: Commune, village_code: str) -> Sequence[str]:
    """The names of those who walk a thôn today, in the order of the alphabet. One statement."""
    walks = Collector.villages.any(
        sa.and_(CollectorVillage.until.is_(None), CollectorVillage.village.has(Village.code == village_code))
    )
    query = sa.select(Collector.name).where(
        Collector.commune_id == commune.id, Collector.revoked_at.is_(None), walks
    )
    return db.session.scalars(query.order_by(in_vietnamese_order(Collector.name), Collector.id)).all()


def leaving(collector: Collector) -> list[CollectorVillage]:
    """Thôn that were taken from them and are still on their phone."""
    moment = clock.now()
    return [held for held in collector.villages if held.until is not None and held.until > moment]


def _new_secrets(collector: Collector) -> tuple[str, str]:
    token, password = _token(), passwords.made()
    collector.token_hash = hashlib.sha256(token.encode()).digest()
    collector.token_sealed = seal(token)
    collector.password_sealed = seal(password)
    collector.ha1_sealed = seal(http_digest.ha1(collector.username, password))
    return token, password


def token(collector: Collector) -> str:
    """Their token, to print the QR code again."""
    return unseal(collector.token_sealed)


def password(collector: Collector) -> str:
    """Their password, to show it again."""
    return unseal(collector.password_sealed)


def check_new(name: str, commune: Commune, villages: Sequence[Village]) -> None:
    # what joins the signs of a face is unseen and no fault of the name; it is left out
    has_controls = any(unicodedata.category(letter) == "Cc" for letter in name)
    if not one_line(name) or len(name) > NAME_LENGTH or has_controls:
        raise CollectorRejected(f"Tên thành viên “{name[:40]}” không dùng được: cần 1–{NAME_LENGTH} chữ.")
    if not villages:
        raise CollectorRejected(
            f"Thành viên “{name}” cần ít nhất một thôn: không có thôn thì không có danh sách hộ."
        )
    for village in villages:
        if village.commune_id != commune.id:
            raise CollectorRejected(f"Thôn {village.code} ({village.name}) không thuộc {commune.name}.")


def _username(name: str) -> str:
    """Their name without marks and four digits: ASCII, and no one else's."""
    plain = re.sub(r"[^a-z0-9]+", ".", unaccented(name)).strip(".")[:32].rstrip(".") or "to"
    while True:
        candidate = f"{plain}.{secrets.randbelow(10_000):04d}"
        if db.session.scalar(sa.select(Collector.id).where(Collector.username == candidate)) is None:
            return candidate


def _token() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(TOKEN_LENGTH))


def _audit(act: str, collector: Collector, actor: str, **detail: object) -> None:
    audit.add(actor, act, f"collector:{collector.id}", {"name": collector.name, **detail})
