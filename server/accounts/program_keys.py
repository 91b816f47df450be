"""Keys of programs: made here for some data of one commune or all, told once, revoked."""

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from server import audit, clock
from server.accounts import tries_by_address
from server.accounts.account_problems import AccountProblem
from server.audit import SHELL, Actor
from server.db import db
from server.errors import Problem
from server.models import ApiToken, Commune

RUNNING_DAY = "running_day"
READS: Mapping[str, str] = {
    "places": "Xã, phường, thôn và số hộ của thôn",
    "targets": "Chỉ tiêu của kế hoạch và số liệu báo cáo",
    "coverage": "Mức bao phủ theo thôn và chỉ tiêu",
    RUNNING_DAY: "Cả hôm nay, ngày chưa hết (không chọn: số liệu đến hết hôm qua)",
}
"""What a program's key may read under `/api/v1`; sums alone, whatever it is."""
UNLESS_SAID = tuple(each for each in READS if each != RUNNING_DAY)
"""What a key reads for which nothing is said: of the day that still goes on, two answers would tell one visit (R24)."""


_TOKEN = re.compile(r"[0-9a-f]{40}")
CHALLENGE = (("WWW-Authenticate", 'Token realm="tungnha"'),)


class TokenRejected(Exception):
    """A key that cannot be made; the message is one Vietnamese sentence."""


@dataclass(frozen=True)
class NewToken:
    """A program's token just made: 40 hexadecimal digits, which nobody can read again."""

    record: ApiToken
    token: str


def add(
    name: str,
    *,
    commune: Commune | None = None,
    reads: Iterable[str] = UNLESS_SAID,
    days: int | None = None,
    by: Actor = SHELL,
) -> NewToken:
    """Make a program's key to what it `reads` of one commune or all, for `days` or until revoked.

    Raises TokenRejected. The caller commits.
    """
    wanted = [each for each in READS if each in set(reads)]
    if not name.strip():
        raise TokenRejected("Khóa truy cập cần một tên để sau này biết của chương trình nào.")
    if not set(wanted) & set(UNLESS_SAID):
        raise TokenRejected(f"Khóa truy cập cần ít nhất một loại dữ liệu: {', '.join(READS)}.")
    token = secrets.token_hex(20)
    record = ApiToken(
        name=" ".join(name.split()),
        token_hash=hashlib.sha256(token.encode()).digest(),
        commune_id=commune.id if commune else None,
        reads=" ".join(wanted),
        created_at=clock.now(),
        expires_at=clock.now() + dt.timedelta(days=days) if days is not None else None,
    )
    db.session.add(record)
    db.session.flush()
    scope = {"commune": commune.code if commune else None, "reads": wanted, "days": days}
    audit.add_by(by, "token.add", f"token:{record.id}", {"name": record.name, **scope})
    return NewToken(record, token)


def listed(commune_id: int | None) -> Sequence[ApiToken]:
    """The keys of a commune, or all of them; those in use first. Never what opens anything."""
    query = sa.select(ApiToken).order_by(ApiToken.revoked_at.is_not(None), ApiToken.id.desc())
    query = query.options(joinedload(ApiToken.commune).load_only(Commune.code, Commune.name))
    if commune_id is not None:
        query = query.where(ApiToken.commune_id == commune_id)
    return db.session.scalars(query).unique().all()


def revoke(record: ApiToken, *, by: Actor = SHELL) -> None:
    """Refuse a key from this moment on. The caller commits."""
    if record.revoked_at is None:
        record.revoked_at, record.sealed = clock.now(), None
        audit.add_by(by, "token.revoke", f"token:{record.id}", {"name": record.name})


def known(token: str) -> ApiToken:
    """The key that is good now; Problem TOKEN_UNKNOWN for any other, late where an address sends many."""
    moment = clock.now()
    if not _TOKEN.fullmatch(token):
        tries_by_address.refuse_often()
        raise Problem(AccountProblem.TOKEN_UNKNOWN, CHALLENGE)
    query = sa.select(ApiToken).where(ApiToken.token_hash == hashlib.sha256(token.encode()).digest())
    found = db.session.scalars(query).one_or_none()
    if found is None:
        db.session.rollback()  # nothing is held while the guesser waits
        tries_by_address.refuse_often()
    if found is None or found.revoked_at is not None or _over(found.expires_at, moment):
        raise Problem(AccountProblem.TOKEN_UNKNOWN, CHALLENGE)
    return found


def _over(end: dt.datetime | None, moment: dt.datetime) -> bool:
    return end is not None and end <= moment
