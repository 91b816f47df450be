"""Every page of every role over a city, programs' doors with them: which addresses there are.

The test of what statements read (tests/rules/test_scans.py) opens them, and so does `bench.page_costs`.
"""

from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa
from flask import Flask
from werkzeug.routing import Rule

from bench import wide
from server.accounts.access import Access
from server.accounts.roles import MAY, ROLES
from server.api.kobo import kobo_ids
from server.db import db
from tests import town

ROLE_OF: Mapping[str, str] = {
    "can_bo": "officer",
    "lanh_dao": "leader",
    "soat_vien": "reviewer",
    "to_truong": "team_leader",
    "so_khcn": "city",
    "quan_tri": "admin",
}
"""The persons of `bench.wide`."""
CITY_WIDE = ("city", "admin")
EVERYTHING = "ho=1&ten=1&nhan=1&ca_nhan=1&trang_thai=&loc=chua_tham&bieu_mau=bench_ho&moi_tinh_trang=1"
"""What a reader who wants everything adds to an address: names, personal answers, all states."""
MORE: Mapping[str, Sequence[str]] = {
    "review.queue": (
        "trang_thai=tat_ca",
        "trang_thai=approved",
        "trang_thai=rejected&ten=1",
        "trang_thai=has_issues",
        "dau_hieu=too_short",
        "dau_hieu=says_moved",
        "giu_rieng=1",
        "thon=1",
        "thon=1&trang_thai=tat_ca",
        "nguoi=5&trang_thai=tat_ca",
        "nguoi=5",
        "bieu_mau=1&trang_thai=tat_ca",
        "bieu_mau=2",
        "ngay=2026-10-10&trang_thai=tat_ca",
        "ngay=2026-10-10",
        "truoc=30000",
        "truoc=30000&trang_thai=tat_ca",
        "tim=30000",
        "tim=Ngõ 3, số 1&trang_thai=tat_ca",
    ),
    "households.listing": (
        "ten=1&tim=số 9", "thon=1", "thon=1&trang_thai=da_gap", "trang_thai=vang", "trang=3"
    ),
    "team.village": ("loc=da_gap", "loc=vang&tim=3"),
    "difficulties.listing": ("trang_thai=new", "trang_thai=answered"),
    "collector_pages.listing": ("thon=1", "trang=2"),
    "downloads.submissions_file": (
        "bieu_mau=bench_ho&dang=csv",
        "bieu_mau=bench_ho&dang=xlsx&kem_anh=1&dia_chi_anh=1&thon=11629001&tu_ngay=2026-10-01&den_het=2026-10-20",
        "bieu_mau=bench_ho&dang=kobo&phieu=30000&tinh_trang=approved",
    ),
    "dashboards.commune": ("den_ngay=2026-10-18",),
    "dashboards.city": ("chi_tieu=vneid_nguoi_dan", "chi_tieu=vneid_nguoi_dan&den_ngay=2026-10-18"),
    "audit_pages.search": (
        "ai=can_bo",
        "viec=submission.receive&ai=Người 3",
        "viec=submission.read",
        "doi_tuong=submission:30000",
        "tu_ngay=2026-11-01&den_het=2026-11-02",
        "viec=tat-ca&truoc=20000&tu_ngay=",
        "ai=khong ai ca&tu_ngay=",
        "viec=submission.receive&ai=khong ai ca&tu_ngay=",
    ),
    "people_pages.listing": ("tim=Cán bộ 3", "trang=2"),
    "reports.draft": ("ky=2026-10",),
}  # fmt: skip
"""What else is asked of a page, beside nothing and everything: its filters."""
OF_DOORS: Mapping[str, Sequence[str]] = {
    "odata_forms.rows": ("$top=1000", "$count=true&$top=10", "$filter=__system/submissionDate ge 2026-11-01T00:00:00Z"),
    "central_submissions.listing": ("limit=100", "offset=5000&limit=100"),
    "central_datasets.entities": ("limit=100",),
    "kobo_data.listing": ("limit=100", "start=5000&limit=100", 'query={"ket_qua":"gap"}&limit=100'),
    "ogc.ho-diem_items": ("limit=1000", "limit=100&offset=5000", "bbox=106.5,20.8,106.6,20.9"),
    "changes.changes": ("limit=1000",),
}  # fmt: skip
"""The same of programs' doors: pages of a list, and filters."""
NAMED: Mapping[str, Mapping[str, str]] = {
    "odata_forms.rows": {"name": "Submissions"},
    "odata_coverage.rows": {"name": "Coverage"},
    "odata_coverage.count": {"name": "Coverage"},
    "ogc.collection": {"name": "ho-diem"},
    "ogc.queryables": {"name": "ho-diem"},
    "ogc.schema": {"name": "ho-diem"},
}
"""What `name` is where it names no file."""
_HERE = f"(SELECT v.id FROM village v JOIN commune c ON c.id = v.commune_id WHERE c.code = '{wide.FIRST}')"
_ONE = {
    "household_id": f"SELECT id FROM entity WHERE village_id IN {_HERE} AND version > 1 LIMIT 1",
    "submission_id": f"SELECT max(id) FROM submission WHERE village_id IN {_HERE} AND flags IS NOT NULL",
    "attachment_id": "SELECT max(a.id) FROM attachment a JOIN submission s ON s.id = a.submission_id "
    f"WHERE s.village_id IN {_HERE}",
    "instance": f"SELECT max(instance_id) FROM submission WHERE village_id IN {_HERE}",
    "difficulty_id": f"SELECT max(id) FROM difficulty WHERE village_id IN {_HERE}",
    "collector_id": f"SELECT max(collector_id) FROM collector_village WHERE village_id IN {_HERE}",
    "key": "SELECT min(id) FROM privacy_request",
    "person_id": "SELECT min(id) FROM person",
}
SIGNED_OUT = ("security.login", "sign_in.by_code")
"""Pages of those who have not signed in."""


def values() -> dict[str, str]:
    """What stands in addresses: things of the first commune of the current application's city."""
    with db.engine.connect() as connection:
        found = {name: str(connection.scalar(sa.text(statement))) for name, statement in _ONE.items()}
    found["entity_id"], found["feature_id"] = found["household_id"], f"{wide.FIRST}001"
    return found | {
        "code": wide.FIRST,
        "village": f"{wide.FIRST}001",
        "form_id": "ho_gia_dinh",
        "uid": kobo_ids.uid("a", "bench_ho"),
        "list_name": "ho_dan",
        "target_id": "AL-T01",
        "task_code": "AL-N01",
    }


def addresses(app: Flask, given: Mapping[str, str], role: str) -> Iterator[tuple[Rule, str]]:
    """Every page that a role opens, asked plainly, for everything, and by its filters."""
    for rule, method, access in town.rules(app, "public", "people", "program"):
        if method == "GET" and _opens(access, role) and rule.endpoint not in SIGNED_OUT:
            path = town.address(rule, given)
            for query in ("", EVERYTHING, *MORE.get(rule.endpoint, ())):
                yield rule, f"{path}?{query}" if query else path


def doors(app: Flask, given: Mapping[str, str], role: str) -> Iterator[tuple[Rule, str]]:
    """Every address for programs that a person of a role reads in their own name, of the form that has most visits."""
    for rule, method, access in town.rules(app, "client"):
        if method == "GET" and _opens(access, role):
            named = NAMED.get(rule.endpoint, {})
            path = town.address(rule, {**given, "form_id": "bench_ho", **named})
            for query in ("", *OF_DOORS.get(rule.endpoint, ())):
                yield rule, f"{path}?{query}" if query else path


def _opens(access: object, role: str) -> bool:
    if not isinstance(access, Access) or access.kind not in ("people", "client"):
        return True
    if access.records and role in CITY_WIDE:
        return False
    return role in (ROLES.keys() if access.right is None else MAY[access.right])
