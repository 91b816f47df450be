"""gunicorn's processes share connections evenly (docs/decisions/0031)."""

import types
from collections.abc import Iterator
from typing import Any

import pytest
from gunicorn.workers.gthread import ThreadWorker

from server import workers
from server.workers import EvenWorker


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EvenWorker]]:
    """Two processes' workers, without the processes."""
    made: list[EvenWorker] = []
    for _ in range(2):
        worker = EvenWorker.__new__(EvenWorker)
        worker.nr_conns = 0
        workers.enter(worker)
        made.append(worker)
    yield made
    for worker in made:
        workers.leave(worker)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each connection was left to others."""
    found: list[float] = []
    monkeypatch.setattr(workers, "time", types.SimpleNamespace(sleep=found.append))
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
    assert waits == [workers.HEAD_START]
    assert one.nr_conns == 2  # nobody took it: it is not left lying


def test_who_has_as_many_waits_for_nobody(two: list[EvenWorker], waits: list[float]) -> None:
    for worker in two:
        worker.accept(None)  # type: ignore[arg-type]
    for worker in two:
        worker.wait_for_and_dispatch_events(1)
    two[0].accept(None)  # type: ignore[arg-type]
    assert waits == []


def test_one_that_has_ended_is_waited_for_no_more(two: list[EvenWorker], waits: list[float]) -> None:
    one, other = two
    one.nr_conns = 5
    workers.leave(other)
    one.accept(None)  # type: ignore[arg-type]
    assert waits == []
    workers.enter(other)
    assert other.place != one.place
    one.accept(None)  # type: ignore[arg-type]
    assert waits == [workers.HEAD_START]
