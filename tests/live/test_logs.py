"""No log tells what opens anything: access log, the server's own log, the audit."""

import json
import re
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa
from flask import Flask

from server import audit, sealed_secrets
from server.accounts import persons, program_keys
from server.db import db
from server.models import Audit, Person
from server.phones import collectors
from server.published_forms import form_drafts
from server.settings import Settings
from tests import sample
from tests.leaders import PASSWORD
from tests.live.served import Served
from tests.people import make_person

pytestmark = pytest.mark.live

WRONG = "Mật khẩu gõ sai 2026!"
WORKBOOK = (
    sample.PLAIN.replace("{title}", "Thử").replace("{form_id}", "thu").replace("{version}", "1").encode()
)
BETTER = "Đường làng ngõ xóm 2026!"


class Visitor:
    """A browser over real HTTP that remembers every secret it was given."""

    def __init__(self, url: str, secrets: set[str]) -> None:
        self.url, self.secrets, self.session = url, secrets, requests.Session()

    def post(self, path: str, page: str, **fields: str) -> requests.Response:
        found = re.search(
            r'name="csrf_token" value="([^"]+)"', self.session.get(f"{self.url}{page}", timeout=60).text
        )
        token = found.group(1) if found else ""
        answer = self.session.post(f"{self.url}{path}", data={"csrf_token": token, **fields}, timeout=60)
        self.secrets |= {token, *fields.values(), *self.session.cookies.values()}
        return answer

    def sign_in(self, username: str, password: str) -> requests.Response:
        answer = self.post("/dang-nhap", "/dang-nhap", username=username, password=password)
        self.secrets.discard(username)
        return answer


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_log_tells_a_password_a_token_or_a_cookie(app: Flask, settings: Settings, log_format: str) -> None:
    """Sign-in right and wrong, a change of password, a reset, keys made and used, phones' and trial addresses."""
    secrets: set[str] = set()
    commune = sample.make_commune()
    collector = sample.make_collector(commune)
    sample.publish_plain()
    trial = sealed_secrets.unseal(form_drafts.save(WORKBOOK, "thu.md", commune, "system").token_sealed)
    api_token = program_keys.add("cổng", commune=commune).token
    number = make_person("can_bo", "officer", commune)
    once = persons.reset(
        db.session.get_one(Person, make_person("nguoi_khac", "leader", commune)), by=audit.SHELL
    )
    db.session.commit()
    secrets |= {collector.token, collectors.password(collector.collector), trial, api_token, once}
    db.session.rollback()
    environ = {"TUNGNHA_LOG_FORMAT": log_format}
    with Served(settings, access_log=str(settings.instance / "access.log"), environ=environ) as served:
        _walk(served, secrets, collector.token, trial, api_token)
    told = _logs(
        settings.instance
    )  # a line is written after its answer: all are there when the server has ended
    assert "/formList" in told, "something was logged"
    if log_format == "json":
        lines = [json.loads(line) for line in told.splitlines() if line]
        assert {line["logger"] for line in lines} >= {"access", "gunicorn.error"}
        assert {line["status"] for line in lines if line["logger"] == "access"} >= {200, 201, 401, 404}
    assert "/thu/…/formList" in told
    assert "/key/…/submission" in told
    told_by_audit = str([(row.actor, row.record, row.detail) for row in db.session.scalars(sa.select(Audit))])
    assert f"person:{number}" in told_by_audit
    long = {each for each in secrets if len(each) >= 12}
    assert len(long) >= 10
    assert [each for each in long if each in told or each in told_by_audit] == []


def _walk(served: Served, secrets: set[str], code: str, trial: str, api_token: str) -> None:
    visitor = Visitor(served.url, secrets)
    visitor.sign_in("can_bo", WRONG)
    visitor.sign_in(WRONG, PASSWORD)  # typed into the wrong field
    assert visitor.sign_in("can_bo", PASSWORD).status_code == 200
    own = {"mat_khau": PASSWORD, "mat_khau_moi": BETTER, "nhap_lai": BETTER}
    assert "Đã đổi mật khẩu" in visitor.post("/tai-khoan/mat-khau", "/tai-khoan", **own).text
    made = visitor.post(
        "/quan-tri/khoa-truy-cap", "/quan-tri/khoa-truy-cap", ten="cổng khác", doc="places", han="30"
    )
    found = re.search(r'class="secret">([0-9a-f]{40})<', made.text)
    assert found is not None
    secrets -= {"cổng khác", "places", "30"}
    secrets |= {found.group(1), *visitor.session.cookies.values()}
    for token in (api_token, "0" * 40):
        requests.get(f"{served.url}/api/v1/communes", headers={"Authorization": f"Token {token}"}, timeout=60)
    phone = served.phone(code)
    phone.sync()
    [sent] = phone.send(sample.filled("<so>3</so><anh/>"))
    assert sent.status == 201
    requests.get(f"{served.url}/thu/{trial}/formList", headers={"X-OpenRosa-Version": "1.0"}, timeout=60)
    requests.get(f"{served.url}/key/{code}/khong-co", timeout=60)


def _logs(folder: Path) -> str:
    return "\n".join(
        path.read_text(encoding="utf-8", errors="replace") for path in sorted(folder.glob("*.log"))
    )
