"""What the clock deleted lies in a bin for 30 days and comes back whole; what persons ask for goes from it (R26)."""

import datetime as dt
import io
import json

import pytest
import sqlalchemy as sa
from flask import Flask

from server import audit, clock
from server.db import Base, db
from server.files import attachments, blobs
from server.models import (
    Audit,
    BinnedRecord,
    Entity,
    EntityVersion,
    Finding,
    Form,
    HouseholdImport,
    Submission,
    Tombstone,
)
from server.privacy import bring_back, deleted_bin, retention, tombstones
from server.privacy.deletion_guard import DeletionStopped
from server.privacy.erase import of_household
from tests import sample
from tests.server.intake.test_receive_submission import (
    NOON,
    Place,
    Visit,
    count,
    differences,
    place,
    send,
    sums,
)

__all__ = ["place"]  # a fixture is found by its name
LATER = NOON + dt.timedelta(days=761)
EVERYTHING = 10**6
MADE = (
    "entity",
    "entity_version",
    "submission",
    "attachment",
    "finding",
    "interview",
    "difficulty",
    "entity_act",
)


def move(monkeypatch: pytest.MonkeyPatch, moment: dt.datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: moment)


def rows() -> dict[str, list[str]]:
    """Everything that retention deletes, as it stands."""
    db.session.close()
    tables = [Base.metadata.tables[name] for name in MADE]
    return {table.name: sorted(map(repr, db.session.execute(sa.select(table)))) for table in tables}


@pytest.fixture
def kept(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Three households met, one of them again, one with a photo; then 25 months pass."""
    for number in (1, 2, 3):
        send(Visit(household=number, create=True), place.both)
    send(
        Visit(household=2, end=NOON + dt.timedelta(hours=2), stated=((1, 1), (3, 4), None, None)), place.both
    )
    db.session.execute(sa.update(Form).values(retention_months=24))
    db.session.commit()
    db.session.close()
    move(monkeypatch, LATER)
    return place


def retain() -> None:
    db.session.close()
    retention.retain(db.session, EVERYTHING)
    db.session.close()


def day() -> dt.date:
    return clock.day_of(LATER)


def test_what_retention_deleted_comes_back_as_it_was(kept: Place) -> None:
    """R26."""
    before, counted = rows(), sums()
    retain()
    assert (count(Submission), count(Entity), count(EntityVersion)) == (0, 0, 0)
    assert sums() == counted
    made = bring_back.bring_back(db.session, day())
    assert (made.count, made.left) == (7, ())
    assert rows() == before
    assert sums() == counted
    assert differences() == []
    assert (count(BinnedRecord), count(Tombstone)) == (0, 0)


def test_what_came_back_is_written_to_again(kept: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    retain()
    bring_back.bring_back(db.session, day())
    move(monkeypatch, NOON + dt.timedelta(days=2))
    before = sums()
    receipt = send(
        Visit(household=1, end=NOON + dt.timedelta(days=1), stated=((0, 1), (1, 4), None, None)), kept.both
    )
    assert receipt.new
    assert sums() != before
    assert differences() == []


def test_a_household_that_stays_gets_its_old_visits_back(
    kept: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    move(monkeypatch, LATER - dt.timedelta(days=365))
    send(
        Visit(household=2, end=LATER - dt.timedelta(days=365), stated=((1, 1), (3, 4), None, None)), kept.both
    )
    before, counted = rows(), sums()
    move(monkeypatch, LATER)
    retain()
    assert count(Submission) == 1
    bring_back.bring_back(db.session, day())
    told = rows()
    assert (told["submission"], told["finding"]) == (before["submission"], before["finding"])
    assert sums() == counted
    assert differences() == []


def test_one_list_or_form_alone_comes_back(kept: Place, app: Flask) -> None:
    retain()
    db.session.close()
    listed = app.test_cli_runner().invoke(args=["bin", "list", "--json"])
    assert json.loads(listed.output) == [{"day": day().isoformat(), "about": "list:ho_dan", "records": 7}]
    nothing = app.test_cli_runner().invoke(
        args=["bin", "bring-back", day().isoformat(), "--about", "form:khac"]
    )
    assert nothing.exit_code == 1
    done = app.test_cli_runner().invoke(
        args=["bin", "bring-back", day().isoformat(), "--about", "list:ho_dan"]
    )
    assert done.exit_code == 0, done.output
    assert "Đã đưa trở lại 7 mục." in done.output
    assert count(Submission) == 4
    assert db.session.scalars(sa.select(Audit.act).where(Audit.act == "bin.bring_back")).all() == [
        "bin.bring_back"
    ]


def test_photos_stay_on_disk_until_the_bin_is_emptied(kept: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = attachments.store(attachments.Upload("1.jpg", io.BytesIO(sample.photo()), "image/jpeg"))
    row = db.session.scalars(sa.select(Submission.id).order_by(Submission.id)).first()
    values = {
        "submission_id": row, "name": "1.jpg", "received_sha256": stored.received_sha256,
        "stored_sha256": stored.stored_sha256, "size": stored.size, "media_type": stored.media_type,
        "received_at": NOON,
    }  # fmt: skip
    db.session.execute(sa.insert(Base.metadata.tables["attachment"]), values)
    db.session.commit()
    retain()
    assert blobs.get(stored.stored_sha256) is not None
    with db.engine.connect() as connection:
        assert deleted_bin.files_alone(connection) == {stored.stored_sha256: stored.size}
    move(monkeypatch, LATER + dt.timedelta(days=29))
    assert deleted_bin.empty(db.session, EVERYTHING) == 0
    move(monkeypatch, LATER + dt.timedelta(days=31))
    assert deleted_bin.empty(db.session, EVERYTHING) == 7
    assert (count(BinnedRecord), blobs.get(stored.stored_sha256)) == (0, None)
    assert bring_back.bring_back(db.session, day()).count == 0


def test_the_bin_is_not_emptied_by_a_clock_ahead(kept: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    retain()
    move(monkeypatch, LATER + dt.timedelta(days=400))
    with pytest.raises(DeletionStopped, match="đồng hồ chạy trước"):
        deleted_bin.empty(db.session)
    assert count(BinnedRecord) == 7


def test_what_a_household_asks_to_be_deleted_goes_from_the_bin_too(
    kept: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R26. Of household 2 a newer visit is there, the older ones lie in the bin."""
    move(monkeypatch, LATER - dt.timedelta(days=365))
    send(Visit(household=2, end=LATER - dt.timedelta(days=365)), kept.both)
    move(monkeypatch, LATER)
    retain()
    household = db.session.scalars(sa.select(Entity.id)).one()
    db.session.rollback()
    connection = db.session.connection(execution_options={"writes": True})
    tombstones.forget(db.session, of_household(connection, household), tombstones.REQUEST)
    db.session.close()
    told = b"".join(
        deleted_bin._all_told(content) for content in db.session.scalars(sa.select(BinnedRecord.content))
    )
    assert told
    assert str(household).encode() not in told
    assert {each.key for each in db.session.scalars(sa.select(BinnedRecord))}.isdisjoint(
        {f"entity:{household}"}
    )


def test_an_older_bin_is_cleared_of_what_was_asked_for_since(kept: Place) -> None:
    """As after a backup of before the request was restored."""
    household = db.session.scalars(sa.select(Entity.id)).first()
    retain()
    before = count(BinnedRecord)
    tombstones._append([tombstones.TombstoneLine(f"entity:{household}", LATER, tombstones.REQUEST)])
    db.session.close()
    tombstones.apply_tombstones(db.session)
    assert count(BinnedRecord) < before


def test_a_list_and_the_audit_come_back(place: Place, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    commune = place.both.commune_id
    values = {
        "commune_id": commune, "at": NOON, "actor": "person:1", "name": "A", "filename": "ho.csv",
        "content": "Nguyễn".encode(), "added": 0,
    }  # fmt: skip
    db.session.add(HouseholdImport(**values))
    move(
        monkeypatch, dt.datetime(2025, 1, 2, tzinfo=dt.UTC)
    )  # by the database's own clock too, which its triggers ask
    audit.add("person:1", "form.publish", "form_version:1", {"form_id": "tham"})
    db.session.commit()
    logged = [repr(row) for row in db.session.execute(sa.select(Base.metadata.tables["audit"]))]
    move(monkeypatch, NOON + dt.timedelta(days=31))
    retain()
    pruned = app.test_cli_runner().invoke(args=["audit", "prune", "--yes-delete", "1000"])
    assert pruned.exit_code == 0, pruned.output
    assert count(HouseholdImport) == 0
    made = bring_back.bring_back(db.session, clock.day_of(clock.now()))
    assert made.left == ()
    row = db.session.scalars(sa.select(HouseholdImport)).one()
    assert (row.filename, bytes(row.content or b"")) == ("ho.csv", "Nguyễn".encode())
    now = [repr(row) for row in db.session.execute(sa.select(Base.metadata.tables["audit"]))]
    assert set(logged) <= set(now)
    assert count(Finding) == 0
