"""The list of households as an Excel file that can come back."""

from pathlib import Path

from flask import Blueprint, Flask, request, url_for
from werkzeug.wrappers import Response

from server import audit, clock
from server.accounts import access
from server.accounts.roles import Right
from server.db import db
from server.files import making_process
from server.files.made_files import MadeContent
from server.files.making_process import Progress
from server.files.tables import table_workbooks
from server.households import list_export
from server.households.list_import import HOUSEHOLD_TABLE
from server.models import Commune, MadeFile, Village
from server.office import made_file_pages, table_pages
from server.places import communes

blueprint = Blueprint("household_lists", __name__)
BASE = "/quan-tri/xa/<code>/ho"
LONG = 1_500
"""From so many households on, a quarter of a second of work, the workbook is made beside the server."""
MADE = "danh-sach-ho"
"""What such workbooks are called among the files that are made so."""


@blueprint.get(f"{BASE}/danh-sach.xlsx")
@access.needs(Right.MANAGE_HOUSEHOLDS, records=True)
def workbook(code: str) -> Response:
    """The households of a commune, or of one thôn, in the columns that an import takes; a long list is made beside the
    server, and taken from the page that shows how far it is."""
    commune = access.open_commune(code)
    village = chosen_village(commune)
    act, record = "household.list_file", f"commune:{commune.code}"
    detail = {"labels": True, **narrowed_to(village)}
    numbers = list_export.numbers(commune)
    number = numbers.get(village, 0) if village else sum(numbers.values())
    if number >= LONG:
        return made_file_pages.ask(
            commune, MADE, of=number, act=act, record=record, detail=detail, follow=".made"
        )
    audit.note_reading(act, record, detail)
    return table_pages.file(_workbook(commune, village), _file_name(commune, village))


def _workbook(commune: Commune, village: Village | None) -> bytes:
    found = list_export.households(commune, {village.id} if village else None)
    return table_workbooks.filled(HOUSEHOLD_TABLE, map(list_export.table_row, found))


def _file_name(commune: Commune, village: Village | None) -> str:
    return f"danh-sach-ho-{village.code if village else commune.code}-{clock.today():%Y%m%d}.xlsx"


def _make(row: MadeFile, _folder: Path, _progress: Progress) -> MadeContent:
    """The same workbook, in the process beside the server."""
    commune = db.session.get_one(Commune, row.commune_id)
    village = chosen_village(commune)
    return MadeContent(_file_name(commune, village), table_pages.XLSX, [_workbook(commune, village)])


@blueprint.get(f"{BASE}/danh-sach/tep/<key>")
@access.needs(Right.MANAGE_HOUSEHOLDS, records=True)
def made(code: str, key: str) -> Response:
    """How far a long list is; the workbook when it is ready."""
    return made_file_pages.progress(
        access.open_commune(code),
        MADE,
        key,
        title="Danh sách hộ",
        back=url_for("households.listing", code=code),
        content=url_for(".made_content", code=code, key=key),
    )


@blueprint.get(f"{BASE}/danh-sach/tep/<key>/noi-dung")
@access.needs(Right.MANAGE_HOUSEHOLDS, records=True)
def made_content(code: str, key: str) -> Response:
    """The workbook itself; each time it is taken is in the audit."""
    name, response = made_file_pages.ready(access.open_commune(code), MADE, key)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def chosen_village(commune: Commune) -> Village | None:
    """The thôn that is asked for; all of the commune's where it has none such."""
    wanted = request.args.get("thon", type=int)
    return next((each for each in communes.villages(commune) if each.id == wanted), None)


def narrowed_to(village: Village | None) -> dict[str, str]:
    return {"village": village.code} if village else {}


def register(app: Flask) -> None:
    """Say who makes the long ones of these workbooks."""
    making_process.register(app, MADE, _make)
