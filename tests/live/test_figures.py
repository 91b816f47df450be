"""`/metrics` of a real server: what its processes answered adds up."""

import re

import pytest
import requests
from flask import Flask

from server.settings import Settings
from tests import sample
from tests.live.served import Served

pytestmark = pytest.mark.live


def test_what_all_processes_answered_adds_up(app: Flask, settings: Settings) -> None:
    commune = sample.make_commune()
    sample.publish_plain()
    collector = sample.make_collector(commune)
    with Served(settings) as served:
        for _ in range(40):  # each on a connection of its own: both workers answer some
            assert requests.get(f"{served.url}/healthz", timeout=60).status_code == 200
        phone = served.phone(collector.token)
        phone.sync()
        [sent] = phone.send(sample.filled("<so>3</so><anh/>"))
        assert sent.status == 201
        told = requests.get(f"{served.url}/metrics", timeout=60).text
    assert _value(told, r'tungnha_requests_total\{kind="page",status="200"\}') == 40
    assert _value(told, r'tungnha_requests_total\{kind="submission",status="201"\}') == 1
    assert _value(told, r'tungnha_request_seconds_count\{kind="page"\}') == 40
    assert _value(told, "tungnha_submission_newest") == 1
    assert _value(told, "tungnha_able") == 1
    assert collector.token not in told
    assert not (settings.instance / "figures").exists(), "the figures end with the server"


def _value(told: str, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", told, re.MULTILINE)
    assert found is not None, told
    return float(found.group(1))
