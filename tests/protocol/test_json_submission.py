"""K20: a submission as JSON, and the addresses to which Kobo's scripts send; taken in by the same way as any other."""

import base64
import json
import uuid
from typing import Any

import orjson
import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from werkzeug.datastructures import Headers

from forms import instance
from server.phones.collectors import NewCollector
from tests import sample
from tests.phone import Answer, InProcess, Phone, statuses

FORM = """
| survey |
| | type | name | label |
| | begin group | ho | Hộ |
| | integer | so | Số |
| | select_multiple dv | dv | Dịch vụ |
| | end group | | |
| | begin repeat | tv | Thành viên |
| | text | ten | Tên |
| | end repeat | | |
| choices |
| | list_name | name | label |
| | dv | a | A |
| | dv | b | B |
| settings |
| | form_title | form_id | version |
| | Thử | thu_json | 7 |
"""


@pytest.fixture(autouse=True)
def _published(app: Flask) -> None:
    sample.publish(FORM)


def body(**answers: Any) -> dict[str, Any]:
    meta = {"instanceID": f"uuid:{uuid.uuid4()}"}
    return {"id": "thu_json", "submission": {"ho": {"so": 3, "dv": ["a", "b"]}, **answers, "meta": meta}}


def post(app: Flask, path: str, content: Any) -> Answer:
    headers = Headers({"Content-Type": "application/json", "X-OpenRosa-Version": "1.0"})
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return InProcess(app).send("POST", path, headers, data)


def test_json_becomes_the_xml_that_phones_send(app: Flask, collector: NewCollector) -> None:
    answer = post(app, f"/key/{collector.token}/submission", body(tv=[{"ten": "An"}, {"ten": "Bình & con"}]))
    assert answer.status == 201
    assert "message" in orjson.loads(answer.body)
    [row] = sample.arrived()
    assert row.answers["ho/so"] == 3
    assert row.answers["ho/dv"] == ["a", "b"]
    assert [each["tv/ten"] for each in row.answers["tv"]] == ["An", "Bình & con"]
    assert (row.version, row.quarantine) == ("7", None)


def test_it_is_stored_once(app: Flask, collector: NewCollector) -> None:
    """201, 202 for the very same, 409 for another content under its id."""
    said, path = body(), f"/key/{collector.token}/submission"
    assert [post(app, path, said).status for _ in range(2)] == [201, 202]
    said["submission"]["ho"]["so"] = 4
    answer = post(app, path, said)
    assert (answer.status, list(orjson.loads(answer.body))) == (409, ["error"])
    assert len(sample.arrived()) == 1


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 400), (b"[]", 400), (b"", 400), (b"{}", 400), ({"id": 3, "submission": {}}, 400),
        ({"id": "thu_json", "submission": []}, 400), ({"id": "khong_co", "submission": {}}, 404),
        ({"id": "thu_json", "submission": {"ho": {"so": 1}}}, 400),
        ({"id": "thu_json", "submission": {"a b": 1, "meta": {"instanceID": "uuid:1"}}}, 400),
        ({"id": "thu_json", "submission": {"<x>": 1, "meta": {"instanceID": "uuid:1"}}}, 400),
        ({"id": "thu_json", "submission": {"tv": [{"ten": "a"}, "b"], "meta": {"instanceID": "uuid:1"}}}, 400),
        ({"id": "thu_json", "submission": {"ho": {"so": "\x01"}, "meta": {"instanceID": "uuid:1"}}}, 400),
        ({"id": "thu_json", "version": 3, "submission": {"meta": {"instanceID": "uuid:1"}}}, 400),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_in_json(
    app: Flask, collector: NewCollector, content: Any, status: int
) -> None:
    answer = post(app, f"/key/{collector.token}/submission", content)
    assert answer.status == status
    assert orjson.loads(answer.body)["error"].endswith(".")
    assert sample.arrived() == []


def test_nobodys_json_is_refused(app: Flask, collector: NewCollector) -> None:
    """People's accounts never open phones' addresses (R23)."""
    assert post(app, "/submission", body()).status == 401
    assert post(app, f"/key/{'a' * 64}/submission", body()).status in (401, 403)
    assert sample.arrived() == []


@pytest.mark.parametrize("path", ["/collector/{}/submission", "/collector/{}/submission/"])
def test_a_collectors_address_in_kobos_words_is_his_own(
    app: Flask, collector: NewCollector, path: str
) -> None:
    assert post(app, path.format(collector.token), body()).status == 201
    phone = Phone(InProcess(app), f"http://localhost/collector/{collector.token}")
    assert phone.form_list()
    sample.publish_plain()
    assert statuses(phone.send(sample.filled())) == [201]


@pytest.mark.parametrize("path", ["/to01/submission", "/api/v1/submissions", "/api/v1/submissions/"])
def test_old_addresses_ask_who_sends_as_the_one_does(app: Flask, collector: NewCollector, path: str) -> None:
    app.config["SETTINGS"] = app.config["SETTINGS"].__class__(
        **{**vars(app.config["SETTINGS"]), "https": True}
    )
    headers = Headers({"Content-Type": "application/json"})
    refused = InProcess(app, "https://localhost").send("POST", path, headers, orjson.dumps(body()))
    assert (refused.status, "error" in orjson.loads(refused.body)) == (401, True)
    pair = f"{collector.collector.username}:{collector.password}".encode()
    headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    answer = InProcess(app, "https://localhost").send("POST", path, headers, orjson.dumps(body()))
    assert answer.status == 201, answer.body


def test_the_form_in_a_browser_keeps_its_own_address(app: Flask) -> None:
    assert post(app, "/phieu/submission", body()).status in (401, 403)


LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20))


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.recursive(
        LEAVES,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_any_json_is_taken_or_refused_with_a_sentence(
    app: Flask, collector: NewCollector, content: Any
) -> None:
    said = {"id": "thu_json", "submission": {"ho": content, "meta": {"instanceID": f"uuid:{uuid.uuid4()}"}}}
    answer = post(app, f"/key/{collector.token}/submission", said)
    assert answer.status in (201, 400)
    assert orjson.loads(answer.body)
    if answer.status == 201:
        instance.read(sample.arrived()[-1].xml)
