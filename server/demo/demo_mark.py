"""Whose a database is: only what a demonstration has marked as its own, and nobody has used since, may be emptied."""

from collections.abc import Iterator

import sqlalchemy as sa

from server import clock
from server.db import Base, db, writing
from server.demo import NotPossible
from server.demo.people import Everyone
from server.models import Audit, Collector, Demonstration, Device, Person, Submission
from server.settings import Settings

OWN = "demonstration"
SEEDED = frozenset({"alembic_version", "entity_list", "role", "sqlite_sequence", OWN})
"""Tables that have rows before anybody has done anything."""
_HALF_COPIED = "_alembic_tmp_"
"""How a table is called that a broken-off migration was copying (SQLite)."""
_SOMEBODYS = (
    "Cơ sở dữ liệu đã có dữ liệu không phải của bản dùng thử ({what}), nên không xóa gì. Hãy đặt TUNGNHA_INSTANCE là "
    "một thư mục khác (và bỏ TUNGNHA_DATABASE_URL nếu có đặt)."
)


def find() -> Demonstration | None:
    """The mark of the database; None where no demonstration was ever begun in it."""
    if not sa.inspect(db.engine).has_table(OWN):
        return None
    found = db.session.get(Demonstration, 1)
    if found is not None:
        db.session.expunge(found)
    db.session.rollback()
    return found


def forbid_other(settings: Settings) -> None:
    """NotPossible where the address of a database is set that no demonstration made, whatever demo.json says.

    What is served as a demonstration asks nobody for a code. One of before there were marks lies in its folder.
    """
    if settings.database_url and find() is None:
        raise NotPossible(_SOMEBODYS.format(what="TUNGNHA_DATABASE_URL"))


def begin() -> None:
    """Mark an empty database, before any other table is made. The mark is stored when this returns."""
    Base.metadata.tables[OWN].create(db.engine, checkfirst=True)
    writing()
    db.session.add(Demonstration(begun_at=clock.now()))
    db.session.commit()


def sign(everyone: Everyone) -> None:
    """Write down what was made up, in the transaction that makes it; the caller commits."""
    found = db.session.get(Demonstration, 1) or Demonstration(begun_at=clock.now())
    db.session.add(found)
    found.persons = [each.username for each in everyone.accounts]
    found.collectors = [each.username for each in everyone.walkers]
    found.audit_id = db.session.scalar(sa.select(sa.func.max(Audit.id))) or 0


def finish() -> None:
    """The demonstration is whole; where an older program made it there is no mark, and none is needed."""
    if find() is None:
        return
    writing()
    db.session.get_one(Demonstration, 1).finished_at = clock.now()
    db.session.commit()


def forbid_real() -> None:
    """NotPossible where anything in the database is not a demonstration's that was broken off."""
    mark = find()
    tables = sa.inspect(db.engine).get_table_names()
    known = set(Base.metadata.tables) | SEEDED
    foreign = sorted(name for name in tables if name not in known and not name.startswith(_HALF_COPIED))
    if foreign:
        raise NotPossible(_SOMEBODYS.format(what=f"bảng {foreign[0]}"))
    if mark is not None and mark.finished_at is not None:
        raise NotPossible(_SOMEBODYS.format(what="bản dùng thử đã xong mà thiếu demo.json"))
    reason = next(_rows(tables) if mark is None or mark.persons is None else _used(mark), None)
    db.session.rollback()
    if reason is not None:
        raise NotPossible(_SOMEBODYS.format(what=reason))


def _rows(tables: list[str]) -> Iterator[str]:
    """Before it is signed a demonstration has stored nothing: all that is there is somebody's."""
    for name in sorted(set(tables) - SEEDED):
        if db.session.execute(sa.select(sa.literal(1)).select_from(sa.table(name)).limit(1)).first():
            yield f"bảng {name}"


def _used(mark: Demonstration) -> Iterator[str]:
    """What people, phones and commands did beside the demonstration's own phones."""
    own = sa.select(Collector.id).where(Collector.username.in_(mark.collectors or []))
    actors = [f"collector:{number}" for number in db.session.scalars(own)]
    others = {
        "tài khoản": sa.exists().where(Person.username.not_in(mark.persons or [])),
        "thành viên tổ": sa.exists().where(Collector.username.not_in(mark.collectors or [])),
        "điện thoại": sa.exists().where(Device.collector_id.not_in(own)),
        "phiếu": sa.exists().where(
            sa.or_(Submission.collector_id.is_(None), Submission.collector_id.not_in(own))
        ),
        "việc đã làm sau đó": sa.exists().where(Audit.id > (mark.audit_id or 0), Audit.actor.not_in(actors)),
    }
    for what, is_there in others.items():
        if db.session.scalar(sa.select(is_there)):
            yield what
