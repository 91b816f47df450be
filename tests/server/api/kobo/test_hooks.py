"""Hooks in Kobo's shape (REST services): named, told, changed, tried again, removed by a program."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from flask import Flask

from server.hooks import delivery
from server.models import Commune
from server.settings import Settings
from tests import receiver
from tests.conftest import Template, on_a_copy
from tests.people import bearing
from tests.receiver import Receiver
from tests.server.api.conftest import Client, token_of
from tests.server.api.kobo.filled_form import ASSET, Field

HOOKS = f"{ASSET}/hooks/"
NEEDED = {
    "url", "logs_url", "asset", "uid", "name", "endpoint", "active", "export_type", "auth_level", "success_count",
    "failed_count", "pending_count", "settings", "date_modified", "email_notification", "subset_fields",
}  # fmt: skip


@pytest.fixture
def other() -> Iterator[Receiver]:
    with receiver.receiving() as found:
        yield found


@pytest.fixture
def settings(beginning: Template, tmp_path: Path, other: Receiver) -> Iterator[Settings]:
    with on_a_copy(beginning, tmp_path, hook_hosts=other.origin, hook_networks="127.0.0.0/8") as found:
        yield found


@pytest.fixture
def field(commune: Commune) -> Field:
    return Field(commune)


def add(client: Client, origin: str, **fields: object) -> dict[str, object]:
    answer = client.open("POST", HOOKS, json={"name": "Trục", "endpoint": f"{origin}/p", **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


def deliver() -> None:
    delivery.send_due("test")
    delivery.let_go("test")


def test_a_hook_is_named_and_told_in_kobos_shape(officer: Client, field: Field, other: Receiver) -> None:
    made = add(officer, other.origin)
    assert made.keys() >= NEEDED
    told = officer.json(HOOKS)
    assert (told["count"], told["results"]) == (1, [made])
    assert officer.json(f"{HOOKS}{made['uid']}/") == made


def test_submissions_are_sent_and_stand_in_the_log(officer: Client, field: Field, other: Receiver) -> None:
    made = add(officer, other.origin, export_type="xml")
    number = field.send()
    deliver()
    assert other.changes() == ["accepted"]
    [line] = officer.json(f"{HOOKS}{made['uid']}/logs/")["results"]
    assert (line["submission_id"], line["status"], line["status_code"], line["message"]) == (
        number,
        2,
        200,
        "ok",
    )
    assert officer.json(line["url"].removeprefix("http://localhost")) == line
    assert officer.json(f"{HOOKS}{made['uid']}/")["success_count"] == 1


def test_what_failed_is_tried_again_when_asked(officer: Client, field: Field, other: Receiver) -> None:
    made = add(officer, other.origin, export_type="xml")
    other.usual = 503
    field.send()
    deliver()
    path = f"{HOOKS}{made['uid']}"
    [line] = officer.json(f"{path}/logs/")["results"]
    assert (line["status"], line["status_str"], line["status_code"]) == (1, "Pending", 503)
    other.usual = 200
    assert officer.open("PATCH", f"{path}/retry/").status_code == 200
    deliver()
    assert officer.json(f"{path}/logs/{line['uid']}/")["status_str"] == "Success"
    assert officer.open("PATCH", f"{path}/logs/{line['uid']}/retry/").status_code == 200
    deliver()
    assert len(other.got) == 2, "what was taken is not sent again"


def test_it_is_changed_and_removed(officer: Client, field: Field, other: Receiver) -> None:
    path = f"{HOOKS}{add(officer, other.origin, settings={'custom_headers': {'X-A': 'b'}})['uid']}/"
    answer = officer.open("PATCH", path, json={"active": False, "subset_fields": ["ho/so_nguoi"]})
    assert (answer.json["active"], answer.json["subset_fields"]) == (False, ["ho/so_nguoi"])
    assert answer.json["settings"] == {"username": "", "custom_headers": {"X-A": ""}}
    field.send()
    deliver()
    assert other.got == []
    assert officer.open("DELETE", path).status_code == 204
    assert officer.get(path).status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"endpoint": "https://khac.example.vn/"}, {"endpoint": "http://169.254.169.254/"}, {"endpoint": 3},
        {"name": ""}, {"export_type": "yaml"}, {"settings": []}, {"settings": {"custom_headers": {"Host": "a"}}},
        {"subset_fields": "a"}, {"active": "maybe"}, {"settings": {"custom_headers": {"X": "a\r\nb: c"}}},
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_refused(
    officer: Client, field: Field, other: Receiver, fields: dict[str, object]
) -> None:
    answer = officer.open("POST", HOOKS, json={"name": "A", "endpoint": f"{other.origin}/p", **fields})
    assert answer.status_code in (400, 422)
    assert officer.json(HOOKS)["count"] == 0


def test_personal_answers_need_a_key_that_reads_them(officer: Client, field: Field, other: Receiver) -> None:
    """The key of `/token` does not."""
    answer = officer.open(
        "POST", HOOKS, json={"name": "A", "endpoint": f"{other.origin}/p", "personal": True}
    )
    assert answer.status_code == 400


def test_whoever_may_not_keep_hooks_finds_none(
    app: Flask, leader: Client, field: Field, other: Receiver
) -> None:
    reviewer = Client(app, bearing(token_of(app, "reviewer")))
    for client in (leader, reviewer):
        assert client.get(HOOKS).status_code == 404
        body = {"name": "A", "endpoint": f"{other.origin}/p"}
        assert client.open("POST", HOOKS, data=orjson.dumps(body)).status_code == 403
