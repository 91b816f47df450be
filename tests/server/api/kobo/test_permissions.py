"""K19: who may do what, told out of the product's own roles; nothing is given or taken here."""

import pytest
from flask import Flask

from server.models import Commune, Village
from tests import sample
from tests.people import bearing, make_person
from tests.server.api.conftest import Client, token_of
from tests.server.api.kobo.filled_form import ASSET

PATH = f"{ASSET}/permission-assignments"
USERS, PERMISSIONS = "http://localhost/api/v2/users", "http://localhost/api/v2/permissions"


def held(client: Client, username: str) -> set[str]:
    return {
        each["permission"].rstrip("/").rpartition("/")[2]
        for each in client.json(f"{PATH}/")
        if each["user"] == f"{USERS}/{username}/"
    }


def test_roles_are_told_as_a_bare_list_in_kobos_words(officer: Client) -> None:
    assert held(officer, "officer") == {
        "view_asset", "change_asset", "manage_asset", "view_submissions", "change_submissions", "delete_submissions",
        "validate_submissions",
    }  # fmt: skip
    assert held(officer, "reviewer") == {"view_asset", "view_submissions", "validate_submissions"}
    assert held(officer, "leader") == {"view_asset"}


def test_a_team_leader_sees_the_submissions_of_his_thon(officer: Client, commune: Commune) -> None:
    first: Village = sorted(commune.villages, key=lambda each: each.code)[0]
    code = first.code
    make_person("to_truong", "team_leader", commune, (first,))
    [partial] = [each for each in officer.json(f"{PATH}/") if "partial_permissions" in each]
    assert partial["user"] == f"{USERS}/to_truong/"
    assert partial["partial_permissions"] == [
        {"url": f"{PERMISSIONS}/view_submissions/", "filters": [{"thon": code}]}
    ]


@pytest.mark.parametrize("as_form", [True, False])
def test_what_somebody_may_do_already_may_be_asked_for(officer: Client, as_form: bool) -> None:
    """pykobo sends a form to `permission-assignments.json` and expects 201."""
    said = {"user": f"{USERS}/reviewer/", "permission": f"{PERMISSIONS}/view_submissions/"}
    fields = {"data": said} if as_form else {"json": said}
    answer = officer.open("POST", f"{PATH}.json", **fields)
    assert (answer.status_code, answer.json["user"]) == (201, said["user"])
    assert officer.json(answer.json["url"].removeprefix("http://localhost")) == answer.json
    many = officer.open("POST", f"{PATH}/bulk/", json={"assignments": [said]})
    assert many.json == [answer.json]


def test_nothing_else_is_given_or_taken_and_the_answer_says_where(officer: Client) -> None:
    said = {"user": f"{USERS}/leader/", "permission": f"{PERMISSIONS}/view_submissions/"}
    answer = officer.open("POST", f"{PATH}/", json=said)
    assert (answer.status_code, "trang Tài khoản" in answer.json["detail"]) == (403, True)
    own = officer.json(f"{PATH}/")[0]
    assert officer.open("DELETE", own["url"].removeprefix("http://localhost")).status_code == 403
    assert held(officer, "leader") == {"view_asset"}
    assert officer.open("POST", f"{PATH}/", json={"user": "leader", "permission": "x"}).status_code == 400


def test_whoever_looks_after_no_accounts_is_told_nothing(leader: Client) -> None:
    assert leader.get(f"{PATH}/").status_code == 404
    assert leader.open("POST", f"{PATH}/", json={}).status_code == 403


def test_kobos_words_are_listed(officer: Client) -> None:
    told = officer.json("/api/v2/permissions/")
    assert {"view_submissions", "partial_submissions"} <= {each["codename"] for each in told["results"]}


def test_every_address_that_an_assignment_names_opens(officer: Client) -> None:
    for each in officer.json(f"{PATH}/"):
        for name in ("user", "permission"):
            told = officer.json(each[name].removeprefix("http://localhost"))
            assert told["url"] == each[name]


def test_a_person_is_told_to_those_of_their_commune_alone(
    app: Flask, officer: Client, leader: Client
) -> None:
    told = officer.json("/api/v2/users/reviewer/")
    assert (told["username"], told["url"]) == ("reviewer", f"{USERS}/reviewer/")
    assert officer.get("/api/v2/users/khong_co").status_code == 404
    assert officer.get("/api/v2/permissions/khong_co").status_code == 404
    assert leader.get("/api/v2/users/reviewer").status_code == 404

    make_person("khac", "officer", sample.make_commune("10930", "Mao Điền"))
    other = Client(app, bearing(token_of(app, "khac")))
    assert other.get("/api/v2/users/reviewer").status_code == 404
    assert other.json("/api/v2/users/khac")["username"] == "khac"
