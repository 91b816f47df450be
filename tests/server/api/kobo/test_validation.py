"""K13: validation statuses are the states of review; what is decided here counts as what is decided on a page."""

import pytest
import sqlalchemy as sa
from flask import Flask

from server.api.kobo.validation_routes import FIELD
from server.counting import recount
from server.db import db
from server.models import Commune, SubmissionReview
from tests import sample
from tests.people import bearing, make_person
from tests.server.api.conftest import Client, token_of
from tests.server.api.kobo import filled_form
from tests.server.api.kobo.filled_form import ASSET, Field

DATA = f"{ASSET}/data"


@pytest.fixture
def field(commune: Commune) -> Field:
    return Field(commune)


def test_one_is_approved_and_told_in_kobos_words(officer: Client, field: Field) -> None:
    number = field.send()
    path = f"{DATA}/{number}/validation_status/"
    assert officer.json(path) == {}
    answer = officer.open("PATCH", path, json={FIELD: "validation_status_approved"})
    assert answer.status_code == 200
    told = answer.json
    assert (told["uid"], told["label"]) == ("validation_status_approved", "Approved")
    assert isinstance(told["timestamp"], int)
    assert officer.json(path) == told
    assert filled_form.row(number).review == "approved"


@pytest.mark.parametrize(
    ("uid", "label", "state"),
    [
        ("validation_status_approved", "Approved", "approved"),
        ("validation_status_not_approved", "Not Approved", "rejected"),
        ("validation_status_on_hold", "On Hold", "has_issues"),
    ],
)
def test_each_status_is_a_state_of_review(
    officer: Client, field: Field, uid: str, label: str, state: str
) -> None:
    number = field.send()
    answer = officer.open("PATCH", f"{DATA}/{number}/validation_status/", data={FIELD: uid})
    assert (answer.json["label"], filled_form.row(number).review) == (label, state)


def test_deleting_it_leaves_a_submission_that_nobody_decided(officer: Client, field: Field) -> None:
    number = field.send()
    path = f"{DATA}/{number}/validation_status/"
    officer.open("PATCH", path, json={FIELD: "validation_status_on_hold"})
    assert officer.open("DELETE", path).status_code == 204
    assert officer.json(path) == {}


@pytest.mark.parametrize("uid", ["", "x", "validation_status", None, 3, ["validation_status_approved"]])
def test_a_status_that_there_is_not_is_told_in_kobos_sentence(
    officer: Client, field: Field, uid: object
) -> None:
    number = field.send()
    answer = officer.open("PATCH", f"{DATA}/{number}/validation_status/", json={FIELD: uid})
    assert answer.status_code == 400
    assert "alidation" in answer.json["detail"]


def test_many_are_decided_at_once_each_with_its_history(officer: Client, field: Field) -> None:
    numbers = [field.send() for _ in range(3)]
    said = {"payload": {"submission_ids": numbers, FIELD: "validation_status_approved"}}
    answer = officer.open("PATCH", f"{DATA}/validation_statuses/", json=said)
    assert answer.json == {"detail": "3 submissions have been updated"}
    db.session.rollback()
    rows = db.session.scalars(sa.select(SubmissionReview)).all()
    assert {(each.submission_id, each.after) for each in rows} == {(n, "approved") for n in numbers}
    assert officer.open("DELETE", f"{DATA}/validation_statuses/", json=said).status_code == 200
    assert {filled_form.row(number).review for number in numbers} == {"received"}


def test_a_query_decides_what_the_list_shows_for_it(officer: Client, field: Field) -> None:
    few, many, more = (field.send(so_nguoi=said) for said in ("2", "7", "11"))
    said = {"payload": {"query": {"ho/so_nguoi": {"$gte": 7}}, FIELD: "validation_status_on_hold"}}
    answer = officer.open("PATCH", f"{DATA}/validation_statuses/", json=said)
    assert answer.json == {"detail": "2 submissions have been updated"}
    assert [filled_form.row(number).review for number in (few, many, more)] == [
        "received", "has_issues", "has_issues",
    ]  # fmt: skip
    on_hold = {"payload": {"query": {"_validation_status.uid": "validation_status_on_hold"}}}
    assert officer.open("DELETE", f"{DATA}/validation_statuses/", json=on_hold).status_code == 200
    assert {filled_form.row(number).review for number in (few, many, more)} == {"received"}


def test_a_query_about_what_a_key_may_not_read_decides_nothing(officer: Client, field: Field) -> None:
    number = field.send(chu_ho="Vũ Thị Lan")
    said = {"payload": {"query": {"ho/chu_ho": "Vũ Thị Lan"}, FIELD: "validation_status_approved"}}
    officer.open("PATCH", f"{DATA}/validation_statuses/", json=said)
    assert filled_form.row(number).review == "received"


def test_every_submission_of_the_list_is_decided_only_where_it_is_meant(
    officer: Client, field: Field
) -> None:
    numbers = [field.send() for _ in range(2)]
    said = {"query": {}, FIELD: "validation_status_approved"}
    answer = officer.open("PATCH", f"{DATA}/validation_statuses/", json={"payload": said})
    assert (answer.status_code, answer.json) == (400, {"payload": "`confirm` is required"})
    assert {filled_form.row(number).review for number in numbers} == {"received"}
    meant = {"payload": said | {"confirm": True}}
    assert officer.open("PATCH", f"{DATA}/validation_statuses/", json=meant).status_code == 200
    assert {filled_form.row(number).review for number in numbers} == {"approved"}


@pytest.mark.parametrize("query", ["x", 3, None, [], {"ho/khong_co": {"$where": 1}}, {"$expr": {}}])
def test_a_query_that_cannot_be_read_decides_nothing(officer: Client, field: Field, query: object) -> None:
    number = field.send()
    said = {"payload": {"query": query, FIELD: "validation_status_approved", "confirm": True}}
    assert officer.open("PATCH", f"{DATA}/validation_statuses/", json=said).status_code == 400
    assert filled_form.row(number).review == "received"


def test_rejected_leaves_the_counts(officer: Client, field: Field) -> None:
    number = field.send()
    officer.open(
        "PATCH", f"{DATA}/{number}/validation_status/", json={FIELD: "validation_status_not_approved"}
    )
    db.session.rollback()
    assert recount.compare().differences == ()


def test_a_leader_finds_nothing_and_another_commune_neither(app: Flask, leader: Client, field: Field) -> None:
    number = field.send()
    path = f"{DATA}/{number}/validation_status/"
    assert leader.get(path).status_code == 404
    assert leader.open("PATCH", path, json={FIELD: "validation_status_approved"}).status_code == 403

    make_person("khac", "officer", sample.make_commune("10930", "Mao Điền"))
    other = Client(app, bearing(token_of(app, "khac")))
    assert other.get(path).status_code == 404
    assert other.open("PATCH", path, json={FIELD: "validation_status_approved"}).status_code == 404
    assert filled_form.row(number).review == "received"


@pytest.mark.parametrize("key", ["0", "999999999999999999999", "uuid:khong-co", "a b", "١"])
def test_what_is_not_there_is_not_found(officer: Client, field: Field, key: str) -> None:
    field.send()
    assert officer.get(f"{DATA}/{key}/validation_status/").status_code == 404
