"""Attacks that stay just below every bound, or come by doors and kinds of files that others leave alone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import requests

from bench.siege_place import PATIENCE, Attack, Place, heard
from bench.siege_town import PASSWORD
from tests import hostile_files, sample

HOST = b"Host: x\r\n"
END = b"Connection: close\r\n\r\n"
TABLE, HOUSEHOLDS = "/quan-tri/xa/11629/bang/thon", "/quan-tri/xa/11629/ho/nhap"
ROWS = "/v1/projects/11629/forms/thu_cong.svc/Submissions"
LAYER = "/ogc/collections/thon/items"
AT_ONCE = 8
ANY = "[1234].. .*|503.*|0 .*"
TOLD = "[24].. .*|50[13].*"
AGREED = "[234]..( [234]..)*( 503)?"


def _raw(*pieces: bytes, pause: float = 0.0, most: float = 60.0) -> Callable[[Place], Callable[[], str]]:
    return lambda place: lambda: place.raw(*pieces, pause=pause, most=most)


def _long_password(place: Place) -> Callable[[], str]:
    """Five megabytes of password for a known name, eight at once."""

    def one(number: int) -> str:
        return str(place.sign_in(requests.Session(), "officer", f"{number}" * 5_000_000).status_code)

    return lambda: _at_once(one)


def _at_once(one: Callable[[int], str]) -> str:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return " ".join(sorted(set(pool.map(one, range(AT_ONCE)))))


def _pages(path: str, role: str) -> Callable[[Place], Callable[[], str]]:
    """One page, asked for eight times at once by one person."""
    return lambda place: lambda: _at_once(lambda _: place.page(path, role)[:3])


def _photo(name: str, make: Callable[[], bytes]) -> Callable[[Place], Callable[[], str]]:
    def ready(place: Place) -> Callable[[], str]:
        content, xml = make(), sample.filled(f"<so>1</so><anh>{name}</anh>")
        return lambda: place.sent(xml, {name: content})

    return ready


def _upload(path: str, name: str, make: Callable[[], bytes]) -> Callable[[Place], Callable[[], str]]:
    def ready(place: Place) -> Callable[[], str]:
        content = make()
        return lambda: place.upload(path, name, content)

    return ready


def _get(path: str, **parameters: str) -> Callable[[Place], Callable[[], str]]:
    query = "&".join(f"{name}={quote(value, safe='()')}" for name, value in parameters.items())
    return lambda place: lambda: place.asked("GET", f"{path.replace('ASSET', place.asset)}?{query}")


def _phone_asks(path: str, **headers: str) -> Callable[[Place], Callable[[], str]]:
    """By a phone's own address."""

    def ready(place: Place) -> Callable[[], str]:
        url = f"{place.served.url}/key/{place.codes.attacker}{path}"
        return lambda: heard(lambda: requests.get(url, headers=headers, timeout=PATIENCE))

    return ready


def _jpeg_of_segments() -> bytes:
    """Nine megabytes of segments of four bytes, each of which may tell where it was taken."""
    whole = sample.photo()
    return whole[:2] + b"\xff\xe1\x00\x02" * 2_300_000 + whole[2:]


def _log_of_one_line() -> bytes:
    return b"event,node,start,end\nquestion,/data/so,1," + b"9" * 8_000_000


def _log_of_many_lines() -> bytes:
    return b"event,node,start,end\n" + b"question,/data/so,1700000000000,1700000000001\n" * 180_000


def _households() -> bytes:
    lines = "".join(f"Nguyễn Văn {n},Thôn Đông,Ngõ {n}\n" for n in range(19_900))
    return f"Chủ hộ,Thôn,Địa chỉ\n{lines}".encode()


ATTACKS = (
    Attack(
        "a body that is announced and never sent", ANY,
        _raw(b"POST /dang-nhap HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 9\r\n" + END),
    ),
    Attack("an upgrade to a web socket", ANY, _raw(
        b"GET /dang-nhap HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n"
        b"Sec-WebSocket-Version: 13\r\nConnection: Upgrade\r\n\r\n", most=20,
    )),
    Attack("the beginning of HTTP/2", ANY, _raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", most=20)),
    Attack("a tunnel to another machine", ANY, _raw(b"CONNECT x:22 HTTP/1.1\r\n" + HOST + END)),
    Attack("an address with a host in it", ANY, _raw(b"GET http://y/dang-nhap HTTP/1.1\r\n" + HOST + END)),
    Attack("a head byte by byte", ANY, _raw(*[bytes([each]) for each in b"GET / HTTP/1.1\r\nX: "], b"y", pause=1.0)),
    Attack(
        "10,000 forwarded addresses", ANY,
        _raw(b"GET /dang-nhap HTTP/1.1\r\n" + HOST + b"X-Forwarded-For: " + b"1.1.1.1," * 7_000 + b"\r\n" + END),
    ),
    Attack("passwords of 5,000,000 letters, eight at once", AGREED, _long_password),
    Attack("a session of Central with a password of 5 MB", TOLD, lambda place: lambda: place.asked(
        "POST", "/v1/sessions", "", json={"email": "officer", "password": PASSWORD * 250_000},
    )),
    Attack("a device of 50,000 letters", TOLD, _phone_asks(f"/formList?deviceID={'x' * 50_000}")),
    Attack("1,500 households that nobody knows", TOLD, _phone_asks(
        "/lists/ho_dan/integrity?id="
        + ",".join(f"{n:08x}-0000-4000-8000-000000000000" for n in range(1_500)),
    )),
    Attack("a photo of 2,300,000 segments", TOLD, _photo("a.jpg", _jpeg_of_segments)),
    Attack("a log of one line of 8 MB", TOLD, _photo("audit.csv", _log_of_one_line)),
    Attack("a log of 180,000 lines", TOLD, _photo("audit.csv", _log_of_many_lines)),
    Attack("a CSV with a cell of 9.9 MB", TOLD, _upload(
        TABLE, "dai.csv", lambda: '"Tên thôn","'.encode() + b"x" * 9_900_000 + b'"\n',
    )),
    Attack("a CSV of 9,900,000 columns", TOLD, _upload(TABLE, "cot.csv", lambda: b"a" + b"," * 9_900_000)),
    Attack("a CSV of 4,900,000 rows", TOLD, _upload(
        TABLE, "hang.csv", lambda: "Tên thôn\n".encode() + b"a\n" * 4_900_000,
    )),
    Attack("9.9 MB within quotation marks", TOLD, _upload(TABLE, "ngoac.csv", lambda: b'a,"' + b"b\n" * 4_900_000)),
    Attack("an old workbook that is none", TOLD, _upload(
        TABLE, "cu.xls", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 9_000_000,
    )),
    Attack("a table of LibreOffice that unpacks to 400 MB", TOLD, _upload(
        TABLE, "bom.ods", lambda: hostile_files.zipped(("content.xml", [bytes(1_000_000)] * 400)),
    )),
    Attack("a list of 19,900 households", TOLD, _upload(HOUSEHOLDS, "ho.csv", _households)),
    Attack("OData: brackets 1,900 deep", TOLD, _get(ROWS, **{"$filter": "(" * 1_900 + "so eq 1" + ")" * 1_900})),
    Attack("OData: not of not, 900 deep", TOLD, _get(ROWS, **{"$filter": "not " * 900 + "so eq 1"})),
    Attack("OData: 350 conditions", TOLD, _get(ROWS, **{"$filter": " or ".join(["so eq 1"] * 350)})),
    Attack("OData: text in text, 150 deep", TOLD, _get(
        ROWS, **{"$filter": "tolower(" * 150 + "'a'" + ")" * 150 + " eq 'a'"},
    )),
    Attack("layers: brackets 900 deep", TOLD, _get(LAYER, filter="(" * 900 + "ma='1'" + ")" * 900)),
    Attack("layers: NOT of NOT, 480 deep", TOLD, _get(LAYER, filter="NOT " * 480 + "ma='1'")),
    Attack("layers: LIKE with 900 signs", TOLD, _get(LAYER, filter="ma LIKE '" + "%a" * 900 + "'")),
    Attack("Kobo: a query 900 deep", TOLD, _get("ASSET/data.json", query='{"$and":[' * 900 + '{"so":1}' + "]}" * 900)),
    Attack("Kobo: 60 patterns in one query", TOLD, _get(
        "ASSET/data.json", query='{"$or":[' + ",".join(['{"so":{"$regex":"(a|b|c)*d"}}'] * 60) + "]}",
    )),
    Attack("the city's table, eight times at once", AGREED, _pages("/thanh-pho", "city")),
    Attack("the map on paper, eight times at once", AGREED, _pages("/xa/11629/ban-do.pdf", "leader")),
    Attack("a workbook, eight times at once", AGREED, _pages("/xa/11629/tai-ve/muc-bao-phu.xlsx", "leader")),
)  # fmt: skip
