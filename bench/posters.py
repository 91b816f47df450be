"""What a crowd at one poster costs the phones of collectors: 1,000 answers in a minute, and what phones wait meanwhile.

python -m bench.posters [--answers 1000] [--seconds 60] [--phones 8] [--databases sqlite postgresql]

Phones send a visit each half second all the time: first alone, then beside the crowd. Every answer comes from an
address of its own, through as many connections as a crowd has, so that the limit of the poster is what it meets.
"""

import argparse
import contextlib
import itertools
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from app import create_app
from bench import machine
from server import migrate
from server.db import db
from server.settings import Settings
from tests import sample
from tests.live.served import Served
from tests.phone import OverSocket, Phone
from tests.posters import hang, opinion

SECRET = "for benchmarks only, and long enough for them"
CROWD = 32
PAUSE = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--phones", type=int, default=8)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    given = parser.parse_args()
    for database in given.databases:
        with _database(database) as url, tempfile.TemporaryDirectory() as folder:
            settings = Settings(instance=Path(folder), database_url=url, secret_key=SECRET)
            code, tokens = _filled(settings, given.phones)
            with Served(settings, environ={"TUNGNHA_PROXIES": "1"}) as served:
                _walk(served, tokens, 5, None)  # until every process has read the form
                alone = _walk(served, tokens, given.seconds / 3, None)
                told: Counter[int] = Counter()
                ends = threading.Event()
                crowd = threading.Thread(
                    target=_crowd, args=(served, code, given.answers, given.seconds, told, ends)
                )
                crowd.start()
                beside = _walk(served, tokens, given.seconds, ends)
                crowd.join()
            print(f"{database}: answers by status {dict(sorted(told.items()))}")
            print(f"{database}: a visit alone {_told(alone)}; beside the crowd {_told(beside)}")


@contextlib.contextmanager
def _database(kind: str) -> Iterator[str]:
    if kind == "sqlite":
        yield ""
        return
    with machine.postgres() as server:
        machine.administer(server.url, "CREATE DATABASE posters")
        yield machine.database(server.url, "posters")


def _filled(settings: Settings, phones: int) -> tuple[str, list[str]]:
    """A commune with a poster; its code and the tokens of so many phones."""
    app = create_app(settings)
    with app.app_context():
        migrate.upgrade()
        hung = hang()
        code = hung.poster.code
        tokens = [sample.make_collector(hung.commune, [hung.own], f"Người {n}").token for n in range(phones)]
        db.session.close()
        db.dispose()
    return code, tokens


def _walk(served: Served, tokens: list[str], seconds: float, ends: threading.Event | None) -> list[float]:
    """Each phone sends for so long, or until the crowd has gone; seconds of every visit."""
    began = time.monotonic()

    def one(token: str) -> list[float]:
        phone = Phone(OverSocket("127.0.0.1", served.port), f"{served.url}/key/{token}")
        taken = []
        while not ends.is_set() if ends is not None else time.monotonic() - began < seconds:
            at = time.monotonic()
            assert phone.post(opinion()).status == 201
            taken.append(time.monotonic() - at)
            time.sleep(PAUSE)
        return taken

    with ThreadPoolExecutor(len(tokens)) as pool:
        return list(itertools.chain.from_iterable(pool.map(one, tokens)))


def _crowd(
    served: Served, code: str, answers: int, seconds: float, told: Counter[int], ends: threading.Event
) -> None:
    """So many answers, evenly over so many seconds."""
    began = time.monotonic()

    def one(number: int) -> int:
        time.sleep(max(0.0, began + number * seconds / answers - time.monotonic()))
        return requests.post(
            f"{served.url}/khao-sat/{code}/submission",
            files={"xml_submission_file": ("x.xml", opinion(), "text/xml")},
            headers={"X-Forwarded-For": f"203.{number // 62_500}.{number // 250 % 250}.{number % 250}"},
            timeout=60,
        ).status_code

    with ThreadPoolExecutor(CROWD) as pool:
        told.update(pool.map(one, range(answers)))
    ends.set()


def _told(taken: list[float]) -> str:
    """Half, 95 and 99 in 100, in milliseconds."""
    cuts = statistics.quantiles(taken, n=100)
    return f"{cuts[49] * 1000:.0f}, {cuts[94] * 1000:.0f}, {cuts[98] * 1000:.0f} ms of {len(taken)}"


if __name__ == "__main__":
    main()
