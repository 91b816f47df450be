"""CPU, seconds and memory of Kobo's door: 30,000 submissions as data.json, and questions about answers.

python -m bench.kobo [--full 100000] [--runs 3]

Visits of one form with all their answers (45 questions) in one commune, by an officer's session. A query is asked for
its first 100 rows, with the number of all that match, before and after three of the questions have an index.
"""

import http.client
import json
import statistics
import time
import urllib.parse

import sqlalchemy as sa

from app import create_app
from bench import exports, machine, wide
from bench.pages import sign_in
from server.answers import indexed_questions
from server.api.kobo import kobo_ids
from server.db import db
from server.models import Form
from server.settings import Settings

INDEXED = ("thon", "nguoi/nguoi_lon", "ket_qua")
VARIED = """
UPDATE submission SET answers = CAST(CAST(answers AS jsonb) || jsonb_build_object('nguoi/nguoi_lon', id % 9,
  'ket_qua', CASE WHEN id % 500 = 0 THEN 'tu_choi' ELSE 'gap' END) AS json)
WHERE id BETWEEN :first AND :last
"""
STEP = 10_000
"""Rows of one statement: a statement may take a minute, also on a machine that has other work."""
UID = kobo_ids.uid("a", "bench_ho")
QUERIES = {
    "one thôn, 2,630 rows": {"thon": "{village}"},
    "a number, 11,000 rows": {"nguoi/nguoi_lon": {"$gt": 7}},
    "two questions, 22 rows": {"ket_qua": "tu_choi", "nguoi/nguoi_lon": {"$gte": 8}},
    "few, 200 rows": {"ket_qua": "tu_choi"},
    "since a number": {"_id": {"$gt": 90_000}},
}


def main() -> None:
    parser = wide.arguments(__doc__, communes=1, villages=38, households=11_000, full=100_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    wide.STEP = STEP  # a statement of a city of copies may take a minute, and no more
    print(machine.describe())
    with (
        wide.built(wide.chosen(options)) as found,
        machine.served(found.url, found.folder, workers=1) as served,
    ):
        vary(found.url, options.full)
        cookie = sign_in(served.port, "can_bo")
        queries(served.port, cookie, options.runs, "no index")
        index(found)
        queries(served.port, cookie, options.runs, "index")
        path = f"/api/v2/assets/{UID}/data.json"
        runs = [exports.measure(served, found.postgres, path, cookie) for _ in range(options.runs)]
        machine.show("data.json, 30,000 rows", exports.summary(runs))


def vary(url: str, rows: int) -> None:
    """Let the visits say different things: they were made as copies of one."""
    engine = sa.create_engine(url)
    for first in range(1, rows + 1, STEP):
        with engine.begin() as connection:
            connection.execute(sa.text(VARIED), {"first": first, "last": first + STEP - 1})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE submission")
    engine.dispose()


def index(found: wide.Built) -> None:
    """As `flask forms index` does."""
    app = create_app(Settings(instance=found.folder, database_url=found.url, secret_key=wide.SECRET))
    with app.app_context():
        form = db.session.scalars(sa.select(Form).where(Form.form_id == "bench_ho")).one()
        for path in INDEXED:
            indexed_questions.add(form, path)


def queries(port: int, cookie: str, runs: int, title: str) -> None:
    """The median of so many askings of each query, after one that warms up."""
    for name, query in ({"all": {}} | QUERIES).items():
        path = f"/api/v2/assets/{UID}/data.json?limit=100&query={_said(query)}"
        found = [asked(port, path, cookie) for _ in range(runs + 1)][1:]
        seconds = round(statistics.median(each[0] for each in found), 3)
        machine.show(f"{title}: {name}", {"seconds": seconds, "rows": found[0][1]})


def _said(query: dict[str, object]) -> str:
    return urllib.parse.quote(json.dumps(query).replace("{village}", f"{wide.FIRST}001"))


def asked(port: int, path: str, cookie: str) -> tuple[float, int]:
    """Seconds until the whole answer is there, and how many match."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    began = time.perf_counter()
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    body = answer.read()
    took = time.perf_counter() - began
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status} {body[:200]!r}")
    return took, json.loads(body)["count"]


if __name__ == "__main__":
    main()
