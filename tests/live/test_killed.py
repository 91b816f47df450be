"""A server that dies at any moment, and phones that all send at once: nothing is lost, nothing is counted twice."""

import dataclasses
import http.client
import io
import random
import threading
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image

from server.counting import tally
from server.db import db
from server.files import photo_metadata as pictures
from server.models import Attachment, Entity, EntityList, Indicator, Submission, Village
from tests import sample
from tests.live.applied import wait_until_applied
from tests.live.served import Served
from tests.phone import Phone

pytestmark = pytest.mark.live

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
SENDS = 1_000
PHONES = 8
KILLS = 4


@dataclasses.dataclass(frozen=True)
class Visit:
    """A filled form with its photo, if one was taken."""

    instance: str
    household: uuid.UUID
    is_new: bool
    photo: bytes | None

    @property
    def files(self) -> dict[str, bytes]:
        return {f"{self.instance[5:]}.jpg": self.photo} if self.photo else {}

    def xml(self) -> bytes:
        act = "create" if self.is_new else "update"
        photo = next(iter(self.files), "")
        return (
            f'<data id="tham_thu" version="1"><ho>{self.household}</ho><ket_qua>gap</ket_qua><anh>{photo}</anh>'
            "<chi_tieu><tham_ho_done>1</tham_ho_done><tham_ho_of>1</tham_ho_of></chi_tieu>"
            f'<meta><instanceID>{self.instance}</instanceID><entity dataset="ho_dan" id="{self.household}" '
            f'{act}="1"><label>Hộ {self.household.hex[:6]}</label></entity></meta></data>'
        ).encode()


class Ledger:
    """What the phones were told; filled by many threads."""

    def __init__(self) -> None:
        self.statuses: dict[str, int] = {}
        self.cut: list[Visit] = []
        self._told = threading.Condition()

    def note(self, visit: Visit, status: int | None) -> None:
        with self._told:
            if status is None:
                self.cut.append(visit)
            else:
                self.statuses[visit.instance] = status
            self._told.notify_all()

    def wait_for(self, answers: int) -> None:
        """Until so many visits were answered."""
        with self._told:
            assert self._told.wait_for(lambda: len(self.statuses) >= answers, 120)


@pytest.fixture
def tokens(app: Flask) -> list[str]:
    """A commune with two thôn, 60 listed households, a published form; the QR codes of four collectors."""
    commune = sample.make_commune()
    villages = [sample.make_village(commune, f"1162900{n}", f"Thôn {n}") for n in (1, 2)]
    sample.publish(FORM)
    made = [sample.make_collector(commune, villages[:1], name) for name in ("An", "Bình", "Chi", "Dung")]
    listed = db.session.scalars(sa.select(EntityList).where(EntityList.name == "ho_dan")).one()
    first = sample.make_entity(villages[0], "Hộ đầu")
    db.session.add_all(
        Entity(id=uuid.uuid4(), list=listed, village_id=villages[0].id, label=f"Hộ {n}", data={}, version=1,
               created_at=first.created_at, changed_at=first.created_at)
        for n in range(59)
    )  # fmt: skip
    db.session.commit()
    return [each.token for each in made]


def _photo() -> bytes:
    """A picture like no other; it tells nothing beside itself, so that nothing of it is cut."""
    out = io.BytesIO()
    Image.frombytes("RGB", (36, 36), random.randbytes(3 * 36 * 36)).save(out, "JPEG", quality=90)
    assert pictures.bare(out.getvalue()).content == out.getvalue()
    return out.getvalue()


def visits(count: int) -> list[Visit]:
    """To listed households and, one in ten, to new ones; one in eight with a photo of its own."""
    known = list(db.session.scalars(sa.select(Entity.id)))
    db.session.rollback()
    found = []
    for n in range(count):
        new = n % 10 == 0
        photo = _photo() if n % 8 == 0 else None
        household = uuid.uuid4() if new else random.choice(known)
        found.append(Visit(f"uuid:{uuid.uuid4()}", household, new, photo))
    return found


def send_all(phone: Phone, ledger: Ledger, mine: Sequence[Visit]) -> None:
    """Each once, as it comes: a phone whose connection breaks knows nothing about that visit."""
    for visit in mine:
        try:
            status = phone.post(visit.xml(), visit.files).status
        except (OSError, http.client.HTTPException):
            ledger.note(visit, None)
        else:
            ledger.note(visit, status)


def test_a_killed_server_loses_no_acknowledged_visit(served: Served, tokens: list[str]) -> None:
    """C37, C40: a phone deletes what was acknowledged and sends the rest again."""
    sent = visits(SENDS)
    ledger = Ledger()
    moments = sorted(random.sample(range(30, SENDS - 100), KILLS))
    phones = [served.phone(tokens[n % len(tokens)]) for n in range(PHONES)]
    with ThreadPoolExecutor(PHONES) as pool:
        walks = [pool.submit(send_all, phone, ledger, sent[n::PHONES]) for n, phone in enumerate(phones)]
        for number, moment in enumerate(moments):
            ledger.wait_for(moment)
            if number % 2:
                served.kill_workers()
            else:
                served.kill()
                served.start()
        for walk in walks:
            walk.result(120)
    assert set(ledger.statuses.values()) <= {201, 202}
    assert len(ledger.statuses) + len(ledger.cut) == SENDS
    assert_kept([visit for visit in sent if visit.instance in ledger.statuses])

    again = Ledger()
    send_all(phones[0], again, ledger.cut)
    assert again.cut == []
    assert set(again.statuses.values()) <= {201, 202}
    assert_kept(sent)
    assert_nothing_else(sent)


def assert_kept(sent: Sequence[Visit]) -> None:
    """Every one of these is there exactly once, and its photo is on disk byte for byte."""
    db.session.rollback()
    stored = db.session.execute(
        sa.select(Submission.instance_id, sa.func.count()).group_by(Submission.instance_id)
    )
    times = dict(stored.all())
    assert {visit.instance: times.get(visit.instance, 0) for visit in sent} == dict.fromkeys(
        (visit.instance for visit in sent), 1
    )
    rows = sa.select(Submission.instance_id, Attachment.stored_sha256, Submission.missing_files).join(
        Attachment, Attachment.submission_id == Submission.id
    )
    photos = {row[0]: (sample.path_of(row[1]).read_bytes(), row[2]) for row in db.session.execute(rows)}
    for visit in sent:
        if visit.photo is not None:
            assert photos[visit.instance] == (visit.photo, None)
    db.session.rollback()


def assert_nothing_else(sent: Sequence[Visit]) -> None:
    """No visit came of nothing, and the sums are those of the findings, each household once."""
    wait_until_applied()
    with db.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(Submission)) == len(sent)
        assert tally.recount(connection) == []
        rows = tally.tally_rows().subquery()
        totals = sa.select(*(sa.func.sum(rows.c[name]) for name in ("done", "of", "subjects")))
        met = len({visit.household for visit in sent})
        assert tuple(map(int, connection.execute(totals).one())) == (met, met, met)
        villages = sa.select(Village.code).join(rows, rows.c.village_id == Village.id).distinct()
        assert connection.scalars(villages).all() == ["11629001"]
        assert connection.scalars(sa.select(Indicator.code)).all() == ["tham_ho"]


def test_the_same_visit_twenty_times_at_once_is_one_record(served: Served, tokens: list[str]) -> None:
    """C40, C46: over real connections to several processes; one 201, nineteen 202."""
    [visit] = visits(1)
    ready = threading.Barrier(20)

    def send(phone: Phone) -> int:
        ready.wait(60)
        return phone.post(visit.xml(), visit.files).status

    assert served.phone(tokens[0]).head().status == 204  # everybody is at work
    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(partial(send, served.phone(tokens[0]))) for _ in range(20)]
        statuses = [each.result(120) for each in waiting]
    assert sorted(statuses) == [201] + [202] * 19
    assert_kept([visit])
    assert_nothing_else([visit])
