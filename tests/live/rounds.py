"""Rounds of mixed load in which something is killed: visits, photos and edits of several phones (C37, C40, C46)."""

import dataclasses
import http.client
import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

import sqlalchemy as sa

from server.counting import tally
from server.db import db
from server.files import blobs
from server.models import Attachment, Entity, EntityList, Submission, Village
from tests import sample
from tests.live.applied import wait_until_applied
from tests.live.served import Served
from tests.own_postgres import OwnPostgres
from tests.phone import Phone

FORM = """
| survey |
| | type | name | label | save_to | calculation |
| | start | start | | | |
| | end | end | | | |
| | text | ho | Hộ | | |
| | text | ket_qua | Kết quả | | |
| | image | anh | Ảnh | | |
| | begin group | chi_tieu | Chỉ tiêu | | |
| | calculate | tham_ho_done | | | 1 |
| | calculate | tham_ho_of | | | 1 |
| | note | ket_luan | Đã ghi nhận | | |
| | end group | | | | |
| settings |
| | form_title | form_id | version |
| | Thăm hộ | tham_thu | 1 |
| entities |
| | list_name | label | entity_id | create_if | update_if |
| | ho_dan | ${ho} | ${ho} | ${ho} = '' | ${ho} != '' |
| chi_tieu |
| | indicator | label::Tiếng Việt | label::English | unit | kind |
| | tham_ho | Hộ đã gặp | Households met | household | state |
"""
COLLECTORS = 3
PHONES = 6
VISITS = 48
"""A round."""
HOUSEHOLDS = 60
TRIES = 8
PATIENCE = 120  # seconds


@dataclasses.dataclass(frozen=True)
class Visit:
    """A filled form with its photo, if one was taken; `edits` is the instance that it takes the place of."""

    household: uuid.UUID
    photo: bytes | None
    edits: str | None = None
    instance: str = dataclasses.field(default_factory=lambda: f"uuid:{uuid.uuid4()}")

    @property
    def files(self) -> dict[str, bytes]:
        return {f"{self.instance[5:]}.jpg": self.photo} if self.photo else {}

    def xml(self) -> bytes:
        photo = next(iter(self.files), "")
        deprecated = f"<deprecatedID>{self.edits}</deprecatedID>" if self.edits else ""
        return (
            f'<data id="tham_thu" version="1"><ho>{self.household}</ho><ket_qua>gap</ket_qua><anh>{photo}</anh>'
            "<chi_tieu><tham_ho_done>1</tham_ho_done><tham_ho_of>1</tham_ho_of></chi_tieu>"
            f"<meta><instanceID>{self.instance}</instanceID>{deprecated}"
            f'<entity dataset="ho_dan" id="{self.household}" update="1"><label>Hộ</label></entity></meta></data>'
        ).encode()


@dataclasses.dataclass
class Tally:
    """What all rounds came to."""

    rounds: int = 0
    sent: int = 0
    photos: int = 0
    edits: int = 0
    acknowledged_before: int = 0
    """In the round itself, also while something was dead; the rest was told 503 or heard nothing."""
    unheard: int = 0
    """The connection broke: stored or not, the phone cannot know."""
    killed: dict[str, int] = dataclasses.field(default_factory=dict)


class Rounds:
    """One server with two processes, one database, and everything that was ever sent to it."""

    def __init__(
        self,
        served: Served,
        postgres: OwnPostgres | None,
        seed: int,
        mishaps: Mapping[str, Callable[[], None]] = MappingProxyType({}),
    ) -> None:
        """`mishaps` are more kinds of things that happen, by name, beside what is killed."""
        self.served, self.postgres, self.mishaps = served, postgres, mishaps
        self.random = random.Random(seed)
        self.tally = Tally()
        self.sent: list[Visit] = []
        self.may_edit: list[list[Visit]] = [[] for _ in range(COLLECTORS)]
        """By collector: nobody edits another's."""
        self.phones, self.households = self._town()

    def _town(self) -> tuple[list[Phone], list[uuid.UUID]]:
        commune = sample.make_commune()
        village = sample.make_village(commune, "11629001", "Thôn 1")
        sample.publish(FORM)
        codes = [sample.make_collector(commune, [village], name).token for name in ("An", "Bình", "Chi")]
        assert len(codes) == COLLECTORS
        first = sample.make_entity(village, "Hộ đầu")
        listed = db.session.scalars(sa.select(EntityList).where(EntityList.name == "ho_dan")).one()
        homes = [uuid.uuid4() for _ in range(HOUSEHOLDS)]
        db.session.add_all(
            Entity(id=home, list=listed, village_id=village.id, label="Hộ", data={}, version=1,
                   created_at=first.created_at, changed_at=first.created_at)
            for home in homes
        )  # fmt: skip
        db.session.commit()
        return [self.served.phone(codes[n % COLLECTORS]) for n in range(PHONES)], homes

    @property
    def kinds(self) -> tuple[str, ...]:
        """What can happen in a round."""
        return ("server", "workers", *(("postgres",) if self.postgres else ()), *self.mishaps)

    def run(self, victim: str = "") -> None:
        """One round: phones send, something happens at a random moment, what was not acknowledged is sent again."""
        visits = self._visits()
        victim = victim or self.random.choice(self.kinds)
        moment = self.random.uniform(0.02, 0.9)
        with ThreadPoolExecutor(PHONES) as pool:
            walks = [pool.submit(_send, phone, visits[n::PHONES]) for n, phone in enumerate(self.phones)]
            time.sleep(moment)  # a random moment is the point: there is no condition to wait for
            self._kill(victim)
            told = {key: status for walk in walks for key, status in walk.result(PATIENCE).items()}
        unfinished = [each for each in visits if told[each.instance] not in (201, 202)]
        assert set(told.values()) <= {201, 202, 503, None}, told
        self._check([each for each in visits if each not in unfinished])
        self._send_again(visits, {each.instance for each in unfinished})
        self.sent += visits
        for n in range(COLLECTORS):
            self.may_edit[n] += visits[n::COLLECTORS]
        self._check(visits)
        self._check_all()
        self._note(visits, victim, told)

    def _send_again(self, visits: Sequence[Visit], unfinished: set[str]) -> None:
        """As phones do, until all is acknowledged; a process may meet a few connections that died before."""
        for _try in range(TRIES):
            told: dict[str, int | None] = {}
            for n, phone in enumerate(self.phones):
                told |= _send(phone, [each for each in visits[n::PHONES] if each.instance in unfinished])
            assert set(told.values()) <= {201, 202, 503}, told
            unfinished = {instance for instance, status in told.items() if status == 503}
            if not unfinished:
                return
        raise AssertionError(f"never acknowledged: {unfinished}")

    def _visits(self) -> list[Visit]:
        """Some households twice, a third with photos, a quarter edits of what was acknowledged before."""
        made = []
        for number in range(VISITS):
            photo = (
                sample.photo(self.random.randbytes(3_000).replace(b"\xff", b"\0"))
                if number % 3 == 0
                else None
            )
            own = self.may_edit[number % COLLECTORS]
            if number % 4 == 0 and own:
                old = own.pop(self.random.randrange(len(own)))
                made.append(Visit(old.household, photo, old.instance))
            else:
                made.append(Visit(self.random.choice(self.households), photo))
        return made

    def _kill(self, victim: str) -> None:
        if victim in self.mishaps:
            self.mishaps[victim]()
        elif victim == "workers":
            self.served.kill_workers()
        elif victim == "server":
            self.served.kill()
            self.served.start()
        else:
            assert self.postgres is not None
            self.postgres.kill()
            self.postgres.start()

    def _check(self, visits: Sequence[Visit]) -> None:
        """Each of these is there exactly once, its photo byte for byte, its edit in the place of what it edits."""
        db.dispose()
        wait_until_applied()
        ids = {each.instance: each for each in visits}
        rows = sa.select(Submission.instance_id, Submission.id, Submission.missing_files)
        later = sa.select(Submission.instance_id, Submission.replaced_by_id)
        files = sa.select(Submission.instance_id, Attachment.stored_sha256).join(
            Attachment, Attachment.submission_id == Submission.id
        )
        with db.engine.connect() as connection:
            found = {row[0]: row for row in connection.execute(rows)}
            replaced = {row[0]: row[1] for row in connection.execute(later)}
            kept = {row[0]: row[1] for row in connection.execute(files)}
        for instance, visit in ids.items():
            assert instance in found, f"an acknowledged visit is lost: {instance}"
            if visit.photo is not None:
                assert found[instance][2] is None
                assert blobs.get(kept[instance]) == visit.photo, f"an acknowledged photo is lost: {instance}"
            if visit.edits is not None:
                assert replaced[visit.edits] == found[instance][1], (
                    f"an acknowledged edit is lost: {instance}"
                )

    def _check_all(self) -> None:
        """Nothing twice, nothing from nowhere, sums those of a recount: each household met counts once."""
        met = len({each.household for each in self.sent})
        with db.engine.connect() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(Submission)) == len(self.sent)
            assert tally.recount(connection) == []
            assert tally.months_differ(connection) == 0
            rows = tally.tally_rows().subquery()
            totals = sa.select(*(sa.func.sum(rows.c[name]) for name in ("done", "of", "subjects")))
            assert tuple(map(int, connection.execute(totals).one())) == (met, met, met)
            assert connection.scalar(sa.select(sa.func.count()).select_from(Village)) == 1

    def _note(self, visits: Sequence[Visit], victim: str, told: dict[str, int | None]) -> None:
        total = self.tally
        total.rounds += 1
        total.sent += len(visits)
        total.photos += sum(each.photo is not None for each in visits)
        total.edits += sum(each.edits is not None for each in visits)
        total.acknowledged_before += sum(status in (201, 202) for status in told.values())
        total.unheard += sum(status is None for status in told.values())
        total.killed[victim] = total.killed.get(victim, 0) + 1


def _send(phone: Phone, visits: Sequence[Visit]) -> dict[str, int | None]:
    """Each once; None where the connection broke, and the phone knows nothing about that visit."""
    told: dict[str, int | None] = {}
    for visit in visits:
        try:
            told[visit.instance] = phone.post(visit.xml(), visit.files).status
        except (OSError, http.client.HTTPException):
            told[visit.instance] = None
    return told
