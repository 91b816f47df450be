"""Server time of a commune's page, map and coverage with 100,000 stored visits.

python -m bench.pages [--stored 100000]
"""

import argparse
import http.client
import statistics
import tempfile
from pathlib import Path

from app import create_app
from bench import city, machine
from server import migrate
from server.accounts import persons, program_keys
from server.db import db
from server.settings import Settings

SECRET = "for benchmarks only, and long enough for them"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stored", type=int, default=100_000)
    options = arguments.parse_args()
    print(machine.describe())
    with machine.postgres() as server, tempfile.TemporaryDirectory(prefix="tungnha-bench-") as folder:
        machine.administer(server.url, "CREATE DATABASE pages")
        url = machine.database(server.url, "pages")
        token = prepare(url, Path(folder), options.stored)
        with machine.served(url, Path(folder)) as served:
            for path in ("/api/v1/communes/11629/coverage", "/api/v1/communes/11629/targets"):
                machine.show(path, measure(served.port, path, {"Authorization": f"Token {token}"}))
            cookie = sign_in(served.port)
            for path in (
                "/xa/11629",
                "/xa/11629?den_ngay=2026-11-01",
                "/xa/11629/ban-do/khung?chi_tieu=phu_song_5g",
            ):
                machine.show(path, measure(served.port, path, {"Cookie": cookie}))


def prepare(url: str, folder: Path, stored: int) -> str:
    """A commune with its visits, a leader and a program's token; the token."""
    app = create_app(
        Settings(instance=folder, database_url=url, secret_key=SECRET, fold_seconds=0, second_factor="none")
    )
    with app.app_context():
        migrate.upgrade()
        city.build(max(stored // 3, 1000))
        city.store(stored)
        commune = city.first_commune()
        persons.add("lanh_dao", "Lãnh đạo", ("leader",), commune=commune, password="mat khau de do 2026")
        token = program_keys.add("bench", commune=commune).token
        db.session.commit()
        db.session.close()
        db.dispose()
    return token


def sign_in(port: int, username: str = "lanh_dao") -> str:
    """The cookies of a person (the leader) who has signed in, as a header says them."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/dang-nhap")
    answer = connection.getresponse()
    cookie = _cookies(answer)
    csrf = answer.read().decode().partition('name="csrf_token" value="')[2].partition('"')[0]
    body = f"username={username}&password=mat+khau+de+do+2026&csrf_token={csrf}"
    head = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/dang-nhap", body, head)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 302:
        raise SystemExit(f"{username} cannot sign in: {answer.status}")
    return _cookies(answer)


def _cookies(answer: http.client.HTTPResponse) -> str:
    """Those that an answer sets: the session's, and the one by which a browser is known again."""
    return "; ".join(each.partition(";")[0] for each in answer.headers.get_all("Set-Cookie") or ())


def measure(port: int, path: str, headers: dict[str, str], times: int = 30) -> dict[str, object]:
    """Milliseconds of server time (Server-Timing) of one request after the other, the first few left out."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    taken, size = [], 0
    for number in range(times + 5):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        size = len(answer.read())
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status}")
        told = answer.getheader("Server-Timing") or ""
        if number >= 5:
            taken.append(float(told.partition("dur=")[2].partition(",")[0].partition(";")[0]))
    return {"p50_ms": statistics.median(taken), "max_ms": max(taken), "bytes": size}


if __name__ == "__main__":
    main()
