"""Whatever is asked at Kobo's door, by whoever asks, is answered without a fault of ours (schemathesis)."""

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from server.accounts import roles
from server.db import db
from server.models import Commune, Person
from tests.people import make_person
from tests.server.api.conftest import FIRST, basic

WORDS = ("query", "sort", "fields", "limit", "start", "offset", "page", "page_size", "format", "q",
         "ordering", "xpath", "days", "geo_question_name", "exclude", "asset_type", "ca_nhan")  # fmt: skip
PEOPLE = ("nobody", *roles.ROLES)


def described(app: Flask) -> dict[str, Any]:
    """All that is read at the door, as OpenAPI: any text may stand in any place."""
    paths: dict[str, Any] = {}
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(("/api/v2", "/token", "/me")) or "GET" not in (rule.methods or ()):
            continue
        path = "".join(f"{{{part}}}" if is_name else part for is_name, part in rule._trace).removeprefix("|")
        inside = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in rule.arguments
        ]
        asked = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in WORDS]
        paths[path] = {
            "get": {"parameters": [*inside, *asked], "responses": {"200": {"description": "told"}}}
        }
    return {"openapi": "3.0.3", "info": {"title": "kobo", "version": "2"}, "paths": paths}


@pytest.mark.parametrize("first", range(0, len(PEOPLE), 2))
@given(data=st.data())
@settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_request_is_answered_with_a_fault_of_ours(
    app: Flask, commune: Commune, visits: str, first: int, data: st.DataObject
) -> None:
    """Each address is asked twice by each of four roles, its neighbour by the next."""
    asking = [{} if role == "nobody" else basic(_made(role, commune)) for role in PEOPLE]
    schema = schemathesis.openapi.from_dict(described(app))
    schema.app = app
    for number, result in enumerate(schema.get_all_operations(), first):
        case = data.draw(result.ok().as_strategy())
        if "uid" in case.path_parameters and data.draw(st.booleans()):
            case.path_parameters["uid"] = visits
        if "submission_id" in case.path_parameters and data.draw(st.booleans()):
            case.path_parameters["submission_id"] = FIRST
        headers = asking[number % len(asking)]
        assert case.call(headers=headers).status_code < 500, case


def _made(role: str, commune: Commune) -> str:
    """The user name of somebody with this role, made at the first asking."""
    if db.session.query(Person).filter_by(username=role).first() is None:
        leads = tuple(commune.villages[:1]) if role == "team_leader" else ()
        make_person(role, role, None if role in roles.CITY_WIDE else commune, leads)
    return role
