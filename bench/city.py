"""Makes the data that benchmarks run on: a commune of 38 thôn, its households, and any number of stored visits."""

import dataclasses
import datetime as dt
import random
import uuid
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from server.db import db
from server.models import Commune, Entity, EntityList, FormVersion, Indicator, Village
from server.phones import collectors
from server.published_forms import publishing

FORM = Path(__file__).parent / "form.md"
INDICATORS = (
    "tham_ho",
    "smart_hai_phong_ho",
    "smart_hai_phong_30_ngay",
    "vneid_nguoi_dan",
    "vneid_18_kich_hoat",
    "chu_ky_so_ca_nhan_18",
    "bang_rong_1gbps",
    "phu_song_5g",
)
NOW = dt.datetime.now(dt.UTC)

VISIT = (
    '<?xml version=\'1.0\' ?><data xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" '
    'xmlns:orx="http://openrosa.org/xforms" xmlns:entities="http://www.opendatakit.org/xforms/entities" '
    'id="bench_ho" version="1"><start>{start}</start><end>{end}</end><today>2026-11-22</today>'
    "<deviceid>collect:aB3dE6gH9jK2mN5p</deviceid><thon>{village}</thon><ho>{picked}</ho><id_ho>{household}</id_ho>"
    "<ket_qua>gap</ket_qua><nguoi><tre_6>1</tre_6><tre_13>0</tre_13><tre_17>1</tre_17><nguoi_lon>3</nguoi_lon>"
    "<tk_6>0</tk_6><tk_13>0</tk_13><tk_17>1</tk_17><tk_18>{accounts}</tk_18><muc_2>2</muc_2><kich_hoat>2</kich_hoat>"
    "<chu_ky>1</chu_ky></nguoi><mang><shp_cai>co</shp_cai><shp_mo>co</shp_mo><shp_30>khong</shp_30>"
    "<co_dinh>tren_1gbps</co_dinh><g5_viettel>5g</g5_viettel><g5_vinaphone>khong</g5_vinaphone><wifi>co</wifi></mang>"
    "<chi_tieu>{findings}</chi_tieu><vi_tri>{point}</vi_tri><meta><instanceID>uuid:{instance}</instanceID>"
    '<entity dataset="ho_dan" id="{household}" {act}><label>{label}</label></entity></meta></data>'
)


@dataclasses.dataclass(frozen=True)
class City:
    """What a phone of the benchmark knows: its token, and households as (id, thôn's code)."""

    token: str
    households: Sequence[tuple[uuid.UUID, str]]


def build(households: int, seed: int = 1) -> City:
    """A commune with 38 thôn, its form and its households, stored by the current application."""
    rnd = random.Random(seed)
    commune = Commune(code="11629", name="An Lão")
    db.session.add(commune)
    db.session.flush()
    villages = [Village(code=f"11629{n:03d}", name=f"Thôn {n}", commune_id=commune.id) for n in range(1, 39)]
    db.session.add_all(villages)
    db.session.add_all(
        Indicator(code=code, label_vi=code, label_en=code, unit="household", kind="state", position=n)
        for n, code in enumerate(INDICATORS)
    )
    db.session.flush()
    publishing.publish(FORM.read_bytes(), FORM.name, commune=None)
    db.session.execute(sa.update(FormVersion).values(published_at=NOW - dt.timedelta(days=90)))
    list_id = db.session.scalar(sa.select(EntityList.id).where(EntityList.name == "ho_dan"))
    rows = []
    for n in range(households):
        village = villages[n % len(villages)]
        rows.append((uuid.UUID(int=rnd.getrandbits(128), version=4), village))
    for start in range(0, len(rows), 20_000):
        db.session.execute(
            sa.insert(Entity),
            [
                {
                    "id": key, "list_id": list_id, "village_id": village.id, "label": f"Ngõ 3, số {start}",
                    "data": {"thon": village.code, "dia_chi": "Ngõ 3", "g5_viettel": "5g", "tinh_trang": "chua_tham"},
                    "version": 1, "created_at": NOW, "changed_at": NOW,
                }
                for key, village in rows[start : start + 20_000]
            ],
        )  # fmt: skip
    made = collectors.add("Máy đo", commune, villages)
    db.session.commit()
    return City(made.token, [(key, village.code) for key, village in rows])


STORE = """
INSERT INTO submission (instance_id, form_id, form_version_id, version, collector_id, village_id, entity_id, result,
  sha256, xml, answers, latitude, longitude, accuracy, observed_at, received_at, device, user_agent, review)
SELECT 'uuid:' || gen_random_uuid(), 1, 1, '1', 1, e.village_id, e.id, 'gap',
  sha256(convert_to(n::text, 'UTF8')), convert_to(replace(:xml, '#', md5(n::text)), 'UTF8'),
  (:answers)::jsonb, 20.823, 106.549, 8.5,
  now() - random() * interval '80 days', now() - random() * interval '80 days',
  'collect:aB3dE6gH9jK2mN5p', 'org.odk.collect.android/v2026.3.1', 'received'
FROM (SELECT id, village_id, row_number() OVER () - 1 AS place FROM entity) e
JOIN generate_series((:first)::bigint, (:last)::bigint) n ON n % (SELECT count(*) FROM entity) = e.place
"""
STATE = """
INSERT INTO finding (submission_id, indicator_id, subject, village_id, done, of, observed_at, received_at, counts)
SELECT s.id, i.id, s.entity_id, s.village_id, (random() < 0.6)::int, 1, s.observed_at, s.received_at, true
FROM submission s CROSS JOIN indicator i WHERE s.id BETWEEN :first AND :last
"""
COUNT = """
WITH ordered AS (
  SELECT village_id, indicator_id, (observed_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day, done, of,
    lag(done) OVER series AS done_before, lag(of) OVER series AS of_before,
    (indicator.kind = 'state' AND indicator.unit IN ('person', 'adult'))::int AS squared
  FROM finding JOIN indicator ON indicator.id = indicator_id WHERE counts
  WINDOW series AS (PARTITION BY subject, indicator_id ORDER BY observed_at, received_at, submission_id)
)
INSERT INTO tally_day (village_id, indicator_id, day, done, of, subjects, done2, of2, done_of)
SELECT village_id, indicator_id, day, sum(done - coalesce(done_before, 0)), sum(of - coalesce(of_before, 0)),
  sum((done_before IS NULL)::int), sum(squared * (done * done - coalesce(done_before * done_before, 0))),
  sum(squared * (of * of - coalesce(of_before * of_before, 0))),
  sum(squared * (done * of - coalesce(done_before * of_before, 0)))
FROM ordered GROUP BY village_id, indicator_id, day
"""

MONTHS = """
INSERT INTO tally_month (indicator_id, village_id, month, done, of, subjects, done2, of2, done_of)
SELECT indicator_id, village_id, date_trunc('month', day)::date, sum(done), sum(of), sum(subjects), sum(done2),
  sum(of2), sum(done_of)
FROM tally_day GROUP BY 1, 2, 3
"""


def store(visits: int) -> None:
    """Fill the tables with visits that were received before, findings and folded tally as intake leaves them."""
    xml = visit(random.Random(0), City("", [(uuid.UUID(int=7), "11629001")])).decode()
    answers = (
        '{"thon": "11629001", "ket_qua": "gap", "nguoi/nguoi_lon": 3, "mang/g5_viettel": "5g", "ghi": "%s"}'
    )
    with db.engine.connect() as connection:
        for first in range(1, visits + 1, 100_000):
            last = min(first + 99_999, visits)
            values = {"first": first, "last": last}
            connection.execute(
                sa.text(STORE), {**values, "xml": xml + "<!-- # -->", "answers": answers % ("x" * 700)}
            )
            connection.execute(sa.text(STATE), values)
            connection.commit()
            print(f"  {last:,} visits stored", flush=True)
        connection.execute(sa.text(COUNT))
        connection.execute(sa.text(MONTHS))
        connection.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # tables that are empty stay as a new installation has them: once vacuumed, they would be planned for as empty
        connection.execute(sa.text("VACUUM ANALYZE" if visits else "ANALYZE entity, entity_version, village"))
        connection.execute(sa.text("CHECKPOINT"))


def visit(rnd: random.Random, city: City, villages: int = 38) -> bytes:
    """One visit as a phone sends it: four of five to a household on the list, with eight findings."""
    household, village = rnd.choice(city.households)
    while villages == 1 and village != city.households[0][1]:
        household, village = rnd.choice(city.households)
    new = rnd.random() < 0.2
    start = NOW - dt.timedelta(days=50 * rnd.random())
    findings = ""
    for code in INDICATORS:
        findings += f"<{code}_done>{rnd.randint(0, 1)}</{code}_done><{code}_of>1</{code}_of>"
    return VISIT.format(
        start=start.isoformat(),
        end=(start + dt.timedelta(minutes=9)).isoformat(),
        village=village,
        picked="" if new else household,
        household=uuid.UUID(int=rnd.getrandbits(128), version=4) if new else household,
        accounts=rnd.randint(0, 3),
        findings=findings,
        point=f"20.82{rnd.randint(100, 999)} 106.54{rnd.randint(100, 999)} 0 8.5",
        instance=uuid.UUID(int=rnd.getrandbits(128), version=4),
        act='create="1"' if new else 'update="1" baseVersion="1" trunkVersion="" branchId=""',
        label="Hộ mới" if new else "",
    ).encode()


def request(token: str, xml: bytes) -> bytes:
    """The whole HTTP request, as Collect sends it."""
    boundary = b"7d1c0b7e-2f1e-4a54-9b0f-58a5e1f6c3aa"
    part = b'Content-Disposition: form-data; name="xml_submission_file"; filename="Bench_2026-11-22_09-15-03.xml"'
    body = b"--%s\r\n%s\r\nContent-Type: text/xml\r\n\r\n%s\r\n--%s--\r\n" % (boundary, part, xml, boundary)
    head = (
        f"POST /key/{token}/submission?deviceID=collect%3AaB3dE6gH9jK2mN5p HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "X-OpenRosa-Version: 1.0\r\nDate: Sun, 22 Nov 2026 03:04:05 GMT\r\nAccept-Encoding: gzip\r\n"
        "User-Agent: org.odk.collect.android/v2026.3.1 Dalvik/2.1.0 (Linux; U; Android 13)\r\n"
        f"Content-Type: multipart/form-data; boundary={boundary.decode()}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def first_commune() -> Commune:
    """The commune that `build` made."""
    return db.session.scalars(sa.select(Commune)).one()
