"""Attacks by people with no right at all: slow lines, floods of heads and bodies, guesses, spellings of addresses."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import requests

from bench.siege_place import PATIENCE, Attack, Place
from bench.siege_town import PASSWORD
from tests.live import crowd

SLOW_SECONDS = 6.0
HOST = b"Host: x\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
SECRET_CODE = "aB3dE6gH9jK2mN5p" * 4
TRIES = 300


def _crowd(
    hold: Callable[[Place], contextlib.AbstractContextManager[None]],
) -> Callable[[Place], Callable[[], str]]:
    """A crowd for some seconds, and whether a page is answered in its midst."""

    def ready(place: Place) -> Callable[[], str]:
        def act() -> str:
            with hold(place):
                time.sleep(SLOW_SECONDS)
                began = time.monotonic()
                status = place.page("/xa/11629", "leader")[:3]
                took = time.monotonic() - began
            return f"{status} a leader's page within {'10 s' if took < 10 else f'{took:.0f} s'}"

        return act

    return ready


def _raw(*pieces: bytes, pause: float = 0.0, most: float = 60.0) -> Callable[[Place], Callable[[], str]]:
    return lambda place: lambda: place.raw(*pieces, pause=pause, most=most)


def _asked(method: str, path: str, **more: object) -> Callable[[Place], Callable[[], str]]:
    return lambda place: lambda: place.asked(method, path, "", **more)


def _body(path: str, kind: bytes, body: bytes) -> Callable[[Place], Callable[[], str]]:
    head = b"POST " + path.encode() + b" HTTP/1.1\r\n" + HOST + b"Content-Type: " + kind
    return _raw(head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def _guesses(place: Place) -> Callable[[], str]:
    """lock-1: wrong passwords for a known name; then the right one from the browser that is known."""

    def act() -> str:
        for number in range(8):
            place.sign_in(requests.Session(), "officer", f"sai so {number}")
        stranger = requests.Session()
        theirs = place.sign_in(stranger, "officer", "sai")
        known = place.browser("officer")
        place.browser("officer").post(
            f"{place.served.url}/dang-xuat",
            data={"csrf_token": place.csrf(known, "/tai-khoan")},
            timeout=PATIENCE,
        )
        own = place.sign_in(known, "officer", PASSWORD)
        is_in = "dang-nhap" not in own.url
        return f"{'is in' if is_in else 'is locked out'}, {theirs.status_code} to strangers"

    return act


def _many_tries(place: Place) -> Callable[[], str]:
    """lock-2: a list of passwords, and what it leaves in the audit."""
    rows = "SELECT count(*) FROM audit WHERE act LIKE 'person.sign_in%'"

    def one(number: int) -> int:
        with contextlib.suppress(requests.RequestException):
            return place.sign_in(requests.Session(), f"ten{number % 7}", f"{number}").status_code
        return 0

    def act() -> str:
        before = place.said(rows)
        with ThreadPoolExecutor(8) as pool:
            told = Counter(pool.map(one, range(TRIES)))
        more = place.said(rows) - before
        return f"{' '.join(map(str, sorted(told)))}, {'few' if more < TRIES / 10 else more} rows of audit"

    return act


def _logged(*paths: str) -> Callable[[Place], Callable[[], str]]:
    """logs-1, logs-2: what must not be told, asked for in every spelling; whether the access log tells it."""

    def ready(place: Place) -> Callable[[], str]:
        def act() -> str:
            for path in paths:
                place.raw(b"GET " + path.encode() + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
            place.page("/quan-tri/xa/11629/ho?tim=Nguyen+Bi+Mat")
            log = (place.served.settings.instance / "access.log").read_text(errors="replace")
            found = [word for word in (SECRET_CODE, "Bi+Mat", "Bi%20Mat") if word in log]
            return f"told: {found}" if found else "not told"

        return act

    return ready


def _chunks(size: int, count: int) -> list[bytes]:
    return [b"%x\r\n" % size + b"x" * size + b"\r\n"] * count


def _heads(count: int) -> bytes:
    return b"".join(b"X-%d: %s\r\n" % (n, b"x" * 40) for n in range(count))


CHUNKED = b" HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n" + FORM + b"\r\n"
PARTS = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
ATTACKS = (
    Attack(
        "500 slow connections",
        "200 .*10 s",
        _crowd(lambda place: crowd.slow(place.served.port, 500)),
        "slow-1",
    ),
    Attack(
        "32 that look like phones",
        "200 .*10 s",
        _crowd(lambda place: crowd.asking_for_lookalikes(place.served.port, 32)),
        "slow-3",
    ),
    Attack(
        "32 that take no answer",
        "200 .*10 s",
        _crowd(lambda place: crowd.never_reading(place.served.port, "/dang-nhap", 32)),
    ),
    Attack("eight wrong passwords for a known name", "is in, (200|4..) to strangers", _guesses, "lock-1"),
    Attack(f"{TRIES} wrong passwords", "[0-9 ]+, few rows of audit", _many_tries, "lock-2"),
    Attack(
        "codes and names in addresses",
        "not told",
        _logged(
            f"/%6bey/{SECRET_CODE}/formList",
            f"/key//{SECRET_CODE}",
            f"/KEY/{SECRET_CODE}",
            f"//key/{SECRET_CODE}",
            f"/key/{SECRET_CODE}%2fformList",
            f"/x?to=/key/{SECRET_CODE}",
            f"/key/./{SECRET_CODE}",
            f"/k%65y%2f{SECRET_CODE}",
            f"/%256bey/{SECRET_CODE}",
            f"/lien-ket/{SECRET_CODE}/odata/",
        ),
        "logs-1, logs-2",
    ),
    Attack(
        "heads of 4 MB", "(400|431) .*|0 .*", _raw(b"GET / HTTP/1.1\r\n" + HOST + _heads(80_000) + b"\r\n")
    ),
    Attack(
        "one header of 1 MB",
        "(400|431) .*|0 .*",
        _raw(b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"x" * 2**20 + b"\r\n\r\n"),
    ),
    Attack(
        "a cookie of 64 KB",
        "(302|400|431) .*|0 .*",
        _raw(b"GET / HTTP/1.1\r\n" + HOST + b"Cookie: a=" + b"x" * 65_536 + b"\r\n\r\n"),
    ),
    Attack(
        "a cookie of 60,000 parts",
        "[234].. .*|0 .*",
        _raw(
            b"GET /dang-nhap HTTP/1.1\r\n"
            + HOST
            + b"Cookie: "
            + b"a;" * 30_000
            + b"\r\nConnection: close\r\n\r\n"
        ),
    ),
    Attack(
        "an address of 100,000 parameters",
        "(400|414|431) .*|0 .*",
        _raw(b"GET /dang-nhap?" + b"a&" * 100_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    ),
    Attack(
        "an address of 30,000 parameters",
        "[234].. .*",
        _raw(b"GET /dang-nhap?" + b"a&" * 30_000 + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"),
    ),
    Attack(
        "64 KB of slashes",
        "[34].. .*",
        _raw(b"GET /" + b"/" * 60_000 + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"),
    ),
    Attack(
        "a form of 10,000,000 fields",
        "4.. .*|0 .*",
        _body("/dang-nhap", b"application/x-www-form-urlencoded", b"a&" * 10_000_000),
    ),
    Attack(
        "a form of one field of 20 MB",
        "4.. .*|0 .*",
        _body("/dang-nhap", b"application/x-www-form-urlencoded", b"a=" + b"x" * 20_000_000),
    ),
    Attack(
        "10,000 parts",
        "4.. .*|0 .*",
        _body("/dang-nhap", b"multipart/form-data; boundary=b", PARTS * 10_000 + b"--b--\r\n"),
    ),
    Attack(
        "parts with a boundary of 4 KB",
        "4.. .*|0 .*",
        _body("/dang-nhap", b"multipart/form-data; boundary=" + b"b" * 4096, b"x" * 8192),
    ),
    Attack(
        "10 MB that almost are a boundary",
        "4.. .*|0 .*",
        _body("/dang-nhap", b"multipart/form-data; boundary=bb", b"\r\n--b" * 2_000_000),
    ),
    Attack(
        "10 MB of line ends as parts",
        "4.. .*|0 .*",
        _body("/dang-nhap", b"multipart/form-data; boundary=b", b"--b\r\n" + b"\r\n" * 5_000_000),
    ),
    Attack(
        "a part whose heads have no end",
        "4.. .*|0 .*",
        _body("/dang-nhap", b"multipart/form-data; boundary=b", b"--b\r\n" + b"X: y\r\n" * 1_500_000),
    ),
    Attack("chunks without end", "4.. .*|0 .*", _raw(b"POST /dang-nhap" + CHUNKED, *_chunks(65_536, 2_000))),
    Attack(
        "chunks of a byte without end",
        "4.. .*|0 .*",
        _raw(b"POST /dang-nhap" + CHUNKED, *[b"".join(_chunks(1, 10_000))] * 200),
    ),
    Attack(
        "a chunk of 2^60 bytes",
        "4.. .*|0 .*",
        _raw(b"POST /dang-nhap" + CHUNKED, b"fffffffffffffff\r\n", *[b"x" * 65_536] * 2_000),
    ),
    Attack(
        "a chunk's remark without end",
        "4.. .*|0 .*",
        _raw(b"POST /dang-nhap" + CHUNKED, b"1;", *[b"x" * 65_536] * 2_000),
    ),
    Attack(
        "a length below zero",
        "400 .*|0 .*",
        _raw(b"POST /dang-nhap HTTP/1.1\r\n" + HOST + FORM + b"Content-Length: -1\r\n\r\n"),
    ),
    Attack(
        "a length of 10^40",
        "4.. .*|0 .*",
        _raw(
            b"POST /dang-nhap HTTP/1.1\r\n" + HOST + FORM + b"Content-Length: 1" + b"0" * 40 + b"\r\n\r\nx",
            most=45,
        ),
    ),
    Attack(
        "two lengths and chunks",
        "400 .*|0 .*",
        _raw(
            b"POST /dang-nhap HTTP/1.1\r\n"
            + HOST
            + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n"
        ),
    ),
    Attack(
        "1,000 requests on one line at once",
        "[234].. .*",
        _raw((b"GET /dang-nhap HTTP/1.1\r\n" + HOST + b"\r\n") * 1_000),
    ),
    Attack(
        "a visit of 20 MB without a code",
        "403 .*|0 .*",
        _body(f"/key/{'x' * 64}/submission", b"multipart/form-data; boundary=b", b"x" * 20_000_000),
    ),
    Attack(
        "20 MB at the city's door for bundles",
        "4.. .*",
        _asked("POST", "/api/v1/rollup", data=b"PK\x03\x04" + bytes(20_000_000)),
    ),
    Attack(
        "Basic of 60 KB",
        "4.. .*",
        _asked("GET", "/api/v2/assets", headers={"Authorization": "Basic " + "QTo6" * 15_000}),
    ),
    Attack(
        "Digest of 10,000 parts",
        "4.. .*",
        _asked("GET", "/formList", headers={"Authorization": "Digest " + 'a="",' * 10_000}),
    ),
    Attack(
        "1,000 languages",
        "200 .*",
        _asked("GET", "/dang-nhap", headers={"Accept-Language": "a;q=0.1," * 7_000}),
    ),
    Attack(
        "10,000 ranges of a file",
        "[24].. .*",
        _asked("GET", "/static/dashboards/pages.css", headers={"Range": "bytes=" + "0-," * 15_000}),
    ),
    Attack(
        "10,000 ETags",
        "[24].. .*",
        _asked("GET", "/static/dashboards/pages.css", headers={"If-None-Match": '"a",' * 15_000}),
    ),
)
