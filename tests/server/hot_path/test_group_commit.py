"""Visits that wait at the same time are stored in one transaction, and none of them pays for another."""

import datetime as dt
import threading
from collections.abc import Sequence

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from server import clock
from server.db import db
from server.errors import Problem
from server.hot_path import group_commit as together_module
from server.hot_path import statements
from server.hot_path.group_commit import Ticket, Together
from server.intake import place as arrival
from server.intake import receive
from server.intake.intake_problems import IntakeProblem
from server.intake.known import Sent
from server.intake.receive import Receipt
from server.models import Attachment, Audit, EntityVersion, Finding, Submission
from server.phones.phone_problems import PhoneProblem
from server.published_forms.read_submission import understand
from tests import sample
from tests.server.intake.test_receive import NOON, Place, Visit, count, differences, place, send, sums, visits

__all__ = ["place"]  # a fixture is found by its name


def together(place: Place, *sent: Visit | bytes) -> list[Ticket[Sent, Receipt]]:
    """These submissions as if they had waited for the same moment."""
    tickets: list[Ticket[Sent, Receipt]] = [
        Ticket(Sent(understand(each.xml() if isinstance(each, Visit) else each), (), place.both))
        for each in sent
    ]
    receive.store(tickets)
    return tickets


def outcome(ticket: Ticket[Sent, Receipt]) -> bool | str:
    """Whether something new was stored, else the code of the problem."""
    try:
        return ticket.result().new
    except Problem as problem:
        return problem.kind.code


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements each write held."""
    found: list[int] = []
    write = statements.write

    def counted(connection: object, steps: Sequence[statements.Step]) -> None:
        found.append(len(steps))
        write(connection, steps)  # type: ignore[arg-type]

    monkeypatch.setattr(statements, "write", counted)
    return found


def test_visits_to_different_households_are_one_write(place: Place, writes: list[int]) -> None:
    tickets = together(place, *(Visit(household=n, create=True) for n in range(1, 8)))
    assert [outcome(ticket) for ticket in tickets] == [True] * 7
    assert len({ticket.result().submission_id for ticket in tickets}) == 7
    assert len(writes) == 1
    assert (count(Submission), count(Audit) >= 7, count(EntityVersion)) == (7, True, 7)
    assert sums()["tham_ho"] == (7, 7, 7)
    assert differences() == []


def test_texts_arrive_as_they_were_sent(place: Place) -> None:
    """Many rows travel as arrays, in which quotes, braces and backslashes mean something."""
    odd = ['a"b', "c\\d", "{e,f}", "NULL", " g ", "Hộ Ấm, ngõ 3", "h\ti", "\\x41"]
    tickets = together(
        place, *(Visit(household=n, create=True, network=text) for n, text in enumerate(odd, 1))
    )
    for ticket, text in zip(tickets, odd, strict=True):
        row = db.session.get_one(Submission, ticket.result().submission_id)
        assert row.answers["mang"] == text
        assert row.xml == ticket.work.reading.xml
        assert row.sha256 == ticket.work.reading.sha256


def test_two_visits_to_one_household_both_count_in_their_order(place: Place) -> None:
    send(Visit(create=True, stated=((1, 1), (0, 3), None, None), end=NOON - dt.timedelta(days=3)), place.both)
    tickets = together(
        place,
        Visit(stated=((1, 1), (3, 3), None, None), end=NOON - dt.timedelta(days=1)),
        Visit(stated=((1, 1), (1, 3), None, None), end=NOON - dt.timedelta(days=2)),
    )
    assert [outcome(ticket) for ticket in tickets] == [True, True]
    assert sums()["vneid_nguoi_dan"] == (3, 3, 1)
    assert differences() == []


def test_second_visits_to_households_are_one_more_write(place: Place, writes: list[int]) -> None:
    """Not one each: on a slow disk every transaction is a wait for all of them."""
    tickets = together(place, *(Visit(household=n % 3 + 1, create=n < 3) for n in range(9)))
    assert [outcome(ticket) for ticket in tickets] == [True] * 9
    assert len(writes) == 3
    assert sums()["tham_ho"] == (3, 3, 3)
    assert differences() == []


@pytest.mark.parametrize("interruptions", [1, 3])
def test_a_visit_of_another_process_in_between_is_seen_and_all_are_stored(
    place: Place, monkeypatch: pytest.MonkeyPatch, interruptions: int
) -> None:
    """Decision 0013: they begin again with what they missed, together or in the end alone."""
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer, and nothing comes in between")
    send(Visit(create=True, stated=((1, 1), (0, 3), None, None), end=NOON - dt.timedelta(days=3)), place.both)
    left, whole, tried = [interruptions], statements.write, []

    def interrupted(connection: object, steps: Sequence[statements.Step]) -> None:
        tried.append(len(steps))
        if left[0]:
            left[0] -= 1
            monkeypatch.setattr(statements, "write", whole)
            end = NOON - dt.timedelta(hours=left[0] + 1)
            send(Visit(stated=((1, 1), (left[0] + 1, 3), None, None), end=end), place.both)
            monkeypatch.setattr(statements, "write", interrupted)
        whole(connection, steps)  # type: ignore[arg-type]

    monkeypatch.setattr(statements, "write", interrupted)
    tickets = together(
        place,
        Visit(stated=((1, 1), (3, 3), None, None), end=NOON - dt.timedelta(days=1)),
        *(Visit(household=n, create=True) for n in range(2, 5)),
    )
    assert [outcome(ticket) for ticket in tickets] == [True] * 4
    assert len(tried) == (2 if interruptions == 1 else 7)
    assert count(Submission) == 5 + interruptions
    assert sums()["vneid_nguoi_dan"][:2] == (1 + 3 * 2, 3 + 3 * 3)
    assert differences() == []


def test_a_submission_and_its_twin_are_stored_once(place: Place) -> None:
    """C46: in one batch as at any other time."""
    visit = Visit(create=True, instance="uuid:twin")
    tickets = together(place, visit, visit, Visit(household=2, create=True), visit)
    assert [outcome(ticket) for ticket in tickets] == [True, False, True, False]
    assert count(Submission) == 2


def test_a_conflict_is_told_to_its_sender_alone(place: Place) -> None:
    """C45 beside two that are right."""
    send(Visit(create=True, instance="uuid:a"), place.both)
    tickets = together(
        place,
        Visit(household=2, create=True),
        Visit(create=True, instance="uuid:a", result="vang"),
        Visit(household=3, create=True),
    )
    assert [outcome(ticket) for ticket in tickets] == [True, IntakeProblem.SUBMISSION_CONFLICT.code, True]
    assert differences() == []


def test_an_edit_among_visits_replaces(place: Place) -> None:
    """C43: an edit has a transaction of its own."""
    send(Visit(create=True, instance="uuid:a"), place.both)
    tickets = together(
        place,
        Visit(household=2, create=True),
        Visit(instance="uuid:b", deprecated="uuid:a", stated=((1, 1), (0, 3), None, None)),
    )
    assert [outcome(ticket) for ticket in tickets] == [True, True]
    assert sums()["vneid_nguoi_dan"] == (2, 6, 2)
    assert differences() == []


def test_one_that_breaks_the_program_takes_none_of_its_neighbours_along(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = arrival.flags

    def broken(reading: object, *rest: object) -> object:
        if reading.instance.instance_id == "uuid:broken":  # type: ignore[attr-defined]
            raise ZeroDivisionError
        return whole(reading, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(arrival, "flags", broken)
    tickets = together(
        place, Visit(create=True), Visit(household=2, create=True, instance="uuid:broken"), Visit(household=3)
    )
    assert outcome(tickets[0]) is True
    assert outcome(tickets[2]) is True
    with pytest.raises(ZeroDivisionError):
        tickets[1].result()
    assert count(Submission) == 2
    assert differences() == []


def test_what_cannot_be_stored_leaves_nothing_half_written(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write fails for all together, then for each alone: nobody is told that it was stored."""

    def fails(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(statements, "write", fails)
    tickets = together(place, Visit(create=True), Visit(household=2, create=True))
    for ticket in tickets:
        with pytest.raises(RuntimeError):
            ticket.result()
    assert (count(Submission), count(Finding), count(Attachment)) == (0, 0, 0)


def test_a_revoked_collector_among_others_is_refused_alone(place: Place) -> None:
    """R23: asked with the visit, whatever a process remembers of his token."""
    commune = sample.make_commune("10930", "Mao Điền")
    villages = [sample.make_village(commune, "10930001")]
    sample.make_collector(commune, villages)  # the collector of all other visits here
    made = sample.make_collector(commune, villages)
    made.collector.revoked_at = clock.now()
    db.session.commit()
    revoked = Sent(
        understand(Visit(household=2, create=True).xml()),
        (),
        place.both.__class__(made.collector.id, place.both.commune_id, place.both.villages),
    )
    db.session.close()
    tickets = [
        Ticket[Sent, Receipt](Sent(understand(Visit(create=True).xml()), (), place.both)),
        Ticket(revoked),
    ]
    receive.store(tickets)
    assert [outcome(ticket) for ticket in tickets] == [True, PhoneProblem.KEY_UNKNOWN.code]


@given(batches=st.lists(st.lists(visits, min_size=1, max_size=5), min_size=1, max_size=4))
@hypothesis_settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_tally_equals_the_recount_after_every_batch(place: Place, batches: list[list[Visit]]) -> None:
    """R3 for visits that come together."""
    for each in batches:
        assert all(outcome(ticket) is True for ticket in together(place, *each))
        assert differences() == []


def test_work_that_waits_is_done_at_once_by_one_who_waits() -> None:
    """The first does its own, the next does all that came meanwhile; nobody is forgotten."""
    may_go, began = threading.Event(), threading.Event()
    done: list[list[int]] = []

    def do(tickets: Sequence[Ticket[int, int]]) -> None:
        done.append([ticket.work for ticket in tickets])
        began.set()
        may_go.wait(10)
        for ticket in tickets:
            if ticket.work == 3:
                ticket.fail(KeyError(3))
            else:
                ticket.settle(-ticket.work)

    queue: Together[int, int] = Together(do, most=3)
    results: dict[int, int | str] = {}

    def ask(number: int) -> None:
        try:
            results[number] = queue.join(number)
        except KeyError:
            results[number] = "refused"

    threads = [threading.Thread(target=ask, args=(0,))]
    threads[0].start()
    assert began.wait(10)
    for number in range(1, 6):
        threads.append(threading.Thread(target=ask, args=(number,)))
        threads[-1].start()
    while len(queue._waiting) < 5:
        threading.Event().wait(0.001)
    may_go.set()
    for thread in threads:
        thread.join(10)
    assert results == {0: 0, 1: -1, 2: -2, 3: "refused", 4: -4, 5: -5}
    assert [len(each) for each in done] == [1, 3, 2]


def test_when_the_doing_itself_fails_everybody_is_told_and_the_next_may_come() -> None:
    def do(tickets: Sequence[Ticket[int, int]]) -> None:
        if tickets[0].work == 1:
            raise OSError
        tickets[0].settle(7)

    queue: Together[int, int] = Together(do, most=3)
    with pytest.raises(OSError):
        queue.join(1)
    assert queue.join(2) == 7


def test_a_queue_belongs_to_its_application(app: Flask) -> None:
    assert receive._arrivals() is receive._arrivals()


class Sizes:
    """Work that is done at once, and how much of it was done together each time."""

    def __init__(self) -> None:
        self.found: list[int] = []
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.queue: Together[int, int] = Together(self._do, 32)

    def _do(self, tickets: Sequence[Ticket[int, int]]) -> None:
        assert self.goes_on.wait(30)
        self.found.append(len(tickets))
        for ticket in tickets:
            ticket.settle(ticket.work)

    def join(self, work: int) -> threading.Thread:
        thread = threading.Thread(target=self.queue.join, args=(work,))
        thread.start()
        return thread

    def wait_for(self, waiting: int) -> None:
        while len(self.queue._waiting) < waiting:
            threading.Event().wait(0.001)

    def three(self) -> None:
        """One comes, and two more while it is being done."""
        self.goes_on.clear()
        threads = [self.join(1)]
        while not self.queue._is_busy or self.queue._waiting:
            threading.Event().wait(0.001)
        threads += [self.join(2), self.join(3)]
        self.wait_for(2)
        self.goes_on.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> Sizes:
    monkeypatch.setattr(together_module, "RECENT", 3600)
    return Sizes()


HANGS = 60
"""Patience beyond all measure: whoever waits for somebody who does not come would be seen to hang."""


def test_who_comes_alone_waits_for_nobody(sizes: Sizes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together_module, "PATIENCE", HANGS)
    for _ in range(3):
        sizes.join(1).join()
    assert sizes.found == [1, 1, 1]


def test_who_was_together_a_moment_ago_is_waited_for(sizes: Sizes, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes.three()
    monkeypatch.setattr(together_module, "PATIENCE", HANGS)
    assert sizes.found == [1, 2]
    first = sizes.join(1)
    sizes.wait_for(1)
    assert sizes.found == [1, 2]
    second = sizes.join(2)
    first.join()
    second.join()
    assert sizes.found == [1, 2, 2]


def test_nobody_is_waited_for_who_came_long_ago(sizes: Sizes, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes.three()
    monkeypatch.setattr(together_module, "PATIENCE", HANGS)
    monkeypatch.setattr(together_module, "RECENT", 0)
    sizes.join(1).join()
    assert sizes.found == [1, 2, 1]


def test_who_does_not_come_is_waited_for_a_moment_only(sizes: Sizes) -> None:
    sizes.three()
    sizes.join(1).join()
    sizes.join(1).join()  # and then no longer counted on
    assert sizes.found == [1, 2, 1, 1]
