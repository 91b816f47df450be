"""Many answers to one poster at once: refused kindly beyond the limit, while no phone of a collector waits (R27)."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import sqlalchemy as sa
from flask import Flask

from server.db import db
from server.models import Submission
from server.settings import Settings
from tests import sample
from tests.live.caddy import wait_for
from tests.live.served import Served
from tests.posters import hang, opinion

pytestmark = pytest.mark.live

AT_ONCE, ANSWERS, VISITS = 16, 240, 12
PATIENCE = 1.0
"""Seconds that a visit may take."""


def test_a_crowd_at_one_poster_is_refused_kindly_and_holds_up_no_phone(
    app: Flask, settings: Settings
) -> None:
    hung = hang()
    token = sample.make_collector(hung.commune, [hung.own]).token
    address = f"/khao-sat/{hung.poster.code}/submission"
    db.session.close()
    # as behind a proxy: every answer from an address of its own, so that the poster's own limit is what they meet
    with Served(settings, environ={"TUNGNHA_PROXIES": "1"}) as served, ThreadPoolExecutor(AT_ONCE) as pool:
        wait_for(lambda: requests.get(f"{served.url}/healthz", timeout=60).status_code == 200)

        def answer(number: int) -> requests.Response:
            return requests.post(
                served.url + address,
                files={"xml_submission_file": ("x.xml", opinion(), "text/xml")},
                headers={"X-Forwarded-For": f"203.0.{number // 250}.{number % 250}"},
                timeout=60,
            )

        answer(250 * 250)
        phone = served.phone(token)
        assert phone.post(opinion()).status == 201
        crowd = pool.map(answer, range(ANSWERS))
        slowest = 0.0
        for _ in range(VISITS):
            began = time.monotonic()
            assert phone.post(opinion()).status == 201
            slowest = max(slowest, time.monotonic() - began)
        told = list(crowd)
    assert slowest < PATIENCE
    assert {each.status_code for each in told} == {201, 429}
    refused = next(each for each in told if each.status_code == 429)
    assert "Gửi lại" in refused.json()["message"]
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    db.session.rollback()
    counted = sa.select(sa.func.count()).select_from(Submission).where(Submission.poster_id.is_not(None))
    most = 60 + AT_ONCE  # those that were let in together before the first of them was kept
    assert 60 <= (db.session.scalar(counted) or 0) <= most
