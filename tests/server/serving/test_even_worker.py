"""gunicorn's processes share connections evenly (docs/decisions/0031)."""

import types
from collections.abc import Iterator
from typing import Any

import pytest
from gunicorn.workers.gthread import ThreadWorker

from server.serving import even_worker
from server.serving.even_worker import EvenWorker


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EvenWorker]]:
    """Two processes' workers, without the processes, on two cores."""
    monkeypatch.setattr(even_worker, "CORES", 2)
    made: list[EvenWorker] = []
    for _ in range(2):
        worker = EvenWorker.__new__(EvenWorker)
        worker.nr_conns = 0
        even_worker.enter(worker)
        made.append(worker)
    yield made
    for worker in made:
        even_worker.leave(worker)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each connection was left to others."""
    found: list[float] = []
    monkeypatch.setattr(even_worker, "time", types.SimpleNamespace(sleep=found.append))
    monkeypatch.setattr(ThreadWorker, "accept", _taken)
    monkeypatch.setattr(ThreadWorker, "wait_for_and_dispatch_events", lambda *_: None)
    return found


def _taken(worker: Any, _listener: object) -> None:
    worker.nr_conns += 1


def test_who_has_more_lets_the_other_go_first(two: list[EvenWorker], waits: list[float]) -> None:
    one, _other = two
    one.accept(None)  # type: ignore[arg-type]
    one.wait_for_and_dispatch_events(1)
    assert waits == []
    one.accept(None)  # type: ignore[arg-type]
    assert waits == [even_worker.HEAD_START]
    assert one.nr_conns == 2  # nobody took it: it is not left lying


def test_who_has_as_many_waits_for_nobody(two: list[EvenWorker], waits: list[float]) -> None:
    for worker in two:
        worker.accept(None)  # type: ignore[arg-type]
    for worker in two:
        worker.wait_for_and_dispatch_events(1)
    two[0].accept(None)  # type: ignore[arg-type]
    assert waits == []


def test_a_process_more_than_cores_takes_what_is_too_much_for_the_others(
    two: list[EvenWorker], waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(even_worker, "CORES", 1)
    one, more = two
    more.accept(None)  # type: ignore[arg-type]
    assert waits == [20 * even_worker.HEAD_START]
    more.nr_conns, one.nr_conns = 0, even_worker.RESERVE + 1
    for worker in two:
        worker.wait_for_and_dispatch_events(1)
    more.accept(None)  # type: ignore[arg-type]
    assert len(waits) == 1
    one.accept(None)  # type: ignore[arg-type]
    assert len(waits) == 2  # it lets the other go first


def test_one_that_has_ended_is_waited_for_no_more(two: list[EvenWorker], waits: list[float]) -> None:
    one, other = two
    one.nr_conns = 5
    even_worker.leave(other)
    one.accept(None)  # type: ignore[arg-type]
    assert waits == []
    even_worker.enter(other)
    assert other.place != one.place
    one.accept(None)  # type: ignore[arg-type]
    assert waits == [even_worker.HEAD_START]
