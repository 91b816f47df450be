"""Every page of every role over a city: which addresses there are, and how long the server takes for each.

The test of what statements read (tests/rules/test_scans.py) opens the same addresses.
"""

import http.client
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import sqlalchemy as sa
from flask import Flask
from werkzeug.routing import Rule

from bench import pages, wide
from server.accounts.access import Access
from server.accounts.roles import MAY, ROLES
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
    ),
    "people_pages.listing": ("tim=Cán bộ 3", "trang=2"),
    "reports.draft": ("ky=2026-10",),
}  # fmt: skip
"""What else is asked of a page, beside nothing and everything: its filters."""
_HERE = f"(SELECT v.id FROM village v JOIN commune c ON c.id = v.commune_id WHERE c.code = '{wide.FIRST}')"
_ONE = {
    "household_id": f"SELECT id FROM entity WHERE village_id IN {_HERE} AND version > 1 LIMIT 1",
    "submission_id": f"SELECT max(id) FROM submission WHERE village_id IN {_HERE} AND flags IS NOT NULL",
    "attachment_id": "SELECT max(a.id) FROM attachment a JOIN submission s ON s.id = a.submission_id "
    f"WHERE s.village_id IN {_HERE}",
    "difficulty_id": f"SELECT max(id) FROM difficulty WHERE village_id IN {_HERE}",
    "collector_id": f"SELECT max(collector_id) FROM collector_village WHERE village_id IN {_HERE}",
    "key": "SELECT min(id) FROM privacy_request",
    "person_id": "SELECT min(id) FROM person",
}
SIGNED_OUT = ("security.login", "sign_in.by_code")
"""Pages of those who have not signed in."""
TIMES, WARM = 7, 2


@dataclass(frozen=True)
class PageTime:
    """Milliseconds of server time (Server-Timing) of one address for one person."""

    who: str
    address: str
    median: float
    most: float
    size: int
    """Bytes of the last answer."""


def values() -> dict[str, str]:
    """What stands in addresses: things of the first commune of the current application's city."""
    with db.engine.connect() as connection:
        found = {name: str(connection.scalar(sa.text(statement))) for name, statement in _ONE.items()}
    return found | {
        "code": wide.FIRST,
        "village": f"{wide.FIRST}001",
        "form_id": "ho_gia_dinh",
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


def _opens(access: object, role: str) -> bool:
    if not isinstance(access, Access) or access.kind != "people":
        return True
    if access.records and role in CITY_WIDE:
        return False
    return role in (ROLES.keys() if access.right is None else MAY[access.right])


def measure(port: int, by_role: Mapping[str, Sequence[str]]) -> Iterator[PageTime]:
    """How long a served program takes, one request after the other; what is not there or not made (404, 410) is left
    out, and what fails ends it."""
    for who, role in ROLE_OF.items():
        cookie = pages.sign_in(port, who)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for address in by_role[role]:
            taken = [_ask(connection, address, cookie) for _ in range(TIMES + WARM)]
            told = [each for each in taken[WARM:] if each is not None]
            if told:
                milliseconds = [each[0] for each in told]
                yield PageTime(who, address, statistics.median(milliseconds), max(milliseconds), told[-1][1])


def _ask(connection: http.client.HTTPConnection, address: str, cookie: str) -> tuple[float, int] | None:
    """Milliseconds and bytes; None where there is nothing to time."""
    connection.request("GET", quote(address, safe="/?&=:,"), headers={"Cookie": cookie})
    answer = connection.getresponse()
    size = len(answer.read())
    if answer.status >= 500 and not address.startswith("/healthz"):
        raise SystemExit(f"{address}: {answer.status}")
    if answer.status == 302 and "/dang-nhap" in (answer.getheader("Location") or ""):
        raise SystemExit(f"{address}: not signed in")
    timing = answer.getheader("Server-Timing") or ""
    if answer.status not in (200, 302, 303) or "dur=" not in timing:
        return None
    return float(timing.partition("dur=")[2].partition(",")[0].partition(";")[0]), size


def table(found: Sequence[PageTime], aim: float) -> str:
    """Rows for docs/performance.md, the slowest first; those over the aim are marked."""
    lines = ["| page | who | median ms | at most | KB |", "|---|---|---|---|---|"]
    for each in sorted(found, key=lambda each: -each.median):
        mark = " **over**" if each.median > aim else ""
        lines.append(
            f"| `{each.address}` | {each.who} | {each.median:.0f}{mark} | {each.most:.0f} "
            f"| {each.size / 1000:.0f} |"
        )
    return "\n".join(lines)
