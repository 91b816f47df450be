"""Rests of a soak come between two commands of its nights, however close these follow each other."""

import threading

from bench.soak_turns import Turns

PATIENCE_SECONDS = 20.0


def test_a_rest_waits_for_one_command_and_the_next_one_for_the_rest() -> None:
    turns = Turns()
    turns.begin()
    first, second, ends, rests, wakes = (threading.Event() for _ in range(5))

    def night() -> None:
        with turns.command():
            first.set()
            ends.wait(PATIENCE_SECONDS)
        with turns.command():
            second.set()

    def rest() -> None:
        with turns.rest():
            rests.set()
            wakes.wait(PATIENCE_SECONDS)

    threads = [threading.Thread(target=each) for each in (night, rest)]
    threads[0].start()
    assert first.wait(PATIENCE_SECONDS)
    threads[1].start()
    while not turns.is_resting:
        pass
    assert not rests.is_set()
    ends.set()
    assert rests.wait(PATIENCE_SECONDS)
    assert not second.is_set()
    wakes.set()
    assert second.wait(PATIENCE_SECONDS)
    assert not turns.is_resting
    for each in threads:
        each.join()
