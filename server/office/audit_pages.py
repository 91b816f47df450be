"""The page of the audit for administrators: who did what, when, from where, on which record; and its export."""

import csv
import datetime as dt
import io
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from flask import Blueprint, Response, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from geo.vietnamese_order import sort_key
from geo.vietnamese_writing import moment
from server import audit, clock
from server.accounts import access
from server.accounts.roles import Right
from server.exports.disarmed_cells import guarded
from server.exports.workbook import Workbook
from server.office import audit_search, written_days
from server.office.audit_search import AuditFilter, AuditRow
from server.office.audit_words import ACTORS, ACTS, detail_words, record_key, record_words

blueprint = Blueprint("audit_pages", __name__)

BASE = "/quan-tri/nhat-ky"
HEADER = ("Thời điểm (UTC+7)", "Ai", "Mã người làm", "Việc", "Mã việc", "Trên", "Địa chỉ mạng", "Chi tiết")
_WIDTHS = (18, 28, 16, 34, 24, 28, 18, 60)
_DEFAULT_DAYS = 30


@blueprint.get(BASE)
@access.needs(Right.READ_AUDIT)
def search() -> str:
    """What was done, the newest first, 50 a page."""
    wanted = _wanted()
    return render_template(
        "office/audit.html",
        page=audit_search.search(wanted),
        wanted=wanted,
        acts=_choices(),
        every_act=audit_search.EVERY_ACT,
        words=ACTS,
        actors=ACTORS,
        record_words=record_words,
        detail_words=detail_words,
        kept={name: value for name, value in request.args.items() if name != "truoc"},
    )


@blueprint.get(f"{BASE}/tai-ve.<any(csv, xlsx):ending>")
@access.needs(Right.READ_AUDIT)
def export(ending: str) -> BaseResponse:
    """All that the page would show, page after page, as one file; taking it is an act too."""
    wanted = _wanted()
    _note(wanted, ending)
    name = f'attachment; filename="nhat-ky-{clock.today()}.{ending}"'
    head = {"Content-Disposition": name, "Cache-Control": "no-store"}
    if ending == "csv":
        return Response(_csv(audit_search.every(wanted)), mimetype="text/csv", headers=head)
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Response(_xlsx(audit_search.every(wanted)), mimetype=media_type, headers=head)


def _note(wanted: AuditFilter, ending: str) -> None:
    days = {"since": wanted.since, "until": wanted.until}
    texts = {"who": wanted.who, "act": wanted.act, "record": wanted.record}
    detail = {name: str(value) for name, value in (days | texts).items() if value}
    audit.note_reading("audit.export", None, {"as": ending, **detail})


def _wanted() -> AuditFilter:
    since, until = (written_days.day(request.args.get(name)) for name in ("tu_ngay", "den_het"))
    if "tu_ngay" not in request.args and "doi_tuong" not in request.args:
        since = clock.today() - dt.timedelta(days=_DEFAULT_DAYS)
    return AuditFilter(
        who=request.args.get("ai", "").strip()[:80],
        act=request.args.get("viec", "")[:64],
        record=record_key(request.args.get("doi_tuong", "").strip()[:120]),
        since=since,
        until=until,
        before=_before(),
    )


def _before() -> int | None:
    """A row; a number that no row has is passed over, since a file that has begun can tell no mistake."""
    found = request.args.get("truoc", type=int)
    return found if found is not None and abs(found) < 2**63 else None


def _choices() -> list[tuple[str, str]]:
    """The acts to choose from, by their words."""
    found = [(act, ACTS.get(act, act)) for act in (*audit_search.acts(), audit_search.RECEIVED)]
    return sorted(found, key=lambda choice: sort_key(choice[1]))


def _cells(row: AuditRow) -> tuple[str, ...]:
    return (
        moment(row.at),
        row.name or ACTORS.get(row.actor, ""),
        row.actor,
        ACTS.get(row.act, ""),
        row.act,
        row.record,
        row.address,
        detail_words(row.detail),
    )


def _csv(rows: Iterable[AuditRow]) -> Iterator[bytes]:
    """With a mark that Excel knows Unicode by, and nothing that it would compute."""
    yield b"\xef\xbb\xbf"
    yield _line(HEADER)
    for row in rows:
        yield _line(guarded(cell) for cell in _cells(row))


def _line(cells: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()


def _xlsx(rows: Iterable[AuditRow]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "nhat-ky.xlsx"
        with Workbook(path) as book:
            sheet = book.sheet("Nhật ký", HEADER, _WIDTHS, is_printed=True)
            for row in rows:
                sheet.row((row.at.astimezone(clock.LOCAL), *_cells(row)[1:]))
        return path.read_bytes()
