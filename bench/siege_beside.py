"""Attacks for which a server of its own stands beside the besieged one, and a restore that is killed many times."""

import contextlib
import dataclasses
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy as sa

from app import create_app
from bench.siege_place import Attack, Place, new_photo
from bench.siege_town import Codes, town
from server import migrate
from server.db import db, writing
from server.models import Submission
from server.privacy import erase, tombstones
from tests import sample
from tests.live import caddy, crowd
from tests.live.served import HOST, ROOT, Served
from tests.phone import OverSocket, Phone

SLOW, SLOW_SECONDS = 80, 6.0
PHOTOS = 70
"""Phones that send photos at once: more than a server has threads."""
VISITS = 20
ODD_NAMES = ("a?b", "a%41b", "a#b & ơ", "100%")
DELETED, KILLS = 3, 8


def _visited(phone: Phone) -> str:
    """How visits without photos are answered, and whether one of them waited longer than a second."""
    statuses, longest = set(), 0.0
    for _ in range(VISITS):
        began = time.monotonic()
        statuses.add(phone.post(sample.filled()).status)
        longest = max(longest, time.monotonic() - began)
    return (
        f"{' '.join(map(str, sorted(statuses)))} within {'a second' if longest < 1 else f'{longest:.1f} s'}"
    )


def _through_proxy(place: Place) -> Callable[[], str]:
    """slow-2."""
    own = place.ending.enter_context(contextlib.ExitStack())
    served = own.enter_context(place.beside(TUNGNHA_PROXIES="1"))
    folder = Path(own.enter_context(tempfile.TemporaryDirectory()))
    port = own.enter_context(caddy.before(served.port, folder / "caddy"))
    phone = Phone(OverSocket(HOST, port), f"http://{HOST}:{port}/key/{place.codes.attacker}")
    _visited(phone)  # every process has read the form

    def act() -> str:
        with own, crowd.slow(port, SLOW):
            time.sleep(SLOW_SECONDS)
            return _visited(phone)

    return act


def _hanging_store(place: Place) -> Callable[[], str]:
    """bucket-1."""
    own = place.ending.enter_context(contextlib.ExitStack())
    served = own.enter_context(
        place.beside(
            TUNGNHA_BLOBS="s3://anh/do", TUNGNHA_S3_KEY_ID="x", TUNGNHA_S3_SECRET="x",
            TUNGNHA_S3_ENDPOINT=f"http://{HOST}:{place.silent.getsockname()[1]}",
        )
    )  # fmt: skip
    _visited(served.phone(place.codes.attacker))

    def send() -> None:
        with contextlib.suppress(Exception):  # many hear nothing before the server is killed
            xml = sample.filled("<so>1</so><anh>a.jpg</anh>")
            served.phone(place.codes.attacker).post(xml, {"a.jpg": new_photo()})

    def act() -> str:
        with own, ThreadPoolExecutor(PHOTOS) as pool:
            for _ in range(PHOTOS):
                pool.submit(send)
            time.sleep(1)
            told = _visited(served.phone(place.codes.attacker))
            served.kill()
            return told

    return act


@contextlib.contextmanager
def _odd_folder(place: Place, name: str) -> Iterator[tuple[Served, Codes]]:
    """A town of its own, whose folder is called so."""
    with tempfile.TemporaryDirectory() as folder:
        settings = dataclasses.replace(place.served.settings, instance=Path(folder) / name, database_url="")
        with create_app(settings).app_context():
            migrate.upgrade()
            codes = town()
            db.session.close()
            db.dispose()
        with Served(settings) as served:
            yield served, codes


def _odd_folders(place: Place) -> Callable[[], str]:
    """path-1."""

    def act() -> str:
        told = set()
        for name in ODD_NAMES:
            with _odd_folder(place, name) as (served, codes):
                xml = sample.filled("<so>1</so><anh>a.jpg</anh>")
                told.add(served.phone(codes.attacker).post(xml, {"a.jpg": new_photo()}).status)
        return " ".join(map(str, sorted(told)))

    return act


def _restored(place: Place) -> Callable[[], str]:
    """restore-1: killed at any moment, it is begun anew, and who was deleted since the backup is not there again."""
    own = place.ending.enter_context(contextlib.ExitStack())
    folder = Path(own.enter_context(tempfile.TemporaryDirectory()))
    kept = [sample.filled(f"<so>{number}</so><anh/>") for number in range(DELETED)]
    for each in kept:
        place.sent(each)
    backup, new = folder / "sao-luu.tar", folder / "instance"
    new.mkdir()
    _flask(place, place.served.settings.instance, "backup", str(backup)).wait(300)
    _delete(kept)
    shutil.copy(place.served.settings.instance / tombstones.FILE, new)

    def act() -> str:
        with own:
            for number in range(KILLS):
                code = _killed_soon(_flask(place, new, "restore", str(backup)), new, 0.1 * number)
                if code != -signal.SIGKILL:
                    break  # it was quicker, and refuses to be done once more
            else:
                code = _flask(place, new, "restore", str(backup)).wait(300)
            return f"rc {code}, {_back(new, kept)} are back"

    return act


def _flask(place: Place, instance: Path, *command: str) -> "subprocess.Popen[bytes]":
    """A command of an administrator; on another folder than the server's it has a SQLite there."""
    environ = place.served.environment()
    del environ["PROMETHEUS_MULTIPROC_DIR"]
    if instance != place.served.settings.instance:
        environ |= {"TUNGNHA_INSTANCE": str(instance), "TUNGNHA_DATABASE_URL": ""}
    words = [sys.executable, "-m", "flask", "--app", "app", *command]
    return subprocess.Popen(
        words, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _killed_soon(process: "subprocess.Popen[bytes]", folder: Path, seconds: float) -> int:
    """Killed so long after it has begun to write; with which code it ended."""
    before = _size(folder)
    while process.poll() is None and _size(folder) == before:
        time.sleep(0.01)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    return process.wait(60)


def _size(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.glob("tungnha.sqlite3*"))


def _ids(visits: Sequence[bytes]) -> list[str]:
    return [each.partition(b"<instanceID>")[2].partition(b"<")[0].decode() for each in visits]


def _delete(visits: Sequence[bytes]) -> None:
    """As persons ask for it."""
    named = sa.select(Submission.id).where(Submission.instance_id.in_(_ids(visits)))
    ids = db.session.scalars(named).all()
    db.session.rollback()
    tombstones.forget(db.session, erase.of_submissions(writing(), ids), tombstones.REQUEST)
    db.session.close()


def _back(folder: Path, visits: Sequence[bytes]) -> str:
    """How many of these are there; that others are is looked at as well."""
    with contextlib.closing(sqlite3.connect(folder / "tungnha.sqlite3")) as restored:
        found = {row[0] for row in restored.execute("SELECT instance_id FROM submission")}
    return str(len(found & set(_ids(visits)))) if found else "nobody is there; 0"


ATTACKS = (
    Attack(
        f"{SLOW} slow connections through the proxy",
        "201 within a second",
        _through_proxy,
        "slow-2",
        is_possible=lambda _place: caddy.is_installed(),
    ),
    Attack(
        f"a store of photos that hangs, {PHOTOS} photos", "201 within a second", _hanging_store, "bucket-1"
    ),
    Attack("folders with ? and % in their names", "201", _odd_folders, "path-1"),
    Attack(f"a restore killed up to {KILLS} times", "rc 0, 0 are back", _restored, "restore-1"),
)
