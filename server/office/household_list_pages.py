"""The list of households as it goes out: an Excel file that can come back, and a list on paper with boxes to tick."""

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from server import audit, clock
from server.accounts import access
from server.accounts.roles import Right
from server.db import db
from server.files.tables import table_workbooks
from server.households import household_states, list_out, remarks, search
from server.households.list_import import HOUSEHOLD_TABLE
from server.models import Commune, Village
from server.office import table_pages

blueprint = Blueprint("household_lists", __name__)
BASE = "/quan-tri/xa/<code>/ho"
EMPTY_LINES = 6
"""For households that are found on the way."""
WANTED = {"chua_tham": "chưa đến", "con_phai_den": "chưa đến, vắng, cần thăm lại", "tat_ca": "mọi hộ"}


@blueprint.get(f"{BASE}/danh-sach.xlsx")
@access.needs(Right.MANAGE_HOUSEHOLDS, records=True)
def workbook(code: str) -> Response:
    """The households of a commune, or of one thôn, in the columns that an import takes."""
    commune = access.open_commune(code)
    village = _village(commune)
    audit.note_reading("household.list_file", f"commune:{commune.code}", {"labels": True, **_of(village)})
    found = list_out.households(commune, village.id if village else None)
    content = table_workbooks.filled(HOUSEHOLD_TABLE, map(list_out.table_row, found))
    name = f"danh-sach-ho-{village.code if village else commune.code}-{clock.today():%Y%m%d}.xlsx"
    return table_pages.file(content, name)


@blueprint.get(f"{BASE}/danh-sach-giay")
@access.needs(Right.MANAGE_HOUSEHOLDS, records=True)
def paper(code: str) -> str:
    """A list to print and walk with: lane by lane, boxes to tick, lines for what is written by hand."""
    commune = access.open_commune(code)
    village, chosen = _village(commune), request.args.get("loc", "")
    chosen = chosen if chosen in WANTED else "chua_tham"
    audit.note_reading("household.list_paper", f"commune:{commune.code}", {"labels": True, **_of(village)})
    found = list_out.households(
        commune, village.id if village else None, list_out.TO_VISIT[chosen], with_closed=chosen == "tat_ca"
    )
    told = remarks.waiting(db.session.connection(), {each.village.id for each in found})
    return render_template(
        "office/household_paper.html",
        commune=commune, village=village, villages=search.villages(commune), chosen=chosen, wanted=WANTED,
        parts=list_out.on_paper(found), remarks=told, states=household_states.WORDS, today=clock.today(),
        empty=EMPTY_LINES,
    )  # fmt: skip


def _village(commune: Commune) -> Village | None:
    """The thôn that is asked for; all of the commune's where it has none such."""
    wanted = request.args.get("thon", type=int)
    return next((each for each in search.villages(commune) if each.id == wanted), None)


def _of(village: Village | None) -> dict[str, str]:
    return {"village": village.code} if village else {}
