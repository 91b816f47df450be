"""Backups of many photos, night after night: seconds, CPU and memory of each, and of the trial of a restore.

python -m bench.backups [--gigabytes 5] [--folder /var/tmp]

The first night has a quarter of the photos, the second all, the third a hundred more. Needs four times the room.
"""

import argparse
import io
import os
import random
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

import orjson
import sqlalchemy as sa

from app import create_app
from bench import machine
from server import clock, migrate
from server.db import db
from server.files import blobs
from server.models import Attachment, Submission
from server.settings import Settings
from tests import sample
from tests.live.rounds import FORM, Visit
from tests.phone import InProcess, Phone

PHOTO_BYTES = 500_000
"""About what a phone sends that makes its photos smaller."""
PHOTOS_OF_A_VISIT = 5
NEW_OF_A_NIGHT = 100


class PhotoTown:
    """An installation on SQLite whose visits bring photos of noise, which nothing makes smaller."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(
            instance=folder, secret_key="for benchmarks only, and long enough for them", apply_ms=0
        )
        self.app = create_app(self.settings)
        self._dice = random.Random(1)
        self._photos = 0
        with self.app.app_context():
            migrate.upgrade()
            commune = sample.make_commune()
            village = sample.make_village(commune)
            sample.publish(FORM)
            self._household = sample.make_entity(village, "Hộ").id
            token = sample.make_collector(commune, [village]).token
            db.session.commit()
            db.session.close()
        self._phone = Phone(InProcess(self.app), f"http://localhost/key/{token}")

    def grow(self, photos: int) -> None:
        """Until there are so many."""
        while self._photos < photos:
            visit = Visit(self._household, None)
            assert self._phone.post(visit.xml()).status == 201
            with self.app.app_context():
                self._add_photos(visit, min(PHOTOS_OF_A_VISIT, photos - self._photos))

    def _add_photos(self, visit: Visit, count: int) -> None:
        found = sa.select(Submission.id).where(Submission.instance_id == visit.instance)
        submission = db.session.scalars(found).one()
        for _ in range(count):
            content = self._dice.randbytes(PHOTO_BYTES)
            name = sha256(content).digest()
            blobs.put(name, io.BytesIO(content))
            db.session.add(
                Attachment(submission_id=submission, name=f"{self._photos}.jpg", received_sha256=name,
                           stored_sha256=name, size=len(content), media_type="image/jpeg", received_at=clock.now())
            )  # fmt: skip
            self._photos += 1
        db.session.commit()

    def command(self, *words: str) -> dict[str, object]:
        """A `flask` command with --json in a process of its own: what it says, and what it took."""
        environ = os.environ | self.settings.environ()
        began = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "app", *words, "--json"],
            cwd=machine.ROOT, env=environ, stdout=subprocess.PIPE,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            told = process.stdout.read()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, told
        return {
            **orjson.loads(told),
            "seconds": round(time.perf_counter() - began, 1),
            "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
            "most_memory_mb": used.ru_maxrss // 1024,
        }


def main(gigabytes: float, place: str | None) -> None:
    print(machine.describe(), flush=True)
    photos = int(gigabytes * 10**9 / PHOTO_BYTES)
    with tempfile.TemporaryDirectory(prefix="tungnha-backups-", dir=place) as name:
        instance, folder = Path(name) / "instance", Path(name) / "backups"
        instance.mkdir()
        folder.mkdir()
        town = PhotoTown(instance)
        for night, count in enumerate((photos // 4, photos, photos + NEW_OF_A_NIGHT), 1):
            town.grow(count)
            told = town.command("backup", str(folder), "--keep", "2")
            machine.show(f"night {night}, {count * PHOTO_BYTES / 10**9:.2f} GB", told)
        machine.show("restore --verify of the last", town.command("restore", str(told["file"]), "--verify"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=5)
    parser.add_argument("--folder")
    given = parser.parse_args()
    main(given.gigabytes, given.folder)
