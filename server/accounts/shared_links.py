"""Links to one table that open by themselves: made for a while, told once, read with their maker's rights, revoked."""

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from server import audit, clock
from server.accounts import tries_by_address
from server.accounts.account_problems import AccountProblem
from server.accounts.roles import Right
from server.audit import Actor
from server.db import db
from server.errors import Problem
from server.models import Commune, Form, Person, SharedLink

COVERAGE, CITY, HOUSEHOLDS, SUBMISSIONS = "coverage", "city", "households", "submissions"
SUBJECTS: Mapping[str, str] = {
    COVERAGE: "Mức bao phủ, mỗi thôn một dòng",
    CITY: "Các xã, phường của thành phố, mỗi xã một dòng",
    HOUSEHOLDS: "Kết quả ở từng hộ, không có tên và địa chỉ",
    SUBMISSIONS: "Phiếu của một biểu mẫu, không có cột cá nhân",
}
"""What a link may show."""
NEEDS: Mapping[str, Right] = {
    COVERAGE: Right.READ_SUMS,
    CITY: Right.COMPARE_COMMUNES,
    HOUSEHOLDS: Right.READ_LABELS,
    SUBMISSIONS: Right.EXPORT_SUBMISSIONS,
}
"""The right that its maker needs, when they make it and whenever it is read."""
DAYS: Mapping[int, str] = {7: "7 ngày", 30: "30 ngày", 90: "90 ngày", 365: "1 năm"}
DEFAULT_DAYS = 90
_KEY = re.compile(r"[A-Za-z0-9_-]{43}")
_OF_PERSON = joinedload(SharedLink.person).selectinload(Person.villages)
_OF_COMMUNE = joinedload(SharedLink.commune).load_only(Commune.code, Commune.name, Commune.kind)


class LinkRejected(Exception):
    """A link that cannot be made; the message is one Vietnamese sentence."""


@dataclass(frozen=True)
class NewLink:
    """A link just made and its key: 43 letters, which nobody can read again."""

    record: SharedLink
    key: str


def add(
    name: str,
    subject: str,
    person_id: int,
    *,
    commune: Commune | None = None,
    form: Form | None = None,
    days: int = DEFAULT_DAYS,
    by: Actor,
) -> NewLink:
    """Make a link to a subject of SUBJECTS, for one of DAYS. Raises LinkRejected. The caller commits."""
    told = " ".join(name.split())
    if not told:
        raise LinkRejected("Liên kết cần một tên để sau này biết ai dùng, dùng vào việc gì.")
    if subject not in SUBJECTS:
        raise LinkRejected("Hãy chọn bảng mà liên kết mở ra.")
    if subject == SUBMISSIONS and form is None:
        raise LinkRejected("Hãy chọn biểu mẫu của các phiếu.")
    key, moment = secrets.token_urlsafe(32), clock.now()
    record = SharedLink(
        name=told,
        key_hash=_hash(key),
        subject=subject,
        commune_id=commune.id if commune and subject != CITY else None,
        form_id=form.id if form and subject == SUBMISSIONS else None,
        person_id=person_id,
        made_at=moment,
        expires_at=moment + dt.timedelta(days=days if days in DAYS else DEFAULT_DAYS),
    )
    db.session.add(record)
    db.session.flush()
    about = {"name": told, "commune": commune.code if commune else None, "days": days, "subject": subject}
    audit.add_by(by, "link.add", f"link:{record.id}", about | ({"form_id": form.form_id} if form else {}))
    return NewLink(record, key)


def listed(person_id: int, commune_id: int | None, *, of_all: bool) -> Sequence[SharedLink]:
    """A person's links to a commune, or to the city where there is none; of all makers for one who may end them."""
    query = (
        sa.select(SharedLink)
        .where(SharedLink.commune_id.is_(None) if commune_id is None else SharedLink.commune_id == commune_id)
        .options(joinedload(SharedLink.person), joinedload(SharedLink.form))
        .order_by(SharedLink.revoked_at.is_not(None), SharedLink.id.desc())
    )
    if not of_all:
        query = query.where(SharedLink.person_id == person_id)
    return db.session.scalars(query).unique().all()


def revoke(record: SharedLink, *, by: Actor) -> None:
    """Refuse a link from this moment on. The caller commits."""
    if record.revoked_at is None:
        record.revoked_at = clock.now()
        audit.add_by(by, "link.revoke", f"link:{record.id}", {"name": record.name})


def opened(key: str) -> SharedLink:
    """The link with this key, its maker loaded.

    Problem LINK_UNKNOWN where there is none, LINK_ENDED where it was revoked, has run out, or its maker left.
    """
    found = None
    if _KEY.fullmatch(key):
        wanted = sa.select(SharedLink).where(SharedLink.key_hash == _hash(key))
        found = db.session.scalars(wanted.options(_OF_PERSON, _OF_COMMUNE)).unique().one_or_none()
    if found is None:
        db.session.rollback()  # nothing is held while the guesser waits
        tries_by_address.refuse_often()
        raise Problem(AccountProblem.LINK_UNKNOWN)
    if found.revoked_at is not None or found.expires_at <= clock.now() or not found.person.active:
        raise Problem(AccountProblem.LINK_ENDED)
    return found


def note_use(record: SharedLink, taken: str) -> None:
    """Write down that a link was read and what was taken, in a transaction of its own."""
    used = sa.update(SharedLink).where(SharedLink.id == record.id)
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.execute(used.values(used_at=clock.now(), uses=SharedLink.uses + 1))
        audit.add(f"link:{record.id}", "link.read", f"link:{record.id}", {"as": taken}, by=connection)
        connection.commit()


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
