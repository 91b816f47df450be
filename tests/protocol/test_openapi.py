"""What the API's description promises holds for whatever a program sends (schemathesis)."""

import datetime as dt
from collections.abc import Mapping, Sequence

import pytest
import schemathesis
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from forms import plans
from server import clock
from server.accounts import roles
from server.db import db
from server.models import Commune, Person
from server.plans import load_plans
from tests.people import bearing, browser, make_commune, make_person, make_token

CODES = ("11629", "10930", "00000")


@pytest.fixture
def token(app: Flask, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(clock, "now", lambda: dt.datetime(2026, 11, 18, 5, tzinfo=dt.UTC))
    commune = make_commune(thon=2)
    make_commune("10930", "Mao Điền")
    load_plans.load(plans.read("an_lao_2026"))
    db.session.commit()
    return make_token(commune)


def _holds(app: Flask, asking: Sequence[Mapping[str, str]], data: st.DataObject) -> None:
    """Each operation asked once, by one after the other: no 5xx, and nothing that the description does not name."""
    described = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    checks = (status_code_conformance, content_type_conformance, response_schema_conformance)
    first = data.draw(st.integers(0, len(asking) - 1))
    for number, result in enumerate(described.get_all_operations(), first):
        operation = result.ok()
        case = data.draw(operation.as_strategy())
        if data.draw(st.booleans()) and "code" in case.path_parameters:
            case.path_parameters["code"] = data.draw(st.sampled_from(CODES))
        answer = case.call(headers=asking[number % len(asking)])
        assert answer.status_code < 500
        case.validate_response(answer, checks=checks)


def _modest(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@given(data=st.data())
@_modest(20)
def test_every_answer_is_one_that_the_description_names(app: Flask, token: str, data: st.DataObject) -> None:
    _holds(app, [bearing(token)], data)


@given(data=st.data())
@_modest(14)
def test_every_answer_to_people_is_one_that_the_description_names(
    app: Flask, token: str, data: st.DataObject
) -> None:
    """Whoever asks, signed in on a page or not at all."""
    _holds(app, [_signed_in(app, role) for role in ("nobody", *roles.ROLES)], data)


def _signed_in(app: Flask, role: str) -> dict[str, str]:
    """The cookies of a person of An Lão with this role, made at the first asking."""
    if role == "nobody":
        return {}
    if not db.session.scalar(sa.select(sa.exists().where(Person.username == role))):
        of = db.session.scalars(sa.select(Commune).where(Commune.code == "11629")).one()
        leads = tuple(of.villages[:1]) if role == "team_leader" else ()
        make_person(role, role, None if role in roles.CITY_WIDE else of, leads)
    found = browser(app)
    found.sign_in(role)
    cookie = found.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert cookie
    assert found.get("/tai-khoan").status_code == 200
    return {"Cookie": f"{cookie.key}={cookie.value}"}
