"""Keys of persons: what a program may do in a person's name at the doors of other systems, told again, rolled over."""

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from cryptography.fernet import InvalidToken

from server import audit, clock, sealed_secrets
from server.accounts.program_keys import NewToken, TokenRejected
from server.audit import Actor
from server.db import db
from server.models import ApiToken, Person

SUBMISSIONS, PERSONAL, CHANGES = "submissions", "personal", "changes"
OF_PERSONS: Mapping[str, str] = {
    SUBMISSIONS: "Từng phiếu, không kèm câu trả lời riêng tư",
    PERSONAL: "Kèm câu trả lời riêng tư (chỉ khi người tạo khóa được xem)",
    CHANGES: "Sửa, duyệt phiếu và đăng biểu mẫu (trong quyền của người tạo khóa)",
}
"""What a person's key may be made for; the person's own rights hold beside it, at each use."""
TOLD_AGAIN = frozenset({SUBMISSIONS, CHANGES})
"""What the key is for that `/token` tells: nobody has asked for personal answers there."""
SESSION = "session"
"""Beside these: it came of a name and a password, and ends where a person's sessions do (sessions.end_all)."""
_DAYS = 365
_NAME = "Ứng dụng KoboToolbox"


def add(
    person: Person,
    name: str,
    reads: Iterable[str],
    days: int | None = _DAYS,
    *,
    by: Actor,
    is_told_again: bool = False,
) -> NewToken:
    """Make a key of a person. Raises TokenRejected. The caller commits."""
    wanted = [each for each in OF_PERSONS if each in set(reads)]
    if not name.strip():
        raise TokenRejected("Khóa truy cập cần một tên để sau này biết của chương trình nào.")
    if SUBMISSIONS not in wanted:
        raise TokenRejected("Khóa đọc phiếu cần chọn ít nhất mục “Từng phiếu”.")
    token = secrets.token_hex(20)
    record = ApiToken(
        name=" ".join(name.split()),
        token_hash=hashlib.sha256(token.encode()).digest(),
        commune_id=person.commune_id,
        reads=" ".join(wanted),
        created_at=clock.now(),
        expires_at=clock.now() + dt.timedelta(days=days) if days is not None else None,
        person_id=person.id,
        sealed=sealed_secrets.seal(token) if is_told_again else None,
    )
    db.session.add(record)
    db.session.flush()
    detail = {"name": record.name, "person": person.id, "reads": wanted, "days": days}
    audit.add_by(by, "token.add", f"token:{record.id}", detail)
    return NewToken(record, token)


def begin_session(person: Person, name: str, days: int, *, by: Actor) -> NewToken:
    """A key for who has just given their password at the door of another system. The caller commits."""
    made = add(person, name, (SUBMISSIONS, CHANGES), days, by=by)
    made.record.reads += f" {SESSION}"
    return made


def told_again(person: Person) -> str | None:
    """The key that `/token` told this person before, while it is good; None where there is none."""
    record = _kept(person)
    if record is None or record.sealed is None:
        return None
    try:
        return sealed_secrets.unseal(record.sealed)
    except InvalidToken:  # sealed under another SECRET_KEY: nobody can read it any more
        return None


def make_told_again(person: Person, *, by: Actor) -> str:
    """A new key for `/token` to tell; the one before is refused from now on. The caller commits."""
    kept = sa.select(ApiToken).where(
        ApiToken.person_id == person.id, ApiToken.sealed.is_not(None), ApiToken.revoked_at.is_(None)
    )
    for record in db.session.scalars(kept).unique():
        record.revoked_at, record.sealed = clock.now(), None
        audit.add_by(by, "token.revoke", f"token:{record.id}", {"name": record.name})
    return add(person, _NAME, TOLD_AGAIN, by=by, is_told_again=True).token


def _kept(person: Person) -> ApiToken | None:
    moment = clock.now()
    query = sa.select(ApiToken).where(
        ApiToken.person_id == person.id,
        ApiToken.sealed.is_not(None),
        ApiToken.revoked_at.is_(None),
        sa.or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > moment),
    )
    return db.session.scalars(query.order_by(ApiToken.id.desc())).unique().first()
