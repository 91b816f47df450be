"""Which addresses submissions may be sent to: the administrator's list, and the number that is connected to."""

import dataclasses
import ipaddress
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.hooks import allowed_addresses
from server.hooks.allowed_addresses import EndpointRefused
from server.settings import BadSetting, Settings

LISTED = "nhan.example.vn *.sub.example.vn https://khac.example.vn:8443 http://10.1.2.3:8080"


def settings(hosts: str = LISTED, networks: str = "") -> Settings:
    return dataclasses.replace(
        Settings(instance=Path(), secret_key="x"), hook_hosts=hosts, hook_networks=networks
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://nhan.example.vn/phieu?khoa=1", "https://NHAN.example.vn./", "https://a.sub.example.vn",
        "https://khac.example.vn:8443/x", "http://10.1.2.3:8080/x",
    ],
)  # fmt: skip
def test_what_the_list_names_may_be_sent_to(url: str) -> None:
    allowed_addresses.read(url, settings())


@pytest.mark.parametrize(
    "url",
    [
        "http://nhan.example.vn/", "https://nhan.example.vn:444/", "https://xau.example.vn/", "https://sub.example.vn/",
        "https://evilsub.example.vn/", "https://nhan.example.vn.evil.vn/", "https://nhan.example.vn@evil.vn/",
        "https://evil.vn#@nhan.example.vn/", "https://evil.vn\\@nhan.example.vn/", "ftp://nhan.example.vn/",
        "file:///etc/passwd", "https://", "https:///x", "nhan.example.vn", "https://nhan.example.vn/a b",
        "https://nhan.example.vn/\r\nX-A:1", "https://a:b@nhan.example.vn/", "https://[::1]/", "https://2130706433/",
        "https://0x7f.1/", "https://127.1/", "https://nhan.example.vn:99999/", "",
        "https://nhan.example.vn/" + "a" * 3000, "http://10.1.2.3/", "https://nhan.example.vn/đường",
    ],
)  # fmt: skip
def test_nothing_else_may(url: str) -> None:
    with pytest.raises(EndpointRefused):
        allowed_addresses.read(url, settings())


def test_without_a_list_nothing_may() -> None:
    with pytest.raises(EndpointRefused, match="TUNGNHA_HOOK_HOSTS"):
        allowed_addresses.read("https://nhan.example.vn/", settings(""))


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for url in (text, f"https://{text}", f"https://nhan.example.vn{text}"):
        try:
            found = allowed_addresses.read(url, settings())
        except EndpointRefused:
            continue
        assert found.host == "nhan.example.vn" or found.host.endswith((".sub.example.vn", "khac.example.vn"))


INSIDE = [
    "127.0.0.1", "127.8.9.10", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1",
    "fc00::1", "fd12:3456::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "2001:db8::1", "fec0::1",
]  # fmt: skip
OUTSIDE = ["1.1.1.1", "203.162.4.191", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]


@pytest.mark.parametrize("number", INSIDE)
def test_numbers_of_this_machine_and_of_private_nets_are_not_of_the_internet(number: str) -> None:
    assert not allowed_addresses.is_outside(ipaddress.ip_address(number))


@pytest.mark.parametrize("number", OUTSIDE)
def test_numbers_of_the_internet_are(number: str) -> None:
    assert allowed_addresses.is_outside(ipaddress.ip_address(number))


def resolving(monkeypatch: pytest.MonkeyPatch, *numbers: str) -> list[object]:
    """The name server says these, whatever the name; what is then connected to."""
    connected: list[object] = []

    def found(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, 443)) for number in numbers]

    def connect(address: object, *_: object) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", found)
    monkeypatch.setattr(socket, "create_connection", connect)
    return connected


def connect(networks: str = "") -> None:
    own = settings(networks=networks)
    allowed_addresses.connection(allowed_addresses.read("https://nhan.example.vn/", own), own, 1).connect()


@pytest.mark.parametrize("number", INSIDE)
def test_a_listed_name_that_points_inside_is_not_connected_to(
    number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected = resolving(monkeypatch, number)
    with pytest.raises(EndpointRefused, match="TUNGNHA_HOOK_NETWORKS"):
        connect()
    assert connected == []


def test_one_inner_number_among_outer_ones_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    connected = resolving(monkeypatch, "1.1.1.1", "127.0.0.1")
    with pytest.raises(EndpointRefused):
        connect()
    assert connected == []


def test_the_number_that_was_looked_at_is_the_one_that_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that points elsewhere a moment later (DNS rebinding) gains nothing."""
    connected = resolving(monkeypatch, "203.162.4.191")
    with pytest.raises(ConnectionRefusedError):
        connect()
    assert connected == [("203.162.4.191", 443)]


def test_a_net_of_the_house_may_be_sent_to_where_the_administrator_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connected = resolving(monkeypatch, "10.1.2.3")
    with pytest.raises(ConnectionRefusedError):
        connect("10.1.2.0/24")
    assert connected == [("10.1.2.3", 443)]
    with pytest.raises(EndpointRefused):
        connect("10.1.3.0/24")


def test_a_net_that_cannot_be_read_is_told_as_a_setting() -> None:
    with pytest.raises(BadSetting, match="TUNGNHA_HOOK_NETWORKS"):
        allowed_addresses.networks(settings(networks="10.1.2"))
