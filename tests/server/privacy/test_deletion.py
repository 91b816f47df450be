"""A household's data deleted on request: gone from tables, disk, lists and counts, and not brought back by anybody."""

import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from forms.engine import engine
from forms.instance import read
from server.counting import tally
from server.db import Base, begin_writing, db
from server.households import merge_households
from server.households.act_rows import Officer
from server.models import Attachment, Audit, Indicator, Tombstone
from server.privacy import erase, tombstones
from server.review import decisions
from server.review.decisions import Reviewer
from tests import sample
from tests.phone import statuses
from tests.server.office.test_review_pages import LABEL, NEAR, World

PLACE = "Ngõ 7, số 3"
COMMENT = "Chủ hộ nói nhầm tên con gái là Hạnh"


class Story:
    """Two households; the first was met twice, corrected, photographed and merged with a double of itself."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.world = World(app)
        self.home, self.near, self.double = (uuid.UUID(each) for each in self.world.homes)
        self.sent: list[bytes] = []
        self.photo = sample.photo(b"the door of number 3")
        self.shared = sample.photo(b"the lane")
        self.visit(self.home, {"cua.jpg": self.photo, "ngo.jpg": self.shared})
        self.visit(self.home, {})
        self.visit(self.double, {"2.jpg": self.photo})
        self.visit(self.near, {"ngo.jpg": self.shared})
        first = sample.arrived()[0].id
        begin_writing()
        reviewer = Reviewer("person:1", "Cán bộ", self.world.commune.id)
        decisions.decide(
            db.session.connection(),
            first,
            "has_issues",
            expected="received",
            comment=COMMENT,
            reviewer=reviewer,
        )
        officer = Officer("person:1", "Cán bộ", self.world.commune.id)
        merge_households.merge(db.session.connection(), self.home, self.double, officer)
        db.session.commit()

    def visit(self, home: uuid.UUID, files: dict[str, bytes], **more: str) -> None:
        xform, media = self.world.phone.sync()["ho_gia_dinh"]
        filling = engine.open_form(xform, media).start()
        answers = {"thon": "11629001", "ho": str(home), "ket_qua": "gap", "gbps": "co"}
        for question, answer in (answers | more).items():
            filling.answer(question, answer)
        self.sent.append(filling.submission())
        assert set(statuses(self.world.phone.send(self.sent[-1], files))) == {201}

    def delete(self) -> None:
        begin_writing()
        doomed = erase.of_household(db.session.connection(), self.home)
        tombstones.forget(db.session, doomed, tombstones.REQUEST)


@pytest.fixture
def story(app: Flask) -> Iterator[Story]:
    return Story(app)


def rows() -> str:
    """Every value of every table, but for the bare ids of what was deleted."""
    db.session.rollback()
    told = []
    with db.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            if table.name not in ("tombstone", "subject"):
                told += [repr(tuple(row)) for row in connection.execute(sa.select(table))]
    return "\n".join(told)


def disk(app: Flask) -> bytes:
    """All files of the data folder: the database with its log, photos, keys; but for the tombstones."""
    folder: Path = app.config["SETTINGS"].instance
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != tombstones.FILE)
    return b"\n".join(path.read_bytes() for path in files)


def met() -> int:
    """Households whose line is counted, hidden small numbers included."""
    db.session.rollback()
    every = tally.tally_rows().subquery()
    query = sa.select(sa.func.sum(every.c.subjects)).join(Indicator, Indicator.id == every.c.indicator_id)
    return db.session.scalar(query.where(Indicator.code == "bang_rong_1gbps")) or 0


def recounted() -> list[tally.TallyDifference]:
    db.session.rollback()
    with db.engine.connect() as connection:
        return tally.recount(connection)


def test_a_deleted_household_is_nowhere(story: Story) -> None:
    """Tables, blobs, entity list, audit payloads, counts; also what was said of it."""
    before = rows()
    for told in (LABEL, PLACE, COMMENT, "the door of number 3"):
        assert told in before or told.encode() in disk(story.app), told
    assert sample.path_of(_stored("2.jpg")).exists()
    photo, lane = _stored("cua.jpg"), _stored("ngo.jpg")
    story.delete()
    after, on_disk = rows(), disk(story.app)
    for told in (LABEL, PLACE, COMMENT, "the door of number 3"):
        assert told not in after, told
        assert told.encode() not in on_disk, told
    for instance in _instances(story.sent[:3]):
        assert instance not in after
    assert not sample.path_of(photo).exists()
    assert sample.path_of(lane).exists(), "the neighbours' photo is the same one"
    assert NEAR in after
    assert recounted() == []
    assert met() == 1, "only the neighbour was met"
    listed = story.world.phone.sync()["ho_gia_dinh"][1]["ho_dan.csv"].decode()
    assert str(story.home) not in listed
    assert str(story.near) in listed


def test_the_audit_keeps_who_and_when_and_nothing_else(story: Story) -> None:
    db.session.rollback()
    count = db.session.scalar(sa.select(sa.func.count()).select_from(Audit))
    ids = [row.id for row in sample.arrived()[:3]]
    story.delete()
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Audit)) >= (count or 0)
    records = [f"submission:{number}" for number in ids] + [f"entity:{story.home}"]
    kept = db.session.scalars(sa.select(Audit).where(Audit.record.in_(records))).all()
    assert kept
    assert [row.detail for row in kept if row.detail] == []


def test_a_phone_that_sends_again_is_thanked_and_brings_nothing_back(story: Story) -> None:
    """Also with its photos, as an edit, or with a new visit to the household."""
    story.delete()
    before = rows()
    files = sum(1 for path in story.app.config["SETTINGS"].blob_folder.rglob("*") if path.is_file())
    for xml in story.sent[:3]:
        assert statuses(story.world.phone.send(xml)) == [202]
        assert statuses(story.world.phone.send(xml, {"cua.jpg": story.photo})) == [202]
    again = _renewed(story.sent[0])
    assert statuses(story.world.phone.send(again, {"moi.jpg": sample.photo(b"new")})) == [202]
    edit = again.replace(
        b"</orx:instanceID>" if b"orx:instanceID" in again else b"</instanceID>",
        (b"</orx:instanceID><orx:deprecatedID>%s</orx:deprecatedID>" if b"orx:instanceID" in again
         else b"</instanceID><deprecatedID>%s</deprecatedID>") % _instances(story.sent[:1])[0].encode(),
    )  # fmt: skip
    assert statuses(story.world.phone.send(_about(edit, story.home, story.near))) == [202]
    assert rows() == before
    assert sum(1 for path in story.app.config["SETTINGS"].blob_folder.rglob("*") if path.is_file()) == files
    assert statuses(story.world.phone.send(story.sent[3])) == [202], "the neighbour's is there already"


def test_last_nights_backup_does_not_bring_it_back(
    story: Story, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("a backup of PostgreSQL is made by its own tools; what follows is the same code")
    folder: Path = story.app.config["SETTINGS"].instance
    last_night = tmp_path_factory.mktemp("last-night")
    shutil.copytree(folder / "blobs", last_night / "blobs")
    db.session.rollback()
    with sqlite3.connect(folder / "tungnha.sqlite3") as now, sqlite3.connect(last_night / "db") as kept:
        now.backup(kept)
    story.delete()
    _restore(folder, last_night)
    assert LABEL in rows()
    assert tombstones.apply_tombstones(db.session) == 5, "two rows of the household and three visits"
    assert LABEL not in rows()
    assert LABEL.encode() not in disk(story.app)
    assert story.photo not in disk(story.app)
    assert recounted() == []
    assert statuses(story.world.phone.send(story.sent[0])) == [202]
    assert tombstones.apply_tombstones(db.session) == 0


def _restore(folder: Path, last_night: Path) -> None:
    db.session.close()
    db.dispose()
    with sqlite3.connect(last_night / "db") as kept, sqlite3.connect(folder / "tungnha.sqlite3") as now:
        kept.backup(now)
    shutil.copytree(last_night / "blobs", folder / "blobs", dirs_exist_ok=True)


def test_a_deletion_that_was_cut_short_is_finished_later(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is written first: a power cut after it leaves a household that the next start deletes."""

    def cut(*_args: object, **_kwargs: object) -> None:
        raise OSError("power")

    with monkeypatch.context() as patched:
        patched.setattr(erase, "erase", cut)
        with pytest.raises(OSError, match="power"):
            story.delete()
    db.session.rollback()
    assert LABEL in rows()
    with (story.app.config["SETTINGS"].instance / tombstones.FILE).open("a") as file:
        file.write('{"key": "entity:')  # and a line that was being written
    assert tombstones.apply_tombstones(db.session) > 0
    assert LABEL not in rows()
    story.visit(story.near, {})


def test_table_and_file_learn_from_each_other(story: Story) -> None:
    """A machine that is new has only the table; a database of yesterday has only the file."""
    story.delete()
    path: Path = story.app.config["SETTINGS"].instance / tombstones.FILE
    kept = {line.key for line in tombstones.read()}
    assert path.stat().st_mode & 0o077 == 0
    path.unlink()
    tombstones.apply_tombstones(db.session)
    assert {line.key for line in tombstones.read()} == kept
    begin_writing()
    db.session.execute(sa.delete(Tombstone))
    db.session.commit()
    tombstones.apply_tombstones(db.session)
    assert set(db.session.scalars(sa.select(Tombstone.key))) == kept


def test_what_was_set_aside_unread_goes_too(story: Story) -> None:
    """A visit of a version that nobody knows names the household in its XML alone."""
    strange = _renewed(story.sent[0]).replace(b'version="', b'version="9', 1)
    assert statuses(story.world.phone.send(strange)) == [201]
    assert sample.arrived()[-1].entity_id is None
    story.delete()
    db.session.rollback()
    assert {row.entity_id for row in sample.arrived()} == {story.near}


def test_old_submissions_go_and_their_numbers_stay(story: Story) -> None:
    """docs/decisions/0025: what has been kept long enough counts on, and nothing says whose it was."""
    db.session.rollback()
    begin_writing()
    doomed = erase.of_household(db.session.connection(), story.home)
    counted = met()
    begin_writing()
    tombstones.forget(db.session, doomed, tombstones.RETENTION)
    assert LABEL not in rows()
    assert met() == counted == 2
    assert recounted() == []
    assert str(story.home) not in rows().replace(f"entity:{story.home}", "")


def _stored(name: str) -> bytes:
    db.session.rollback()
    return (
        db.session.scalars(sa.select(Attachment.stored_sha256).where(Attachment.name == name)).first() or b""
    )


def _instances(sent: list[bytes]) -> list[str]:
    return [read(xml).instance_id for xml in sent]


def _renewed(xml: bytes) -> bytes:
    """The same visit under another id, as if made anew."""
    [old] = _instances([xml])
    return xml.replace(old.encode(), f"uuid:{uuid.uuid4()}".encode())


def _about(xml: bytes, old: uuid.UUID, new: uuid.UUID) -> bytes:
    return xml.replace(str(old).encode(), str(new).encode())
