"""What is done beside requests goes on, whatever happens to one of its turns."""

import threading

import pytest
from flask import Flask, current_app

from server import background


@pytest.mark.parametrize("wrong", [ZeroDivisionError, MemoryError, SystemExit, KeyboardInterrupt])
def test_a_turn_that_fails_is_not_the_last(app: Flask, wrong: type[BaseException]) -> None:
    seen: list[Flask] = []
    over = threading.Event()

    def act() -> None:
        seen.append(current_app._get_current_object())  # type: ignore[attr-defined]
        if len(seen) == 1:
            raise wrong
        over.set()
        threading.Event().wait()  # it has no end of its own, and asks for nothing while it sleeps

    thread = background.every(0.01, act, app, "test")
    assert thread is not None
    assert thread.daemon
    assert over.wait(20)
    assert seen[:2] == [app, app]


def test_a_turn_of_which_not_even_the_log_can_tell_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    over = threading.Event()

    def told(*_words: object) -> None:
        seen.append("told")
        raise MemoryError

    def turn() -> None:
        seen.append("turn")
        if len(seen) == 1:
            raise MemoryError
        over.set()
        threading.Event().wait()

    monkeypatch.setattr(background.log, "exception", told)
    background.for_ever(turn, "test")
    assert over.wait(20)
    assert seen == ["turn", "told", "turn"]


def test_nothing_is_begun_where_the_settings_leave_it_to_a_command(app: Flask) -> None:
    assert background.every(0, lambda: None, app, "test") is None
