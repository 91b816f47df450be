"""What is deleted by the clock stops where the clock or the number is unlikely, says why, and waits for a person."""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from server import clock
from server.db import db
from server.models import Audit, Form, Submission
from server.operations import doctor
from server.privacy import deletion_guard, retention
from tests.conftest import Template, begun_once
from tests.server.intake.test_receive_submission import NOON, Place, Visit, begin, count, send, stop_clock

Run = Callable[..., Result]
NOW = NOON + dt.timedelta(hours=1)


@pytest.fixture
def run(app: Flask) -> Run:
    def invoke(*args: str, code: int = 0) -> Result:
        db.session.rollback()
        db.session.close()
        answer = app.test_cli_runner().invoke(args=list(args))
        db.session.rollback()
        assert answer.exit_code == code, (answer.output, answer.exception)
        return answer

    return invoke


@pytest.fixture(scope="module")
def begun(
    template_database: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Template, Place]]:
    """Forty households met, the form keeps its answers for 24 months."""
    with pytest.MonkeyPatch.context() as patch:
        stop_clock(patch)
        with begun_once(template_database, tmp_path_factory.mktemp("met"), _begin) as found:
            yield found


@pytest.fixture(scope="module")
def prepared(begun: tuple[Template, Place]) -> Template:
    return begun[0]


def _begin() -> Place:
    place = begin()
    for number in range(1, 41):
        send(Visit(household=number, create=True), place.both)
    db.session.execute(sa.update(Form).values(retention_months=24))
    db.session.commit()
    db.session.close()
    return place


@pytest.fixture
def visits(app: Flask, begun: tuple[Template, Place]) -> Place:
    return begun[1]


def at(monkeypatch: pytest.MonkeyPatch, moment: dt.datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: moment)


def used_daily(monkeypatch: pytest.MonkeyPatch, days: int) -> dt.datetime:
    """The server goes on for so many days, backed up each night; the moment after the last."""
    rows = [
        {"at": NOW + dt.timedelta(days=day), "actor": "system", "act": "backup.make", "record": "backup"}
        for day in range(0, days + 1, 5)
    ]
    db.session.execute(sa.insert(Audit), rows)
    db.session.commit()
    moment = NOW + dt.timedelta(days=days, hours=1)
    at(monkeypatch, moment)
    return moment


def sentences(subject: str) -> str:
    found = [
        each.words
        for each in doctor.examine(thorough=False)
        if each.subject == subject and each.level != doctor.OK
    ]
    db.session.rollback()
    return " ".join(found)


@pytest.mark.parametrize("days", [1100, 800, 5000])
@pytest.mark.parametrize("is_backed_up_first", [True, False])
def test_a_clock_that_is_years_ahead_deletes_nothing(
    visits: Place, run: Run, monkeypatch: pytest.MonkeyPatch, days: int, is_backed_up_first: bool
) -> None:
    """Also where the nightly backup has written its row by the wrong clock an hour before, as it does."""
    at(monkeypatch, NOW + dt.timedelta(days=days))
    if is_backed_up_first:
        db.session.execute(
            sa.insert(Audit).values(at=clock.now() - dt.timedelta(hours=1), actor="system", act="backup.make")
        )
        db.session.commit()
    before = count(Submission), count(Audit)
    told = run("privacy", "retain", code=1)
    assert count(Submission) == before[0] == 40
    assert "--yes-delete 80" in told.output
    assert "20/11/2026" in told.output
    assert "Traceback" not in told.output
    refused = run("audit", "prune", code=1)
    assert "--yes-delete 4" in refused.output
    assert count(Audit) == before[1] + 2, "two rows that say what was stopped"


def test_the_doctor_and_the_administrators_page_say_what_waits_until_it_went_through(
    visits: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sentences("deletion") == ""
    at(monkeypatch, NOW + dt.timedelta(days=1100))
    run("privacy", "retain", code=1)
    assert "“flask privacy retain” đã dừng lại" in sentences("deletion")
    assert sentences("clock")
    at(monkeypatch, NOW + dt.timedelta(days=1))
    run("privacy", "retain")
    assert sentences("deletion") == "", "the clock is right again, and nothing is due"
    assert count(Submission) == 40


def test_a_person_who_has_looked_lets_it_go_on_and_no_further(
    visits: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, NOW + dt.timedelta(days=1100))
    run("privacy", "retain", "--yes-delete", "79", code=1)
    assert count(Submission) == 40
    told = json.loads(run("privacy", "retain", "--yes-delete", "80", "--json").stdout)
    assert sum(each["rows"] for each in told["deleted"]) >= 40
    assert count(Submission) == 0
    assert deletion_guard.CONFIRMED in set(db.session.scalars(sa.select(Audit.act)))
    db.session.rollback()
    with db.engine.connect() as connection:
        doubts = deletion_guard.clock_doubts(connection)
    assert not any("nhật ký" in each for each in doubts), "the gap was agreed to"


def test_a_run_that_takes_more_than_a_twentieth_asks_though_the_clock_is_right(
    visits: Place, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    """Somebody has set a short retention by mistake, perhaps."""
    _believed(monkeypatch)
    used_daily(monkeypatch, 761)
    with pytest.raises(deletion_guard.DeletionStopped, match="40 trong 40 dòng \\(phiếu\\)"):
        retention.retain(db.session)
    db.session.rollback()
    assert count(Submission) == 40


def test_what_is_usually_due_goes_without_a_question(visits: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of forty, a twentieth, and on each day of an ordinary year."""
    _believed(monkeypatch)
    used_daily(monkeypatch, 761)
    ids = db.session.scalars(sa.select(Submission.id).order_by(Submission.id).offset(2)).all()
    db.session.execute(sa.update(Submission).where(Submission.id.in_(ids)).values(received_at=clock.now()))
    db.session.commit()
    done = {each.about: each.count for each in retention.retain(db.session)}
    assert sum(done.values()) == 2
    assert count(Submission) == 38


def test_ten_times_the_usual_asks_though_it_is_no_twentieth(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, NOW)
    rows = [
        {
            "at": NOW - dt.timedelta(days=day),
            "actor": "system",
            "act": "retention.delete",
            "detail": {"rows": 3},
        }
        for day in range(1, 9)
    ]
    db.session.execute(sa.insert(Audit), rows)
    db.session.commit()
    _believed(monkeypatch)

    def ask(due: int) -> bool:
        with db.engine.connect() as connection:
            share = deletion_guard.Share("phiếu", due, 100_000)
            return deletion_guard.ask(connection, "retention.delete", [share], None, "--yes-delete")

    assert not ask(30)
    with pytest.raises(deletion_guard.DeletionStopped, match=re.escape("mức thường ngày (3)")):
        ask(31)


def test_settling_waits_too_where_the_clock_is_ahead(
    visits: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(Visit(household=99), visits.both)  # its registration has not come
    at(monkeypatch, NOW + dt.timedelta(days=400))
    assert "--yes-settle 1" in run("households", "settle", code=1).output
    assert "Đã ghi 1" in run("households", "settle", "--yes-settle", "1").output


def test_a_database_that_knows_the_time_better_is_believed(
    empty: Flask, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an audit without rows, else the days since they were written would be a gap."""
    at(monkeypatch, dt.datetime.now(dt.UTC) + dt.timedelta(hours=2))
    with db.engine.connect() as connection:
        doubts = deletion_guard.clock_doubts(connection)
    assert [each for each in doubts if "cơ sở dữ liệu" in each] == (
        doubts if database == "postgresql" else []
    )
    assert bool(doubts) == (database == "postgresql")


def _believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of PostgreSQL cannot be set by a test: it counts as the same as ours."""
    monkeypatch.setattr(deletion_guard, "APART", dt.timedelta(days=10_000))


def test_at_night_each_thing_is_done_whatever_becomes_of_the_others(
    visits: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that stops to ask is named; the doctor is still asked, and the code says that somebody has to look."""
    at(monkeypatch, NOW + dt.timedelta(days=1100))
    told = run("nightly", code=1).output
    assert "Chưa xong: privacy retain, audit prune, doctor." in told
    assert "Đã ghi 0 hộ" in told
    assert "✗ “flask privacy retain” đã dừng lại" in told
    assert count(Submission) == 40


def test_a_night_with_nothing_wrong_ends_well(
    visits: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "QUICK", ())
    assert "Chưa xong" not in run("nightly").output
