"""`/metrics` of a real server: what its processes answered adds up."""

import re
import time
from collections.abc import Mapping
from pathlib import Path

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
    log = settings.instance / "access.log"
    with Served(settings, access_log=str(log)) as served:
        for _ in range(40):  # each on a connection of its own: all processes answer some
            assert requests.get(f"{served.url}/healthz", timeout=60).status_code == 200
        phone = served.phone(collector.token)
        phone.sync()
        [sent] = phone.send(sample.filled("<so>3</so><anh/>"))
        assert sent.status == 201
        _wait_for(log, {'"GET /healthz" 200 ': 40, '" 201 ': 1})
        told = requests.get(f"{served.url}/metrics", timeout=60).text
    assert _value(told, r'tungnha_requests_total\{kind="page",status="200"\}') == 40
    assert _value(told, r'tungnha_requests_total\{kind="submission",status="201"\}') == 1
    assert _value(told, r'tungnha_request_seconds_count\{kind="page"\}') == 40
    assert _value(told, "tungnha_submission_newest") == 1
    assert _value(told, "tungnha_able") == 1
    assert collector.token not in told
    assert not (settings.instance / "figures").exists(), "the figures end with the server"


def _wait_for(log: Path, lines: Mapping[str, int]) -> None:
    """Until so many requests are written down: each is counted, and then logged, when its answer has been sent."""
    until = time.monotonic() + 30
    while any(log.read_text().count(line) < number for line, number in lines.items()):
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.01)


def _value(told: str, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", told, re.MULTILINE)
    assert found is not None, told
    return float(found.group(1))
