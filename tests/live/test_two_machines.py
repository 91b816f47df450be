"""Two servers with one database and one key, as the city runs them: nobody has to stay with one of them."""

import re

import pytest
import requests
from flask import Flask
from requests.auth import HTTPDigestAuth

from server.db import db
from server.settings import Settings
from tests import sample
from tests.live.served import Served
from tests.people import PASSWORD, make_person

pytestmark = pytest.mark.live


def _token(page: str) -> str:
    [found] = set(re.findall(r'name="csrf_token" value="([^"]+)"', page))
    return found


def test_a_browser_and_a_phone_go_from_one_to_the_other(app: Flask, settings: Settings) -> None:
    commune = sample.make_commune()
    collector = sample.make_collector(commune)
    sample.publish_plain()
    make_person("lanh_dao", "leader", commune)
    db.session.rollback()
    with Served(settings) as one, Served(settings) as other, requests.Session() as browser:
        page = browser.get(f"{one.url}/dang-nhap", timeout=60).text
        fields = {"csrf_token": _token(page), "username": "lanh_dao", "password": PASSWORD}
        entered = browser.post(f"{other.url}/dang-nhap", data=fields, timeout=60, allow_redirects=False)
        assert entered.status_code == 302, "the form came from one, and went to the other"
        seen = browser.get(f"{one.url}/xa/11629", timeout=60)
        assert seen.status_code == 200
        ended = browser.post(
            f"{one.url}/dang-xuat", data={"csrf_token": _token(seen.text)}, timeout=60, allow_redirects=False
        )
        assert ended.status_code == 302
        assert "/dang-nhap" in browser.get(f"{other.url}/xa/11629", timeout=60).url

        proof = HTTPDigestAuth(collector.collector.username, collector.password)
        for server in (one, other, one):
            assert requests.get(f"{server.url}/formList", auth=proof, timeout=60).status_code == 200
        visit = sample.filled()
        [first] = one.phone(collector.token).send(visit)
        [again] = other.phone(collector.token).send(visit)
        assert (first.status, again.status) == (201, 202), "sent again to the other, stored once"
