"""K12: answers corrected for many submissions at once, as an officer corrects one (R12); nothing is doubled or lost."""

import pytest
from flask import Flask

from server.api.kobo import edit_routes
from server.models import Commune
from tests.people import bearing
from tests.server.api.conftest import Client, token_of
from tests.server.api.kobo import filled_form
from tests.server.api.kobo.filled_form import ASSET, Field

DATA = f"{ASSET}/data"


@pytest.fixture
def field(commune: Commune) -> Field:
    return Field(commune)


def bulk(client: Client, numbers: object, data: object, status: int = 200) -> dict[str, object]:
    said = {"payload": {"submission_ids": numbers, "data": data}}
    answer = client.open("PATCH", f"{DATA}/bulk/", json=said)
    assert answer.status_code == status, answer.text
    return dict(answer.json)


def test_answers_are_corrected_as_edits_that_keep_their_root(named: Client, field: Field) -> None:
    numbers = [field.send(), field.send(chu_ho="Trần B")]
    roots = [filled_form.row(number).instance_id for number in numbers]
    told = bulk(named, numbers, {"ho/chu_ho": "Lê C", "ho/so_nguoi": 5, "ho/dich_vu": "vneid shp"})
    assert (told["count"], told["successes"], told["failures"]) == (2, 2, 0)
    assert [each["root_uuid"] for each in told["results"]] == [root.removeprefix("uuid:") for root in roots]
    assert {each["status_code"] for each in told["results"]} == {201}
    for number, root in zip(numbers, roots, strict=True):
        new = filled_form.row(filled_form.row(number).replaced_by_id or 0)
        assert (new.answers["ho/chu_ho"], new.answers["ho/so_nguoi"]) == ("Lê C", 5)
        assert new.answers["ho/dich_vu"] == ["shp", "vneid"], "ticks that stay keep their order (R12)"
        assert new.root_id == number
        assert new.instance_id.removeprefix("uuid:") in {each["uuid"] for each in told["results"]}
        assert f"<deprecatedID>{root}</deprecatedID>".encode() in new.xml.replace(b"orx:", b"")


def test_what_was_not_touched_stays_byte_for_byte(named: Client, field: Field) -> None:
    number = field.send()
    before = filled_form.row(number).xml
    bulk(named, [number], {"ho/chu_ho": "Lê C"})
    after = filled_form.newest().xml
    assert (
        after.split(b"<meta>")[0] == before.replace("Nguyễn A".encode(), "Lê C".encode()).split(b"<meta>")[0]
    )


def test_a_number_of_any_version_names_the_newest(named: Client, field: Field) -> None:
    number = field.send()
    bulk(named, [number], {"ho/chu_ho": "B"})
    bulk(named, [number], {"ho/chu_ho": "C"})
    assert filled_form.newest().answers["ho/chu_ho"] == "C"
    assert filled_form.newest().root_id == number


def test_nothing_to_change_makes_no_edit(named: Client, field: Field) -> None:
    number = field.send()
    bulk(named, [number], {"ho/chu_ho": "Nguyễn A"})
    assert filled_form.newest().id == number


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"ho/khong_co": "x"}, "không có câu này"),
        ({"ho/so_nguoi": "bốn"}, "so_nguoi"),
        ({"ho/dich_vu": "khong_co"}, "dich_vu"),
        ({"ho/vi_tri": "20 106 0 0"}, "vi_tri"),
        ({"ho/anh": "1.jpg"}, "tệp"),
        ({"tv[9]/ho_ten": "x"}, "ho_ten"),
        ({"ho/chu_ho": "A", "ho/so_nguoi": "bốn"}, "so_nguoi"),
    ],
)
def test_what_cannot_be_put_in_says_why_and_changes_nothing(
    named: Client, field: Field, data: dict[str, str], told: str
) -> None:
    number = field.send()
    answer = bulk(named, [number], data, 400)
    [result] = answer["results"]
    assert result["status_code"] == 400
    assert told in result["message"]
    assert filled_form.newest().id == number


def test_one_that_fails_leaves_the_others_alone(named: Client, field: Field) -> None:
    good, bad = field.send(), field.send()
    named.open("DELETE", f"{DATA}/{bad}/")
    told = bulk(named, [good, bad], {"ho/chu_ho": "C"})
    assert (told["successes"], told["failures"]) == (1, 1)


@pytest.mark.parametrize(
    "body",
    [
        {}, {"payload": 3}, {"payload": {"data": {"a": 1}}}, {"payload": {"submission_ids": [1]}},
        {"payload": {"submission_ids": "1", "data": {"a": 1}}}, {"payload": {"submission_ids": [1], "data": []}},
        [1], "x",
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_told(named: Client, field: Field, body: object) -> None:
    field.send()
    assert named.open("PATCH", f"{DATA}/bulk/", json=body).status_code == 400


def test_a_query_corrects_and_takes_out_what_the_list_shows_for_it(named: Client, field: Field) -> None:
    few, many = field.send(so_nguoi="3"), field.send(so_nguoi="9")
    said = {"payload": {"query": {"ho/so_nguoi": {"$lt": 5}}, "data": {"ho/chu_ho": "Đỗ D"}}}
    told = named.open("PATCH", f"{DATA}/bulk/", json=said)
    assert (told.status_code, told.json["count"], told.json["successes"]) == (200, 1, 1)
    assert filled_form.newest().root_id == few

    gone: dict[str, dict[str, object]] = {"payload": {"query": {"ho/so_nguoi": {"$gte": 5}}}}
    assert named.open("DELETE", f"{DATA}/bulk/", json=gone).status_code == 400, "it has to be meant"
    gone["payload"]["confirm"] = True
    answer = named.open("DELETE", f"{DATA}/bulk/", json=gone)
    assert answer.json == {"detail": "1 submissions have been deleted"}
    assert (filled_form.row(many).review, filled_form.newest().review) == ("rejected", "approved")


def test_more_than_a_request_may_change_are_refused_with_their_number(
    named: Client, field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = [field.send() for _ in range(3)][-1]
    monkeypatch.setattr(edit_routes, "MOST", 2)
    for chosen in ({"query": {"ho/so_nguoi": 4}}, {"submission_ids": [1, 2, 3]}):
        answer = named.open(
            "PATCH", f"{DATA}/bulk/", json={"payload": chosen | {"data": {"ho/so_nguoi": "5"}}}
        )
        assert (answer.status_code, "these are 3" in answer.json["payload"]) == (400, True)
    assert filled_form.newest().id == last


def test_a_query_that_names_none_corrects_none(named: Client, field: Field) -> None:
    number = field.send()
    said = {"payload": {"query": {"ho/so_nguoi": 99}, "data": {"ho/chu_ho": "C"}}}
    told = named.open("PATCH", f"{DATA}/bulk/", json=said)
    assert (told.status_code, told.json["count"]) == (400, 0)
    assert filled_form.newest().id == number


def test_taking_one_out_leaves_it_to_those_who_review(named: Client, field: Field) -> None:
    number = field.send()
    assert named.open("DELETE", f"{DATA}/{number}/").status_code == 204
    assert filled_form.row(number).review == "rejected"


def test_many_are_taken_out(named: Client, field: Field) -> None:
    numbers = [field.send() for _ in range(3)]
    said = {"payload": {"submission_ids": numbers, "confirm": True}}
    answer = named.open("DELETE", f"{DATA}/bulk/", json=said)
    assert answer.json == {"detail": "3 submissions have been deleted"}
    assert {filled_form.row(number).review for number in numbers} == {"rejected"}


def test_a_visit_is_not_doubled(named: Client, field: Field) -> None:
    number = field.send()
    answer = named.open("POST", f"{DATA}/{number}/duplicate/")
    assert answer.status_code == 403
    assert "đếm hai lần" in answer.json["detail"]
    assert filled_form.newest().id == number


def test_whoever_may_not_correct_changes_nothing(app: Flask, leader: Client, field: Field) -> None:
    number = field.send()
    reviewer = Client(app, bearing(token_of(app, "reviewer")))
    for client in (leader, reviewer):
        bulk(client, [number], {"ho/chu_ho": "C"}, 403)
    assert filled_form.newest().id == number


def test_a_key_that_reads_no_personal_answers_changes_none(officer: Client, field: Field) -> None:
    number = field.send()
    bulk(officer, [number], {"ho/chu_ho": "C"}, 400)
    assert filled_form.newest().id == number
    bulk(officer, [number], {"ho/so_nguoi": "5"})
    assert filled_form.newest().answers["ho/so_nguoi"] == 5
