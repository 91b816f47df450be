"""A month's days walked: it adds up, is frozen when it is signed, and what changes later moves the next (R30)."""

import datetime as dt
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from server import clock
from server.db import db
from server.models import Audit, Commune, Entity, FormVersion, PaySheet, Village
from server.pay import pay_sheet, signed_sheets
from server.pay.pay_sheet import AgreedRates, TeamMember, WorkDone
from server.phones.collectors import NewCollector
from tests import sample
from tests.conftest import Template, filled_once
from tests.people import Browser, browser, make_person
from tests.phone import InProcess, Phone

PAGE = "/quan-tri/xa/11629/ngay-cong"
VISIT = """
| survey |
|        | type               | name     | label    | calculation |
|        | end                | end      |          |             |
|        | select_one_from_file ho_dan.csv | ho | Hộ  |             |
|        | select_one ket_qua | ket_qua  | Kết quả  |             |
|        | integer            | giup     | Giúp     |             |
|        | begin group        | chi_tieu | Ghi nhận |             |
|        | calculate          | doi_tuong |         | ${ho}       |
|        | calculate          | giup_nguoi_done |   | ${giup}     |
|        | calculate          | giup_nguoi_of |     | ${giup}     |
|        | note               | nhac     | Cảm ơn   |             |
|        | end group          |          |          |             |
| choices |
|        | list_name | name | label |
|        | ket_qua   | gap  | Gặp   |
|        | ket_qua   | vang | Vắng  |
| chi_tieu |
|        | indicator  | label::Tiếng Việt | label::English | unit   | kind  |
|        | giup_nguoi | Người được giúp   | People helped  | person | event |
| settings |
|        | form_title | form_id | version |
|        | Thăm hộ    | tham    | 1       |
"""
LAST = signed_sheets.before(clock.today())
OLDER = signed_sheets.before(LAST)
KEY, OLDER_KEY = f"{LAST:%Y-%m}", f"{OLDER:%Y-%m}"

work = st.builds(WorkDone, st.integers(0, 31), st.integers(0, 99), st.integers(0, 99))
MONTHS = [dt.date(2026, month, 1) for month in range(1, 7)]
MEMBERS = [TeamMember(number, f"Người {number}", "") for number in (1, 2)]


counts = st.dictionaries(st.tuples(st.sampled_from(MONTHS), st.integers(1, 2)), work)


@given(st.permutations(MONTHS), st.lists(counts, min_size=6, max_size=6))
def test_whatever_changes_all_sheets_together_pay_what_counts_when_the_last_is_signed(
    order: list[dt.date], counted: list[dict[tuple[dt.date, int], WorkDone]]
) -> None:
    """R30. What counts is another at each signing, and so are the rates."""
    signed: list[pay_sheet.MonthSheet] = []
    for number, month in enumerate(order):
        before = [pay_sheet.read(pay_sheet.to_json(each)) for each in signed]
        signed.append(
            pay_sheet.sheet(month, AgreedRates(number + 1, 10, 100), MEMBERS, counted[number], signed)
        )
        assert before == signed[:-1]  # those that were signed stay, and read back as they were
    for number, month in enumerate(order):
        for member in MEMBERS:
            lines = [
                line
                for each in signed
                for line in (*each.lines, *each.corrections)
                if (line.month, line.collector) == (month, member.id)
            ]
            due = counted[-1].get((month, member.id), WorkDone())
            assert sum((line.work for line in lines), WorkDone()) == due
            assert sum(line.amount for line in lines) == AgreedRates(number + 1, 10, 100).of(due)


def _fill(app: Flask) -> None:
    village = sample.make_village(sample.make_commune())
    for number in (1, 2, 3, 4):
        sample.make_entity(village, f"Nhà {number}", data={"thon": village.code})
    version = sample.publish(VISIT)
    db.session.execute(
        sa.update(FormVersion).where(FormVersion.id == version.id)
        .values(published_at=clock.now() - dt.timedelta(days=400))
    )  # fmt: skip
    db.session.commit()


@pytest.fixture(scope="module")
def prepared(template_database: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    folder: Path = tmp_path_factory.mktemp("paid")
    with filled_once(template_database, folder, _fill) as template:
        yield template


class Paying:
    """A commune with one collector and an officer; all days are those of the months before this one."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        commune, village = db.session.query(Commune).one(), db.session.query(Village).one()
        self.homes = [str(each.id) for each in db.session.query(Entity).order_by(Entity.label)]
        self.collector: NewCollector = sample.make_collector(commune, [village])
        make_person("can_bo", "officer", commune)
        make_person("lanh_dao", "leader", commune)
        self.officer = browser(app)
        self.officer.sign_in("can_bo")

    def visit(self, month: dt.date, day: int, home: int, helped: int = 0, result: str = "gap") -> None:
        """A visit at nine o'clock of a day, sent now."""
        at = dt.datetime.combine(month.replace(day=day), dt.time(9), clock.LOCAL).isoformat(
            timespec="milliseconds"
        )
        counts = (
            f"<giup_nguoi_done>{helped}</giup_nguoi_done><giup_nguoi_of>{helped}</giup_nguoi_of>"
            if helped
            else ""
        )
        xml = sample.filled(
            f"<end>{at}</end><ho>{self.homes[home]}</ho><ket_qua>{result}</ket_qua><giup>{helped or ''}</giup>"
            f"<chi_tieu><doi_tuong>{self.homes[home]}</doi_tuong>{counts}</chi_tieu>",
            form_id="tham",
        )
        phone = Phone(InProcess(self.app), f"http://localhost/key/{self.collector.token}")
        [answer] = phone.send(xml)
        assert answer.status == 201

    def press(self, address: str, **fields: str) -> int:
        """Send a form of the page."""
        shown = self.officer.get(PAGE).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', shown[shown.index("<main") :])
        assert token
        return self.officer.post(address, data={"csrf_token": token[1], **fields}).status_code

    def reject(self, submission_id: int) -> None:
        """Decide on the page of reviews that a visit does not count."""
        url = f"/quan-tri/xa/11629/phieu/{submission_id}"
        page = self.officer.get(url).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page[page.index("<main") :])
        assert token
        data = {
            "csrf_token": token[1],
            "trang_thai": "rejected",
            "dang_la": "received",
            "ghi_chu": "Đã hỏi lại.",
        }
        assert self.officer.post(url, data=data).status_code == 302

    def lines(self, key: str) -> list[tuple[object, ...]]:
        """The lines of a month's workbook: matter, days, visits, helped, đồng."""
        answer = self.officer.get(f"{PAGE}/{key}.xlsx")
        assert answer.status_code == 200
        [page] = load_workbook(io.BytesIO(answer.data)).worksheets
        rows = list(page.iter_rows(values_only=True))
        return [row[3:8] for row in rows if isinstance(row[0], int)]


@pytest.fixture
def paying(app: Flask) -> Paying:
    return Paying(app)


def test_a_month_adds_up_to_its_visits_and_a_later_rejection_moves_the_next(paying: Paying) -> None:
    """R30."""
    assert paying.press(f"{PAGE}/muc-chi", ngay="50.000", luot="2000", giup="5 000") == 302
    paying.visit(OLDER, 3, 0, helped=2)
    paying.visit(OLDER, 3, 1)
    paying.visit(OLDER, 4, 2, result="vang")
    own = f"Tháng {OLDER:%m/%Y}"
    assert paying.lines(OLDER_KEY) == [(own, 2, 3, 2, 2 * 50_000 + 3 * 2_000 + 2 * 5_000)]
    assert "bản nháp" in paying.officer.get(f"{PAGE}?thang={OLDER_KEY}").text
    assert paying.press(f"{PAGE}/{OLDER_KEY}") == 302
    signed = paying.officer.get(f"{PAGE}/{OLDER_KEY}.xlsx").data

    paying.reject(3)  # the only visit of the fourth
    paying.visit(OLDER, 5, 3)  # a phone that found its network late: another day
    paying.visit(OLDER, 6, 3)
    assert paying.press(f"{PAGE}/muc-chi", ngay="90000", luot="2000", giup="5000") == 302
    paying.visit(LAST, 1, 0)
    assert paying.officer.get(f"{PAGE}/{OLDER_KEY}.xlsx").data == signed
    assert paying.lines(KEY) == [
        (f"Tháng {LAST:%m/%Y}", 1, 1, 0, 90_000 + 2_000),
        (f"Điều chỉnh tháng {OLDER:%m/%Y}", 1, 1, 0, 50_000 + 2_000),
    ]
    assert paying.press(f"{PAGE}/{KEY}") == 302
    db.session.rollback()
    acts = db.session.scalars(sa.select(Audit.act).where(Audit.act.like("pay.%"))).all()
    assert [act for act in acts if act != "pay.read"] == ["pay.rates", "pay.issue", "pay.rates", "pay.issue"]
    assert "pay.read" in acts


def test_the_sheet_to_sign_is_printed_one_page_wide_with_its_heading_on_each(paying: Paying) -> None:
    paying.press(f"{PAGE}/muc-chi", ngay="50.000", luot="2000", giup="5 000")
    paying.visit(LAST, 2, 0)
    [page] = load_workbook(io.BytesIO(paying.officer.get(f"{PAGE}/{KEY}.xlsx").data)).worksheets
    assert (page.page_setup.orientation, page.page_setup.fitToHeight, page.print_title_rows) == (
        "landscape",
        0,
        "$5:$5",
    )
    assert page.sheet_properties.pageSetUpPr.fitToPage
    paid, signed = page["H6"], page["I6"]
    assert (paid.value, paid.number_format) == (52_000, "#,##0")
    assert signed.border.left.style == signed.border.bottom.style == "thin"


def test_a_month_is_signed_once_and_only_when_it_is_over(paying: Paying) -> None:
    """R30."""
    paying.visit(LAST, 2, 0)
    this = f"{clock.today():%Y-%m}"
    assert paying.press(f"{PAGE}/{this}") == 409
    assert paying.press(f"{PAGE}/{KEY}") == 302
    assert paying.press(f"{PAGE}/{KEY}") == 409
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(PaySheet)) == 1


def test_a_month_that_was_passed_over_is_signed_later_and_makes_good_too(paying: Paying) -> None:
    """R30."""
    paying.visit(OLDER, 2, 0)
    paying.visit(LAST, 2, 1)
    assert paying.press(f"{PAGE}/{KEY}") == 302
    paying.reject(2)
    assert [line[:3] for line in paying.lines(OLDER_KEY)] == [
        (f"Tháng {OLDER:%m/%Y}", 1, 1),
        (f"Điều chỉnh tháng {LAST:%m/%Y}", -1, -1),
    ]
    assert paying.press(f"{PAGE}/{OLDER_KEY}") == 302


@pytest.mark.parametrize("wrong", ["-1", "một", "1,5", "9" * 12])
def test_a_rate_is_a_whole_number_of_dong(paying: Paying, wrong: str) -> None:
    assert paying.press(f"{PAGE}/muc-chi", ngay=wrong) == 400


@pytest.mark.parametrize("month", ["2026-13", "1999-01", "thang", "2026-1"])
def test_another_months_name_has_no_sheet(paying: Paying, month: str) -> None:
    assert paying.officer.get(f"{PAGE}/{month}.xlsx").status_code == 404


def test_only_officers_see_what_members_are_paid(paying: Paying) -> None:
    """R30."""
    leader: Browser = browser(paying.app)
    leader.sign_in("lanh_dao")
    assert leader.get(PAGE).status_code == 403
    assert leader.get(f"{PAGE}/{KEY}.xlsx").status_code == 403
