"""The whole city on PostgreSQL: 114 communes, 2,900 thôn, 1.3 million households, and visits where asked for.

python -m bench.wide [--households 1300000] [--visits 2000000] [--full 100000] [--team 60] [--keep FOLDER]
    [--serve | --pages [--among PATTERN]]

Everything is made inside the database by `generate_series`, the same for the same numbers, in some minutes at full
size. With `--serve` it stays to be looked at; with `--pages` every page of every role is measured (`bench.page_costs`),
or those whose endpoint and path match a pattern, and told as a table for docs/performance.md. With `--keep` the city
stays in that folder (7 GB at full size) and is not made anew when the same folder is given again. Other benchmarks
call `built` or `build`.
"""

import argparse
import contextlib
import dataclasses
import importlib
import itertools
import json
import random
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

from app import create_app
from bench import city, machine, wide_rows
from forms import plans
from server import migrate
from server.accounts import persons, program_keys
from server.db import db
from server.models import Commune, EntityList, Village
from server.phones import collectors
from server.plans import load_plans
from server.privacy import held_records
from server.published_forms import library_forms, publishing, read_submission
from server.settings import Settings

SECRET = "for benchmarks only, and long enough for them"
PASSWORD = "mat khau de do 2026"
FIRST = "11629"
"""The commune that has most: plan, people, collectors, and the visits with all their answers."""
PLANS = ("an_lao_2026", "mao_dien_2026")
STATED = ("tham_ho", "smart_hai_phong_ho", "vneid_nguoi_dan", "bang_rong_1gbps", "phu_song_5g")
"""What each of the city's visits states; those with all answers state all that their form does."""


@dataclasses.dataclass(frozen=True)
class Size:
    """How much there is. Each thôn has as many households as the next one, and its own share of them is visited."""

    communes: int = 114
    villages: int = 2900
    households: int = 1_300_000
    visits: int = 0
    """Of the whole city, with five findings each and little text."""
    full: int = 0
    """Of one form in the first commune, with all its answers."""
    collectors: int = 1
    """Each of one thôn of the first commune, round and round."""
    team: int = 60
    """Collectors of each commune beside these: who sent the visits, each from thôn of their own."""


@dataclasses.dataclass(frozen=True)
class Wide:
    """What one needs to ask a city: tokens of phones, (name, password) of phones, a program's token.

    Persons sign in as `lanh_dao`, `can_bo`, `soat_vien` and `to_truong` (first commune), `so_khcn` and `quan_tri`, with
    PASSWORD.
    """

    tokens: Sequence[str]
    phones: Sequence[tuple[str, str]]
    api_token: str


COMMUNES = """
INSERT INTO commune (code, name, kind, illustrative, valid_from)
SELECT code, CASE n WHEN 1 THEN 'An Lão' WHEN 2 THEN 'Mao Điền' ELSE 'Xã ' || n END,
  CASE WHEN n % 3 = 0 THEN 'phường' ELSE 'xã' END, false, date '2025-07-01'
FROM (SELECT n, CASE n WHEN 1 THEN '11629' WHEN 2 THEN '10930' ELSE (20000 + 3 * n)::text END AS code
      FROM generate_series(1, :communes) n) made
"""
VILLAGES = """
INSERT INTO village (commune_id, code, name, illustrative, valid_from)
SELECT c.id, c.code || to_char((n - 1) / :communes + 1, 'FM000'), 'Thôn ' || ((n - 1) / :communes + 1), false,
  date '2025-07-01'
FROM generate_series(1, :villages) n
JOIN (SELECT id, code, row_number() OVER (ORDER BY id) AS place FROM commune) c
  ON c.place = (n - 1) % :communes + 1 ORDER BY n
"""
FIGURES = """
INSERT INTO village_figure (village_id, day, source, households, people, adults)
SELECT v.id, date '2026-01-01', 'số liệu để đo', count(e.id), 3 * count(e.id), 2 * count(e.id)
FROM village v LEFT JOIN entity e ON e.village_id = v.id AND e.list_id = :list GROUP BY v.id
"""
KEY = "overlay(overlay(md5('ho ' || {n}) placing '4' from 13) placing '8' from 17)::uuid"
"""The UUID of household `n`: version 4 as phones expect it, and the same every time."""
HOUSEHOLDS = f"""
INSERT INTO entity (id, list_id, village_id, label, data, version, created_at, changed_at)
SELECT {KEY.format(n="n")}, :list, v.id, 'Ngõ ' || (n / :villages % 30 + 1) || ', số ' || (n / :villages + 1),
  jsonb_build_object('thon', v.code, 'dia_chi', 'Ngõ ' || (n / :villages % 30 + 1), 'tinh_trang', 'chua_tham',
    'ket_qua', '', 'lan_tham', '0', 'ngay_cuoi', '', 'marker-color', '#9e9e9e'),
  1, timestamptz '2026-09-01 01:00Z', timestamptz '2026-09-01 01:00Z'
FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n
JOIN (SELECT id, code, row_number() OVER (ORDER BY id) - 1 AS place FROM village) v ON v.place = n % :villages
"""
ASKED = f"""
CREATE TABLE asked AS
SELECT row_number() OVER (ORDER BY n) - 1 AS place, {KEY.format(n="n")} AS id, v.id AS village_id,
  coalesce((SELECT min(w.collector_id) FROM collector_village w JOIN collector c ON c.id = w.collector_id
            WHERE w.village_id = v.id AND c.username LIKE 'nguoi.%'), 1) AS collector_id
FROM generate_series(0, :households - 1) n
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM village) v ON v.place = n % :villages
WHERE n / :villages % 10 <= v.place % 10
"""
"""Households that are visited: a tenth of those of one thôn, all of those of another."""
VISITS = """
INSERT INTO submission (instance_id, form_id, form_version_id, version, collector_id, village_id, entity_id, result,
  sha256, xml, answers, observed_at, received_at, device, user_agent, review)
SELECT 'uuid:' || md5('phieu ' || n)::uuid, 1, 1, '1', a.collector_id, a.village_id, a.id, 'gap',
  sha256(convert_to(n::text, 'UTF8')),
  convert_to('<data id="bench_ho" version="1"><meta><instanceID>uuid:' || md5('phieu ' || n)::uuid
    || '</instanceID></meta></data>', 'UTF8'),
  '{"ket_qua": "gap"}', moment, moment + interval '5 hours', 'collect:aB3dE6gH9jK2mN5p',
  'org.odk.collect.android/v2026.3.1', 'received'
FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n
JOIN asked a ON a.place = n % :asked
CROSS JOIN LATERAL (SELECT timestamptz '2026-09-07 02:00Z' + CAST(n AS float8) / :total * interval '78 days'
                           AS moment) told
ORDER BY n
"""
FULL_VISITS = """
INSERT INTO submission (instance_id, form_id, form_version_id, version, collector_id, village_id, entity_id, result,
  sha256, xml, answers, latitude, longitude, accuracy, observed_at, received_at, device, user_agent, review)
SELECT 'uuid:' || md5('phieu day du ' || n)::uuid, 1, 1, '1', 1, e.village_id, e.id, 'gap',
  sha256(convert_to('day du ' || n, 'UTF8')), convert_to(replace(:xml, '#', n::text), 'UTF8'),
  CAST(:answers AS jsonb) || jsonb_build_object('thon', e.code, 'id_ho', e.id, 'ho', e.id),
  20.8 + n % 100 / 1000.0, 106.5 + n % 90 / 1000.0, 8.5, moment, moment + interval '5 hours',
  'collect:aB3dE6gH9jK2mN5p', 'org.odk.collect.android/v2026.3.1', 'received'
FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n
JOIN (SELECT e.id, e.village_id, v.code, row_number() OVER (ORDER BY e.id) - 1 AS place,
             count(*) OVER () AS number
      FROM entity e JOIN village v ON v.id = e.village_id JOIN commune c ON c.id = v.commune_id
      WHERE c.code = '11629') e ON e.place = n % e.number
CROSS JOIN LATERAL (SELECT timestamptz '2026-09-07 02:00Z' + CAST(n AS float8) / :total * interval '78 days'
                           AS moment) told
ORDER BY n
"""
FINDINGS = """
INSERT INTO finding (submission_id, indicator_id, subject, village_id, done, of, observed_at, received_at, counts)
SELECT s.id, i.id, s.entity_id, s.village_id,
  (i.code = 'tham_ho' OR (s.village_id % 5 + 3) * 100 + i.id * 37 > (s.id * 7919 + i.id * 104729) % 1000)::int, 1,
  s.observed_at, s.received_at, s.review <> 'rejected' AND s.quarantine IS NULL AND s.replaced_by_id IS NULL
FROM submission s CROSS JOIN indicator i
WHERE s.id BETWEEN :first AND :last AND i.code = ANY(:stated)
"""
STATUS = """
UPDATE entity SET version = 1 + number, changed_at = last_received,
  data = data || jsonb_build_object('tinh_trang', 'da_gap',
  'ket_qua', 'gap', 'lan_tham', number::text, 'ngay_cuoi', (last_observed AT TIME ZONE 'Asia/Ho_Chi_Minh')::date,
  'marker-color', '#2e7d32')
FROM (SELECT entity_id, count(*) AS number, max(observed_at) AS last_observed, max(received_at) AS last_received
      FROM submission GROUP BY entity_id) visited
WHERE visited.entity_id = entity.id
"""
STEP = 100_000


def build(size: Size) -> Wide:
    """Fill the current application's empty, migrated PostgreSQL."""
    load_plans.load_indicators()
    publishing.publish(city.FORM.read_bytes(), city.FORM.name, commune=None)
    library_forms.publish_library(
        ["ho_gia_dinh", "phan_anh"]
    )  # what phones of this city fetch, with their lists
    db.session.execute(sa.text("UPDATE form_version SET published_at = timestamptz '2026-09-01 01:00Z'"))
    list_id = db.session.scalar(sa.select(EntityList.id).where(EntityList.name == "ho_dan"))
    db.session.execute(sa.text(COMMUNES), {"communes": size.communes})
    db.session.execute(sa.text(VILLAGES), {"communes": size.communes, "villages": size.villages})
    for plan in PLANS[: size.communes]:
        load_plans.load(plans.read(plan))
    db.session.commit()
    wide = _people(size)
    db.session.commit()
    _run(wide_rows.TEAMS, team=size.team)
    _run(wide_rows.WALKS, team=max(size.team, 1))
    _run(wide_rows.STAFFED, staff=wide_rows.STAFF)
    for statement in wide_rows.ONCE_BEFORE:
        _run(statement)
    _repeat(HOUSEHOLDS, 0, size.households, "households", list=list_id, villages=size.villages)
    _run(FIGURES, list=list_id)
    _run(wide_rows.PLACES)
    _visits(size)
    held_records.keep(db.session, held_records.count(db.session, None))  # as a night leaves them
    db.session.commit()
    _settle()
    return wide


def _visits(size: Size) -> None:
    if size.visits:
        _run(ASKED, households=size.households, villages=size.villages)
        with db.engine.connect() as connection:
            asked = connection.scalar(sa.text("SELECT count(*) FROM asked"))
        _repeat(VISITS, 1, size.visits, "visits", asked=asked, total=size.visits)
        _run("DROP TABLE asked")
    if size.full:
        xml, answers = _answered()
        _repeat(
            FULL_VISITS, 1, size.full, "visits with all answers", total=size.full, xml=xml, answers=answers
        )
    every = size.visits + size.full
    if not every:
        return
    for statement, what in wide_rows.OF_VISITS:
        _repeat(statement, 1, every, what)
    _repeat(FINDINGS, 1, size.visits, "visits with findings", stated=list(STATED))
    _repeat(FINDINGS, size.visits + 1, size.full, "of these with findings", stated=list(city.INDICATORS))
    for statement in (city.COUNT, city.MONTHS, STATUS, *wide_rows.ONCE_AFTER):
        _run(statement)


def _answered() -> tuple[str, str]:
    """The XML and the answers of one visit, as intake would store them."""
    xml = city.visit(random.Random(0), city.City("", [(uuid.UUID(int=7), f"{FIRST}001")]))
    return xml.decode() + "<!-- # -->", json.dumps(read_submission.understand(xml).answers)


def _people(size: Size) -> Wide:
    """Those who ask: persons, collectors with their phones, a program."""
    commune = db.session.scalars(sa.select(Commune).where(Commune.code == FIRST)).one()
    villages = db.session.scalars(
        sa.select(Village).where(Village.commune_id == commune.id).order_by(Village.code)
    ).all()
    persons.add("lanh_dao", "Lãnh đạo", ("leader",), commune=commune, password=PASSWORD)
    persons.add("can_bo", "Cán bộ", ("officer",), commune=commune, password=PASSWORD)
    persons.add("soat_vien", "Soát viên", ("reviewer",), commune=commune, password=PASSWORD)
    persons.add(
        "to_truong", "Tổ trưởng", ("team_leader",), commune=commune, villages=villages[:1], password=PASSWORD
    )
    persons.add("so_khcn", "Sở", ("city",), password=PASSWORD)
    persons.add("quan_tri", "Quản trị", ("admin",), password=PASSWORD)
    made = [
        collectors.add(f"Thành viên {n}", commune, [villages[n % len(villages)]])
        for n in range(size.collectors)
    ]
    return Wide(
        [each.token for each in made],
        [(each.collector.username, each.password) for each in made],
        program_keys.add("bench").token,
    )


def _run(statement: str, **values: object) -> None:
    with db.engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))  # no page waits for what fills a city
        connection.execute(sa.text(statement), values)


def _repeat(statement: str, first: int, number: int, what: str, **values: object) -> None:
    """A statement over `number` rows from `first` on, a hundred thousand at a time."""
    began = time.perf_counter()
    for start in range(first, first + number, STEP):
        _run(statement, first=start, last=min(start + STEP, first + number) - 1, **values)
    print(f"  {number:,} {what}: {time.perf_counter() - began:.0f} s", flush=True)


def _settle() -> None:
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE"))
        connection.execute(sa.text("CHECKPOINT"))


@dataclasses.dataclass(frozen=True)
class Built:
    """A PostgreSQL with a city in it; `folder` is the data folder of its server."""

    postgres: machine.Postgres
    url: str
    folder: Path
    city: Wide


def _settings(folder: Path, url: str) -> Settings:
    return Settings(
        instance=folder, database_url=url, secret_key=SECRET, fold_seconds=0, second_factor="none"
    )


@contextlib.contextmanager
def built(size: Size, kept: Path | None = None) -> Iterator[Built]:
    """A city in a PostgreSQL of its own, gone at the end of the block or `kept` in a folder."""
    with machine.postgres(kept) as server, tempfile.TemporaryDirectory(prefix="tungnha-bench-") as name:
        folder = Path(name)
        told = kept / "city.json" if kept else folder / "city.json"
        url = machine.database(server.url, "city")
        app = create_app(_settings(folder, url))
        (folder / "secret_key").write_text(SECRET)
        if not told.exists():
            machine.administer(server.url, "DROP DATABASE IF EXISTS city", "CREATE DATABASE city")
        with app.app_context():
            migrate.upgrade()
            if not told.exists():
                told.write_text(json.dumps(dataclasses.asdict(build(size))))
            db.session.close()
            db.dispose()
        yield Built(server, url, folder, Wide(**json.loads(told.read_text())))


def arguments(words: str | None, **defaults: int) -> argparse.ArgumentParser:
    """Options for the numbers of a Size, for benchmarks that build one."""
    parser = argparse.ArgumentParser(description=words, formatter_class=argparse.RawDescriptionHelpFormatter)
    for field in dataclasses.fields(Size):
        parser.add_argument(f"--{field.name}", type=int, default=defaults.get(field.name, field.default))
    return parser


def chosen(options: argparse.Namespace) -> Size:
    """The Size of such options."""
    return Size(**{field.name: getattr(options, field.name) for field in dataclasses.fields(Size)})


AIM = 250.0
"""Milliseconds of server time that a page may take in the median."""
ALONE = "-c max_parallel_workers_per_gather=0"
"""A statement's helpers end with it, and what CPU they took is nowhere to be read: here its own process does it all."""


def measure_pages(made: Built, among: str) -> None:
    """What every page of every role and a collector's sync cost, the dearest first."""
    page_costs = importlib.import_module("bench.page_costs")  # which takes what this file grows
    url = sa.make_url(made.url).update_query_dict({"options": ALONE}).render_as_string(hide_password=False)
    settings = dataclasses.replace(_settings(made.folder, url), idle_minutes=600, admin_idle_minutes=600)
    app = create_app(settings)
    found = []
    for each in itertools.chain(
        page_costs.measure(app, among), () if among else page_costs.measure_sync(app, made.city.tokens[0])
    ):
        found.append(each)
        print(
            f"  {each.cpu:6.0f} ms of CPU, {each.wall:6.0f} in all, {each.statements:3} statements"
            f"  {each.who}  {each.address}  {each.endpoint}", flush=True,
        )  # fmt: skip
    with app.app_context():
        db.dispose()
    print(page_costs.table(found, AIM))
    over = sum(each.cpu > AIM for each in found)
    machine.show("pages", {"measured": len(found), "over": over, "aim_ms": AIM})


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--serve", action="store_true", help="stay and serve it until Ctrl-C")
    parser.add_argument("--pages", action="store_true", help="measure every page of every role")
    parser.add_argument("--among", default="", help="of these, pages whose endpoint or path match this")
    parser.add_argument("--keep", type=Path, help="a folder in which the city stays, to be measured again")
    options = parser.parse_args()
    print(machine.describe())
    began = time.perf_counter()
    with built(chosen(options), options.keep) as found:
        machine.show(
            "built", {"seconds": round(time.perf_counter() - began), "api_token": found.city.api_token}
        )
        if options.pages:
            measure_pages(found, options.among)
        if options.serve:
            with machine.served(found.url, found.folder) as served, contextlib.suppress(KeyboardInterrupt):
                print(
                    f"http://127.0.0.1:{served.port}/dang-nhap  can_bo, lanh_dao, so_khcn …: {PASSWORD}",
                    flush=True,
                )
                served.process.wait()


if __name__ == "__main__":
    main()
