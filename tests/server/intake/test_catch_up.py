"""The log and its applying: kept first, applied by one writer in order; what fails is kept with its reason."""

import datetime as dt
import io
import itertools
import json
import re
import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from server import clock
from server.counting import writer_lock
from server.db import db
from server.errors import Problem
from server.files.attachments import Upload
from server.intake import (
    catch_up,
    not_applied,
    receive_submission,
    submission_effects,
    submission_log,
    submission_place,
)
from server.intake.intake_problems import IntakeProblem
from server.intake.receive_submission import Receipt
from server.intake.submission_log import Sent
from server.intake.submission_sender import Sender
from server.models import Attachment, Audit, EntityVersion, Finding, Submission
from server.operations import doctor, metrics
from server.phones.phone_problems import PhoneProblem
from server.published_forms.read_submission import understand
from server.review import decisions, waiting_reasons
from server.review.review_problems import ReviewProblem
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
    visits,
)

__all__ = ["place"]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is applied when it is accepted: as in a process that leaves it to its thread."""
    monkeypatch.setattr(catch_up, "wake", lambda: None)


def together(place: Place, *visits: Visit, sender: Sender | None = None) -> list[bool | str]:
    """What comes of visits that wait at the same moment: whether each is new, else the code of its problem."""
    sents = [Sent(understand(visit.xml()), (), sender or place.both) for visit in visits]
    found = submission_log.keep_each(sents)
    catch_up.caught_up()
    return [_outcome(sent, kept) for sent, kept in zip(sents, found, strict=True)]


def _outcome(sent: Sent, kept: submission_log.Kept | Exception) -> bool | str:
    if isinstance(kept, Exception):
        raise kept
    try:
        return True if kept.id is not None else receive_submission._not_kept(sent, kept.met).new
    except Problem as problem:
        return problem.kind.code


def stored(receipt: Receipt) -> Submission:
    db.session.rollback()
    return db.session.get_one(Submission, receipt.submission_id, populate_existing=True)


def test_what_is_accepted_counts_once_it_is_applied(place: Place, later: None) -> None:
    receipt = send(Visit(create=True), place.both)
    assert receipt.new
    assert (stored(receipt).quarantine, sums(), count(Finding)) == (submission_place.PENDING, {}, 0)
    catch_up.caught_up()
    assert (stored(receipt).quarantine, stored(receipt).facts) == (None, None)
    assert sums() == {"tham_ho": (1, 1, 1), "vneid_nguoi_dan": (2, 3, 1)}
    assert differences() == []


def test_being_caught_up_is_one_question_where_nothing_waits(place: Place) -> None:
    send(Visit(create=True), place.both)
    asked: list[str] = []
    for engine in db.engines.values():
        sa.event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    catch_up.caught_up()
    assert [each.split()[0] for each in asked if each != "BEGIN"] == ["SELECT"]


def test_visits_to_different_households_are_one_statement_each_table(place: Place, later: None) -> None:
    """However many they are: on a slow disk every transaction is a wait for all of them."""
    together(place, Visit(create=True))  # what a process reads once
    sizes = []
    for many in (3, 30):
        asked: list[str] = []

        def note(*args: object, asked: list[str] = asked) -> None:
            asked.append(str(args[2]).split(maxsplit=3)[0])

        for engine in db.engines.values():
            sa.event.listen(engine, "before_cursor_execute", note)
        outcomes = together(place, *(Visit(household=many * 10 + n, create=True) for n in range(many)))
        for engine in db.engines.values():
            sa.event.remove(engine, "before_cursor_execute", note)
        assert outcomes == [True] * many
        sizes.append(len(asked))
    assert sizes[0] == sizes[1]
    assert differences() == []


def test_texts_arrive_as_they_were_sent(place: Place) -> None:
    """Many rows travel as one document, in which quotes and backslashes mean something."""
    odd = ['a"b', "c\\d", "{e,f}", "NULL", " g ", "Hộ Ấm, ngõ 3", "h\ti", "\\x41", "\\u0041", "null"]
    sent = [
        Visit(household=n, create=True, network=text, instance=f"uuid:{n}") for n, text in enumerate(odd, 1)
    ]
    assert together(place, *sent) == [True] * len(odd)
    for visit, text in zip(sent, odd, strict=True):
        reading = understand(visit.xml())
        row = db.session.scalars(sa.select(Submission).where(Submission.instance_id == visit.instance)).one()
        assert row.answers["mang"] == text
        assert (row.answers, row.xml, row.sha256) == (reading.answers, reading.xml, reading.sha256)


def test_visits_to_one_household_in_one_batch_count_in_their_order(place: Place, later: None) -> None:
    send(Visit(create=True, stated=((1, 1), (0, 3), None, None), end=NOON - dt.timedelta(days=3)), place.both)
    outcomes = together(
        place,
        Visit(stated=((1, 1), (3, 3), None, None), end=NOON - dt.timedelta(days=1)),
        Visit(stated=((1, 1), (1, 3), None, None), end=NOON - dt.timedelta(days=2)),
    )
    assert outcomes == [True, True]
    assert sums()["vneid_nguoi_dan"] == (3, 3, 1)
    assert count(EntityVersion) == 3
    assert differences() == []


def test_a_submission_and_its_twins_are_kept_once(place: Place) -> None:
    """C46: at the same moment as at any other time."""
    visit = Visit(create=True, instance="uuid:twin")
    assert together(place, visit, visit, Visit(household=2, create=True), visit) == [True, False, True, False]
    assert count(Submission) == 2
    assert together(place, visit) == [False]


def test_twins_in_many_threads_while_others_apply_are_kept_and_counted_once(app: Flask, place: Place) -> None:
    """Each of two twins meets the other in one place for ever: a row of the log stays where it is."""
    households, twins = 12, 4
    answers: list[tuple[str, bool]] = []

    def phone(number: int) -> None:
        with app.app_context():
            for household in range(1, households + 1):
                visit = Visit(household=household, create=True, instance=f"uuid:{household}")
                answers.append((visit.instance, send(visit, place.both).new))
                if number == 0:
                    catch_up.caught_up()

    phones = [threading.Thread(target=phone, args=(number,)) for number in range(twins)]
    for each in phones:
        each.start()
    for each in phones:
        each.join()
    assert len([new for _, new in answers if new]) == households
    assert len(answers) == households * twins
    assert count(Submission) == households
    assert sums()["tham_ho"] == (households, households, households)
    assert differences() == []


def test_a_flood_to_one_household_from_many_threads_counts_once_each(app: Flask, place: Place) -> None:
    send(Visit(create=True, end=NOON - dt.timedelta(days=40)), place.both)

    def phone(number: int) -> None:
        with app.app_context():
            for days in range(10):
                stated = ((1, 1), (days % 4, 3), (1, 1), None)
                end = NOON - dt.timedelta(days=days, minutes=number)
                send(Visit(stated=stated, end=end), place.both)

    phones = [threading.Thread(target=phone, args=(number,)) for number in range(4)]
    for each in phones:
        each.start()
    for each in phones:
        each.join()
    assert count(Submission) == 41
    assert count(EntityVersion) == 41
    assert sums()["kich_hoat_vneid"] == (10, 10, 10)  # of help told on one day the first counts
    assert differences() == []


def test_a_conflict_is_told_to_its_sender_alone(place: Place) -> None:
    """C45 beside two that are right."""
    send(Visit(create=True, instance="uuid:a"), place.both)
    outcomes = together(
        place,
        Visit(household=2, create=True),
        Visit(create=True, instance="uuid:a", result="vang"),
        Visit(household=3, create=True),
    )
    assert outcomes == [True, IntakeProblem.SUBMISSION_CONFLICT.code, True]
    assert differences() == []


def test_a_revoked_collector_among_others_is_refused_alone(place: Place) -> None:
    """R23: asked with the visit, whatever a process remembers of his token."""
    commune = sample.make_commune("10930", "Mao Điền")
    villages = [sample.make_village(commune, "10930001")]
    sample.make_collector(commune, villages)  # the collector of all other visits here
    made = sample.make_collector(commune, villages)
    made.collector.revoked_at = clock.now()
    db.session.commit()
    revoked = Sender(made.collector.id, place.both.commune_id, place.both.villages)
    db.session.close()
    sents = [
        Sent(understand(Visit(household=n, create=True).xml()), (), sender)
        for n, sender in enumerate((place.both, revoked))
    ]
    outcomes = [
        _outcome(sent, kept) for sent, kept in zip(sents, submission_log.keep_each(sents), strict=True)
    ]
    assert outcomes == [True, PhoneProblem.KEY_UNKNOWN.code]


def test_one_that_cannot_be_kept_takes_none_of_its_neighbours_along(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = submission_log._row

    def broken(sent: Sent, *rest: object, **more: object) -> object:
        if sent.reading.instance.instance_id == "uuid:broken":
            raise ZeroDivisionError
        return whole(sent, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(submission_log, "_row", broken)
    sents = [
        Sent(understand(visit.xml()), (), place.both)
        for visit in (
            Visit(create=True),
            Visit(household=2, create=True, instance="uuid:broken"),
            Visit(household=3),
        )
    ]
    first, second, third = submission_log.keep_each(sents)
    assert isinstance(second, ZeroDivisionError)
    assert [each.id is not None for each in (first, third)] == [True, True]  # type: ignore[union-attr]
    assert count(Submission) == 2


def test_what_cannot_be_kept_leaves_nothing_half_written(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told that it was kept."""

    def fails(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(submission_log, "_add", fails)
    for household in (1, 2):
        with pytest.raises(RuntimeError):
            send(Visit(household=household, create=True), place.both)
    assert (count(Submission), count(Attachment)) == (0, 0)


@pytest.fixture
def bug() -> Iterator[pytest.MonkeyPatch]:
    """Counting breaks for every submission that says so; undone by `bug.undo()`."""
    whole = submission_effects.rows_of

    def broken(this: submission_effects.Arrival) -> object:
        if this.reading.instance.instance_id.startswith("uuid:breaks"):
            raise KeyError("Nguyễn Văn A")
        return whole(this)

    patch = pytest.MonkeyPatch()
    patch.setattr(submission_effects, "rows_of", broken)
    yield patch
    patch.undo()


def test_a_bug_in_counting_costs_nobody_an_acknowledgement(place: Place, bug: pytest.MonkeyPatch) -> None:
    first = send(Visit(create=True), place.both)
    hit = send(Visit(household=2, create=True, instance="uuid:breaks"), place.both)
    third = send(Visit(household=3, create=True), place.both)
    assert [each.new for each in (first, hit, third)] == [True] * 3
    assert sums()["tham_ho"] == (2, 2, 2)
    row = stored(hit)
    assert row.quarantine == submission_place.FAILED
    assert row.failure is not None
    assert row.failure.startswith("KeyError (test_catch_up.py:")
    assert "Nguyễn" not in row.failure
    assert differences() == []


def test_its_neighbours_in_one_batch_are_counted(place: Place, later: None, bug: pytest.MonkeyPatch) -> None:
    sent = [
        Visit(household=n, create=True, instance=f"uuid:{'breaks' if n == 4 else n}") for n in range(1, 8)
    ]
    assert together(place, *sent) == [True] * 7
    assert sums()["tham_ho"] == (6, 6, 6)
    assert differences() == []


def test_it_is_applied_again_once_the_bug_is_gone(place: Place, bug: pytest.MonkeyPatch) -> None:
    hit = send(Visit(create=True, instance="uuid:breaks"), place.both)
    again = send(Visit(create=True, instance="uuid:breaks"), place.both)
    assert not again.new  # the phone may delete its copy
    assert not_applied.try_again() == 1
    catch_up.caught_up()
    assert stored(hit).quarantine == submission_place.FAILED
    bug.undo()
    assert not_applied.try_again() == 1
    catch_up.caught_up()
    assert (stored(hit).quarantine, stored(hit).failure, stored(hit).facts) == (None, None, None)
    assert not_applied.try_again() == 0
    assert sums()["tham_ho"] == (1, 1, 1)
    assert count(Audit) >= 1
    assert differences() == []


def test_photos_that_come_for_one_that_failed_are_kept(place: Place, bug: pytest.MonkeyPatch) -> None:
    """C36: what is late is late for it as for any other."""
    visit = Visit(create=True, instance="uuid:breaks")
    hit = send(visit, place.both)
    again = receive_submission.accept(
        visit.xml(), [Upload("a.bin", io.BytesIO(b"late"), "application/octet-stream")], place.both
    )
    assert (again.submission_id, again.new) == (hit.submission_id, True)
    assert count(Attachment) == 1
    bug.undo()
    not_applied.try_again()
    catch_up.caught_up()
    assert stored(hit).quarantine is None


def test_an_edit_among_visits_replaces_in_its_turn(place: Place, later: None) -> None:
    """C43."""
    send(Visit(create=True, instance="uuid:a"), place.both)
    send(Visit(household=2, create=True), place.both)
    send(Visit(instance="uuid:b", deprecated="uuid:a", stated=((1, 1), (0, 3), None, None)), place.both)
    send(Visit(household=2, stated=((1, 1), (1, 3), None, None)), place.both)
    catch_up.caught_up()
    assert sums()["vneid_nguoi_dan"] == (1, 6, 2)
    assert differences() == []


def test_a_registration_meets_those_that_waited_for_it_in_one_batch(place: Place, later: None) -> None:
    """E14, with visits to others around."""
    for visit in (
        Visit(household=2, create=True),
        Visit(network="5g", end=NOON - dt.timedelta(days=1)),
        Visit(create=True, network="4g", end=NOON - dt.timedelta(days=3)),
        Visit(household=2, network="khong"),
        Visit(network="khong"),
    ):
        send(visit, place.both)
    catch_up.caught_up()
    assert sums()["tham_ho"] == (2, 2, 2)
    assert differences() == []


def test_a_household_that_was_moved_meanwhile_is_counted_where_it_lives(place: Place, later: None) -> None:
    """The row of the log and what stands in the tables decide, whenever it is applied."""
    send(Visit(create=True), place.both)
    catch_up.caught_up()
    send(Visit(stated=((1, 1), (3, 3), None, None)), place.both)
    with db.engine.connect().execution_options(writes=True) as connection:
        writer_lock.hold(connection)
        connection.execute(
            sa.text("UPDATE entity SET village_id = :v"), {"v": place.both.villages["11629002"]}
        )
        connection.commit()
    catch_up.caught_up()
    newest = sa.select(Submission.village_id).order_by(Submission.id.desc()).limit(1)
    assert db.session.scalar(newest) == place.both.villages["11629002"]


def test_many_may_ask_to_be_caught_up_at_once(app: Flask, place: Place, later: None) -> None:
    for household in range(1, 30):
        send(Visit(household=household, create=True), place.both)
    seen: list[int] = []

    def reader() -> None:
        with app.app_context():
            catch_up.caught_up()
            seen.append(sums()["tham_ho"][0])

    readers = [threading.Thread(target=reader) for _ in range(6)]
    for each in readers:
        each.start()
    for each in readers:
        each.join()
    assert seen == [29] * 6
    assert differences() == []


def test_who_reads_need_not_wait_for_what_comes_meanwhile(
    place: Place, later: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where phones send without a pause something always waits: a page would never be answered."""
    households = iter(range(1, 21))

    def arrive(many: int) -> None:
        for household in itertools.islice(households, many):
            send(Visit(household=household, create=True), place.both)

    held = writer_lock.hold_to_apply

    def hold_while_more_arrive(connection: sa.Connection, *, waits: bool) -> bool:
        arrive(2)
        return held(connection, waits=waits)

    arrive(5)
    monkeypatch.setattr(catch_up, "MOST", 2)
    monkeypatch.setattr(writer_lock, "hold_to_apply", hold_while_more_arrive)
    catch_up.caught_up()
    assert sums()["tham_ho"][0] == 5


def test_who_holds_one_household_holds_up_no_other(
    place: Place, later: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody's psql has a household's row; the visits to all others are counted (on SQLite nobody else writes)."""
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no locks of rows")
    for household in (1, 2):
        send(Visit(household=household, create=True), place.both)
    catch_up.caught_up()
    for household in (1, 2):
        send(Visit(household=household, stated=((1, 1), (0, 3), None, None)), place.both)
    with db.engine.connect() as holder:
        holder.execute(sa.text("SELECT * FROM entity WHERE label = 'Hộ 1' FOR UPDATE"))
        catch_up.settle()
        assert sums()["vneid_nguoi_dan"] == (2, 6, 2)
        holder.rollback()
    catch_up.caught_up()  # left alone for a moment
    assert sums()["vneid_nguoi_dan"] == (2, 6, 2)
    monkeypatch.setattr(catch_up.time, "monotonic", lambda: 10**9)
    catch_up.caught_up()
    assert sums()["vneid_nguoi_dan"] == (0, 6, 2)
    assert differences() == []


@given(batches=st.lists(st.lists(visits, min_size=1, max_size=5), min_size=1, max_size=4))
@hypothesis_settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_tally_equals_the_recount_after_every_batch(place: Place, batches: list[list[Visit]]) -> None:
    """R3 for visits that are applied together."""
    for each in batches:
        assert all(outcome is True for outcome in together(place, *each))
        assert differences() == []


@given(history=st.lists(visits, min_size=1, max_size=12))
@hypothesis_settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_together_or_one_by_one_comes_to_the_same(place: Place, history: list[Visit]) -> None:
    ends = []
    for at_once in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            if at_once:
                patch.setattr(catch_up, "wake", lambda: None)
            for visit in history:
                send(visit, place.both)
        catch_up.caught_up()
        with db.engine.connect() as connection:
            rows = connection.execute(
                sa.text("SELECT entity_id, version, label, data, conflict FROM entity_version ORDER BY 1, 2")
            ).all()
        ends.append((sums(), [tuple(map(str, row)) for row in rows]))
        _forget()
    assert ends[0] == ends[1]


def _forget() -> None:
    db.session.close()
    with db.engine.begin() as connection:
        for table in ("entity_version", "entity", "finding", "submission", "tally", "tally_day"):
            connection.execute(sa.text(f"DELETE FROM {table}"))


def test_administrators_are_told_of_it_and_apply_it_again(
    app: Flask, place: Place, bug: pytest.MonkeyPatch
) -> None:
    hit = send(Visit(create=True, instance="uuid:breaks"), place.both)
    run = app.test_cli_runner().invoke
    told = run(args=["submissions", "apply"])
    assert told.exit_code == 1
    assert f"Phiếu {hit.submission_id}, nhận 20/11/2026 13:00: KeyError" in told.output
    assert [
        (each.subject, each.level) for each in doctor.examine(thorough=False) if each.subject == "log"
    ] == [("log", doctor.ERROR)]
    figures = metrics.text().decode()
    assert "tungnha_log_failed 1.0" in figures
    assert "tungnha_log_oldest_seconds 0.0" in figures
    assert re.search(r"tungnha_log_one_by_one_total [1-9]", figures)
    bug.undo()
    again = run(args=["submissions", "apply", "--again", "--json"])
    assert (again.exit_code, json.loads(again.output)) == (0, {"tried_again": 1, "waiting": 0, "failed": []})
    assert [each.level for each in doctor.examine(thorough=False) if each.subject == "log"] == [doctor.OK]


def test_what_waits_for_long_is_told(place: Place, later: None, monkeypatch: pytest.MonkeyPatch) -> None:
    send(Visit(create=True), place.both)
    now = clock.now() + dt.timedelta(minutes=3)
    monkeypatch.setattr(clock, "now", lambda: now)
    assert "tungnha_log_oldest_seconds 180.0" in metrics.text().decode()
    assert [each.level for each in doctor.examine(thorough=False) if each.subject == "log"] == [
        doctor.WARNING
    ]


def test_one_that_waits_in_its_communes_queue_says_why_and_cannot_be_decided_yet(
    place: Place, bug: pytest.MonkeyPatch
) -> None:
    hit = send(Visit(create=True, instance="uuid:breaks"), place.both)
    assert "quản trị viên" in waiting_reasons.reason(submission_place.FAILED).sentence
    reviewer = decisions.Reviewer("person:1", "Lê Thị Hạnh", place.both.commune_id)
    with db.engine.connect().execution_options(writes=True) as connection, pytest.raises(Problem) as problem:
        decisions.decide(connection, hit.submission_id, "approved", expected="received", reviewer=reviewer)
    assert problem.value.kind is ReviewProblem.REVIEW_IMPOSSIBLE


@pytest.mark.parametrize(
    "error",
    [
        sa.exc.TimeoutError("no connection is free"),
        sa.exc.InterfaceError("select", {}, OSError("gone")),
        sa.exc.OperationalError("select", {}, OSError("busy")),
        sa.exc.InternalError("update", {}, OSError("read-only")),
    ],
)
def test_an_outage_of_the_database_is_no_fault_of_a_submission(
    place: Place, later: None, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    hit = send(Visit(create=True), place.both)
    with pytest.MonkeyPatch.context() as patch:

        def fails(*_: object) -> None:
            raise error

        patch.setattr(submission_effects, "rows_of", fails)
        catch_up.caught_up()
    assert (stored(hit).quarantine, stored(hit).failure) == (submission_place.PENDING, None)
    monkeypatch.setattr(catch_up.time, "monotonic", lambda: 10**9)
    catch_up.caught_up()
    assert stored(hit).quarantine is None
    assert sums()["tham_ho"] == (1, 1, 1)
