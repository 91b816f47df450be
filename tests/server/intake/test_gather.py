"""What waits at the same moment is done at once by one of those who wait."""

import threading
from collections.abc import Sequence

import pytest

from server.intake.gather import Gather


def test_work_that_waits_is_done_at_once_by_one_who_waits() -> None:
    """The first does its own, the next does all that came meanwhile; nobody is forgotten."""
    may_go, began = threading.Event(), threading.Event()
    done: list[list[int]] = []

    def do(works: Sequence[int]) -> list[int | Exception]:
        done.append([*works])
        began.set()
        may_go.wait(10)
        return [KeyError(3) if work == 3 else -work for work in works]

    queue: Gather[int, int] = Gather(do, most=3)
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
    def do(works: Sequence[int]) -> list[int | Exception]:
        if works[0] == 1:
            raise OSError
        return [7]

    queue: Gather[int, int] = Gather(do, most=3)
    with pytest.raises(OSError):
        queue.join(1)
    assert queue.join(2) == 7
