"""The audit: only added to, found by who, what, which record and when, exported, and kept for 12 months."""

import csv
import dataclasses
import datetime as dt
import io
import re
import zipfile

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DBAPIError

from server import audit, clock
from server.db import db
from server.models import Audit
from tests import sample
from tests.people import Browser, browser, make_commune, make_person
from tests.phone import InProcess, Phone

PAGE = "/quan-tri/nhat-ky"


def add(
    act: str, *, actor: str = "system", record: str | None = None, days: int = 0, **detail: object
) -> int:
    row = Audit(
        at=clock.now() - dt.timedelta(days=days),
        actor=actor,
        act=act,
        record=record,
        address="10.0.0.7",
        detail=detail or None,
    )
    db.session.add(row)
    db.session.flush()
    number = row.id
    db.session.commit()
    return number


@pytest.fixture
def admin(app: Flask) -> Browser:
    make_person("quan_tri", "admin")
    visitor = browser(app)
    visitor.sign_in("quan_tri")
    return visitor


def shown(visitor: Browser, query: str = "") -> list[str]:
    """The acts of the page, in their order."""
    return re.findall(r'data-label="Việc">([^<]+)<', visitor.get(f"{PAGE}{query}").text)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET act = 'x'",
        "UPDATE audit SET actor = 'system', detail = NULL",
        "UPDATE audit SET record = NULL, detail = NULL",
        "UPDATE audit SET address = NULL, detail = NULL",
        "UPDATE audit SET detail = '{}'",
        "DELETE FROM audit",
    ],
)
def test_nothing_that_is_written_is_changed_or_deleted(app: Flask, change: str) -> None:
    """Held by the database itself, whatever program asks."""
    number = add("household.read", actor="person:1", record="entity:1", label=True)
    with pytest.raises(DBAPIError, match="audit: rows are"):
        db.session.execute(sa.text(change))
    db.session.rollback()
    row = db.session.get_one(Audit, number)
    assert (row.actor, row.act, row.record, row.address, row.detail) == (
        "person:1", "household.read", "entity:1", "10.0.0.7", {"label": True}
    )  # fmt: skip


def test_what_an_act_told_is_taken_away_where_a_deletion_asks_for_it(app: Flask) -> None:
    """The one change that is let through: what a deleted household leaves is who did what and when."""
    gone, stays = add("household.read", record="entity:1", x=1), add("household.read", record="entity:2", x=1)
    assert audit.redact(["entity:1"]) == 1
    db.session.commit()
    assert db.session.get_one(Audit, gone).detail is None
    assert db.session.get_one(Audit, stays).detail == {"x": 1}


def test_rows_are_deleted_after_twelve_months_and_not_before(app: Flask) -> None:
    old, young = add("a", days=12 * 31 + 1), add("b", days=360)
    result = app.test_cli_runner().invoke(args=["audit", "prune", "--yes-delete", "1", "--json"])
    assert '"deleted": 1' in re.sub(r"\s+", " ", result.output)
    db.session.rollback()
    assert db.session.get(Audit, old) is None
    assert db.session.get(Audit, young) is not None
    assert list(db.session.scalars(sa.select(Audit.act).where(Audit.act == "audit.prune"))) == ["audit.prune"]


def test_a_shorter_time_than_the_table_holds_is_not_to_be_had(app: Flask) -> None:
    app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], audit_months=1)
    young = add("a", days=200)
    result = app.test_cli_runner().invoke(args=["audit", "prune", "--json"])
    assert '"deleted": 0' in re.sub(r"\s+", " ", result.output)
    assert db.session.get(Audit, young) is not None


def test_acts_are_found_by_who_what_record_and_day(app: Flask, admin: Browser) -> None:
    number = make_person("can_bo", "officer", make_commune())
    add("form.publish", actor=f"person:{number}", record="form:7")
    add("form.retire", actor=f"person:{number}", record="form:7", days=3)
    add("plan.load", days=20)
    assert shown(admin, "?ai=NGƯỜI CAN") == ["Ngừng biểu mẫu", "Phát hành biểu mẫu"]
    assert shown(admin, "?ai=system&viec=plan.load") == ["Nạp kế hoạch"]
    assert shown(admin, "?doi_tuong=form:7") == ["Ngừng biểu mẫu", "Phát hành biểu mẫu"]
    day = clock.today() - dt.timedelta(days=3)
    assert shown(admin, f"?tu_ngay={day}&den_het={day}") == ["Ngừng biểu mẫu"]
    assert "Không có việc nào khớp" in admin.get(f"{PAGE}?ai=khong-co-ai").text
    assert admin.get(f"{PAGE}?tu_ngay=hom-qua").status_code == 422


def test_visits_that_came_in_stand_apart_unless_they_are_asked_for(app: Flask, admin: Browser) -> None:
    add("submission.receive", actor="collector:1", record="submission:5")
    add("submission.read", record="submission:5")
    received = "Nhận phiếu từ điện thoại"
    assert received not in shown(admin)
    assert shown(admin, "?viec=tat-ca").count(received) == 1
    assert shown(admin, "?viec=submission.receive") == [received]
    assert sorted(shown(admin, "?doi_tuong=submission:5")) == [received, "Xem một phiếu"]


def test_a_submissions_history_begins_with_its_arrival(app: Flask, admin: Browser) -> None:
    collector = sample.make_collector()
    sample.publish_plain()
    phone = Phone(InProcess(app), f"http://localhost/key/{collector.token}")
    phone.send(sample.filled("<so>3</so><anh/>"))
    [number] = [row.id for row in sample.arrived()]
    add("submission.read", record=f"submission:{number}", days=3)
    assert shown(admin, f"?doi_tuong=submission:{number}") == ["Xem một phiếu", "Nhận phiếu từ điện thoại"]


def test_a_page_shows_fifty_and_leads_on_to_the_older_ones(app: Flask, admin: Browser) -> None:
    for number in range(120):
        add("plan.load", record=f"plan:{number}")
    seen: list[str] = []
    address: str | None = f"{PAGE}?viec=plan.load"
    pages = 0
    while address:
        text = admin.get(address).text
        seen += re.findall(r">kế hoạch (\d+)<", text)
        found = re.search(r'rel="next" href="([^"]+)"', text)
        address = found.group(1).replace("&amp;", "&") if found else None
        pages += 1
    assert (pages, seen) == (3, [str(number) for number in reversed(range(120))])


def test_arrivals_by_a_name_are_looked_for_part_by_part(
    app: Flask, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R18. No index leads to them; a page looks through so many rows, says down to when, and the next one goes on."""
    monkeypatch.setattr("server.office.audit_search.LOOKED_THROUGH", 10)
    add("submission.receive", actor="collector:1", record="submission:1", days=20)
    for number in range(2, 38):
        add("submission.receive", actor="collector:2", record=f"submission:{number}", days=5)
    address, pages = f"{PAGE}?ai=collector:1&viec=submission.receive&tu_ngay=", 0
    while not re.findall(r">phiếu (\d+)<", text := admin.get(address).text):
        assert "chưa gặp việc nào khớp" in text
        [older] = re.findall(r'rel="next" href="([^"]+)"', text)
        address, pages = older.replace("&amp;", "&"), pages + 1
    assert pages == 3
    last = admin.get(f"{PAGE}?ai=collector:3&viec=tat-ca&tu_ngay={clock.today()}").text
    assert "Không có việc nào khớp" in last
    assert 'rel="next"' not in last
    ago = clock.today() - dt.timedelta(days=20)
    assert ">phiếu 1<" in admin.get(f"{PAGE}?ai=collector:1&viec=tat-ca&tu_ngay={ago}&den_het={ago}").text
    assert "Đã tìm ngược đến" in admin.get(f"{PAGE}?doi_tuong=submission:9").text  # deleted: anywhere


@pytest.mark.parametrize("ending", ["", "/tai-ve.csv"])
@pytest.mark.parametrize(
    "days",
    ["tu_ngay=0001-01-01&den_het=9999-12-31", "tu_ngay=9999-12-31&den_het=0001-01-01&ai=x&viec=tat-ca"],
)
def test_days_at_the_ends_of_the_calendar_are_days(admin: Browser, days: str, ending: str) -> None:
    add("plan.load")
    assert admin.get(f"{PAGE}{ending}?{days}").status_code == 200


def test_names_of_a_page_cost_the_same_whatever_its_length(app: Flask, admin: Browser) -> None:
    def statements() -> int:
        count = [0]

        def one_more(*_: object) -> None:
            count[0] += 1

        sa.event.listen(db.engine, "before_cursor_execute", one_more)
        admin.get(PAGE)
        sa.event.remove(db.engine, "before_cursor_execute", one_more)
        return count[0]

    few = statements()
    commune = make_commune()
    for number in range(10):
        add("plan.load", actor=f"person:{make_person(f'nguoi_{number}', 'leader', commune)}")
    assert statements() == few


@pytest.mark.parametrize("role", ["officer", "leader", "reviewer", "city"])
def test_the_audit_is_for_administrators(app: Flask, role: str) -> None:
    make_person("nguoi", role, None if role == "city" else make_commune())
    visitor = browser(app)
    visitor.sign_in("nguoi")
    assert [visitor.get(f"{PAGE}{end}").status_code for end in ("", "/tai-ve.csv", "/tai-ve.xlsx")] == [
        403
    ] * 3


def test_the_export_has_every_row_and_nothing_that_a_spreadsheet_computes(app: Flask, admin: Browser) -> None:
    add("plan.load", record='=HYPERLINK("http://x")', why="=1+1")
    add("plan.load", record="@cmd")
    answer = admin.get(f"{PAGE}/tai-ve.csv?viec=plan.load")
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert [row[5] for row in rows] == ["Trên", "'@cmd", '\'=HYPERLINK("http://x")']
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    book = zipfile.ZipFile(io.BytesIO(admin.get(f"{PAGE}/tai-ve.xlsx?viec=plan.load").data))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert sheet.count("<row ") == 3
    moment = openpyxl.load_workbook(book.fp)["Nhật ký"]["A2"]
    assert (moment.is_date, moment.number_format) == (True, "hh:mm dd/mm/yyyy")


def test_taking_the_audit_away_is_in_it(app: Flask, admin: Browser) -> None:
    admin.get(f"{PAGE}/tai-ve.csv?ai=lan")
    db.session.rollback()
    last = db.session.scalars(sa.select(Audit).order_by(Audit.id.desc())).first()
    assert last is not None
    assert (last.act, last.detail["as"], last.detail["who"]) == ("audit.export", "csv", "lan")  # type: ignore[index]


def test_an_export_of_more_than_one_thousand_rows_is_whole(app: Flask, admin: Browser) -> None:
    db.session.execute(
        sa.insert(Audit),
        [
            {"at": clock.now(), "actor": "system", "act": "plan.load", "record": f"plan:{n}"}
            for n in range(2100)
        ],
    )
    db.session.commit()
    text = admin.get(f"{PAGE}/tai-ve.csv?viec=plan.load").get_data(as_text=True)
    assert len(set(re.findall(r"plan:\d+", text))) == 2100
