"""One collector's sync in a whole city: form list, manifest, his list, integrity; 304s; Digest; 300 phones at once.

python -m bench.sync [--households 1300000] [--villages 2900] [--phones 300]

Beside the city stands one commune alone, whose collector has a list as long: what a sync costs there and in the city is
measured in turns, so that it shows whether it grows with the city.

Times are those of whole requests over loopback, one after the other, so they hold the server's time and a little more.
"""

import contextlib
import dataclasses
import hashlib
import http.client
import re
import statistics
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from werkzeug.http import parse_dict_header

from bench import machine, pages, wide

TIMES = 40
TURNS = 3
ALONE = 38
"""Thôn of the commune that stands beside the city."""
INTEGRITY_IDS = 100


def main() -> None:
    parser = wide.arguments(__doc__, collectors=300)
    parser.add_argument("--phones", type=int, default=300, help="phones that poll while a leader reads")
    parser.add_argument("--seconds", type=int, default=20, help="for how long they poll")
    options = parser.parse_args()
    print(machine.describe())
    size = wide.chosen(options)
    alone = dataclasses.replace(
        size, communes=1, villages=ALONE, households=size.households * ALONE // size.villages
    )
    with (
        wide.built(alone) as commune,
        wide.built(size) as found,
        machine.served(commune.url, commune.folder) as beside,
        machine.served(found.url, found.folder) as served,
    ):
        token = f"/key/{found.city.tokens[0]}"
        compare(
            {
                "one commune": (beside.port, commune.city.tokens[0]),
                "the city": (served.port, found.city.tokens[0]),
            }
        )
        measure_digest(served.port, token, *found.city.phones[0])
        measure_polling(served.port, found.city.tokens[: options.phones], options.seconds)


def compare(places: Mapping[str, tuple[int, str]]) -> None:
    """A whole sync in each place in turns, the first round to warm up."""
    taken: dict[str, list[float]] = {name: [] for name in places}
    for turn in range(TURNS + 1):
        for name, (port, token) in places.items():
            full = measure_sync(port, f"/key/{token}", told=f"{name}: " if turn == TURNS else "")
            taken[name] += [full] if turn else []
    for name, values in taken.items():
        machine.show(
            f"a whole sync in {name}, median of {TURNS} turns",
            {"p50_ms": round(statistics.median(values), 1)},
        )


def measure_sync(port: int, prefix: str, told: str) -> float:
    """Each request of a sync, then the same with what the phone has already; milliseconds of the whole sync.

    Each is shown where it is `told` whose it is.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port)
    listed = _text(connection, f"{prefix}/formList?formID=ho_gia_dinh")
    manifest = _address(listed, "manifestUrl")
    needed = _text(connection, manifest)
    files = [urlsplit(url).path for url in re.findall("<downloadUrl>([^<]+)", needed)]
    ids = "%2C".join(str(uuid.UUID(int=n, version=4)) for n in range(INTEGRITY_IDS))
    asked = {
        "form list": f"{prefix}/formList",
        "form": _address(listed, "downloadUrl"),
        "manifest": manifest,
        **{path.rpartition("/")[2]: path for path in files},
        f"integrity of {INTEGRITY_IDS}": f"{prefix}/lists/ho_dan/integrity?id={ids}",
    }
    full, known = 0.0, []
    for name, path in asked.items():
        taken, tag, size = _timed(connection, path)
        full += taken
        if told:
            machine.show(f"{told}{name}", {"p50_ms": round(taken, 1), "bytes": size})
        if tag:
            again, _, _ = _timed(connection, path, {"If-None-Match": tag}, 304)
            known.append(again)
            if told:
                machine.show(f"{told}{name}, 304", {"p50_ms": round(again, 1)})
    if told:
        machine.show(
            f"{told}a whole sync", {"p50_ms": round(full, 1), "304_at_most_ms": round(max(known), 1)}
        )
    return full


def measure_digest(port: int, prefix: str, username: str, password: str) -> None:
    """The form list by token and by password, in turns."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/formList")
    answer = connection.getresponse()
    answer.read()
    offered = parse_dict_header((answer.getheader("WWW-Authenticate") or "").partition(" ")[2])
    by_token, by_password = [], []
    for count in range(1, TIMES + 1):
        by_token.append(_once(connection, f"{prefix}/formList", {})[0])
        proof = _proof(offered, username, password, count)
        by_password.append(_once(connection, "/formList", {"Authorization": proof})[0])
    machine.show("form list by token", {"p50_ms": round(statistics.median(by_token), 2)})
    machine.show("form list by Digest", {"p50_ms": round(statistics.median(by_password), 2)})


def measure_polling(port: int, tokens: Sequence[str], seconds: int) -> None:
    """A leader's page while phones ask for their forms and manifests, each of them four times, one after the other.

    Each phone asks for the first time in this run, so its list is made anew at its first manifest.
    """
    end = threading.Event()
    counts: list[int] = []

    def poll(number: int, token: str) -> None:
        connection, count = http.client.HTTPConnection("127.0.0.1", port, timeout=60), 0
        end.wait(seconds / 4 * number / len(tokens))
        while not end.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                listed = _text(connection, f"/key/{token}/formList")
                _once(connection, _address(listed, "manifestUrl"), {})
                count += 1
            end.wait(seconds / 4)
        counts.append(count)

    cookie = pages.sign_in(port)
    threads = [threading.Thread(target=poll, args=each) for each in enumerate(tokens)]
    for thread in threads:
        thread.start()
    connection, taken, until = http.client.HTTPConnection("127.0.0.1", port), [], time.monotonic() + seconds
    while time.monotonic() < until:
        taken.append(_once(connection, "/xa/11629", {"Cookie": cookie})[0])
    end.set()
    for thread in threads:
        thread.join()
    told = {
        "pages": len(taken),
        "p50_ms": round(statistics.median(taken)),
        "p95_ms": round(statistics.quantiles(taken, n=20)[-1]),
        "max_ms": round(max(taken)),
        "polls": sum(counts),
    }
    machine.show(f"a leader's page while {len(tokens)} phones poll", told)


def _timed(
    connection: http.client.HTTPConnection,
    path: str,
    headers: Mapping[str, str] | None = None,
    status: int = 200,
) -> tuple[float, str, int]:
    """Median milliseconds, the ETag and the size of a request made again and again."""
    taken, tag, size = [], "", 0
    for _ in range(TIMES):
        each, found, tag, size = _once(connection, path, headers or {})
        if found != status:
            raise SystemExit(f"{path}: {found} instead of {status}")
        taken.append(each)
    return statistics.median(taken[5:]), tag, size


def _once(
    connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str]
) -> tuple[float, int, str, int]:
    began = time.perf_counter()
    connection.request("GET", path, headers=dict(headers))
    answer = connection.getresponse()
    size = len(answer.read())
    taken = (time.perf_counter() - began) * 1000
    return taken, answer.status, answer.getheader("ETag") or "", size


def _text(connection: http.client.HTTPConnection, path: str) -> str:
    connection.request("GET", path)
    return connection.getresponse().read().decode()


def _address(listed: str, name: str) -> str:
    found = re.search(f"<{name}>([^<]+)", listed)
    if found is None:
        raise SystemExit(f"no {name}")
    return urlsplit(found[1]).path


def _proof(offered: Mapping[str, str | None], username: str, password: str, count: int) -> str:
    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    ha1, ha2 = md5(f"{username}:{offered['realm']}:{password}"), md5("GET:/formList")
    response = md5(f"{ha1}:{offered['nonce']}:{count:08x}:c:auth:{ha2}")
    return (
        f'Digest username="{username}", realm="{offered["realm"]}", nonce="{offered["nonce"]}", uri="/formList", '
        f'qop=auth, nc={count:08x}, cnonce="c", response="{response}", algorithm=MD5'
    )


if __name__ == "__main__":
    main()
