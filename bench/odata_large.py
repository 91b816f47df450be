"""First pages of filters at two million submissions: answers with an index, in one big commune and in one of many.

python -m bench.odata_large [--rows 2000000] [--runs 5]

Half of them are of the first commune, the others of 113 more; each has all its answers (45 questions). They are copies
of one visit made inside PostgreSQL, whose answers to three questions differ.
"""

import base64
import statistics
import time

import sqlalchemy as sa

from app import create_app
from bench import kobo, machine, wide
from bench.odata import asked
from server.accounts import persons
from server.answers import indexed_questions
from server.db import db
from server.models import Commune, Form
from server.settings import Settings

STEP = 50_000
SEEDS = 1_000
"""Visits that are made one by one; the others are copies of the first of them."""
COPIED = """
INSERT INTO submission (instance_id, form_id, form_version_id, version, collector_id, village_id, entity_id, result,
  sha256, xml, answers, observed_at, received_at, device, user_agent, review)
SELECT 'uuid:' || md5('nhieu ' || n)::uuid, 1, 1, '1', 1, v.id, NULL, 'gap', one.sha256, convert_to('<data/>', 'UTF8'),
  CAST(CAST(one.answers AS jsonb) || jsonb_build_object('thon', v.code, 'nguoi/nguoi_lon', n % 9, 'ket_qua',
    CASE WHEN n % 500 = 0 THEN 'tu_choi' ELSE 'gap' END) AS json),
  moment, moment + interval '5 hours', one.device, one.user_agent, 'received'
FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n
CROSS JOIN (SELECT * FROM submission WHERE form_id = 1 ORDER BY id LIMIT 1) one
JOIN (SELECT v.id, v.code, row_number() OVER (PARTITION BY c.code = :home ORDER BY v.id) - 1 AS place,
             count(*) OVER (PARTITION BY c.code = :home) AS number, c.code = :home AS is_home
      FROM village v JOIN commune c ON c.id = v.commune_id) v
  ON v.is_home = (n % 2 = 0) AND v.place = n / 2 % v.number
CROSS JOIN LATERAL (SELECT timestamptz '2026-09-07 02:00Z' + CAST(n AS float8) / :total * interval '78 days'
                           AS moment) told
"""
SMALL_COMMUNE = "10930"
FILTERS = {
    "all": "",
    "one thôn": "thon eq '{village}'",
    "a number": "nguoi/nguoi_lon gt 7",
    "few": "ket_qua eq 'tu_choi'",
    "two questions": "ket_qua eq 'tu_choi' and nguoi/nguoi_lon ge 8",
    "one of several": "nguoi/nguoi_lon in (1,3) and thon eq '{village}'",
    "nobody": "ket_qua eq 'khong_ai'",
}
"""All are answered by questions that have an index (`bench.kobo.INDEXED`)."""


def main() -> None:
    parser = wide.arguments(__doc__, communes=114, villages=2_900, households=29_000, full=SEEDS)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print(machine.describe())
    with wide.built(wide.chosen(options)) as found:
        fill(found, options.rows)
        with machine.served(found.url, found.folder, workers=1) as served:
            for code, username in ((wide.FIRST, "can_bo"), (SMALL_COMMUNE, "can_bo_nho")):
                measure(served, found.postgres, code, username, options.runs)


def fill(found: wide.Built, rows: int) -> None:
    """The copies, the indexes, and an officer of a commune that is like the others."""
    began = time.perf_counter()
    engine = sa.create_engine(found.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("SET statement_timeout = 0; SET synchronous_commit = off")
        for first in range(1, rows + 1, STEP):
            last = min(first + STEP - 1, rows)
            connection.execute(
                sa.text(COPIED), {"first": first, "last": last, "total": rows, "home": wide.FIRST}
            )
        connection.exec_driver_sql("VACUUM ANALYZE submission")
    engine.dispose()
    app = create_app(Settings(instance=found.folder, database_url=found.url, secret_key=wide.SECRET))
    with app.app_context():
        small = db.session.scalars(sa.select(Commune).where(Commune.code == SMALL_COMMUNE)).one()
        persons.add("can_bo_nho", "Cán bộ", ("officer",), commune=small, password=wide.PASSWORD)
        db.session.commit()
        form = db.session.scalars(sa.select(Form).where(Form.form_id == "bench_ho")).one()
        for path in kobo.INDEXED:
            indexed_questions.add(form, path)
        db.session.close()
        db.dispose()
    machine.show("filled", {"rows": rows, "seconds": round(time.perf_counter() - began)})


def measure(served: machine.Served, postgres: machine.Postgres, code: str, username: str, runs: int) -> None:
    """CPU and the median of so many askings of the first thousand rows of each filter, after one that warms up."""
    base = f"/v1/projects/{code}/forms/bench_ho.svc/Submissions"
    basic = base64.b64encode(f"{username}:{wide.PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}"}
    for name, text in FILTERS.items():
        said = text.format(village=f"{code}001").replace(" ", "%20").replace("'", "%27")
        path = f"{base}?$top=1000" + (f"&$filter={said}" if said else "")
        rows = len(asked(served.port, path, headers)[1]["value"])
        before = machine.cpu_seconds(served, postgres)
        seconds = statistics.median(asked(served.port, path, headers)[0] for _ in range(runs))
        cpu = (machine.cpu_seconds(served, postgres) - before) / runs
        machine.show(
            f"{code} {name}", {"cpu_seconds": round(cpu, 3), "seconds": round(seconds, 3), "rows": rows}
        )


if __name__ == "__main__":
    main()
