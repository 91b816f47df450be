"""Who is believed about scheme, host and address: our own proxies, and nobody who calls past them."""

import dataclasses

import pytest
from flask import Flask, request

from app import create_app
from server.accounts import access
from server.serving import proxies
from server.settings import BadSetting, Settings

FORWARDED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "tn.example",
    "X-Forwarded-Prefix": "/tung-nha",
}


def _behind(settings: Settings, **values: object) -> Flask:
    app = create_app(dataclasses.replace(settings, **values))
    app.add_url_rule("/ai", "who", access.public(lambda: f"{request.remote_addr} {request.url_root}"))
    return app


def _asked(app: Flask, address: str, headers: dict[str, str]) -> str:
    return app.test_client().get("/ai", headers=headers, environ_overrides={"REMOTE_ADDR": address}).text


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", ""])
def test_a_proxy_of_this_machine_is_believed(settings: Settings, address: str) -> None:
    told = _asked(_behind(settings, proxies=1), address, FORWARDED)
    assert told == "203.0.113.9 https://tn.example/tung-nha/"


@pytest.mark.parametrize("address", ["192.0.2.7", "10.1.2.3", "fe80::1%eth0", "nonsense"])
def test_whoever_calls_past_the_proxy_is_taken_as_he_comes(settings: Settings, address: str) -> None:
    """Else he would write any address into the audit, and any host into links."""
    assert _asked(_behind(settings, proxies=1), address, FORWARDED) == f"{address} http://localhost/"


def test_without_a_proxy_nobody_is_believed(settings: Settings) -> None:
    assert _asked(_behind(settings), "127.0.0.1", FORWARDED) == "127.0.0.1 http://localhost/"


def test_networks_of_proxies_elsewhere_are_set(settings: Settings) -> None:
    app = _behind(settings, proxies=1, proxy_networks="10.0.0.0/8 fd00::/8")
    assert _asked(app, "10.1.2.3", FORWARDED).startswith("203.0.113.9 ")
    assert _asked(app, "fd12::9", FORWARDED).startswith("203.0.113.9 ")
    assert _asked(app, "127.0.0.1", FORWARDED).startswith("127.0.0.1 ")


def test_an_address_that_the_visitor_wrote_himself_is_not_his(settings: Settings) -> None:
    """A proxy adds whom it sees at the end: only as many as there are proxies are read from there."""
    forged = {**FORWARDED, "X-Forwarded-For": "198.51.100.1, 203.0.113.9"}
    assert _asked(_behind(settings, proxies=1), "127.0.0.1", forged).startswith("203.0.113.9 ")


def test_a_network_that_cannot_be_read_is_named(settings: Settings) -> None:
    with pytest.raises(BadSetting, match="TUNGNHA_PROXY_NETWORKS"):
        proxies.networks(dataclasses.replace(settings, proxy_networks="10.0.0.1/8"))
