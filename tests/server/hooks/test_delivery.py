"""Submissions are sent on to a real receiver: each change once, in order, again after failures, until a pause."""

import base64
import contextlib
import dataclasses
import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskCliRunner

from forms import instance
from server import audit, clock
from server.accounts import persons
from server.counting import writer_lock
from server.db import db
from server.hooks import delivery, delivery_process, hook_register, outbox, retries_and_pauses, signed_request
from server.hooks.hook_register import HookSecrets, HookWish
from server.intake import catch_up, receive_submission
from server.intake.submission_sender import Sender
from server.models import Audit, Commune, Form, Hook, HookDelivery, Person, Submission
from server.privacy import erase
from server.review import decisions
from server.review.decisions import Reviewer
from server.settings import Settings
from tests import people, receiver, sample
from tests.conftest import Template, on_a_copy
from tests.receiver import Receiver

ROOT = Path(__file__).parents[3]


@pytest.fixture
def other() -> Iterator[Receiver]:
    with receiver.receiving() as found:
        yield found


@pytest.fixture
def settings(prepared: Template, tmp_path: Path, other: Receiver) -> Iterator[Settings]:
    with on_a_copy(
        prepared, tmp_path, hook_hosts=other.origin, hook_networks="127.0.0.0/8", apply_ms=0
    ) as found:
        yield found


class House:
    """A commune with a form, a hook, an officer who made it, and a phone that sends."""

    def __init__(self, app: Flask, origin: str, form: str = sample.PLAIN, **wish: object) -> None:
        self.commune = sample.make_commune()
        self.village = sample.make_village(self.commune)
        made = sample.make_collector(self.commune, [self.village])
        self.sender = Sender(made.collector.id, self.commune.id, {self.village.code: self.village.id})
        names = {"form_id": "don_gian", "version": "1", "title": "Đơn giản"} if form == sample.PLAIN else {}
        sample.publish(form, **names)
        self.officer = people.make_person("can.bo", "officer", self.commune)
        self.app, self.moment = app, clock.now()
        self.hook = self.add(f"{origin}/phieu?khoa=1", **wish)
        self.commune_id = self.commune.id
        db.session.close()

    def add(self, url: str, **wish: object) -> int:
        with self.app.test_request_context():
            audit.act_as(f"person:{self.officer}")
            form = db.session.scalars(sa.select(Form)).one()
            wanted = HookWish("Trục liên thông", url, **({"export_type": "xml"} | wish))
            hook = hook_register.add(db.session.get_one(Commune, self.commune.id), form, self.officer, wanted)
            db.session.commit()
            return hook.id

    def send(self, number: int = 3, name: str = "", edits: str = "") -> str:
        """A visit comes in, or an edit of one, and is applied."""
        name = name or f"uuid:{uuid.uuid4()}"
        xml = sample.filled(f"<so>{number}</so><anh/>", instance_id=name)
        if edits:
            xml = xml.replace(b"</instanceID>", f"</instanceID><deprecatedID>{edits}</deprecatedID>".encode())
        receive_submission.accept(xml, (), self.sender)
        catch_up.caught_up()
        return name

    def decide(self, instance: str, state: str) -> None:
        with db.engine.connect().execution_options(writes=True) as connection:
            row = connection.execute(
                sa.select(Submission.id, Submission.review).where(Submission.instance_id == instance)
            ).one()
            by = Reviewer(f"person:{self.officer}", "Cán bộ", self.commune_id)
            decisions.decide(connection, row.id, state, expected=row.review, reviewer=by)
            connection.commit()

    def deliver(self) -> int:
        try:
            return delivery.send_due("test")
        finally:
            delivery.let_go("test")

    def row(self) -> Hook:
        db.session.rollback()
        return db.session.get_one(Hook, self.hook, populate_existing=True)

    def states(self) -> list[str]:
        db.session.rollback()
        return list(db.session.scalars(sa.select(HookDelivery.state).order_by(HookDelivery.id)))


@pytest.fixture
def house(app: Flask, other: Receiver) -> House:
    return House(app, other.origin)


@contextlib.contextmanager
def later(monkeypatch: pytest.MonkeyPatch, **passed: float) -> Iterator[None]:
    """The clock so much later than it is."""
    now = clock.now() + dt.timedelta(**passed)
    with monkeypatch.context() as patched:
        patched.setattr(clock, "now", lambda: now)
        yield


def test_what_is_accepted_edited_and_decided_is_sent_once_each_in_order(
    house: House, other: Receiver
) -> None:
    first = house.send(1)
    second = house.send(2, edits=first)
    house.decide(second, "has_issues")
    house.decide(second, "approved")
    assert house.deliver() == 4
    assert other.changes() == ["accepted", "edited", "has_issues", "approved"]
    assert {each.path for each in other.got} == {"/phieu?khoa=1"}
    said = [instance.read(each.body).root.findtext("so") for each in other.got]
    assert said == ["1", "2", "2", "2"]
    assert house.deliver() == 0
    assert len(other.got) == 4


def test_a_resend_tells_nobody_anything(house: House, other: Receiver) -> None:
    name = f"uuid:{uuid.uuid4()}"
    house.send(1, name=name)
    house.send(1, name=name)
    house.deliver()
    assert other.changes() == ["accepted"]


def test_a_rejected_one_is_told_and_one_that_was_set_aside_is_not(house: House, other: Receiver) -> None:
    name = house.send()
    house.decide(name, "rejected")
    stranger = sample.filled(version="9")  # of no version that was published: set aside
    receive_submission.accept(stranger, (), house.sender)
    catch_up.caught_up()
    house.deliver()
    assert other.changes() == ["accepted", "rejected"]


def test_what_is_set_aside_before_it_went_is_withheld(house: House, other: Receiver) -> None:
    house.send()
    with db.engine.connect().execution_options(writes=True) as connection:
        writer_lock.hold(connection)
        connection.execute(sa.update(Submission).values(quarantine="flood"))
        connection.commit()
    house.deliver()
    assert other.got == []
    assert house.states() == ["withheld"]


def test_another_communes_visits_go_to_nobody_here(house: House, other: Receiver) -> None:
    elsewhere = sample.make_commune("10930", "Mao Điền")
    village = sample.make_village(elsewhere, "10930001")
    made = sample.make_collector(elsewhere, [village], "Người khác")
    house.sender = Sender(made.collector.id, elsewhere.id, {village.code: village.id})
    house.send()
    house.deliver()
    assert other.got == []


def test_without_a_hook_nothing_is_written(house: House) -> None:
    db.session.execute(sa.update(Hook).values(active=False))
    db.session.commit()
    house.send()
    assert house.states() == []


def test_a_failing_address_is_tried_ten_times_in_two_days_and_then_rests_until_a_person_says_so(
    house: House, other: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    other.usual, other.text = 503, "đang bảo trì".encode()
    name = house.send(1)
    house.decide(name, "approved")
    house.send(2)
    passed = 0.0
    for number, pause in enumerate((*retries_and_pauses.SPACING, 0), 1):
        with later(monkeypatch, seconds=passed):
            house.deliver()
        assert len(other.got) == number
        with later(monkeypatch, seconds=passed + pause / 2):
            house.deliver()
        assert len(other.got) == number
        passed += pause + 1
    assert dt.timedelta(days=1) < dt.timedelta(seconds=passed) <= dt.timedelta(days=2)
    why = house.row().paused_why or ""
    assert "hai ngày" in why
    assert "503 Service Unavailable đang bảo trì" in why
    with later(monkeypatch, days=20):
        assert house.deliver() == 0
    assert len(other.got) == 10
    other.usual = 200
    with house.app.test_request_context():
        audit.act_as(f"person:{house.officer}")
        hook_register.go_on(house.row())
        db.session.commit()
    assert house.deliver() == 3
    assert other.changes()[-3:] == ["accepted", "approved", "accepted"]
    assert house.row().failures == 0


def test_a_backlog_of_a_failing_address_costs_one_try_not_one_for_each(house: House, other: Receiver) -> None:
    other.usual = 500
    for number in range(8):
        house.send(number)
    house.deliver()
    assert len(other.got) == 1


def test_one_that_an_address_will_not_have_holds_up_its_own_chain_alone(
    house: House, other: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    other.answers = [422]
    name = house.send(1)
    house.decide(name, "approved")
    house.send(2)
    assert house.deliver() == 1
    assert other.changes() == ["accepted", "accepted"]
    with later(monkeypatch, seconds=61):
        assert house.deliver() == 2
    assert other.changes() == ["accepted", "accepted", "accepted", "approved"]
    assert other.got[0].delivery == other.got[2].delivery
    assert [each.headers["x-tungnha-try"] for each in other.got] == ["1", "1", "2", "1"]


def test_after_two_days_it_is_given_up_and_can_be_tried_again(
    house: House, other: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    other.usual = 422
    house.send()
    for day in range(0, 240, 13):
        with later(monkeypatch, hours=day):
            house.deliver()
    assert (len(other.got), house.states()) == (10, ["failed"])
    assert house.row().paused_at is None
    other.usual = 200
    with house.app.test_request_context():
        audit.act_as(f"person:{house.officer}")
        assert hook_register.retry(house.row()) == 1
        db.session.commit()
    assert house.deliver() == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(house: House, other: Receiver, status: int) -> None:
    other.usual, other.location = status, f"{other.origin}/noi-khac"
    house.send()
    house.deliver()
    assert [each.path for each in other.got] == ["/phieu?khoa=1"]
    assert house.row().failures == 1


def test_an_address_that_asks_to_be_left_alone_is(
    house: House, other: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """429 with `Retry-After`: not before, whatever waits; and of its asking no longer than half a day."""
    other.usual, other.retry_after = 429, "1800"
    house.send(1)
    house.deliver()
    with later(monkeypatch, seconds=1700):
        house.deliver()
    assert len(other.got) == 1
    other.retry_after = "99999999999999999999"
    with later(monkeypatch, seconds=1801):
        house.deliver()
    assert len(other.got) == 2
    other.usual, other.retry_after = 200, ""
    with later(monkeypatch, seconds=1801 + 12 * 3600 + 1):
        assert house.deliver() == 1


def test_a_receiver_that_takes_its_time_keeps_nobody_waiting(house: House, other: Receiver) -> None:
    """While it holds back its answer with 10,000 waiting behind, visits come in, and nothing is held for it."""
    house.send(1)
    with db.engine.connect().execution_options(writes=True) as connection:
        [row] = connection.execute(sa.select(HookDelivery.__table__)).mappings().all()
        more = {name: value for name, value in row.items() if name != "id"}
        connection.execute(
            sa.insert(HookDelivery), [more | {"uid": f"hl{number:020}"} for number in range(10_000)]
        )
        connection.commit()
    other.holds.set()
    sends = threading.Thread(target=_deliver_one, args=(house.app,))
    sends.start()
    while not other.got:
        time.sleep(0.01)
    began = time.monotonic()
    house.send(2)
    took = time.monotonic() - began
    other.usual = 503
    other.holds.clear()
    sends.join()
    assert took < 5
    assert db.session.scalar(sa.select(sa.func.count(Submission.id))) == 2


def _deliver_one(app: Flask) -> None:
    with app.app_context():
        try:
            delivery.send_due("slow")
        finally:
            delivery.let_go("slow")
            db.session.close()


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120), (" 5 ", 5), ("", 0), ("-3", 0), ("soon", 0), ("1.5", 0), ("99999999999", 43200),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("Fri, 31 Dec 9999 23:59:59 GMT", 43200), ("Fri, 99 Xyz 9999", 0),
    ],
)  # fmt: skip
def test_what_an_address_asks_for_is_read_or_passed_over(said: str, seconds: int) -> None:
    assert signed_request.asked_rest(said) == dt.timedelta(seconds=seconds)


def test_gone_is_taken_at_its_word(house: House, other: Receiver) -> None:
    other.usual = 410
    house.send()
    house.deliver()
    assert "410" in (house.row().paused_why or "")


def test_an_address_that_is_no_longer_allowed_gets_nothing(house: House, other: Receiver, app: Flask) -> None:
    app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], hook_networks="")
    house.send()
    house.deliver()
    assert other.got == []
    [row] = db.session.scalars(sa.select(HookDelivery))
    assert "TUNGNHA_HOOK_NETWORKS" in (row.answer or "")


def test_an_answer_that_drips_is_cut_off(house: House, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signed_request, "LONGEST", 0.4)
    with receiver.dripping(b"H", 0.05) as port:
        own = dataclasses.replace(app.config["SETTINGS"], hook_hosts=f"http://127.0.0.1:{port}")
        began = time.monotonic()
        posted = signed_request.post(f"http://127.0.0.1:{port}/", b"{}", {}, own)
    assert not posted.is_taken
    assert posted.status is None
    assert time.monotonic() - began < 5


def test_a_long_answer_is_read_to_a_bound_and_kept_short(house: House, other: Receiver) -> None:
    other.text = b"<html>\n" + b"x" * 3_000_000
    house.send()
    assert house.deliver() == 1
    [row] = db.session.scalars(sa.select(HookDelivery))
    assert len(row.answer or "") == signed_request.SHOWN


def test_requests_are_signed_and_carry_what_was_agreed(app: Flask, other: Receiver) -> None:
    secrets = HookSecrets("khoa-ky", "tên", "mật khẩu", {"X-Don-Vi": "xa-11629"})
    house = House(app, other.origin, secrets=secrets)
    house.send()
    house.deliver()
    [got] = other.got
    seconds = dict(part.split("=") for part in got.headers["x-tungnha-signature"].split(","))["t"]
    moment = dt.datetime.fromtimestamp(int(seconds), dt.UTC)
    assert got.headers["x-tungnha-signature"] == signed_request.signature("khoa-ky", moment, got.body)
    assert abs(moment - clock.now()) < dt.timedelta(minutes=1)
    assert got.headers["x-don-vi"] == "xa-11629"
    pair = base64.b64encode("tên:mật khẩu".encode()).decode()
    assert got.headers["authorization"] == f"Basic {pair}"
    stored = house.row().secrets or b""
    assert b"khoa-ky" not in stored


PRIVATE = """
| survey |
| | type | name | label | phan_loai |
| | text | chu_ho | Chủ hộ | ca_nhan |
| | integer | so | Số | |
| | text | ghi_chu | Ghi chú | |
| settings |
| | form_title | form_id | version |
| | Riêng tư | rieng_tu | 1 |
"""


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({}, {"so": "3", "ghi_chu": "x"}),
        ({"personal": True}, {"chu_ho": "Nguyễn Thị Kín", "so": "3", "ghi_chu": "x"}),
        ({"questions": ["so", "chu_ho"]}, {"so": "3"}),
        ({"questions": ["chu_ho"], "personal": True}, {"chu_ho": "Nguyễn Thị Kín"}),
    ],
)
def test_as_json_it_is_what_programs_of_kobo_read(
    app: Flask, other: Receiver, wish: dict[str, object], told: dict[str, str]
) -> None:
    house = House(app, other.origin, form=PRIVATE, export_type="json", **wish)
    answers = "<chu_ho>Nguyễn Thị Kín</chu_ho><so>3</so><ghi_chu>x</ghi_chu>"
    xml = sample.filled(answers, form_id="rieng_tu")
    receive_submission.accept(xml, (), house.sender)
    catch_up.caught_up()
    house.deliver()
    [got] = other.got
    assert got.headers["content-type"].startswith("application/json")
    said = orjson.loads(got.body)
    assert {name: said[name] for name in said if name in ("chu_ho", "so", "ghi_chu")} == told
    assert said["meta/instanceID"] == instance.read(xml).instance_id
    assert {"_id", "_uuid", "_submission_time", "_validation_status", "__version__"} <= said.keys()


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({}, {"so", "ghi_chu", "meta"}),
        ({"personal": True}, {"chu_ho", "so", "ghi_chu", "meta"}),
        ({"questions": ["so", "chu_ho"]}, {"so", "meta"}),
    ],
)
def test_personal_answers_go_along_only_where_that_was_chosen(
    app: Flask, other: Receiver, wish: dict[str, object], told: set[str]
) -> None:
    house = House(app, other.origin, form=PRIVATE, **wish)
    answers = "<chu_ho>Nguyễn Thị Kín</chu_ho><so>3</so><ghi_chu>x</ghi_chu>"
    receive_submission.accept(sample.filled(answers, form_id="rieng_tu"), (), house.sender)
    catch_up.caught_up()
    house.deliver()
    [got] = other.got
    assert {each.tag for each in instance.read(got.body).root} == told
    assert ("Nguyễn Thị Kín" in got.body.decode()) is ("chu_ho" in told)


def test_what_was_deleted_waits_no_more(house: House, other: Receiver) -> None:
    house.send()
    with db.engine.connect().execution_options(writes=True) as connection:
        doomed = erase.of_submissions(connection, list(connection.scalars(sa.select(Submission.id))))
        erase.erase(connection, doomed, keeps_counts=False)
        connection.commit()
    assert house.states() == []
    assert house.deliver() == 0
    assert other.got == []


def test_each_turn_is_in_the_audit_in_sum(house: House) -> None:
    for number in range(3):
        house.send(number)
    house.deliver()
    db.session.rollback()
    told = db.session.scalars(sa.select(Audit).where(Audit.act == "hook.send")).all()
    assert [(row.record, row.detail, row.actor) for row in told] == [
        (f"hook:{house.hook}", {"rows": 3, "personal": False}, f"person:{house.officer}")
    ]


def test_it_rests_where_whose_it_is_has_the_right_no_more(house: House, other: Receiver) -> None:
    persons.disable(db.session.get_one(Person, house.officer), by=audit.SHELL)
    db.session.commit()
    house.send()
    house.deliver()
    assert other.got == []
    assert "không còn quyền" in (house.row().paused_why or "")


def test_another_sender_leaves_a_held_hook_alone_until_its_time_is_over(
    house: House, other: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.send()
    with db.engine.connect().execution_options(writes=True) as connection:
        held = {"held_by": "dead", "held_until": clock.now() + delivery.LEASE}
        connection.execute(sa.update(Hook).values(**held))
        connection.commit()
    assert house.deliver() == 0
    with later(monkeypatch, seconds=delivery.LEASE.total_seconds() + 1):
        assert house.deliver() == 1


def test_a_sender_that_is_killed_in_the_middle_loses_nothing_and_keeps_the_order(
    house: House, other: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receiver may have had the one that was under way; it comes again under the same name."""
    name = house.send(1)
    house.decide(name, "approved")
    for number in range(2, 6):
        house.send(number)
    db.session.close()
    other.holds.set()
    begun = subprocess.Popen(
        [sys.executable, "-c", "from app import create_app; from server.hooks.delivery_process import work; "
         "work(create_app(), nice=0)"], cwd=ROOT, env=os.environ | settings.environ(),
    )  # fmt: skip
    until = time.monotonic() + 60
    while not other.got and time.monotonic() < until:
        time.sleep(0.02)
    begun.send_signal(signal.SIGKILL)
    begun.wait()
    other.holds.clear()
    assert len(other.got) == 1
    with later(monkeypatch, seconds=delivery.LEASE.total_seconds() + 1):
        house.deliver()
    once = list(dict.fromkeys((each.delivery, each.change) for each in other.got))
    assert [change for _, change in once] == ["accepted", "approved", *["accepted"] * 4]
    assert len(other.got) == 7
    assert other.got[0].delivery == other.got[1].delivery


def test_what_went_long_ago_is_forgotten_and_what_nobody_let_go_on_is_given_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.send(1)
    house.deliver()
    house.send(2)
    with later(monkeypatch, days=31), db.engine.connect().execution_options(writes=True) as connection:
        assert (outbox.forget_old(connection), retries_and_pauses.give_up_old(connection)) == (1, 1)
        connection.commit()
    assert house.states() == ["failed"]


def test_the_command_sends_what_waits(house: House, other: Receiver, app: Flask) -> None:
    house.send()
    runner: FlaskCliRunner = app.test_cli_runner()
    assert runner.invoke(args=["hooks", "send"]).output == "Đã gửi 1 thay đổi.\n"
    assert other.changes() == ["accepted"]
    assert "đã gửi 1, chờ 0, hỏng 0" in runner.invoke(args=["hooks", "list"]).output


def test_a_process_is_begun_where_something_waits_and_one_alone(house: House, other: Receiver) -> None:
    house.send()
    delivery_process.wake()
    [begun] = delivery_process._begun
    until = time.monotonic() + 60
    while not other.got and time.monotonic() < until:
        time.sleep(0.02)
    delivery_process.wake()
    assert delivery_process._begun == [begun]
    begun.kill()
    begun.wait()
    assert other.changes() == ["accepted"]


def test_nothing_is_begun_where_nothing_waits(house: House) -> None:
    delivery_process.wake()
    assert [each for each in delivery_process._begun if each.poll() is None] == []


def test_a_backlog_costs_a_visit_a_few_statements(house: House) -> None:
    """However much waits for a receiver that does not answer."""

    def statements() -> int:
        seen: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            seen.append(statement)

        sa.event.listen(db.engine, "before_cursor_execute", note)
        house.send()
        sa.event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    house.send()
    first = statements()
    for number in range(30):
        house.send(number)
    assert statements() == first
    db.session.rollback()
    db.session.execute(sa.delete(HookDelivery))
    db.session.execute(sa.delete(Hook))
    db.session.commit()
    assert first - statements() == 2
