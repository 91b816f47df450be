"""A collector with a phone, by token and by password."""

import pytest
from flask import Flask

from server.phones.collectors import NewCollector
from tests import sample
from tests.phone import InProcess, Phone


@pytest.fixture
def collector(app: Flask) -> NewCollector:
    """A collector of one thôn of An Lão."""
    return sample.make_collector()


@pytest.fixture
def phone(app: Flask, collector: NewCollector) -> Phone:
    """His phone, set up by QR code: the token in the path."""
    return Phone(InProcess(app), f"http://localhost/key/{collector.token}")


@pytest.fixture
def digest_phone(app: Flask, collector: NewCollector) -> Phone:
    """His phone, set up by hand: name and password."""
    return Phone(InProcess(app), "http://localhost", collector.collector.username, collector.password)


@pytest.fixture(params=["token", "digest"])
def any_phone(request: pytest.FixtureRequest, phone: Phone, digest_phone: Phone) -> Phone:
    """Both ways in: what differs between them breaks phones (openrosa.md, 3)."""
    return phone if request.param == "token" else digest_phone
