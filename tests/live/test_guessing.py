"""60 phones and a guesser behind one address: the phones sync and send as ever, the guesser waits."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from flask import Flask

from server.accounts import tries_by_address
from server.db import db
from server.settings import Settings
from tests import sample
from tests.live.served import Served

pytestmark = pytest.mark.live

PHONES = 60
MOST = 30
PROCESSES = 2
LONGEST = 120
"""Seconds that the guesser goes on at most."""


class Guesser:
    """Somebody in the same office who tries one code after the other over one connection, while the block lasts."""

    def __init__(self, url: str) -> None:
        self.url, self.answers = url, list[tuple[int, float]]()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._guess)

    def __enter__(self) -> "Guesser":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _guess(self) -> None:
        begun = time.monotonic()
        with requests.Session() as session:
            while not self._ends.is_set() and time.monotonic() - begun < LONGEST:
                asked = time.monotonic()
                answer = session.get(f"{self.url}/key/{'x' * 64}/formList", timeout=60)
                self.answers.append((answer.status_code, time.monotonic() - asked))


@pytest.fixture
def tokens(app: Flask) -> Iterator[list[str]]:
    commune = sample.make_commune()
    village = sample.make_village(commune)
    sample.publish_plain()
    made = [sample.make_collector(commune, [village], f"Người số {n}").token for n in range(PHONES)]
    db.session.rollback()
    return made


def test_phones_go_on_while_somebody_guesses_beside_them(settings: Settings, tokens: list[str]) -> None:
    with Served(settings) as served, Guesser(served.url) as guesser:
        while len(guesser.answers) < MOST * PROCESSES + 2:  # held by the hold itself: about a minute at most
            time.sleep(0.2)
        with ThreadPoolExecutor(8) as pool:
            told = list(pool.map(lambda token: _day(served, token), tokens))
    assert told == [(1, 201)] * PHONES
    statuses = [status for status, _ in guesser.answers]
    assert set(statuses) == {403, 429}
    assert statuses[:MOST] == [403] * MOST
    assert statuses.count(429) >= MOST // 2
    late = sorted(taken for status, taken in guesser.answers if status == 429)
    assert late[len(late) // 2] >= tries_by_address.HELD, "most of his answers are kept back"


def _day(served: Served, token: str) -> tuple[int, int]:
    """What a phone does: how many forms it got, and what became of its visit."""
    phone = served.phone(token)
    forms = phone.sync()
    [sent] = phone.send(sample.filled())
    return len(forms), sent.status
