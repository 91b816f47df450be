"""What the API's description promises holds for whatever a program sends (schemathesis)."""

import datetime as dt

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from forms import plans
from server import clock, planning
from server.db import db
from tests.people import bearing, make_commune, make_token

CODES = ("11629", "10930", "00000")


@pytest.fixture
def token(app: Flask, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(clock, "now", lambda: dt.datetime(2026, 11, 18, 5, tzinfo=dt.UTC))
    commune = make_commune(thon=2)
    make_commune("10930", "Mao Điền")
    planning.load(plans.read("an_lao_2026"))
    db.session.commit()
    return make_token(commune)


@given(data=st.data())
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_description_names(app: Flask, token: str, data: st.DataObject) -> None:
    described = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    checks = (status_code_conformance, content_type_conformance, response_schema_conformance)
    for result in described.get_all_operations():
        operation = result.ok()
        case = data.draw(operation.as_strategy())
        if data.draw(st.booleans()) and "code" in case.path_parameters:
            case.path_parameters["code"] = data.draw(st.sampled_from(CODES))
        answer = case.call(headers=bearing(token))
        assert answer.status_code < 500
        case.validate_response(answer, checks=checks)
