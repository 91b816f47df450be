"""A commune with a form and people of every kind, and who of them asks at Kobo's door."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from server.db import db
from server.models import Commune
from tests import sample
from tests.people import PASSWORD, bearing, browser, make_person

FORM = """
| survey |
|        | type                 | name       | label            |
|        | start                | start      |                  |
|        | select_one thon      | thon       | Thôn             |
|        | begin group          | ho         | Hộ gia đình      |
|        | text                 | chu_ho     | Chủ hộ           |
|        | integer              | so_nguoi   | Số người         |
|        | decimal              | toc_do     | Tốc độ           |
|        | geopoint             | vi_tri     | Vị trí           |
|        | select_multiple dv   | dich_vu    | Dịch vụ số       |
|        | image                | anh        | Ảnh              |
|        | end group            |            |                  |
|        | begin repeat         | tv         | Thành viên       |
|        | text                 | ho_ten     | Họ tên           |
|        | begin repeat         | may        | Máy              |
|        | text                 | hieu       | Hiệu máy         |
|        | end repeat           |            |                  |
|        | end repeat           |            |                  |
|        | date                 | ngay       | Ngày             |
| choices |
|        | list_name | name  | label              |
|        | thon      | t1    | Thôn 1             |
|        | thon      | t2    | Thôn 2             |
|        | dv        | shp   | Smart Hải Phòng    |
|        | dv        | vneid | VNeID              |
|        | dv        | cks   | Chữ ký số          |
| settings |
|        | form_title    | form_id   | version   |
|        | Khảo sát hộ   | {form_id} | {version} |
"""


class Client:
    """A program that asks in somebody's name."""

    def __init__(self, app: Flask, headers: Mapping[str, str]) -> None:
        self.browser, self.headers = browser(app), dict(headers)

    def get(self, path: str, **fields: Any) -> TestResponse:
        return self.open("GET", path, **fields)

    def open(self, method: str, path: str, **fields: Any) -> TestResponse:
        headers = {**self.headers, **fields.pop("headers", {})}
        return self.browser.open(path, method=method, headers=headers, **fields)

    def json(self, path: str, **fields: Any) -> Any:
        answer = self.get(path, **fields)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
        return answer.json


def basic(username: str, password: str = PASSWORD) -> dict[str, str]:
    """The header of HTTP Basic."""
    return {"Authorization": "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()}


def token_of(app: Flask, username: str) -> str:
    """The key that `/token` tells this person."""
    answer = browser(app).get("/token/?format=json", headers=basic(username))
    assert answer.status_code == 200, answer.text
    return str(answer.json["token"])


@pytest.fixture
def commune(app: Flask) -> Commune:
    """An Lão with two thôn, a form, and an officer, a leader and a reviewer."""
    made = sample.make_commune()
    for number in (1, 2):
        sample.make_village(made, f"1162900{number}", f"Thôn {number}")
    for role in ("officer", "leader", "reviewer"):
        make_person(role, role, made)
    sample.publish(FORM, form_id="khao_sat", version="1")
    db.session.commit()
    return made


@pytest.fixture
def officer(app: Flask, commune: Commune) -> Client:
    """The officer's program, by the key that `/token` told."""
    return Client(app, bearing(token_of(app, "officer")))


@pytest.fixture
def leader(app: Flask, commune: Commune) -> Client:
    return Client(app, bearing(token_of(app, "leader")))
