"""One request to an address: signed, with every wait bounded, what it answers cut short."""

import datetime as dt
import email.utils
import hashlib
import hmac
import http.client
import re
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

from geo import vietnamese_writing
from server import clock
from server.hooks import allowed_addresses
from server.hooks.allowed_addresses import Endpoint, EndpointRefused
from server.settings import Settings

WAIT = 10.0
"""Seconds for one step: connecting, sending, the next bytes of the answer."""
LONGEST = 20.0
"""Seconds for all of it: an answer that drips is cut off."""
MOST_READ = 64_000
MOST_ASKED = dt.timedelta(hours=12)
"""The longest rest that an address may ask for: it is no longer than the last of our own."""
SHOWN = 500
"""Letters of an answer that are kept for the log."""
MEDIA_TYPES = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}
ITS_OWN = frozenset({400, 406, 409, 411, 413, 415, 422})
"""What an address answers that takes others: it is about this one submission."""
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class Posted:
    """What became of a request. `is_its_own`: the address works, and will not have this one; `rest`: how long it asks
    to be left alone (429 and 503 with `Retry-After`)."""

    is_taken: bool
    status: int | None
    answer: str
    is_its_own: bool = False
    rest: dt.timedelta = dt.timedelta(0)


def signature(secret: str, moment: dt.datetime, body: bytes) -> str:
    """`t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>">`: a receiver knows who sent it, and that it is no replay."""
    seconds = str(int(moment.timestamp()))
    made = hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={made}"


def post(
    url: str, body: bytes, headers: Mapping[str, str], settings: Settings, *, secret: str = ""
) -> Posted:
    """Send once; never raises for what the other side or the network does."""
    try:
        endpoint = allowed_addresses.read(url, settings)
    except EndpointRefused as refused:
        return Posted(False, None, _sentence(refused))
    given = {"Host": _host(endpoint), "User-Agent": "TungNha/1", "Connection": "close", **headers}
    if secret:
        given["X-TungNha-Signature"] = signature(secret, clock.now(), body)
    connection = allowed_addresses.connection(endpoint, settings, WAIT)
    try:
        return _answered(connection, endpoint, body, given)
    except EndpointRefused as refused:
        return Posted(False, None, _sentence(refused))
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Posted(False, None, _why(error))
    finally:
        connection.close()


def _answered(
    connection: http.client.HTTPConnection, endpoint: Endpoint, body: bytes, headers: Mapping[str, str]
) -> Posted:
    connection.connect()
    line = connection.sock
    ended = threading.Timer(LONGEST, _cut, (line,))
    ended.start()
    try:
        connection.request("POST", endpoint.target, body, dict(headers))
        response = connection.getresponse()
        text = _shown(response.read(MOST_READ))
        return replace(_judged(response.status, text), rest=asked_rest(response.getheader("Retry-After", "")))
    finally:
        ended.cancel()


def _cut(line: socket.socket) -> None:
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has ended by itself


def asked_rest(said: str) -> dt.timedelta:
    """What `Retry-After` asks for, in seconds or until a day and hour (RFC 9110, 10.2.3), up to the longest; none
    where it cannot be read or is over."""
    said = said.strip()
    if said.isascii() and said.isdecimal():
        return min(dt.timedelta(seconds=int(said[:9])), MOST_ASKED)
    try:
        until = email.utils.parsedate_to_datetime(said)
    except ValueError:
        return dt.timedelta(0)
    if until.tzinfo is None:
        until = until.replace(tzinfo=dt.UTC)
    return min(max(until - clock.now(), dt.timedelta(0)), MOST_ASKED)


def _judged(status: int, text: str) -> Posted:
    if 200 <= status < 300:
        return Posted(True, status, text)
    if 300 <= status < 400:
        return Posted(
            False, status, "Máy chủ nhận chuyển sang địa chỉ khác; hãy ghi thẳng địa chỉ cuối cùng."
        )
    return Posted(False, status, text, is_its_own=status in ITS_OWN)


def _host(endpoint: Endpoint) -> str:
    usual = 443 if endpoint.scheme == "https" else 80
    return endpoint.host if endpoint.port == usual else f"{endpoint.host}:{endpoint.port}"


def _shown(content: bytes) -> str:
    return _UNPRINTABLE.sub(" ", content.decode("utf-8", "replace")).strip()[:SHOWN]


def _sentence(refused: EndpointRefused) -> str:
    return f"{vietnamese_writing.sentence(str(refused))}."


def _why(error: Exception) -> str:
    """What kept the other side from answering, in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "Chứng chỉ https của máy chủ nhận không hợp lệ."
    if isinstance(error, socket.gaierror):
        return "Không tìm thấy tên máy chủ nhận (DNS)."
    if isinstance(error, TimeoutError):
        return "Máy chủ nhận không trả lời kịp."
    if isinstance(error, ConnectionRefusedError):
        return "Máy chủ nhận không mở cổng này."
    return f"Không nối được tới máy chủ nhận ({type(error).__name__})."
