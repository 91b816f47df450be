"""Which addresses submissions may be sent to, and connecting to one: looked at again at the moment of connecting.

An officer names an address within the administrator's list (`hook_hosts`). A name in that list may point anywhere, and
somewhere else a moment later: what is looked at is the number that is connected to.
"""

import http.client
import ipaddress
import re
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from server.settings import BadSetting, Settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST = 2_000
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_TARGET = re.compile(r"[!-~]*")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Numbers of IPv4 in the last 32 bits, by networks that translate."""
_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All numbers of IPv6 that are given to somebody on the internet."""


class EndpointRefused(Exception):
    """An address that may not be sent to; the message is a Vietnamese sentence without its full stop."""


@dataclass(frozen=True)
class Endpoint:
    """Where a request goes; `host` is as the name stands in the list, `target` is path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> str:
        """Without path and query, which may hold secrets."""
        return f"{self.scheme}://{self.host}:{self.port}"


def read(url: str, settings: Settings) -> Endpoint:
    """An address that the administrator's list allows; EndpointRefused otherwise. Nothing is connected to."""
    found = _parsed(url.strip())
    allowed = [_Allowed.read(entry) for entry in settings.hook_hosts.split()]
    if not allowed:
        raise EndpointRefused(
            "quản trị viên chưa cho phép máy chủ nhận nào. Hãy nhờ quản trị viên thêm tên máy vào TUNGNHA_HOOK_HOSTS"
        )
    if not any(each.covers(found) for each in allowed):
        raise EndpointRefused(
            f"máy chủ “{found.host}” không có trong danh sách quản trị viên cho phép (TUNGNHA_HOOK_HOSTS)"
        )
    return found


def _parsed(url: str) -> Endpoint:
    if len(url) > LONGEST or any(ord(letter) < 33 for letter in url) or "\\" in url:
        raise EndpointRefused("địa chỉ quá dài hoặc có ký tự lạ")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").rstrip(".")
        if ":" not in host:
            host = host.encode("idna").decode() if host else ""
    except (ValueError, UnicodeError) as error:
        raise EndpointRefused("địa chỉ không đọc được") from error
    if parts.scheme not in ("http", "https"):
        raise EndpointRefused("địa chỉ phải bắt đầu bằng https://")
    if parts.username is not None or parts.password is not None:
        raise EndpointRefused("tên và mật khẩu không viết trong địa chỉ mà ở ô riêng")
    host = f"[{host}]" if ":" in host else host
    if not _HOST.fullmatch(host):
        raise EndpointRefused("địa chỉ không có tên máy chủ đọc được")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not _TARGET.fullmatch(target):
        raise EndpointRefused("đường dẫn có chữ có dấu; hãy chép địa chỉ từ thanh địa chỉ của trình duyệt")
    return Endpoint(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), target)


@dataclass(frozen=True)
class _Allowed:
    """An entry of the list: `nhan.example.vn`, `*.example.vn`, `https://nhan.example.vn:8443`, `http://10.1.2.3:8080`."""

    scheme: str
    host: str
    port: int

    @classmethod
    def read(cls, entry: str) -> "_Allowed":
        scheme, sign, rest = entry.rpartition("://")
        scheme = scheme.lower() if sign else "https"
        host, sign, port = rest.lower().rpartition(":") if not rest.endswith("]") else (rest.lower(), "", "")
        if not (sign and port.isdigit()):
            host, port = rest.lower(), "443" if scheme == "https" else "80"
        return cls(scheme, host.rstrip("."), int(port))

    def covers(self, wanted: Endpoint) -> bool:
        if (self.scheme, self.port) != (wanted.scheme, wanted.port):
            return False
        if self.host.startswith("*."):
            return wanted.host.endswith(self.host[1:]) and wanted.host != self.host[2:]
        return wanted.host == self.host


def connection(wanted: Endpoint, settings: Settings, seconds: float) -> http.client.HTTPConnection:
    """A connection that is made when it is first used, and then only to a number that may be sent to.

    Raises EndpointRefused then, or OSError. Redirects are the caller's to refuse: http.client follows none.
    """
    return _CheckedConnection(wanted, settings, seconds)


class _CheckedConnection(http.client.HTTPConnection):
    """An HTTP(S) connection to the number that was looked at, under the name that its certificate must have."""

    def __init__(self, wanted: Endpoint, settings: Settings, seconds: float) -> None:
        super().__init__(wanted.host, wanted.port, timeout=seconds)
        if wanted.scheme == "https":
            self.default_port = 443
        self._wanted, self._settings, self._seconds = wanted, settings, seconds

    def connect(self) -> None:
        found = socket.create_connection(
            (str(_number(self._wanted, self._settings)), self._wanted.port), self._seconds
        )
        if self._wanted.scheme == "https":
            name = self._wanted.host.strip("[]")
            found = ssl.create_default_context().wrap_socket(found, server_hostname=name)
        self.sock = found


def networks(settings: Settings) -> list[Network]:
    """The networks of the setting; BadSetting where one cannot be read."""
    try:
        return [ipaddress.ip_network(each) for each in settings.hook_networks.split()]
    except ValueError as error:
        raise BadSetting(
            f"TUNGNHA_HOOK_NETWORKS={settings.hook_networks!r}: {error}. Write networks like 10.1.2.0/24, by spaces."
        ) from error


def _number(wanted: Endpoint, settings: Settings) -> Address:
    """The first number of a host; EndpointRefused where any of its numbers may not be sent to."""
    rows = socket.getaddrinfo(wanted.host.strip("[]"), wanted.port, type=socket.SOCK_STREAM)
    numbers = [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in rows]
    own = networks(settings)
    for each in numbers:
        if not (is_outside(each) or any(_within(each, network) for network in own)):
            raise EndpointRefused(
                f"máy chủ “{wanted.host}” trỏ tới {each}, một địa chỉ trong máy hoặc mạng nội bộ. Nếu đúng là máy cần "
                "gửi tới, quản trị viên thêm mạng ấy vào TUNGNHA_HOOK_NETWORKS"
            )
    return numbers[0]


def _within(number: Address, network: Network) -> bool:
    inner = _inner(number)
    return inner.version == network.version and inner in network


def is_outside(number: Address) -> bool:
    """Whether a number belongs to somebody on the internet: not this machine, no private net, no group of machines."""
    inner = _inner(number)
    if isinstance(inner, ipaddress.IPv6Address) and inner not in _UNICAST:
        return False
    return inner.is_global and not (inner.is_multicast or inner.is_reserved or inner.is_unspecified)


def _inner(number: Address) -> Address:
    """The number that is reached in the end: that of IPv4 where one of IPv6 only wraps it."""
    if isinstance(number, ipaddress.IPv4Address):
        return number
    wrapped = number.ipv4_mapped or number.sixtofour or (number.teredo[1] if number.teredo else None)
    if wrapped is not None:
        return wrapped
    low = int(number) & 0xFFFF_FFFF
    if number in _NAT64 or (int(number) >> 32 == 0 and low > 1):
        return ipaddress.IPv4Address(low)
    return number
