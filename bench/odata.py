"""CPU and seconds of OData: 100,000 submissions by pages of 1,000, filters, and the first page of a repeat.

python -m bench.odata [--full 100000] [--runs 3]

Visits of one form with all their answers (45 questions) in one commune, by an officer's session; beside them as many
of a form with a repeat, two rounds each. CPU is that of all server processes and of PostgreSQL.
"""

import http.client
import json
import statistics
import time
import urllib.parse
from collections.abc import Mapping

import sqlalchemy as sa

from app import create_app
from bench import kobo, machine, wide
from bench.pages import sign_in
from server.db import db
from server.models import Submission
from server.published_forms import publishing
from server.settings import Settings

SERVICE = f"/v1/projects/{wide.FIRST}/forms"
PAGE = 1_000
REPEAT = """
| survey |
| | type | name | label |
| | text | thon | Thôn |
| | begin repeat | tv | Thành viên |
| | integer | tuoi | Tuổi |
| | end repeat | | |
| settings |
| | form_title | form_id | version |
| | Lặp | bench_lap | 1 |
"""
ROUNDS = '{"thon": "t1", "tv": [{"tv/tuoi": 30}, {"tv/tuoi": 8}]}'


def main() -> None:
    parser = wide.arguments(__doc__, communes=1, villages=38, households=11_000, full=100_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    wide.STEP = kobo.STEP
    print(machine.describe())
    with wide.built(wide.chosen(options)) as found:
        kobo.vary(found.url, options.full)
        copies(found, options.full)
        with machine.served(found.url, found.folder, workers=1) as served:
            cookie = sign_in(served.port, "can_bo")
            pages(served, found, cookie)
            for name, path in ASKED.items():
                took = [asked(served.port, path, {"Cookie": cookie})[0] for _ in range(options.runs + 1)][1:]
                machine.show(name, {"seconds": round(statistics.median(took), 3)})


ASKED = {
    "a page of 1,000": f"{SERVICE}/bench_ho.svc/Submissions?$top=1000",
    "1,000 flat rows": f"{SERVICE}/bench_ho.svc/Submissions_flat?$top=1000",
    "1,000 rows of a filter": f"{SERVICE}/bench_ho.svc/Submissions?$top=1000&$filter=nguoi/nguoi_lon%20gt%207",
    "100 rows of a filter that few match": (
        f"{SERVICE}/bench_ho.svc/Submissions?$top=100&$filter=ket_qua%20eq%20%27tu_choi%27"
    ),
    "the first 1,000 rounds of a repeat": f"{SERVICE}/bench_lap.svc/Submissions.tv?$top=1000",
    "the first round of a repeat": f"{SERVICE}/bench_lap.svc/Submissions.tv?$top=1",
    "coverage, the first 1,000 rows": f"/v1/projects/{wide.FIRST}/coverage.svc/Coverage?$top=1000",
}


def copies(found: wide.Built, rows: int) -> None:
    """As many submissions of a form with a repeat."""
    app = create_app(Settings(instance=found.folder, database_url=found.url, secret_key=wide.SECRET))
    with app.app_context():
        made = publishing.publish(REPEAT.encode(), "lap.md").form_version
        db.session.commit()
        values = {
            "id": None, "instance_id": "'lap' || instance_id", "form_id": str(made.form_id), "version": "'1'",
            "form_version_id": str(made.id), "answers": f"'{ROUNDS}'", "entity_id": "NULL",
        }  # fmt: skip
        own = {column.name: values.get(column.name, column.name) for column in Submission.__table__.columns}
        named = {name: value for name, value in own.items() if value is not None}
        insert = (
            f"INSERT INTO submission ({', '.join(named)}) SELECT {', '.join(named.values())} FROM submission "
            f"WHERE form_id <> {made.form_id} AND id BETWEEN :first AND :last"
        )
        for first in range(1, rows + 1, kobo.STEP):
            db.session.execute(sa.text(insert), {"first": first, "last": first + kobo.STEP - 1})
            db.session.commit()
    engine = sa.create_engine(found.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE submission")
    engine.dispose()


def pages(served: machine.Served, found: wide.Built, cookie: str) -> None:
    """All submissions, page by page as Excel reads them."""
    before, began, took, rows = machine.cpu_seconds(served, found.postgres), time.perf_counter(), [], 0
    path = f"{SERVICE}/bench_ho.svc/Submissions?$top={PAGE}"
    while path:
        seconds, told = asked(served.port, path, {"Cookie": cookie})
        took.append(seconds)
        rows += len(told["value"])
        link = urllib.parse.urlsplit(told.get("@odata.nextLink", ""))
        path = f"{link.path}?{link.query}" if link.path else ""
    machine.show(
        "all by pages of 1,000",
        {
            "rows": rows,
            "cpu_seconds": round(machine.cpu_seconds(served, found.postgres) - before, 2),
            "seconds": round(time.perf_counter() - began, 2),
            "median_page": round(statistics.median(took), 3),
            "slowest_page": round(max(took), 3),
        },
    )


def asked(port: int, path: str, headers: Mapping[str, str]) -> tuple[float, dict[str, list[object]]]:
    """Seconds until the whole answer is there, and the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    began = time.perf_counter()
    connection.request("GET", path, headers=dict(headers))
    answer = connection.getresponse()
    body = answer.read()
    took = time.perf_counter() - began
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status} {body[:200]!r}")
    return took, json.loads(body)


if __name__ == "__main__":
    main()
