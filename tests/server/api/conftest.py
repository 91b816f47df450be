"""A commune with a form and people of every kind, and who of them asks at the doors of programs."""

import base64
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from server.accounts import person_keys
from server.api.kobo import kobo_ids
from server.audit import SHELL
from server.db import db
from server.models import Commune, Person
from server.settings import Settings
from tests import sample
from tests.conftest import Template, filled_once, on_a_copy
from tests.people import PASSWORD, bearing, browser, make_person
from tests.phone import InProcess, Phone, statuses

FORM = """
| survey |
|        | type                 | name       | label            | phan_loai |
|        | start                | start      |                  |           |
|        | select_one thon      | thon       | Thôn             |           |
|        | begin group          | ho         | Hộ gia đình      |           |
|        | text                 | chu_ho     | Chủ hộ           | ca_nhan   |
|        | integer              | so_nguoi   | Số người         |           |
|        | decimal              | toc_do     | Tốc độ           |           |
|        | geopoint             | vi_tri     | Vị trí           |           |
|        | select_multiple dv   | dich_vu    | Dịch vụ số       |           |
|        | image                | anh        | Ảnh              |           |
|        | end group            |            |                  |           |
|        | begin repeat         | tv         | Thành viên       |           |
|        | text                 | ho_ten     | Họ tên           | ca_nhan   |
|        | integer              | tuoi       | Tuổi             |           |
|        | begin repeat         | may        | Máy              |           |
|        | text                 | hieu       | Hiệu máy         |           |
|        | image                | anh_may    | Ảnh máy          |           |
|        | end repeat           |            |                  |           |
|        | end repeat           |            |                  |           |
|        | date                 | ngay       | Ngày             |           |
| choices |
|        | list_name | name     | label              |
|        | thon      | 11629001 | Thôn 1             |
|        | thon      | 11629002 | Thôn 2             |
|        | dv        | shp      | Smart Hải Phòng    |
|        | dv        | vneid    | VNeID              |
|        | dv        | cks      | Chữ ký số          |
| settings |
|        | form_title    | form_id   | version   |
|        | Khảo sát hộ   | {form_id} | {version} |
"""
UID = kobo_ids.uid("a", "khao_sat")
FIRST, SECOND, THIRD = (f"uuid:00000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
VISITS = {
    FIRST: (
        "<start>2026-11-20T09:00:00.000+07:00</start><thon>11629001</thon><ho><chu_ho>Nguyễn &amp; con</chu_ho>"
        "<so_nguoi>007</so_nguoi><toc_do>1.50</toc_do><vi_tri>20.712345 106.512345</vi_tri>"
        "<dich_vu>shp cks</dich_vu><anh>1763.jpg</anh></ho>"
        "<tv><ho_ten>B</ho_ten><tuoi>30</tuoi><may><hieu>Nokia</hieu><anh_may>may 1.jpg</anh_may></may>"
        "<may><hieu>Oppo</hieu><anh_may/></may></tv><tv><ho_ten>C</ho_ten><tuoi>8</tuoi></tv><ngay>2026-11-20</ngay>"
    ),
    SECOND: (
        "<thon>11629002</thon><ho><chu_ho>Trần</chu_ho><so_nguoi>12</so_nguoi><toc_do/>"
        "<vi_tri>20.7 106.5 3.2 4.9</vi_tri><dich_vu>vneid</dich_vu><anh/></ho><ngay>2026-11-21</ngay>"
    ),
    THIRD: "<thon>11629001</thon><ho><chu_ho/><so_nguoi/><toc_do/><vi_tri/><dich_vu/><anh/></ho><ngay/>",
}
FILES = {"1763.jpg": sample.photo(b"nha"), "may 1.jpg": sample.photo(b"may")}


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


@pytest.fixture(scope="session")
def begun(template_database: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """An Lão with two thôn, a form, and an officer, a leader and a reviewer."""
    with filled_once(template_database, tmp_path_factory.mktemp("begun"), _begin) as template:
        yield template


@pytest.fixture(scope="session")
def visited(
    begun: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Template, Path, str]]:
    """The same after three visits, the first with photos; the folder of these, and the collector's code."""
    folder, codes = tmp_path_factory.mktemp("visited"), list[str]()
    with filled_once(begun, folder, lambda app: codes.append(_visit(app))) as template:
        yield template, folder, codes[0]


def _begin(_app: Flask) -> None:
    made = sample.make_commune()
    for number in (1, 2):
        sample.make_village(made, f"1162900{number}", f"Thôn {number}")
    for role in ("officer", "leader", "reviewer"):
        make_person(role, role, made)
    sample.publish(FORM, form_id="khao_sat", version="1")
    db.session.commit()


def _visit(app: Flask) -> str:
    code = _collector()
    phone = Phone(InProcess(app), f"http://localhost/key/{code}")
    for instance, answers in VISITS.items():
        xml = sample.filled(answers, form_id="khao_sat", instance_id=instance)
        assert statuses(phone.send(xml, FILES if instance == FIRST else None)) == [201]
    return code


def _collector() -> str:
    """The code of one who walks both thôn."""
    made = _commune()
    return sample.make_collector(made, list(made.villages)).token


def _commune() -> Commune:
    return db.session.scalars(sa.select(Commune)).one()


@pytest.fixture
def beginning(request: pytest.FixtureRequest, prepared: Template, tmp_path: Path) -> Template:
    """What the application begins with: what the module prepares, else as the test asks three visits, their commune, or
    nothing."""
    if prepared is not request.getfixturevalue("template_database"):
        return prepared
    if "visits" in request.fixturenames:
        template, folder, _ = request.getfixturevalue("visited")
        shutil.copytree(folder, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sqlite3*"))
        return template
    return request.getfixturevalue("begun") if "commune" in request.fixturenames else prepared


@pytest.fixture
def settings(beginning: Template, tmp_path: Path) -> Iterator[Settings]:
    with on_a_copy(beginning, tmp_path) as found:
        yield found


@pytest.fixture
def commune(app: Flask) -> Commune:
    """An Lão with two thôn, a form, and an officer, a leader and a reviewer; no transaction is open."""
    found = _commune()
    db.session.commit()
    return found


@pytest.fixture
def walker(request: pytest.FixtureRequest, app: Flask, commune: Commune) -> Phone:
    """The phone of a collector who walks both thôn."""
    code = request.getfixturevalue("visited")[2] if "visits" in request.fixturenames else _collector()
    return Phone(InProcess(app), f"http://localhost/key/{code}")


@pytest.fixture
def visits(walker: Phone) -> str:
    """Three visits, the first with photos; the form's uid."""
    return UID


@pytest.fixture
def officer(app: Flask, commune: Commune) -> Client:
    """The officer's program, by the key that `/token` told."""
    return Client(app, bearing(token_of(app, "officer")))


@pytest.fixture
def leader(app: Flask, commune: Commune) -> Client:
    return Client(app, bearing(token_of(app, "leader")))


@pytest.fixture
def named(app: Flask, commune: Commune) -> Client:
    """The officer's program with a key that was made for personal answers too."""
    person = db.session.scalars(sa.select(Person).where(Person.username == "officer")).unique().one()
    made = person_keys.add(person, "Bảng điều hành", person_keys.OF_PERSONS, by=SHELL)
    db.session.commit()
    return Client(app, bearing(made.token))
