"""Programs' keys: told once, kept as a hash, for some data of one commune or all, until a day or until revoked."""

import re

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from server.accounts import program_keys
from server.accounts.access import program
from server.db import db
from server.models import ApiToken, Audit
from tests.people import Browser, bearing, browser, make_commune, make_person

BASE = "/quan-tri/khoa-truy-cap"


@pytest.fixture
def officer(app: Flask) -> Browser:
    commune = make_commune()
    make_commune("10930", "Mao Điền")
    make_person("can_bo", "officer", commune)
    visitor = browser(app)
    visitor.sign_in("can_bo")
    return visitor


def make(visitor: Browser, **fields: object) -> str:
    """A key made on the page, as the page tells it."""
    given = {"ten": "Cổng dữ liệu", "doc": ["places", "coverage"], "han": 30, **fields}
    visitor.post(BASE, data={**given, "csrf_token": visitor.csrf_token("/tai-khoan")})
    found = re.search(r'class="secret">([0-9a-f]{40})<', visitor.get(BASE).text)
    assert found is not None
    return found.group(1)


def status(app: Flask, token: str, path: str) -> int:
    return browser(app).get(f"/api/v1{path}", headers=bearing(token)).status_code


def test_a_key_is_told_once_and_kept_as_a_hash(app: Flask, officer: Browser) -> None:
    token = make(officer)
    assert token not in officer.get(BASE).text
    db.session.rollback()
    row = db.session.scalars(sa.select(ApiToken)).one()
    assert token.encode() not in row.token_hash
    assert token not in str([each.detail for each in db.session.scalars(sa.select(Audit))])


def test_a_key_reads_what_it_was_made_for_of_its_commune(app: Flask, officer: Browser) -> None:
    """An officer's key is for his own commune, whatever he sends."""
    token = make(officer, xa="10930")
    assert status(app, token, "/communes/11629/coverage") == 200
    assert status(app, token, "/communes/11629") == 200
    assert status(app, token, "/communes/11629/targets") == 403
    assert status(app, token, "/communes/10930") == 403


def test_the_running_day_is_read_by_keys_alone_for_which_that_was_chosen(
    app: Flask, officer: Browser
) -> None:
    """R24."""
    ticked = re.findall(r'name="doc" value="(\w+)" checked', officer.get(BASE).text)
    assert ticked == ["places", "targets", "coverage"]
    make(officer)
    make(officer, doc=["coverage", "running_day"])
    db.session.rollback()
    rows = db.session.scalars(sa.select(ApiToken.reads).order_by(ApiToken.id))
    assert list(rows) == ["places coverage", "coverage running_day"]
    alone = {"ten": "x", "doc": ["running_day"], "csrf_token": officer.csrf_token("/tai-khoan")}
    assert officer.post(BASE, data=alone).status_code == 422


def test_a_revoked_key_is_refused_at_once(app: Flask, officer: Browser) -> None:
    token = make(officer)
    number = db.session.scalars(sa.select(ApiToken.id)).one()
    db.session.rollback()
    for _ in range(2):
        officer.post(f"{BASE}/{number}/thu-hoi", data={"csrf_token": officer.csrf_token("/tai-khoan")})
    assert status(app, token, "/communes/11629") == 401
    db.session.rollback()
    acts = db.session.scalars(sa.select(Audit.act).where(Audit.act.startswith("token.")))
    assert list(acts) == ["token.add", "token.revoke"]


def test_an_officer_neither_sees_nor_revokes_the_citys_keys(app: Flask, officer: Browser) -> None:
    number = program_keys.add("của thành phố").record.id
    db.session.commit()
    assert "của thành phố" not in officer.get(BASE).text
    answer = officer.post(f"{BASE}/{number}/thu-hoi", data={"csrf_token": officer.csrf_token("/tai-khoan")})
    assert answer.status_code == 404
    make_person("so_khcn", "city")
    city = browser(app)
    city.sign_in("so_khcn")
    assert "của thành phố" in city.get(BASE).text


@pytest.mark.parametrize(
    ("fields", "said"), [({"ten": " "}, "cần một tên"), ({"doc": []}, "ít nhất một loại")]
)
def test_a_key_without_name_or_data_is_not_made(
    officer: Browser, fields: dict[str, object], said: str
) -> None:
    given = {"ten": "Cổng", "doc": ["places"], "csrf_token": officer.csrf_token("/tai-khoan"), **fields}
    answer = officer.post(BASE, data=given)
    assert answer.status_code == 422
    assert said in answer.text


def test_a_view_of_the_api_names_data_that_keys_can_be_made_for() -> None:
    with pytest.raises(ValueError, match="read"):
        program("households")


def test_the_shell_lists_and_revokes_keys(app: Flask) -> None:
    made = program_keys.add("Cổng dữ liệu", days=30, reads=("coverage",))
    db.session.commit()

    def run(*args: str) -> Result:
        db.session.rollback()
        return app.test_cli_runner().invoke(args=["tokens", *args])

    listed = run("list").output
    assert "Cổng dữ liệu\tmọi xã\tcoverage\tđến" in listed
    assert made.token not in listed
    assert run("revoke", "1").exit_code == 0
    assert '"revoked_at": "2' in run("list", "--json").output
    assert run("revoke", "99").exit_code == 1


def own_key(visitor: Browser, path: str = "phieu", **fields: object) -> str:
    """A key of one's own made on the page, as the page tells it."""
    given = {"ten": "R", "quyen": ["submissions"], "han": 30, **fields}
    token = visitor.csrf_token("/tai-khoan")
    assert visitor.post(f"{BASE}/{path}", data={**given, "csrf_token": token}).status_code == 302
    found = re.search(r'class="secret">([0-9a-f]{40})<', visitor.get(BASE).text)
    assert found is not None
    return found.group(1)


def kobo(app: Flask, token: str, method: str = "GET", path: str = "/api/v2/assets/") -> int:
    return browser(app).open(path, method=method, headers=bearing(token)).status_code


def test_an_officer_makes_a_key_that_reads_submissions_in_his_name(app: Flask, officer: Browser) -> None:
    """K1: in Kobo's shape, for what was chosen, until a day."""
    token = own_key(officer)
    assert kobo(app, token) == 200
    assert "thay mặt Người can_bo" in officer.get(BASE).text
    assert token not in officer.get(BASE).text
    db.session.rollback()
    row = db.session.scalars(sa.select(ApiToken)).unique().one()
    assert (row.reads, row.sealed, row.expires_at is None) == ("submissions", None, False)
    number = row.id
    db.session.rollback()
    officer.post(f"{BASE}/{number}/thu-hoi", data={"csrf_token": officer.csrf_token("/tai-khoan")})
    assert kobo(app, token) == 401


def test_a_key_of_ones_own_needs_a_name_and_submissions(officer: Browser) -> None:
    token = officer.csrf_token("/tai-khoan")
    for fields in ({"ten": " ", "quyen": ["submissions"]}, {"ten": "R", "quyen": ["personal"]}):
        answer = officer.post(f"{BASE}/phieu", data={**fields, "csrf_token": token})
        assert (answer.status_code, 'id="loi-phieu"' in answer.text) == (422, True)


def test_the_key_that_clients_get_by_password_is_rolled_over_by_a_click(app: Flask, officer: Browser) -> None:
    """K1: the old one dies at once."""
    first, second = (own_key(officer, "phieu/doi") for _ in range(2))
    assert (kobo(app, first), kobo(app, second)) == (401, 200)


def test_whoever_sees_no_submissions_is_offered_no_such_key(app: Flask) -> None:
    make_person("so_khcn", "city")
    city = browser(app)
    city.sign_in("so_khcn")
    assert "Tạo khóa đọc phiếu" not in city.get(BASE).text
    token = city.csrf_token("/tai-khoan")
    given = {"ten": "R", "quyen": ["submissions"], "csrf_token": token}
    assert city.post(f"{BASE}/phieu", data=given).status_code == 403
