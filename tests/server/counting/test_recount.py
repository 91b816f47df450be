"""A recount beside phones that go on sending names nothing that is right, and a correction breaks nothing."""

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from server.counting import folding, recount
from server.db import db
from server.models import Tally
from tests.server.intake.test_receive_submission import Place, Visit, differences, place, send

__all__ = ["place"]
PHONES = 8


def beside_phones(app: Flask, place: Place, act: Callable[[], object]) -> None:
    """Do something while phones send and the tally is folded, until each has sent some."""
    ends, sent = threading.Event(), [0] * PHONES

    def phone(number: int) -> None:
        with app.app_context():
            while not ends.is_set() or sent[number] < 5:
                sent[number] += 1
                household = number * 1000 + sent[number] % 7
                send(Visit(household=household, create=sent[number] < 8), place.both)
                folding.once()

    phones = [threading.Thread(target=phone, args=(number,)) for number in range(PHONES)]
    for each in phones:
        each.start()
    try:
        act()
    finally:
        ends.set()
        for each in phones:
            each.join()


def test_a_recount_beside_phones_that_send_finds_nothing_wrong(app: Flask, place: Place) -> None:
    """R3: it sees one moment, though it asks more than once."""
    found: list[recount.Recount] = []
    beside_phones(app, place, lambda: found.extend(recount.compare() for _ in range(12)))
    assert [(each.differences, each.months) for each in found] == [((), 0)] * 12


def test_a_correction_beside_phones_that_send_corrects_what_is_wrong_and_no_more(
    app: Flask, place: Place
) -> None:
    """R3: nothing is applied or folded while it looks and writes."""
    send(Visit(create=True), place.both)
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.execute(sa.update(Tally).values(done=Tally.done + 5))
        connection.commit()
    found: list[recount.Recount] = []
    beside_phones(app, place, lambda: found.extend(recount.correct() for _ in range(6)))
    assert len(found[0].differences) == 2
    assert [(each.differences, each.months) for each in found[1:]] == [((), 0)] * 5
    assert differences() == []
    assert recount.compare().months == 0


@pytest.mark.parametrize("flags", [(), ("--correct",)])
def test_the_command_says_that_all_is_right(app: Flask, place: Place, flags: tuple[str, ...]) -> None:
    send(Visit(create=True), place.both)
    told = app.test_cli_runner().invoke(args=["coverage", "recount", *flags])
    assert (told.exit_code, told.output) == (0, "Số đang dùng khớp với đếm lại.\n")
